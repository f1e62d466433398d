"""Links that the fake Stripe hands out: of payments, followed and paid by a shopper, and of files."""

from itertools import count
from typing import Any
from urllib.parse import urlencode

import pytest

from diddo_sandbox.testing import InProcessSandbox

CARD = {
    "email": "ada@example.test",
    "number": "4242424242424242",
    "expiry": "12/34",
    "cvc": "123",
    "name": "Ada Okafor",
    "country": "US",
    "postal_code": "94105",
}
numbers = count()


class Shop:
    """A shop that calls the fake Stripe, and its shoppers."""

    def __init__(self, sandbox: InProcessSandbox) -> None:
        self.sandbox = sandbox
        self.key = f"sk_test_links{next(numbers)}"

    def post(self, path: str, **params: Any) -> Any:
        answer = self.sandbox.request("POST", f"/v1/{path}", urlencode(params).encode(), key=self.key)
        assert answer.status == 200, answer.body
        return answer.json

    def get(self, path: str) -> Any:
        return self.sandbox.request("GET", f"/v1/{path}", key=self.key).json

    def link(self, **params: Any) -> Any:
        data = {"currency": "usd", "unit_amount": 500, "product_data[name]": "Tea"}
        price = self.post("prices", **data)["id"]
        return self.post("payment_links", **{"line_items[0][price]": price, "line_items[0][quantity]": 2, **params})

    def open(self, url: str) -> Any:
        return self.sandbox.request("GET", url.removeprefix("http://sandbox.test"), key=None)

    def pay(self, url: str) -> Any:
        path = url.partition("#")[0].removeprefix("http://sandbox.test")
        return self.sandbox.request("POST", path, urlencode(CARD).encode(), key=None)


@pytest.fixture
def shop(in_process: InProcessSandbox) -> Shop:
    return Shop(in_process)


def test_a_link_is_followed_and_paid(shop: Shop) -> None:
    message = {"after_completion[type]": "hosted_confirmation"}
    message["after_completion[hosted_confirmation][custom_message]"] = "Enjoy your tea"
    link = shop.link(**message, **{"restrictions[completed_sessions][limit]": 1})
    followed = shop.open(link["url"])
    assert followed.status == 303
    paid = shop.pay(followed.headers["location"])
    assert paid.status == 303
    assert "Enjoy your tea" in shop.open(paid.headers["location"]).body.decode()
    [session] = shop.get(f"checkout/sessions?payment_link={link['id']}")["data"]
    assert (session["status"], session["payment_status"], session["amount_total"]) == ("complete", "paid", 1000)
    closed = shop.open(link["url"])
    assert closed.status == 410
    assert "no longer active" in closed.body.decode()
    assert not shop.get(f"payment_links/{link['id']}")["active"]


def test_a_link_that_leads_to_the_shop(shop: Shop) -> None:
    redirect = {"after_completion[type]": "redirect", "after_completion[redirect][url]": "https://shop.test/done"}
    followed = shop.open(shop.link(**redirect)["url"] + "?prefilled_email=ada@example.test")
    assert shop.pay(followed.headers["location"]).headers["location"] == "https://shop.test/done"


def test_a_link_that_nobody_has_made(shop: Shop) -> None:
    assert shop.open("/b/plink_0").status == 404
    assert shop.open("/b/plink_0/done").status == 200


UPLOAD = b"""--line\r
Content-Disposition: form-data; name="purpose"\r
\r
business_logo\r
--line\r
Content-Disposition: form-data; name="file"; filename="logo.svg"\r
\r
<svg onload="alert(1)"/>\r
--line--\r
"""


def test_a_link_to_a_file_is_a_download(shop: Shop) -> None:
    headers = {"content-type": "multipart/form-data; boundary=line"}
    file = shop.sandbox.request("POST", "/v1/files", UPLOAD, key=shop.key, headers=headers).json
    link = shop.post("file_links", file=file["id"])
    read = shop.open(link["url"])
    assert (read.status, read.body) == (200, b'<svg onload="alert(1)"/>')
    assert read.headers["content-disposition"] == f'attachment; filename="{link["id"]}.svg"'
    shop.post(f"file_links/{link['id']}", expires_at="now")
    assert shop.open(link["url"]).status == 410
    assert shop.open("/links/link_0").status == 404
