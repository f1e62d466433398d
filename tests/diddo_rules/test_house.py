"""Small laws that keep the package in order."""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

import diddo_plugins
import diddo_rules
import diddo_rules.testing
from diddo_rules import Violation
from diddo_rules.testing import installed_engine


def modules_of(package: Any) -> list[str]:
    return sorted(it.name for it in pkgutil.walk_packages(package.__path__, f"{package.__name__}."))


MODULES = [*modules_of(diddo_rules), *modules_of(diddo_plugins)]
PLUGINS = [name for name in modules_of(diddo_plugins) if name != "diddo_plugins.translations"]
VIOLATIONS = sorted(installed_engine().violations.items())


def defined_in(module: Any) -> Iterator[str]:
    """Return the public names that the module's own source defines, not those that it imports."""
    tree = ast.parse(Path(module.__file__).read_text("utf-8"))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name


@pytest.mark.parametrize("name", [name for name in MODULES if not name.endswith("pytest_plugin")])
def test_every_module_says_what_it_is_for_and_what_is_public(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__doc__
    public = {it for it in defined_in(module) if not it.startswith("_")}
    assert public <= set(module.__all__)
    assert list(module.__all__) == sorted(set(module.__all__), key=lambda it: (not it.isupper(), it[0].islower(), it))
    for it in module.__all__:
        assert getattr(module, it) is not None


@pytest.mark.parametrize("package", [diddo_rules, diddo_rules.testing])
def test_a_lazy_package_offers_what_it_says(package: Any) -> None:
    typed = {
        alias.name
        for node in ast.walk(ast.parse(Path(package.__file__).read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module not in {"typing", "diddo_rules.lazy"}
        for alias in node.names
    }
    assert typed == set(package.__all__)
    for name in package.__all__:
        assert getattr(package, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = package.nonsense


def test_each_plugin_module_has_its_entry_point_and_the_reverse() -> None:
    ours = {it.name: it.value for it in entry_points(group="diddo_rules") if it.value.startswith("diddo_plugins.")}
    assert ours == {name.rpartition(".")[2]: name for name in PLUGINS}


def test_the_nine_codes_are_the_contracts_in_its_order() -> None:
    plan = installed_engine().plan
    first_party = [step for step in plan.steps if step.function.__module__.startswith("diddo_plugins")]
    assert [(step.info.priority, step.codes, step.info.yields[0].http_status) for step in first_party] == [
        (100, ("CART_NOT_FOUND",), 400),
        (200, ("ALREADY_SUBMITTED",), 409),
        (300, ("BUYER_IDENTITY_MISSING",), 400),
        (400, ("MISSING_TOTAL_COST",), 400),
        (500, ("MISSING_STORES",), 400),
        (600, ("MISSING_STORE_DOMAIN",), 400),
        (700, ("SHIPPING_ADDRESS_UNAVAILABLE",), 422),
        (800, ("MISSING_CART_LINES",), 400),
        (900, ("VARIANT_NOT_FOUND",), 400),
    ]
    assert plan.unmatched == ()


@pytest.mark.parametrize(("code", "violation"), VIOLATIONS)
def test_every_violation_is_documented_and_named_for_its_code(code: str, violation: type[Violation]) -> None:
    assert violation.__doc__.endswith(".")
    assert violation.remedy.endswith(".")
    assert violation.template.endswith(".")
    assert violation.__name__ == code.title().replace("_", "")


@pytest.mark.parametrize("step", installed_engine().plan.steps, ids=lambda step: step.name)
def test_every_check_says_what_holds(step: Any) -> None:
    assert step.function.__doc__.endswith(".")


def test_every_violation_has_a_mutator() -> None:
    assert {violation.code for violation in installed_engine().mutators()} == {code for code, _ in VIOLATIONS}
