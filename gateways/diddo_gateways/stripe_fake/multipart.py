"""Uploads: `multipart/form-data` as the parameters of `POST /v1/files`."""

import base64
import re
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import urlencode

from diddo_gateways.stripe_fake import forms
from diddo_gateways.stripe_fake.errors import ParameterRefused

__all__ = ["MEDIA_TYPE", "decode"]

MEDIA_TYPE = b"multipart/form-data"


def decode(body: bytes, content_type: bytes) -> dict[str, Any]:
    """Return the fields of a form by name, nested ones undecided between lists and maps as yet.

    A file is `{"filename", "size", "type", "content"}`, its content in base64.

    Args:
        body: the request's body.
        content_type: its header, which names the boundary.

    Raises:
        ParameterRefused: it is no such form.
    """
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: %b\r\n\r\n%b" % (content_type, body))
    if not message.is_multipart():
        raise ParameterRefused("The request's body is not valid multipart/form-data.")
    texts: list[tuple[str, str]] = []
    files: dict[str, Any] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(content, bytes):
            raise ParameterRefused("The request's body is not valid multipart/form-data.")
        filename = part.get_filename()
        if filename is None:
            texts.append((name, content.decode("utf-8", "replace")))
        else:
            files[name] = _file(re.split(r"[/\\]", filename)[-1], content)
    return forms.decode(urlencode(texts).encode()) | files


def _file(name: str, content: bytes) -> dict[str, Any]:
    _, dot, ending = name.rpartition(".")
    encoded = base64.b64encode(content).decode()
    return {"filename": name, "size": len(content), "type": ending.lower() if dot else None, "content": encoded}
