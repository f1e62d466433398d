"""PDFs of one page of plain text: enough to be opened, saved and sent on."""

from collections.abc import Sequence

__all__ = ["pdf"]

LEADING = 18
TOP, LEFT = 770, 72
# What has a meaning inside a PDF's text.
ESCAPED = str.maketrans({"\\": "\\\\", "(": "\\(", ")": "\\)", "\n": " ", "\r": " "})


def pdf(lines: Sequence[str]) -> bytes:
    """Return a PDF of one page with those lines; what is not of Latin-1 becomes a question mark."""
    shown = " T* ".join(f"({line.translate(ESCAPED)}) Tj" for line in lines)
    content = f"BT /F1 12 Tf {LEADING} TL {LEFT} {TOP} Td {shown} ET".encode("latin-1", "replace")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    )
    body, places = b"%PDF-1.4\n", []
    for number, entry in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, entry)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(body))
    return body + head + table + trailer
