"""The order of findings, and what is said to have one cause."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from specimen.contracts.judge.kind import CONSISTENCY, FAILURE, KINDS, LIST, REFUSAL, SAFETY, SCHEMA
from specimen.contracts.judge.severity import SEVERITIES
from specimen.contracts.reporting.collector import Collector
from specimen.contracts.reporting.formats.json_report import values
from specimen.contracts.reporting.formats.registry import render
from specimen.contracts.reporting.formats.terminal_report import print_report
from specimen.contracts.reporting.model import Found, Report
from specimen.contracts.reporting.order import groups, mend_first, order, rank
from specimen.contracts.traffic.monitor import Monitor
from tests.contracts.example_reports import BASE_URL, SESSION, broken_report, collected, exchange, kayle, session_body

ERROR_BODY = {"data": None, "error": {"code": "INTERNAL_ERROR", "message": "no"}}
OPERATIONS = (("GET", "/v1/sessions"), ("POST", "/v1/sessions"), ("GET", f"/v1/sessions/{SESSION}"))


def printed(report: Report) -> str:
    """The report as a console shows it."""
    out = io.StringIO()
    print_report(report, Console(file=out, width=100, highlight=False))
    return out.getvalue()


def everywhere(**changes) -> list:
    """The same answer at several operations."""
    return [exchange(method=method, path=path, **changes) for method, path in OPERATIONS]


def mixed() -> Report:
    """A report with a sloppy refusal that was seen often, and graver things that were seen once."""
    sloppy = [exchange({"error": "no"}, path="/v1/sessions/vs_no", status=404)] * 9
    broken = exchange(session_body(status="succeeded", failure_code="liveness_failed"))
    form = exchange(session_body(status="half"))
    operation = kayle().document.operations["listSessions"]
    page = json.loads(json.dumps(next(iter(operation.responses["200"].media[0].examples.values()))))
    page["data"] = page["data"][:1] * 2
    listed = exchange(page, path="/v1/sessions", query="limit=1")
    open_to_all = exchange(request_headers={"user-agent": "test"})
    failed = exchange(ERROR_BODY, status=500)
    return collected(*sloppy, form, listed, broken, open_to_all, failed)


def kinds(found: tuple[Found, ...], severity: str = "error") -> list[str]:
    """The kinds of the findings of a severity, each once, in their order."""
    return list(dict.fromkeys(entry.violation.kind for entry in found if entry.violation.severity == severity))


def test_order__a_failure_of_the_server_comes_before_a_refusal_that_was_seen_more_often() -> None:
    """An unhandled 500, what is shown to anybody, what contradicts itself, what has another form, lists, refusals."""
    report = mixed()
    assert kinds(report.found) == [FAILURE, SAFETY, CONSISTENCY, SCHEMA, LIST, REFUSAL]
    assert report.found[0].violation.rule == "GEN-023"
    assert max(report.found, key=lambda entry: entry.count).violation.kind == REFUSAL


def test_order__severity_comes_first() -> None:
    """A warning about a failure follows an error about a refusal; of two alike the one that was seen more often is first."""
    found = mixed().found
    milder = [replace(one, violation=replace(one.violation, severity="warning")) for one in found[:1]]
    shown = order([*milder, *found])
    assert [one.violation.severity for one in shown] == sorted((one.violation.severity for one in shown), key=SEVERITIES.index)
    often = replace(found[1], count=99)
    assert order([found[1], often]) == (often, found[1])


def test_order__is_one_for_all_reports() -> None:
    """JSON, SARIF, HTML and the terminal list findings alike; SARIF's rank falls from 100."""
    report = mixed()
    rules = list(dict.fromkeys(entry.violation.rule for entry in report.errors))
    assert list(dict.fromkeys(one["rule"] for one in values(report)["violations"])) == rules
    results = json.loads(render(report, "sarif"))["runs"][0]["results"]
    assert list(dict.fromkeys(one["ruleId"] for one in results if one["properties"]["counted"])) == rules
    ranks = [one["rank"] for one in results]
    assert ranks == sorted(ranks, reverse=True)
    assert ranks[0] == 100
    assert min(ranks) >= 0
    text = printed(report)
    places = [text.index(f"\n{group.first.rule}  ") for group in groups(report.errors)]
    assert places == sorted(places)


def test_order__is_that_of_monitors_too() -> None:
    """`check`, `watch` and `proxy` count in a monitor: their summary begins with the finding that reports begin with."""
    monitor = Monitor(kayle(), base_url=BASE_URL)
    for one in (exchange({"error": "no"}, status=404), exchange(ERROR_BODY, status=500)):
        monitor.judge(one)
    assert monitor.found == order(monitor.found)
    assert monitor.summary()["violations"][0]["rule"] == "GEN-023"


def test_rank__is_between_0_and_100_and_differs_by_severity_and_kind() -> None:
    """The heaviest has 100, the lightest 0."""
    one = mixed().found[0].violation
    ranks = [rank(replace(one, severity=severity, kind=kind)) for severity in SEVERITIES for kind in KINDS]
    assert (ranks[0], ranks[-1]) == (100, 0)
    assert len(set(ranks)) == len(ranks)
    assert ranks == sorted(ranks, reverse=True)


def test_groups__one_failure_at_many_operations_is_one() -> None:
    """The operations are listed, the findings stay apart."""
    report = collected(*everywhere(body=ERROR_BODY, status=500))
    (group,) = [group for group in groups(report.errors) if group.first.rule == "GEN-023"]
    assert len(group.operations) == len(OPERATIONS)
    assert len(group.found) == len(OPERATIONS)
    shown = [entry for entry in values(report)["violations"] if entry["rule"] == "GEN-023"]
    assert {entry["group"] for entry in shown} == {group.id}
    text = printed(report)
    assert text.count("answer other than a failure of the server") == 1
    assert "also at" in text


def test_groups__what_follows_from_an_answer_that_cannot_be_read_is_with_it() -> None:
    """A page of HTML at an operation is reported once; that it was shown to anybody is a fault of its own."""
    page = {"response_body": b"<html>", "response_headers": {"content-type": "text/html"}}
    report = collected(exchange(path="/v1/sessions", query="limit=x", **page), exchange(request_headers={}, **page))
    by_first = {group.first.rule: {entry.violation.rule for entry in group.found} for group in groups(report.errors)}
    assert "GEN-015" in by_first["GEN-002"]
    assert by_first["GEN-008"] == {"GEN-008"}


@pytest.mark.parametrize("report", [mixed, broken_report])
def test_groups__hold_every_finding_once(report) -> None:
    """Nothing is lost and nothing is reported twice."""
    found = report().found
    assert sorted(id(entry) for group in groups(found) for entry in group.found) == sorted(map(id, found))
    assert len({group.id for group in groups(found)}) == len(groups(found))


def test_terminal__says_first_what_to_mend_first() -> None:
    """The verdict and at most three lines stand before everything else: rule, operation, what came."""
    lines = printed(mixed()).splitlines()
    assert lines[1].startswith("VIOLATED  kayle at ")
    first = [line for line in lines if "Mend first: " in line]
    assert lines[2:5] == first
    assert first[0].startswith("  Mend first: GEN-023 at getSession, status 500: ")
    assert first[0].endswith("got 500")
    assert len({text.split()[0] for text in mend_first(mixed().errors)}) == 3
    text = printed(mixed())
    assert text.index("Mend first") < text.index("Covered")


def test_terminal__unreachable_has_no_tables_of_zeros() -> None:
    """Where nothing answered there is the verdict, and nothing else to read past."""
    text = printed(collected(unreachable="connection refused"))
    assert text.split()[0] == "UNREACHABLE"
    assert "Covered" not in text
    assert "rules are" not in text


def test_collector__orders_as_reports_do() -> None:
    """Whoever asks a collector gets the order of the reports."""
    collector = Collector(kayle(), BASE_URL)
    for one in (exchange({"error": "no"}, status=404), exchange(ERROR_BODY, status=500)):
        collector.judge(one)
    assert collector.found[0].violation.kind == FAILURE
