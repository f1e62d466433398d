"""The errors of bank debits: mandates and the verification of bank accounts."""

from diddo_gateways.stripe_fake.errors import InvalidRequest, ParameterRefused
from diddo_gateways.stripe_fake.work import JsonObject

__all__ = ["MandateNeeded", "MandateRefused", "MicrodepositsMismatch", "MicrodepositsRefused", "NotVerifiable"]


class MandateNeeded(InvalidRequest):
    """A bank account is debited by a mandate only, and the customer has given none."""

    def __init__(self, intent: JsonObject) -> None:
        super().__init__(
            "This PaymentIntent requires a mandate, but no existing mandate was found. Collect mandate acceptance from"
            " the customer and try again, providing acceptance data in the mandate_data parameter.",
            param="mandate_data",
            extra={"payment_intent": intent},
        )


class MandateRefused(InvalidRequest):
    """The mandate is another payment method's, or no longer active."""

    code = "payment_intent_mandate_invalid"

    def __init__(self, intent: JsonObject) -> None:
        super().__init__(
            "The provided mandate is invalid and cannot be used with this PaymentIntent.",
            param="mandate",
            extra={"payment_intent": intent},
        )


class NotVerifiable(InvalidRequest):
    """No microdeposits are under way for the intent."""

    code = "payment_intent_unexpected_state"

    def __init__(self, intent: JsonObject) -> None:
        super().__init__(
            f"You cannot verify microdeposits for this {NOUNS[intent['object']]} because it is not waiting for them: it"
            f" has a status of {intent['status']}.",
            extra={intent["object"]: intent},
        )


NOUNS = {"payment_intent": "PaymentIntent", "setup_intent": "SetupIntent"}


class MicrodepositsRefused(ParameterRefused):
    """Neither two amounts nor a code."""

    code = "payment_method_microdeposit_verification_amounts_invalid"

    def __init__(self) -> None:
        super().__init__(
            "You must provide exactly two microdeposit amounts, as integers of cents, or the descriptor code.",
            param="amounts",
        )


class MicrodepositsMismatch(InvalidRequest):
    """Not what was sent; it can be tried again."""

    def __init__(self, intent: JsonObject, *, by_code: bool, left: int) -> None:
        what = "descriptor_code" if by_code else "amounts"
        super().__init__(
            f"The {what.replace('_', ' ')} provided {'does' if by_code else 'do'} not match what was sent to the bank"
            f" account. You have {left} verification attempts remaining.",
            code=f"payment_method_microdeposit_verification_{what}_mismatch",
            param=what,
            extra={intent["object"]: intent},
        )
        # The attempt counts.
        self.keeps_changes = True
