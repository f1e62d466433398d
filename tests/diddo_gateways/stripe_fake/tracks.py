"""What random walks hold objects against: that each is only ever where its table of states leads."""

from collections.abc import Iterable
from typing import Any

from diddo_gateways.stripe_fake.states import StateTable


class Tracks:
    """The objects of one table, as they were last seen."""

    def __init__(self, table: StateTable) -> None:
        self.table = table
        self._seen: dict[str, str] = {}

    def follow(self, objects: Iterable[Any], *, steps: int) -> None:
        """Hold objects against where they were: they have taken at most so many edges since, new ones from a start."""
        for obj in objects:
            former = self._seen.get(obj.id)
            reached = {former} if former is not None else set(self.table.start)
            for _ in range(steps):
                reached |= {to for status in reached for targets in self.table.edges[status].values() for to in targets}
            assert obj.status in reached, (self.table.kind, former, obj.status)
            self._seen[obj.id] = obj.status
