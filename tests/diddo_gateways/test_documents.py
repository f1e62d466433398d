"""The document store against a model: a dict, read and written the obvious way."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from diddo_gateways.documents import (
    Change,
    Conflict,
    Document,
    Documents,
    Postpone,
    Put,
    Remove,
    Send,
    Settle,
    StateFileError,
)
from diddo_gateways.documents.memory import MemoryDocuments
from diddo_gateways.documents.sqlite import WAITING, SqliteDocuments

WORLDS = st.sampled_from(["a", "b"])
KINDS = st.sampled_from(["cart", "charge"])
NAMES = st.sampled_from([f"id{number}" for number in range(8)])
TERMS = st.lists(st.sampled_from(["x=1", "x=2", "y=1", "y=true"]), max_size=3).map(tuple)
TIMES = st.integers(0, 20)
LEASE = 5


def run(awaitable: Awaitable[Any]) -> Any:
    async def wait() -> Any:
        return await awaitable

    return asyncio.run(wait())


@dataclass
class Row:
    body: bytes
    version: int
    seq: int
    created: int
    terms: tuple[str, ...]


@dataclass
class Waiting:
    body: bytes
    due: int
    attempt: int
    number: int


class DocumentsAgainstModel(RuleBasedStateMachine):
    """Every call, in any order, answers as the model does; a restart from the file changes nothing."""

    changes: Bundle[Change] = Bundle("changes")

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.path = Path(self.folder.name) / "state.db"
        self.documents: Documents = self.opened()
        self.rows: dict[tuple[str, str, str], Row] = {}
        self.messages: dict[tuple[str, str], Waiting] = {}
        self.sequence = 0
        self.sent = 0

    def opened(self) -> Documents:
        return SqliteDocuments(self.path)

    def restarted(self) -> Documents:
        run(self.documents.close())
        return self.opened()

    def teardown(self) -> None:
        run(self.documents.close())
        self.folder.cleanup()

    @initialize(target=changes)
    def begin(self) -> Any:
        return multiple()

    @rule(world=WORLDS)
    def kinds(self, world: str) -> None:
        assert run(self.documents.kinds(world)) == sorted({kind for held, kind, _ in self.rows if held == world})

    @rule(target=changes, kind=KINDS, name=NAMES, body=st.binary(max_size=9), created=TIMES, terms=TERMS)
    def new(self, kind: str, name: str, body: bytes, created: int, terms: tuple[str, ...]) -> Change:
        return Put(kind, name, body, 0, created, terms)

    @rule(
        target=changes,
        kind=KINDS,
        name=NAMES,
        body=st.binary(max_size=9),
        version=st.integers(1, 3),
        terms=st.none() | TERMS,
    )
    def replacement(self, kind: str, name: str, body: bytes, version: int, terms: tuple[str, ...] | None) -> Change:
        return Put(kind, name, body, version, 0, terms)

    @rule(target=changes, kind=KINDS, name=NAMES, version=st.integers(1, 3))
    def removal(self, kind: str, name: str, version: int) -> Change:
        return Remove(kind, name, version)

    @rule(target=changes, due=TIMES, body=st.binary(max_size=9))
    def message(self, due: int, body: bytes) -> Change:
        self.sent += 1
        return Send(f"m{self.sent}", body, due)

    @rule(target=changes, number=st.integers(1, 5), due=TIMES)
    def later(self, number: int, due: int) -> Change:
        return Postpone(f"m{number}", due)

    @rule(target=changes, number=st.integers(1, 5))
    def done(self, number: int) -> Change:
        return Settle(f"m{number}")

    @rule(world=WORLDS, one=consumes(changes), others=st.lists(consumes(changes), max_size=3))
    def commit(self, world: str, one: Change, others: list[Change]) -> None:
        changes = [one, *others]
        rows, messages, sequence = dict(self.rows), dict(self.messages), self.sequence
        expected = next((False for change in changes if not self.carry_out(world, change)), True)
        if not expected:
            self.rows, self.messages, self.sequence = rows, messages, sequence
        try:
            run(self.documents.commit(world, changes))
        except Conflict:
            assert not expected
        else:
            assert expected

    def carry_out(self, world: str, change: Change) -> bool:
        match change:
            case Put():
                return self.put(world, change)
            case Remove():
                row = self.rows.get((world, change.kind, change.id))
                if row is None or row.version != change.version:
                    return False
                self.rows = {key: kept for key, kept in self.rows.items() if kept is not row}
            case Send():
                self.messages = {**self.messages, (world, change.id): Waiting(change.body, change.due, 0, self.sent)}
            case Settle():
                self.messages = {key: kept for key, kept in self.messages.items() if key != (world, change.id)}
            case Postpone():
                waiting = self.messages.get((world, change.id))
                if waiting is not None:
                    moved = Waiting(waiting.body, change.due, waiting.attempt, waiting.number)
                    self.messages = {**self.messages, (world, change.id): moved}
        return True

    def put(self, world: str, put: Put) -> bool:
        key = (world, put.kind, put.id)
        row = self.rows.get(key)
        if put.version == 0:
            if row is not None:
                return False
            self.sequence += 1
            made = Row(put.body, 1, self.sequence, put.created, tuple(put.terms or ()))
            self.rows = {**self.rows, key: made}
            return True
        if row is None or row.version != put.version:
            return False
        terms = row.terms if put.terms is None else tuple(put.terms)
        self.rows = {**self.rows, key: Row(put.body, row.version + 1, row.seq, row.created, terms)}
        return True

    @rule(world=WORLDS, kind=KINDS, name=NAMES)
    def get(self, world: str, kind: str, name: str) -> None:
        found: Document | None = run(self.documents.get(world, kind, name))
        row = self.rows.get((world, kind, name))
        if row is None:
            assert found is None
        else:
            assert found is not None
            assert (found.id, found.body, found.version, found.created) == (name, row.body, row.version, row.created)

    @rule(kind=KINDS, name=NAMES)
    def locate(self, kind: str, name: str) -> None:
        holders = {world for world, its_kind, its_name in self.rows if (its_kind, its_name) == (kind, name)}
        found = run(self.documents.locate(kind, name))
        assert found in holders or (found is None and not holders)

    @rule(
        world=WORLDS,
        kind=KINDS,
        limit=st.integers(1, 9),
        terms=st.lists(st.lists(st.sampled_from(["x=1", "x=2", "y=1"]), min_size=1, max_size=2), max_size=2),
        created=st.none() | st.tuples(TIMES, TIMES),
        cursor=st.none() | st.tuples(st.sampled_from(["after", "before"]), NAMES),
    )
    def page(
        self,
        world: str,
        kind: str,
        limit: int,
        terms: list[list[str]],
        created: tuple[int, int] | None,
        cursor: tuple[str, str] | None,
    ) -> None:
        wanted = [
            (name, row)
            for (its_world, its_kind, name), row in self.rows.items()
            if (its_world, its_kind) == (world, kind)
            and all(any(term in row.terms for term in group) for group in terms)
            and (created is None or created[0] <= row.created <= created[1])
        ]
        bounds: dict[str, int] = {}
        anchor = None if cursor is None else self.rows.get((world, kind, cursor[1]))
        if cursor is not None and anchor is not None:
            stored = run(self.documents.get(world, kind, cursor[1]))
            bounds[cursor[0]] = stored.seq
            older = cursor[0] == "after"
            wanted = [pair for pair in wanted if (pair[1].seq < anchor.seq if older else pair[1].seq > anchor.seq)]
        wanted.sort(key=lambda pair: -pair[1].seq)
        expected = wanted[-limit:] if "before" in bounds else wanted[:limit]
        found = run(self.documents.page(world, kind, limit=limit, terms=terms, created=created, **bounds))
        assert [document.id for document in found] == [name for name, _ in expected]

    @rule(world=WORLDS, now=TIMES, limit=st.integers(1, 3))
    def claim(self, world: str, now: int, limit: int) -> None:
        due = [(key, one) for key, one in self.messages.items() if key[0] == world and one.due <= now]
        found = run(self.documents.claim(world, now=now, lease=LEASE, limit=limit))
        taken = {message.id for message in found}
        assert len(taken) == min(limit, len(due))
        assert taken <= {name for (_, name), _ in due}
        if len(due) > limit:
            # The longest overdue go first.
            assert max(one.due for key, one in due if key[1] in taken) <= min(
                one.due for key, one in due if key[1] not in taken
            )
        for message in found:
            waiting = self.messages[world, message.id]
            assert (message.body, message.attempt) == (waiting.body, waiting.attempt + 1)
            claimed = Waiting(waiting.body, now + LEASE, waiting.attempt + 1, waiting.number)
            self.messages = {**self.messages, (world, message.id): claimed}

    @rule()
    def restart(self) -> None:
        self.documents = self.restarted()

    @invariant()
    def waiting_names_the_first_of_each_world(self) -> None:
        first: dict[str, int] = {}
        for (world, _), one in self.messages.items():
            first[world] = min(first.get(world, one.due), one.due)
        assert dict(run(self.documents.waiting())) == first


class MemoryAgainstModel(DocumentsAgainstModel):
    """The same in memory, which no restart survives."""

    def opened(self) -> Documents:
        return MemoryDocuments()

    def restarted(self) -> Documents:
        return self.documents


TestDocumentsAgainstModel = DocumentsAgainstModel.TestCase
TestDocumentsAgainstModel.settings = settings(max_examples=30, stateful_step_count=40, deadline=None)
TestMemoryAgainstModel = MemoryAgainstModel.TestCase
TestMemoryAgainstModel.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@pytest.fixture(params=["sqlite", "memory"])
def documents(request: Any, tmp_path: Path) -> Iterator[Documents]:
    held = SqliteDocuments(tmp_path / "shop.db") if request.param == "sqlite" else MemoryDocuments()
    yield held
    run(held.close())


def test_a_failed_change_leaves_nothing_behind(documents: Documents) -> None:
    run(documents.commit("w", [Put("cart", "one", b"1")]))
    with pytest.raises(Conflict) as conflict:
        run(documents.commit("w", [Put("cart", "two", b"2"), Send("m", b"", 0), Put("cart", "one", b"1")]))
    assert (conflict.value.kind, conflict.value.document_id) == ("cart", "one")
    assert run(documents.get("w", "cart", "two")) is None
    assert run(documents.waiting()) == []


def test_many_new_documents_are_written_in_their_order_and_a_double_is_named(documents: Documents) -> None:
    puts = [Put("cart", f"c{number}", b"%d" % number, terms=(f"n={number % 3}", "all=1")) for number in range(50)]
    run(documents.commit("w", puts))
    found = run(documents.page("w", "cart", limit=100, terms=[["all=1"]]))
    assert [document.id for document in found] == [put.id for put in reversed(puts)]
    assert len(run(documents.page("w", "cart", limit=100, terms=[["n=1"]]))) == 17
    with pytest.raises(Conflict) as conflict:
        run(documents.commit("w", [Put("cart", "new", b""), Put("cart", "twice", b""), Put("cart", "twice", b"")]))
    assert conflict.value.document_id == "twice"
    assert run(documents.get("w", "cart", "new")) is None


def test_of_many_writers_of_one_version_one_wins(documents: Documents) -> None:
    run(documents.commit("w", [Put("cart", "one", b"0")]))
    wins = 0
    for number in range(50):
        try:
            run(documents.commit("w", [Put("cart", "one", b"%d" % number, 1)]))
            wins += 1
        except Conflict:
            pass
    assert wins == 1
    assert run(documents.get("w", "cart", "one")).body == b"0"


def test_a_removed_document_leaves_no_terms(documents: Documents) -> None:
    run(documents.commit("w", [Put("cart", "one", b"1", terms=("x=1",))]))
    run(documents.commit("w", [Remove("cart", "one", 1), Put("cart", "one", b"2")]))
    assert run(documents.page("w", "cart", limit=5, terms=[["x=1"]])) == []
    assert run(documents.get("w", "cart", "one")).version == 1


def test_a_message_waits_once(documents: Documents) -> None:
    run(documents.commit("w", [Send("m", b"1", 5)]))
    with pytest.raises((ValueError, sqlite3.IntegrityError)):
        run(documents.commit("w", [Put("cart", "one", b"1"), Send("m", b"2", 6)]))
    assert run(documents.get("w", "cart", "one")) is None
    run(documents.commit("w", [Settle("m"), Send("m", b"3", 7)]))
    assert run(documents.waiting()) == [("w", 7)]


def test_what_is_swept_away_is_not_walked_over_again(documents: Documents) -> None:
    run(documents.commit("w", [Put("cart", f"c{number}", b"") for number in range(9)]))
    run(documents.commit("w", [Remove("cart", f"c{number}", 1) for number in (2, 1, 0, 5)]))
    assert [found.id for found in run(documents.page("w", "cart", limit=2, before=0))] == ["c4", "c3"]
    assert [found.id for found in run(documents.page("w", "cart", limit=9))] == ["c8", "c7", "c6", "c4", "c3"]


def test_finding_what_is_due_does_not_read_every_message(tmp_path: Path) -> None:
    documents = SqliteDocuments(tmp_path / "shop.db")
    plan = documents._db.execute(  # noqa: SLF001  the plan is what matters, and nothing public shows it
        "EXPLAIN QUERY PLAN " + WAITING
    ).fetchall()
    scans = [row[3] for row in plan if row[3].startswith("SCAN") and "worlds" not in row[3]]
    assert scans == []
    run(documents.close())


def test_a_file_that_is_no_state_file_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("these are notes, " * 100)
    with pytest.raises(StateFileError, match=r"notes\.txt"):
        SqliteDocuments(path)


def test_a_file_in_use_is_refused(tmp_path: Path) -> None:
    first = SqliteDocuments(tmp_path / "state.db")
    run(first.commit("w", [Put("cart", "one", b"1")]))
    with pytest.raises(StateFileError, match=r"state\.db"):
        SqliteDocuments(tmp_path / "state.db")
    run(first.close())


def test_a_file_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    run(SqliteDocuments(path).close())
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    with pytest.raises(StateFileError, match="newer release"):
        SqliteDocuments(path)
