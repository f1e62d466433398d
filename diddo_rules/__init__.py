"""Cart-validation rules for the Diddo API: a typed cart, checks as plugins, and an engine that runs them in order."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from diddo_rules.cart import (
        BuyerIdentity,
        Cart,
        CartLine,
        CartStatus,
        CartStore,
        Cost,
        Offer,
        Product,
        ShippingMethod,
        Variant,
    )
    from diddo_rules.checks import check
    from diddo_rules.context import Case, Context, Mutator, Pick
    from diddo_rules.engine import Engine
    from diddo_rules.errors import CheckDefinitionError, DiddoError, PlanError, PluginLoadError, SettingsError
    from diddo_rules.hookspecs import hookimpl
    from diddo_rules.money import CurrencyMismatch, Money, exponent
    from diddo_rules.report import Crash, Report, Skipped
    from diddo_rules.settings import RulesSettings, Settings, load_settings, validate_settings
    from diddo_rules.text import is_blank
    from diddo_rules.violations import Violation, pointer

__all__ = [
    "BuyerIdentity",
    "Cart",
    "CartLine",
    "CartStatus",
    "CartStore",
    "Case",
    "CheckDefinitionError",
    "Context",
    "Cost",
    "Crash",
    "CurrencyMismatch",
    "DiddoError",
    "Engine",
    "Money",
    "Mutator",
    "Offer",
    "Pick",
    "PlanError",
    "PluginLoadError",
    "Product",
    "Report",
    "RulesSettings",
    "Settings",
    "SettingsError",
    "ShippingMethod",
    "Skipped",
    "Variant",
    "Violation",
    "check",
    "exponent",
    "hookimpl",
    "is_blank",
    "load_settings",
    "pointer",
    "validate_settings",
]

_MODULES = (
    "cart",
    "checks",
    "context",
    "engine",
    "errors",
    "hookspecs",
    "money",
    "report",
    "settings",
    "text",
    "violations",
)


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for, so that `diddo --help` and pytest start without pydantic."""
    if name in __all__:
        for module in map(import_module, (f"{__name__}.{part}" for part in _MODULES)):
            if name in module.__all__:
                return globals().setdefault(name, getattr(module, name))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
