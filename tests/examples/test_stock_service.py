import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

from diddo_rules.testing import gen_cart, replayed

PROGRAM = "import sys; from diddo_rules.cli import main; sys.exit(main())"


def test_its_own_tests_pass(own_tests: Callable[..., CompletedProcess[str]], tmp_path: Path) -> None:
    done = own_tests("stock_service", tmp_path)
    assert done.returncode == 0, done.stdout


def test_the_commands_await_it(install: Callable[[str], dict[str, str]], tmp_path: Path) -> None:
    (tmp_path / "cart.json").write_text(gen_cart(replayed([])).model_dump_json(), "utf-8")
    settings = tmp_path / "diddo.toml"
    settings.write_text('[plugins.stock_service]\nurl = "http://127.0.0.1:9"\n')  # nobody listens there

    def diddo(*arguments: str) -> CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 (our own program)
            [sys.executable, "-c", PROGRAM, *arguments],
            cwd=tmp_path,
            env=install("stock_service"),
            capture_output=True,
            text=True,
            check=False,
        )

    refused = diddo("check", "cart.json", "--json")
    assert refused.returncode == 1
    assert [it["exception"] for it in json.loads(refused.stdout)["crashed"]] == ["ConnectError"]
    settings.write_text(settings.read_text() + '[checks.INSUFFICIENT_STOCK]\non_failure = "pass"\n')
    passed = diddo("rules", "trace", "cart.json", "--json")
    assert passed.returncode == 0
    assert json.loads(passed.stdout)["trace"][-1]["verdict"] == "skipped"
    settings.write_text("[rules]\nstop = 'all'\n")
    missing = diddo("check", "cart.json")
    assert missing.returncode == 3
    assert "plugins.stock_service.url: Field required" in missing.stderr
