"""What the fake Stripe does by itself: the dispatcher of due messages, webhooks and timers among them.

A message is queued in the commit of the change that it tells of. The dispatcher is woken by such commits, by the
earliest message that becomes due on its world's clock, and by a clock that is set; it claims messages with a lease and
hands each to its handler (see `due`), several at a time. A message whose handler crashes comes again after the lease.
"""

import asyncio
import logging
from contextlib import suppress

import orjson

from diddo_gateways.documents import Conflict, Message, Settle
from diddo_gateways.stripe_fake.due import handler_of
from diddo_gateways.stripe_fake.transactions import Server
from diddo_gateways.stripe_fake.work import JsonObject
from diddo_gateways.worlds import World

__all__ = ["Dispatcher"]

log = logging.getLogger(__name__)

LEASE = 60
AT_ONCE = 32
CRASHES_ALLOWED = 10
LONGEST_WAIT = 60.0


class Dispatcher:
    """Runs what is due, in every world.

    Args:
        fake: the server whose messages these are.
        at_once: how many messages are worked on at the same time.
    """

    def __init__(self, fake: Server, *, at_once: int = AT_ONCE) -> None:
        self._fake = fake
        self._at_once = at_once
        self._woken = asyncio.Event()
        self._progress = asyncio.Event()
        self._running: dict[tuple[str, str], asyncio.Task[None]] = {}
        fake.worlds.on_send(self._woken.set)

    async def run(self) -> None:
        """Work until cancelled; what is then under way is cancelled too, and comes again after its lease."""
        try:
            while True:
                self._woken.clear()
                wait = await self._start_due()
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._woken.wait()
        finally:
            for task in self._running.values():
                task.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def settled(self) -> None:
        """Wait until nothing is under way and nothing more is due now; somebody must be running `run`."""
        while self._running or await self._is_due():
            self._progress.clear()
            await self._progress.wait()

    async def _is_due(self) -> bool:
        worlds = self._fake.worlds
        return any([due <= (await worlds.open(name)).clock.time() for name, due in await worlds.documents.waiting()])

    async def _start_due(self) -> float:
        """Start what is due and there is room for; return the seconds until something else may be."""
        wait = LONGEST_WAIT
        for name, due in await self._fake.worlds.documents.waiting():
            world = await self._fake.worlds.open(name)
            room = self._at_once - len(self._running)
            if room <= 0:
                break  # a task that ends wakes the loop
            if due > world.clock.time():
                if world.clock.frozen_at is None:
                    wait = min(wait, due - world.clock.time())
                continue
            await self._claim(world, room)
            # There may be more than there was room for, or more due later than what was claimed.
            wait = 0
        return wait

    async def _claim(self, world: World, room: int) -> None:
        documents = self._fake.worlds.documents
        for message in await documents.claim(world.name, now=world.clock.now(), lease=LEASE, limit=room):
            key = (world.name, message.id)
            # A clock that was set ahead ends leases of messages that are still being worked on.
            if key not in self._running:
                task = asyncio.create_task(self._carry_out(world, message))
                self._running[key] = task
                task.add_done_callback(lambda _, key=key: self._done(key))  # type: ignore[misc]

    def _done(self, key: tuple[str, str]) -> None:
        del self._running[key]
        self._progress.set()
        self._woken.set()

    async def _carry_out(self, world: World, message: Message) -> None:
        try:
            data = orjson.loads(message.body)
            await _persistently(self._fake, world, message, data)
        except Exception:
            log.exception("message %s of world %s failed (attempt %d)", message.id, world.name, message.attempt)
            if message.attempt >= CRASHES_ALLOWED:
                await world.commit([Settle(message.id)])


async def _persistently(fake: Server, world: World, message: Message, data: JsonObject) -> None:
    """Run the handler, again from the start when another has changed what it read."""
    handler = handler_of(data["handler"])
    while True:
        try:
            return await handler(fake.work(world), message, data)
        except Conflict:
            await asyncio.sleep(0)
