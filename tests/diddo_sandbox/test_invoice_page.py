"""The hosted page of an invoice, as a customer reads and pays it, and its PDF."""

import re
from itertools import count
from typing import Any
from urllib.parse import urlencode

import pytest

from diddo_sandbox.testing import InProcessSandbox

CARD = {"number": "4242 4242 4242 4242", "expiry": "12/34", "cvc": "123"}
numbers = count()


class Shop:
    """A shop that calls the fake Stripe, and its customers."""

    def __init__(self, sandbox: InProcessSandbox) -> None:
        self.sandbox = sandbox
        self.key = f"sk_test_invoices{next(numbers)}"

    def post(self, path: str, **params: Any) -> Any:
        answer = self.sandbox.request("POST", f"/v1/{path}", urlencode(params).encode(), key=self.key)
        assert answer.status == 200, answer.body
        return answer.json

    def invoice(self) -> Any:
        customer = self.post("customers", email="ada@shop.test")["id"]
        invoice = self.post("invoices", customer=customer, description="March")["id"]
        self.post("invoiceitems", invoice=invoice, amount=1250, description="Work (ten hours)")
        return self.post(f"invoices/{invoice}/finalize")

    def status(self, invoice: Any) -> str:
        return self.sandbox.request("GET", f"/v1/invoices/{invoice['id']}", key=self.key).json["status"]  # type: ignore[no-any-return]

    def open(self, url: str) -> Any:
        return self.sandbox.request("GET", url.removeprefix("http://sandbox.test"), key=None)

    def pay(self, url: str, **card: str) -> Any:
        path = url.removeprefix("http://sandbox.test")
        return self.sandbox.request("POST", path, urlencode({**CARD, **card}).encode(), key=None)


@pytest.fixture
def shop(fresh: InProcessSandbox) -> Shop:
    return Shop(fresh)


@pytest.fixture(scope="module")
def fresh() -> Any:
    with InProcessSandbox() as sandbox:
        yield sandbox


def test_read_and_paid(shop: Shop) -> None:
    invoice = shop.invoice()
    read = shop.open(invoice["hosted_invoice_url"])
    assert read.status == 200
    for text in (invoice["number"], "March", "Work (ten hours)", "$12.50", "Pay $12.50"):
        assert text in read.body.decode()
    paid = shop.pay(invoice["hosted_invoice_url"])
    assert (paid.status, paid.headers["location"]) == (303, f"/invoice/{invoice['id']}")
    assert shop.status(invoice) == "paid"
    assert "This invoice is paid." in shop.open(invoice["hosted_invoice_url"]).body.decode()


def test_what_leads_to_the_total_is_told(shop: Shop) -> None:
    customer = shop.post("customers", balance=-300)["id"]
    rate = shop.post("tax_rates", display_name="VAT", percentage=20, inclusive="false")["id"]
    coupon = shop.post("coupons", percent_off=10, duration="once")["id"]
    asked = {"default_tax_rates[0]": rate, "discounts[0][coupon]": coupon}
    invoice = shop.post("invoices", customer=customer, **asked)["id"]
    shop.post("invoiceitems", invoice=invoice, customer=customer, amount=1000, currency="usd", description="Work")
    read = shop.open(shop.post(f"invoices/{invoice}/finalize")["hosted_invoice_url"]).body.decode()
    rows = re.findall(r'<th scope="row">(.*?)</th><td class="amount">(?:<strong>)?(.*?)<', read)
    assert rows == [
        ("Work", "$10.00"),
        ("Discount", "-$1.00"),
        ("Tax", "$1.80"),
        ("Total", "$10.80"),
        ("Balance and credit applied", "-$3.00"),
        ("Due", "$7.80"),
    ]


def test_declined_and_refused(shop: Shop) -> None:
    invoice = shop.invoice()
    declined = shop.pay(invoice["hosted_invoice_url"], number="4000000000000002")
    assert declined.status == 402
    assert "Your card was declined." in declined.body.decode()
    mistyped = shop.pay(invoice["hosted_invoice_url"], number="4242424242424241")
    assert "Your card number is incorrect." in mistyped.body.decode()
    assert shop.status(invoice) == "open"


def test_a_challenge_leads_back(shop: Shop) -> None:
    invoice = shop.invoice()
    asked = shop.pay(invoice["hosted_invoice_url"], number="4000002760003184")
    assert "/3d_secure/" in asked.headers["location"]
    path = asked.headers["location"].removeprefix("http://sandbox.test")
    back = shop.sandbox.request("POST", path, b"outcome=complete", key=None)
    assert back.headers["location"].startswith(invoice["hosted_invoice_url"])
    assert shop.status(invoice) == "paid"


def test_as_a_pdf(shop: Shop) -> None:
    made = shop.open(shop.invoice()["invoice_pdf"])
    assert (made.status, made.headers["content-type"]) == (200, "application/pdf")
    assert made.body.startswith(b"%PDF-1.4")
    assert b"(Work \\(ten hours\\): $12.50 USD) Tj" in made.body


def test_no_such_invoice(shop: Shop) -> None:
    for answer in (shop.open("/invoice/in_none"), shop.open("/invoice/in_none/pdf"), shop.pay("/invoice/in_none")):
        assert answer.status == 404
