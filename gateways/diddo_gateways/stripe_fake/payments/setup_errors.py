"""The errors of setup intents: most show the setup intent itself, as those of payment intents show theirs."""

from collections.abc import Sequence

from diddo_gateways.stripe_fake.errors import InvalidRequest, JsonObject

__all__ = [
    "MandateMissing",
    "SetupCheckoutOwned",
    "SetupMethodOwned",
    "SetupMethodTypeRefused",
    "SetupReturnUrlMissing",
    "SetupSecretWrong",
]


class SetupReturnUrlMissing(InvalidRequest):
    """Confirmed without a `return_url` although a method that redirects may be used."""

    def __init__(self, intent: JsonObject) -> None:
        super().__init__(
            "This SetupIntent is configured to accept payment methods enabled in your Dashboard. Because some of these"
            " payment methods might redirect your customer off of your page, you must provide a `return_url`. If you"
            " don't want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true`"
            " and `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment"
            " Intents.",
            extra={"setup_intent": intent},
        )


class SetupSecretWrong(InvalidRequest):
    """The client secret is not this intent's."""

    code = "setup_intent_invalid_parameter"

    def __init__(self) -> None:
        super().__init__(
            "The client_secret provided does not match the client_secret associated with the SetupIntent.",
            param="client_secret",
        )


class SetupMethodTypeRefused(InvalidRequest):
    """The intent does not allow payment methods of that type."""

    code = "setup_intent_invalid_parameter"

    def __init__(self, given: str, allowed: Sequence[str]) -> None:
        super().__init__(
            f"The PaymentMethod provided ({given}) is not allowed for this SetupIntent. Please attach a PaymentMethod"
            f" of one of the following types: {', '.join(allowed)}.",
            param="payment_method",
        )


class SetupMethodOwned(InvalidRequest):
    """The payment method is another customer's; `intent` is None while the intent is only being made."""

    def __init__(self, method: JsonObject, customer: str | None, intent: JsonObject | None) -> None:
        text = (
            f"The payment method supplied ({method['id']}) belongs to the Customer {method['customer']}. Please include"
            " the Customer in the `customer` parameter on the SetupIntent."
            if customer is None
            else f"The PaymentMethod {method['id']} does not belong to the Customer you supplied {customer}. Please use"
            " this PaymentMethod with the Customer that it belongs to instead."
        )
        extra = None if intent is None else {"setup_intent": intent}
        super().__init__(text, param="payment_method", extra=extra)


class SetupCheckoutOwned(InvalidRequest):
    """The intent belongs to a checkout session, which alone confirms and cancels it."""

    def __init__(self) -> None:
        super().__init__("You cannot perform this action on SetupIntents created by Checkout.")


class MandateMissing(InvalidRequest):
    """A bank account may be debited only with a mandate."""

    code = "setup_intent_mandate_invalid"

    def __init__(self, method_type: str, intent: JsonObject) -> None:
        super().__init__(
            f"`mandate_data` is required to confirm this SetupIntent with a `{method_type}` PaymentMethod.",
            param="mandate_data",
            extra={"setup_intent": intent},
        )
