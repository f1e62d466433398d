import json
from collections.abc import Callable
from pathlib import Path

import pytest

from diddo_rules.cli import main
from diddo_rules.testing import PROPERTIES

BROKEN = Path(__file__).parent / "broken_plugins"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `diddo plugins` in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> tuple[int, str, str]:
        code = main(["plugins", *map(str, arguments)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_the_list_says_what_is_there_and_in_which_state(run: Run, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("import nonsense")
    (tmp_path / "diddo.toml").write_text(
        '[rules]\nload = ["./broken.py"]\nbroken_plugins = "skip"\ndisable = ["shipping", "MISSING_TOTAL_COST"]\n'
        '[checks.buyer_identity]\nmode = "shadow"\n'
    )
    code, out, _ = run("list", "--json")
    assert code == 0
    rows = {row["plugin"]: row for row in json.loads(out)["plugins"]}
    assert list(rows) == sorted(rows)
    assert {name: row["state"] for name, row in rows.items()} == {
        "broken": "failed",
        "buyer_identity": "shadow",
        "cart": "enforce",
        "cart_lines": "enforce",
        "cost": "off",
        "shipping": "off",
        "stores": "enforce",
    }
    assert rows["broken"]["cause"] == "ModuleNotFoundError: No module named 'nonsense'"
    assert rows["cart"]["checks"] == ["cart_exists", "cart_is_not_submitted"]
    assert rows["cart"]["source"] == "diddo-rules, diddo_plugins.cart"
    assert rows["cart"]["version"]
    _, out, _ = run("list")
    assert [line.split()[0] for line in out.splitlines()] == ["PLUGIN", *rows]
    assert "No module named 'nonsense'" in out


def test_a_sound_plugin_gets_a_tick_for_each_property(run: Run) -> None:
    code, out, err = run("check", "cost", "--count", "20")
    assert (code, err) == (0, "")
    assert [line.split()[:2] for line in out.splitlines()[1:]] == [["✓", it.name] for it in PROPERTIES]


def test_what_does_not_hold_is_told_with_the_smallest_cart(run: Run) -> None:
    code, out, err = run("check", "renders", "--load", BROKEN / "renders.py", "--count", "40")
    assert code == 1
    assert "✗ renders" in out
    assert "renders:parcel_has_an_address: its text in de fails with ValueError" in out
    assert out.count("✓") == len(PROPERTIES) - 1
    assert err == "diddo: renders offers no mutator for UNADDRESSED, so some properties do not try it\n"


def test_a_fundamental_fault_ends_it_and_the_same_seed_says_the_same(run: Run) -> None:
    arguments = ("check", "pure", "--load", BROKEN / "pure.py", "--count", "200", "--seed", "3", "--json")
    code, out, _ = run(*arguments)
    assert code == 1
    told = json.loads(out)
    assert not told["ok"]
    *sound, fault = told["properties"]
    assert [row["property"] for row in sound] == ["within-budget"]
    assert {key: fault[key] for key in ("plugin", "property", "holds", "check", "code")} == {
        "plugin": "pure",
        "property": "pure",
        "holds": False,
        "check": "pure:every_line_orders_something",
        "code": None,
    }
    again = json.loads(run(*arguments)[1])["properties"][-1]
    assert again | {"seconds": 0} == fault | {"seconds": 0}


def test_a_check_that_hangs_is_contained_and_named(run: Run) -> None:
    arguments = ("--load", BROKEN / "hangs.py", "--count", "300", "--time-limit", "0.2", "--json")
    code, out, _ = run("check", "hangs", *arguments)
    assert code == 1
    fault = json.loads(out)["properties"][-1]
    assert fault["check"] == "hangs:quantities_have_an_odd_part"
    assert fault["message"] == "it hangs: it took longer than 0.2 s"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("nothing",), 3, "there is no plugin nothing."),
        (("cost", "--without", "pur"), 3, "there is no property pur. Did you mean pure?"),
        (("cost", "--count", "0"), 2, "--count"),
        (("cost", "--load", "./nowhere.py"), 3, "nowhere.py"),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_what_cannot_be_tried_is_said(
    run: Run, arguments: tuple[str, ...], code: int, said: str, *, as_json: bool
) -> None:
    found, out, err = run("check", *arguments, *(["--json"] if as_json else []))
    assert found == code
    assert said in (json.loads(out)["errors"][0]["message"] if as_json else err)


def test_a_property_can_be_left_out(run: Run) -> None:
    code, out, _ = run("check", "renders", "--load", BROKEN / "renders.py", "--count", "20", "--without", "renders")
    assert code == 0
    assert "renders  " not in out
