"""Uploads: `multipart/form-data` as the parameters of `POST /v1/files`."""

from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from diddo_gateways.stripe_fake.errors import ParameterRefused

__all__ = ["MEDIA_TYPE", "decode"]

MEDIA_TYPE = b"multipart/form-data"


def decode(body: bytes, content_type: bytes) -> dict[str, Any]:
    """Return the fields of a form by name; a file as `{"filename", "size", "type"}`, for its content is not kept.

    Args:
        body: the request's body.
        content_type: its header, which names the boundary.

    Raises:
        ParameterRefused: it is no such form.
    """
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: %b\r\n\r\n%b" % (content_type, body))
    if not message.is_multipart():
        raise ParameterRefused("The request's body is not valid multipart/form-data.")
    fields: dict[str, Any] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(content, bytes):
            raise ParameterRefused("The request's body is not valid multipart/form-data.")
        filename = part.get_filename()
        if filename is None:
            fields[name] = content.decode("utf-8", "replace")
        else:
            fields[name] = {"filename": filename, "size": len(content), "type": filename.rpartition(".")[2].lower()}
    return fields
