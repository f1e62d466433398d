# ruff: noqa: S603 (the programs that are started are our own)
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import click
import pytest

import diddo_rules
from diddo_rules import Cart
from diddo_rules.cli import app, main
from diddo_rules.cli.extras import missing_extra


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands run in an empty folder, without settings of ours."""
    monkeypatch.chdir(tmp_path)
    for variable in [name for name in os.environ if name.startswith("DIDDO_")]:
        monkeypatch.delenv(variable)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: Any) -> Any:
        code = main(arguments)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def valid(tmp_path: Path, cart: Cart) -> str:
    path = tmp_path / "valid.json"
    path.write_text(cart.model_dump_json(), "utf-8")
    return str(path)


@pytest.fixture
def empty(tmp_path: Path) -> str:
    path = tmp_path / "empty.json"
    path.write_text('{"id": "7"}')
    return str(path)


def test_a_valid_cart(run: Callable[..., tuple[int, str, str]], valid: str) -> None:
    code, out, err = run("check", valid)
    assert (code, err) == (0, "")
    assert out == "Cart cart is valid (checks: 9 ran, 0 skipped, 0 crashed).\n"


def test_a_valid_cart_as_json(run: Callable[..., tuple[int, str, str]], valid: str) -> None:
    code, out, _ = run("check", valid, "--json")
    assert code == 0
    assert json.loads(out)["ok"] is True


def test_findings_are_the_result(run: Callable[..., tuple[int, str, str]], empty: str) -> None:
    code, out, err = run("check", empty)
    assert (code, err) == (1, "")
    for said in ("BUYER_IDENTITY_MISSING  400  /buyer_identity", "The cart has no store.", "POST /cart/add"):
        assert said in out
    assert out.endswith("Cart 7 is not valid (checks: 5 ran, 4 skipped, 0 crashed).\n")


def test_findings_as_json(run: Callable[..., tuple[int, str, str]], empty: str) -> None:
    code, out, _ = run("check", empty, "--json")
    assert code == 1
    codes = [violation["code"] for violation in json.loads(out)["violations"]]
    assert codes == ["BUYER_IDENTITY_MISSING", "MISSING_TOTAL_COST", "MISSING_STORES"]


def test_flags_choose_the_checks(run: Callable[..., tuple[int, str, str]], empty: str) -> None:
    code, out, _ = run("check", empty, "--stop", "first", "--disable", "BUYER_IDENTITY_MISSING", "--json")
    assert code == 1
    assert [violation["code"] for violation in json.loads(out)["violations"]] == ["MISSING_TOTAL_COST"]


def test_several_carts_and_lines_of_carts(
    run: Callable[..., tuple[int, str, str]], valid: str, empty: str, tmp_path: Path
) -> None:
    (tmp_path / "many.jsonl").write_text('{"id": "8"}\n\n' + Path(valid).read_text("utf-8"), "utf-8")
    code, out, _ = run("check", valid, empty, "many.jsonl")
    assert code == 1
    verdicts = [line.partition(" (")[0] for line in out.splitlines() if line.startswith("Cart ")]
    assert verdicts == ["Cart cart is valid", "Cart 7 is not valid", "Cart 8 is not valid", "Cart cart is valid"]
    code, out, _ = run("check", valid, empty, "many.jsonl", "--json")
    assert (code, [json.loads(line)["ok"] for line in out.splitlines()]) == (1, [True, False, False, True])
    code, out, _ = run("check", "many.jsonl", "--format", "github")
    assert "::error file=many.jsonl,line=1," in out


@pytest.mark.parametrize(("text", "said"), [("", "holds no cart"), ('{"id": "1"}\n{"id"', "many.jsonl:2 is not JSON")])
def test_a_line_without_a_cart_is_named(
    run: Callable[..., tuple[int, str, str]], tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "many.jsonl").write_text(text)
    code, out, err = run("check", "many.jsonl")
    assert (code, out) == (2, "")
    assert said in err


@pytest.mark.parametrize("format_", ["text", "json", "sarif", "ucp", "github"])
def test_every_format_has_the_findings_the_language_and_the_exit_code(
    run: Callable[..., tuple[int, str, str]], valid: str, empty: str, format_: str
) -> None:
    code, out, err = run("check", empty, "--format", format_, "--lang", "fr-CA")
    assert (code, err) == (1, "")
    for said in ("MISSING_STORES", "Le panier ne contient aucune boutique."):
        assert said in out
    assert run("check", valid, "--format", format_)[0] == 0


def test_json_is_a_format_and_one_format_is_enough(run: Callable[..., tuple[int, str, str]], empty: str) -> None:
    assert (
        run("check", empty, "--json")
        == run("check", empty, "--format", "json")
        == (1, run("check", empty, "--json")[1], "")
    )
    assert run("check", empty, "--json", "--format", "json")[0] == 1
    code, out, _ = run("check", empty, "--json", "--format", "sarif")
    assert (code, json.loads(out)["errors"][0]["code"]) == (2, "USAGE")
    code, out, err = run("check", "absent.json", "--format", "json")
    assert (code, err, json.loads(out)["errors"][0]["code"]) == (2, "", "CART_FILE_UNREADABLE")


def test_the_schema_of_the_json_is_printed(run: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = run("check", "--schema")
    assert code == 0
    assert json.loads(out)["title"] == "Report"


def test_warnings_and_what_is_in_shadow_are_told(
    run: Callable[..., tuple[int, str, str]], empty: str, tmp_path: Path
) -> None:
    (tmp_path / "diddo.toml").write_text(
        '[checks.MISSING_STORES]\nmode = "shadow"\n[checks.MISSING_TOTAL_COST]\nseverity = "warning"\n'
        '[points.checkout.checks.BUYER_IDENTITY_MISSING]\nseverity = "info"\n'
    )
    code, out, _ = run("check", empty)
    assert code == 1
    assert "MISSING_STORES  400  /stores  (shadow: it counts for nothing)" in out
    assert "MISSING_TOTAL_COST  warning  /cost" in out
    code, out, _ = run("check", empty, "--point", "checkout")
    assert code == 0
    assert "BUYER_IDENTITY_MISSING  info  /buyer_identity" in out


def test_checks_that_do_io_are_awaited(
    run: Callable[..., tuple[int, str, str]], valid: str, empty: str, tmp_path: Path
) -> None:
    (tmp_path / "asking.py").write_text(
        "from diddo_plugins.cart_lines import VariantNotFound\n"
        "from diddo_rules import check\n"
        "@check(yields=(VariantNotFound,))\n"
        "async def asks(cart):\n"
        "    return [VariantNotFound(at='/id', position=1, line=1, variant_id='')]\n"
    )
    code, out, _ = run("check", valid, empty, "--load", "./asking.py")
    assert code == 1
    assert out.count("VARIANT_NOT_FOUND  400  /id") == 2


def test_a_cart_comes_from_stdin(valid: str) -> None:
    with Path(valid).open("rb") as cart:
        done = subprocess.run([sys.executable, "-c", RUN, "check", "-"], stdin=cart, capture_output=True, check=False)
    assert done.returncode == 0
    assert done.stdout.startswith(b"Cart cart is valid")


RUN = "import sys; from diddo_rules.cli import main; sys.exit(main())"


def test_a_byte_order_mark_is_no_fault(run: Callable[..., tuple[int, str, str]], tmp_path: Path, cart: Cart) -> None:
    (tmp_path / "bom.json").write_text(cart.model_dump_json(), "utf-8-sig")
    assert run("check", "bom.json")[0] == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b'{"id":\n "1",}', ["line 2, column 6"]),
        (b"", ["line 1, column 0"]),
        (b"\xff\xfe{", ["line 1, column"]),
        (b"[" * 1000, ["is not JSON"]),
        (b"{}", ["is not a cart", "/id: Field required"]),
        (b"[]", ["is not a cart", "the whole: "]),
        (b'{"id": "1", "stores": [{"cartLines": [{"quantity": "2"}]}]}', ["/stores/0/cartLines/0/quantity: "]),
    ],
)
@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_a_file_without_a_cart_is_a_usage_error_that_names_the_place(
    run: Callable[..., tuple[int, str, str]], tmp_path: Path, text: Any, said: Any, flags: tuple[str, ...]
) -> None:
    (tmp_path / "bad.json").write_bytes(text)
    code, out, err = run("check", "bad.json", *flags)
    assert code == 2
    assert (out == "") is not bool(flags)
    assert (err == "") is bool(flags)
    message = json.loads(out)["errors"][0]["message"] if flags else err
    for part in ("bad.json", *said):
        assert part in message


def test_the_place_is_machine_readable(run: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{\n]")
    _, out, _ = run("check", "bad.json", "--json")
    assert json.loads(out)["errors"][0]["details"] == {"line": 2, "column": 1}
    (tmp_path / "bad.json").write_text('{"id": 3}')
    _, out, _ = run("check", "bad.json", "--json")
    faults = json.loads(out)["errors"][0]["details"]["faults"]
    assert faults == [{"pointer": "/id", "reason": "Input should be a valid string"}]


@pytest.mark.parametrize("name", ["absent.json", "."])
def test_a_file_that_cannot_be_read_is_named(run: Callable[..., tuple[int, str, str]], name: str) -> None:
    code, _, err = run("check", name)
    assert code == 2
    assert err.startswith(f"diddo: {name}: ")


def test_usage_errors_are_json_too(run: Callable[..., tuple[int, str, str]]) -> None:
    code, out, err = run("check", "--json", "--nonsense")
    assert (code, err) == (2, "")
    assert json.loads(out)["errors"][0]["code"] == "USAGE"
    code, out, err = run("check", "--nonsense")
    assert (code, out) == (2, "")
    assert "--nonsense" in err


@pytest.mark.parametrize("arguments", [["check", "valid.json"], ["rules", "list"], ["explain", "MISSING_STORES"]])
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("[rulse]", "diddo.toml:1: rulse: no such table. Did you mean rules?"),
        ('[rules]\nload = ["./absent.py"]', "plugin absent (./absent.py): FileNotFoundError"),
        ('[rules]\ndisable = ["MISSING_STORE"]', "Did you mean MISSING_STORES?"),
    ],
)
def test_broken_settings_and_plugins_end_with_3(
    run: Callable[..., tuple[int, str, str]], valid: str, tmp_path: Path, arguments: Any, settings: Any, said: Any
) -> None:
    assert valid
    (tmp_path / "diddo.toml").write_text(settings)
    code, out, err = run(*arguments)
    assert (code, out) == (3, "")
    assert said in err
    code, out, _ = run(*arguments, "--json")
    assert code == 3
    assert said in json.loads(out)["errors"][0]["message"]


def test_a_skipped_plugin_is_mentioned(run: Callable[..., tuple[int, str, str]], valid: str, tmp_path: Path) -> None:
    (tmp_path / "diddo.toml").write_text('[rules]\nload = ["./absent.py"]\nbroken_plugins = "skip"')
    code, _, err = run("check", valid)
    assert code == 0
    assert "skipped the plugin absent" in err


def test_a_crashed_check_is_a_finding(run: Callable[..., tuple[int, str, str]], valid: str, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text(
        "from diddo_plugins.stores import MissingStores\n"
        "from diddo_rules import check\n"
        "@check(yields=(MissingStores,))\n"
        "def broken(cart):\n"
        "    raise RuntimeError('on purpose')\n"
    )
    code, out, _ = run("check", valid, "--load", "./broken.py")
    assert code == 1
    assert "broken:broken crashed" in out
    assert "RuntimeError: on purpose" in out


def test_rules_are_listed_in_their_order(run: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = run("rules", "list")
    assert code == 0
    lines = out.splitlines()
    assert lines[0].split() == ["PRIORITY", "CODE", "CHECK", "STATE", "WHY", "HERE", "DOES"]
    assert [line.split()[:2] for line in lines[1:3]] == [["100", "CART_NOT_FOUND"], ["200", "ALREADY_SUBMITTED"]]


def test_rules_that_are_off_are_listed_last(run: Callable[..., tuple[int, str, str]]) -> None:
    code, out, err = run("rules", "list", "--disable", "MISSING_STORES,shipping", "--json")
    checks = json.loads(out)["checks"]
    assert (code, err) == (0, "")
    assert [check["on"] for check in checks] == [True] * 7 + [False]
    assert checks[-1]["codes"] == ["MISSING_STORES"]
    assert checks[0]["version"]


def test_an_unmatched_name_is_mentioned(run: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    (tmp_path / "hopeful.py").write_text(
        "from diddo_plugins.stores import MissingStores\n"
        "from diddo_rules import check\n"
        "@check(yields=(MissingStores,), after=('MISING_STORES',))\n"
        "def hopeful(cart):\n"
        "    return ()\n"
    )
    code, _, err = run("rules", "list", "--load", "./hopeful.py")
    assert code == 0
    assert "hopeful:hopeful names MISING_STORES" in err


@pytest.mark.parametrize("code", ["MISSING_STORE_DOMAIN", "missing_store_domain"])
def test_a_code_is_explained(run: Callable[..., tuple[int, str, str]], code: str) -> None:
    exit_code, out, _ = run("explain", code)
    assert exit_code == 0
    for said in (
        "MISSING_STORE_DOMAIN  400",
        "The domain is how an order is routed",
        "Store {position} of the cart has no domain.",
        "position: int",
        "stores:every_store_has_a_domain",
    ):
        assert said in out


def test_a_code_is_explained_as_json(run: Callable[..., tuple[int, str, str]]) -> None:
    _, out, _ = run("explain", "VARIANT_NOT_FOUND", "--json")
    explained = json.loads(out)
    assert explained["http_status"] == 400
    assert explained["facts"] == {"position": "int", "line": "int", "variant_id": "str"}
    assert explained["checks"][0]["check"] == "cart_lines:every_line_has_a_known_variant"


def test_an_unknown_code_is_answered_with_what_was_meant(run: Callable[..., tuple[int, str, str]]) -> None:
    code, out, err = run("explain", "MISSING_STORE")
    assert (code, out) == (2, "")
    assert "Did you mean MISSING_STORES?" in err
    code, out, _ = run("explain", "MISSING_STORE", "--json")
    assert code == 2
    assert json.loads(out)["errors"][0]["code"] == "UNKNOWN_CODE"


def test_help_lists_the_commands(run: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = run("--help")
    assert code == 0
    for command in ("check", "explain", "rules"):
        assert f"\n  {command} " in out


def test_an_unknown_command_is_a_usage_error(run: Callable[..., tuple[int, str, str]]) -> None:
    code, _, err = run("chekc")
    assert code == 2
    assert "chekc" in err


def test_help_needs_neither_pydantic_nor_rich_nor_a_server() -> None:
    program = "import sys; from diddo_rules.cli import main; main(['--help']); print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    imported = done.stdout.splitlines()[-1]
    for module in ("pydantic", "rich", "fastapi", "uvicorn", "hypothesis"):
        assert f"'{module}'" not in imported


@pytest.fixture
def foreign(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Pretend that a distribution brings a command."""

    def pretend(value: Any, *, name: str = "foreign") -> None:
        entry_point = EntryPoint(name=name, value=value, group=app.COMMANDS_GROUP)
        monkeypatch.setattr(app, "_foreign", lambda: (entry_point,))

    return pretend


@click.command(short_help="Comes from elsewhere.")
def elsewhere_command() -> None:
    click.echo("at your service")


def test_commands_of_other_packages_are_found_by_entry_point(
    run: Callable[..., tuple[int, str, str]], foreign: Callable[..., None]
) -> None:
    foreign(f"{__name__}:elsewhere_command")
    assert run("foreign") == (0, "at your service\n", "")
    assert "Comes from elsewhere." in run("--help")[1]


def test_a_missing_extra_is_named(run: Callable[..., tuple[int, str, str]], foreign: Callable[..., None]) -> None:
    foreign("a_module_that_is_not_there:serve", name="serve")
    code, out, err = run("serve", "--port", "1")
    assert (code, out) == (3, "")
    assert "diddo: serve cannot run: the module a_module_that_is_not_there is not installed" in err
    assert "serve" in run("--help")[1]
    code, out, _ = run("serve", "--json")
    assert (code, json.loads(out)["errors"][0]["code"]) == (3, "MISSING_EXTRA")


@click.command()
def late_command() -> None:
    import a_module_that_is_not_there  # noqa: F401, PLC0415 (as late as that)


def test_an_extra_that_is_missed_late_is_named_too(run: Any, foreign: Callable[..., None]) -> None:
    foreign(f"{__name__}:late_command")
    code, out, err = run("foreign")
    assert (code, out) == (3, "")
    assert err == "diddo: foreign cannot run: the module a_module_that_is_not_there is not installed.\n"


def test_a_module_that_our_own_commands_miss_is_a_bug(run: Any, valid: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ModuleNotFoundError(name="pydantic_core")

    monkeypatch.setattr(diddo_rules, "load_settings", broken)
    with pytest.raises(ModuleNotFoundError):
        run("check", valid)


class Distributed:
    name = "diddo-rules"
    requires = ("click>=8", 'fastapi>=0.1; extra == "sandbox"', "Some_Thing; python_version > '3' and extra == 'other'")


@pytest.mark.parametrize(("module", "extra"), [("fastapi.routing", "sandbox"), ("some_thing", "other")])
def test_the_extra_that_brings_a_module_is_found(module: Any, extra: Any) -> None:
    said = missing_extra(ModuleNotFoundError(name=module), Distributed())
    assert said.endswith(f"pip install 'diddo-rules[{extra}]'")


def test_a_module_that_no_extra_brings_is_named_all_the_same() -> None:
    assert missing_extra(ModuleNotFoundError(name="other"), Distributed()) == "the module other is not installed."


@click.command()
def interrupted_command() -> None:
    raise KeyboardInterrupt


def test_an_interrupted_command_ends_with_130(run: Any, foreign: Callable[..., None]) -> None:
    foreign(f"{__name__}:interrupted_command")
    code, out, _ = run("foreign")
    assert (code, out.strip()) == (130, "")


def test_colour_is_for_terminals(
    run: Callable[..., tuple[int, str, str]], empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in run("check", empty)[1]


def test_a_cart_cannot_steer_the_terminal(run: Any, tmp_path: Path) -> None:
    (tmp_path / "escape.json").write_text(json.dumps({"id": "\x1b[2J\u202e", "status": "SUBMITTED"}))
    out = run("check", "escape.json")[1]
    assert r"Cart \x1b[2J\u202e is not valid" in out
    assert "\x1b" not in out


def test_a_cart_cannot_write_markup(run: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    (tmp_path / "markup.json").write_text('{"id": "[red]x[/red]"}')
    assert "Cart [red]x[/red] is" in run("check", "markup.json")[1]


def test_the_list_says_what_put_a_check_where_it_is(run: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    (tmp_path / "diddo.toml").write_text(
        '[checks.MISSING_STORES]\npriority = 50\nafter = ["MISSING_TOTAL_COST"]\n'
        '[checks.BUYER_IDENTITY_MISSING]\nmode = "shadow"\nseverity = "warning"\n'
        "[points.cart.checks.MISSING_STORES]\nmode = 'enforce'\n",
        encoding="utf-8",
    )
    code, out, _ = run("rules", "list", "--json")
    assert code == 0
    rows = {row["check"]: row for row in json.loads(out)["checks"]}
    stores = rows["stores:cart_has_stores"]
    assert stores["priority"] == 50
    assert stores["why"] == [
        "set by checks.MISSING_STORES.priority",
        "set by checks.MISSING_STORES.after",
        "after cart:cart_exists (requires=CART_NOT_FOUND)",
        "after cost:total_is_known (after=MISSING_TOTAL_COST)",
    ]
    assert rows["buyer_identity:buyer_is_known"]["mode"] == "shadow"
    assert rows["cart:cart_exists"]["why"] == []
    _, text, _ = run("rules", "list")
    assert "shadow (warning)" in text
    _, text, _ = run("rules", "list", "--point", "cart")
    asked = [line for line in text.splitlines() if "not asked at cart" not in line]
    assert [line.split()[1] for line in asked[1:] if line.strip().startswith("50")] == ["MISSING_STORES"]


def test_a_trace_tells_everything_of_each_check(run: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    cart = tmp_path / "cart.json"
    cart.write_text('{"id": "c", "cost": {"total": {"value": 1, "currency": "USD"}}}', encoding="utf-8")
    code, out, _ = run("rules", "trace", str(cart))
    assert code == 1
    assert "skipped: MISSING_STORES was found" in out
    assert re.search(r"cost:total_is_known +passed +[\d.]+ +cost.total +.*cost\.py:\d+", out)
    assert "Next: POST /cart/customer" in out
    code, out, _ = run("rules", "trace", str(cart), "--json", "--point", "cart")
    told = json.loads(out)
    assert {it["verdict"] for it in told["trace"]} == {"skipped"}
    assert told["next"]["path"] == "/checkout/c"


def test_all_carts_of_a_file_are_traced(run: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    (tmp_path / "carts.jsonl").write_text('{"id": "a"}\n{"id": "b"}\n', encoding="utf-8")
    code, out, _ = run("rules", "trace", "carts.jsonl")
    assert code == 1
    assert out.count("The cart is not valid.") == 2


HANGS = """
from collections.abc import Iterator
from diddo_rules import Cart, check
from diddo_plugins.cost import MissingTotalCost


@check(priority=1)
def hangs(cart: Cart) -> Iterator[MissingTotalCost]:
    while cart.id:
        pass
    yield MissingTotalCost(at="/cost")
"""


@pytest.mark.parametrize("command", [("check",), ("rules", "trace")])
def test_a_hanging_check_does_not_hang_the_command(
    run: Callable[..., tuple[int, str, str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
) -> None:
    monkeypatch.setattr("diddo_rules.cli.options.TIME_LIMIT", 0.05)
    (tmp_path / "hangs.py").write_text(HANGS, encoding="utf-8")
    (tmp_path / "cart.json").write_text('{"id": "c"}', encoding="utf-8")
    code, out, _ = run(*command, "cart.json", "--load", "./hangs.py", "--enable", "hangs")
    assert code == 1
    assert "TimeLimitExceeded: it took longer than 0.05 s" in out


STUBBORN = """
import asyncio
from diddo_rules import Cart, check
from diddo_plugins.cost import MissingTotalCost


@check()
async def never_ends(cart: Cart) -> list[MissingTotalCost]:
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            pass
"""


@pytest.mark.parametrize("command", [("check",), ("rules", "trace")])
def test_nobody_waits_for_an_io_check_that_does_not_heed_its_cancellation(
    run: Callable[..., tuple[int, str, str]], tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "stubborn.py").write_text(STUBBORN, encoding="utf-8")
    (tmp_path / "cart.json").write_text('{"id": "c"}', encoding="utf-8")
    (tmp_path / "diddo.toml").write_text('[rules]\nload = ["./stubborn.py"]\nio_budget = 0.02\n', encoding="utf-8")
    code, out, err = run(*command, "cart.json", "--enable", "stubborn")
    assert code == 1
    assert "Late: the check took longer than 0.02 s" in out
    assert not err
