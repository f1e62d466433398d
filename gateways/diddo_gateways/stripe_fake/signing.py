"""The `Stripe-Signature` of a webhook, and the secrets that it is made with."""

import hashlib
import hmac
from collections.abc import Sequence

from diddo_gateways.stripe_fake.endpoints import SECRET_KIND
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["LONGEST_OVERLAP", "new_secret", "roll", "secrets_of", "signature"]

# Seconds that a rotated secret may go on signing beside the new one.
LONGEST_OVERLAP = 86_400
# The second signature of test mode is for receivers to pass over: nobody has its key.
NOBODYS = b"v0"


def signature(body: bytes, *secrets: str, at: int) -> str:
    """Return the `Stripe-Signature` header of a body that is sent `at` (Unix seconds, real time).

    There is a `v1` for each secret, and a `v0` that verifies with none, as test mode sends it.
    """
    message = b"%d.%s" % (at, body)
    valid = [f"v1={_digest(secret.encode(), message)}" for secret in secrets]
    return ",".join([f"t={at}", *valid, f"v0={_digest(NOBODYS, message)}"])


def _digest(key: bytes, message: bytes) -> str:
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def new_secret(work: Work) -> str:
    """Return a secret that nobody has yet."""
    return work.new_id("whsec_", 32)


def secrets_of(kept: JsonObject, now: int) -> Sequence[str]:
    """Return the secrets that sign now, the newest first, of what is kept of an endpoint (see `endpoints`)."""
    return [kept["secret"], *(former["secret"] for former in kept.get("former", ()) if now < former["until"])]


async def roll(work: Work, endpoint_id: str, *, overlap: int = 0) -> str:
    """Give an endpoint or event destination a new secret and return it.

    Args:
        work: the unit of work.
        endpoint_id: whose.
        overlap: seconds, at most a day, in which deliveries are signed with the former secret as well.

    Raises:
        ResourceMissing: there is no such endpoint.
    """
    kept = await work.fetch(SECRET_KIND, endpoint_id, noun="webhook endpoint")
    until = work.now + min(overlap, LONGEST_OVERLAP)
    former = [old for old in kept.get("former", ()) if work.now < old["until"]]
    if overlap > 0:
        former.insert(0, {"secret": kept["secret"], "until": until})
    kept["secret"], kept["former"] = new_secret(work), former
    work.save(kept)
    return str(kept["secret"])
