"""Microsoft's validator, which code hosts point to, finds no error in the SARIF reports."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from specimen.contracts.reporting.formats import sarif_report
from tests.contracts.example_reports import broken_report, collected, exchange

PACKAGE = "@microsoft/sarif-multitool-linux"
VERSION = "5.7.0"

pytestmark = [
    pytest.mark.long("downloads the validator from npm"),
    pytest.mark.skipif(shutil.which("npm") is None, reason="the validator comes from npm"),
    pytest.mark.skipif(
        (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="the validator's Linux build is for x86-64"
    ),
]


@pytest.fixture(scope="module")
def validator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The validator's program."""
    folder = tmp_path_factory.mktemp("npm")
    install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", f"{PACKAGE}@{VERSION}"]
    done = subprocess.run(install, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode != 0:
        pytest.skip(f"npm does not give the validator: {done.stderr[-200:]}")
    program = folder / "node_modules" / PACKAGE / "Sarif.Multitool"
    program.chmod(0o755)
    return program


@pytest.mark.parametrize("case", ["with findings", "without"])
def test_report__has_no_error(case: str, validator: Path, tmp_path: Path) -> None:
    """By the rules of the standard and those of GitHub's code scanning; the one warning is that there is no home page to name."""
    report = broken_report() if case == "with findings" else collected(exchange())
    (tmp_path / "a.sarif").write_text(sarif_report.render(report), encoding="utf-8")
    command = [str(validator), "validate", "a.sarif", "--rule-kind", "Sarif;Ghas", "--output", "found.sarif"]
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert "Analysis completed successfully" in done.stdout, done.stdout + done.stderr
    (validated,) = json.loads((tmp_path / "found.sarif").read_text(encoding="utf-8-sig"))["runs"]
    rules = {one["ruleId"] for one in validated.get("results", ())}
    assert rules <= {"SARIF2005"}, done.stdout
