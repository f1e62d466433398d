"""A server that goes on from its state file answers as it did before."""

from pathlib import Path
from typing import Any

import stripe

from diddo_gateways.stripe_fake import catalogue
from diddo_gateways.stripe_fake.testing import InProcessStripe
from judges.recordings.objects import Observed
from judges.recordings.shop import KEY, visit

NOW = 1_800_000_000.0


def answers(fake: InProcessStripe) -> dict[str, Any]:
    """Return what every list and every single object of the API answers, by path."""
    client = fake.client(KEY)
    found: dict[str, Any] = {}
    for operation in catalogue.load().operations.values():
        if operation.method == "GET" and "{" not in operation.path:
            try:
                found[operation.path] = client.raw_request("get", operation.path).data
            except stripe.InvalidRequestError as refused:
                found[operation.path] = str(refused.user_message)
    return found


def test_everything_answers_the_same_after_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "shop.db"
    with InProcessStripe(state, clock=lambda: NOW) as fake:
        visit(fake, Observed())
        fake.advance(3 * 86_400, world=KEY.removeprefix("sk_test_"))
        before = answers(fake)
    with InProcessStripe(state, clock=lambda: NOW) as fake:
        after = answers(fake)
    assert len(before["/v1/events"]["data"]) == 10
    assert [path for path in before if before[path] != after[path]] == []
