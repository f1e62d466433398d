"""The shape of `Report.to_dict()`, from which its JSON Schema is made: `diddo check --schema`."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, JsonValue

from diddo_rules.policies import Mode

__all__ = [
    "CrashedCheck",
    "Details",
    "Finding",
    "ReportDocument",
    "SkippedCheck",
    "TracedCheck",
    "report_schema",
]

_CHECK = "The check's name: `plugin:function`."

Code = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$")]
CheckName = Annotated[str, Field(description=_CHECK)]
Status = Annotated[int, Field(ge=200, le=599)]


class Details(BaseModel, extra="forbid"):
    """Where a fault is, what to do about it, and its facts as plain values."""

    pointer: Annotated[str, Field(description="A JSON pointer (RFC 6901) into the cart; empty for the whole cart.")]
    remedy: str
    facts: dict[str, JsonValue]


class Finding(BaseModel, extra="forbid"):
    """One fault, as the API tells it, with the status that it stands for."""

    code: Code
    message: str
    details: Details
    http_status: Status


class SkippedCheck(BaseModel, extra="forbid"):
    """A check that was not asked, and why."""

    check: CheckName
    plugin: str
    reason: str


class CrashedCheck(BaseModel, extra="forbid"):
    """A check that broke or was late; `blocks` says whether the cart is refused for it."""

    check: CheckName
    plugin: str
    exception: str
    message: str
    blocks: bool


class TracedCheck(BaseModel, extra="forbid"):
    """What became of one check."""

    check: CheckName
    plugin: str
    version: str | None
    mode: Mode
    verdict: Literal["passed", "found", "crashed", "skipped", "off"]
    codes: list[Code]
    seconds: Annotated[float | None, Field(ge=0)]
    file: str
    line: Annotated[int, Field(ge=0)]
    reads: Annotated[list[str] | None, Field(description="Dotted paths into the cart, without positions.")]
    reason: str | None


class ReportDocument(BaseModel, extra="forbid"):
    """The verdict on one cart, in the order in which the checks run."""

    ok: Annotated[bool, Field(description="Whether the cart is valid.")]
    http_status: Annotated[Status, Field(description="200 if ok, else that of the first violation, or 500.")]
    violations: Annotated[list[Finding], Field(description="What refuses the cart.")]
    warnings: Annotated[list[Finding], Field(description="What travels with the cart.")]
    infos: Annotated[list[Finding], Field(description="What is only told.")]
    tolerated: Annotated[list[Finding], Field(description="What was wrong already before a change.")]
    ran: list[CheckName]
    skipped: list[SkippedCheck]
    crashed: list[CrashedCheck]
    shadow: Annotated["ReportDocument | None", Field(description="What checks in the mode `shadow` have said.")]
    trace: Annotated[
        list[TracedCheck], Field(default_factory=list, description="Each check; there if it was asked for.")
    ]


def report_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a report's JSON."""
    made = ReportDocument.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Report", **made}
