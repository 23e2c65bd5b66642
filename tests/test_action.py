"""The GitHub Action: its shape, and its shell run by bash against a running mock."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml

from specimen.mockserver.app import build_app
from specimen.mockserver.http.server import running
from specimen.mockserver.settings import Settings
from tests.serving import ROOT, environment

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS = ACTION["runs"]["steps"]
TOKEN = "kk_live_specimen"

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="the action's steps are written for bash")


def step(name: str) -> dict:
    """The step of that name."""
    return next(step for step in STEPS if step["name"] == name)


def test_action__inputs_and_outputs_are_described() -> None:
    """Every input has a description and is either required or has a default that is text."""
    for name, entry in ACTION["inputs"].items():
        assert entry["description"], name
        assert entry.get("required") is True or isinstance(entry.get("default"), str), name
    wanted = {"provider", "url", "token", "profile", "driver", "allow-writes", "strict", "package"}
    assert wanted <= set(ACTION["inputs"])
    assert ACTION["runs"]["using"] == "composite"


def test_action__inputs_never_are_part_of_a_script() -> None:
    """A `run` holds no expression: what a caller passes reaches the shell as a variable, so nothing can be injected."""
    for entry in STEPS:
        assert "${{" not in entry.get("run", ""), entry["name"]
        if "run" in entry:
            assert entry["shell"] == "bash"
            assert entry["run"].startswith("set -euo pipefail\n")


def test_action__expressions_name_what_there_is() -> None:
    """Every input, step and output that an expression names exists, and every input is used."""
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    used = set(re.findall(r"inputs\.([a-z-]+)", text))
    assert used == set(ACTION["inputs"])
    ids = {entry["id"] for entry in STEPS if "id" in entry}
    assert set(re.findall(r"steps\.([a-z]+)\.", text)) == ids


def test_action__others_are_pinned_by_major_version() -> None:
    """What is used of others moves within a major version only."""
    used = [entry["uses"] for entry in STEPS if "uses" in entry]
    assert [name.partition("@")[0] for name in used] == [
        "actions/setup-python",
        "actions/cache",
        "actions/upload-artifact",
        "github/codeql-action/upload-sarif",
    ]
    assert all(re.fullmatch(r"[\w/-]+@v\d+", name) for name in used)


def test_action__runs_in_the_bash_of_macos() -> None:
    """Version 3.2 takes an empty array as unset, which `set -u` refuses: one that may be empty is expanded where it has items."""
    script = step("Verify")["run"]
    assert "limit=()" in script
    assert re.findall(r'(?<!\+)"\$\{limit\[@\]\}"', script) == []


def test_action__says_what_an_interrupted_run_exits_with() -> None:
    """`timeout` ends with 124, which is none of the command's own codes."""
    assert "124" in ACTION["outputs"]["exit-code"]["description"]


def test_action__reports_are_uploaded_whatever_the_verdict() -> None:
    """A failing run is the one whose reports are wanted."""
    for name in ("Upload the reports", "Upload to code scanning"):
        assert step(name)["if"].startswith("always() && ")


@pytest.fixture(scope="module")
def mock() -> Iterator[str]:
    """The URL of the mock on a port."""
    with running(build_app(Settings(providers=("kayle",), pace=Settings().pace))) as url:
        yield url


def run_verify(tmp_path: Path, **inputs: str) -> tuple[subprocess.CompletedProcess[str], dict[str, str]]:
    """The action's step run as a runner does it, and its outputs."""
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    command = bin_folder / "specimen"
    command.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "{tmp_path}/arguments"\nexec "{sys.executable}" -m specimen "$@"\n')
    command.chmod(0o755)
    (tmp_path / "output").touch()
    entry = step("Verify")
    values = {name: inputs.get(name, declared.get("default", "")) for name, declared in ACTION["inputs"].items()}
    variables = {
        name: re.sub(r"\$\{\{ inputs\.([a-z-]+) \}\}", lambda found: values[found[1]], text)
        for name, text in entry["env"].items()
    }
    script = tmp_path / "step.sh"
    script.write_text(entry["run"], encoding="utf-8")
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
        cwd=tmp_path,
        env=environment(
            PATH=f"{bin_folder}:{os.environ['PATH']}",
            PYTHONPATH=str(ROOT),
            RUNNER_TEMP=str(tmp_path),
            GITHUB_OUTPUT=str(tmp_path / "output"),
            GITHUB_STEP_SUMMARY=str(tmp_path / "summary.md"),
            GITHUB_WORKFLOW_REF="owner/app/.github/workflows/kyc.yml@refs/heads/main",
            **variables,
        ),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    pairs = (line.partition("=") for line in (tmp_path / "output").read_text(encoding="utf-8").splitlines())
    return done, {name: value for name, _, value in pairs}


def test_action__verify_writes_the_reports_and_tells_no_token(mock, tmp_path) -> None:
    """The mock holds; JUnit, SARIF and HTML are where the outputs say; the token is nowhere."""
    done, outputs = run_verify(tmp_path, provider="kayle", url=f"{mock}/kayle", token=TOKEN, profile="smoke", strict="true")
    assert done.returncode == 0, done.stdout + done.stderr
    assert outputs["exit-code"] == "0"
    assert ET.parse(outputs["junit"]).getroot().get("failures") == "0"
    assert json.loads(Path(outputs["sarif"]).read_text())["version"] == "2.1.0"
    assert Path(outputs["html"]).read_text().startswith("<!doctype html>")
    assert (tmp_path / "summary.md").read_text().startswith("### kayle: ")
    assert json.loads(Path(outputs["json"]).read_text())["provider"] == "kayle"
    reported = [done.stdout, done.stderr, *(path.read_text() for path in Path(outputs["folder"]).iterdir())]
    reported.append((tmp_path / "arguments").read_text())
    assert not any(TOKEN in text for text in reported)
    assert "--strict" in (tmp_path / "arguments").read_text().splitlines()


def test_action__an_empty_time_is_the_default(tmp_path) -> None:
    """A workflow that passes an unset variable on runs the command; here it says that there is no such provider."""
    done, outputs = run_verify(tmp_path, provider="nobody", url="http://127.0.0.1:9", **{"timeout-minutes": ""})
    assert (done.returncode, outputs["exit-code"]) == (2, "2"), done.stdout + done.stderr
    assert "invalid time interval" not in done.stderr


@pytest.mark.long("the command's own baseline has quick tests")
def test_action__takes_a_baseline(mock, tmp_path) -> None:
    """A file of known failures is handed over; one that is none is a mistake."""
    (tmp_path / "known failures.yaml").write_text("version: 1\nprovider: kayle\nknown: []\n", encoding="utf-8")
    given = {"provider": "kayle", "url": f"{mock}/kayle", "token": TOKEN, "profile": "smoke", "baseline": "known failures.yaml"}
    done, outputs = run_verify(tmp_path, **given)
    assert (done.returncode, outputs["exit-code"]) == (0, "0"), done.stdout + done.stderr
    arguments = (tmp_path / "arguments").read_text().splitlines()
    assert arguments[arguments.index("--baseline") + 1] == "known failures.yaml"


def test_action__the_verdict_is_the_exit_code_and_the_reports_are_kept(mock, tmp_path) -> None:
    """A wrong token makes a run that does not hold; its reports are there to be uploaded."""
    done, outputs = run_verify(tmp_path, provider="kayle", url=f"{mock}/kayle", token="kk_wrong", profile="smoke", driver="none")
    assert done.returncode in {1, 4}, done.stdout + done.stderr
    assert outputs["exit-code"] == str(done.returncode)
    assert ET.parse(outputs["junit"]).getroot().get("failures") != "0"


@pytest.mark.long("the command's own option has quick tests")
def test_action__the_second_token_is_given_by_the_environment(mock, tmp_path) -> None:
    """It reaches the command, which refuses the same token twice, and is no argument."""
    done, outputs = run_verify(tmp_path, provider="kayle", url=f"{mock}/kayle", token=TOKEN, **{"other-token": TOKEN})
    assert done.returncode == 2
    assert "--other-token" in done.stderr
    assert outputs["exit-code"] == "2"
    assert TOKEN not in (tmp_path / "arguments").read_text() + done.stdout + done.stderr


def test_action__wrong_use_has_no_reports(mock, tmp_path) -> None:
    """A provider that there is not is exit code 2, and nothing is uploaded."""
    done, outputs = run_verify(tmp_path, provider="kayl", url=f"{mock}/kayle")
    assert done.returncode == 2
    assert "Did you mean 'kayle'?" in done.stderr
    assert "junit" not in outputs
    assert outputs["exit-code"] == "2"


def test_action__inputs_are_one_argument_each(mock, tmp_path) -> None:
    """Spaces, quotes, substitutions and leading dashes stay text; lists are one per line, empty lines left out."""
    odd = "$(touch hacked) `touch hacked` '\"; touch hacked #"
    lists = {"sessions": f"{odd}\r\n\n two words\n", "allow-writes": "a\nb", "header": f"X-A: {odd}\nX-B: 2", "set": "a=b c\n"}
    run_verify(tmp_path, provider="--help", url=f"{mock}/kayle", driver=odd, **lists)
    given = (tmp_path / "arguments").read_text().splitlines()
    assert given[-2:] == ["--", "--help"]
    assert given[given.index("--driver") + 1] == odd
    assert [given[index + 1] for index, text in enumerate(given) if text == "--session"] == [odd, " two words"]
    assert [given[index + 1] for index, text in enumerate(given) if text == "--allow-writes"] == ["a", "b"]
    assert [given[index + 1] for index, text in enumerate(given) if text == "--header"] == [f"X-A: {odd}", "X-B: 2"]
    assert [given[index + 1] for index, text in enumerate(given) if text == "--set"] == ["a=b c"]
    assert not (tmp_path / "hacked").exists()


@pytest.mark.parametrize(
    ("package", "arguments", "constraint"),
    [
        ("", "install -- /the checkout[contracts]", "/the checkout/constraints.txt"),
        ("specimen-kyc[contracts]==0.1.0", "install -- specimen-kyc[contracts]==0.1.0", ""),
    ],
)
def test_action__installs_its_own_checkout_or_what_is_named(tmp_path, package, arguments, constraint) -> None:
    """The checkout with what verify needs and pinned dependencies, or a package as pip takes it; its commands are on the path."""
    fake = tmp_path / "python"
    log = tmp_path / "log"
    inner = f'#!/bin/sh\\necho "$@" >> "{log}"\\necho "pins: $PIP_CONSTRAINT" >> "{log}"\\n'
    fake.write_text(f"""#!/bin/sh\nmkdir -p "$3/bin"\nprintf '{inner}' > "$3/bin/python"\nchmod +x "$3/bin/python"\n""")
    fake.chmod(0o755)
    script = tmp_path / "step.sh"
    script.write_text(step("Install Specimen")["run"], encoding="utf-8")
    (tmp_path / "path").touch()
    subprocess.run(
        ["bash", str(script)],
        env=environment(
            SPECIMEN_PYTHON=str(fake), SPECIMEN_PACKAGE=package, SPECIMEN_CHECKOUT="/the checkout", RUNNER_TEMP=str(tmp_path),
            GITHUB_PATH=str(tmp_path / "path"),
        ),
        check=True,
        timeout=30,
    )  # fmt: skip
    reported = log.read_text().splitlines()
    assert reported[0].endswith(arguments)
    assert reported[1] == f"pins: {constraint}"
    assert (tmp_path / "path").read_text() == f"{tmp_path}/specimen/bin\n"
