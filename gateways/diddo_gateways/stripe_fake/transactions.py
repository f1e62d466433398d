"""Work that no API request stands behind: what a page or a timer does, repeated until nobody has got in between."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from diddo_gateways.documents import Conflict
from diddo_gateways.stripe_fake.work import Fake, Work
from diddo_gateways.worlds import World, Worlds

__all__ = ["Server", "transact"]

Result = TypeVar("Result")


class Server(Fake, Protocol):
    """The server, as pages and timers need it."""

    worlds: Worlds

    def work(self, world: World) -> Work:
        """Return a new unit of work."""


async def transact(server: Server, world: World, operation: Callable[[Work], Awaitable[Result]]) -> Result:
    """Run an operation in a unit of work of its own, commit it, and return its result.

    When another has changed what it read, it is run again from the start: it must do nothing but through its work.
    """
    while True:
        work = server.work(world)
        result = await operation(work)
        try:
            await work.commit()
        except Conflict:
            continue
        return result
