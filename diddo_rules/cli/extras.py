"""Say which extra of a distribution brings a module that is not installed."""

import re
from importlib.metadata import Distribution

__all__ = ["missing_extra"]

_REQUIREMENT = re.compile(r"""^(?P<name>[\w.-]+).*;.*extra\s*==\s*["'](?P<extra>[\w.-]+)["']""")


def missing_extra(error: ModuleNotFoundError, distribution: Distribution | None) -> str:
    """Return what to install so that the import works, in one sentence."""
    module = (error.name or "").partition(".")[0]
    said = f"the module {module} is not installed."
    if distribution is None:
        return said
    required = [_REQUIREMENT.match(requirement) for requirement in distribution.requires or ()]
    extras = sorted({it["extra"] for it in required if it and _normal(it["name"]) == _normal(module)})
    if not extras:
        return said
    return f"{said} It comes with an extra: pip install '{distribution.name}[{extras[0]}]'"


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
