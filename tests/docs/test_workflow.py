"""The workflow to copy is one that GitHub and our own commands understand."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from diddo_rules.cli.app import app

DOCS = Path(__file__).parents[2] / "docs"
FILE = DOCS / "workflows" / "fuzz-rules.yml"
WORKFLOW: dict[Any, Any] = yaml.safe_load(FILE.read_text("utf-8"))
JOBS: dict[str, Any] = WORKFLOW["jobs"]
STEPS = [step for job in JOBS.values() for step in job["steps"]]


def test_the_page_shows_the_file() -> None:
    assert FILE.read_text("utf-8") in (DOCS / "fuzz-in-ci.md").read_text("utf-8")


def test_pull_requests_are_gated_and_nights_are_used() -> None:
    triggers = WORKFLOW[True]  # YAML 1.1 takes the key `on` for a boolean, and GitHub does not
    assert set(triggers) == {"pull_request", "schedule", "workflow_dispatch"}
    assert JOBS["gate"]["if"] == "github.event_name == 'pull_request'"
    assert JOBS["nightly"]["if"] == "github.event_name != 'pull_request'"
    assert WORKFLOW["permissions"] == {"contents": "read"}


def test_actions_are_public_and_have_a_version() -> None:
    actions = [step["uses"] for step in STEPS if "uses" in step]
    assert len(actions) >= 6
    assert [it for it in actions if not re.fullmatch(r"actions/[a-z-]+@v\d+", it)] == []


def test_each_job_shares_its_failures_when_it_fails() -> None:
    for job in JOBS.values():
        last = job["steps"][-1]
        assert (last["if"], last["uses"].partition("@")[0]) == ("failure()", "actions/upload-artifact")
        assert "diddo-failures/" in last["with"]["path"]


@pytest.mark.parametrize("line", [step["run"] for step in STEPS if step.get("run", "").startswith("diddo ")])
def test_our_commands_know_the_options(line: str) -> None:
    name, *arguments = shlex.split(line.replace("$SECONDS_TO_FUZZ", "1800"))[1:]
    command = app.get_command(app.make_context("diddo", [name]), name)
    assert command is not None
    with command.make_context(name, arguments) as context:
        budget = {it: context.params[it] for it in ("count", "seconds", "seed")}
    fixed, timed = {"count": 20000, "seconds": None, "seed": 0}, {"count": None, "seconds": 1800, "seed": None}
    assert budget in (fixed, timed)
