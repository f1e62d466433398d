"""Packages that import their parts when they are asked for."""

import sys
from collections.abc import Callable, Collection
from importlib import import_module
from typing import Any

__all__ = ["importer"]


def importer(package: str, names: Collection[str], modules: Collection[str]) -> Callable[[str], Any]:
    """Return the `__getattr__` of a package whose public `names` are in the `__all__` of its `modules`."""

    def find(name: str) -> Any:
        if name in names:
            for part in modules:
                module = import_module(f"{package}.{part}")
                if name in module.__all__:
                    found = getattr(module, name)
                    setattr(sys.modules[package], name, found)  # asked for once
                    return found
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return find
