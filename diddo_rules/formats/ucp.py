"""Messages in the shape of the Universal Commerce Protocol, for agents that read checkouts.

The shape is that of version 2026-08-25 of the protocol, `schemas/common/types/message.json` of ucp.dev: `type`
(`error`, `warning`, `info`), `code` (any text), `path` (a JSONPath of RFC 9535), `content_type` (`plain`,
`markdown`), `content`, and for errors `severity` (`recoverable`, `requires_buyer_input`, `requires_buyer_review`,
`unrecoverable`). The paths lead into the cart as this API writes it.
"""

import re
from http import HTTPStatus
from typing import Any

from diddo_rules.formats.judged import findings
from diddo_rules.report import Report
from diddo_rules.violations import Violation

__all__ = ["messages"]

_NO_RESOURCE_LEFT = {HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.GONE}
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def messages(report: Report, locale: str | None = None) -> list[dict[str, Any]]:
    """Return the findings and the broken checks as messages.

    An error is `unrecoverable` if there is no cart, or its status says that nothing more can be done with this one
    (404, 409, 410), or a check broke; any other is `recoverable`, because it can be cleared by calls of the API.
    """
    told = [_message(severity, violation, report, locale) for severity, violation in findings(report)]
    told += [
        {"type": "error", "code": "check_crashed", "severity": "unrecoverable"}
        | _content("$", f"The check {crash.check} crashed.")
        for crash in report.crashed
        if crash.blocks
    ]
    return told


def _message(kind: str, violation: Violation, report: Report, locale: str | None) -> dict[str, Any]:
    said = {"type": kind, "code": violation.code}
    if kind == "error":
        lost = report.cart_id is None or violation.http_status in _NO_RESOURCE_LEFT
        said["severity"] = "unrecoverable" if lost else "recoverable"
    text = f"{violation.message_in(locale)} {violation.remedy_in(locale)}"
    return said | _content(_json_path(violation.at), text)


def _content(path: str, text: str) -> dict[str, str]:
    return {"path": path, "content_type": "plain", "content": text}


def _json_path(pointer: str) -> str:
    """Return `$.stores[0].offer` for `/stores/0/offer`."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    return "$" + "".join(map(_selector, steps))


def _selector(step: str) -> str:
    if step.isdecimal():
        return f"[{step}]"
    if _NAME.fullmatch(step):
        return f".{step}"
    escaped = step.replace("\\", "\\\\").replace("'", "\\'")
    return f"['{escaped}']"
