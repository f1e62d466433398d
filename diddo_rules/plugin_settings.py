"""Each plugin's settings, validated by the model that it declares, as they hold at a point and in each store."""

from collections.abc import Iterator, Mapping
from typing import Any

import pluggy
from pydantic import BaseModel

from diddo_rules.context import Point
from diddo_rules.errors import PluginLoadError, SettingsError
from diddo_rules.policies import Policies
from diddo_rules.settings import origin_of, validate_settings
from diddo_rules.store_settings import StoreSettings

__all__ = ["PluginSettings"]

Tables = Mapping[str, Mapping[str, Any]]


class PluginSettings:
    """The tables of all plugins.

    Args:
        tables: the general ones, by plugin name.
        origins: where settings come from, by dotted key, for error messages.
    """

    def __init__(self, tables: Tables, origins: Mapping[str, str]) -> None:
        self.tables = tables
        self._origins = origins

    def at(
        self, point: Point, policies: Policies, *, declared: pluggy.HookCaller, plugins: Mapping[str, object]
    ) -> dict[str, StoreSettings[Any]]:
        """Return each plugin's settings by its name, as they hold at a point.

        Args:
            point: where carts are validated.
            policies: what the settings say of points and stores.
            declared: the hook by which plugins declare their models.
            plugins: the loaded plugins by name.

        Raises:
            SettingsError: a setting is wrong, or is for a plugin that has none.
            PluginLoadError: a plugin's hook fails, or declares what is no model.
        """
        models = {it.plugin_name: _model_from(it) for it in declared.get_hookimpls()}
        for where, tables in self._every_table(point, policies):
            for name in tables:
                if name in plugins and name not in models:
                    key = f"{where}.{name}"
                    raise SettingsError(f"{origin_of(key, self._origins)}{key}: this plugin has no settings")
        return {name: self._of(name, model, point, policies) for name, model in models.items()}

    def _every_table(self, point: Point, policies: Policies) -> Iterator[tuple[str, Tables]]:
        yield "plugins", self.tables
        if point in policies.points:
            yield f"points.{point}.plugins", policies.points[point].plugins
        for domain, layer in policies.stores.items():
            yield f"stores.{domain}.plugins", layer.plugins

    def _of(self, name: str, model: type[BaseModel], point: Point, policies: Policies) -> StoreSettings[Any]:
        table, where = self.tables.get(name, {}), f"plugins.{name}"
        if point in policies.points and name in policies.points[point].plugins:
            table, where = {**table, **policies.points[point].plugins[name]}, f"points.{point}.plugins.{name}"
        default = validate_settings(model, table, section=where, origins=self._origins)
        by_store = {
            domain: validate_settings(
                model,
                {**table, **layer.plugins[name]},
                section=f"stores.{domain}.plugins.{name}",
                origins=self._origins,
            )
            for domain, layer in policies.stores.items()
            if name in layer.plugins
        }
        return StoreSettings(default, by_store)


def _model_from(implementation: pluggy.HookImpl) -> type[BaseModel]:
    try:
        model: Any = implementation.function()
    except Exception as error:
        raise PluginLoadError(f"plugin {implementation.plugin_name}: settings_model failed: {error!r}") from error
    if isinstance(model, type) and issubclass(model, BaseModel):
        return model
    raise PluginLoadError(f"plugin {implementation.plugin_name}: settings_model returned {model!r}, which is no model")
