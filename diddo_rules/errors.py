"""The errors that this package raises on purpose, all of them `DiddoError`."""

__all__ = ["CheckDefinitionError", "DiddoError", "NeedsAwait", "PlanError", "PluginLoadError", "SettingsError"]


class DiddoError(Exception):
    """The root of the errors raised on purpose; its text is written for the person at the keyboard."""


class CheckDefinitionError(DiddoError, TypeError):
    """A check or a violation class is written in a way that cannot work."""


class PlanError(DiddoError, ValueError):
    """The loaded checks cannot be put in order, or clash with each other."""


class NeedsAwait(DiddoError, RuntimeError):
    """The plan holds I/O checks, which run only where the engine is awaited; the text names them."""


class PluginLoadError(DiddoError):
    """One or more plugins could not be loaded; the text names each, with its cause."""


class SettingsError(DiddoError, ValueError):
    """A setting is unknown or has a wrong value; the text names where it stands."""
