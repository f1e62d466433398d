"""A plugin's settings, which may differ from store to store."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

__all__ = ["StoreSettings"]

_Model = TypeVar("_Model")


@dataclass(frozen=True, slots=True)
class StoreSettings(Generic[_Model]):
    """One plugin's settings: `store_settings["shop.example"]` are those of that store, else those of all stores."""

    default: _Model
    by_store: Mapping[str, _Model] = field(default_factory=dict)

    def __getitem__(self, store: str | None) -> _Model:
        """Return the settings for the store with this domain, which a cart's store may lack."""
        return self.default if store is None else self.by_store.get(store, self.default)
