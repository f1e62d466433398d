"""Files that generic operations answer: a quote's PDF."""

from diddo_gateways.stripe_fake.generic.store import Case
from diddo_gateways.stripe_fake.operations import Download

__all__ = ["download"]


async def download(case: Case) -> Download:
    """Return a blank page that names what it stands for."""
    return Download(_pdf(case.parent_id or ""), b"application/pdf")


def _pdf(text: str) -> bytes:
    """Return a PDF of one page with one line of plain text."""
    content = f"BT /F1 12 Tf 72 770 Td ({text}) Tj ET".encode("ascii", "replace")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    body, places = b"%PDF-1.4\n", []
    for number, entry in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, entry)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(body))
    return body + head + table + trailer
