"""The engine: plugins go in, and out comes a report on each cart."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from importlib.metadata import EntryPoint
from typing import Any, Self

import pluggy
from pydantic import BaseModel

from diddo_rules import hookspecs
from diddo_rules.around import wrap
from diddo_rules.cart import Cart
from diddo_rules.compiled import Stop, compile_plan
from diddo_rules.context import Context, Mutator
from diddo_rules.errors import DiddoError, PluginLoadError, SettingsError
from diddo_rules.loader import FailedPlugin, LoadedPlugin, installed_plugins, load_plugins, plugin_of
from diddo_rules.plan import Plan, make_plan, steps_of
from diddo_rules.report import Report
from diddo_rules.settings import Settings, validate_settings
from diddo_rules.suggest import did_you_mean
from diddo_rules.switches import Switches
from diddo_rules.violations import Violation

__all__ = ["Engine"]

_NO_CONTEXT = Context()


class Engine:
    """Validates carts by the checks of its plugins.

    Args:
        plugins: modules, objects or single checks; a module is named by the last part of its name. Or
            `LoadedPlugin`s, which have a name of their own.
        stop: `all` finds every violation, `first` ends at the first one.
        enable: error codes and plugin names; if empty, everything is on.
        disable: error codes and plugin names that are off, whatever `enable` says.
        settings: each plugin's settings by its name, validated by the model that it declares.
        origins: where settings come from, by dotted key, for error messages.
        not_imported: names of plugins that are known, yet were switched off before they were imported.

    Raises:
        PluginLoadError: a plugin cannot be registered.
        PlanError: the checks cannot be put in order, or clash.
        SettingsError: a switch or a plugin's settings are wrong.
    """

    def __init__(
        self,
        plugins: Iterable[object] = (),
        *,
        stop: Stop = "all",
        enable: Iterable[str] = (),
        disable: Iterable[str] = (),
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        origins: Mapping[str, str] | None = None,
        not_imported: Iterable[str] = (),
    ) -> None:
        self.not_imported = tuple(not_imported)
        self.failed_plugins: tuple[FailedPlugin, ...] = ()
        self._stop = stop
        self._switches = Switches(enable=frozenset(enable), disable=frozenset(disable))
        self._raw_settings = settings or {}
        self._origins = origins or {}
        self._plugins: dict[str, LoadedPlugin] = {}
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        for plugin in plugins:
            self._register(_named(plugin))
        self._make_plan()
        self._require_known_names()

    @classmethod
    def from_settings(cls, settings: Settings, *, installed: Iterable[EntryPoint] | None = None) -> Self:
        """Load the plugins that the settings ask for, and make an engine of them.

        Args:
            settings: what `load_settings` returned.
            installed: entry points to load from; by default those of the group `diddo_rules`.

        Raises:
            PluginLoadError: a plugin is broken, and the settings do not say `broken_plugins = "skip"`.
            PlanError: the checks cannot be put in order, or clash.
            SettingsError: a switch or a plugin's settings are wrong.
        """
        rules = settings.rules
        switches = Switches(enable=frozenset(rules.enable), disable=frozenset(rules.disable))
        loading = load_plugins(
            installed_plugins() if installed is None else installed,
            rules.load,
            directory=settings.directory,
            want=switches.want_plugin,
        )
        if rules.broken_plugins == "stop":
            loading.require_all()
        engine = cls(
            loading.plugins,
            stop=rules.stop,
            enable=rules.enable,
            disable=rules.disable,
            settings=settings.plugins,
            origins=settings.origins,
            not_imported=(*loading.not_imported, *(failed.name for failed in loading.failed)),
        )
        engine.failed_plugins = loading.failed
        return engine

    def validate(self, cart: Cart | None, context: Context = _NO_CONTEXT) -> Report:
        """Return the report on the cart; None stands for a cart that does not exist. A broken check never raises."""
        return self._judge(cart, context)

    @property
    def plan(self) -> Plan:
        """The checks in the order in which they run."""
        return self._plan

    @property
    def plugins(self) -> tuple[LoadedPlugin, ...]:
        """The plugins, by name."""
        return tuple(self._plugins[name] for name in sorted(self._plugins))

    @property
    def violations(self) -> Mapping[str, type[Violation]]:
        """Every violation class of the loaded checks by its code, also of those that are switched off."""
        return self.plan.violations

    @property
    def hook(self) -> pluggy.HookRelay:
        """Pluggy's own way of calling hooks, which knows nothing of order by number, isolation or skipping."""
        return self._manager.hook

    def mutators(self) -> dict[type[Violation], Mutator]:
        """Return all that the plugins offer for breaking a valid cart, by the violation that is then found.

        Raises:
            PluginLoadError: a plugin's hook fails; the text names it.
        """
        return dict(self._mutators)

    def register(self, plugin: object) -> None:
        """Add a plugin to a living engine; the next validation goes by the new plan.

        Raises:
            DiddoError: of the kinds that making an engine raises; the engine is as it was before.
        """
        named = _named(plugin)
        self._register(named)
        try:
            self._make_plan()
        except DiddoError:
            self.unregister(named.name)
            raise

    def unregister(self, name: str) -> None:
        """Take a plugin out of a living engine."""
        if name not in self._plugins:
            raise PluginLoadError(f"there is no plugin {name}. {did_you_mean(name, self._plugins)}")
        del self._plugins[name]
        self._manager.unregister(name=name)
        self._make_plan()

    def _register(self, loaded: LoadedPlugin) -> None:
        try:
            self._manager.register(loaded.plugin, loaded.name)
        except (ValueError, pluggy.PluginValidationError) as error:
            raise PluginLoadError(f"plugin {loaded.name} ({loaded.source}): {error}") from error
        if not self._manager.get_hookcallers(loaded.plugin):
            self._manager.unregister(loaded.plugin)
            raise PluginLoadError(f"plugin {loaded.name} ({loaded.source}) has no check: is @check missing?")
        self._plugins[loaded.name] = loaded

    def _make_plan(self) -> None:
        try:
            self._manager.check_pending()
        except pluggy.PluginValidationError as error:
            raise PluginLoadError(f"{error}. {did_you_mean('', hookspecs.HOOKS)}") from error
        self._settings = self._plugin_settings()
        steps = steps_of(self.hook.check_cart.get_hookimpls(), self._settings)
        on, off = self._switches.apply(steps)
        self._plan = make_plan(on, switched_off=off)
        self._judge = wrap(compile_plan(self._plan, stop=self._stop), self.hook.around_validation)
        vars(self).pop("_mutators", None)

    @cached_property
    def _mutators(self) -> dict[type[Violation], Mutator]:
        found: dict[type[Violation], Mutator] = {}
        for offer in self.hook.mutators.get_hookimpls():
            settings = {"settings": self._settings.get(offer.plugin_name)} if "settings" in offer.argnames else {}
            try:
                offered: Any = offer.function(**settings)
            except Exception as error:
                cause = f"{type(error).__name__}: {error}"
                raise PluginLoadError(f"plugin {offer.plugin_name}: its mutators cannot be had: {cause}") from error
            found |= offered
        return found

    def _require_known_names(self) -> None:
        plugins = {*self._plugins, *self.not_imported}
        self._switches.require_known(plugins, self.violations)
        for name in self._raw_settings:
            if name not in plugins:
                raise SettingsError(f"plugins.{name}: there is no such plugin. {did_you_mean(name, plugins)}")

    def _plugin_settings(self) -> dict[str, BaseModel]:
        """Return each plugin's validated settings by its name."""
        models = {it.plugin_name: _model_from(it) for it in self.hook.settings_model.get_hookimpls()}
        for name in self._raw_settings:
            if name in self._plugins and name not in models:
                raise SettingsError(f"plugins.{name}: this plugin has no settings")
        return {
            name: validate_settings(
                model, self._raw_settings.get(name, {}), section=f"plugins.{name}", origins=self._origins
            )
            for name, model in models.items()
        }


def _model_from(implementation: pluggy.HookImpl) -> type[BaseModel]:
    try:
        model: Any = implementation.function()
    except Exception as error:
        raise PluginLoadError(f"plugin {implementation.plugin_name}: settings_model failed: {error!r}") from error
    if isinstance(model, type) and issubclass(model, BaseModel):
        return model
    raise PluginLoadError(f"plugin {implementation.plugin_name}: settings_model returned {model!r}, which is no model")


def _named(plugin: object) -> LoadedPlugin:
    """Give a bare module, object or check a name."""
    if isinstance(plugin, LoadedPlugin):
        return plugin
    registrable = plugin_of(plugin)
    name = getattr(plugin, "__name__", type(plugin).__name__).rpartition(".")[2]
    return LoadedPlugin(name, registrable, getattr(plugin, "__module__", None) or name)
