"""Reviews: `/v1/reviews`. Payments of elevated risk wait in them for a look; opened by `payments.aftermath`.

Events: `review.opened`, `review.closed`.
"""

from diddo_gateways.stripe_fake.errors import InvalidRequest
from diddo_gateways.stripe_fake.lists import listed
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.payments.aftermath import REVIEW, close_review

__all__: list[str] = []


@operation("GET /v1/reviews/{review}")
async def retrieve(call: Call) -> Answer:
    """Return a review."""
    return await call.work.stored(REVIEW, call.path["review"], param="review")


@operation("GET /v1/reviews")
async def list_(call: Call) -> Answer:
    """List the reviews that are open."""
    return await listed(call, REVIEW, terms=[["open=true"]])


@operation("POST /v1/reviews/{review}/approve")
async def approve(call: Call) -> Answer:
    """Say that the payment is fine."""
    review = await call.work.fetch(REVIEW, call.path["review"], param="review")
    if not review["open"]:
        raise InvalidRequest(f"Review {review['id']} is already closed and cannot be approved.", param="review")
    close_review(call.work, review, "approved")
    return review
