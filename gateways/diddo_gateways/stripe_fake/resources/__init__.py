"""The modelled resources, one file each; importing this package registers their operations."""

import importlib
import pkgutil

__all__ = ["load"]


def load() -> None:
    """Import every resource, so that its operations, filters and timers are known."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
