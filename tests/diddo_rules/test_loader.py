import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from diddo_rules import Cart, Engine, PluginLoadError, Settings, SettingsError, load_settings
from diddo_rules.settings import RulesSettings

PLUGIN = '''
from collections.abc import Iterator
from diddo_rules import Cart, Violation, check

class {name}Found(Violation):
    """Made by a test."""
    code = "{code}"
    http_status = 400
    template = "Found."
    remedy = "None."

@check()
def finds(cart: Cart) -> Iterator[{name}Found]:
    yield {name}Found(at="")

not_a_plugin = {name}Found
'''


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Write a plugin module that can be imported during the test."""
    monkeypatch.syspath_prepend(str(tmp_path))
    written = []

    def write(stem: Any, text: Any = None) -> Any:
        source = PLUGIN.format(name=stem.title().replace("_", ""), code=stem.upper()) if text is None else text
        (tmp_path / f"{stem}.py").write_text(source)
        written.append(stem)
        return EntryPoint(name=stem, value=stem, group="diddo_rules")

    yield write
    for stem in written:
        sys.modules.pop(stem, None)
        sys.modules.pop(f"<diddo plugin>.{stem}", None)


def engine_of(directory: Any, *installed: Any, **rules: Any) -> Engine:
    return Engine.from_settings(Settings(rules=RulesSettings(**rules), directory=directory), installed=installed)


def test_installed_plugins_are_named_by_their_entry_points(tmp_path: Path, write: Callable[..., Any]) -> None:
    engine = engine_of(tmp_path, write("rules_a"), write("rules_b"))
    assert [plugin.name for plugin in engine.plugins] == ["rules_a", "rules_b"]
    assert set(engine.violations) == {"RULES_A", "RULES_B"}


@pytest.mark.parametrize(
    ("load", "name"),
    [
        ("rules_c", "rules_c"),
        ("rules_c:finds", "rules_c:finds"),
        ("./rules_c.py", "rules_c"),
    ],
)
def test_plugins_are_loaded_by_module_by_attribute_and_by_file(
    tmp_path: Path, write: Callable[..., Any], load: str, name: str
) -> None:
    write("rules_c")
    engine = engine_of(tmp_path, load=(load,))
    assert [plugin.name for plugin in engine.plugins] == [name]
    assert engine.validate(Cart(id="1")).codes == ("RULES_C",)


def test_a_file_is_found_beside_the_settings_that_name_it(tmp_path: Path, write: Callable[..., Any]) -> None:
    write("rules_d")
    (tmp_path / "diddo.toml").write_text('[rules]\nload = ["./rules_d.py"]')
    inner = tmp_path / "inner"
    inner.mkdir()
    engine = Engine.from_settings(load_settings(inner, {}), installed=())
    assert set(engine.violations) == {"RULES_D"}


def test_a_plugin_that_is_switched_off_is_not_imported(tmp_path: Path, write: Callable[..., Any]) -> None:
    broken = write("rules_e", "raise RuntimeError('must not be imported')")
    engine = engine_of(tmp_path, broken, write("rules_f"), disable=("rules_e",))
    assert "rules_e" not in sys.modules
    assert [plugin.name for plugin in engine.plugins] == ["rules_f"]


def test_only_enabled_plugins_are_imported_when_enabled_by_name(tmp_path: Path, write: Callable[..., Any]) -> None:
    broken = write("rules_e", "raise RuntimeError('must not be imported')")
    engine = engine_of(tmp_path, broken, write("rules_f"), enable=("rules_f",))
    assert "rules_e" not in sys.modules
    assert set(engine.violations) == {"RULES_F"}


def test_settings_of_a_plugin_that_is_switched_off_are_no_error(tmp_path: Path, write: Callable[..., Any]) -> None:
    settings = Settings(rules=RulesSettings(disable=("rules_e",)), plugins={"rules_e": {"any": 1}}, directory=tmp_path)
    assert Engine.from_settings(settings, installed=[write("rules_e")]).plugins == ()


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("raise RuntimeError('no database')", "RuntimeError: no database"),
        ("import a_module_that_is_not_there", "ModuleNotFoundError: No module named 'a_module_that_is_not_there'"),
        ("def broken(:", "SyntaxError"),
        ("raise SystemExit(1)", "SystemExit: 1"),
    ],
)
def test_a_broken_plugin_is_named_with_the_cause_and_stops_the_start(
    tmp_path: Path, write: Callable[..., Any], source: str, cause: str
) -> None:
    broken = write("rules_g", source)
    with pytest.raises(PluginLoadError) as refused:
        engine_of(tmp_path, broken, write("rules_h"))
    assert str(refused.value).startswith("plugin rules_g (rules_g): ")
    assert cause in str(refused.value)


def test_all_broken_plugins_are_named_at_once(tmp_path: Path, write: Callable[..., Any]) -> None:
    with pytest.raises(PluginLoadError) as refused:
        engine_of(tmp_path, write("rules_i", "1/0"), write("rules_j", "1/0"))
    assert [line.split()[1] for line in str(refused.value).splitlines()] == ["rules_i", "rules_j"]


def test_broken_plugins_are_left_out_if_the_settings_say_so(tmp_path: Path, write: Callable[..., Any]) -> None:
    engine = engine_of(tmp_path, write("rules_k", "1/0"), write("rules_l"), broken_plugins="skip")
    assert set(engine.violations) == {"RULES_L"}
    assert [(it.name, it.cause) for it in engine.failed_plugins] == [("rules_k", "ZeroDivisionError: division by zero")]


@pytest.mark.parametrize(
    ("load", "cause"),
    [
        ("./absent.py", "there is no file"),
        ("rules_m:absent", "AttributeError"),
        ("no_such_module", "No module named"),
        ("./rules_broken.py", "ZeroDivisionError"),
        ("./folder.py", "there is no file"),
        ("rules_m:not_a_plugin", "is a class; name an instance"),
    ],
)
def test_what_cannot_be_loaded_is_named(tmp_path: Path, write: Callable[..., Any], load: str, cause: str) -> None:
    write("rules_m")
    write("rules_broken", "1/0")
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(PluginLoadError, match=cause) as refused:
        engine_of(tmp_path, load=(load,))
    assert f"({load})" in str(refused.value)


def test_two_plugins_of_one_name_are_told_apart(tmp_path: Path, write: Callable[..., Any]) -> None:
    installed = write("rules_n")
    with pytest.raises(PluginLoadError, match=r"rules_n .*has the same name"):
        engine_of(tmp_path, installed, load=("./rules_n.py",))


def test_naming_a_plugin_twice_is_harmless(tmp_path: Path, write: Callable[..., Any]) -> None:
    write("rules_o")
    assert len(engine_of(tmp_path, load=("rules_o", "rules_o")).plugins) == 1


def test_an_unknown_plugin_among_the_switches_is_an_error(tmp_path: Path, write: Callable[..., Any]) -> None:
    with pytest.raises(SettingsError, match=r"rules.disable: rules_pp .* Did you mean rules_p\?"):
        engine_of(tmp_path, write("rules_p"), disable=("rules_pp",))


def test_the_first_party_plugins_tell_their_version(diddo_engine: Engine) -> None:
    first = diddo_engine.plugins[0]
    assert first.version
    assert first.source.startswith("diddo-rules, ")
