"""Where choices come from: one generator of carts is driven by a seed, by a list, or by Hypothesis."""

from collections.abc import Iterable, MutableSequence
from random import Random

from diddo_rules.context import Pick

__all__ = ["NothingToPick", "choice_bytes", "packed", "recorded", "replayed", "seeded", "unpacked"]

_WIDTH = 4


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


def packed(choices: Iterable[int]) -> bytes:
    """Return choices as bytes of fixed width, from which `unpacked` makes them again; each is below 2**31.

    Hypothesis pays for each value that it draws, whatever its size: one for a whole case is what makes it fast.
    """
    return b"".join((choice * 2 or 1).to_bytes(_WIDTH, "big") for choice in choices)


def unpacked(record: bytes) -> list[int]:
    """Return the choices that bytes stand for: zero throughout is no choice at all.

    So whoever lowers the bytes towards zero takes whole choices away, and with them lines of a cart. A choice is shifted
    by a bit rather than by one, since a carry would stand in the way of lowering it byte by byte.
    """
    numbers = (int.from_bytes(record[start : start + _WIDTH], "big") for start in range(0, len(record), _WIDTH))
    return [number >> 1 for number in numbers if number]


def choice_bytes(count: int) -> int:
    """Return how many bytes `count` packed choices take."""
    return count * _WIDTH
