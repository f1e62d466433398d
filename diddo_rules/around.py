"""Running the hook `around_validation`, and surviving what plugins do in it."""

from dataclasses import replace
from reprlib import repr as short_repr

import pluggy

from diddo_rules.cart import Cart
from diddo_rules.compiled import CRASHES, Judge
from diddo_rules.context import Context
from diddo_rules.errors import PlanError
from diddo_rules.report import Crash, Report

__all__ = ["wrap"]


def wrap(judge: Judge, around: pluggy.HookCaller) -> Judge:
    """Return `judge` inside all wrappers of the hook; `judge` itself where there are none.

    Raises:
        PlanError: a plugin implements the hook without wrapping, and so would replace validation.
    """
    wrappers = around.get_hookimpls()
    for implementation in wrappers:
        if not implementation.wrapper:
            raise PlanError(
                f"plugin {implementation.plugin_name}: around_validation must be a wrapper: @hookimpl(wrapper=True)"
            )
    if not wrappers:
        return judge
    plugins = ", ".join(sorted(implementation.plugin_name for implementation in wrappers))

    def wrapped(cart: Cart | None, context: Context) -> Report:
        try:
            report = around.call_extra([judge], {"cart": cart, "context": context})
        except CRASHES as error:
            return _with_crash(judge(cart, context), plugins, type(error).__name__, short_repr(error))
        if isinstance(report, Report):
            return report
        returned = f"returned {short_repr(report)} instead of the report it was given"
        return _with_crash(judge(cart, context), plugins, "NotAReport", returned)

    return wrapped


def _with_crash(report: Report, plugins: str, exception: str, message: str) -> Report:
    crash = Crash("around_validation", plugins, exception, message)
    return replace(report, crashed=(*report.crashed, crash))
