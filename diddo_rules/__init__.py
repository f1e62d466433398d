"""Cart-validation rules for the Diddo API: a typed cart, checks as plugins, and an engine that runs them in order."""

from typing import TYPE_CHECKING

from diddo_rules.lazy import importer

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
    from diddo_rules.errors import (
        CheckDefinitionError,
        DiddoError,
        NeedsAwait,
        PlanError,
        PluginLoadError,
        SettingsError,
    )
    from diddo_rules.hookspecs import hookimpl
    from diddo_rules.money import CurrencyMismatch, Money, exponent
    from diddo_rules.policies import CheckSettings, IoSettings, Layer
    from diddo_rules.report import Crash, Report, Skipped, TraceEntry
    from diddo_rules.settings import RulesSettings, Settings, load_settings, validate_settings
    from diddo_rules.store_settings import StoreSettings
    from diddo_rules.text import is_blank
    from diddo_rules.violations import ApiCall, Translation, Violation, pointer

__all__ = [
    "ApiCall",
    "BuyerIdentity",
    "Cart",
    "CartLine",
    "CartStatus",
    "CartStore",
    "Case",
    "CheckDefinitionError",
    "CheckSettings",
    "Context",
    "Cost",
    "Crash",
    "CurrencyMismatch",
    "DiddoError",
    "Engine",
    "IoSettings",
    "Layer",
    "Money",
    "Mutator",
    "NeedsAwait",
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
    "StoreSettings",
    "TraceEntry",
    "Translation",
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
    "policies",
    "report",
    "settings",
    "store_settings",
    "text",
    "violations",
)

# Not imported here: `diddo --help` and pytest start without pydantic.
__getattr__ = importer(__name__, __all__, _MODULES)
