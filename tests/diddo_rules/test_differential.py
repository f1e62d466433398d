import shutil
import sys
import zipfile
from pathlib import Path

import pytest

from diddo_rules import Engine, PluginLoadError, RulesSettings, Settings
from diddo_rules.testing.differential import disagreements
from diddo_rules.testing.releases import put_release, release_of

HERE = Path(__file__).parent
EXAMPLE = HERE.parents[1] / "examples" / "maximum_order_value" / "maximum_order_value.py"
COUNT = 150
PRESENT = '''
from collections.abc import Iterator
from diddo_rules import Cart, Violation, check
from few_parts.limits import MOST

class TooManyPieces(Violation):
    """Few pieces fit into a parcel."""
    code = "TOO_MANY_PIECES"; http_status = 422; template = "{pieces} pieces."; remedy = "Order fewer."
    measure = "pieces"
    pieces: int

@check()
def order_is_small(cart: Cart) -> Iterator[TooManyPieces]:
    """Few pieces are ordered."""
    pieces = sum(line.quantity for store in cart.stores for line in store.cart_lines)
    if pieces > MOST:
        yield TooManyPieces(at="/stores", pieces=pieces)
'''


def rules(**options: object) -> Engine:
    settings = Settings(rules=RulesSettings(load=(f"./{EXAMPLE.name}",)), directory=EXAMPLE.parent, plugins=options)
    return Engine.from_settings(settings)


def pieces_of(case: object) -> int:
    return sum(line.quantity for store in case.cart.stores for line in store.cart_lines)


def test_rules_agree_with_themselves() -> None:
    assert disagreements(rules(), rules(), count=COUNT) == ()


def test_a_lower_limit_is_seen_from_both_sides_at_the_smallest_cart() -> None:
    lenient = rules(maximum_order_value={"limits": {"USD": 500_00}})
    strict = rules(maximum_order_value={"limits": {"USD": 499_99}})
    for old, new, only in ((lenient, strict, "new"), (strict, lenient, "old")):
        (found,) = disagreements(old, new, count=COUNT)
        assert (found.code, found.effect, found.only) == ("MAXIMUM_ORDER_VALUE_EXCEEDED", "error", only)
        assert found.case.cart.cost.total.value == 500_00
        assert len(found.case.cart.stores) == len(found.case.cart.stores[0].cart_lines) == 1
        assert (found.old == ()) is (only == "new")
        assert f"only with the {only} rules MAXIMUM_ORDER_VALUE_EXCEEDED is found (error)" in str(found)


def test_all_differences_are_told_each_by_itself() -> None:
    old = Engine.from_settings(Settings(rules=RulesSettings(disable=("buyer_identity", "MISSING_STORES"))))
    new = Engine.from_settings(Settings(rules=RulesSettings(disable=("cost",))))
    found = disagreements(old, new, count=COUNT)
    assert {(it.code, it.only) for it in found} >= {
        ("BUYER_IDENTITY_MISSING", "new"),
        ("MISSING_STORES", "new"),
        ("MISSING_TOTAL_COST", "old"),
    }
    assert disagreements(old, new, count=60) == disagreements(old, new, count=60)


@pytest.fixture
def releases(tmp_path: Path) -> Path:
    """Two releases of a distribution of a package of two modules, as a wheel unpacks."""
    for version, most in (("1.0", 20), ("2.0", 10)):
        package = tmp_path / version / "few_parts"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("")
        (package / "limits.py").write_text(f"MOST = {most}")
        (package / "rules.py").write_text(PRESENT)
        info = tmp_path / version / f"few_parts-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: few-parts\nVersion: {version}\n")
        (info / "entry_points.txt").write_text("[diddo_rules]\nfew = few_parts.rules\n")
    return tmp_path


def zipped(folder: Path) -> Path:
    wheel = folder.with_suffix(".whl")
    with zipfile.ZipFile(wheel, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return wheel


@pytest.mark.parametrize("as_wheel", [False, True])
def test_a_plugin_is_held_against_its_last_release(
    releases: Path, monkeypatch: pytest.MonkeyPatch, *, as_wheel: bool
) -> None:
    monkeypatch.syspath_prepend(releases / "2.0")
    old, new = Engine.from_settings(Settings()), Engine.from_settings(Settings())
    present = sys.modules["few_parts.rules"]
    path = releases / "1.0"
    put_release(old, "few", zipped(path) if as_wheel else path)
    assert [next(it.version for it in engine.plugins if it.name == "few") for engine in (old, new)] == ["1.0", "2.0"]
    assert sys.modules["few_parts.rules"] is present
    assert str(path) not in " ".join(sys.path)
    (found,) = disagreements(old, new, count=COUNT)
    assert (found.code, found.only, pieces_of(found.case)) == ("TOO_MANY_PIECES", "new", 11)
    for name in [name for name in sys.modules if name.startswith("few_parts")]:
        monkeypatch.delitem(sys.modules, name)


def test_a_file_is_put_in_the_place_of_the_present_one(tmp_path: Path) -> None:
    old_file = tmp_path / EXAMPLE.name
    old_file.write_text(EXAMPLE.read_text("utf-8").replace("if total > limit", "if total >= limit"), "utf-8")
    limits = {"maximum_order_value": {"limits": {"EUR": 12_345}}}
    old, new = rules(**limits), rules(**limits)
    put_release(old, "maximum_order_value", old_file)
    (found,) = disagreements(old, new, count=4 * COUNT)
    assert (found.only, found.case.cart.cost.total.value) == ("old", 12_345)


@pytest.mark.parametrize(
    ("name", "path", "said"),
    [
        ("few", "nowhere", "there is no release at"),
        ("other", "1.0", "plugin other"),
        ("few", "broken.py", "SyntaxError"),
    ],
)
def test_what_is_no_release_is_refused_and_nothing_is_left_behind(
    releases: Path, name: str, path: str, said: str
) -> None:
    (releases / "broken.py").write_text("def")
    modules, paths = dict(sys.modules), list(sys.path)
    with pytest.raises(PluginLoadError, match=said):
        release_of(name, releases / path)
    assert sys.path == paths
    assert {it for it in sys.modules if "few" in it or "diddo plugin" in it} <= set(modules)


def test_a_crash_on_one_side_is_a_difference(tmp_path: Path) -> None:
    shutil.copy(HERE / "broken_plugins" / "never_crashes.py", tmp_path)
    crashing = Engine.from_settings(Settings(rules=RulesSettings(load=("./never_crashes.py",)), directory=tmp_path))
    kinds = {(it.code, it.effect, it.only) for it in disagreements(rules(), crashing, count=COUNT)}
    assert ("never_crashes:total_is_not_negative", "crash", "new") in kinds
