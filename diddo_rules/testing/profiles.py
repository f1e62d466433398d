"""The Hypothesis profiles `dev` (fast, random), `ci` (the same verdict for the same commit) and `nightly` (hours)."""

from hypothesis import settings
from hypothesis.database import DirectoryBasedExampleDatabase

__all__ = ["NIGHTLY", "register_profiles"]

NIGHTLY = "nightly"
"""The profile in which the carts of the strategies hold wild text."""


def register_profiles() -> None:
    """Make the profiles known to Hypothesis: `pytest --hypothesis-profile ci`, or `settings.load_profile("ci")`.

    What `nightly` finds is kept in the folder `.hypothesis` and tried first the next time, also where CI is set.
    """
    # No deadline: a shared machine stalls now and then, which says nothing about the code.
    settings.register_profile("dev", max_examples=50, deadline=None)
    settings.register_profile("ci", max_examples=200, deadline=None, derandomize=True, database=None, print_blob=True)
    kept = DirectoryBasedExampleDatabase(".hypothesis/examples")
    settings.register_profile(
        NIGHTLY, max_examples=50_000, deadline=None, derandomize=False, database=kept, print_blob=True
    )
