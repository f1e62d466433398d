"""Files: `/v1/files`, uploaded as `multipart/form-data` and read back at `/v1/files/{file}/contents`.

Events: `file.created`. A file's content is a document of kind `file_content`: `{"id": <the file's>, "content": base64}`.
"""

import base64
import mimetypes

from diddo_gateways.stripe_fake.errors import ParameterRefused, ResourceMissing
from diddo_gateways.stripe_fake.kinds import filtered_by
from diddo_gateways.stripe_fake.lists import listed
from diddo_gateways.stripe_fake.operations import Answer, Call, Download, operation
from diddo_gateways.stripe_fake.resources import file_links
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["download"]

KIND = "file"
CONTENT = "file_content"
# Proofs for disputes are deleted after this long, in seconds; what says who somebody is cannot be read back.
PROOF_LASTS = 270 * 86_400
SECRET_PURPOSES = ("account_requirement", "additional_verification", "identity_document")

filtered_by(KIND, "purpose")


@operation("POST /v1/files")
async def create(call: Call) -> Answer:
    """Keep an uploaded file, and make a link to it if one is asked for."""
    work, params = call.work, call.params
    given = params["file"]
    if not isinstance(given, dict) or "content" not in given:
        raise ParameterRefused("Invalid file: must be uploaded as multipart/form-data", param="file")
    if not given["size"]:
        raise ParameterRefused("The uploaded file is empty.", param="file")
    file_id, purpose = work.new_id("file_1", 23), params["purpose"]
    file = blank(KIND) | {
        "id": file_id,
        "created": work.now,
        "expires_at": work.now + PROOF_LASTS if purpose == "dispute_evidence" else None,
        "filename": given["filename"],
        "links": {"object": "list", "data": [], "has_more": False, "url": f"/v1/file_links?file={file_id}"},
        "purpose": purpose,
        "size": given["size"],
        "type": given["type"],
        "url": None if purpose in SECRET_PURPOSES else f"{work.fake.pages_url}/v1/files/{file_id}/contents",
    }
    work.insert(file)
    work.insert({"object": CONTENT, "id": file_id, "content": given["content"]})
    link = params.get("file_link_data", {})
    if link.get("create"):
        file_links.new(work, file, link, param="file_link_data")
    work.emit("file.created", file)
    return file


@operation("GET /v1/files/{file}")
async def retrieve(call: Call) -> Answer:
    """Return what is known of a file."""
    return await call.work.stored(KIND, call.path[KIND], param=KIND)


@operation("GET /v1/files/{file}/contents")
async def contents(call: Call) -> Download:
    """Return a file as it was uploaded."""
    file = await call.work.fetch(KIND, call.path[KIND], param=KIND)
    if file["url"] is None:
        raise ResourceMissing(KIND, file["id"], param=KIND)
    return await download(call.work, file)


async def download(work: Work, file: JsonObject) -> Download:
    """Return the content of a file, with the media type that its name stands for.

    Raises:
        ResourceMissing: it is over, or there is none.
    """
    content = await work.get(CONTENT, file["id"])
    is_over = file["expires_at"] is not None and work.now >= file["expires_at"]
    if content is None or is_over:
        raise ResourceMissing(KIND, file["id"], param=KIND)
    media_type = mimetypes.guess_type(f"file.{file['type']}")[0] or "application/octet-stream"
    return Download(base64.b64decode(content["content"]), media_type.encode())


@operation("GET /v1/files")
async def list_(call: Call) -> Answer:
    """List files."""
    return await listed(call, KIND)
