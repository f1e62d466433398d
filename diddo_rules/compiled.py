"""Running a plan: a straight line of generated calls while all is well, and a careful loop from the first finding on.

Nearly every cart is clean, and most checks find nothing. The straight line calls each check with just the arguments it
takes, and has no list, no branch and no loop over checks, so isolating them costs next to nothing. It decides nothing:
as soon as a check finds something or crashes, it stops, and the careful loop goes on from there.
"""

from collections.abc import Callable, Sequence
from typing import Any, ParamSpec

from diddo_rules.careful import CRASHES, NO_RESULTS, CarefulPass, Halt, Stop
from diddo_rules.cart import Cart
from diddo_rules.context import Context
from diddo_rules.plan import Plan, Step
from diddo_rules.report import Report
from diddo_rules.time_limit import time_limit

__all__ = ["Judge", "compile_plan", "limited", "straight_line"]

_Given = ParamSpec("_Given")
Judge = Callable[[Cart | None, Context], Report]

# The arguments of a check that are the same for each cart.
OWN = ("settings", "store_settings")


def compile_plan(plan: Plan, *, stop: Stop = "all") -> Judge:
    """Return a function that judges one cart by the plan."""
    run = straight_line(plan.steps)
    clean = plan.clean

    def judge(cart: Cart | None, context: Context) -> Report:
        halt = run(cart, context) if cart is not None else None
        if halt is None and cart is not None:
            return clean
        careful = CarefulPass(plan, stop, cart, context)
        careful.go_on(halt)
        return careful.report()

    return judge


def straight_line(steps: Sequence[Step]) -> Callable[[Cart, Context], Halt | None]:
    """Generate the function that calls each check in turn, until one finds something or crashes."""
    names: dict[str, Any] = {"crashes": CRASHES, "no_results": NO_RESULTS}
    lines = ["def run(cart, context):", "    try:", "        pass"]
    for index, step in enumerate(steps):
        names |= {
            f"check_{index}": step.function,
            f"settings_{index}": step.settings,
            f"store_settings_{index}": step.store_settings,
        }
        arguments = ", ".join(f"{name}_{index}" if name in OWN else name for name in step.arguments)
        lines += [
            f"        step, results = {index}, no_results",
            f"        results = check_{index}({arguments})",
            "        for violation in results:",
            f"            return {index}, results, violation, None",
        ]
    lines += ["    except crashes as error:", "        return step, results, None, error"]
    exec("\n".join(lines), names)  # noqa: S102 (the text holds no name but those given here)
    run: Callable[[Cart, Context], Halt | None] = names["run"]
    return run


def limited(judge: Callable[_Given, Report], seconds: float | None) -> Callable[_Given, Report]:
    """Return `judge` such that each check is interrupted after so many seconds; `judge` itself without a limit."""
    if seconds is None:
        return judge

    def within_limit(*given: _Given.args, **named: _Given.kwargs) -> Report:
        with time_limit(seconds):
            return judge(*given, **named)

    return within_limit
