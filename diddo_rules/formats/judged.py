"""A cart of a file, and what was said about it: what the formats are made from."""

from collections.abc import Iterator
from dataclasses import dataclass

from diddo_rules.cart import Cart
from diddo_rules.checks import Severity
from diddo_rules.json_places import JsonPlaces
from diddo_rules.report import Report
from diddo_rules.violations import Violation

__all__ = ["JudgedCart", "findings"]


@dataclass(frozen=True, slots=True)
class JudgedCart:
    """`file` is the name of the file as it was given, `places` where in it the cart's values stand."""

    file: str
    cart: Cart
    report: Report
    places: JsonPlaces


def findings(report: Report) -> Iterator[tuple[Severity, Violation]]:
    """Yield what was found with its severity, the worst first; what checks in the mode `shadow` say is left out."""
    yield from (("error", violation) for violation in report.violations)
    yield from (("warning", violation) for violation in report.warnings)
    yield from (("info", violation) for violation in report.infos)
