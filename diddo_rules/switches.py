"""Switching checks on and off, by error code or by plugin name."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from diddo_rules.errors import SettingsError
from diddo_rules.plan import Step
from diddo_rules.suggest import did_you_mean

__all__ = ["Switches"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """An empty `enable` means everything; `disable` wins over it."""

    enable: frozenset[str] = frozenset()
    disable: frozenset[str] = frozenset()

    def want_plugin(self, name: str) -> bool:
        """Return whether the plugin has to be imported at all."""
        if name in self.disable:
            return False
        # Codes are in capitals, and which plugin has a code is known only once it is imported.
        return not self.enable or name in self.enable or any(word.isupper() for word in self.enable)

    def apply(self, steps: Iterable[Step]) -> tuple[list[Step], list[Step]]:
        """Return the steps that are on, with the codes that are off muted in them, and the steps that are off."""
        on: list[Step] = []
        off: list[Step] = []
        for step in steps:
            muted = frozenset(code for code in step.codes if not self._wants(step.plugin, code))
            if muted == frozenset(step.codes):
                off.append(step)
            else:
                on.append(replace(step, muted=muted))
        return on, off

    def _wants(self, plugin: str, code: str) -> bool:
        if self.disable & {plugin, code}:
            return False
        return not self.enable or bool(self.enable & {plugin, code})

    def require_known(self, plugins: Collection[str], codes: Collection[str]) -> None:
        """Raise `SettingsError` for a word that is neither a code nor a plugin."""
        for setting, words in (("rules.enable", self.enable), ("rules.disable", self.disable)):
            for word in sorted(words - {*plugins, *codes}):
                meant = did_you_mean(word, {*codes, *plugins})
                raise SettingsError(f"{setting}: {word} is neither the code of a loaded check nor a plugin. {meant}")
