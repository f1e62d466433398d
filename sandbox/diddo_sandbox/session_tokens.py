"""Customer session tokens: signed, and valid for a day on their world's clock."""

from collections.abc import Mapping

from diddo_gateways.worlds import World

__all__ = ["LIFETIME", "session_token"]

LIFETIME = 24 * 3600


async def session_token(secret: bytes, world: World, buyer: Mapping[str, str]) -> str:
    """Return a JWT (HS256) with the world, the buyer's fields and an id of its own."""
    import jwt  # noqa: PLC0415  it brings cryptography along, which is slow to import

    now = world.clock.now()
    claims = {
        "iss": "diddo-sandbox",
        "sub": world.name,
        "jti": world.ids.new("cst_", 20),
        "iat": now,
        "exp": now + LIFETIME,
        "buyer_identity": dict(buyer),
    }
    await world.commit([])  # the id is taken, also over a restart
    return jwt.encode(claims, secret, algorithm="HS256")
