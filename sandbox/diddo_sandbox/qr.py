"""QR codes of payment pages."""

import io

__all__ = ["PNG", "SVG", "preferred", "qr_code"]

SVG, PNG = "image/svg+xml", "image/png"
SCALE = 8


def preferred(accept: str) -> str:
    """Return the media type that an Accept header likes better; SVG where it likes both alike, or neither."""
    likes = {"*/*": 1.0} if not accept else dict(_like(part) for part in accept.split(","))
    svg, png = (likes.get(kind, likes.get("image/*", likes.get("*/*", 0.0))) for kind in (SVG, PNG))
    return PNG if png > svg else SVG


def _like(part: str) -> tuple[str, float]:
    kind, *parameters = (piece.strip() for piece in part.split(";"))
    quality = next((value[2:] for value in parameters if value.startswith("q=")), "1")
    try:
        return kind.lower(), float(quality)
    except ValueError:
        return kind.lower(), 0.0


def qr_code(text: str, media_type: str) -> bytes:
    """Return the image of a text."""
    import segno  # noqa: PLC0415  only few checkouts are asked for as an image

    image = io.BytesIO()
    segno.make(text, error="m", micro=False).save(image, kind="png" if media_type == PNG else "svg", scale=SCALE)
    return image.getvalue()
