"""Where choices come from: one generator of carts is driven by a seed, by a list, or by Hypothesis."""

from collections.abc import Iterable, MutableSequence
from random import Random

from diddo_rules.context import Pick

__all__ = ["NothingToPick", "recorded", "replayed", "seeded", "unpacked"]


class NothingToPick(LookupError):
    """A choice was asked for where there is nothing to choose, as a line of an empty store."""

    def __init__(self) -> None:
        super().__init__("there is nothing to choose from")


def seeded(seed: int) -> Pick:
    """Return the fast driver: the same seed makes the same choices."""
    random = Random(seed).random  # noqa: S311 (test data, no secret)

    def pick(count: int) -> int:
        if count < 1:
            raise NothingToPick
        return int(random() * count)

    return pick


def replayed(choices: Iterable[int]) -> Pick:
    """Return a driver that makes the given choices, and the plainest ones when they run out.

    A choice that is too large, because the generator has changed since, counts modulo what there is.
    """
    ahead = iter(choices)

    def pick(count: int) -> int:
        if count < 1:
            raise NothingToPick
        return next(ahead, 0) % count

    return pick


def recorded(pick: Pick, into: MutableSequence[int]) -> Pick:
    """Return a driver that also notes each choice, for `replayed`."""

    def noting(count: int) -> int:
        choice = pick(count)
        into.append(choice)
        return choice

    return noting


def unpacked(number: int) -> Pick:
    """Return a driver that takes its choices from one number, in mixed radix, lowest digit first.

    Hypothesis pays for each number drawn, whatever its size: one per line of a cart is what makes it fast.
    """
    rest = number

    def pick(count: int) -> int:
        nonlocal rest
        if count < 1:
            raise NothingToPick
        rest, digit = divmod(rest, count)
        return digit

    return pick
