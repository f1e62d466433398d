"""State machines as tables, and the interpreter that reads them.

A table says, for an object's kind, from which status which action leads where. There is no other place that knows:
a handler asks for the edge before it acts, and a missing edge is the one error for a wrong state. The tables are
closed, and the diagrams in the docs are drawn from them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["MissingEdge", "StateTable"]


class MissingEdge(Exception):
    """The action is not possible from where the object stands: what a table without a `refuse` of its own raises."""


# Makes the error for an action that the object's status does not allow, from the action, the object, and the statuses
# that do.
Refuse = Callable[[str, Mapping[str, Any], Sequence[str]], Exception]


def missing_edge(action: str, obj: Mapping[str, Any], allowed: Sequence[str]) -> Exception:
    """Return the error that says so without being Stripe's."""
    return MissingEdge(f"no {action} from {obj['status']}, only from {', '.join(allowed)}")


@dataclass(frozen=True, slots=True)
class StateTable:
    """The statuses of one kind of object.

    Attributes:
        kind: the object's kind, such as `payment_intent`.
        start: the statuses in which one may be made.
        edges: for each status, in the order in which messages list them, what each action may lead to.
        refuse: makes the error for a missing edge.
    """

    kind: str
    start: tuple[str, ...]
    edges: Mapping[str, Mapping[str, tuple[str, ...]]]
    refuse: Refuse = missing_edge

    def __post_init__(self) -> None:
        unknown = {*self.start, *self.targets()} - self.edges.keys()
        if unknown:
            raise ValueError(f"the table of {self.kind} leads to statuses that it does not have: {sorted(unknown)}")

    def targets(self) -> set[str]:
        """Return every status that an action leads to."""
        return {status for actions in self.edges.values() for targets in actions.values() for status in targets}

    def allowed(self, action: str) -> tuple[str, ...]:
        """Return the statuses from which the action is possible."""
        return tuple(status for status, actions in self.edges.items() if action in actions)

    def check(self, obj: Mapping[str, Any], action: str) -> tuple[str, ...]:
        """Return what the action may lead to from where the object stands.

        Raises:
            Exception: the table's own error: the action is not possible now.
        """
        targets = self.edges[obj["status"]].get(action)
        if targets is None:
            raise self.refuse(action, obj, self.allowed(action))
        return targets

    def move(self, obj: dict[str, Any], action: str, status: str | None = None) -> None:
        """Take the edge: the object is in `status` afterwards, which goes without saying where there is one only.

        Raises:
            Exception: the table's own error: the action is not possible now.
            AssertionError: it is, but never leads to `status`: the caller is at fault, not the request.
        """
        targets = self.check(obj, action)
        if status is None and len(targets) == 1:
            status = targets[0]
        if status not in targets:
            raise AssertionError(f"{self.kind}: {action} from {obj['status']} never leads to {status}")
        obj["status"] = status

    def diagram(self) -> str:
        """Return the table as the text of a Mermaid state diagram."""
        lines = ["stateDiagram-v2"]
        lines += [f"    [*] --> {status}" for status in self.start]
        lines += [
            f"    {status} --> {target}: {action}"
            for status, actions in self.edges.items()
            for action, targets in actions.items()
            for target in targets
        ]
        lines += [f"    {status} --> [*]" for status, actions in self.edges.items() if not actions]
        return "\n".join(lines)
