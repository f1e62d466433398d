"""A shop that asks the fake for objects of the kinds that were recorded."""

import json
from typing import Any

from diddo_gateways.stripe_fake.testing import InProcessStripe
from judges.recordings.objects import Observed

__all__ = ["KEY", "observe", "visit"]

KEY = "sk_test_recordings"
RETURN = "https://shop.test/return"


def observe() -> Observed:
    """Return what a fake's objects of the kinds that were recorded look like."""
    observed = Observed()
    with InProcessStripe() as fake:
        visit(fake, observed)
    return observed


def visit(fake: InProcessStripe, observed: Observed) -> None:
    """Have a shop make, change and read objects of every kind that was recorded."""
    shop = _Shop(fake, observed)
    shop.catalogue()
    shop.payments()
    shop.checkout()
    shop.billing()


class _Shop:
    """A client that calls the API by method and path, and shows each answer to `observed`."""

    def __init__(self, fake: InProcessStripe, observed: Observed) -> None:
        self._client = fake.client(KEY)
        self._observed = observed

    def _call(self, method: str, path: str, **params: Any) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self._client.raw_request(method, path, **params).body)
        self._observed.add(answer)
        return answer

    def _post(self, path: str, **params: Any) -> dict[str, Any]:
        return self._call("post", path, **params)

    def _get(self, path: str, **params: Any) -> dict[str, Any]:
        return self._call("get", path, **params)

    def _customer(self, card: str = "pm_card_visa") -> str:
        customer: str = self._post("/v1/customers", email="ada@example.com", name="Ada", expand=["tax"])["id"]
        method = self._post(f"/v1/payment_methods/{card}/attach", customer=customer)["id"]
        self._post(f"/v1/customers/{customer}", invoice_settings={"default_payment_method": method})
        return customer

    def catalogue(self) -> None:
        product = self._post("/v1/products", name="Plan", marketing_features=[{"name": "all"}])["id"]
        self._post("/v1/prices", product=product, unit_amount=900, currency="usd", recurring={"interval": "month"})
        self._call("delete", f"/v1/products/{self._post('/v1/products', name='Gone')['id']}")
        self._call("delete", f"/v1/customers/{self._post('/v1/customers')['id']}")
        self._post("/v1/coupons", percent_off=10, duration="once")
        self._post("/v1/plans", amount=900, currency="usd", interval="month", product=product)

    def payments(self) -> None:
        customer = self._customer()
        method = self._get("/v1/payment_methods", customer=customer)["data"][0]["id"]
        paid = self._post(
            "/v1/payment_intents", amount=2000, currency="usd", customer=customer, payment_method=method, confirm=True,
            return_url=RETURN, capture_method="automatic", expand=["latest_charge.balance_transaction"],
        )  # fmt: skip
        self._post("/v1/refunds", payment_intent=paid["id"], amount=500, expand=["balance_transaction"])
        self._get(f"/v1/charges/{paid['latest_charge']['id']}", expand=["refunds", "payment_intent"])
        self._post("/v1/charges", amount=700, currency="usd", source="tok_visa")
        self._post("/v1/setup_intents", customer=customer, payment_method=method, usage="off_session")
        for kind in ("sepa_debit", "alipay", "ideal", "bancontact", "eps", "p24"):
            details = {"iban": "DE89370400440532013000"} if kind == "sepa_debit" else {}
            person = {"name": "Ada", "email": "ada@example.com"}
            self._post("/v1/payment_methods", type=kind, billing_details=person, **{kind: details})

    def checkout(self) -> None:
        priced = {"currency": "usd", "unit_amount": 500, "product_data": {"name": "Cup"}}
        urls = {"success_url": RETURN, "cancel_url": RETURN}
        customer = self._customer()
        for mode in ("payment", "setup"):
            lines = {} if mode == "setup" else {"line_items": [{"price_data": priced, "quantity": 1}]}
            currency = {"currency": "usd"} if mode == "setup" else {}
            self._post("/v1/checkout/sessions", mode=mode, customer=customer, **urls, **lines, **currency)

    def billing(self) -> None:
        customer = self._customer()
        price = self._post(
            "/v1/prices", currency="usd", unit_amount=1000, recurring={"interval": "month"}, product_data={"name": "P"}
        )["id"]
        wanted = ["latest_invoice.payments", "latest_invoice.confirmation_secret", "discounts"]
        subscription = self._post("/v1/subscriptions", customer=customer, items=[{"price": price}], expand=wanted)
        self._get("/v1/invoice_payments", invoice=subscription["latest_invoice"]["id"])
        self._call("delete", f"/v1/subscriptions/{subscription['id']}")
        self._post("/v1/invoiceitems", customer=customer, amount=900, currency="usd", description="Work")
        invoice = self._post("/v1/invoices", customer=customer, pending_invoice_items_behavior="include")["id"]
        self._post(f"/v1/invoices/{invoice}/pay")
        self._post("/v1/credit_notes", invoice=invoice, amount=900, credit_amount=900)
