"""The engine: plugins go in, and out comes a report on each cart."""

import time
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING, Any, Self

import pluggy

from diddo_rules import hookspecs
from diddo_rules.around import Around, Revalidate, wrap, wrap_revalidation, wrappers_of
from diddo_rules.careful import CarefulPass, Stop
from diddo_rules.cart import Cart
from diddo_rules.changes import only_worsened
from diddo_rules.checks import info_of
from diddo_rules.compiled import Judge, compile_plan, limited
from diddo_rules.context import POINTS, Context, Mutator, Point
from diddo_rules.errors import DiddoError, NeedsAwait, PluginLoadError, SettingsError
from diddo_rules.io_lane import IoLane
from diddo_rules.loader import FailedPlugin, LoadedPlugin, installed_plugins, load_plugins, named_plugin
from diddo_rules.plan import Plan, make_plan, steps_of
from diddo_rules.plugin_settings import PluginSettings
from diddo_rules.policies import CheckSettings, IoSettings, Layer, Mode, Policies
from diddo_rules.report import Report
from diddo_rules.revalidation import Revalidation
from diddo_rules.settings import Settings, origin_of
from diddo_rules.store_settings import StoreSettings
from diddo_rules.suggest import did_you_mean
from diddo_rules.telemetry import observation, observed
from diddo_rules.time_limit import time_limit as within
from diddo_rules.violations import ApiCall, Violation

if TYPE_CHECKING:
    from diddo_rules.trace import TimedPass

__all__ = ["Engine"]

_NO_CONTEXT = Context()
_CHECKOUT = ApiCall("POST", "/checkout/{cart_id}", "Opens the payment session.")


@dataclass(frozen=True, slots=True)
class _Course:
    """What is done at one enforcement point; `judge_all` goes on after the first violation, whatever the settings say."""

    plan: Plan
    judge: Judge
    judge_all: Judge
    revalidate: Revalidate


class Engine:
    """Validates carts by the checks of its plugins.

    Args:
        plugins: modules, objects or single checks; a module is named by the last part of its name. Or
            `LoadedPlugin`s, which have a name of their own.
        stop: `all` finds every violation, `first` ends at the first one.
        enable: error codes and plugin names; if empty, everything is on.
        disable: error codes and plugin names that are off, whatever `enable` says.
        settings: each plugin's settings by its name, validated by the model that it declares.
        checks: mode, severity and order by code, check or plugin.
        points: what differs at an enforcement point.
        stores: what differs for a store, by its domain.
        io: what I/O checks are given.
        time_limit: the seconds after which a plain check is taken for hanging, and stopped; None waits for ever. It
            works in the main thread.
        clock: what the I/O checks' circuit breakers go by, in seconds.
        origins: where settings come from, by dotted key, for error messages.
        not_imported: names of plugins that are known, yet were switched off before they were imported.

    Raises:
        PluginLoadError: a plugin cannot be registered.
        PlanError: the checks cannot be put in order, or clash.
        SettingsError: a switch or a plugin's settings are wrong.
    """

    def __init__(  # noqa: PLR0913  one keyword for each table of the settings
        self,
        plugins: Iterable[object] = (),
        *,
        stop: Stop = "all",
        enable: Iterable[str] = (),
        disable: Iterable[str] = (),
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        checks: Mapping[str, CheckSettings] | None = None,
        points: Mapping[Point, Layer] | None = None,
        stores: Mapping[str, Layer] | None = None,
        io: IoSettings | None = None,
        time_limit: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        origins: Mapping[str, str] | None = None,
        not_imported: Iterable[str] = (),
    ) -> None:
        self.not_imported = tuple(not_imported)
        self.failed_plugins: tuple[FailedPlugin, ...] = ()
        self._stop = stop
        self._time_limit = time_limit
        self._lane = IoLane(io or IoSettings(), clock=clock)
        self._policies = Policies(
            enable=frozenset(enable),
            disable=frozenset(disable),
            checks=checks or {},
            points=points or {},
            stores=stores or {},
        )
        self._plugin_settings = PluginSettings(settings or {}, origins or {})
        self._plugins: dict[str, LoadedPlugin] = {}
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        for plugin in plugins:
            self._register(named_plugin(plugin))
        self._make_plans()
        self._require_known_names(lambda key: origin_of(key, origins or {}))

    @classmethod
    def from_settings(
        cls, settings: Settings, *, installed: Iterable[EntryPoint] | None = None, time_limit: float | None = None
    ) -> Self:
        """Load the plugins that the settings ask for, and make an engine of them.

        Args:
            settings: what `load_settings` returned.
            time_limit: the seconds for plain checks where the settings do not say.
            installed: entry points to load from; by default those of the group `diddo_rules`.

        Raises:
            PluginLoadError: a plugin is broken, and the settings do not say `broken_plugins = "skip"`.
            PlanError: the checks cannot be put in order, or clash.
            SettingsError: a switch or a plugin's settings are wrong.
        """
        rules = settings.rules
        loading = load_plugins(
            installed_plugins() if installed is None else installed,
            rules.load,
            directory=settings.directory,
            want=Policies(enable=frozenset(rules.enable), disable=frozenset(rules.disable)).want_plugin,
        )
        if rules.broken_plugins == "stop":
            loading.require_all()
        engine = cls(
            loading.plugins,
            stop=rules.stop,
            enable=rules.enable,
            disable=rules.disable,
            settings=settings.plugins,
            checks=settings.checks,
            points=settings.points,
            stores=settings.stores,
            io=rules.io,
            time_limit=rules.time_limit or time_limit,
            origins=settings.origins,
            not_imported=(*loading.not_imported, *(failed.name for failed in loading.failed)),
        )
        engine.failed_plugins = loading.failed
        return engine

    def validate(self, cart: Cart | None, context: Context = _NO_CONTEXT) -> Report:
        """Return the report on the cart; None stands for a cart that does not exist. A broken check never raises.

        Raises:
            NeedsAwait: there are I/O checks at this point, so that `validate_async` has to be awaited.
        """
        return self._courses[context.point].judge(cart, context)

    async def validate_async(self, cart: Cart | None, context: Context = _NO_CONTEXT) -> Report:
        """Return the report on the cart as `validate` does, and let the I/O checks have their say."""
        return await self._validate_async(cart, context, self._stop)

    async def _validate_async(self, cart: Cart | None, context: Context, stop: Stop) -> Report:
        course = self._courses[context.point]
        if not course.plan.has_io:
            return course.judge(cart, context) if stop == self._stop else course.judge_all(cart, context)
        around = self._entered(cart, context)
        with observation(course.plan, context) as seen:
            make = CarefulPass if seen is None else seen.careful
            careful = make(course.plan, stop, cart, context)
            with within(self._time_limit):
                careful.go_on()
            io_steps = course.plan.steps[course.plan.first_io :]
            await self._lane.run(io_steps, careful, **({} if seen is None else {"around": seen.check}))
            report = careful.report()
            with within(self._time_limit):
                return around.leave(report if seen is None else seen.done(report))

    def revalidate(
        self, report: Report, cart: Cart, *, changed: Iterable[str], context: Context = _NO_CONTEXT
    ) -> Report:
        """Return what `validate` would, asking only the checks that may read what was changed.

        Args:
            report: what this engine said of the cart before the change, at the same point.
            cart: the cart after the change.
            changed: dotted paths without positions, such as `cost` or `stores.cart_lines`; `context` if that changed.
            context: the circumstances after the change.

        Raises:
            NeedsAwait: there are I/O checks at this point.
            PlanError: no cart has what `changed` names.
        """
        return self._courses[context.point].revalidate(report, cart, tuple(changed), context)

    def validate_change(self, before: Cart | None, after: Cart, context: Context = _NO_CONTEXT) -> Report:
        """Return the report on `after`, in which only what the change has added or worsened is a violation.

        What was wrong already is `tolerated`, so that a shopper can always leave a faulty cart step by step. All checks
        are asked, since to stop at the first violation would hide what else was wrong.

        Raises:
            NeedsAwait: there are I/O checks at this point.
        """
        judge = self._courses[context.point].judge_all
        reports = judge(before, context), judge(after, context)
        return only_worsened(*reports, carts=(before, after))

    async def validate_change_async(self, before: Cart | None, after: Cart, context: Context = _NO_CONTEXT) -> Report:
        """Return the report on a change as `validate_change` does, and let the I/O checks have their say."""
        was = await self._validate_async(before, context, "all")
        reports = was, await self._validate_async(after, context, "all")
        return only_worsened(*reports, carts=(before, after))

    def trace(self, cart: Cart | None, context: Context = _NO_CONTEXT) -> Report:
        """Return what `validate` would, with what each check said, how long it took and what it read.

        Raises:
            NeedsAwait: there are I/O checks at this point.
        """
        plan = self._courses[context.point].plan
        if plan.has_io:
            return self._refuse(cart, context)
        around = self._entered(cart, context)
        careful = self._timed_pass(plan, cart, context)
        return self._traced(careful, around)

    async def trace_async(self, cart: Cart | None, context: Context = _NO_CONTEXT) -> Report:
        """Return what `trace` does, and let the I/O checks have their say."""
        plan = self._courses[context.point].plan
        around = self._entered(cart, context)
        careful = self._timed_pass(plan, cart, context)
        careful.seconds |= await self._lane.run(plan.steps[plan.first_io :], careful)
        return self._traced(careful, around)

    def _timed_pass(self, plan: Plan, cart: Cart | None, context: Context) -> "TimedPass":
        from diddo_rules.trace import TimedPass  # noqa: PLC0415 (only who asks for a trace pays for it)

        careful = TimedPass(plan, self._stop, cart, context)
        with within(self._time_limit):
            careful.go_on()
        return careful

    def _traced(self, careful: "TimedPass", around: Around) -> Report:
        with within(self._time_limit):  # each check is asked again
            report = careful.traced_report(self._plugins)
            return replace(around.leave(report), trace=report.trace)

    def _entered(self, cart: Cart | None, context: Context) -> Around:
        around = Around(self._wrappers, cart, context)
        with within(self._time_limit):
            around.enter()
        return around

    def next_step(self, report: Report) -> ApiCall | None:
        """Return the API call that clears the first violation that a call can clear; that to the checkout if ok."""
        if report.ok:
            return _with_cart(_CHECKOUT, report)
        calls = (violation.cleared_by for violation in report.violations)
        return next((_with_cart(call, report) for call in calls if call), None)

    def fork(self) -> Self:
        """Return an engine of the same plugins and settings, whose modes can be set on their own.

        What `register` and `unregister` do to one of them, the other learns at its next change.
        """
        forked = copy(self)
        forked.__dict__.pop("_mutators", None)
        forked._make_plans()  # noqa: SLF001  of its own class
        return forked

    def set_mode(self, name: str, mode: Mode) -> None:
        """Enforce, shadow or switch off a code, a check or a plugin, from the next validation on.

        Raises:
            SettingsError: there is no such code, check or plugin.
            PlanError: with that check the others cannot be put in order; everything is as it was before.
        """
        if name not in self.names:
            meant = did_you_mean(name, self.names)
            raise SettingsError(f"{name} is neither the code of a loaded check, nor a check, nor a plugin. {meant}")
        before = self._policies
        self._policies = before.with_mode(name, mode)
        try:
            self._make_plans()
        except DiddoError:
            self._policies = before
            self._make_plans()
            raise

    def reset_breakers(self) -> None:
        """Ask all I/O checks again, also those that have failed several times in a row."""
        self._lane.reset()

    @property
    def names(self) -> frozenset[str]:
        """What settings may name: every plugin, check and code."""
        return frozenset({*self._plugins, *(step.name for step in self.plan.every_step()), *self.violations})

    @property
    def modes(self) -> Mapping[str, Mode]:
        """What `set_mode` has said, by name."""
        return self._policies.modes

    def plan_at(self, point: Point) -> Plan:
        """Return the checks in the order in which they run at an enforcement point."""
        return self._courses[point].plan

    @property
    def plan(self) -> Plan:
        """The checks in the order in which they run when somebody asks; other points may differ: `plan_at`."""
        return self._courses["api"].plan

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
        named = named_plugin(plugin)
        self._register(named)
        try:
            self._make_plans()
        except DiddoError:
            self.unregister(named.name)
            raise

    def unregister(self, name: str) -> None:
        """Take a plugin out of a living engine."""
        if name not in self._plugins:
            raise PluginLoadError(f"there is no plugin {name}. {did_you_mean(name, self._plugins)}")
        del self._plugins[name]
        self._manager.unregister(name=name)
        self._make_plans()

    def _register(self, loaded: LoadedPlugin) -> None:
        try:
            self._manager.register(loaded.plugin, loaded.name)
        except (ValueError, pluggy.PluginValidationError) as error:
            raise PluginLoadError(f"plugin {loaded.name} ({loaded.source}): {error}") from error
        if not self._manager.get_hookcallers(loaded.plugin):
            self._manager.unregister(loaded.plugin)
            raise PluginLoadError(f"plugin {loaded.name} ({loaded.source}) has no check: is @check missing?")
        self._plugins[loaded.name] = loaded

    def _make_plans(self) -> None:
        try:
            self._manager.check_pending()
        except pluggy.PluginValidationError as error:
            raise PluginLoadError(f"{error}. {did_you_mean('', hookspecs.HOOKS)}") from error
        self._wrappers = wrappers_of(self.hook.around_validation)
        # Points at which the same holds share one plan.
        made: list[tuple[Any, _Course]] = []
        self._courses = {}
        for point in POINTS:
            holds = self._what_holds_at(point)
            course = next((course for held, course in made if held == holds), None) or self._course(point)
            made.append((holds, course))
            self._courses[point] = course
        self._settings = self._settings_at("api")
        vars(self).pop("_mutators", None)

    def _what_holds_at(self, point: Point) -> tuple[Layer | None, list[bool]]:
        infos = [info_of(it.function) for it in self.hook.check_cart.get_hookimpls()]
        return self._policies.points.get(point), [info is not None and point in info.points for info in infos]

    def _course(self, point: Point) -> _Course:
        settings = self._settings_at(point)
        implementations = self.hook.check_cart.get_hookimpls()
        steps = steps_of(implementations, settings=settings, policies=self._policies, point=point)
        plan = make_plan(steps, point=point)
        if plan.has_io:
            refuse = self._refuse
            return _Course(plan, refuse, refuse, lambda _report, cart, _changed, context: refuse(cart, context))
        judge = self._judge(plan, self._stop)
        judge_all = judge if self._stop == "all" else self._judge(plan, "all")
        revalidate = wrap_revalidation(Revalidation(plan, self._stop).judge, self._wrappers)
        return _Course(plan, judge, judge_all, limited(revalidate, self._time_limit))

    def _judge(self, plan: Plan, stop: Stop) -> Judge:
        judge = observed(compile_plan(plan, stop=stop), plan, stop)
        return limited(wrap(judge, self._wrappers), self._time_limit)

    def _refuse(self, _cart: Cart | None, context: Context) -> Report:
        names = ", ".join(step.name for step in self.plan_at(context.point).steps if step.info.is_io)
        raise NeedsAwait(f"these checks do I/O, so use `await engine.validate_async(cart, context)`: {names}")

    @cached_property
    def _mutators(self) -> dict[type[Violation], Mutator]:
        found: dict[type[Violation], Mutator] = {}
        for offer in self.hook.mutators.get_hookimpls():
            own = self._settings.get(offer.plugin_name)
            settings = {"settings": own and own.default} if "settings" in offer.argnames else {}
            try:
                offered: Any = offer.function(**settings)
            except Exception as error:
                cause = f"{type(error).__name__}: {error}"
                raise PluginLoadError(f"plugin {offer.plugin_name}: its mutators cannot be had: {cause}") from error
            found |= offered
        return found

    def _require_known_names(self, place_of: Callable[[str], str]) -> None:
        plugins = {*self._plugins, *self.not_imported}
        checks = {step.name for step in self.plan.every_step()}
        self._policies.require_known(
            plugins, checks, self.violations, unsure=bool(self.not_imported), place_of=place_of
        )
        for name in self._plugin_settings.tables:
            if name not in plugins:
                place = place_of(f"plugins.{name}")
                raise SettingsError(f"{place}plugins.{name}: there is no such plugin. {did_you_mean(name, plugins)}")

    def _settings_at(self, point: Point) -> dict[str, StoreSettings[Any]]:
        models = self.hook.settings_model
        return self._plugin_settings.at(point, self._policies, declared=models, plugins=self._plugins)


def _with_cart(call: ApiCall, report: Report) -> ApiCall:
    return call if report.cart_id is None else call._replace(path=call.path.replace("{cart_id}", report.cart_id))
