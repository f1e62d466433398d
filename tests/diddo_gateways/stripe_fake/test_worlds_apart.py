"""Keys, worlds and storage: nobody sees another's objects, a restart goes on, and no secret is ever written down."""

import sqlite3
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

KEYS = ["one", "two"]


@pytest.fixture(scope="module")
def worlds_machine(shared_server: Any) -> type[RuleBasedStateMachine]:
    """Two shops on one server, each with a model of what it should see."""
    runs = iter(range(10_000))

    class TwoShops(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            run = next(runs)
            self.clients = {key: shared_server.client(f"sk_test_{key}_{run}") for key in KEYS}
            self.made: dict[str, list[str]] = {key: [] for key in KEYS}

        @rule(key=st.sampled_from(KEYS))
        def make(self, key: str) -> None:
            self.made[key].insert(0, self.clients[key].v1.customers.create({"email": "same@shop.test"}).id)

        @rule(key=st.sampled_from(KEYS), data=st.data())
        def delete(self, key: str, data: st.DataObject) -> None:
            if self.made[key]:
                gone = data.draw(st.sampled_from(self.made[key]))
                self.clients[key].v1.customers.delete(gone)
                self.made[key].remove(gone)

        @rule(key=st.sampled_from(KEYS), data=st.data())
        def reach_for_the_others(self, key: str, data: st.DataObject) -> None:
            other = KEYS[1 - KEYS.index(key)]
            if self.made[other]:
                wanted = data.draw(st.sampled_from(self.made[other]))
                if wanted not in self.made[key]:
                    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
                        self.clients[key].v1.customers.update(wanted, {"name": "mine"})

        @invariant()
        def each_sees_its_own(self) -> None:
            for key, client in self.clients.items():
                found = client.v1.customers.list({"limit": 100, "email": "same@shop.test"}).data
                assert [customer.id for customer in found] == self.made[key]

    return TwoShops


def test_two_keys_never_see_each_others_objects(worlds_machine: type[RuleBasedStateMachine]) -> None:
    machine = worlds_machine.TestCase
    machine.settings = settings(max_examples=8, stateful_step_count=12, deadline=None)
    machine("runTest").runTest()


def test_a_restart_with_a_state_file_goes_on(serve: Any, tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    with serve(path) as server:
        client = server.client()
        customer = client.v1.customers.create({"name": "Ada"}, {"idempotency_key": "once"})
        session = client.v1.checkout.sessions.create(
            {
                "mode": "payment",
                "success_url": "http://a.test",
                "line_items": [
                    {
                        "quantity": 1,
                        "price_data": {"currency": "usd", "unit_amount": 500, "product_data": {"name": "x"}},
                    }
                ],
            }
        )
        server.advance(3600)
    with serve(path) as server:
        client = server.client()
        assert client.v1.customers.retrieve(customer.id).to_dict() == customer.to_dict()
        assert client.v1.checkout.sessions.retrieve(session.id).to_dict() == session.to_dict()
        assert client.v1.customers.create({"name": "Ada"}, {"idempotency_key": "once"}).id == customer.id
        newer = client.v1.customers.create({"name": "Bob"})
        assert newer.id != customer.id
        assert newer.created >= customer.created + 3600
        assert [found.id for found in client.v1.customers.list().data] == [newer.id, customer.id]
        # The timer that was set before the restart still fires.
        server.advance(86_400)
        server.call(server.fake.settled())
        assert [event.type for event in client.v1.events.list({"type": "checkout.*"}).data] == [
            "checkout.session.expired"
        ]


async def everything(server: Any) -> bytes:
    """Return the whole database, in the thread that owns it."""
    dump: bytes = server.worlds.documents._db.serialize()  # noqa: SLF001  nothing public gives all that is stored
    return dump


def test_no_card_number_code_or_key_is_written_down(
    serve: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "shop.db"
    numbers = {
        "good": "4242424242424242",
        "declined": "4000000000000002",
        "unknown": "4532015112830366",
        "typo": "4242424242424241",
    }
    with serve(path) as server, httpx.Client(base_url=server.url, trust_env=False) as http:
        for number, (name, pan) in enumerate(numbers.items()):
            card = f"type=card&card[number]={pan}&card[exp_month]=12&card[exp_year]=2040&card[cvc]=917"
            data = card.replace("card[", "payment_method_data[card][").replace("type=", "payment_method_data[type]=")
            intent = "amount=500&currency=usd&confirm=true&return_url=http%3A%2F%2Fa.test&"
            for path_, body in (("/v1/payment_methods", card), ("/v1/payment_intents", intent + data)):
                headers = {
                    "Authorization": "Bearer sk_test_grep_7f3a9c",
                    "Content-Type": "application/x-www-form-urlencoded",
                    "Idempotency-Key": f"{name}-{number}-{path_}",
                }
                first = http.post(path_, headers=headers, content=body)
                assert first.status_code in (200, 402)
                assert pan not in first.text
                assert http.post(path_, headers=headers, content=body).status_code == first.status_code
        dump = server.call(everything(server))
    stored = dump + path.read_bytes() + caplog.text.encode()
    assert len(stored) > 10_000
    for secret in (*numbers.values(), '"917"', "=917", "sk_test_grep"):
        assert secret.encode() not in stored, secret


def test_many_updates_at_once_are_all_kept(server: Any, client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create()
    keys = [f"k{number}" for number in range(24)]

    def write(key: str) -> None:
        server.client().v1.customers.update(customer.id, {"metadata": {key: "x"}})

    threads = [threading.Thread(target=write, args=(key,)) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found: Any = client.v1.customers.retrieve(customer.id).metadata
    assert set(found.to_dict()) == set(keys)


def test_a_state_file_is_plain_sqlite(serve: Any, tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    with serve(path) as server:
        server.client().v1.customers.create()
    with sqlite3.connect(path) as connection:
        kinds = {row[0] for row in connection.execute("SELECT kind FROM collections")}
    connection.close()
    assert {"customer", "event", "idempotency_key", "world"} <= kinds
