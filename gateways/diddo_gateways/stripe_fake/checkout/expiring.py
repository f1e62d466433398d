"""The end of a checkout session that nobody completes, and what may come after it.

Events: `checkout.session.expired`, beside that of its intent, which is canceled.
"""

from diddo_gateways.documents import Message, Settle
from diddo_gateways.stripe_fake.checkout.content import CONTENT, content_of
from diddo_gateways.stripe_fake.checkout.opening import open_session
from diddo_gateways.stripe_fake.checkout.states import SESSIONS, expiry_timer
from diddo_gateways.stripe_fake.due import on_due
from diddo_gateways.stripe_fake.payments.setup_attempts import abandon_attempt
from diddo_gateways.stripe_fake.payments.setup_states import SETUPS
from diddo_gateways.stripe_fake.resources.payment_intents import abandon
from diddo_gateways.stripe_fake.transactions import Server, transact
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["RECOVERABLE", "current", "expire_session", "recover"]

KIND = "checkout.session"
# How long a recovery URL leads to a new session, in seconds.
RECOVERABLE = 30 * 86_400


async def current(work: Work, session_id: str, *, param: str = "session", status: int = 404) -> JsonObject:
    """Return a session as it stands now: one whose time is up has expired.

    Raises:
        ResourceMissing: there is none.
    """
    session = await work.fetch(KIND, session_id, param=param, status=status, noun="checkout.session")
    if session["status"] == "open" and session["expires_at"] <= work.now:
        await expire_session(work, session)
    return session


async def expire_session(work: Work, session: JsonObject, *, by_timer: bool = False) -> None:
    """End an open session, with the intent that nobody can confirm any more.

    Raises:
        SessionNotOpen: it is over already.
    """
    SESSIONS.move(session, "expire")
    session["url"] = session["client_secret"] = None
    recovery = (session["after_expiration"] or {}).get("recovery")
    if recovery is not None and recovery["enabled"]:
        recovery["url"] = f"{work.fake.pages_url}/r/{session['id']}"
        recovery["expires_at"] = work.now + RECOVERABLE
    work.save(session)
    if not by_timer:
        work.cancel(expiry_timer(session))
    work.emit("checkout.session.expired", session)
    if session["payment_intent"] is not None:
        await abandon(work, session["payment_intent"])
    if session["setup_intent"] is not None:
        await _abandon_setup(work, session["setup_intent"])


async def _abandon_setup(work: Work, intent_id: str) -> None:
    intent = await work.fetch("setup_intent", intent_id)
    if intent["status"] in SETUPS.allowed("cancel"):
        SETUPS.move(intent, "cancel")
        await abandon_attempt(work, intent)
        intent["next_action"] = None
        work.save(intent)
        work.emit("setup_intent.canceled", intent)


@on_due("expire_session")
async def _time_is_up(work: Work, message: Message, data: JsonObject) -> None:
    """End a session that nobody has read since its time was up."""
    session = await work.get(KIND, data["session"])
    if session is not None and session["status"] == "open":
        await expire_session(work, session, by_timer=True)
    await work.commit(Settle(message.id))


async def recover(server: Server, session_id: str) -> str | None:
    """Open a session like the expired one and return its URL; None when the expired one cannot be recovered, or not any more."""
    world = await server.worlds.holding(CONTENT, session_id)
    if world is None:
        return None

    async def reopen(work: Work) -> str | None:
        session = await current(work, session_id)
        recovery = (session["after_expiration"] or {}).get("recovery") or {}
        if not recovery.get("url") or recovery["expires_at"] <= work.now:
            return None
        params = dict((await content_of(work, session))["request"])
        params.pop("expires_at", None)
        if recovery["allow_promotion_codes"] and not params.get("discounts"):
            params["allow_promotion_codes"] = True
        copy = await open_session(work, params, recovered_from=session_id)
        url: str | None = copy["url"]
        return url

    return await transact(server, world, reopen)
