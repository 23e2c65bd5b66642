"""A report's values: what counts, how often, what the exit code says, and how files are written."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from specimen.contracts.judge.rule import Finding, Rule, Violation
from specimen.contracts.judge.severity import fail_level
from specimen.contracts.reporting.collector import Collector
from specimen.contracts.reporting.formats.json_report import values
from specimen.contracts.reporting.formats.registry import FORMATS, ReportError, render, wanted, write
from specimen.contracts.reporting.model import Covered, Report, by_rule
from specimen.specs import SpecimenError
from tests.contracts.example_reports import BASE_URL, SESSION, broken_report, collected, exchange, kayle, session_body


def test_report__clean_run_exits_0() -> None:
    """Nothing found, nothing missing: 0."""
    report = collected(exchange())
    assert (report.exit_code, report.verdict, report.found) == (0, "every rule passed", ())


def test_report__equal_violations_are_counted_once() -> None:
    """The same breach in many answers is one finding with its count and its first exchange."""
    first = exchange(session_body(status="half"), at=1)
    report = collected(*(replace(first, at=moment) for moment in (1, 2, 3)))
    entry = next(entry for entry in report.found if entry.violation.pointer == "/data/status")
    assert entry.count == 3
    assert entry.example.at == 1


def test_report__places_in_a_list_are_one_finding() -> None:
    """Which item of a list breaks the schema makes no other finding."""
    body = {"data": [session_body(status="half")["data"]] * 4, "pagination": {"limit": 10}, "error": None}
    report = collected(exchange(body, path="/v1/sessions"))
    found = [entry for entry in report.found if entry.violation.pointer.endswith("/status")]
    assert [entry.count for entry in found] == [4]


def test_report__notes_count_in_a_strict_run_only() -> None:
    """A rule that rests on an assumption changes the exit code only where that was asked for."""
    body = session_body(expires_at="tomorrow")
    loose, strict = collected(exchange(body)), collected(exchange(body), fail_on="note")
    assert loose.exit_code == 0
    assert loose.notes
    assert not loose.errors
    assert strict.exit_code == 1
    assert not strict.notes
    assert strict.errors == loose.notes


def of_each_severity(fail_on: str) -> Report:
    """A report with one finding of each severity: of a documented, an implied and an assumed rule."""
    collector, seen = Collector(kayle(), BASE_URL), exchange()
    for mark in ("D", "I", "A"):
        rule = Rule(f"XXX-00{1 + 'DIA'.index(mark)}", "a sentence", mark, "a page", quote="words of the page")
        collector.add(seen, [Violation.of(rule, seen, Finding("/data", "something else", 1))])
    return collector.report(profile="ci", seed=1, fail_on=fail_on, started_at=1, seconds=1, requests=1)


@pytest.mark.parametrize(
    ("fail_on", "counted"),
    [("error", ["error"]), ("warning", ["error", "warning"]), ("note", ["error", "warning", "note"])],
)
def test_report__fail_on_is_the_least_severity_that_counts(fail_on: str, counted: list[str]) -> None:
    """Documented is an error, implied a warning, assumed a note; SARIF and JUnit have the three levels."""
    report = of_each_severity(fail_on)
    assert [entry.violation.severity for entry in report.errors] == counted
    assert [entry.violation.severity for entry in report.notes] == ["error", "warning", "note"][len(counted) :]
    assert values(report)["fail_on"] == fail_on
    assert {one["severity"] for one in values(report)["violations"]} == set(counted)
    results = json.loads(render(report, "sarif"))["runs"][0]["results"]
    assert [one["level"] for one in results] == ["error", "warning", "note"]
    assert [one["properties"]["counted"] for one in results] == [level in counted for level in ("error", "warning", "note")]
    failures = ET.fromstring(render(report, "junit")).iter("failure")
    assert [one.get("type") for one in failures] == counted


def test_report__a_run_without_errors_passes_with_fail_on_error() -> None:
    """Warnings fail a run by default only."""
    collector, seen = Collector(kayle(), BASE_URL), exchange()
    rule = Rule("XXX-001", "a sentence", "I", "a page", quote="words")
    collector.add(seen, [Violation.of(rule, seen, Finding("/data", "something else", 1))])
    codes = {
        level: collector.report(profile="ci", seed=1, fail_on=level, started_at=1, seconds=1, requests=1).exit_code
        for level in ("error", "warning", "note")
    }
    assert codes == {"error": 0, "warning": 1, "note": 1}


def test_report__a_500_is_not_counted_among_other_refusals() -> None:
    """The same rule at the same place with another status is another finding."""
    refused = exchange({"error": "no"}, status=400)
    report = collected(*[refused] * 49, exchange({"error": "no"}, status=500))
    found = {entry.violation.status: entry.count for entry in report.found if entry.violation.rule == "GEN-006"}
    assert found.keys() == {400, 500}
    assert found[500] == 1


@pytest.mark.parametrize(
    ("fail_on", "strict", "level"),
    [(None, False, "warning"), (None, True, "note"), ("note", True, "note"), ("error", False, "error")],
)
def test_fail_level__of_both_options(fail_on: str | None, level: str, *, strict: bool) -> None:
    """--strict is --fail-on note."""
    assert fail_level(fail_on, strict=strict) == level


@pytest.mark.parametrize(("fail_on", "strict"), [("fatal", False), ("error", True), ("warning", True)])
def test_fail_level__refuses_what_cannot_be(fail_on: str, *, strict: bool) -> None:
    """An unknown severity, or two options that contradict each other."""
    with pytest.raises(SpecimenError, match="--fail-on"):
        fail_level(fail_on, strict=strict)


@pytest.mark.parametrize(
    ("status", "options", "code"),
    [
        (200, {}, 0),
        (418, {}, 1),
        (200, {"unreachable": "connection refused"}, 3),
        (200, {"require": ("expired",)}, 4),
        (200, {"require": ("expired",), "unreachable": "reset"}, 3),
        (418, {"require": ("expired",), "unreachable": "reset"}, 1),
        (200, {"require": ("getSession",)}, 0),
    ],
)
def test_report__exit_code(status: int, options: dict[str, object], code: int) -> None:
    """Violations beat what is unreachable or missing."""
    assert collected(exchange(status=status), **options).exit_code == code


def test_report__reach_names_what_was_seen_and_what_was_not() -> None:
    """Operations, statuses, states and edges; a state comes from the answer, an edge from two of them."""
    body = session_body()
    states = ("created", "in_progress", "in_progress", "expired")
    reach = collected(*(exchange({**body, "data": {**body["data"], "status": state}}) for state in states)).reach
    assert reach.operations.seen == ("getSession",)
    assert "createSession" in reach.operations.missed
    assert reach.statuses.seen == (("getSession", "200"),)
    assert reach.states.seen == ("created", "in_progress", "expired")
    assert set(reach.edges.seen) == {("created", "in_progress"), ("in_progress", "expired")}
    assert all(before != after for before, after in reach.edges.possible)


def test_report__a_preferred_answer_is_no_state_of_a_session() -> None:
    """What `Prefer` asked a mock to say shows neither a state nor an edge."""
    preferred = exchange(request_headers={"prefer": "status=expired", "authorization": "Bearer x"})
    assert collected(preferred).reach.states.seen == ()


def test_report__rules_are_exercised_where_they_could_have_fired() -> None:
    """One read exercises what it shows alone; a second read also what never changes."""
    one, two = collected(exchange()).reach.rules, collected(exchange(), exchange()).reach.rules
    assert {"GEN-001", "GEN-002", "GEN-005", "KAY-004", "KAY-010", "KAY-015"} <= set(one.seen)
    assert not {"KAY-014", "GEN-009", "GEN-006"} & set(one.seen)
    assert {"KAY-014", "KAY-013"} <= set(two.seen)


def test_report__refused_requests_exercise_the_rules_about_refusals() -> None:
    """A 401 without credentials exercises the rule that they are needed; a refused malformed id the rule about those."""
    error = {"data": None, "error": {"code": "UNAUTHORIZED", "message": "no", "hint": "no", "docs": "https://x.example/"}}
    bare = exchange(error, status=401, request_headers={}, intent={"credentials": "none"})
    near = exchange(error, status=400, path=f"/v1/sessions/%7B{SESSION}%7D", intent={"malformed_id": True})
    seen = collected(exchange(), bare, near).reach.rules.seen
    assert {"GEN-008", "GEN-009", "GEN-006"} <= set(seen)


def test_reached__keeps_the_order_of_what_is_possible() -> None:
    """Hit and missed are reported in the contract's order; what was seen beyond it is neither."""
    part = Covered(("c", "a", "x"), ("a", "b", "c"))
    assert (part.hit, part.missed) == (("a", "c"), ("b",))


def test_report__base_url_has_no_user() -> None:
    """User and password in the base URL are in no report."""
    report = broken_report(base_url=BASE_URL.replace("://", "://admin:hunter22@") + "?key=hunter22")
    assert report.base_url == BASE_URL
    for format_name in FORMATS:
        assert "hunter22" not in render(report, format_name)


def test_report__by_rule_keeps_the_order_of_weight() -> None:
    """Rules stand in the order of their heaviest findings."""
    found = broken_report().found
    assert list(by_rule(found)) == list(dict.fromkeys(entry.violation.rule for entry in found))


@pytest.mark.parametrize("format_name", FORMATS)
def test_write__replaces_the_file_whole(tmp_path, format_name) -> None:
    """The new text takes the old one's place; nothing else is left in the folder; others may read it."""
    path = tmp_path / "report"
    path.write_text("old")
    write(broken_report(), format_name, path)
    assert path.read_text(encoding="utf-8") == render(broken_report(), format_name)
    assert [path] == list(tmp_path.iterdir())
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


def test_write__failure_keeps_the_old_file(tmp_path, monkeypatch) -> None:
    """A disk that is full leaves what was there before, and no part of the new."""
    path = tmp_path / "report.json"
    path.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(ReportError, match="No space left"):
        write(broken_report(), "json", path)
    assert path.read_text() == "old"
    assert [path] == list(tmp_path.iterdir())


def test_write__through_a_link(tmp_path) -> None:
    """A link stays a link; the file that it names is written."""
    (tmp_path / "real.json").write_text("old")
    (tmp_path / "link.json").symlink_to("real.json")
    write(broken_report(), "json", tmp_path / "link.json")
    assert (tmp_path / "link.json").is_symlink()
    assert json.loads((tmp_path / "real.json").read_text())["provider"] == "kayle"


@pytest.mark.parametrize("place", ["missing/report.json", "."])
def test_write__says_what_cannot_be_written(tmp_path, place) -> None:
    """The error names format and path."""
    with pytest.raises(ReportError, match=r"report json=.*: cannot be written: "):
        write(broken_report(), "json", tmp_path / place)


def test_write__unknown_format() -> None:
    """The error lists the formats."""
    with pytest.raises(ReportError, match="expected one of junit, html, sarif, json"):
        write(broken_report(), "pdf", "x.pdf")


@pytest.mark.parametrize("option", ["junit", "junit=", "=x", "pdf=x", "json={tmp}", "json={tmp}/missing/x.json"])
def test_wanted__refuses(tmp_path, option) -> None:
    """A `--report` that cannot be is refused before anything is sent."""
    with pytest.raises(ReportError, match="--report"):
        wanted(option.replace("{tmp}", str(tmp_path)))


def test_wanted__takes_a_path_with_an_equals_sign(tmp_path) -> None:
    """Only the first equals sign divides."""
    assert wanted(f"sarif={tmp_path}/a=b.sarif") == ("sarif", tmp_path / "a=b.sarif")


def test_as_json__is_what_the_file_holds() -> None:
    """The values of the Python API and of the file are the same."""
    report = broken_report()
    assert values(report) == json.loads(render(report, "json"))
