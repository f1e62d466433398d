"""Worlds: keys, clocks, ids that never repeat, and what stays over a restart."""

import asyncio
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diddo_gateways.documents import Put, Send
from diddo_gateways.documents.memory import MemoryDocuments
from diddo_gateways.documents.sqlite import SqliteDocuments
from diddo_gateways.stripe_fake.dispatcher import LONGEST_WAIT
from diddo_gateways.worlds import LOOKED_AFTER, Clock, Ids, Worlds, parse_key


def run(awaitable: Awaitable[Any]) -> Any:
    async def wait() -> Any:
        return await awaitable

    return asyncio.run(wait())


@pytest.mark.parametrize(
    ("key", "kind", "world"),
    [
        ("sk_test_shop", "secret", "shop"),
        ("pk_test_shop", "publishable", "shop"),
        ("rk_test_a_B9", "restricted", "a_B9"),
    ],
)
def test_a_key_opens_the_world_of_its_name(key: str, kind: str, world: str) -> None:
    assert parse_key(key) == (kind, world)


@pytest.mark.parametrize(
    "key", ["", "sk_test_", "sk_live_shop", "sk_test_a b", "sk_test_\n", "test", "sk_test_" + "a" * 129]
)
def test_what_is_no_test_key_opens_none(key: str) -> None:
    assert parse_key(key) is None


def test_a_clock_runs_stands_still_and_moves_ahead() -> None:
    time = [1_000.0]
    clock = Clock(lambda: time[0])
    assert clock.now() == 1_000
    clock.advance(60)
    assert clock.now() == 1_060
    clock.freeze()
    time[0] += 500
    assert clock.now() == 1_060
    clock.advance(5)
    assert clock.now() == 1_065
    clock.resume()
    time[0] += 2
    assert clock.now() == 1_067
    with pytest.raises(ValueError, match="cannot go back"):
        clock.advance(-1)


@given(
    st.text(max_size=70), st.lists(st.tuples(st.sampled_from(["cus_", "pi_3", ""]), st.integers(8, 64)), max_size=30)
)
def test_ids_are_the_same_for_the_same_seed(seed: str, asked: list[tuple[str, int]]) -> None:
    one, other = Ids(seed), Ids(seed)
    made = [one.new(prefix, length) for prefix, length in asked]
    assert made == [other.new(prefix, length) for prefix, length in asked]
    assert [len(made_id) for made_id in made] == [len(prefix) + length for prefix, length in asked]
    by_prefix = [made_id for made_id, (prefix, _) in zip(made, asked, strict=True) if prefix == "cus_"]
    assert len(set(by_prefix)) == len(by_prefix)


def test_ids_are_told_apart_by_world_and_prefix() -> None:
    assert Ids("a").new("x", 20) != Ids("b").new("x", 20)
    assert Ids("a").new("x", 20)[1:] != Ids("a").new("y", 20)[1:]


def test_a_restarted_world_repeats_no_id_and_keeps_its_clock(tmp_path: Path) -> None:
    made: list[str] = []
    for turn in range(3):
        documents = SqliteDocuments(tmp_path / "state.db")
        worlds = Worlds(documents, source=lambda: 1_000.0)
        world = run(worlds.open("shop"))
        assert world.clock.now() == 1_000 + 100 * turn
        made += [world.ids.new("cus_", 14) for _ in range(1_500)]
        run(world.commit([Put("note", f"n{turn}", b"{}")]))
        world.clock.advance(100)
        run(world.save_clock())
        run(documents.close())
    assert len(set(made)) == 4_500


def test_a_frozen_clock_stays_frozen_over_a_restart(tmp_path: Path) -> None:
    documents = SqliteDocuments(tmp_path / "state.db")
    world = run(Worlds(documents, source=lambda: 50.0).open("shop"))
    world.clock.freeze(77)
    run(world.save_clock())
    run(documents.close())
    documents = SqliteDocuments(tmp_path / "state.db")
    assert run(Worlds(documents, source=lambda: 9_999.0).open("shop")).clock.now() == 77
    run(documents.close())


def test_worlds_do_not_see_each_other() -> None:
    documents = MemoryDocuments()
    worlds = Worlds(documents)
    one, other = run(worlds.open("one")), run(worlds.open("other"))
    run(one.commit([Put("cart", "c", b"1", terms=("x=1",))]))
    assert run(other.get("cart", "c")) is None
    assert run(other.page("cart", limit=5)) == run(other.page("cart", limit=5, terms=[["x=1"]])) == []
    run(other.commit([Put("cart", "c", b"2")]))
    assert run(one.get("cart", "c")).body == b"1"
    assert one.account != other.account
    run(documents.close())


def test_a_world_is_opened_once_and_found_by_what_it_holds() -> None:
    documents = MemoryDocuments()
    worlds = Worlds(documents)

    async def both() -> tuple[Any, Any]:
        return await asyncio.gather(worlds.open("one"), worlds.open("one"))

    first, second = run(both())
    assert first is second
    run(first.commit([Put("cart", "c", b"1")]))
    assert run(worlds.holding("cart", "c")) is first
    assert run(worlds.holding("cart", "d")) is None
    run(documents.close())


def test_listeners_hear_of_messages_due_soon_and_of_set_clocks_only() -> None:
    documents = MemoryDocuments()
    worlds = Worlds(documents)
    heard: list[int] = []
    worlds.on_send(lambda: heard.append(1))
    world = run(worlds.open("one"))
    run(world.commit([Put("cart", "c", b"1")]))
    assert len(heard) == 0
    run(world.commit([Send("m", b"", 0)]))
    assert len(heard) == 1
    run(world.commit([Send("later", b"", world.clock.now() + LOOKED_AFTER + 5)]))
    assert len(heard) == 1
    run(world.save_clock())
    assert len(heard) == 2
    run(documents.close())


def test_the_dispatcher_looks_as_often_as_worlds_rely_on() -> None:
    assert LONGEST_WAIT <= LOOKED_AFTER


def test_a_connected_account_has_its_own_documents_and_its_platforms_clock(tmp_path: Path) -> None:
    documents = SqliteDocuments(tmp_path / "state.db")
    worlds = Worlds(documents, source=lambda: 1_000.0)
    platform = run(worlds.open("shop"))
    seller = run(worlds.connected(platform, "acct_1Seller"))
    assert (seller.account, seller.platform, platform.platform) == ("acct_1Seller", platform, None)
    run(seller.commit([Put("cart", "c", b"1")]))
    assert run(platform.get("cart", "c")) is None
    platform.clock.advance(60)
    run(platform.save_clock())
    assert seller.clock.now() == 1_060
    made = seller.ids.new("cus_", 14)
    run(seller.commit([Put("cart", "d", b"1")]))
    run(documents.close())
    documents = SqliteDocuments(tmp_path / "state.db")
    worlds = Worlds(documents, source=lambda: 1_000.0)
    again = run(worlds.connected(run(worlds.open("shop")), "acct_1Seller"))
    assert again.clock.now() == 1_060
    assert run(again.get("cart", "c")).body == b"1"
    assert again.ids.new("cus_", 14) != made
    assert parse_key("sk_test_shop/acct_1Seller") is None
    run(documents.close())
