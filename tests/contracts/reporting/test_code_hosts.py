"""What code hosts show of a report: annotations, code quality, summaries, and where they point."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from specimen.contracts.reporting.formats import github_report, gitlab_report, markdown_report, sarif_report
from specimen.contracts.reporting.place import default_location, user_file
from specimen.specs import SpecimenError
from tests.contracts.example_reports import broken_report


def test_gitlab__has_what_its_page_asks_for() -> None:
    """Every finding with description, name, fingerprint, severity, path and line; fingerprints differ."""
    found = json.loads(gitlab_report.render(replace(broken_report(), location=".gitlab-ci.yml")))
    assert len(found) == len(broken_report().found) > 0
    for entry in found:
        assert set(entry) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert entry["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert entry["location"] == {"path": ".gitlab-ci.yml", "lines": {"begin": 1}}
    assert len({entry["fingerprint"] for entry in found}) == len(found)


def test_github__a_line_for_each_finding_and_none_more() -> None:
    """What counts is an error with rule and place; nothing in a text ends a command or begins another."""
    report = broken_report()
    first = report.found[0]
    odd = replace(first, violation=replace(first.violation, got="x\n::error::y%\r", operation="a,b:c"))
    lines = github_report.render(replace(report, found=(odd, *report.found[1:]), location="a:b,c.yml")).splitlines()
    assert len(lines) == min(10, len(report.found))
    assert sum(line.startswith("::error ") for line in lines) == min(10, len(report.errors))
    assert all(line.startswith(("::error file=a%3Ab%2Cc.yml,line=1,title=", "::warning ", "::notice ")) for line in lines)
    assert any("x%0A::error::y%25%0D" in line and "title=" in line and "a%2Cb%3Ac" in line for line in lines)


def test_reports__without_a_file_of_the_user_name_none_of_ours() -> None:
    """A path of our own package is nowhere in their repository."""
    report = replace(broken_report(), location=None)
    assert {entry["location"]["path"] for entry in json.loads(gitlab_report.render(report))} == {".gitlab-ci.yml"}
    lines = github_report.render(report).splitlines()
    assert lines
    assert all(line.startswith(("::error title=", "::warning title=", "::notice title=")) for line in lines)


def test_markdown__is_a_table() -> None:
    """The verdict, and a row for each finding, in which no text is markup."""
    report = broken_report()
    first = report.found[0]
    odd = replace(first, violation=replace(first.violation, got="a | <b>\n`c`"))
    text = markdown_report.render(replace(report, found=(odd, *report.found[1:])))
    rows = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| |")]
    assert len(rows) == len(report.found)
    assert "a \\| \\<b\\> \\`c\\`" in text


def test_sarif__points_at_the_users_file() -> None:
    """The physical place is a file of the repository, the logical one the operation."""
    found = sarif_report.values(replace(broken_report(), location=".github/workflows/a b.yml"))["runs"][0]["results"]
    places = [entry["locations"][0] for entry in found]
    assert {one["physicalLocation"]["artifactLocation"]["uri"] for one in places} == {".github/workflows/a%20b.yml"}
    assert {one["physicalLocation"]["region"]["startLine"] for one in places} == {1}
    assert all(one["logicalLocations"][0]["fullyQualifiedName"].startswith("/paths") for one in places)


@pytest.mark.parametrize(
    ("variables", "files", "expected"),
    [
        (
            {"GITHUB_WORKFLOW_REF": "me/app/.github/workflows/ci.yml@refs/heads/main"},
            ["pyproject.toml"],
            ".github/workflows/ci.yml",
        ),
        ({"CI_CONFIG_PATH": "ci/kyc.yml"}, [], "ci/kyc.yml"),
        ({"CI_CONFIG_PATH": "file@group/project"}, ["package.json"], "package.json"),
        ({}, ["setup.cfg", "pyproject.toml"], "pyproject.toml"),
        ({}, [".github/workflows/b.yml", ".github/workflows/a.yaml", "README.md"], ".github/workflows/a.yaml"),
        ({}, ["Shop.csproj"], "Shop.csproj"),
        ({}, ["main.c", "README.rst"], "README.rst"),
        ({}, ["main.c"], None),
        ({}, [], None),
    ],
)
def test_default_location__is_the_workflow_or_a_configuration(
    variables: dict[str, str], files: list[str], expected: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an option findings point at what the user has."""
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_WORKFLOW_REF", "CI_CONFIG_PATH"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert default_location() == expected


def test_user_file__is_relative_to_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However it is written: code hosts look for it in the repository."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ci").mkdir()
    (tmp_path / "ci" / "kyc.yml").touch()
    for text in ("ci/kyc.yml", "./ci/../ci/kyc.yml", str(tmp_path / "ci" / "kyc.yml")):
        assert user_file(text) == "ci/kyc.yml"


@pytest.mark.parametrize(
    ("text", "why"),
    [("/etc/passwd", "outside"), ("../x", "outside"), ("none.yml", "no such file"), (".", "no such file"), ("", "no such file")],
)
def test_user_file__refuses_what_no_code_host_shows(
    text: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A place outside, or one that is not there, is a mistake, told before anything is sent."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecimenError, match=why):
        user_file(text)
