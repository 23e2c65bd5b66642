"""The version is read in one place, and everything that prints it prints the same."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner

from specimen import cli, specs
from specimen.contracts.reporting.formats import sarif_report
from specimen.contracts.traffic.har_writer import Recorder
from specimen.mockserver.app import build_app
from specimen.mockserver.settings import Settings
from specimen.specs.core import version as versions
from tests.contracts.example_reports import broken_report
from tests.serving import ROOT

FOLDERS = ("specs", "fixtures", "mockserver", "contracts")


@pytest.fixture
def distribution(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Lets a test say which distribution is the product's."""
    versions.product_version.cache_clear()
    yield monkeypatch
    versions.product_version.cache_clear()


def reported(folder: Path) -> dict[str, str]:
    """The version by who prints it: the command line, the server, a recording, a report."""
    kayle = specs.load("kayle")
    Recorder(folder / "a.har", kayle).close()
    log = json.loads((folder / "a.har").read_text(encoding="utf-8"))["log"]
    return {
        "--version": CliRunner().invoke(cli.app, ["--version"]).output.split()[1],
        "health": build_app(Settings(providers=("kayle",))).health()["version"],
        "HAR": log["creator"]["version"],
        "SARIF": sarif_report.values(broken_report())["runs"][0]["tool"]["driver"]["semanticVersion"],
    }


@pytest.mark.parametrize(("name", "expected"), [("pytest", version("pytest")), ("nothing-such", "0.0.0+source")])
def test_version__is_the_same_everywhere(name: str, expected: str, tmp_path: Path, distribution: pytest.MonkeyPatch) -> None:
    """All print the installed distribution's version, and of sources that are not installed one that is valid SemVer."""
    distribution.setattr(versions, "DISTRIBUTION", name)
    assert set(reported(tmp_path).values()) == {expected}


def test_version__is_read_in_one_module() -> None:
    """Nothing else asks for the metadata of a distribution."""
    files = [*(ROOT / "specimen").glob("*.py"), *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))]
    asking = {
        path.relative_to(ROOT).as_posix()
        for path in files
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        and node.module == "importlib.metadata"
        and {alias.name for alias in node.names} & {"version", "metadata", "distribution"}
    }
    assert asking == {"specs/core/version.py"}
