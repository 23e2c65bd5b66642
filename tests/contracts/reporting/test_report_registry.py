"""Report formats are found in one registry, a user's own among them, and a broken one is one sentence."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from specimen.cli import app
from specimen.contracts.reporting.formats import registry
from specimen.contracts.reporting.formats.registry import FORMATS, ReportError
from specimen.contracts.reporting.model import Report
from tests.contracts.example_reports import broken_report
from tests.contracts.reporting.test_collector import good


def installed(site: Path, monkeypatch: pytest.MonkeyPatch, code: str, entry: str = "lines = acme_reports:render") -> None:
    """A package with a report format, as an installer leaves it."""
    (site / "acme_reports.py").write_text(code, encoding="utf-8")
    info = site / "acme_reports-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-reports\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[{registry.GROUP}]\n{entry}\n", encoding="utf-8")
    monkeypatch.syspath_prepend(site)
    monkeypatch.delitem(sys.modules, "acme_reports", raising=False)


LINES = 'def render(report):\n    return "".join(f"{one.violation.rule} x{one.count}\\n" for one in report.found)\n'


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder of installed packages."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    return folder


def run_check(folder: Path, *more: str) -> Any:
    """A recording in which all is well, judged by the command."""
    return CliRunner().invoke(app, ["check", str(good(folder)), "kayle", *more])


def test_formats__built_in_ones_are_registered_as_a_users_are() -> None:
    """Each is an entry point of the group: a module's function from a report to a text."""
    assert registry.names()[:7] == FORMATS == ("junit", "html", "sarif", "json", "markdown", "github", "gitlab")
    assert {entry.group for entry in registry.BUILT_IN} == {"specimen.reports"}
    assert all(isinstance(registry.renderer(name)(broken_report()), str) for name in FORMATS)


def test_formats__a_users_own(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package's format is listed, rendered, and written by a command."""
    installed(site, monkeypatch, LINES)
    report: Report = broken_report()
    assert registry.names() == (*FORMATS, "lines")
    assert registry.render(report, "lines").splitlines() == [f"{one.violation.rule} x{one.count}" for one in report.found]
    result = run_check(tmp_path, f"--report=lines={tmp_path / 'out.txt'}", f"--report=json={tmp_path / 'out.json'}")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "out.txt").read_text() == ""
    assert json.loads((tmp_path / "out.json").read_text())["violations"] == []


@pytest.mark.parametrize(
    ("code", "entry", "text"),
    [
        ("raise RuntimeError('no licence')", "lines = acme_reports:render", "cannot be loaded: RuntimeError: no licence"),
        ("import nothing_there", "lines = acme_reports:render", "cannot be loaded: ModuleNotFoundError"),
        ("render = 1", "lines = acme_reports:render", "is no function that takes a report"),
        (LINES, "lines = acme_reports:rendered", "cannot be loaded: AttributeError"),
    ],
)
def test_formats__that_cannot_be_loaded_are_known_before(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, entry: str, text: str
) -> None:
    """One sentence, exit code 2, before anything is read; the other formats work all the same."""
    installed(site, monkeypatch, code, entry)
    result = run_check(tmp_path, f"--report=lines={tmp_path / 'out.txt'}")
    assert result.exit_code == 2
    assert text in result.output
    assert "entry point specimen.reports 'lines'" in result.output
    assert "Traceback" not in result.output
    assert run_check(tmp_path, f"--report=json={tmp_path / 'out.json'}").exit_code == 0


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("def render(report):\n    raise KeyError('found')\n", "report format 'lines' failed: KeyError: 'found'"),
        ("def render(report):\n    return b''\n", "report format 'lines' gave bytes: expected the text of a file."),
    ],
)
def test_formats__that_fail_cost_no_other_report(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, text: str
) -> None:
    """What fails on a report is one sentence and exit code 2; the others are written and the verdict is printed."""
    installed(site, monkeypatch, code)
    result = run_check(tmp_path, f"--report=lines={tmp_path / 'out.txt'}", f"--report=json={tmp_path / 'out.json'}")
    assert result.exit_code == 2
    assert text in result.output
    assert "no violations" in result.output
    assert json.loads((tmp_path / "out.json").read_text())["exit_code"] == 0
    assert not (tmp_path / "out.txt").exists()


def test_formats__one_name_for_two(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that takes a built-in format's name is reported; it replaces nothing silently."""
    installed(site, monkeypatch, LINES, "json = acme_reports:render")
    with pytest.raises(ReportError, match=r"'json': .*json_report:render' and 'acme_reports:render' have that name"):
        registry.renderer("json")
    assert registry.names() == FORMATS
