"""`/links/{link}`: a file of the fake Stripe, read by whoever has the URL of a link to it."""

from fastapi import APIRouter, Response

from diddo_gateways.stripe_fake.errors import ResourceMissing
from diddo_gateways.stripe_fake.resources.files import download
from diddo_sandbox.pages.notices import notice
from diddo_sandbox.services import ServicesOf

__all__ = ["router"]

router = APIRouter(include_in_schema=False)
KIND = "file_link"


@router.get("/links/{link_id}")
async def read(link_id: str, services: ServicesOf) -> Response:
    """Send the file as a download: nothing that was uploaded is run in this server's name."""
    world = await services.worlds.holding(KIND, link_id)
    if world is None:
        return notice("There is no such link", "The link is wrong, or the server has been started anew.", 404)
    work = services.stripe.work(world)
    link = await work.fetch(KIND, link_id)
    file = await work.fetch("file", link["file"])
    try:
        content = None if link["expired"] else await download(work, file)
    except ResourceMissing:
        content = None
    if content is None:
        return notice("This link has expired", "The file cannot be read through it any more.", 410)
    headers = {"content-disposition": f'attachment; filename="{link_id}.{_suffix(file["type"])}"'}
    return Response(content.body, media_type=content.media_type.decode(), headers=headers)


def _suffix(file_type: str | None) -> str:
    """Return how the downloaded file's name ends: what was uploaded may have any name."""
    return file_type if file_type and file_type.isalnum() and file_type.isascii() else "bin"
