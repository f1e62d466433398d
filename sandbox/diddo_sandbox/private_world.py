"""A world of a running sandbox that one test has to itself, and that can be looked at when the test has failed."""

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from diddo_rules.testing.checkout_server import Reply
from diddo_sandbox.testing import RunningSandbox

__all__ = ["SandboxClock", "SandboxWorld"]

PAGE = 100
SECRET = re.compile("secret", re.IGNORECASE)
SECONDS = 30
"""How long an answer may take."""


class SandboxWorld:
    """A private world: its keys, its clock, and requests in its name.

    Args:
        sandbox: the server.
        name: what the world is called; see `diddo_gateways.worlds.world_name`.
    """

    def __init__(self, sandbox: RunningSandbox, name: str) -> None:
        self.name = name
        self.url = sandbox.url
        self.key = f"sk_test_{name}"
        self.publishable_key = f"pk_test_{name}"
        self.clock = SandboxClock(self.request)
        self._sandbox = sandbox

    def request(self, method: str, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None) -> Reply:
        """Send a request over HTTP with the world's key; `body` is sent as JSON, and any status is an answer."""
        sent = {"authorization": f"Bearer {self.key}", "content-type": "application/json", **(headers or {})}
        content = None if body is None else json.dumps(body).encode()
        request = Request(self.url + path, content, sent, method=method)  # noqa: S310  the sandbox's own URL
        try:
            with urlopen(request, timeout=SECONDS) as answer:  # noqa: S310  likewise
                return Reply(answer.status, dict(answer.headers), answer.read())
        except HTTPError as refused:
            with refused:
                return Reply(refused.code, dict(refused.headers), refused.read())

    def export(self) -> dict[str, Any]:
        """Return all that the world holds, by kind and in the order in which it was made; secrets are left out."""
        reading = self._export()
        exported: dict[str, Any] = asyncio.run_coroutine_threadsafe(reading, self._sandbox.loop).result(SECONDS)
        return exported

    def export_to(self, folder: Path) -> Path:
        """Write the export to a file of the folder, which is made if need be, and return the file."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"world-{self.name}.json"
        path.write_text(json.dumps(self.export(), indent=2, ensure_ascii=False) + "\n", "utf-8")
        return path

    async def _export(self) -> dict[str, Any]:
        documents = self._sandbox.app.documents
        kinds = {kind: await self._all(kind) for kind in await documents.kinds(self.name)}
        return {"world": self.name, "documents": kinds}

    async def _all(self, kind: str) -> list[Any]:
        found: list[Any] = []
        last: int | None = None
        while page := await self._sandbox.app.documents.page(self.name, kind, limit=PAGE, after=last):
            found += [{"id": it.id, "created": it.created, "body": _without_secrets(_read(it.body))} for it in page]
            last = page[-1].seq
        return found[::-1]


class SandboxClock:
    """The clock of one world, in Unix seconds; each call returns when all that fell due by it has been done."""

    def __init__(self, request: Callable[..., Reply]) -> None:
        self._request = request

    def now(self) -> int:
        """Return the world's time."""
        return int(self._request("GET", "/_sandbox/clock").json["now"])

    def freeze(self, at: int | None = None) -> int:
        """Stop the clock, now or at a later second, and return the time."""
        return self._set(freeze=True if at is None else at)

    def advance(self, seconds: int) -> int:
        """Move the clock forward, and return the time."""
        return self._set(advance=seconds)

    def resume(self) -> int:
        """Let a frozen clock go on, and return the time."""
        return self._set(resume=True)

    def _set(self, **change: Any) -> int:
        answer = self._request("POST", "/_sandbox/clock", change)
        if answer.status != 200:
            raise ValueError(answer.json["errors"][0]["message"])
        return int(answer.json["now"])


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")  # what is kept that is no JSON, such as an answer for a repeated key


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: "hidden" if SECRET.search(key) else _without_secrets(it) for key, it in value.items()}
    return [_without_secrets(it) for it in value] if isinstance(value, list) else value
