"""Files that generic operations answer: a quote's PDF."""

from diddo_gateways.stripe_fake.generic.store import Case
from diddo_gateways.stripe_fake.operations import Download
from diddo_gateways.stripe_fake.pdf import pdf

__all__ = ["download"]


async def download(case: Case) -> Download:
    """Return a page that names what it stands for."""
    return Download(pdf([case.parent_id or ""]), b"application/pdf")
