"""File links: `/v1/file_links`, the URLs at which anybody can read a file until they expire. Stripe has no events of them."""

from diddo_gateways.documents import Message, Settle
from diddo_gateways.stripe_fake.changes import overwrite
from diddo_gateways.stripe_fake.due import on_due
from diddo_gateways.stripe_fake.errors import InvalidRequest
from diddo_gateways.stripe_fake.kinds import filtered_by
from diddo_gateways.stripe_fake.limits import in_future, under
from diddo_gateways.stripe_fake.lists import listed
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["new"]

KIND = "file_link"
SHOWN = 10
NOT_SHARED = ("account_requirement", "additional_verification", "identity_document", "platform_terms_of_service")

filtered_by(KIND, "expired", "file")


@operation("POST /v1/file_links")
async def create(call: Call) -> Answer:
    """Make a link to a file."""
    file = await call.work.fetch("file", call.params["file"], param="file", status=400)
    return new(call.work, file, call.params)


def new(work: Work, file: JsonObject, params: JsonObject, *, param: str = "") -> JsonObject:
    """Make a link to a file and put it into the work.

    Raises:
        InvalidRequest: such files are not shared, or the link would have expired already.
    """
    if file["purpose"] in NOT_SHARED:
        raise InvalidRequest(
            f"File links cannot be made for files with the purpose `{file['purpose']}`.", param=under(param, "file")
        )
    expires_at = params.get("expires_at")
    if expires_at is not None:
        in_future(expires_at, work.now, under(param, "expires_at"))
    link = blank(KIND)
    link |= {
        "id": work.new_id("link_1", 23),
        "created": work.now,
        "expired": False,
        "expires_at": expires_at,
        "file": file["id"],
        "metadata": params.get("metadata") or {},
    }
    link["url"] = f"{work.fake.pages_url}/links/{link['id']}"
    work.insert(link)
    _expire_later(work, link)
    _show(work, file, link)
    return link


def _expire_later(work: Work, link: JsonObject) -> None:
    if link["expires_at"] is not None and not link["expired"]:
        work.later("expire_link", link["expires_at"], message_id=_timer(link), link=link["id"])


def _timer(link: JsonObject) -> str:
    return f"expire>{link['id']}>{link['expires_at']}"


async def _reflect(work: Work, link: JsonObject) -> None:
    file = await work.get("file", link["file"])
    if file is not None:
        _show(work, file, link)


def _show(work: Work, file: JsonObject, link: JsonObject) -> None:
    """Bring the list of its links that a file holds up to date."""
    links = file["links"]
    others = [other for other in links["data"] if other["id"] != link["id"]]
    data = others if link["expired"] else sorted([dict(link), *others], key=lambda one: -int(one["created"]))
    file["links"] = {**links, "data": data[:SHOWN], "has_more": links["has_more"] or len(data) > SHOWN}
    work.save(file)


@operation("GET /v1/file_links/{link}")
async def retrieve(call: Call) -> Answer:
    """Return a file link."""
    return await call.work.stored(KIND, call.path["link"], param="link")


@operation("POST /v1/file_links/{link}")
async def update(call: Call) -> Answer:
    """Change when a file link expires, or its metadata; one that has expired stays so."""
    work, params = call.work, call.params
    link = await work.fetch(KIND, call.path["link"], param="link")
    values: JsonObject = {name: params[name] for name in ("expires_at", "metadata") if name in params}
    if "expires_at" in values:
        if link["expired"]:
            raise InvalidRequest("This file link has already expired.", param="expires_at")
        work.cancel(_timer(link))
        values |= _expiry(values["expires_at"], work.now)
    overwrite(link, values, values)
    work.save(link)
    if "expires_at" in values:
        _expire_later(work, link)
    await _reflect(work, link)
    return link


def _expiry(given: int | str, now: int) -> JsonObject:
    if given == "now":
        return {"expired": True, "expires_at": now}
    return {"expires_at": in_future(given, now, "expires_at") if isinstance(given, int) else None}


@operation("GET /v1/file_links")
async def list_(call: Call) -> Answer:
    """List file links."""
    return await listed(call, KIND)


@on_due("expire_link")
async def expire(work: Work, message: Message, data: JsonObject) -> None:
    """Let a link expire, unless its time has been changed since."""
    link = await work.fetch(KIND, data["link"])
    if not link["expired"] and _timer(link) == message.id:
        link["expired"] = True
        work.save(link)
        await _reflect(work, link)
    await work.commit(Settle(message.id))
