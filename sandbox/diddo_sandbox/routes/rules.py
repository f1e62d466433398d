"""`/_sandbox/rules`: which checks hold in the key's world, and how they are rolled out."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from diddo_rules import PlanError, SettingsError, pointer
from diddo_rules.context import Point
from diddo_rules.policies import Mode
from diddo_sandbox.answers import ERROR_RESPONSES
from diddo_sandbox.errors import ApiError, InvalidValue
from diddo_sandbox.services import CurrentCaller

__all__ = ["router"]

router = APIRouter(prefix="/_sandbox/rules", tags=["Sandbox control"], responses=ERROR_RESPONSES)


class CodePolicy(BaseModel):
    """What becomes of a finding."""

    mode: str
    severity: str


class Rule(BaseModel):
    """One check: its mode, the policy of each of its codes, and its place in the order at each point that asks it."""

    check: str
    plugin: str
    mode: str
    codes: dict[str, CodePolicy]
    runs: dict[Point, int]
    io: bool


class RuleList(BaseModel):
    """All checks, those that run at checkout first and in their order."""

    rules: list[Rule]


class ModeChange(BaseModel):
    """A code, a check or a plugin, and the mode that it is to have."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=200, examples=["BUYER_IDENTITY_MISSING"])
    mode: Mode


class ShadowRecords(BaseModel):
    """What checks in shadow mode have said of carts, the latest first; `ok` is what the shopper was told."""

    records: list[dict[str, Any]]


@router.get("")
async def list_rules(caller: CurrentCaller) -> RuleList:
    """List the checks with their modes."""
    return RuleList(rules=[Rule(**rule) for rule in await caller.services.rules.listed(caller.world)])


@router.post("/mode")
async def set_mode(change: ModeChange, caller: CurrentCaller) -> RuleList:
    """Enforce, shadow or switch off a check in the key's world, from the next validation on."""
    try:
        await caller.services.rules.set_mode(caller.world, change.name, change.mode)
    except (SettingsError, PlanError) as error:
        raise ApiError(InvalidValue(at=pointer("name"), problem=f"{error}")) from error
    return await list_rules(caller)


@router.get("/shadow")
async def shadow(caller: CurrentCaller) -> ShadowRecords:
    """Show what checks in shadow mode would have refused."""
    return ShadowRecords(records=caller.services.rules.recorded(caller.world))
