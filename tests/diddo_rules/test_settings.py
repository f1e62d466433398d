from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from diddo_rules import Engine, Settings, SettingsError, load_settings, validate_settings


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def write(name: str, text: Any) -> Any:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    return write


def test_without_any_source_the_defaults_hold(tmp_path: Path) -> None:
    settings = load_settings(tmp_path, {})
    assert settings.rules == Settings().rules
    assert settings.rules.stop == "all"
    assert settings.plugins == settings.sandbox == settings.origins == {}


def test_each_source_wins_over_the_next(tmp_path: Path, write: Callable[..., Any]) -> None:
    write("pyproject.toml", '[tool.diddo.rules]\nstop = "first"\ndisable = ["p"]\nload = ["p"]\nenable = ["p"]')
    write("diddo.toml", '[rules]\ndisable = ["d"]\nload = ["d"]\nenable = ["d"]')
    environ = {"DIDDO_RULES_LOAD": "e, f", "DIDDO_RULES_ENABLE": "e", "HOME": "/", "DIDDO_API_KEY": "not ours"}
    settings = load_settings(tmp_path, environ, flags={"rules.enable": "flag", "rules.stop": None})
    assert settings.rules.model_dump(exclude_defaults=True) == {
        "stop": "first",
        "disable": ("d",),
        "load": ("e", "f"),
        "enable": ("flag",),
    }
    assert settings.origins == {
        "rules.stop": "pyproject.toml",
        "rules.disable": "diddo.toml",
        "rules.load": "DIDDO_RULES_LOAD",
        "rules.enable": "--enable",
    }


def test_the_nearest_folder_with_settings_counts(tmp_path: Path, write: Callable[..., Any]) -> None:
    write("diddo.toml", '[rules]\nstop = "first"')
    write("project/pyproject.toml", "[project]\nname = 'no settings of ours'")
    inner = tmp_path / "project" / "src"
    inner.mkdir()
    settings = load_settings(inner, {})
    assert settings.rules.stop == "first"
    assert settings.directory == tmp_path


def test_a_named_file_is_read_instead(tmp_path: Path, write: Callable[..., Any]) -> None:
    write("diddo.toml", "[rules]\nbroken = 1")
    path = write("ci/strict.toml", '[rules]\nstop = "first"')
    settings = load_settings(tmp_path, {}, file=path)
    assert settings.rules.stop == "first"
    assert settings.directory == tmp_path / "ci"


def test_a_named_project_file_may_have_no_settings_of_ours(tmp_path: Path, write: Callable[..., Any]) -> None:
    path = write("pyproject.toml", "[project]\nname = 'x'")
    assert load_settings(tmp_path, {}, file=path).rules == Settings().rules


def test_tables_of_others_are_handed_through(tmp_path: Path, write: Callable[..., Any]) -> None:
    write("diddo.toml", '[plugins.limits]\nmost = 3\n[sandbox]\nport = 9000\nhost = "h"')
    settings = load_settings(tmp_path, {"DIDDO_SANDBOX_PORT": "9001"})
    assert settings.plugins == {"limits": {"most": 3}}
    assert settings.sandbox == {"port": "9001", "host": "h"}
    assert settings.origins["plugins.limits"] == "diddo.toml"


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("diddo.toml", "[rulse]\n", r"diddo.toml:1: rulse: no such table. Did you mean rules\?"),
        ("diddo.toml", "[rules]\nstpo = 'all'", r"diddo.toml:2: rules.stpo: .* Did you mean stop\?"),
        ("diddo.toml", "[rules]\nstop = 'never'", r"diddo.toml:2: rules.stop: Input should be 'first' or 'all'"),
        ("diddo.toml", "[rules]\ndisable = [1]", r"diddo.toml:2: rules.disable.0: Input should be a valid string"),
        ("diddo.toml", "rules = 3", "diddo.toml: rules must be a table, not 3"),
        ("diddo.toml", "[plugins]\nlimits = 3", "diddo.toml:2: plugins.limits must be a table, not 3"),
        ("diddo.toml", "[rules]\nstop = ", r"diddo.toml: .*\(at .*line 2|end of document"),
        ("pyproject.toml", "[tool]\ndiddo = 3", "pyproject.toml: tool.diddo must be a table, not 3"),
        ("pyproject.toml", "[tool.diddo.ruels]\n", r"pyproject.toml:1: tool.diddo.ruels: .* Did you mean rules\?"),
    ],
)
def test_what_is_wrong_in_a_file_is_named_with_the_file(
    tmp_path: Path, write: Callable[..., Any], name: str, text: Any, complaint: str
) -> None:
    write(name, text)
    with pytest.raises(SettingsError, match=complaint):
        load_settings(tmp_path, {})


def test_a_wrong_variable_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"DIDDO_RULES_STPO: rules.stpo: .* Did you mean stop\?"):
        load_settings(tmp_path, {"DIDDO_RULES_STPO": "all"})


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"absent.toml"):
        load_settings(tmp_path, {}, file=tmp_path / "absent.toml")


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "diddo.toml").write_bytes(b"\xff\xfe[rules]")
    with pytest.raises(SettingsError, match=r"diddo.toml"):
        load_settings(tmp_path, {})


class Inner(BaseModel):
    depth: int = 0


class Outer(BaseModel):
    port: int = 8080
    inner: Inner = Inner()


def test_values_are_validated_by_any_model() -> None:
    assert validate_settings(Outer, {"port": "1", "inner": {"depth": 2}}, section="sandbox").inner.depth == 2


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"prot": 1}, r"^diddo.toml: sandbox.prot: there is no such setting. Did you mean port\?$"),
        ({"inner": {"dept": 1}}, r"sandbox.inner.dept: .* Did you mean depth\?"),
        ({"port": "x"}, r"^DIDDO_SANDBOX_PORT: sandbox.port: Input should be a valid integer.* \(it is 'x'\)\.$"),
        ({"zzz": 1}, r"Known: inner, port\."),
    ],
)
def test_wrong_keys_and_values_are_named_with_where_they_stand(values: Any, complaint: str) -> None:
    origins = {"sandbox": "diddo.toml", "sandbox.port": "DIDDO_SANDBOX_PORT"}
    with pytest.raises(SettingsError, match=complaint):
        validate_settings(Outer, values, section="sandbox", origins=origins)


class Secretive(BaseModel):
    api_key: int


def test_secrets_are_not_told() -> None:
    with pytest.raises(SettingsError) as refused:
        validate_settings(Secretive, {"api_key": "sk_live_1"}, section="sandbox")
    assert "sandbox.api_key: Input should be a valid integer" in str(refused.value)
    assert "sk_live_1" not in str(refused.value)


def test_a_table_without_settings_knows_none() -> None:
    with pytest.raises(SettingsError, match=r"sandbox.a: there is no such setting. None are known."):
        validate_settings(BaseModel, {"a": 1}, section="sandbox")


def test_every_wrong_key_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as refused:
        validate_settings(Outer, {"a": 1, "b": 2}, section="sandbox")
    assert len(str(refused.value).splitlines()) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        '[checks.MISSING_STORE]\nmode = "off"',
        "[plugins.costs]\nmost = 1",
        "[plugins.cost]\nmost = 1",
        '[points.cart.checks.costs]\nmode = "off"',
        "[points.cart.plugins.costs]\nmost = 1",
        '[stores."a.example".plugins.costs]\nmost = 1',
    ],
)
def test_a_name_that_nobody_has_is_told_with_file_and_line(
    tmp_path: Path, write: Callable[..., Any], wrong: str
) -> None:
    write("diddo.toml", f'[rules]\nstop = "all"\n\n{wrong}\n')
    with pytest.raises(SettingsError, match=r"^diddo\.toml:4: "):
        Engine.from_settings(load_settings(tmp_path, {}))


def test_so_is_a_wrong_switch(tmp_path: Path, write: Callable[..., Any]) -> None:
    write("diddo.toml", '[rules]\nstop = "all"\ndisable = ["costs"]\n')
    with pytest.raises(SettingsError, match=r"^diddo\.toml:3: rules\.disable: costs is neither"):
        Engine.from_settings(load_settings(tmp_path, {}))


def test_nothing_is_read_that_was_not_handed_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIDDO_RULES_STOP", "first")
    monkeypatch.chdir(tmp_path)
    Path("diddo.toml").write_text("[rulse]")
    (tmp_path / "inner").mkdir()
    assert load_settings(tmp_path, {}, file=_empty(tmp_path)).rules.stop == "all"


def _empty(folder: Any) -> Path:
    path = folder / "empty.toml"
    path.touch()
    return path
