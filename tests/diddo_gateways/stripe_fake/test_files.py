"""Files, the links to them, and customer sessions."""

import base64
import io
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from refusals import refused

from diddo_gateways.stripe_fake.multipart import decode
from diddo_gateways.stripe_fake.shapes import check_shape

PDF = b"%PDF-1.4\r\n\x00\xff a receipt\r\n"


def upload(v1: Any, content: bytes = PDF, name: str = "receipt.pdf", **params: Any) -> Any:
    sent = io.BytesIO(content)
    sent.name = name
    return v1.files.create({"purpose": "dispute_evidence", "file": sent, **params})


def read(shop: Any, file_id: str) -> httpx.Response:
    with httpx.Client(trust_env=False) as http:
        headers = {"Authorization": f"Bearer sk_test_{shop.name}"}
        return http.get(f"{shop.server.url}/v1/files/{file_id}/contents", headers=headers)


def test_a_file_is_read_back_as_it_was_sent(v1: Any, shop: Any, well_formed: Any) -> None:
    file = upload(v1, name="/home/ada/receipt.PDF")
    well_formed(file)
    assert file.id.startswith("file_1")
    assert (file.filename, file.type, file.size, file.purpose) == ("receipt.PDF", "pdf", len(PDF), "dispute_evidence")
    assert file.expires_at - file.created == 270 * 86_400
    assert file.url.endswith(f"/v1/files/{file.id}/contents")
    answer = read(shop, file.id)
    assert (answer.content, answer.headers["content-type"]) == (PDF, "application/pdf")
    assert v1.files.retrieve(file.id).to_dict() == file.to_dict()
    assert [found.id for found in v1.files.list({"purpose": "dispute_evidence"})] == [file.id]
    assert v1.files.list({"purpose": "business_logo"}).data == []
    assert shop.events() == ["file.created"]
    assert read(shop, "file_0").status_code == 404


def test_what_says_who_somebody_is_stays_secret(v1: Any, shop: Any) -> None:
    passport = upload(v1, purpose="identity_document")
    assert (passport.url, passport.expires_at) == (None, None)
    assert read(shop, passport.id).status_code == 404
    assert refused(v1.file_links.create, {"file": passport.id}).param == "file"


def test_files_that_do_not_hold(v1: Any, shop: Any) -> None:
    assert refused(upload, v1, b"").param == "file"
    with httpx.Client(trust_env=False) as http:
        headers = {"Authorization": f"Bearer sk_test_{shop.name}"}
        form = {"purpose": "dispute_evidence", "file": "text"}
        answer = http.post(f"{shop.server.url}/v1/files", data=form, headers=headers)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "file")
    assert v1.files.list().data == []


@given(st.binary(min_size=1, max_size=300))
def test_any_content_survives_the_form(content: bytes) -> None:
    head = b'--b0undary\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n'
    body = head + b"Content-Type: application/octet-stream\r\n\r\n" + content + b"\r\n--b0undary--\r\n"
    file = decode(body, b"multipart/form-data; boundary=b0undary")["file"]
    assert (base64.b64decode(file["content"]), file["size"], file["type"]) == (content, len(content), None)


def test_a_link_and_its_expiry(own_shop: Any, well_formed: Any) -> None:
    v1 = own_shop.client.v1
    file = upload(v1)
    link = v1.file_links.create({"file": file.id, "expires_at": file.created + 3600, "metadata": {"a": "b"}})
    well_formed(link)
    assert link.url.endswith(f"/links/{link.id}")
    shown = v1.files.retrieve(file.id)
    assert check_shape(shown.last_response.data) == []
    assert [found.id for found in shown.links.data] == [link.id]
    v1.file_links.update(link.id, {"expires_at": file.created + 7200})
    for seconds, expired in ((3700, False), (3600, True)):
        own_shop.server.advance(seconds, own_shop.name)
        own_shop.call(own_shop.server.fake.settled())
        assert v1.file_links.retrieve(link.id).expired is expired
    assert v1.files.retrieve(file.id).links.data == []
    assert [found.id for found in v1.file_links.list({"file": file.id, "expired": True})] == [link.id]
    assert refused(v1.file_links.update, link.id, {"expires_at": "now"}).param == "expires_at"


def test_a_link_ends_when_asked_to(v1: Any) -> None:
    file = upload(v1, file_link_data={"create": True, "metadata": {"a": "b"}})
    [link] = file.links.data
    assert (link.file, link.expires_at, link.metadata.to_dict()) == (file.id, None, {"a": "b"})
    assert v1.file_links.update(link.id, {"metadata": {"a": ""}}).metadata.to_dict() == {}
    ended = v1.file_links.update(link.id, {"expires_at": "now"})
    assert (ended.expired, ended.expires_at is None) == (True, False)
    assert refused(v1.file_links.create, {"file": file.id, "expires_at": 1}).param == "expires_at"
    assert refused(v1.file_links.create, {"file": "file_0"}).code == "resource_missing"


def test_a_customer_session(v1: Any, shop: Any, well_formed: Any) -> None:
    ada = v1.customers.create().id
    features = {"payment_method_save": "enabled", "payment_method_save_usage": "off_session"}
    components = {"payment_element": {"enabled": True, "features": features}, "buy_button": {"enabled": True}}
    session = v1.customer_sessions.create({"customer": ada, "components": components})
    well_formed(session)
    assert session.client_secret.startswith("cuss_secret_")
    assert session.expires_at - session.created == 1800
    shown = session.components.to_dict()
    assert [name for name, component in shown.items() if component["enabled"]] == ["buy_button", "payment_element"]
    assert shown["payment_element"]["features"] == {
        "payment_method_allow_redisplay_filters": ["always"],
        "payment_method_redisplay": "disabled",
        "payment_method_redisplay_limit": 3,
        "payment_method_remove": "disabled",
        "payment_method_save": "enabled",
        "payment_method_save_usage": "off_session",
    }
    assert shown["customer_sheet"]["features"] is None
    assert shop.events() == ["customer.created"]


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"customer": "cus_0", "components": {"buy_button": {"enabled": True}}}, "customer"),
        ({"customer": None, "components": {"buy_button": {"enabled": True}}}, "customer"),
        ({"components": {"buy_button": {"enabled": False}}}, "components"),
        (
            {"components": {"payment_element": {"enabled": True, "features": {"payment_method_redisplay_limit": 11}}}},
            "components[payment_element][features][payment_method_redisplay_limit]",
        ),
        (
            {
                "components": {
                    "buy_button": {"enabled": True},
                    "payment_element": {"enabled": False, "features": {"payment_method_save": "enabled"}},
                }
            },
            "components[payment_element][features]",
        ),
    ],
)
def test_customer_sessions_that_do_not_hold(v1: Any, params: Any, param: str) -> None:
    given = {"customer": v1.customers.create().id, **params}
    error = refused(v1.customer_sessions.create, {name: value for name, value in given.items() if value is not None})
    assert (error.http_status, error.param) == (400, param)
