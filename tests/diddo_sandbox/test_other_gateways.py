"""Carts that another gateway serves, and gateways that are away."""

import asyncio
import json
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from diddo_gateways.in_memory import InMemoryGateway
from diddo_gateways.protocol import GatewayUnavailable, SessionEventKind, SessionRequest, SessionStatus
from diddo_sandbox.settings import SandboxSettings
from diddo_sandbox.testing import InProcessSandbox, sandbox_server

from .conftest import CARD, Api


@pytest.fixture
def in_memory() -> Any:
    settings = SandboxSettings(gateway="in_memory", allowed_hosts=("sandbox.test",))
    with InProcessSandbox(settings) as sandbox:
        yield Api(sandbox, "sk_test_memory")


def gateway_of(api: Api) -> InMemoryGateway:
    world = api.sandbox.run(api.sandbox.app.services.worlds.open("memory"))
    gateway = api.sandbox.app.services.gateways.serving(world)
    assert isinstance(gateway, InMemoryGateway)
    return gateway


def post_webhook(api: Api, webhook: Any) -> int:
    answer = api.sandbox.request(
        "POST", "/_sandbox/gateways/in_memory/webhook", webhook.body, key=None, headers=webhook.headers
    )
    return answer.status


def test_another_gateway_serves_carts_just_as_well(in_memory: Api) -> None:
    url = in_memory("POST", "/checkout/cart_ready").json["url"]
    session_id = url.rpartition("/")[2]
    webhook = in_memory.sandbox.run(gateway_of(in_memory).pay(session_id))
    assert post_webhook(in_memory, webhook) == 200
    first = in_memory("GET", "/cart/status/cart_ready").json
    assert first["status"] == "SUBMITTED"
    # A second delivery, and news that comes too late, change nothing.
    assert post_webhook(in_memory, webhook) == 200
    for kind in SessionEventKind:
        assert post_webhook(in_memory, gateway_of(in_memory).webhook(session_id, kind)) == 200
    assert in_memory("GET", "/cart/status/cart_ready").json == first


def test_a_gateway_that_does_not_answer_leaves_the_cart_as_it_was(
    in_memory: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unreachable(*_: object) -> None:
        raise GatewayUnavailable("no route to host")

    before = in_memory("GET", "/cart/cart_ready").json
    monkeypatch.setattr(InMemoryGateway, "create_session", unreachable)
    answer = in_memory("POST", "/checkout/cart_ready")
    assert (answer.status, answer.codes) == (503, ["SERVICE_UNAVAILABLE"])
    assert in_memory("GET", "/cart/cart_ready").json == before
    monkeypatch.undo()
    assert in_memory("POST", "/checkout/cart_ready").status == 200


def test_two_installations_never_share_a_session_at_a_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids are seeded, so a server that was started anew repeats them; the gateway remembers keys for a day."""
    keys = []

    async def remember(_: object, request: SessionRequest) -> None:
        keys.append(request.idempotency_key)
        raise GatewayUnavailable("not today")

    monkeypatch.setattr(InMemoryGateway, "create_session", remember)
    for _ in range(2):
        with InProcessSandbox(SandboxSettings(gateway="in_memory", allowed_hosts=("sandbox.test",))) as sandbox:
            sandbox.request("POST", "/checkout/cart_ready")
    assert keys[0] != keys[1]


def test_the_receipt_says_so_when_the_gateway_is_silent(in_memory: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def unreachable(*_: object) -> None:
        raise GatewayUnavailable("no route to host")

    requests = []
    monkeypatch.setattr(InMemoryGateway, "create_session", _remembering(InMemoryGateway.create_session, requests))
    in_memory("POST", "/checkout/cart_ready")
    path = requests[0].success_url.removeprefix("http://sandbox.test")
    assert b"not paid yet" in in_memory("GET", path).body
    monkeypatch.setattr(InMemoryGateway, "retrieve_session", unreachable)
    answer = in_memory("GET", path)
    assert (answer.status, b"No news of the payment" in answer.body) == (503, True)


def _remembering(create: Any, requests: list[SessionRequest]) -> Any:
    async def remembering(gateway: Any, request: SessionRequest) -> Any:
        requests.append(request)
        return await create(gateway, request)

    return remembering


def test_a_cancellation_is_tried_again_when_the_gateway_was_away(
    in_memory: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unreachable(*_: object) -> None:
        raise GatewayUnavailable("no route to host")

    url = in_memory("POST", "/checkout/cart_ready").json["url"]
    session_id = url.rpartition("/")[2]
    gateway = gateway_of(in_memory)
    failures = [gateway.webhook(session_id, SessionEventKind.ATTEMPT_FAILED) for _ in range(5)]
    assert [post_webhook(in_memory, webhook) for webhook in failures[:4]] == [200] * 4
    expire = InMemoryGateway.expire_session
    monkeypatch.setattr(InMemoryGateway, "expire_session", unreachable)
    assert post_webhook(in_memory, failures[4]) == 503
    monkeypatch.setattr(InMemoryGateway, "expire_session", expire)
    assert post_webhook(in_memory, failures[4]) == 200
    assert in_memory.sandbox.run(gateway.retrieve_session(session_id)).status is SessionStatus.EXPIRED


def post(url: str, form: dict[str, str] | None = None) -> Any:
    """Post over a socket, with the key of the shop's one account; return the JSON, or the page's bytes."""
    body = urlencode(form or {}).encode()
    request = Request(url, body, {"Authorization": "Bearer sk_test_shop"}, method="POST")  # noqa: S310  loopback
    with urlopen(request) as answer:  # noqa: S310  likewise
        content = answer.read()
    return json.loads(content) if content.startswith(b"{") else content


# The SDK hands httpx its form in a way that httpx warns of; nobody here can change that.
@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
def test_a_stripe_elsewhere_is_only_a_base_url() -> None:
    """As with real Stripe: another server, one account for all worlds, signed webhooks over HTTP."""
    events = {"enabled_events[0]": "checkout.session.completed"}
    with sandbox_server() as stripe_server:
        endpoint = post(stripe_server.url + "/v1/webhook_endpoints", {"url": "http://127.0.0.1:9/", **events})
        options = {"base_url": stripe_server.url, "api_key": "sk_test_shop", "webhook_secret": endpoint["secret"]}
        with sandbox_server(SandboxSettings(gateways={"stripe": options})) as shop:
            door = {"url": f"{shop.url}/_sandbox/gateways/stripe/webhook"}
            post(f"{stripe_server.url}/v1/webhook_endpoints/{endpoint['id']}", door)
            url = post(shop.url + "/checkout/cart_ready")["url"]
            assert url.startswith(stripe_server.url)
            # The receipt that the shopper is led to is the shop's, which asks the other server how the payment stands.
            page = post(url.partition("#")[0], CARD)
            assert b"was paid" in page
            asyncio.run_coroutine_threadsafe(stripe_server.app.services.stripe.settled(), stripe_server.loop).result(
                timeout=20
            )
            assert post(shop.url + "/cart/cartStatus/cart_ready")["status"] == "SUBMITTED"
