"""The document store: versioned JSON documents by world and kind, and the messages that leave with a change.

Carts and Stripe objects alike are its rows. A change is a list of `Change` values that are carried out together or
not at all; a document is replaced only by who has read its newest version (compare-and-set). The interface is
asynchronous so that a database server can stand behind it; `MemoryDocuments` and `SqliteDocuments` answer inline.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

__all__ = [
    "Change",
    "Conflict",
    "Document",
    "Documents",
    "Message",
    "Postpone",
    "Put",
    "Remove",
    "Send",
    "Settle",
    "StateFileError",
]


class Document(NamedTuple):
    """One stored document.

    `body` is serialised JSON; `version` counts from 1; `seq` grows with each document that is made of a kind in a
    world, and is what lists are ordered and paged by; `created` is Unix seconds on the clock of the document's world.
    """

    id: str
    body: bytes
    version: int
    seq: int
    created: int


class Message(NamedTuple):
    """One outgoing message: `due` is Unix seconds on its world's clock, `attempt` counts from 1 once claimed."""

    id: str
    body: bytes
    due: int
    attempt: int


class Put(NamedTuple):
    """Write a document. `version` is the one it replaces; 0 makes a new one.

    `terms` are the exact-match index entries of the document, such as `"customer=cus_1"`, by which `page` filters;
    None leaves those of the replaced version as they are. `created` counts for a new document only.
    """

    kind: str
    id: str
    body: bytes
    version: int = 0
    created: int = 0
    terms: Sequence[str] | None = None


class Remove(NamedTuple):
    """Delete the document whose version is `version`."""

    kind: str
    id: str
    version: int


class Send(NamedTuple):
    """Queue a message that becomes due at `due` (Unix seconds on the world's clock)."""

    id: str
    body: bytes
    due: int


class Settle(NamedTuple):
    """Take a message out of the queue: it was delivered, or given up."""

    id: str


class Postpone(NamedTuple):
    """Try a message again at `due` (Unix seconds on the world's clock)."""

    id: str
    due: int


Change = Put | Remove | Send | Settle | Postpone


class Conflict(Exception):
    """A document was not at the version that the change was made from; nothing of the change was written."""

    def __init__(self, kind: str, document_id: str, version: int) -> None:
        super().__init__(f"{kind} {document_id} is no longer at version {version}")
        self.kind = kind
        self.document_id = document_id
        self.version = version


class StateFileError(Exception):
    """The state file cannot be opened: the message names it and says why."""


class Documents(Protocol):
    """What every document store offers."""

    async def get(self, world: str, kind: str, document_id: str) -> Document | None:
        """Return one document, or None."""

    async def kinds(self, world: str) -> list[str]:
        """Return the kinds of which the world has documents, in alphabetical order."""

    async def locate(self, kind: str, document_id: str) -> str | None:
        """Return the world that holds the document, or None: for ids that arrive without a key, as on a page."""

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
        """Return up to `limit` documents, newest first.

        Args:
            world: whose documents.
            kind: which of them.
            limit: at most this many.
            terms: every group must be met; a group is met by any one of its terms.
            created: inclusive bounds on `created`.
            after: only documents that come after this `seq` in the list, that is older ones.
            before: only documents that come before this `seq`: the ones nearest to it, still newest first.
        """

    async def commit(self, world: str, changes: Sequence[Change]) -> None:
        """Carry out all changes, or none.

        Raises:
            Conflict: a document was not at the expected version.

        A message of an id that waits already is the caller's defect, which each store refuses in its own words.
        """

    async def waiting(self) -> list[tuple[str, int]]:
        """Return each world that has queued messages, with the time at which its first is due."""

    async def claim(self, world: str, *, now: int, lease: int, limit: int) -> list[Message]:
        """Take up to `limit` messages that are due at `now`, oldest first.

        Each stays queued, due again after `lease` seconds: whoever claimed it settles or postpones it, and if that
        process dies the message is claimed anew. Delivery is therefore at least once.
        """

    async def close(self) -> None:
        """Release the storage."""
