"""A failure in forms to pass on: as a test that keeps it from coming back, and as calls that show it."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING

from diddo_rules.cli.failures import CommandFailure, ExitCode

if TYPE_CHECKING:
    from diddo_rules.testing.failures import Failure

__all__ = ["as_curl", "as_pytest"]

_TOLD = {"format", "property", "plugin", "check", "code", "message", "case", "other", "choices", "seed"}


def as_pytest(failure: Failure) -> str:
    """Return a module with one test, which fails as long as the failure is one; its cart stands in it.

    Raises:
        CommandFailure: the failure cannot be repeated without an earlier release.
    """
    from diddo_rules.testing.replaying import AGREES  # noqa: PLC0415 (it imports the kit)

    if failure.property == AGREES:
        message = "a disagreement with an earlier release takes that release: diddo replay --against repeats it"
        raise CommandFailure(message, code="NEEDS_RELEASE", exit_code=ExitCode.USAGE)
    told = failure.model_dump(mode="json", include=_TOLD)
    # Three quotes in a row cannot be in JSON, and what is not ASCII is escaped: so it can stand in a raw string.
    text = json.dumps(told, indent=2)
    return f'''"""Found by diddo fuzz: {_title(failure)}."""

from diddo_rules import Engine
from diddo_rules.testing import Failure, replay

FAILURE = Failure.model_validate_json(r"""
{text}
""")


def test_{_name(failure)}(diddo_engine: Engine) -> None:
    assert replay(FAILURE, diddo_engine) is None
'''


def _name(failure: Failure) -> str:
    return re.sub(r"\W+", "_", _title(failure)).strip("_").lower()


def _title(failure: Failure) -> str:
    return _harmless(f"{failure.property} of {failure.check or failure.code or failure.plugin}")


def _harmless(words: str) -> str:
    """Return words from a file, which may be anybody's, such that they cannot end the text or comment they stand in."""
    return re.sub(r"[^\w:. -]", "_", words)


def as_curl(failure: Failure) -> str:
    """Return shell commands: the cart judged by `diddo check`, and the code asked of a sandbox where there is one."""
    lines = [f"# {_harmless(f'{failure.property} of {failure.plugin}')}", *_check(failure)]
    if failure.code is not None:
        path = shlex.quote(f"/checkout/cart_force_{failure.code}/validate")
        lines += [
            "# The same error from a sandbox (diddo serve), on a cart that is broken for it:",
            "curl -sS -X POST -H 'Authorization: Bearer sk_test_replay' \\",
            f'    "${{DIDDO:-http://127.0.0.1:8080}}"{path}',
        ]
    return "\n".join(lines) + "\n"


def _check(failure: Failure) -> list[str]:
    stored = failure.case
    if stored is None or stored.cart is None:
        return ["# There is no cart to check: the failure is about a cart that does not exist, or that is not known."]
    context = stored.context.model_dump(mode="json", exclude_defaults=True, exclude={"cart_id"})
    told = [f"# It was judged in this context, which no file holds: {json.dumps(context)}"] if context else []
    return [*told, "cat > cart.json <<'CART'", json.dumps(stored.cart, indent=2), "CART", "diddo check cart.json"]
