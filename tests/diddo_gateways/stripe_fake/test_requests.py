"""Requests as a whole: keys, versions, headers, wrong URLs, strict parameters, defects."""

import base64
import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import stripe

from diddo_gateways.stripe_fake.operations import Handled

SECRET = {"Authorization": "Bearer sk_test_main"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def http(server: Any) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        yield client


def error_of(answer: httpx.Response) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert list(body) == ["error"]
    assert list(body["error"]) == sorted(body["error"])
    error: dict[str, Any] = body["error"]
    return error


def test_a_request_without_a_key_is_told_how_to_send_one(http: httpx.Client) -> None:
    answer = http.get("/v1/customers")
    assert answer.status_code == 401
    error = error_of(answer)
    assert error["message"].startswith("You did not provide an API key. You need to provide your API key")
    assert error["type"] == "invalid_request_error"
    assert "code" not in error


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("sk_live_abcdefgh1234", "sk_live_********1234"),
        ("sk_test_ab.cdefgh1234", "sk_test_*********1234"),
        ("nonsense1234", "********1234"),
        ("x", "*"),
    ],
)
def test_a_wrong_key_is_shown_masked(http: httpx.Client, key: str, shown: str) -> None:
    answer = http.get("/v1/customers", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 401
    assert error_of(answer)["message"] == f"Invalid API Key provided: {shown}"
    assert len(key) < 2 or key not in answer.text


def test_a_publishable_key_opens_only_what_a_browser_may_call(http: httpx.Client) -> None:
    answer = http.get("/v1/customers", headers={"Authorization": "Bearer pk_test_main"})
    assert answer.status_code == 401
    assert error_of(answer)["code"] == "secret_key_required"
    assert error_of(answer)["message"].startswith(
        "This API call cannot be made with a publishable API key. Please use a secret API key. You can find a list of your"
    )


def test_get_and_delete_take_their_parameters_from_the_query_alone(http: httpx.Client) -> None:
    made = http.post("/v1/customers", headers=SECRET, content="name=Ada").json()["id"]
    wrong = http.request("DELETE", f"/v1/customers/{made}?colour=red", headers=SECRET)
    assert (wrong.status_code, error_of(wrong)["param"]) == (400, "colour")
    ignored = http.request("GET", f"/v1/customers/{made}", headers=SECRET, content="colour=red")
    assert ignored.json()["name"] == "Ada"


def test_curl_sends_the_key_as_a_user_name(http: httpx.Client) -> None:
    basic = base64.b64encode(b"sk_test_main:").decode()
    assert http.get("/v1/customers", headers={"Authorization": f"Basic {basic}"}).status_code == 200
    assert http.get("/v1/customers", headers={"Authorization": "Basic !!"}).status_code == 401


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/nonsense"), ("GET", "/v1/customers/"), ("PUT", "/v1/customers"), ("GET", "/v3")]
)
def test_an_unknown_url_is_named(http: httpx.Client, method: str, path: str) -> None:
    answer = http.request(method, path, headers=SECRET)
    assert answer.status_code == 404
    assert error_of(answer)["message"].startswith(
        f"Unrecognized request URL ({method}: {path}). If you are trying to list"
    )


def test_each_answer_says_how_much_is_behind_it(http: httpx.Client) -> None:
    assert http.post("/v1/topups", headers=SECRET).headers["sandbox-fidelity"] == "generic"
    assert http.post("/v1/topups?x=1", headers=SECRET).headers["sandbox-fidelity"] == "generic"
    assert http.get("/v1/customers", headers=SECRET).headers["sandbox-fidelity"] == "modelled"
    assert "sandbox-fidelity" not in http.get("/v1/nonsense", headers=SECRET).headers


def test_the_root_answers_whoever_asks_whether_somebody_is_there(http: httpx.Client) -> None:
    answer = http.get("/")
    assert answer.status_code == 200
    assert sum(answer.json()["operations"].values()) == 648


def test_a_post_answers_with_the_headers_that_were_recorded(http: httpx.Client) -> None:
    answer = http.post("/v1/customers", headers={**SECRET, "Idempotency-Key": "k1"})
    headers = answer.headers
    assert headers["request-id"].startswith("req_")
    assert headers["original-request"] == headers["request-id"]
    assert headers["idempotency-key"] == "k1"
    assert headers["stripe-version"] == "2026-10-28.endive"
    assert headers["stripe-should-retry"] == "false"
    assert headers["cache-control"] == "no-cache, no-store"
    assert headers["vary"] == "Origin"
    assert headers["access-control-allow-origin"] == "*"
    assert headers["access-control-allow-methods"] == "GET, HEAD, PUT, PATCH, POST, DELETE"
    assert headers["access-control-max-age"] == "300"
    assert "Stripe-Should-Retry" in headers["access-control-expose-headers"]
    assert "idempotent-replayed" not in headers
    assert "stripe-notice" not in headers


def test_an_error_names_its_request(http: httpx.Client, server: Any) -> None:
    answer = http.get("/v1/customers/cus_no", headers=SECRET)
    request_id = answer.headers["request-id"]
    account = server.world().account
    url = f"https://dashboard.stripe.com/{account}/test/workbench/logs?object={request_id}"
    assert error_of(answer) == {
        "code": "resource_missing",
        "doc_url": "https://stripe.com/docs/error-codes/resource-missing",
        "message": "No such customer: 'cus_no'",
        "param": "id",
        "request_log_url": url,
        "type": "invalid_request_error",
    }


def test_versions_of_the_release_are_served_and_others_refused(http: httpx.Client) -> None:
    older = http.get("/v1/customers", headers={**SECRET, "Stripe-Version": "2026-09-30.endive"})
    assert older.headers["stripe-version"] == "2026-09-30.endive"
    refused = http.get("/v1/customers", headers={**SECRET, "Stripe-Version": "2023-10-16"})
    assert refused.status_code == 400
    assert error_of(refused)["message"].startswith("Invalid Stripe API version: 2023-10-16")


def test_a_request_for_another_account_is_refused_and_for_the_own_one_served(
    client: stripe.StripeClient, server: Any
) -> None:
    own: Any = {"stripe_account": server.world().account}
    other: Any = {"stripe_account": "acct_other"}
    made = client.v1.customers.create({"name": "Ada"}, own)
    with pytest.raises(stripe.PermissionError, match="does not have access to account 'acct_other'") as caught:
        client.v1.customers.retrieve(made.id, options=other)
    assert caught.value.http_status == 403
    assert "sk_test_main" not in str(caught.value)
    with pytest.raises(stripe.PermissionError):
        client.v1.customers.list(options={"stripe_context": "acct_other"})


def test_a_client_that_hangs_up_in_the_middle_is_not_answered(server: Any) -> None:
    messages: list[dict[str, Any]] = [{"type": "http.request", "body": b"name=A", "more_body": True}]
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return messages.pop() if messages else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/v1/customers", "query_string": b"", "headers": []}
    scope["headers"] = [(b"authorization", b"Bearer sk_test_main")]
    server.call(server.fake(scope, receive, send))
    assert sent == []
    assert server.client().v1.customers.list().data == []


def test_head_is_get_without_a_body(http: httpx.Client) -> None:
    got, asked = http.get("/v1/customers", headers=SECRET), http.head("/v1/customers", headers=SECRET)
    assert (asked.status_code, asked.content) == (200, b"")
    assert asked.headers["content-length"] == got.headers["content-length"] == str(len(got.content))


def test_a_browser_may_call_from_anywhere(http: httpx.Client) -> None:
    wanted = {"Origin": "http://shop.test", "Access-Control-Request-Headers": "authorization,stripe-version"}
    answer = http.options("/v1/payment_intents/pi_1", headers=wanted)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-headers"] == "authorization,stripe-version"
    assert "POST" in answer.headers["access-control-allow-methods"]


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data; boundary=x", "text/plain"])
def test_a_body_that_is_no_form_is_refused(http: httpx.Client, content_type: str) -> None:
    answer = http.post(
        "/v1/customers", headers={**SECRET, "Content-Type": content_type}, content=b'{"email": "a@b.test"}'
    )
    assert answer.status_code == 400
    assert error_of(answer)["message"].startswith("Invalid request (check that your POST content type is")


def test_a_huge_body_is_refused_and_the_server_goes_on(http: httpx.Client) -> None:
    answer = http.post("/v1/customers", headers={**SECRET, **FORM}, content=b"name=" + b"x" * 3_000_000)
    assert answer.status_code == 413
    assert "larger than" in error_of(answer)["message"]
    assert http.get("/v1/customers", headers=SECRET).status_code == 200


def test_a_defect_is_one_logged_500_and_the_server_goes_on(
    server: Any, http: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(_call: Any) -> Any:
        raise RuntimeError("a defect")

    name = "POST /v1/customers"
    modelled = server.fake._api._modelled  # noqa: SLF001  the only way to a handler that fails
    kept = modelled[name]
    modelled[name] = Handled(name, broken, publishable=False)
    with caplog.at_level(logging.CRITICAL, logger="diddo_gateways.stripe_fake.api"):
        answer = http.post("/v1/customers", headers={**SECRET, "Idempotency-Key": "broken"})
        again = http.post("/v1/customers", headers={**SECRET, "Idempotency-Key": "broken"})
    modelled[name] = kept
    assert answer.status_code == 500
    assert error_of(answer)["type"] == "api_error"
    assert "a defect of the sandbox" in error_of(answer)["message"]
    # As at Stripe, what began to execute is remembered with its failure.
    assert (again.status_code, again.headers["idempotent-replayed"]) == (500, "true")
    assert http.post("/v1/customers", headers=SECRET).status_code == 200


@pytest.mark.parametrize(
    ("params", "code", "param", "message"),
    [
        ({"emial": "x"}, "parameter_unknown", "emial", "Received unknown parameter: emial"),
        (
            {"emial": "x", "address": {"street": "y"}},
            "parameter_unknown",
            "address[street]",
            "Received unknown parameters: address[street], emial",
        ),
        ({"balance": "abc"}, "parameter_invalid_integer", "balance", "Invalid integer: abc"),
        ({"balance": "1_000"}, "parameter_invalid_integer", "balance", "Invalid integer: 1_000"),
        ({"balance": "9" * 30}, "parameter_invalid_integer", "balance", f"Invalid integer: {'9' * 30}"),
        ({"balance": {"a": "b"}}, "parameter_invalid_integer", "balance", "Invalid integer"),
        ({"tax_exempt": "some"}, None, "tax_exempt", "Invalid tax_exempt: must be one of exempt, none, or reverse"),
        (
            {"shipping": {"name": "x"}},
            "parameter_missing",
            "shipping[address]",
            "Missing required param: shipping[address].",
        ),
        ({"shipping": "x"}, None, "shipping", "Invalid object"),
        ({"metadata": "x"}, None, "metadata", "Invalid object"),
        ({"preferred_locales": "x"}, None, "preferred_locales", "Invalid array"),
        ({"preferred_locales": {"a": "x"}}, None, "preferred_locales", "Invalid array"),
        ({"name": {"a": "x"}}, None, "name", "Invalid string"),
        ({"validate": "maybe"}, None, "validate", "Invalid boolean: maybe"),
        ({"email": "nobody"}, "email_invalid", "email", "Invalid email address: nobody"),
        (
            {"metadata": {"k" * 41: "v"}},
            None,
            "metadata",
            "Metadata keys can have up to 40 characters, but you passed in a key that is 41 characters. Invalid key: "
            + "k" * 41,
        ),
        (
            {"metadata": {"k": "v" * 504}},
            None,
            "metadata",
            "Metadata values can have up to 500 characters, but you passed in a value that is 504 characters. Invalid value: "
            + "v" * 504,
        ),
        (
            {"metadata": {f"k{n}": "v" for n in range(52)}},
            None,
            "metadata",
            "Metadata can have up to 50 keys, but you've set 52",
        ),
    ],
)
def test_a_bad_parameter_is_named(
    client: stripe.StripeClient, params: dict[str, Any], code: str | None, param: str, message: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.customers.create(params)  # type: ignore[arg-type]
    assert (caught.value.http_status, caught.value.code, caught.value.param) == (400, code, param)
    assert caught.value.user_message == message
    assert client.v1.customers.list().data == []


def test_an_empty_string_unsets_only_what_can_be_unset(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create(
        {"name": "Ada", "address": {"city": "Rome"}, "metadata": {"a": "1", "b": "2"}}
    )
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.customers.update(customer.id, {"name": ""})
    assert caught.value.code == "parameter_invalid_empty"
    assert caught.value.user_message == (
        "You passed an empty string for 'name'. We assume empty values are an attempt to unset a parameter; however "
        "'name' cannot be unset. You should remove 'name' from your request or supply a non-empty value."
    )
    changed = client.v1.customers.update(customer.id, {"address": "", "metadata": {"a": ""}})
    assert (changed.address, changed.metadata.to_dict()) == (None, {"b": "2"})  # type: ignore[union-attr]
    assert client.v1.customers.update(customer.id, {"metadata": ""}).metadata.to_dict() == {}  # type: ignore[union-attr]


def test_metadata_cannot_grow_beyond_fifty_keys_by_updates(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"metadata": {f"a{n}": "v" for n in range(40)}})
    with pytest.raises(stripe.InvalidRequestError, match="up to 50 keys, but you've set 60"):
        client.v1.customers.update(customer.id, {"metadata": {f"b{n}": "v" for n in range(20)}})
    assert len(client.v1.customers.retrieve(customer.id).metadata.to_dict()) == 40  # type: ignore[union-attr]


def test_an_encoded_slash_is_part_of_an_id(client: stripe.StripeClient, http: httpx.Client) -> None:
    customer = client.v1.customers.create({})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.customers.retrieve(customer.id + "/payment_methods")
    assert refused.value.code == "resource_missing"
    assert f"No such customer: '{customer.id}/payment_methods'" in str(refused.value)
    answer = http.get("/v1/charges/ch_x%2frefunds", headers=SECRET)
    assert (answer.status_code, error_of(answer)["code"]) == (404, "resource_missing")
