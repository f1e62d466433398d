"""Running the hook `around_validation`, and surviving what plugins do in it."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from reprlib import repr as short_repr
from typing import Any

import pluggy

from diddo_rules.careful import CRASHES
from diddo_rules.cart import Cart
from diddo_rules.compiled import Judge
from diddo_rules.context import Context
from diddo_rules.errors import PlanError
from diddo_rules.report import Crash, Report

__all__ = ["Around", "Revalidate", "wrap", "wrap_revalidation", "wrappers_of"]

Revalidate = Callable[[Report, Cart, tuple[str, ...], Context], Report]
"""Judges a cart anew, given the report on it before a change, and what was changed."""


class Around:
    """The wrappers around the validation of one cart: `enter`, validate, `leave`.

    They are generators, so this works around a validation that is awaited as well, which pluggy's own call does not.
    """

    def __init__(self, wrappers: Sequence[pluggy.HookImpl], cart: Cart | None, context: Context) -> None:
        self._wrappers = wrappers
        self._values = {"cart": cart, "context": context}
        self._entered: list[tuple[str, Generator[None, Any, Any]]] = []
        self._crashes: list[Crash] = []

    def enter(self) -> None:
        """Run each wrapper to its yield, the one registered last first."""
        for wrapper in reversed(self._wrappers):
            try:
                generator: Any = wrapper.function(*[self._values[name] for name in wrapper.argnames])
                next(generator)
            except StopIteration:
                self._note(wrapper.plugin_name, "NoYield", "the wrapper did not yield")
            except CRASHES as error:
                self._note(wrapper.plugin_name, type(error).__name__, short_repr(error))
            else:
                self._entered.append((wrapper.plugin_name, generator))

    def leave(self, report: Report) -> Report:
        """Hand the report to each wrapper, and return what they make of it; a wrapper that breaks changes nothing."""
        for plugin, generator in reversed(self._entered):
            try:
                generator.send(report)
            except StopIteration as end:
                report = self._taken(plugin, end.value, report)
            except CRASHES as error:
                self._note(plugin, type(error).__name__, short_repr(error))
            else:
                generator.close()
                self._note(plugin, "SecondYield", "the wrapper yielded twice")
        return replace(report, crashed=(*report.crashed, *self._crashes)) if self._crashes else report

    def _taken(self, plugin: str, returned: object, report: Report) -> Report:
        if isinstance(returned, Report):
            return returned
        self._note(plugin, "NotAReport", f"returned {short_repr(returned)} instead of the report it was given")
        return report

    def _note(self, plugin: str, exception: str, message: str) -> None:
        self._crashes.append(Crash("around_validation", plugin, exception, message))


def wrappers_of(around: pluggy.HookCaller) -> list[pluggy.HookImpl]:
    """Return the implementations of the hook.

    Raises:
        PlanError: a plugin implements the hook without wrapping, and so would replace validation.
    """
    wrappers = around.get_hookimpls()
    for implementation in wrappers:
        if not implementation.wrapper:
            raise PlanError(
                f"plugin {implementation.plugin_name}: around_validation must be a wrapper: @hookimpl(wrapper=True)"
            )
    return wrappers


def wrap(judge: Judge, wrappers: Sequence[pluggy.HookImpl]) -> Judge:
    """Return `judge` inside all wrappers; `judge` itself where there are none."""
    if not wrappers:
        return judge

    def wrapped(cart: Cart | None, context: Context) -> Report:
        around = Around(wrappers, cart, context)
        around.enter()
        return around.leave(judge(cart, context))

    return wrapped


def wrap_revalidation(revalidate: Revalidate, wrappers: Sequence[pluggy.HookImpl]) -> Revalidate:
    """Return `revalidate` inside all wrappers, which makes it say what a validation says; itself without any."""
    if not wrappers:
        return revalidate

    def wrapped(report: Report, cart: Cart, changed: tuple[str, ...], context: Context) -> Report:
        around = Around(wrappers, cart, context)
        around.enter()
        return around.leave(revalidate(report, cart, changed, context))

    return wrapped
