"""The rules that hold in each world: which checks are enforced, only recorded or off, and what was recorded."""

import logging
from collections import deque
from collections.abc import Mapping
from typing import Any

import orjson

from diddo_gateways.documents import Conflict, Put
from diddo_gateways.worlds import World
from diddo_rules import Cart, Context, Engine, PlanError, Report, SettingsError
from diddo_rules.context import POINTS
from diddo_rules.policies import Mode
from diddo_sandbox.errors import ApiError, InternalServerError

__all__ = ["Rules", "refusal"]

log = logging.getLogger(__name__)

KIND, ID = "rules", "modes"
RECORDED = 200
"""The shadow findings of a world that are kept, the latest ones."""


class Rules:
    """Validates the carts of all worlds, each by the modes that its users have set.

    Args:
        engine: the checks, with the modes of the settings, which hold in a world until somebody says otherwise.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._engines: dict[str, Engine] = {}
        self._recorded: dict[str, deque[dict[str, Any]]] = {}

    async def validate(self, world: World, cart: Cart | None, context: Context) -> Report:
        """Return the report on a cart; what checks in shadow mode say is recorded, and each crash is logged."""
        return self._noted(world, context, await (await self.engine(world)).validate_async(cart, context))

    async def trace(self, world: World, cart: Cart | None, context: Context) -> Report:
        """Return the report with its trace, recording nothing."""
        return await (await self.engine(world)).trace_async(cart, context)

    async def validate_change(self, world: World, before: bytes, after: Mapping[str, Any]) -> Report | None:
        """Return the report on a cart that is being edited; None where no check is asked about that.

        Args:
            world: whose cart it is.
            before: the cart as JSON.
            after: the cart as it would be.
        """
        engine = await self.engine(world)
        if not engine.plan_at("cart").steps:
            return None
        context = Context(cart_id=str(after["id"]), point="cart")
        was, becomes = Cart.model_validate_json(before), Cart.model_validate(after)
        report = await engine.validate_change_async(was, becomes, context)
        return self._noted(world, context, report)

    async def engine(self, world: World) -> Engine:
        """Return the engine that holds in a world."""
        if world.name not in self._engines:
            engine, document = self._engine, await world.get(KIND, ID)
            if document is not None:
                engine = engine.fork()
                for name, mode in orjson.loads(document.body).items():
                    try:
                        engine.set_mode(name, mode)
                    except (SettingsError, PlanError) as error:  # the plugins may be others since
                        log.warning(
                            "the mode %s of %s holds no longer in the world %s: %s", mode, name, world.name, error
                        )
            self._engines[world.name] = engine
        return self._engines[world.name]

    async def set_mode(self, world: World, name: str, mode: Mode) -> None:
        """Enforce, shadow or switch off a code, a check or a plugin in one world, from its next validation on.

        Raises:
            SettingsError: there is no such code, check or plugin.
            PlanError: with that check the others cannot be put in order.
        """
        while True:
            document = await world.get(KIND, ID)
            engine = (await self.engine(world)).fork()
            engine.set_mode(name, mode)
            version = 0 if document is None else document.version
            try:
                await world.commit([Put(KIND, ID, orjson.dumps(dict(engine.modes)), version=version)])
            except Conflict:
                continue
            self._engines[world.name] = engine
            return

    async def listed(self, world: World) -> list[dict[str, Any]]:
        """Return every check with its mode and severity by code, in the order in which they run at each point."""
        engine = await self.engine(world)
        orders = {
            point: {step.name: rank for rank, step in enumerate(engine.plan_at(point).steps, 1)} for point in POINTS
        }
        return [
            {
                "check": step.name,
                "plugin": step.plugin,
                "mode": step.mode,
                "codes": {code: policy._asdict() for code, policy in step.policies.items()},
                "runs": {point: order[step.name] for point, order in orders.items() if step.name in order},
                "io": step.info.is_io,
            }
            for step in engine.plan_at("checkout").every_step()
        ]

    def recorded(self, world: World) -> list[dict[str, Any]]:
        """Return what checks in shadow mode have said in a world, the latest first."""
        return list(self._recorded.get(world.name, ()))[::-1]

    def _noted(self, world: World, context: Context, report: Report) -> Report:
        for crash in report.crashed:
            log.error(
                "check %s crashed on cart %s: %s: %s", crash.check, context.cart_id, crash.exception, crash.message
            )
        shadow = report.shadow
        if shadow is not None and (shadow.violations or shadow.warnings or shadow.infos or shadow.crashed):
            record = {
                "at": world.clock.now(),
                "cart_id": context.cart_id,
                "point": context.point,
                "ok": report.ok,
                "shadow": shadow.to_dict(),
            }
            self._recorded.setdefault(world.name, deque(maxlen=RECORDED)).append(record)
        return report


def refusal(report: Report) -> ApiError:
    """Return what is answered for a report that is not ok: its violations, or the crash of a check."""
    if report.violations:
        return ApiError(*report.violations)
    crash = next(crash for crash in report.crashed if crash.blocks)
    return ApiError(InternalServerError(at="", problem=f"The check {crash.check} crashed: {crash.exception}."))
