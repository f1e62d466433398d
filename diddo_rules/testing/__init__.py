"""The testing kit: carts by the thousand, each code provoked on its own, and fixtures for pytest.

The strategies need Hypothesis, which comes with the extra `testing`; the generators and drivers need nothing.
"""

from typing import TYPE_CHECKING

from diddo_rules.lazy import importer

if TYPE_CHECKING:
    from diddo_rules.testing.breaking import CannotBreak, gen_any, gen_broken, installed_engine
    from diddo_rules.testing.cart_calls import BUYERS_SENT, BuyerSent, CartCall, api_calls
    from diddo_rules.testing.checkout_server import CheckoutServer, Delivery, HttpCheckoutServer, Reply, Request
    from diddo_rules.testing.differential import Disagreement, disagreements
    from diddo_rules.testing.drivers import NothingToPick, recorded, replayed, seeded
    from diddo_rules.testing.failures import ExportedCase, Failure, load_cases, load_failure
    from diddo_rules.testing.flow_caller import Tally
    from diddo_rules.testing.flow_model import (
        AnswerNotPredicted,
        CartChargedTwice,
        EventIdChanged,
        FlowFault,
        MoneyDoesNotAddUp,
        PriceDrifted,
        RaceHasNotOneWinner,
        RetryAnsweredDifferently,
        ServerFailed,
        ShopperTrapped,
        SubmittedCartChanged,
        TotalsDoNotAddUp,
        WebhookLost,
    )
    from diddo_rules.testing.generator import (
        gen_cart,
        gen_case,
        gen_line,
        gen_shipping_method,
        gen_store,
        gen_variant,
    )
    from diddo_rules.testing.machine import CheckoutMachine, check_checkout_flow
    from diddo_rules.testing.profiles import register_profiles
    from diddo_rules.testing.properties import PROPERTIES, Complaint, PluginFault, Property, check_plugin
    from diddo_rules.testing.releases import put_release, release_of
    from diddo_rules.testing.replaying import replay
    from diddo_rules.testing.strategies import (
        buyer_identities,
        cart_lines,
        carts,
        carts_with,
        cases,
        choices,
        drawn,
        money,
        shipping_methods,
        stores,
        valid_carts,
        valid_cases,
        variants,
    )
    from diddo_rules.testing.subject import Subject

__all__ = [
    "BUYERS_SENT",
    "PROPERTIES",
    "AnswerNotPredicted",
    "BuyerSent",
    "CannotBreak",
    "CartCall",
    "CartChargedTwice",
    "CheckoutMachine",
    "CheckoutServer",
    "Complaint",
    "Delivery",
    "Disagreement",
    "EventIdChanged",
    "ExportedCase",
    "Failure",
    "FlowFault",
    "HttpCheckoutServer",
    "MoneyDoesNotAddUp",
    "NothingToPick",
    "PluginFault",
    "PriceDrifted",
    "Property",
    "RaceHasNotOneWinner",
    "Reply",
    "Request",
    "RetryAnsweredDifferently",
    "ServerFailed",
    "ShopperTrapped",
    "Subject",
    "SubmittedCartChanged",
    "Tally",
    "TotalsDoNotAddUp",
    "WebhookLost",
    "api_calls",
    "buyer_identities",
    "cart_lines",
    "carts",
    "carts_with",
    "cases",
    "check_checkout_flow",
    "check_plugin",
    "choices",
    "disagreements",
    "drawn",
    "gen_any",
    "gen_broken",
    "gen_cart",
    "gen_case",
    "gen_line",
    "gen_shipping_method",
    "gen_store",
    "gen_variant",
    "installed_engine",
    "load_cases",
    "load_failure",
    "money",
    "put_release",
    "recorded",
    "register_profiles",
    "release_of",
    "replay",
    "replayed",
    "seeded",
    "shipping_methods",
    "stores",
    "valid_carts",
    "valid_cases",
    "variants",
]

# Not imported here: pytest loads the plugin of this package at every start.
_CARTS = ("drivers", "generator", "breaking", "failures", "replaying", "profiles", "strategies")
_FLOW = ("checkout_server", "cart_calls", "flow_model", "flow_caller", "machine")
_PLUGINS = ("properties", "subject", "differential", "releases")
__getattr__ = importer(__name__, __all__, (*_CARTS, *_FLOW, *_PLUGINS))
