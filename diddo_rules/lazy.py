"""Packages that import their parts when they are asked for."""

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
                    return getattr(module, name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return find
