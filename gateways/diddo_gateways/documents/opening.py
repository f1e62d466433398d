"""Where documents are kept: in a state file when there is one, otherwise in memory."""

from pathlib import Path

from diddo_gateways.documents import Documents
from diddo_gateways.documents.memory import MemoryDocuments
from diddo_gateways.documents.sqlite import SqliteDocuments

__all__ = ["open_documents"]


def open_documents(path: Path | None = None) -> Documents:
    """Return the store of a state file, made when absent; without a file what is kept ends with the process.

    Raises:
        StateFileError: the file cannot be opened, is no state file, is of a newer release, or is in use.
    """
    return MemoryDocuments() if path is None else SqliteDocuments(path)
