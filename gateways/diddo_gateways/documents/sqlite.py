"""The document store in a file of SQLite, which a restarted server goes on from.

Every call answers inline, in the event loop's thread: a statement takes microseconds, less than handing it to
another thread would.
"""

import sqlite3
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any, assert_never

import orjson

from diddo_gateways.documents import (
    Change,
    Conflict,
    Document,
    Message,
    Postpone,
    Put,
    Remove,
    Send,
    Settle,
    StateFileError,
)

__all__ = ["SqliteDocuments"]

# The number of a document's collection stands above these bits of its `seq`.
SHIFT = 40
COLUMNS = "d.id, d.body, d.version, d.seq, d.created"
# So many new documents go into one statement; there is a text for each number of them.
AT_ONCE = 16
INSERT_DOCUMENTS = [
    "INSERT INTO documents (seq, collection, id, version, created, terms, body) VALUES "  # noqa: S608  constant text
    + ", ".join(["(?, ?, ?, 1, ?, ?, ?)"] * number)
    for number in range(AT_ONCE + 1)
]
# From world to world along the index: GROUP BY would read every message, and one waits for each open session.
WAITING = """
WITH RECURSIVE worlds (world) AS (
    SELECT MIN(world) FROM messages
    UNION ALL
    SELECT (SELECT MIN(m.world) FROM messages m WHERE m.world > worlds.world) FROM worlds WHERE worlds.world IS NOT NULL
)
SELECT world, (SELECT MIN(m.due) FROM messages m WHERE m.world = worlds.world) FROM worlds WHERE world IS NOT NULL
"""


class SqliteDocuments:
    """Documents in SQLite.

    Args:
        path: the state file, made when absent.

    Raises:
        StateFileError: the file cannot be opened, is no state file, is of a newer release, or is in use.
    """

    def __init__(self, path: Path) -> None:
        try:
            # Whoever holds the file keeps it: there is little to wait for.
            self._db = sqlite3.connect(path, isolation_level=None, cached_statements=256, timeout=1)
            self._prepare()
        except (sqlite3.Error, StateFileError) as error:
            raise StateFileError(f"cannot use the state file {path}: {error}") from error
        self._last: dict[int, int] = {}
        self._collections: dict[tuple[str, str], int] = {
            (world, kind): number for number, world, kind in self._db.execute("SELECT id, world, kind FROM collections")
        }

    def _prepare(self) -> None:
        # Objects are of one to three kB: on a larger page several fit, and fewer pages are touched. New files only.
        self._db.execute("PRAGMA page_size = 8192")
        # One server per file: two would hand out the same ids.
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA temp_store = MEMORY")
        steps = sorted(
            (entry for entry in resources.files(__package__).joinpath("migrations/sqlite").iterdir()),
            key=lambda entry: entry.name,
        )
        done: int = self._db.execute("PRAGMA user_version").fetchone()[0]
        if done > len(steps):
            raise StateFileError(f"it was written by a newer release (schema {done}, this one knows {len(steps)})")
        for number, step in enumerate(steps[done:], start=done + 1):
            script = step.read_text(encoding="utf-8")
            self._db.executescript(f"BEGIN; {script}; PRAGMA user_version = {number}; COMMIT;")

    async def get(self, world: str, kind: str, document_id: str) -> Document | None:
        """Return one document, or None."""
        collection = self._collections.get((world, kind))
        if collection is None:
            return None
        row = self._db.execute(
            f"SELECT {COLUMNS} FROM documents d WHERE d.id = ? AND d.collection = ?",  # noqa: S608  constant text
            (document_id, collection),
        ).fetchone()
        return None if row is None else Document(*row)

    async def kinds(self, world: str) -> list[str]:
        """Return the kinds of which the world has documents, in alphabetical order."""
        rows = self._db.execute(
            "SELECT kind FROM collections c WHERE world = ?"
            " AND EXISTS (SELECT 1 FROM documents d WHERE d.seq BETWEEN c.id << ? AND ((c.id + 1) << ?) - 1)"
            " ORDER BY kind",
            (world, SHIFT, SHIFT),
        )
        return [kind for (kind,) in rows]

    async def locate(self, kind: str, document_id: str) -> str | None:
        """Return the world that holds the document, or None."""
        row = self._db.execute(
            "SELECT c.world FROM documents d JOIN collections c ON c.id = d.collection WHERE d.id = ? AND c.kind = ?",
            (document_id, kind),
        ).fetchone()
        return None if row is None else str(row[0])

    async def page(
        self,
        world: str,
        kind: str,
        *,
        limit: int,
        terms: Sequence[Sequence[str]] = (),
        created: tuple[int, int] | None = None,
        after: int | None = None,
        before: int | None = None,
    ) -> list[Document]:
        """Return up to `limit` documents, newest first; see `Documents.page`."""
        collection = self._collections.get((world, kind))
        if collection is None:
            return []
        low, high = collection << SHIFT, (collection + 1) << SHIFT
        if after is not None:
            high = min(high, after)
        if before is not None:
            low = max(low, before)
        source, seq = "documents d", "d.seq"
        conditions: list[str] = []
        arguments: list[str | int] = []
        groups = list(terms)
        # A lone term is walked in order along its index; further ones are looked up for each row.
        lone = next((group for group in groups if len(group) == 1), None)
        if lone is not None:
            groups.remove(lone)
            source, seq = "terms t JOIN documents d ON d.seq = t.seq", "t.seq"
            conditions, arguments = ["t.term = ?"], [lone[0]]
        conditions.append(f"{seq} > ? AND {seq} < ?")
        arguments += [low, high]
        for group in groups:
            marks = ", ".join("?" * len(group))
            conditions.append(f"EXISTS (SELECT 1 FROM terms e WHERE e.term IN ({marks}) AND e.seq = {seq})")  # noqa: S608
            arguments += group
        if created is not None:
            conditions.append("d.created BETWEEN ? AND ?")
            arguments += created
        direction = "ASC" if before is not None else "DESC"
        rows = self._db.execute(
            f"SELECT {COLUMNS} FROM {source} WHERE {' AND '.join(conditions)} ORDER BY {seq} {direction} LIMIT ?",  # noqa: S608
            (*arguments, limit),
        ).fetchall()
        if before is not None:
            rows.reverse()
        return [Document(*row) for row in rows]

    async def commit(self, world: str, changes: Sequence[Change]) -> None:
        """Carry out all changes, or none; see `Documents.commit`."""
        # Outside the transaction: the cache must not outlive a roll-back.
        for change in changes:
            if isinstance(change, Put) and (world, change.kind) not in self._collections:
                self._open_collection(world, change.kind)
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._carry_out_all(world, changes)
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _carry_out_all(self, world: str, changes: Sequence[Change]) -> None:
        new: list[Put] = []
        for change in changes:
            if isinstance(change, Put) and change.version == 0:
                # New documents wait for each other: one statement writes them all.
                new.append(change)
                continue
            if new and isinstance(change, Put | Remove):
                self._insert(world, new)
                new = []
            self._carry_out(world, change)
        if new:
            self._insert(world, new)

    def _open_collection(self, world: str, kind: str) -> None:
        cursor = self._db.execute("INSERT INTO collections (world, kind) VALUES (?, ?)", (world, kind))
        assert cursor.lastrowid is not None  # noqa: S101  an insert has one
        self._collections[world, kind] = cursor.lastrowid

    def _carry_out(self, world: str, change: Change) -> None:
        match change:
            case Put():
                self._replace(self._collections[world, change.kind], change)
            case Send():
                self._db.execute(
                    "INSERT INTO messages (world, id, due, body) VALUES (?, ?, ?, ?)",
                    (world, change.id, change.due, change.body),
                )
            case Settle():
                self._db.execute("DELETE FROM messages WHERE world = ? AND id = ?", (world, change.id))
            case Postpone():
                self._db.execute(
                    "UPDATE messages SET due = ? WHERE world = ? AND id = ?", (change.due, world, change.id)
                )
            case Remove():
                self._remove(self._collections.get((world, change.kind)), change)
            case _:
                assert_never(change)

    def _next_seq(self, collection: int) -> int:
        """Return the place of a new document: numbers count from 1 in each collection, over restarts too."""
        last = self._last.get(collection)
        if last is None:
            low, high = collection << SHIFT, (collection + 1) << SHIFT
            last = self._db.execute("SELECT MAX(seq) FROM documents WHERE seq > ? AND seq < ?", (low, high)).fetchone()[
                0
            ]
            last = last or low
        self._last[collection] = last + 1
        return last + 1

    def _insert(self, world: str, puts: list[Put]) -> None:
        for start in range(0, len(puts), AT_ONCE):
            self._insert_some(world, puts[start : start + AT_ONCE])

    def _insert_some(self, world: str, puts: list[Put]) -> None:
        documents: list[Any] = []
        index: list[Any] = []
        for put in puts:
            collection = self._collections[world, put.kind]
            seq = self._next_seq(collection)
            terms = list(dict.fromkeys(put.terms or ()))
            documents += (seq, collection, put.id, put.created, orjson.dumps(terms), put.body)
            for term in terms:
                index += (term, seq)
        try:
            self._db.execute(INSERT_DOCUMENTS[len(puts)], documents)
        except sqlite3.IntegrityError as error:
            raise self._conflict(world, puts) from error
        self._add_to_index(index)

    def _conflict(self, world: str, puts: list[Put]) -> Conflict:
        """Say which of some new documents is not new."""
        seen = set()
        for put in puts:
            key = (put.id, self._collections[world, put.kind])
            found = self._db.execute("SELECT 1 FROM documents WHERE id = ? AND collection = ?", key).fetchone()
            if found is not None or key in seen:
                return Conflict(put.kind, put.id, 0)
            seen.add(key)
        raise AssertionError("the store refused documents that are all new")

    def _add_to_index(self, values: list[Any]) -> None:
        if values:
            rows = ", ".join(["(?, ?)"] * (len(values) // 2))
            self._db.execute(f"INSERT INTO terms (term, seq) VALUES {rows}", values)  # noqa: S608  constant text

    def _replace(self, collection: int, put: Put) -> None:
        row = self._db.execute(
            "UPDATE documents SET body = ?, version = version + 1 WHERE id = ? AND collection = ? AND version = ?"
            " RETURNING seq, terms",
            (put.body, put.id, collection, put.version),
        ).fetchone()
        if row is None:
            raise Conflict(put.kind, put.id, put.version)
        if put.terms is not None:
            self._replace_terms(row[0], row[1], list(dict.fromkeys(put.terms)))

    def _replace_terms(self, seq: int, stored: bytes, terms: list[str]) -> None:
        encoded = orjson.dumps(terms)
        if encoded == stored:
            return
        former = orjson.loads(stored)
        for term in former:
            if term not in terms:
                self._db.execute("DELETE FROM terms WHERE term = ? AND seq = ?", (term, seq))
        self._add_to_index([part for term in terms if term not in former for part in (term, seq)])
        self._db.execute("UPDATE documents SET terms = ? WHERE seq = ?", (encoded, seq))

    def _remove(self, collection: int | None, remove: Remove) -> None:
        row = self._db.execute(
            "DELETE FROM documents WHERE id = ? AND collection = ? AND version = ? RETURNING seq, terms",
            (remove.id, collection, remove.version),
        ).fetchone()
        if row is None:
            raise Conflict(remove.kind, remove.id, remove.version)
        for term in orjson.loads(row[1]):
            self._db.execute("DELETE FROM terms WHERE term = ? AND seq = ?", (term, row[0]))

    async def waiting(self) -> list[tuple[str, int]]:
        """Return each world that has queued messages, with the time at which its first is due."""
        return self._db.execute(WAITING).fetchall()

    async def claim(self, world: str, *, now: int, lease: int, limit: int) -> list[Message]:
        """Take messages that are due; see `Documents.claim`."""
        rows = self._db.execute(
            "UPDATE messages SET due = ?, attempt = attempt + 1 WHERE seq IN"
            " (SELECT seq FROM messages WHERE world = ? AND due <= ? ORDER BY due, seq LIMIT ?)"
            " RETURNING id, body, due, attempt, seq",
            (now + lease, world, now, limit),
        ).fetchall()
        rows.sort(key=lambda row: row[4])
        return [Message(*row[:4]) for row in rows]

    async def close(self) -> None:
        """Release the storage."""
        self._db.close()
