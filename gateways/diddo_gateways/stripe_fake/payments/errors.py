"""The errors of paying: card details, declines, amounts, and intents and charges that are not in the right state."""

from collections.abc import Sequence

from diddo_gateways.stripe_fake.errors import CardError, InvalidRequest, JsonObject, ParameterRefused

__all__ = [
    "AmountTooLarge",
    "AttachRefused",
    "CaptureTooLarge",
    "CardNotForTesting",
    "ChargeAlreadyRefunded",
    "ChargeDisputed",
    "ChargeFailed",
    "CheckoutOwned",
    "ClientSecretWrong",
    "ConfirmedByServerOnly",
    "IncorrectNumber",
    "IntentTypesGone",
    "InvalidCurrency",
    "InvalidCvc",
    "InvalidExpiryMonth",
    "InvalidExpiryYear",
    "InvalidNumber",
    "MethodTypeRefused",
    "NeedsConfirm",
    "NotCaptured",
    "NotUpdatable",
    "NothingToRefund",
    "ParameterInvalidInteger",
    "PaymentDeclined",
    "PaymentMethodUsedUp",
    "RawCardsRefused",
    "RefundNotCancelable",
    "RefundTooLarge",
    "ReturnUrlMissing",
    "UnevenAmount",
]


class CardDetailsRefused(CardError):
    """Card details that no card can have; nothing of them is kept."""

    # Not even a digest of the request: it may hold somebody's real number, mistyped.
    began = False
    details_code: str
    details_param: str
    text: str

    def __init__(self) -> None:
        super().__init__(self.text, code=self.details_code, param=self.details_param)


class InvalidNumber(CardDetailsRefused):
    """The number is no card number at all."""

    details_code = "invalid_number"
    details_param = "number"
    text = "The card number is not a valid credit card number."


class IncorrectNumber(CardDetailsRefused):
    """The number's check digit is wrong."""

    details_code = "incorrect_number"
    details_param = "number"
    text = "Your card number is incorrect."


class InvalidExpiryMonth(CardDetailsRefused):
    """The month of expiry is none, or over."""

    details_code = "invalid_expiry_month"
    details_param = "exp_month"
    text = "Your card's expiration month is invalid."


class InvalidExpiryYear(CardDetailsRefused):
    """The year of expiry is over, or none."""

    details_code = "invalid_expiry_year"
    details_param = "exp_year"
    text = "Your card's expiration year is invalid."


class InvalidCvc(CardDetailsRefused):
    """The security code has the wrong length for the card's brand."""

    details_code = "invalid_cvc"
    details_param = "cvc"
    text = "Your card's security code is invalid."


class CardNotForTesting(CardError):
    """A well-formed number that is no test card: possibly somebody's real one, so nothing of it is kept or repeated."""

    began = False

    def __init__(self) -> None:
        super().__init__(
            "Your card was declined. Your request was in test mode, but used a non test card. For a list of valid test"
            " cards, visit: https://stripe.com/docs/testing.",
            code="card_declined",
            param="number",
            extra={"decline_code": "test_mode_live_card"},
        )


class RawCardsRefused(CardError):
    """Card numbers are not taken through the API by this account."""

    began = False

    def __init__(self) -> None:
        super().__init__(
            "Sending credit card numbers directly to the Stripe API is generally unsafe. We suggest you use test"
            " tokens that map to the test card you are using, see https://stripe.com/docs/testing. To enable testing"
            " raw card data APIs, see https://support.stripe.com/questions/enabling-access-to-raw-card-data-apis.",
            code="",
        )
        self.code = None


class PaymentDeclined(CardError):
    """The issuer, or the fraud check, said no; what was written on the way stays."""

    def __init__(self, error: JsonObject, extra: JsonObject) -> None:
        """Make it from the fields of `last_payment_error` and the objects to show with them."""
        fields = dict(error)
        message, code, param = fields.pop("message"), fields.pop("code"), fields.pop("param", None)
        fields.pop("doc_url", None)
        super().__init__(message, code=code, param=param, extra={**fields, **extra}, keeps_changes=True)


class AttachRefused(CardError):
    """The card's issuer refuses to have it saved: the same decline as for a charge, with an empty `param`."""

    def __init__(self, error: JsonObject) -> None:
        """Make it from the decline's fields."""
        fields = dict(error)
        message, code = fields.pop("message"), fields.pop("code")
        fields.pop("param", None)
        super().__init__(message, code=code, param="", extra=fields)


class PaymentMethodUsedUp(InvalidRequest):
    """A payment method that was used, or detached, while no customer owned it."""

    def __init__(self) -> None:
        super().__init__(
            "This PaymentMethod was previously used without being attached to a Customer or was detached from a"
            " Customer, and may not be used again."
        )


class ParameterInvalidInteger(ParameterRefused):
    """A number outside its range."""

    code = "parameter_invalid_integer"


class AmountTooLarge(InvalidRequest):
    """An amount of more than eight digits."""

    code = "amount_too_large"


class UnevenAmount(InvalidRequest):
    """An amount of a currency that is written with more digits than its money has, which are not 0."""

    def __init__(self, currency: str, digits: str, nought: str, *, param: str) -> None:
        super().__init__(f"Invalid amount: of amounts in {currency} {digits} must be {nought}.", param=param)


class InvalidCurrency(ParameterRefused):
    """A currency that Stripe does not support; the message lists those that it does."""

    def __init__(self, currency: str, supported: Sequence[str], *, param: str) -> None:
        super().__init__(
            f"Invalid currency: {currency}. Stripe currently supports these currencies: {', '.join(supported)}",
            param=param,
        )


class IntentTypesGone(ParameterRefused):
    """`payment_method_types` is no longer written since endive."""

    code = "payment_method_types_no_longer_supported"

    def __init__(self) -> None:
        super().__init__(
            "The `payment_method_types` parameter is no longer supported. Use `allowed_payment_method_types` or"
            " `excluded_payment_method_types` instead.",
            param="payment_method_types",
        )


class ReturnUrlMissing(InvalidRequest):
    """Confirmed without a `return_url` although a method that redirects may be used."""

    def __init__(self, intent: JsonObject) -> None:
        super().__init__(
            "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of"
            " these payment methods might redirect your customer off of your page, you must provide a `return_url`."
            " If you don't want to accept redirect-based payment methods, set"
            " `automatic_payment_methods[enabled]` to `true` and `automatic_payment_methods[allow_redirects]` to"
            " `never` when creating Setup Intents and Payment Intents.",
            extra={"payment_intent": intent},
        )


class ChargeAlreadyRefunded(InvalidRequest):
    """Nothing is left of the charge to refund."""

    code = "charge_already_refunded"

    def __init__(self, charge_id: str) -> None:
        super().__init__(f"Charge {charge_id} has already been refunded.")


class ChargeDisputed(InvalidRequest):
    """The bank has taken the charge's money back already."""

    code = "charge_disputed"

    def __init__(self, charge_id: str) -> None:
        super().__init__(f"Charge {charge_id} has been charged back; cannot issue a refund.")


class ChargeFailed(InvalidRequest):
    """A charge that did not go through is to be captured."""

    def __init__(self, charge_id: str) -> None:
        super().__init__(f"Charge {charge_id} could not be captured because it has failed.")


class RefundTooLarge(InvalidRequest):
    """More than is left of the charge; amounts are as displayed."""

    def __init__(self, asked: str, left: str) -> None:
        super().__init__(
            f"Refund amount ({asked}) is greater than unrefunded amount on charge ({left})", param="amount"
        )


class CaptureTooLarge(InvalidRequest):
    """More than was authorised."""

    code = "amount_too_large"

    def __init__(self, intent: JsonObject) -> None:
        super().__init__(
            "The payment could not be captured because the requested capture amount is greater than the amount you can"
            " capture for this charge. Contact us via https://support.stripe.com/contact/ for help.",
            extra={"payment_intent": intent},
        )


class NothingToRefund(InvalidRequest):
    """The intent has no charge that went through."""

    def __init__(self, intent_id: str | None) -> None:
        what = "Charge" if intent_id is None else f"PaymentIntent ({intent_id})"
        super().__init__(f"This {what} does not have a successful charge to refund.")


class NotCaptured(InvalidRequest):
    """The charge is only authorised, which ends by canceling its intent."""

    def __init__(self, intent_id: str) -> None:
        super().__init__(
            f"This uncaptured Charge was created by a PaymentIntent ({intent_id}). You must cancel the PaymentIntent to"
            " reverse the authorization instead of refunding the Charge directly. For more information, see"
            " https://stripe.com/docs/payments/place-a-hold-on-a-payment-method"
        )


class CheckoutOwned(InvalidRequest):
    """The intent belongs to a checkout session, which alone confirms and cancels it."""

    def __init__(self) -> None:
        super().__init__("You cannot perform this action on PaymentIntents created by Checkout.")


class ClientSecretWrong(InvalidRequest):
    """The client secret is not this intent's."""

    code = "payment_intent_invalid_parameter"

    def __init__(self) -> None:
        super().__init__(
            "The client_secret provided does not match the client_secret associated with the PaymentIntent.",
            param="client_secret",
        )


class ConfirmedByServerOnly(InvalidRequest):
    """A browser confirms an intent with `confirmation_method=manual`."""

    def __init__(self, intent: JsonObject) -> None:
        super().__init__(
            f"This PaymentIntent {intent['id']} cannot be confirmed using your publishable key because its"
            " `confirmation_method` is set to `manual`. Please use your secret key instead, or create a PaymentIntent"
            " with `confirmation_method` set to `automatic`."
        )


class MethodTypeRefused(InvalidRequest):
    """The intent does not allow payment methods of that type."""

    code = "payment_intent_incompatible_payment_method"

    def __init__(self, given: str, allowed: Sequence[str]) -> None:
        super().__init__(
            f"The PaymentMethod provided ({given}) is not allowed for this PaymentIntent. Please attach a PaymentMethod"
            f" of one of the following types: {', '.join(allowed)}.",
            param="payment_method",
        )


class NeedsConfirm(ParameterRefused):
    """A parameter that only a creation with `confirm=true` takes."""

    def __init__(self, param: str) -> None:
        super().__init__(f"The parameter `{param}` can only be used with `confirm=true`.", param=param)


class NotUpdatable(InvalidRequest):
    """A field of an intent that its status no longer lets change."""

    code = "payment_intent_unexpected_state"

    def __init__(self, field: str, intent: JsonObject, allowed: Sequence[str]) -> None:
        super().__init__(
            f"This PaymentIntent's {field} could not be updated because it has a status of {intent['status']}. You may"
            f" only update the {field} of a PaymentIntent with one of the following statuses: {', '.join(allowed)}.",
            param=field,
            extra={"payment_intent": intent},
        )


class RefundNotCancelable(InvalidRequest):
    """Only a refund that waits for the customer can be canceled."""

    def __init__(self) -> None:
        super().__init__("Canceling this refund is unsupported.")
