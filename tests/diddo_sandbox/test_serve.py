"""`diddo serve` as a user starts it: in a process of its own, on a real port."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import jwt
import pytest

DIDDO = [str(Path(sys.executable).with_name("diddo"))]


class Server:
    def __init__(self, process: subprocess.Popen[str], url: str, banner: str) -> None:
        self.process, self.url, self.banner = process, url, banner

    def __call__(
        self, method: str, path: str, body: object = None, key: str | None = "sk_test_serve"
    ) -> tuple[int, object]:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        data = None if body is None else json.dumps(body).encode()
        try:
            with urlopen(Request(self.url + path, data, headers, method=method)) as answer:  # noqa: S310  our own server
                return answer.status, json.loads(answer.read())
        except HTTPError as error:
            with error:
                return error.code, json.loads(error.read())


@contextmanager
def serving(folder: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> Iterator[Server]:
    process = subprocess.Popen(  # noqa: S603  our own command
        [*DIDDO, "serve", *arguments],
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**os.environ, **(environ or {})},
    )
    try:
        assert process.stderr is not None
        banner = ""
        for line in process.stderr:
            banner += line
            if "Keeps" in line:
                break
        found = re.search(r"http://[\w.\[\]:]+:\d+", banner)
        assert found, banner
        yield Server(process, found[0], banner)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=20)
        assert process.stderr is not None
        process.stderr.close()


def refused(folder: Path, *arguments: str) -> tuple[int, str]:
    ended = subprocess.run(  # noqa: S603  our own command
        [*DIDDO, "serve", *arguments], capture_output=True, text=True, cwd=folder, timeout=60, check=False
    )
    return ended.returncode, ended.stderr


def test_it_serves_and_says_so(tmp_path: Path) -> None:
    with serving(tmp_path, "--port", "0") as server:
        assert "any sk_test_<name>" in server.banner
        assert "9 checks" in server.banner
        assert server("GET", "/_sandbox/health", key=None) == (200, {"status": "ok"})
        status, cart = server("GET", "/cart/cart_ready")
        assert status == 200
        assert cart["status"] == "IN_PROGRESS"  # type: ignore[index]


def test_state_is_kept_over_a_restart(tmp_path: Path) -> None:
    arguments = ("--port", "0", "--state", "shop.db")
    add = {"cart_id": "0", "item": {"variant_id": "gulls-scarf", "quantity": 2}}
    with serving(tmp_path, *arguments) as server:
        _, cart = server("POST", "/cart/add", add)
        server("POST", "/_sandbox/clock", {"freeze": 1_900_000_000})
        assert "shop.db" in server.banner
    with serving(tmp_path, *arguments) as server:
        assert server("GET", f"/cart/{cart['id']}") == (200, cart)  # type: ignore[index]
        assert server("GET", "/_sandbox/clock") == (200, {"now": 1_900_000_000, "frozen": True})
        _, other = server("POST", "/cart/add", add)
        assert other["id"] != cart["id"]  # type: ignore[index]


def test_without_auth_no_key_is_needed(tmp_path: Path) -> None:
    with serving(tmp_path, "--port", "0", "--no-auth") as server:
        assert server("GET", "/cart/cart_ready", key=None)[0] == 200


def test_settings_come_from_file_and_environment(tmp_path: Path) -> None:
    (tmp_path / "diddo.toml").write_text('[sandbox]\nport = 0\ncst_field = "session"\n')
    with serving(tmp_path, environ={"DIDDO_SANDBOX_AUTH": "false"}) as server:
        status, answer = server("POST", "/checkout/cst", key=None)
        assert status == 200
        assert list(answer) == ["session"]  # type: ignore[call-overload]


def test_programs_are_told_as_json(tmp_path: Path) -> None:
    process = subprocess.Popen(  # noqa: S603  our own command
        [*DIDDO, "serve", "--port", "0", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    assert process.stdout is not None
    described = json.loads(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert set(described) == {"url", "gateway", "auth", "state", "plugins", "checks"}
    assert len(described["checks"]) == 9
    assert (process.returncode, said) == (130, "")


def test_plugins_come_by_flag(tmp_path: Path) -> None:
    rule = """
from diddo_rules import Cart, Violation, check
class Never(Violation):
    \"\"\"Nothing passes.\"\"\"
    code = "NEVER"; http_status = 418; template = "Never."; remedy = "None."
@check(priority=150)
def never(cart: Cart) -> list[Never]:
    return [Never(at="")]
"""
    (tmp_path / "never.py").write_text(rule)
    with serving(tmp_path, "--port", "0", "--load", "./never.py", "--disable", "VARIANT_NOT_FOUND") as server:
        assert "9 checks" in server.banner
        status, answer = server("POST", "/checkout/cart_ready")
        assert status == 418
        assert [error["code"] for error in answer["errors"]] == ["NEVER"]  # type: ignore[index]


def test_paths_in_a_file_are_relative_to_it(tmp_path: Path) -> None:
    (tmp_path / "diddo.toml").write_text('[sandbox]\nport = 0\nstate = "shop.db"\n')
    folder = tmp_path / "deeper"
    folder.mkdir()
    with serving(folder) as server:
        assert server("GET", "/cart/cart_ready")[0] == 200
    assert (tmp_path / "shop.db").exists()
    assert list(folder.iterdir()) == []


def test_lists_come_from_the_environment(tmp_path: Path) -> None:
    with serving(
        tmp_path, "--port", "0", environ={"DIDDO_SANDBOX_CORS_ORIGINS": "https://a.test,https://b.test"}
    ) as server:
        request = Request(server.url + "/products", headers={"Origin": "https://b.test"})  # noqa: S310  our own server
        with pytest.raises(HTTPError) as answered, urlopen(request):  # noqa: S310  likewise
            pass
        with answered.value as error:
            assert error.headers["access-control-allow-origin"] == "https://b.test"


def test_tokens_are_not_repeated_after_a_restart(tmp_path: Path) -> None:
    tokens = []
    for _ in range(2):
        with serving(tmp_path, "--port", "0", "--state", "shop.db") as server:
            tokens.append(server("POST", "/checkout/cst")[1]["cst"])  # type: ignore[index]
    first, second = (jwt.decode(token, options={"verify_signature": False})["jti"] for token in tokens)
    assert first != second


def test_a_taken_port_is_said_and_ends_with_5(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, said = refused(tmp_path, "--port", port)
    assert code == 5
    assert port in said
    assert "--port auto" in said


def test_what_is_wrong_is_json_too(tmp_path: Path) -> None:
    ended = subprocess.run(  # noqa: S603  our own command
        [*DIDDO, "serve", "--json", "--gateway", "strip"], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert ended.returncode == 3
    assert json.loads(ended.stdout)["errors"][0]["code"] == "CONFIGURATION"


@pytest.mark.parametrize(
    ("settings", "arguments", "code", "said"),
    [
        ("", ["--port", "0", "--gateway", "strip"], 3, "Did you mean stripe?"),
        ("", ["--port", "many"], 2, "--port"),
        ("", ["--state", "."], 2, "is a directory"),
        ("", ["--port", "0", "--state", "nowhere/shop.db"], 3, "nowhere/shop.db"),
        ("", ["--port", "0", "--catalogue", "nowhere.toml"], 3, "nowhere.toml"),
        ("[sandbox]\nprot = 1", ["--port", "0"], 3, "Did you mean port?"),
        ('[sandbox]\nsuccess_url = "/thanks"', [], 3, "sandbox.success_url: "),
        ("[sandbox]\nport = 'often'", [], 3, "sandbox.port: "),
        ("[sandbox]\nport = 99999", [], 3, "sandbox.port"),
        ("[rules]\nload = ['nobody.knows']", ["--port", "0"], 3, "nobody"),
        ("[sandbox.gateways.stripe]\ncolour = 'red'", ["--port", "0"], 3, "colour"),
    ],
)
def test_a_wrong_setting_is_named_and_ends_the_start(
    tmp_path: Path, settings: str, arguments: list[str], code: int, said: str
) -> None:
    (tmp_path / "diddo.toml").write_text(settings)
    ended, text = refused(tmp_path, *arguments)
    assert (ended, said in text) == (code, True), text
    assert "Traceback" not in text


def test_a_state_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "shop.db").write_text("not a database, and longer than a header of one would be " * 4)
    code, said = refused(tmp_path, "--port", "0", "--state", "shop.db")
    assert (code, "shop.db" in said) == (3, True)
