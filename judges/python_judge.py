"""Runs journeys through the official SDK for Python, and prints a line of JSON for the judge and for each journey.

Run it as `python -m judges.python_judge URL FILE...`; `judges/README.md` says what a journey is made of.
"""

import json
import secrets
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import httpx
import stripe

from judges.expectations import Unmet, hold, resolve
from judges.hook import Hook, listening
from judges.methods import call_every_method

__all__ = ["judge", "read_journeys"]

Journey = dict[str, Any]
Step = dict[str, Any]


class _Traveller:
    """One journey on its way: an account of its own, the SDK, and what the steps have named so far."""

    def __init__(self, url: str, hook: Hook) -> None:
        account = f"python-{secrets.token_hex(6)}"
        self.path = f"/{account}"
        self.hook, self.url = hook, url
        self.headers = {"Authorization": f"Bearer sk_test_{account}"}
        keys = {"secret": f"sk_test_{account}", "publishable": f"pk_test_{account}"}
        self.names: dict[str, Any] = {"key": keys, "hook": {"url": hook.url + self.path}}
        stripe.enable_telemetry = False  # it writes into the user's home
        addresses: Any = {"api": url, "files": url, "connect": url, "meter_events": url}
        self.client = stripe.StripeClient(keys["secret"], base_addresses=addresses)

    def take(self, step: Step) -> None:
        """Take one step, and hold what comes of it against what it expects."""
        given = resolve(step, self.names)
        kind = next(it for it in _KINDS if it in given)
        result, headers, refused = _outcome(lambda: _KINDS[kind](self, given))
        if refused and "refused" not in given:
            raise Unmet(f"refused: {json.dumps(result)[:400]}")
        if "refused" in given and not refused:
            raise Unmet("should be refused, and is not")
        hold(result, given.get("refused" if refused else "expect", {}))
        hold(headers, given.get("headers", {}))
        if "save" in given:
            self.names[given["save"]] = result

    def call(self, step: Step) -> tuple[Any, Any]:
        """Call the SDK."""
        method: Any = self.client
        for name in step["call"].split("."):
            method = getattr(method, name)
        answer = method(*step.get("ids", ()), step.get("params", {}), step.get("options", {}))
        if step.get("all"):
            return {"data": [_plain(it) for it in answer.auto_paging_iter()]}, {}
        return _plain(answer), _headers(answer.last_response.headers)

    def every_method(self, _: Step) -> tuple[Any, Any]:
        """Call each method of the SDK."""
        return call_every_method(self.client), {}

    def advance(self, step: Step) -> tuple[Any, Any]:
        """Move the account's clock by so many seconds."""
        body = {"advance": step["advance"]}
        clock = httpx.post(f"{self.url}/_sandbox/clock", json=body, headers=self.headers, trust_env=False)
        return clock.raise_for_status().json(), {}

    def submit(self, step: Step) -> tuple[Any, Any]:
        """Send a page's form, as a browser does."""
        page = httpx.post(step["submit"], data=step["form"], trust_env=False)
        return {"status": page.status_code, "location": page.headers.get("location")}, {}

    def webhooks(self, step: Step) -> tuple[Any, Any]:
        """Wait for all deliveries, and have the SDK verify them; `altered` are as if somebody had changed them."""
        self.advance({"advance": 0})
        altered = b" " if step.get("altered") else b""
        taken = self.hook.taken.get(self.path, [])
        verify = self.client.construct_event
        return [_plain(verify(body + altered, signature, step["webhooks"])) for body, signature in taken], {}


_KINDS: dict[str, Callable[[_Traveller, Step], tuple[Any, Any]]] = {
    "call": _Traveller.call,
    "every_method": _Traveller.every_method,
    "advance": _Traveller.advance,
    "submit": _Traveller.submit,
    "webhooks": _Traveller.webhooks,
}


def _outcome(step: Callable[[], tuple[Any, Any]]) -> tuple[Any, Any, bool]:
    """Return the result, the headers, and whether it is a refusal."""
    try:
        return (*step(), False)
    except stripe.StripeError as error:
        sent: Any = error.json_body or {}
        told = {**sent.get("error", {}), "class": type(error).__name__, "status": error.http_status}
        return told, _headers(error.headers or {}), True


def _plain(answer: stripe.StripeObject) -> Any:
    return answer.to_dict(for_json=True)


def _headers(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def judge(journey: Journey, url: str, hook: Hook) -> str | None:
    """Go on a journey against the server at `url`; return what went wrong, or None."""
    traveller = _Traveller(url, hook)
    for number, step in enumerate(journey["steps"], 1):
        try:
            traveller.take(step)
        except (Unmet, AttributeError, TypeError, httpx.HTTPError) as error:
            return f"step {number}, {json.dumps(step)[:160]}: {error}"
    return None


def read_journeys(files: Iterable[Path]) -> list[Journey]:
    """Return the journeys of some files, in their order."""
    return [journey for file in files for journey in json.loads(file.read_text("utf-8"))]


def main(url: str, *files: str) -> None:
    """Print who judges, and a line for each journey."""
    print(json.dumps({"judge": f"stripe-python {stripe.VERSION}"}), flush=True)
    with listening() as hook:
        for journey in read_journeys(map(Path, files)):
            told = {"journey": journey["journey"], "steps": len(journey["steps"]), "wrong": judge(journey, url, hook)}
            print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
