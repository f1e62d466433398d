"""Every hook a plugin may implement, on one page.

A plugin is a module (or any object) that is named in the entry-point group `diddo_rules`, or in the setting
`rules.load`. It takes part by having functions marked with `@check`, which implement `check_cart`, and functions
marked with `@hookimpl`, which implement the other hooks below by name. A function may leave out arguments of its
hook that it does not need.
"""

from collections.abc import Generator, Iterable, Mapping
from typing import Any

import pluggy
from pydantic import BaseModel

from diddo_rules.cart import Cart
from diddo_rules.context import Context, Mutator
from diddo_rules.store_settings import StoreSettings
from diddo_rules.violations import Violation

__all__ = [
    "HOOKS",
    "HOOK_API",
    "PROJECT",
    "around_validation",
    "check_cart",
    "hookimpl",
    "mutators",
    "retiring",
    "settings_model",
]

PROJECT = "diddo_rules"

HOOK_API = 1
"""The version of this page; it is raised when a plugin that was right would no longer be.

A plugin may say `DIDDO_HOOK_API = (1, 2)`: the oldest and the newest version that it was written for. Outside of them it
is refused.
"""
HOOKS = ("around_validation", "check_cart", "mutators", "settings_model")

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


def retiring(hook: str, *, gone_in: str, instead: str) -> DeprecationWarning:
    """Return the warning for plugins that still implement `hook`: `@hookspec(warn_on_impl=retiring(...))`."""
    return DeprecationWarning(f"the hook {hook} goes in diddo-rules {gone_in}: implement {instead} instead")


@hookspec
def check_cart(
    cart: Cart | None, context: Context, settings: Any, store_settings: StoreSettings[Any]
) -> Iterable[Violation]:
    """Yield a violation for each fault found; implement it with `@check`, never with `@hookimpl`.

    A check that takes `cart: Cart` is not asked when there is no cart; one that takes `cart: Cart | None` is.
    `settings` is an instance of the plugin's own settings model, and `store_settings["shop.example"]` the one that
    holds for a store. A check does not change the cart. It may ask other services if it is an `async def`.
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def around_validation(cart: Cart | None, context: Context) -> Generator[None, Any, Any]:
    """Wrap the validation of each cart: `@hookimpl(wrapper=True)`, do something, `report = yield`, return the report.

    It is meant for timing and tracing, and is given the finished `Report`, which it has to return.
    """
    raise NotImplementedError


@hookspec
def settings_model() -> type[BaseModel]:
    """Return the model of the plugin's settings, which validates the table `[plugins.NAME]` when the engine is made."""
    raise NotImplementedError


@hookspec
def mutators(settings: Any) -> Mapping[type[Violation], Mutator]:
    """Return, for violations of this plugin, how to break a valid cart so that this violation alone is found.

    The testing kit needs one for each violation class, so that every code is known to be reachable.
    """
    raise NotImplementedError
