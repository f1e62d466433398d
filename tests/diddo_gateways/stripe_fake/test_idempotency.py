"""Idempotency keys: replay, mismatch, in flight, what is saved and for how long."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import stripe

SECRET = {"Authorization": "Bearer sk_test_main", "Content-Type": "application/x-www-form-urlencoded"}
DAY = 86_400


@pytest.fixture
def http(server: Any) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        yield client


def post(http: httpx.Client, body: str, key: str, path: str = "/v1/customers") -> httpx.Response:
    return http.post(path, headers={**SECRET, "Idempotency-Key": key}, content=body)


def test_a_key_used_again_replays_the_first_answer(http: httpx.Client, client: stripe.StripeClient) -> None:
    first, again = post(http, "name=Ada", "k"), post(http, "name=Ada", "k")
    assert again.content == first.content
    assert (again.status_code, again.headers["idempotent-replayed"]) == (200, "true")
    assert again.headers["original-request"] == first.headers["request-id"]
    assert again.headers["request-id"] != first.headers["request-id"]
    assert len(client.v1.customers.list().data) == 1
    assert len(client.v1.events.list().data) == 1


def test_the_sdk_replays_too(client: stripe.StripeClient) -> None:
    options: Any = {"idempotency_key": "order-1"}
    first = client.v1.customers.create({"email": "a@b.test"}, options)
    assert client.v1.customers.create({"email": "a@b.test"}, options).id == first.id
    with pytest.raises(stripe.IdempotencyError, match="only be used with the same parameters"):
        client.v1.customers.create({"email": "c@d.test"}, options)


def test_another_request_with_the_key_is_refused(http: httpx.Client) -> None:
    post(http, "name=Ada", "k")
    for other in (post(http, "name=Bob", "k"), post(http, "name=Ada", "k", "/v1/products")):
        assert other.status_code == 400
        error = other.json()["error"]
        assert error["type"] == "idempotency_error"
        assert error["message"] == (
            "Keys for idempotent requests can only be used with the same parameters they were first used with. Try using"
            " a key other than 'k' if you meant to execute a different request."
        )
        assert "idempotent-replayed" not in other.headers


def test_the_order_of_parameters_does_not_matter(http: httpx.Client) -> None:
    first = post(http, "name=Ada&metadata[a]=1&metadata[b]=2", "k")
    again = post(http, "metadata[b]=2&name=%41da&metadata[a]=1", "k")
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")


def test_an_error_of_execution_is_replayed_and_one_of_validation_is_not(http: httpx.Client) -> None:
    post(http, "name=x", "run", "/v1/customers/cus_no")
    replayed = post(http, "name=x", "run", "/v1/customers/cus_no")
    assert (replayed.status_code, replayed.headers["idempotent-replayed"]) == (404, "true")
    assert post(http, "nonsense=x", "valid").status_code == 400
    passed = post(http, "name=Ada", "valid")
    assert (passed.status_code, "idempotent-replayed" in passed.headers) == (200, False)


def test_a_key_is_of_one_world(http: httpx.Client) -> None:
    first = post(http, "name=Ada", "k").json()["id"]
    other = {**SECRET, "Authorization": "Bearer sk_test_other", "Idempotency-Key": "k"}
    assert http.post("/v1/customers", headers=other, content="name=Bob").json()["id"] != first


def test_a_key_is_forgotten_after_a_day(server: Any, http: httpx.Client) -> None:
    first = post(http, "name=Ada", "k").json()["id"]
    server.advance(DAY - 600)
    assert post(http, "name=Ada", "k").json()["id"] == first
    server.advance(610)
    assert post(http, "name=Bob", "k").json()["id"] != first
    assert post(http, "name=Bob", "k").headers["idempotent-replayed"] == "true"


def test_old_keys_do_not_pile_up(server: Any, http: httpx.Client) -> None:
    for number in range(70):
        post(http, "name=Ada", f"old{number}")
    server.advance(DAY + 1)
    for number in range(70):
        post(http, "name=Ada", f"new{number}")
    kept = server.call(server.world().page("idempotency_key", limit=500))
    assert {document.id[:3] for document in kept} == {"new"}


def test_a_key_too_long_is_refused(http: httpx.Client) -> None:
    assert post(http, "name=Ada", "k" * 255).status_code == 200
    assert post(http, "name=Ada", "k" * 256).status_code == 400


def test_get_and_delete_ignore_the_key(http: httpx.Client) -> None:
    customer = post(http, "name=Ada", "k").json()["id"]
    headers = {**SECRET, "Idempotency-Key": "k"}
    assert http.get(f"/v1/customers/{customer}", headers=headers).status_code == 200
    deleted = http.delete(f"/v1/customers/{customer}", headers=headers)
    assert deleted.json() == {"id": customer, "object": "customer", "deleted": True}


def test_of_two_requests_at_once_the_second_is_told_to_wait(server: Any) -> None:
    """The store is made to wait, as one behind a network does: so that the second comes while the first is at work."""
    reached, go_on = asyncio.Event(), asyncio.Event()
    documents = server.worlds.documents
    plain = documents.commit

    async def slow(world: str, changes: Any) -> None:
        reached.set()
        await go_on.wait()
        await plain(world, changes)

    async def both() -> tuple[httpx.Response, httpx.Response]:
        async with httpx.AsyncClient(base_url=server.url, trust_env=False) as http:
            headers = {**SECRET, "Idempotency-Key": "k"}
            first = asyncio.create_task(http.post("/v1/customers", headers=headers, content="name=Ada"))
            await reached.wait()
            second = await http.post("/v1/customers", headers=headers, content="name=Ada")
            go_on.set()
            return await first, second

    documents.commit = slow
    first, second = server.call(both())
    documents.commit = plain
    assert first.status_code == 200
    assert second.status_code == 409
    error = second.json()["error"]
    assert error["code"] == "idempotency_key_in_use"
    assert error["message"].startswith("There is currently another in-progress request using this Idempotent Key")
