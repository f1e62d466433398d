"""QR codes of payment pages."""

import io

__all__ = ["PNG", "SVG", "preferred", "qr_code"]

SVG, PNG = "image/svg+xml", "image/png"
SCALE = 8


def preferred(accept: str) -> str:
    """Return the media type that an Accept header likes better: PNG only where it is asked for before SVG."""
    types = [part.partition(";")[0].strip() for part in accept.split(",")]
    first = next((one for one in types if one in (SVG, PNG)), SVG)
    return PNG if first == PNG else SVG


def qr_code(text: str, media_type: str) -> bytes:
    """Return the image of a text."""
    import segno  # noqa: PLC0415  only few checkouts are asked for as an image

    image = io.BytesIO()
    segno.make(text, error="m", micro=False).save(image, kind="png" if media_type == PNG else "svg", scale=SCALE)
    return image.getvalue()
