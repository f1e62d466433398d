"""The interpreter of state tables, and the tables themselves: closed, reachable, drawable."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from diddo_gateways.stripe_fake.billing.crediting import CREDIT_NOTES
from diddo_gateways.stripe_fake.billing.invoice_payments import PAYMENTS
from diddo_gateways.stripe_fake.billing.invoice_states import INVOICES
from diddo_gateways.stripe_fake.billing.schedule_states import SCHEDULES
from diddo_gateways.stripe_fake.billing.subscription_states import SUBSCRIPTIONS
from diddo_gateways.stripe_fake.checkout.states import SESSIONS
from diddo_gateways.stripe_fake.errors import UnexpectedState
from diddo_gateways.stripe_fake.payments.authentication import CHALLENGES
from diddo_gateways.stripe_fake.payments.dispute_states import DISPUTES
from diddo_gateways.stripe_fake.payments.intent_states import INTENTS
from diddo_gateways.stripe_fake.payments.setup_states import ATTEMPTS, SETUPS
from diddo_gateways.stripe_fake.resources.charges import CHARGES
from diddo_gateways.stripe_fake.resources.payouts import PAYOUTS
from diddo_gateways.stripe_fake.resources.refunds import REFUNDS
from diddo_gateways.stripe_fake.resources.test_clocks import CLOCKS
from diddo_gateways.stripe_fake.shapes import catalogue
from diddo_gateways.stripe_fake.states import MissingEdge, StateTable

TABLES = [
    INTENTS,
    SETUPS,
    ATTEMPTS,
    CHARGES,
    REFUNDS,
    SESSIONS,
    CHALLENGES,
    DISPUTES,
    PAYOUTS,
    SUBSCRIPTIONS,
    SCHEDULES,
    CLOCKS,
    INVOICES,
    PAYMENTS,
    CREDIT_NOTES,
]
DOCS = Path(__file__).parents[3] / "docs/stripe-states.md"
DOOR = StateTable(
    kind="door",
    start=("closed",),
    edges={"closed": {"open": ("open",), "lock": ("locked",)}, "open": {"close": ("closed",)}, "locked": {}},
)


def reached(table: StateTable) -> Iterator[str]:
    seen, waiting = set(), list(table.start)
    while waiting:
        status = waiting.pop()
        if status not in seen:
            seen.add(status)
            yield status
            waiting += [target for targets in table.edges[status].values() for target in targets]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.kind)
def test_every_status_is_reachable(table: StateTable) -> None:
    assert set(reached(table)) == set(table.edges)


def test_a_table_that_leads_out_of_itself_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="the table of door leads to statuses that it does not have: \\['ajar'\\]"):
        StateTable(kind="door", start=("closed",), edges={"closed": {"open": ("ajar",)}})


def test_nor_one_that_starts_outside_of_itself() -> None:
    with pytest.raises(ValueError, match="the table of door leads to statuses that it does not have: \\['ajar'\\]"):
        StateTable(kind="door", start=("ajar",), edges={"closed": {}})


def test_a_status_that_nothing_leads_to_is_no_way_out() -> None:
    door = StateTable(kind="door", start=("closed",), edges={"closed": {}, "kicked in": {"repair": ("closed",)}})
    assert door.targets() == {"closed"}


def test_where_an_action_leads_goes_without_saying_if_there_is_one_place() -> None:
    door = {"status": "closed"}
    DOOR.move(door, "lock")
    assert door == {"status": "locked"}
    drop = {"drop": ("down", "stuck"), "vanish": ()}
    gate = StateTable(kind="gate", start=("up",), edges={"up": drop, "down": {}, "stuck": {}})
    for action in drop:
        with pytest.raises(AssertionError, match=f"gate: {action} from up never leads to None"):
            gate.move({"status": "up"}, action)


def test_a_move_takes_an_edge() -> None:
    door = {"status": "closed"}
    DOOR.move(door, "open", "open")
    assert door == {"status": "open"}


def test_a_missing_edge_names_where_the_action_is_possible() -> None:
    door = {"status": "locked"}
    with pytest.raises(MissingEdge, match="no open from locked, only from closed"):
        DOOR.move(door, "open", "open")
    assert door == {"status": "locked"}


def test_an_edge_to_another_status_is_a_defect_of_the_caller() -> None:
    with pytest.raises(AssertionError, match="door: open from closed never leads to locked"):
        DOOR.move({"status": "closed"}, "open", "locked")


def test_the_diagram_is_drawn_from_the_table() -> None:
    assert DOOR.diagram().splitlines() == [
        "stateDiagram-v2",
        "    [*] --> closed",
        "    closed --> open: open",
        "    closed --> locked: lock",
        "    open --> closed: close",
        "    locked --> [*]",
    ]


@pytest.mark.parametrize("table", [table for table in TABLES if table is not CHARGES], ids=lambda table: table.kind)
def test_the_docs_show_the_tables(table: StateTable) -> None:
    assert f"```mermaid\n{table.diagram()}\n```" in DOCS.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "table", [INTENTS, SETUPS, CHARGES, REFUNDS, SESSIONS, INVOICES, CREDIT_NOTES], ids=lambda table: table.kind
)
def test_the_statuses_are_stripes(table: StateTable) -> None:
    node = catalogue.load().resolve(catalogue.load().fields(table.kind)["status"])
    if isinstance(node, dict) and "enum" in node:
        assert set(table.edges) <= set(node["enum"])
    else:
        assert table.kind == "refund", "only a refund's status is free text in the SDK's types"


def test_only_the_order_of_the_table_makes_the_order_in_messages() -> None:
    assert INTENTS.allowed("cancel") == (
        "requires_payment_method",
        "requires_capture",
        "requires_confirmation",
        "requires_action",
        "processing",
    )


@pytest.mark.parametrize(
    ("action", "status", "customer", "said"),
    [
        ("confirm", "requires_payment_method", None, "missing a payment method. You can either"),
        ("confirm", "requires_payment_method", "cus_1", "with cus_1, specify a payment method attached"),
        ("confirm", "succeeded", None, "already succeeded"),
        ("confirm", "succeeded", "cus_1", "already succeeded"),
        ("confirm", "processing", "cus_1", "has a status of processing"),
        ("provide", "succeeded", None, "already succeeded"),
        ("provide", "canceled", None, "has a status of canceled. Only .* may be confirmed: requires_payment_method, "),
    ],
)
def test_a_refused_confirmation_says_what_is_in_its_way(
    action: str, status: str, customer: str | None, said: str
) -> None:
    with pytest.raises(UnexpectedState, match=said):
        INTENTS.check({"status": status, "customer": customer}, action)
