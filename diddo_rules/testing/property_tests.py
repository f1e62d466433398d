"""The properties of a plugin as tests for pytest: what `--diddo-plugin` adds."""

import os
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from diddo_rules.engine import Engine
from diddo_rules.errors import DiddoError
from diddo_rules.settings import load_settings
from diddo_rules.testing.complaint import PluginFault
from diddo_rules.testing.properties import PROPERTIES, Property, ends_all
from diddo_rules.testing.subject import Subject
from diddo_rules.testing.trying import smallest_complaint

__all__ = ["PropertyTest", "property_tests", "require_plugins"]


def require_plugins(plugins: Iterable[str], directory: Path) -> None:
    """Make the engine of the settings in `directory` before anything is collected, also where workers collect.

    Raises:
        UsageError: there is no such plugin, or the engine cannot be made.
    """
    for name in plugins:
        try:
            _subject(name, directory)
        except DiddoError as error:
            raise pytest.UsageError(f"--diddo-plugin {name}: {error}") from error


def property_tests(session: pytest.Session, plugins: Iterable[str]) -> Iterator["PropertyTest"]:
    """Yield one test for each property of each plugin, in the engine of the settings in pytest's root folder."""
    for name in plugins:
        subject = _subject(name, session.config.rootpath)
        broken: list[str] = []
        for judged in PROPERTIES:
            nodeid = f"diddo-plugin[{name}]::{judged.name}"
            yield PropertyTest.from_parent(
                session, name=judged.name, nodeid=nodeid, subject=subject, judged=judged, broken=broken
            )


@lru_cache(maxsize=16)
def _subject(name: str, directory: Path) -> Subject:
    return Subject.of(name, Engine.from_settings(load_settings(directory, os.environ)))


class PropertyTest(pytest.Item):
    """Tries one property on as many carts as the Hypothesis profile says."""

    def __init__(self, *, subject: Subject, judged: Property, broken: list[str], **options: Any) -> None:
        super().__init__(**options)
        self._broken = broken  # the fundamental properties that the plugin was seen to break, shared by its tests
        self._subject = subject
        self._judged = judged
        self.extra_keyword_matches.add(subject.name)

    def runtest(self) -> None:
        """Fail with the smallest cart that breaks the property.

        After a fundamental fault the others have nothing to stand on, and with a check that hangs they would take ages.
        """
        for broken in self._broken:
            pytest.skip(f"{self._subject.name} does not keep {broken}")
        complaint = smallest_complaint(self._judged.judge, self._subject)
        if complaint is not None:
            if ends_all(self._judged, complaint):
                self._broken.append(complaint.property)
            raise PluginFault([complaint])

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *_: Any) -> Any:
        """Say what is wrong, and spare the reader the kit's own calls."""
        if isinstance(excinfo.value, PluginFault):
            return f"{self._judged.claim}\n{excinfo.value}"
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return what heads the failure."""
        return self.config.rootpath, None, self.nodeid
