"""The workflows of this repository and those that its pages show: their schemas, and their shell run by bash."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import documentation
from tests.serving import ROOT, environment
from tests.test_action import ACTION

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
CI = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
GITHUB, GITLAB = (block for block in documentation.blocks("yaml") if block.page == "docs/ci.md")


def mistakes(schema: str, path: Path) -> str:
    """What a schema of SchemaStore, as check-jsonschema ships it, says of a file; empty if it is valid."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", str(path)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def jobs() -> Iterator[dict[str, Any]]:
    """The jobs of all workflows."""
    for path in WORKFLOWS:
        yield from yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values()


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflow__keeps_the_schema(path: Path) -> None:
    """As GitHub reads it."""
    assert not mistakes("github-workflows", path)


def test_action__keeps_the_schema() -> None:
    """As GitHub reads it."""
    assert not mistakes("github-actions", ROOT / "action.yml")


def test_schema__tells_a_mistake(tmp_path) -> None:
    """A key that GitHub does not know is one."""
    path = tmp_path / "ci.yml"
    path.write_text(
        (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8").replace("runs-on:", "run-on:"), encoding="utf-8"
    )
    assert "runs-on" in mistakes("github-workflows", path)


def test_shown_workflow__keeps_the_schema(tmp_path) -> None:
    """The job of docs/ci.md, and the inputs that it gives to the action."""
    path = tmp_path / "shown.yml"
    path.write_text("on: push\n" + GITHUB.text.replace("<owner>", "owner"), encoding="utf-8")
    assert not mistakes("github-workflows", path)
    (used,) = [step for step in yaml.safe_load(GITHUB.text)["jobs"]["contract"]["steps"] if "specimen@" in step.get("uses", "")]
    required = {name for name, entry in ACTION["inputs"].items() if entry.get("required")}
    assert required <= set(used["with"]) <= set(ACTION["inputs"])


def test_shown_inputs_and_outputs__are_those_of_the_action() -> None:
    """All of them, and no other."""
    reported = re.search(
        r"^Inputs: (.*?); outputs: (.*?)\. `action", documentation.pages()["docs/ci.md"], re.DOTALL | re.MULTILINE
    )
    assert reported is not None
    inputs, outputs = (re.findall(r"`([\w-]+)`", text) for text in reported.groups())
    assert set(inputs) == set(ACTION["inputs"])
    assert set(outputs) == set(ACTION["outputs"])


def test_shown_pipeline__keeps_the_schema(tmp_path) -> None:
    """The job of GitLab in docs/ci.md."""
    path = tmp_path / ".gitlab-ci.yml"
    path.write_text(GITLAB.text, encoding="utf-8")
    assert not mistakes("gitlab-ci", path)


def test_ci__runs_on_every_supported_python() -> None:
    """Those that the package says it supports."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    supported = [found[1] for text in project["classifiers"] if (found := re.search(r"Python :: (3\.\d+)$", text))]
    for job in CI["jobs"].values():
        assert job["strategy"]["matrix"]["python"] == supported


def test_workflows__may_read_only() -> None:
    """A workflow is given no right that it does not need, and leaves no token in the checkout."""
    assert CI["permissions"] == {"contents": "read"}
    for job in jobs():
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


def test_workflows__use_others_by_major_version_and_put_nothing_into_scripts() -> None:
    """What is used of others moves within a major version only; a `run` holds no expression."""
    for job in jobs():
        for step in job["steps"]:
            assert re.fullmatch(r"actions/[\w-]+@v\d+", step.get("uses", "actions/checkout@v6"))
            assert "${{" not in step.get("run", "")


@pytest.mark.skipif(
    shutil.which("bash") is None or shutil.which("make") is None, reason="the steps are written for bash and make"
)
@pytest.mark.parametrize(
    ("job", "targets", "tools"),
    [
        ("test", ["check", "test"], ["ruff check", "mypy", "lint-imports", "tests.lint_specs", "-m pytest"]),
        ("test-long", ["test-long"], ["-m pytest"]),
    ],
)
def test_ci__steps_run_the_checks_and_the_tests(job, targets, tools, tmp_path) -> None:
    """In bash as a runner starts it, with a make that prints what it would run: the targets of the Makefile, in that order."""
    make = tmp_path / "bin" / "make"
    make.parent.mkdir()
    make.write_text(
        f'#!/bin/sh\necho "target $*"\nexec "{shutil.which("make")}" --dry-run --always-make "$@"\n', encoding="utf-8"
    )
    make.chmod(0o755)
    assert CI["defaults"]["run"]["shell"] == "bash"
    reported = ""
    for step in CI["jobs"][job]["steps"]:
        if "run" in step:
            script = tmp_path / "step.sh"
            script.write_text(step["run"], encoding="utf-8")
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
                cwd=ROOT, env=environment(PATH=f"{make.parent}:{os.environ['PATH']}"), capture_output=True, text=True, timeout=60,
                check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
            reported += done.stdout
    assert re.findall(r"^target (.*)$", reported, re.MULTILINE) == targets
    assert [reported.index(tool) for tool in tools] == sorted(reported.index(tool) for tool in tools)
