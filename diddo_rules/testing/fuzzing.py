"""One process' share of a fuzzing run: cases by number, each judged by one property, and suspects made small."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from pydantic_core import to_json

from diddo_rules.careful import CRASHES
from diddo_rules.context import Case
from diddo_rules.engine import Engine
from diddo_rules.report import Crash, Report
from diddo_rules.testing.complaint import Complaint
from diddo_rules.testing.coverage import Coverage
from diddo_rules.testing.drivers import recorded, replayed, seeded
from diddo_rules.testing.failures import Failure, StoredCase, surroundings
from diddo_rules.testing.properties import PROPERTIES, Property
from diddo_rules.testing.subject import Subject, is_hanging

__all__ = ["Fuzzer", "Job", "Part", "Share", "Suspect", "unseen"]

_SEEDS_APART = 2**48
_BUDGET = "within-budget"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be done, as each process is told it.

    `seconds_per_cart` is when a check counts as hanging; `without` names properties that are left out.
    """

    plugins: tuple[str, ...]
    seed: int
    seconds_per_cart: float = 1.0
    without: tuple[str, ...] = ()
    export: bool = False

    @property
    def properties(self) -> tuple[Property, ...]:
        """The properties that are judged."""
        return tuple(it for it in PROPERTIES if it.name not in self.without)

    def property(self, name: str) -> Property:
        """Return the property of that name."""
        return next(it for it in PROPERTIES if it.name == name)

    def dealt(self, number: int) -> tuple[str, Property]:
        """Return the plugin and the property that the case of that number is for: each in turn."""
        turn, plugin = divmod(number, len(self.plugins))
        return self.plugins[plugin], self.properties[turn % len(self.properties)]

    def seed_of(self, number: int) -> int:
        """Return the seed of one case, which depends on nothing but its number."""
        return self.seed * _SEEDS_APART + number


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A case that breaks a property.

    `choices` is None where they do not lead to it: the process died of it, or a check hung while something else was
    judged. `case` is then what is known of it.
    """

    number: int
    plugin: str
    property: str
    check: str | None = None
    code: str | None = None
    message: str
    choices: tuple[int, ...] | None
    case: StoredCase | None = None

    def key(self) -> tuple[str, str, str, str]:
        """Return what makes two suspects the same fault."""
        return self.plugin, self.property, self.check or "", self.code or ""


@dataclass(slots=True)
class Share:
    """What was seen of one plugin: the first suspect of each fault, and cases as lines of JSON.

    `ended` is the number of the case after which the plugin was not tried any more, since it has nothing to stand on.
    """

    coverage: Coverage = field(default_factory=Coverage)
    suspects: dict[tuple[str, str, str, str], Suspect] = field(default_factory=dict)
    exported: list[bytes] = field(default_factory=list)
    ended: int | None = None

    def suspect(self, suspect: Suspect) -> None:
        """Take note of a suspect, unless its fault is known from an earlier case."""
        known = self.suspects.setdefault(suspect.key(), suspect)
        if suspect.number < known.number:
            self.suspects[suspect.key()] = suspect


Part = Mapping[str, Share]
"""What came of a range of cases, by plugin."""


class _Hangs(Exception):
    """A check has hung twice on the same case, whoever it belongs to."""

    def __init__(self, crash: Crash, case: Case) -> None:
        super().__init__(f"it hangs: {crash.message}")
        self.crash, self.case = crash, case


@dataclass(frozen=True, kw_only=True, eq=False)
class _Observed(Subject):
    """A subject that takes note of every report it gives, and gives up on a case in which a check hangs."""

    seen: list[tuple[Case, Report]] = field(default_factory=list)

    def report(self, case: Case) -> Report:
        report = super().report(case)
        if _hanging(report):
            report = super().report(case)  # a machine may stand still for a moment
        self.seen.append((case, report))
        for crash in _hanging(report):
            raise _Hangs(crash, case)
        return report


@dataclass(frozen=True, kw_only=True, eq=False)
class _Telling(Subject):
    """A subject that says which case and which check comes next, since it may be the last."""

    tell: Callable[[StoredCase | str], None]

    def report(self, case: Case) -> Report:
        self.tell(StoredCase.of(case))
        for step in self.engine.plan_at(case.context.point).steps:
            self.tell(step.name)
            if not step.info.is_io and (case.cart is not None or step.info.takes_no_cart):
                with suppress(*CRASHES):
                    self.ask(step, case)
        return super().report(case)


def _hanging(report: Report) -> list[Crash]:
    shadow = report.shadow.crashed if report.shadow else ()
    return [crash for crash in (*report.crashed, *shadow) if is_hanging(crash)]


class Fuzzer:
    """Judges cases by number: the same number says the same in whichever process.

    Raises:
        PluginLoadError: the engine has no such plugin.
    """

    def __init__(self, engine: Engine, job: Job) -> None:
        self._job = job
        self._engine = engine
        self._subjects = {name: _Observed.of(name, engine, seconds=job.seconds_per_cart) for name in job.plugins}

    def run(
        self, numbers: Iterable[int], *, until: Mapping[str, int], begins: Callable[[int], None] = lambda _: None
    ) -> Part:
        """Judge cases.

        Args:
            numbers: which.
            until: by plugin, the number from which it is not to be tried.
            begins: called with the number of each case before it is judged.
        """
        part = {name: Share(ended=until.get(name)) for name in self._job.plugins}
        for number in numbers:
            plugin, wanted = self._job.dealt(number)
            share = part[plugin]
            if share.ended is None or number < share.ended:
                begins(number)
                self._judge(number, self._subjects[plugin], wanted, share)
        return part

    def _judge(self, number: int, subject: "_Observed", wanted: Property, share: Share) -> None:
        subject.seen.clear()
        chosen: list[int] = []
        pick = recorded(seeded(self._job.seed_of(number)), chosen)
        suspect = _suspect(wanted, number, chosen, lambda: wanted.judge(subject, pick), subject.name)
        share.coverage.add(number, wanted.name, ((subject, report) for _, report in subject.seen))
        if self._job.export:
            share.exported.extend(_exported(subject.seen))
        if suspect is not None:
            share.suspect(suspect)
            if self._job.property(suspect.property).fundamental:
                share.ended = number + 1

    def probe(self, number: int, *, tell: Callable[[StoredCase | str], None]) -> None:
        """Judge a case that no process has survived, and tell each cart and each check's name before it is tried."""
        plugin, wanted = self._job.dealt(number)
        subject = _Telling(name=plugin, engine=self._engine, seconds=self._job.seconds_per_cart, tell=tell)
        pick = seeded(self._job.seed_of(number))
        _suspect(wanted, number, (), lambda: wanted.judge(subject, pick), plugin)

    def failure(self, suspect: Suspect, *, shrink: bool) -> Failure:
        """Return the failure that a suspect stands for, as small as it gets if that is wanted."""
        wanted = self._job.property(suspect.property)
        subject = Subject.of(suspect.plugin, self._engine, seconds=self._job.seconds_per_cart)
        # To try a check that hangs would take its whole time, each time.
        if shrink and suspect.choices is not None and wanted.name != _BUDGET:
            suspect = self._smallest(suspect, wanted, subject)
        complaint = self._complaint(suspect, wanted, subject)
        seed = self._job.seed_of(suspect.number)
        if complaint is None:
            return unseen(suspect, wanted, self._engine, seed=seed)
        return Failure.of(complaint, self._engine, claim=wanted.claim, choices=suspect.choices, seed=seed)

    def _smallest(self, suspect: Suspect, wanted: Property, subject: Subject) -> Suspect:
        from diddo_rules.testing.shrinking import shrunk  # noqa: PLC0415 (most runs find nothing to shrink)

        def fails(choices: list[int]) -> bool:
            found = _suspect(wanted, 0, choices, lambda: wanted.judge(subject, replayed(choices)), subject.name)
            return found is not None and found.key() == suspect.key()

        return replace(suspect, choices=tuple(shrunk(suspect.choices or (), fails)))

    def _complaint(self, suspect: Suspect, wanted: Property, subject: Subject) -> Complaint | None:
        if suspect.choices is None:
            return None
        try:
            return wanted.judge(subject, replayed(suspect.choices))
        except Exception:  # noqa: BLE001 (the suspect says that it fails, and how)
            return None


def _suspect(
    wanted: Property, number: int, chosen: Sequence[int], judge: Callable[[], Complaint | None], plugin: str
) -> Suspect | None:
    try:
        complaint = judge()
    except _Hangs as hanging:
        return Suspect(
            number=number,
            plugin=hanging.crash.plugin,
            property=_BUDGET,
            check=hanging.crash.check,
            message=str(hanging),
            choices=None,
            case=StoredCase.of(hanging.case),
        )
    except CRASHES as error:  # whatever a plugin does to the kit is to be named, not to end the run
        message = f"it could not be judged: {type(error).__name__}: {error}"
        return Suspect(number=number, plugin=plugin, property=wanted.name, message=message, choices=tuple(chosen))
    if complaint is None:
        return None
    return Suspect(
        number=number,
        plugin=plugin,
        property=complaint.property,
        check=complaint.check,
        code=complaint.code,
        message=complaint.message,
        choices=tuple(chosen),
    )


def unseen(suspect: Suspect, wanted: Property, engine: Engine, *, seed: int) -> Failure:
    """Return the failure of a suspect that is not to be judged again: its process died of it, or it hung."""
    return Failure(
        property=suspect.property,
        claim=wanted.claim,
        plugin=suspect.plugin,
        check=suspect.check,
        code=suspect.code,
        message=suspect.message,
        case=suspect.case,
        choices=suspect.choices,
        seed=seed,
        **surroundings(engine, suspect.plugin),
    )


def _exported(seen: Collection[tuple[Case, Report]]) -> Iterable[bytes]:
    """Yield each case once, with the codes that were found in it, as a line of JSON."""
    once = {id(case.cart): (case, report) for case, report in seen}
    for case, report in once.values():
        yield to_json(StoredCase.of(case).model_dump(mode="json") | {"codes": report.codes})
