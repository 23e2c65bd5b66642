"""Known failures: the file, what it takes out of a report, and what is written."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree as ET

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from specimen.contracts.judge.registry import rulebook
from specimen.contracts.judge.rule import Violation
from specimen.contracts.reporting.baseline import reader
from specimen.contracts.reporting.baseline.reader import BaselineError, apply, load, provider_of
from specimen.contracts.reporting.baseline.writer import target, write
from specimen.contracts.reporting.formats.registry import render
from specimen.contracts.reporting.formats.terminal_report import print_report
from specimen.contracts.reporting.known_failures import KnownFailure
from specimen.contracts.reporting.model import Coverage, Covered, Found, Report, Sample
from specimen.specs.core.yaml_files import read_yaml
from tests.contracts.example_reports import broken_report, collected, exchange, kayle, session_body

DAY = date(2026, 11, 30)
ENTRY = {
    "rule": "GEN-001",
    "operation": "getSession",
    "pointer": "",
    "status": 418,
    "reason": "KYC-17, until the gateway is gone",
    "expires": "2027-01-31",
}


def text_of(*entries: dict, **changes) -> str:
    """A file of known failures."""
    return json.dumps({"version": 1, "provider": "kayle", "known": list(entries), **changes}, indent=1)


def known(tmp_path: Path, *entries: dict, day: date = DAY) -> reader.Baseline:
    """The known failures of a file."""
    path = tmp_path / "known.yaml"
    path.write_text(text_of(*entries), encoding="utf-8")
    return load(path, kayle(), day=day)


def keys(found) -> set[tuple[str, str, str, int]]:
    """The findings by what a baseline matches."""
    return {(one.violation.rule, one.violation.operation, one.violation.pointer, one.violation.status) for one in found}


def test_apply__a_known_finding_does_not_count(tmp_path) -> None:
    """What the entry names is apart, with its entry; all else counts as before."""
    report = broken_report()
    applied = apply(report, known(tmp_path, ENTRY))
    assert [one.entry.reason for one in applied.known] == ["KYC-17, until the gateway is gone"]
    assert keys(one.found for one in applied.known) == {("GEN-001", "getSession", "", 418)}
    assert keys(applied.errors) == keys(report.errors) - {("GEN-001", "getSession", "", 418)}
    assert applied.exit_code == 1


def test_apply__nothing_but_known_failures_passes(tmp_path) -> None:
    """The exit code is 0, and the verdict does not say that every rule passed."""
    report = collected(exchange(), exchange(status=418))
    assert report.exit_code == 1
    applied = apply(report, known(tmp_path, ENTRY))
    assert (applied.exit_code, applied.verdict) == (0, "nothing new; 1 known failure")


@pytest.mark.parametrize(("day", "code"), [(date(2027, 1, 31), 0), (date(2027, 2, 1), 1)])
def test_apply__an_expired_entry_counts_again(tmp_path, day: date, code: int) -> None:
    """The entry is valid to the end of its last day; from then on the report says why it was known."""
    applied = apply(collected(exchange(), exchange(status=418)), known(tmp_path, ENTRY, day=day))
    assert applied.exit_code == code
    assert len(applied.known) == 1 - code
    assert [one.entry.reason for one in applied.expired] == ["KYC-17, until the gateway is gone"] * code


@pytest.mark.parametrize(
    ("changes", "is_known"),
    [({"status": 419}, False), ({"status": None}, True), ({"rule": "GEN-002"}, False), ({"pointer": "/data"}, False),
     ({"operation": "createSession"}, False)],
)  # fmt: skip
def test_apply__an_entry_matches_by_rule_operation_pointer_and_status(tmp_path, changes: dict, is_known: bool) -> None:
    """Without a status an entry stands for all."""
    entry = {name: value for name, value in {**ENTRY, **changes}.items() if value is not None}
    assert bool(apply(broken_report(), known(tmp_path, entry)).known) is is_known


def test_find__an_unknown_method_is_the_other_one() -> None:
    """The judge names the method as it was sent, a report does not: both are the same finding."""
    entry = KnownFailure("GEN-001", "OTHER (no documented operation)", "", "x", DAY)
    violation = Violation("GEN-001", "error", "Frob (no documented operation)", "", "", "", "", "", "D", 200)
    assert reader.Baseline("kayle", DAY, (entry,)).find(violation) is entry


@pytest.mark.parametrize("text", ["\ufeff{}", "# a comment\r\n{}"])
def test_load__files_of_other_editors(tmp_path, text: str) -> None:
    """A byte order mark, comments and CRLF are read."""
    path = tmp_path / "known.yaml"
    path.write_bytes(text.format(text_of(ENTRY).replace("\n", "\r\n")).encode())
    assert len(load(path, kayle()).entries) == 1


@pytest.mark.parametrize("pointer", ["/data/*/status", "/data/0/status", "/data/7/status"])
def test_apply__items_of_lists_are_one_place(tmp_path, pointer: str) -> None:
    """A finding of any row matches, as findings are grouped."""
    report = collected(*[listed(row) for row in (0, 3)])
    (rule,) = [one.violation.rule for one in report.errors if one.violation.pointer == "/data/0/status"]
    entry = {**ENTRY, "rule": rule, "operation": "listSessions", "pointer": pointer, "status": 200}
    applied = apply(report, known(tmp_path, entry))
    assert keys(one.found for one in applied.known) == {(rule, "listSessions", "/data/0/status", 200)}


def listed(row: int):
    """A list of four sessions of which one has a state that is none."""
    sessions = [json.loads(json.dumps(session_body()["data"])) for _ in range(4)]
    for number, session in enumerate(sessions):
        session["id"] = "vs_" + f"{number}" * 64
    sessions[row]["status"] = "weird"
    body = {"data": sessions, "error": None, "pagination": {"limit": 20, "has_more": False, "next_cursor": None}}
    return exchange(body, path="/v1/sessions")


def test_apply__a_stale_entry_is_one_that_could_have_matched(tmp_path) -> None:
    """Its rule was exercised and its operation was seen; the exit code stays. Rule and operation must both be seen."""
    there, unseen = {**ENTRY, "pointer": "/data/status"}, {**ENTRY, "operation": "createSession"}
    report = collected(exchange())
    idle = {**ENTRY, "rule": next(rule for rule in report.reach.rules.missed if rule.startswith("KAY"))}
    passing = apply(report, known(tmp_path, there, unseen, idle))
    assert passing.exit_code == 0
    assert [(entry.operation, entry.line) for entry in passing.stale] == [("getSession", 5)]
    failing = apply(broken_report(), known(tmp_path, there))
    assert (failing.exit_code, len(failing.stale)) == (1, 1)


@pytest.mark.parametrize("why", [{"interrupted": True}, {"unreachable": "no answer"}, {"incomplete": ("the budget",)}])
def test_apply__a_run_that_ended_early_has_no_stale_entries(tmp_path, why: dict) -> None:
    """What it did not see may still be there."""
    entry = {**ENTRY, "pointer": "/data/status"}
    assert apply(collected(exchange(), **why), known(tmp_path, entry)).stale == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("version: 1\nknown: }\n", ":2: expected YAML, got an error"),
        ("", "expected a mapping with `version`, `provider` and `known`; got null"),
        (text_of(provider="kyve"), ":3: expected 'provider: kayle', got 'kyve'. Name a file"),
        (text_of(version=2), ":2: 'version': expected 1, the version of this format; got 2"),
        (text_of({**ENTRY, "rule": "GEN-0001"}), ":6: expected a rule of kayle, got 'GEN-0001'. Did you mean 'GEN-001'?"),
        (text_of({**ENTRY, "operation": "getSesion"}), ":7: expected an operation of kayle, got 'getSesion'. Did you mean 'get"),
        (text_of({**ENTRY, "pointer": "data"}), ":8: 'pointer': expected the JSON pointer of a finding"),
        (text_of({**ENTRY, "reason": " "}), ":10: 'reason': expected a text that says why this is known; got \" \"."),
        (text_of({**ENTRY, "expires": "soon"}), ":11: 'expires': expected the last day of the entry, such as 2027-01-31"),
        (text_of({**ENTRY, "expires": "2027-02-30"}), ":11: 'expires': expected the last day"),
        (text_of({**ENTRY, "resaon": "x"}), ":12: entry 1: expected only rule, operation"),
        (text_of({**ENTRY, "resaon": "x"}), "got 'resaon'. Did you mean 'reason'?"),
        (text_of({"rule": "GEN-001"}), ":5: entry 1: expected 'operation', got none. Add `operation:` with the id of an"),
        (text_of(ENTRY, {**ENTRY, "reason": "another"}), ":13: expected each known failure once"),
    ],
)
def test_load__says_file_line_expected_got_and_what_to_do(tmp_path, text: str, words: str) -> None:
    """One sentence for each mistake, which an editor can jump to."""
    path = tmp_path / "known.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BaselineError) as caught:
        load(path, kayle())
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"{path}:")


def test_load__bytes_that_are_no_text_and_files_that_are_none(tmp_path) -> None:
    """A missing file, a folder and bytes that are not UTF-8 are mistakes of the user too."""
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00known")
    for name, words in (("none.yaml", "there is no such file"), ("", "cannot be read"), ("bytes.yaml", "expected YAML in UTF-8")):
        with pytest.raises(BaselineError, match=words):
            load(tmp_path / name, kayle())


def test_schema__is_valid_and_describes_each_property() -> None:
    """Editors show the descriptions, and errors repeat them."""
    schema = read_yaml(reader.SCHEMA_FILE)
    jsonschema_rs.meta.validate(schema)
    entry = schema["properties"]["known"]["items"]
    for node in (schema, entry, *schema["properties"].values(), *entry["properties"].values()):
        assert node["description"]


def test_write__what_counts_is_known_then(tmp_path) -> None:
    """Each finding has its sentence as a comment, a reason to be given, and 90 days; notes are not written."""
    report, path = broken_report(), tmp_path / "known.yaml"
    done = write(path, report, kayle(), target(path, kayle()))
    assert done.new == done.entries == len(load(path, kayle()).entries) > 1
    text = path.read_text(encoding="utf-8")
    assert "  # the status code is documented" in text
    until = datetime.now(UTC).date() + timedelta(days=90)
    assert text.count("reason: not yet explained") == text.count(f"expires: {until.isoformat()}") == done.entries
    again = apply(report, load(path, kayle()))
    assert again.errors == ()
    assert again.notes == report.notes
    assert provider_of(path) == "kayle"


def test_write__keeps_reasons_and_days(tmp_path) -> None:
    """Of entries that are there; what matched nothing goes, what could not match stays, what has expired gets a new day."""
    path = tmp_path / "known.yaml"
    stale, unseen = {**ENTRY, "pointer": "/data/status"}, {**ENTRY, "operation": "createSession"}
    expired = {**ENTRY, "rule": "KAY-004", "pointer": "", "reason": "old", "expires": "2020-01-01"}
    del expired["status"]
    first = apply(broken_report(), known(tmp_path))
    place = next(one.violation for one in first.errors if one.violation.rule == "KAY-004")
    expired["pointer"] = place.pointer
    before = known(tmp_path, ENTRY, stale, unseen, expired)
    for report in (broken_report(), apply(broken_report(), before)):
        done = write(path, report, kayle(), before)
        assert (done.removed, done.renewed) == (1, 1)
        entries = {entry.key: (entry.reason, entry.expires) for entry in load(path, kayle()).entries}
        day = date(2027, 1, 31)
        assert entries["GEN-001", "getSession", "", 418] == (ENTRY["reason"], day)
        assert entries["GEN-001", "createSession", "", 418] == (ENTRY["reason"], day)
        assert entries["KAY-004", "getSession", place.pointer, None] == ("old", DAY + timedelta(days=90))
        assert ("GEN-001", "getSession", "/data/status", 418) not in entries
        assert len(entries) == done.entries == len(keys(broken_report().errors)) + 1


def test_write__twice_gives_the_same_bytes(tmp_path) -> None:
    """What was written is read and written again as it is."""
    path = tmp_path / "known.yaml"
    write(path, broken_report(), kayle(), target(path, kayle()))
    text = path.read_bytes()
    before = target(path, kayle())
    write(path, apply(broken_report(), before), kayle(), before)
    assert path.read_bytes() == text


@pytest.mark.parametrize("text", ["", "services: {}\n", text_of(provider="kyve"), "known: ["])
def test_write__overwrites_no_other_file(tmp_path, text: str) -> None:
    """What is no baseline of that provider is refused before anything is sent, and stays as it is."""
    path = tmp_path / "known.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BaselineError, match="is not overwritten"):
        target(path, kayle())
    assert path.read_text(encoding="utf-8") == text
    with pytest.raises(BaselineError, match="there is no folder"):
        target(tmp_path / "none" / "known.yaml", kayle())


RULES = tuple(rulebook(kayle()))
OPERATIONS = (*kayle().document.operations, "GET (no documented operation)")
POINTERS = st.lists(st.sampled_from(["data", "0", "12", "status", "#0b83fe4f", "~1", "a b", "é", "yes", "*"]), max_size=4).map(
    lambda parts: "".join(f"/{part}" for part in parts)
)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=30)
FINDINGS = st.builds(
    lambda rule, operation, pointer, status, expected: Violation(
        rule, "error", operation, pointer, expected, "got", "a # sentence:\n- of the rule", "source", "D", status
    ),
    st.sampled_from(RULES), st.sampled_from(OPERATIONS), POINTERS, st.sampled_from([0, 200, 404, 500]), TEXTS,
)  # fmt: skip


def report_of(*violations: Violation) -> Report:
    """A report of these findings, as every rule was exercised and every operation was seen."""
    sample = Sample("GET", "http://127.0.0.1", 200, "curl", "{}", 0)
    reach = Coverage(operations=Covered(OPERATIONS, OPERATIONS), rules=Covered(RULES, RULES))
    found = tuple(Found(violation, 1, sample) for violation in violations)
    return Report("kayle", "http://127.0.0.1", None, None, "warning", 0, 0.0, 1, found, reach)


@given(st.lists(FINDINGS, max_size=8), FINDINGS)
def test_law__a_written_baseline_knows_its_report_and_nothing_else(violations: list[Violation], other: Violation) -> None:
    """Of the same report nothing counts, none is stale; a finding of another rule, operation, pointer or status counts."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "known.yaml")
        write(path, report_of(*violations), kayle(), target(path, kayle()))
        written = load(path, kayle())
    applied = apply(report_of(*violations), written)
    assert applied.errors == applied.stale == applied.expired == ()
    assert len(applied.known) == len(violations)

    def place(one: Violation) -> tuple[str, str, list[str], int]:
        parts = ["*" if part.isdigit() else part for part in one.pointer.split("/")]
        return one.rule, one.operation, parts, one.status

    is_new = place(other) not in [place(one) for one in violations]
    assert [one.violation for one in apply(report_of(*violations, other), written).errors] == [other] * is_new


@pytest.fixture
def applied(tmp_path) -> Report:
    """A report with a known failure, one that has expired and a stale entry."""
    expired = {**ENTRY, "rule": "KAY-004", "pointer": "", "reason": "was to be mended", "expires": "2026-11-29"}
    report = broken_report()
    violation = next(one.violation for one in report.errors if one.violation.rule == "KAY-004")
    expired |= {"pointer": violation.pointer, "status": violation.status}
    return apply(report, known(tmp_path, ENTRY, expired, {**ENTRY, "pointer": "/data/status"}))


def test_terminal__shows_known_expired_and_stale(applied: Report) -> None:
    """Each with its reason or with the line to remove; the known rule is in no list of violations."""
    out = io.StringIO()
    print_report(applied, Console(file=out, width=100, highlight=False))
    text = out.getvalue()
    assert "GEN-001  error" not in text
    assert "  GEN-001 getSession · status 418\n    known until 2027-01-31: KYC-17, until the gateway is gone" in text
    assert "counts again: it was known until 2026-11-29: was to be mended" in text
    assert "known.yaml:21: GEN-001 getSession /data/status, status 418 matched nothing in this run. Remove the entry" in text


def test_terminal__shows_three_of_a_rule(tmp_path) -> None:
    """A long list of what is known hides what is new; files have it whole."""
    places = [f"/data/{name}" for name in "abcde"]
    violations = [Violation("GEN-005", "error", "getSession", one, "x", "y", "z", "s", "D", 200) for one in places]
    entries = [{**ENTRY, "rule": "GEN-005", "pointer": one, "status": 200} for one in places]
    out = io.StringIO()
    print_report(apply(report_of(*violations), known(tmp_path, *entries)), Console(file=out, width=100, highlight=False))
    assert out.getvalue().count("known until") == 3
    assert "and 2 more of GEN-005" in out.getvalue()


def test_html__has_a_section_of_its_own(applied: Report) -> None:
    """Known failures in a table, the rest as sentences; the rule is not said to have passed."""
    text = render(applied, "html")
    section = text[text.index('<h2 id="known">') :]
    assert "KYC-17, until the gateway is gone" in section
    assert "2027-01-31" in section
    assert "was to be mended" in section
    assert "matched nothing in this run" in section
    assert ">known</td>" in text
    assert '<h2 id="known">' not in render(broken_report(), "html")


def test_junit__a_known_failure_is_skipped_with_its_reason(applied: Report) -> None:
    """The test cases of the finding and of its rule are skipped, so that neither passes nor fails."""
    root = ET.fromstring(render(applied, "junit"))
    reasons = {
        case.get("name"): case.find("skipped").get("message")
        for case in root.iter("testcase")
        if case.find("skipped") is not None and "KYC-17" in case.find("skipped").get("message", "")
    }
    assert [name for name in reasons if name.endswith("getSession (the answer), status 418")]
    assert len(reasons) == 2
    assert set(reasons.values()) == {"known until 2027-01-31: KYC-17, until the gateway is gone"}
    assert "was to be mended" in root.find("testsuite/system-out").text


def test_sarif__a_known_failure_is_suppressed(applied: Report) -> None:
    """The level stays; every result has the property, as section 3.27.23 wants it."""
    run = json.loads(render(applied, "sarif"))["runs"][0]
    suppressed = [result for result in run["results"] if result["suppressions"]]
    assert [(result["ruleId"], result["level"], result["properties"]["counted"]) for result in suppressed] == [
        ("GEN-001", "error", False)
    ]
    (suppression,) = suppressed[0]["suppressions"]
    assert suppression["kind"] == "external"
    assert suppression["justification"].startswith("KYC-17, until the gateway is gone (")
    assert len(run["results"]) == len(applied.found) + 1
    texts = [entry["message"]["text"] for entry in run["invocations"][0]["toolExecutionNotifications"]]
    assert any("matched nothing in this run" in text for text in texts)
    assert all("suppressions" not in result for result in json.loads(render(broken_report(), "sarif"))["runs"][0]["results"])


def test_json__has_known_expired_and_stale(applied: Report) -> None:
    """The finding as any other, with its entry."""
    value = json.loads(render(applied, "json"))
    assert [(one["rule"], one["count"], one["entry"]["reason"]) for one in value["known"]] == [("GEN-001", 1, ENTRY["reason"])]
    assert [one["entry"]["expires"] for one in value["expired"]] == ["2026-11-29"]
    assert [(one["pointer"], one["line"]) for one in value["stale"]] == [("/data/status", 21)]
    assert "GEN-001" not in {one["rule"] for one in value["violations"]}
    without = json.loads(render(replace(broken_report()), "json"))
    assert without["known"] == without["expired"] == without["stale"] == []
