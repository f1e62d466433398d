"""`make bench`: everything, or the parts that are named (`make bench ARGS=engine`)."""

import sys
from collections.abc import Callable

from bench import engine, server

PARTS: dict[str, Callable[[Callable[[str, str, str], None]], None]] = {"engine": engine.run, "server": server.run}


def main(names: list[str]) -> None:
    """Run the parts and print a row per measurement."""
    if unknown := set(names) - set(PARTS):
        sys.exit(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    for name in names or PARTS:
        print(f"\n{name:48}{'measured':>34}   aim")
        PARTS[name](lambda what, figure, aim: print(f"{what:48}{figure:>34}   {aim}", flush=True))


if __name__ == "__main__":
    main(sys.argv[1:])
