"""What a gateway's events make of a checkout: the table of its states, edge by edge, and events that mean nothing."""

from collections.abc import Iterator
from typing import Any

import pytest

from diddo_gateways.documents import Conflict
from diddo_gateways.in_memory import InMemoryGateway
from diddo_gateways.protocol import PaymentLine, SessionEventKind, SessionRequest, SessionStatus
from diddo_gateways.worlds import World
from diddo_sandbox.settings import SandboxSettings
from diddo_sandbox.testing import InProcessSandbox

from .conftest import Api

PAID, FAILED, EXPIRED = SessionEventKind.PAID, SessionEventKind.ATTEMPT_FAILED, SessionEventKind.EXPIRED
WEBHOOKS = "/_sandbox/gateways/in_memory/webhook"


class Desk:
    """A cart at a checkout, and the gateway that tells of it."""

    def __init__(self, sandbox: InProcessSandbox) -> None:
        self.api = Api(sandbox, "sk_test_desk")
        self.gateway: Any = sandbox.app.services.gateways.serving(sandbox.run(sandbox.app.services.worlds.open("desk")))
        assert isinstance(self.gateway, InMemoryGateway)

    def open(self) -> str:
        """Check the cart out, and return the session's id."""
        answer = self.api("POST", "/checkout/cart_ready")
        assert answer.status == 200, answer.body
        return str(answer.json["url"]).rpartition("/")[2]

    def event(self, session: str, kind: SessionEventKind) -> Any:
        return self.gateway.webhook(session, kind)

    def deliver(self, *webhooks: Any) -> None:
        for webhook in webhooks:
            answer = self.api.sandbox.request("POST", WEBHOOKS, webhook.body, key=None, headers=webhook.headers)
            assert answer.status == 200, answer.body

    def tell(self, session: str, *kinds: SessionEventKind) -> None:
        self.deliver(*(self.event(session, kind) for kind in kinds))

    def stands(self, session: str) -> str:
        """Return how the cart and its session stand."""
        if self.api("GET", "/cart/status/cart_ready").json["status"] == "SUBMITTED":
            return "submitted"
        if self.api.sandbox.run(self.gateway.retrieve_session(session)).status is SessionStatus.EXPIRED:
            return "cancelled"
        dry_run = self.api("POST", "/checkout/cart_ready/validate").json
        return "locked" if dry_run["violations"] else "free"


@pytest.fixture
def make_desk() -> Iterator[Any]:
    opened: list[InProcessSandbox] = []

    def make(**settings: Any) -> Desk:
        sandbox = InProcessSandbox(SandboxSettings(gateway="in_memory", allowed_hosts=("sandbox.test",), **settings))
        opened.append(sandbox)
        return Desk(sandbox.__enter__())

    yield make
    for sandbox in opened:
        sandbox.__exit__(None, None, None)


@pytest.mark.parametrize(
    ("kinds", "becomes"),
    [
        ([], "locked"),
        ([PAID], "submitted"),
        ([FAILED], "locked"),
        ([EXPIRED], "free"),
        ([FAILED, PAID], "submitted"),
        ([FAILED, FAILED], "cancelled"),
        ([FAILED, EXPIRED], "free"),
        ([FAILED, FAILED, PAID], "submitted"),
        ([PAID, EXPIRED], "submitted"),
        ([PAID, FAILED, FAILED], "submitted"),
        ([EXPIRED, PAID], "free"),
    ],
)
def test_each_event_leads_where_the_table_says(make_desk: Any, kinds: list[SessionEventKind], becomes: str) -> None:
    desk = make_desk(failed_attempts=2)
    session = desk.open()
    desk.tell(session, *kinds)
    assert desk.stands(session) == becomes


def test_a_cancelled_checkout_ends_with_its_session(make_desk: Any) -> None:
    desk = make_desk(failed_attempts=1)
    session = desk.open()
    desk.tell(session, FAILED, FAILED)
    assert desk.api("POST", "/checkout/cart_ready").status == 409
    desk.tell(session, EXPIRED)
    assert desk.open() != session


def test_of_an_event_that_comes_again_only_the_first_counts(make_desk: Any) -> None:
    desk = make_desk(failed_attempts=41)
    session = desk.open()
    failures = [desk.event(session, FAILED) for _ in range(40)]
    desk.deliver(*failures, *failures[-32:])
    assert desk.stands(session) == "locked"
    desk.tell(session, FAILED)
    assert desk.stands(session) == "cancelled"


def test_events_of_earlier_checkouts_of_the_cart_come_too_late(make_desk: Any) -> None:
    desk = make_desk()
    sessions = []
    for _ in range(6):
        sessions.append(desk.open())
        desk.tell(sessions[-1], EXPIRED)
    now = desk.open()
    for earlier in sessions:
        desk.tell(earlier, EXPIRED, PAID)
        assert desk.stands(now) == "locked"


def test_an_event_of_no_cart_of_ours_is_taken_and_means_nothing(make_desk: Any) -> None:
    desk = make_desk()
    ours = desk.open()
    for metadata in ({"world": "desk", "cart_id": "nobody's"}, {"world": "desk"}, {}):
        line = PaymentLine("Something", 100)
        request = SessionRequest(100, "USD", [line], "", "", str(metadata), metadata=metadata)
        session = desk.api.sandbox.run(desk.gateway.create_session(request))
        desk.tell(session.id, *SessionEventKind)
    assert desk.stands(ours) == "locked"


def test_an_event_that_somebody_else_overtakes_is_carried_out_all_the_same(
    make_desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = make_desk()
    session = desk.open()
    commit, overtaken = World.commit, [True, True]

    async def commit_later(world: World, changes: Any) -> None:
        if overtaken:
            overtaken.pop()
            raise Conflict("cart", "cart_ready", 1)
        await commit(world, changes)

    monkeypatch.setattr(World, "commit", commit_later)
    desk.tell(session, PAID)
    assert (desk.stands(session), overtaken) == ("submitted", [])
    orders = desk.api("GET", "/cart/status/cart_ready").json["orders"]
    assert len(orders) == len(desk.api("GET", "/cart/cart_ready").json["stores"])
