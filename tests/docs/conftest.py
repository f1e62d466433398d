"""Pages are run as they are written: their blocks in order, in a folder of the page's own.

What a block means follows from its language and its title:

- `title="name"`: the block is a file; a `diddo.toml` has to hold, JSON, TOML and YAML have to be such.
- `python`: is run; `console`: each line after `$ ` is run, and what follows is what it says; `bash`: a script.
- `text` and `json` without a title: what the block before has printed.

`...` stands for anything. `http://127.0.0.1:8080` is a sandbox with the page's settings; `diddo serve` starts it anew.
A block behind `<!-- skip: next "reason" -->` is not run, and counted.
"""

import ast
import contextlib
import doctest
import io
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import SkipTest

import pytest
import yaml
from sybil import Document, Example, Region
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown import SkipParser
from sybil.parsers.markdown.lexers import RawFencedCodeBlockLexer

from diddo_rules import Engine, load_settings
from diddo_rules.cli.app import main as diddo
from diddo_sandbox.settings import sandbox_settings
from diddo_sandbox.testing import sandbox_server

ROOT = Path(__file__).parents[2]
SANDBOX = "http://127.0.0.1:8080"
_INFO = re.compile(r'(?P<language>[a-z]*)(?: title="(?P<title>[^"]+)")?[ \t]*\n')
_PARSED_FILES = {
    ".py": ast.parse,
    ".json": json.loads,
    ".toml": tomllib.loads,
    ".yml": yaml.safe_load,
    ".yaml": yaml.safe_load,
}
_FOR_THE_SHELL = {"|", ">", "<", "&&", ";", "||", "&"}
_OUTPUT = {"text", "json"}
_HELD_ELSEWHERE = {"mermaid"}  # the diagrams of the states, which their own test compares


class Page:
    """One page, its folder, and what its blocks have left behind; `skipped` are the reasons of blocks not run."""

    def __init__(self, path: Path, folder: Path, resources: contextlib.ExitStack) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.skipped: list[str] = []
        self._resources = resources
        self._server = contextlib.ExitStack()
        self._origin: str | None = None
        self._exit_code = 0
        self._untold: str | None = None  # a command whose output the next block has to tell
        self._python = PythonEvaluator()
        self._document = Document.parse(str(path), SkipParser(), self._blocks)
        self._document.namespace["__name__"] = path.stem
        resources.push(self._server)

    def run(self) -> None:
        for example in self._document:
            try:
                example.evaluate()
            except SkipTest as skipped:
                self.skipped.append(str(skipped))
        assert self._untold is None, f"`{self._untold}` says something that the page does not"

    def _blocks(self, document: Document) -> Iterator[Region]:
        for region in RawFencedCodeBlockLexer(_INFO)(document):
            region.parsed = region.lexemes["source"]
            region.evaluator = self._run_block
            yield region

    def _run_block(self, example: Example) -> str | None:
        language, title = example.region.lexemes["language"], example.region.lexemes["title"]
        told, self._untold = self._untold, None
        if told and (language not in _OUTPUT or title is not None):
            return f"`{told}` says something that the page does not"
        if title is not None:
            return self._save(title, example.parsed)
        runners = {"python": self._run_python, "bash": self._run_bash, "console": self._run_console}
        if language in runners:
            return runners[language](example)
        comparers = {"text": self._compare_text, "json": self._compare_json}
        if language in comparers:
            return comparers[language](example.parsed)
        return (
            None if language in _HELD_ELSEWHERE else f"nobody knows how to run {language or 'a block without language'}"
        )

    def _save(self, title: str, text: str) -> None:
        file = self.folder / title
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
        if file.suffix in _PARSED_FILES:
            _PARSED_FILES[file.suffix](text)
        if file.name == "diddo.toml":
            Engine.from_settings(load_settings(file.parent, {}))

    def _run_python(self, example: Example) -> None:
        if SANDBOX in example.parsed:
            offset = example.parsed.line_offset
            example.parsed = type(example.parsed)(self._with_server(example.parsed), example.parsed.offset, offset)
        with contextlib.redirect_stdout(io.StringIO()) as out:
            self._python(example)
        self.said.append(self._as_on_the_page(out.getvalue()))

    def _run_bash(self, example: Example) -> str | None:
        self._exit_code, said = self._shell(example.parsed)
        self.said.append(said)
        return None if self._exit_code == 0 else f"exit code {self._exit_code}:\n{said}"

    def _run_console(self, example: Example) -> str | None:
        commands = re.split(r"^\$ ", example.parsed, flags=re.MULTILINE)
        assert commands.pop(0) == "", "a console block begins with $"
        for each in commands:
            if self._untold:
                return f"`{self._untold}` says something that the page does not"
            command, _, expected = re.sub(r"\\\n> ", "", each).partition("\n")
            before, (self._exit_code, said) = self._exit_code, self._call(command)
            self.said.append(said)
            if command.startswith("diddo ") and before > 1:
                return f"before `{command}` a command failed with {before}, which the page does not say"
            self._untold = command if said and not expected.strip() else None
            if not self._untold and (wrong := _difference(expected, said)):
                return f"$ {command}\n{wrong}"
        return None

    def _call(self, command: str) -> tuple[int, str]:
        if command == "echo $?":
            return 0, f"{self._exit_code}\n"
        if command.startswith("diddo serve"):
            self._serve(auth="--no-auth" not in command)
            return 0, ""
        words = shlex.split(command, comments=True)
        if words[0] == "diddo" and not _FOR_THE_SHELL & set(words):
            return _in_process([found for word in words[1:] for found in (_files(word) or [word])])
        return self._shell(command)

    def _shell(self, script: str) -> tuple[int, str]:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        ended = subprocess.run(  # noqa: S603  our own pages
            ["bash", "-euo", "pipefail", "-c", self._with_server(script)],  # noqa: S607
            cwd=self.folder,
            # Without compiled files each start of pytest takes seconds, wherever the machine says that there are to be none.
            env={**os.environ, "PATH": path, "COLUMNS": "120", "PYTHONDONTWRITEBYTECODE": ""},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        return ended.returncode, self._as_on_the_page(ended.stdout)

    def _with_server(self, text: str) -> str:
        if SANDBOX not in text:
            return text
        if self._origin is None:
            self._serve()
        return text.replace(SANDBOX, str(self._origin))

    def _as_on_the_page(self, said: str) -> str:
        return said if self._origin is None else said.replace(self._origin, SANDBOX)

    def _serve(self, *, auth: bool = True) -> None:
        """Start a sandbox with the settings that the page's folder now has; the one before ends."""
        self._server.close()
        loaded = load_settings(self.folder, {})
        settings = sandbox_settings(loaded).model_copy(update={"auth": auth})
        server = sandbox_server(settings, engine=Engine.from_settings(loaded))
        self._origin = self._server.enter_context(server).url

    def _compare_text(self, expected: str) -> str | None:
        return _difference(expected, self.said[-1])

    def _compare_json(self, expected: str) -> str | None:
        said = json.loads(self.said[-1])
        if _fits(json.loads(expected), said):
            return None
        return f"the page says\n{expected}\nbut it is\n{json.dumps(said, indent=2, ensure_ascii=False)}"


def _files(pattern: str) -> list[str]:
    return sorted(str(it) for it in Path().glob(pattern)) if "*" in pattern else []


def _in_process(arguments: list[str]) -> tuple[int, str]:
    both = io.StringIO()
    with contextlib.redirect_stdout(both), contextlib.redirect_stderr(both):
        try:
            code = diddo(arguments)
        except SystemExit as ended:
            code = int(ended.code or 0)
    return code, both.getvalue()


def _difference(expected: str, said: str) -> str | None:
    """Return what differs, or None; the width of columns and empty lines around count for nothing."""
    want, got = (_narrow(text) for text in (expected, said))
    checker = doctest.OutputChecker()
    if want == "...\n" or checker.check_output(want, got, doctest.ELLIPSIS):
        return None
    return f"the page says\n{want}\nbut it is\n{got}"


def _narrow(text: str) -> str:
    lines = (re.sub(r"(?<=\S) {2,}", "  ", line).rstrip() for line in text.splitlines())
    return "\n".join(lines).strip("\n") + "\n"


def _fits(expected: Any, said: Any) -> bool:
    """Return whether JSON is as a page says; `"..."` is any value, and as a key any further members."""
    if expected == "...":
        return True
    if isinstance(expected, str) and isinstance(said, str):
        return _difference(expected, said) is None
    if isinstance(expected, dict) and isinstance(said, dict):
        names = expected.keys() - {"..."}
        complete = names == said.keys() or ("..." in expected and names <= said.keys())
        return complete and all(_fits(expected[name], said[name]) for name in names)
    if isinstance(expected, list) and isinstance(said, list):
        return len(expected) == len(said) and all(map(_fits, expected, said))
    return bool(expected == said)


@pytest.fixture
def run_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Runs a page in a fresh folder, which is the current one meanwhile, and returns it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    with contextlib.ExitStack() as resources:

        def run(path: Path) -> Page:
            page = Page(path, tmp_path, resources)
            page.run()
            return page

        yield run
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None)).startswith(str(tmp_path)):
            del sys.modules[name]
