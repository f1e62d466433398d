"""What a test expects to be refused."""

from typing import Any

import pytest
import stripe

__all__ = ["refused"]


def refused(call: Any, *args: Any) -> stripe.InvalidRequestError:
    """Make a call that has to be refused, and return the refusal."""
    with pytest.raises(stripe.InvalidRequestError) as caught:
        call(*args)
    return caught.value
