"""A shop that sells subscriptions on a test clock, which tests of billing share."""

from typing import Any

import pytest
import stripe

START = 1_767_225_600  # 1 January 2026
DAY = 86_400
FEBRUARY = START + 31 * DAY
MARCH = FEBRUARY + 28 * DAY
HOUR = 3602  # until a draft is final


class Plans:
    """A shop that sells subscriptions, with a customer on a test clock."""

    def __init__(self, shop: Any) -> None:
        self.shop = shop
        self.v1 = shop.client.v1
        self.clock = self.v1.test_helpers.test_clocks.create({"frozen_time": START}).id
        self.product = self.v1.products.create({"name": "Gold"}).id
        self.monthly = self.price(1000)

    def price(self, amount: int, interval: str = "month", **more: Any) -> str:
        recurring = {"interval": interval, **more.pop("recurring", {})}
        params = {"currency": "usd", "product": self.product, "unit_amount": amount, "recurring": recurring}
        return str(self.v1.prices.create({**params, **more}).id)

    def customer(self, card: str | None = "pm_card_visa", **more: Any) -> str:
        params: dict[str, Any] = {"test_clock": self.clock, **more}
        if card is not None:
            params |= {"payment_method": card, "invoice_settings": {"default_payment_method": card}}
        return str(self.v1.customers.create(params).id)

    def subscribe(self, **more: Any) -> Any:
        params = {"items": [{"price": self.monthly}], **more}
        if "customer" not in params:
            params["customer"] = self.customer()
        return self.v1.subscriptions.create(params)

    def advance(self, to: int) -> None:
        self.v1.test_helpers.test_clocks.advance(self.clock, {"frozen_time": to})
        self.shop.call(self.shop.server.fake.settled())
        assert self.v1.test_helpers.test_clocks.retrieve(self.clock).status == "ready"

    def now(self, subscription: stripe.Subscription) -> Any:
        return self.v1.subscriptions.retrieve(subscription.id)

    def invoices(self, subscription: stripe.Subscription) -> list[stripe.Invoice]:
        """Return the invoices, oldest first."""
        return list(reversed(list(self.v1.invoices.list({"subscription": subscription.id}).data)))

    def card(self, customer: str, card: str) -> str:
        method = self.v1.payment_methods.attach(card, {"customer": customer})
        self.v1.customers.update(customer, {"invoice_settings": {"default_payment_method": method.id}})
        return str(method.id)


def refused(call: Any, *args: Any) -> stripe.InvalidRequestError:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        call(*args)
    return caught.value
