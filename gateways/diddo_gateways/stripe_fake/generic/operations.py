"""The generic operations as the API calls them: one handler per pattern, bound to an operation at its first call."""

from collections.abc import Awaitable, Callable, Mapping

from diddo_gateways.stripe_fake.catalogue import Operation
from diddo_gateways.stripe_fake.generic import documents, reads, writes
from diddo_gateways.stripe_fake.generic.filters import declare
from diddo_gateways.stripe_fake.generic.patterns import Pattern
from diddo_gateways.stripe_fake.generic.store import Case, case_of
from diddo_gateways.stripe_fake.generic.tier import tier
from diddo_gateways.stripe_fake.operations import Answer, Call, Download, Handled

__all__ = ["GenericOperations"]

HANDLERS: Mapping[str, Callable[[Case], Awaitable[Answer | Download]]] = {
    "create": writes.create,
    "retrieve": reads.retrieve,
    "update": writes.update,
    "delete": writes.delete,
    "list": reads.list_,
    "search": reads.search,
    "action": writes.act,
    "singleton": reads.show,
    "set": writes.set_,
    "find": reads.find,
    "preview": reads.preview,
    "file": documents.download,
}
# What a browser calls with a publishable key.
PUBLISHABLE = frozenset({"POST /v1/tokens"})


class GenericOperations:
    """Handlers for every operation of the catalogue."""

    def __init__(self) -> None:
        self._tier = tier()
        self._kept: dict[str, Handled] = {}
        declare(self._tier)

    def handled(self, operation: Operation) -> Handled:
        """Return the generic handler of an operation."""
        kept = self._kept.get(operation.name)
        if kept is None:
            handler = self._handler(self._tier.pattern(operation.name))
            publishable = operation.name in PUBLISHABLE
            kept = self._kept[operation.name] = Handled(operation.name, handler, publishable, "generic")
        return kept

    def _handler(self, pattern: Pattern) -> Callable[[Call], Awaitable[Answer | Download]]:
        answer = HANDLERS[pattern.does]

        async def handle(call: Call) -> Answer | Download:
            return await answer(await case_of(self._tier, pattern, call))

        return handle
