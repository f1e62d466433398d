"""The Hypothesis profiles `dev` (fast, random) and `ci` (the same verdict for the same commit)."""

from hypothesis import settings

__all__ = ["register_profiles"]


def register_profiles() -> None:
    """Make the profiles known to Hypothesis: `pytest --hypothesis-profile ci`, or `settings.load_profile("ci")`."""
    # No deadline: a shared machine stalls now and then, which says nothing about the code.
    settings.register_profile("dev", max_examples=50, deadline=None)
    settings.register_profile("ci", max_examples=200, deadline=None, derandomize=True, database=None, print_blob=True)
