"""One collector: whoever saw the exchanges, the findings and their counts are the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from typer.testing import CliRunner

from specimen.contracts.cli.traffic import register
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.rule import Finding, Violation
from specimen.contracts.judge.validation import openapi_core_check
from specimen.contracts.reporting.collector import Collector
from specimen.contracts.reporting.model import FindingKey, Found
from specimen.contracts.traffic.har_reader import check, read_har
from specimen.contracts.traffic.monitor import BaseUrl, Monitor, now_millis
from specimen.contracts.traffic.pytest_plugin import KycContract
from specimen.contracts.traffic.session_poller import Watch
from specimen.contracts.verify.verification import Run
from specimen.specs.core.version import product_version
from tests.contracts.example_reports import SESSION, TOKEN, exchange, kayle, session_body
from tests.contracts.targets import mock, proxied, serving, session_id

BASE_URL = "https://api.kayle.id"
WRONG = session_body(status="half")
# A list with three wrong rows, one session read wrong two times, and a status that no page knows.
ANSWERS: tuple[tuple[str, int, Any], ...] = (
    ("/v1/sessions", 200, {"data": [WRONG["data"]] * 3, "pagination": {"limit": 10}, "error": None}),
    (f"/v1/sessions/{SESSION}", 200, WRONG),
    (f"/v1/sessions/{SESSION}", 200, WRONG),
    (f"/v1/sessions/{SESSION}", 418, WRONG),
)
Counts = dict[FindingKey, int]


def counts_of(found: Sequence[Found]) -> Counts:
    """How often each finding was seen."""
    return {FindingKey.of(entry.violation): entry.count for entry in found}


def exchanges() -> list[Exchange]:
    """The exchanges, seen by the walk."""
    return [
        exchange(body, path=path, status=status, at=now_millis(), request_headers={"authorization": f"Bearer {TOKEN}"})
        for path, status, body in ANSWERS
    ]


def by_verify(_: Path) -> Counts:
    """What the run of `verify` counts."""
    run = Run(kayle(), Collector(kayle(), BASE_URL))
    for one in exchanges():
        run.see(one)
    return counts_of(run.collector.found)


def har(folder: Path, answers: Sequence[tuple[str, int, Any]] = ANSWERS) -> Path:
    """A recording of the exchanges."""
    entries = [
        {
            "startedDateTime": f"2026-11-30T12:00:{index:02}.000Z",
            "time": 1,
            "request": {
                "method": "GET",
                "url": BASE_URL + path,
                "headers": [{"name": "Authorization", "value": f"Bearer {TOKEN}"}],
                "bodySize": 0,
            },
            "response": {
                "status": status,
                "headers": [{"name": "Content-Type", "value": "application/json"}],
                "content": {"mimeType": "application/json", "text": json.dumps(body)},
            },
        }
        for index, (path, status, body) in enumerate(answers)
    ]
    file = folder / "checkout.har"
    file.write_text(json.dumps({"log": {"version": "1.2", "entries": entries}}), encoding="utf-8")
    return file


def by_check(folder: Path) -> Counts:
    """What `check` counts in a recording."""
    bench = Monitor(kayle())
    list(check(read_har(har(folder), kayle()), bench))
    return counts_of(bench.found)


def answering() -> tuple[Callable[[], tuple[int, bytes]], dict[str, str]]:
    """Gives one answer after the other, and their headers."""
    turn = iter(ANSWERS)

    def following() -> tuple[int, bytes]:
        _, status, body = next(turn)
        return status, json.dumps(body).encode()

    return following, {"content-type": "application/json"}


def by_proxy(_: Path) -> Counts:
    """What the proxy counts, with an app in front and a vendor behind it."""
    following, headers = answering()

    async def answer(_: Request) -> Response:
        status, body = following()
        return Response(body, status, headers)

    app = Starlette()
    app.add_route("/{path:path}", answer)
    with serving(app) as target, proxied(target) as relay:
        for path, _status, _body in ANSWERS:
            httpx.get(relay.url + path, headers={"authorization": f"Bearer {TOKEN}"})
        return counts_of(relay.bench.found)


def by_watch(_: Path) -> Counts:
    """What `watch` counts: a poll for each exchange."""
    bench = Monitor(kayle())
    for one in exchanges():
        watching = Watch(bench, lambda one=one: one, "/data/status", timeout_seconds=0, sleep=lambda _: None)  # type: ignore[misc]
        list(watching.steps())
    return counts_of(bench.found)


def by_pytest(_: Path) -> Counts:
    """What the fixture `kyc_contract` counts."""
    following, headers = answering()

    def answer(_: httpx.Request) -> httpx.Response:
        status, body = following()
        return httpx.Response(status, content=body, headers=headers)

    contract = KycContract("kayle", BASE_URL)
    client = contract.client(transport=httpx.MockTransport(answer))
    for path, _status, _body in ANSWERS:
        client.get(path, headers={"authorization": f"Bearer {TOKEN}"})
    contract.close()
    (listener,) = contract._listeners.values()
    return counts_of(listener.monitor.found)


@pytest.mark.parametrize("way", [by_check, by_proxy, by_watch, by_pytest])
def test_collector__counts_alike_whoever_saw_it(tmp_path: Path, way: Callable[[Path], Counts]) -> None:
    """Recording, proxy, watch and pytest find what verify finds, as often; three wrong rows are one finding."""
    expected = by_verify(tmp_path)
    assert way(tmp_path) == expected
    rows = {key: count for key, count in expected.items() if key.operation == "listSessions" and key.pointer.endswith("/status")}
    assert list(rows.values()) == [3]
    assert [key.pointer for key in rows] == ["/data/*/status"]
    reads = [count for key, count in expected.items() if (key.rule, key.operation) == ("GEN-005", "getSession")]
    assert reads == [2]


def test_pytest__a_complaint_says_how_often() -> None:
    """The text of a failed test has one line for the three rows."""
    following, headers = answering()

    def answer(_: httpx.Request) -> httpx.Response:
        status, body = following()
        return httpx.Response(status, content=body, headers=headers)

    contract = KycContract("kayle", BASE_URL)
    contract.client(transport=httpx.MockTransport(answer)).get("/v1/sessions", headers={"authorization": f"Bearer {TOKEN}"})
    contract.close()
    lines = [line for line in contract.complaint().splitlines() if "/status" in line]
    assert len(lines) == 1
    assert lines[0].endswith(" (3 times)")
    assert contract.complaint() == ""


def test_second_opinion__never_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disagreement is listed as such: no error and no note, not even in a strict run."""

    def differs(one: Exchange) -> list[Violation]:
        return [Violation.of(openapi_core_check.RULE, one, Finding("/data/status", "enum: they differ", None))]

    monkeypatch.setattr("specimen.contracts.reporting.collector.disagreements", differs)
    for fail_on in ("error", "warning", "note"):
        collector = Collector(kayle(), BASE_URL, second_opinion=True)
        collector.judge(exchange())
        report = collector.report(profile="smoke", seed=1, fail_on=fail_on, started_at=0, seconds=1, requests=1)
        assert [entry.violation.rule for entry in report.disagreements] == ["GEN-900"]
        assert (report.exit_code, report.errors, report.notes) == (0, (), ())


@pytest.fixture
def second_asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which operations the second validator was asked about; it disagrees every time."""
    asked: list[str] = []

    def differs(one: Exchange) -> list[Violation]:
        asked.append(one.label)
        return [Violation.of(openapi_core_check.RULE, one, Finding("/data/status", "enum: they differ", None))]

    monkeypatch.setattr("specimen.contracts.reporting.collector.disagreements", differs)
    return asked


def run_command(*arguments: str) -> Any:
    """A command for traffic."""
    app = typer.Typer()
    register(app)
    return CliRunner().invoke(app, list(arguments))


def good(folder: Path) -> Path:
    """A recording in which all is well."""
    return har(folder, [(f"/v1/sessions/{SESSION}", 200, session_body())])


def test_second_opinion__of_check(tmp_path: Path, second_asked: list[str]) -> None:
    """Only who asks for it gets it; the exit code stays, also with --strict."""
    plain = run_command("check", str(good(tmp_path)), "kayle", "--json", "--strict")
    assert second_asked == []
    assert json.loads(plain.output)["disagreements"] == []
    result = run_command("check", str(good(tmp_path)), "kayle", "--second-opinion", "--json", "--strict")
    summary = json.loads(result.output)
    assert len(second_asked) == 1
    assert [(one["rule"], one["count"]) for one in summary["disagreements"]] == [("GEN-900", 1)]
    assert (result.exit_code, summary["violations"]) == (plain.exit_code, json.loads(plain.output)["violations"])
    assert "disagreement GEN-900" in run_command("check", str(good(tmp_path)), "kayle", "--second-opinion").output


def test_second_opinion__of_proxy(second_asked: list[str]) -> None:
    """A proxy asks openapi-core only where that was asked for, and counts no violation of it."""
    with mock(providers=("kayle",)) as url:
        for is_asked in (False, True):
            with proxied(f"{url}/kayle", second_opinion=is_asked, fail_on="note") as relay:
                path = f"{relay.url}/v1/sessions/{session_id()}"
                answer = httpx.get(path, headers={"authorization": "Bearer kk_live_specimen"})
                assert answer.headers["specimen-violations"] == "0"
                assert len(relay.bench.disagreements) == is_asked
                assert relay.bench.errors == relay.bench.notes == {}
    assert len(second_asked) == 1


@pytest.fixture
def sandbox() -> Iterator[str]:
    """Kayle's base URL at the mock."""
    with mock(providers=("kayle",)) as url:
        yield f"{url}/kayle"


def test_report__of_check(tmp_path: Path) -> None:
    """`check --report` writes what verify writes, with the counts of the summary and its own exit code."""
    out = tmp_path / "report.json"
    files = [f"--report={kind}={tmp_path / kind}" for kind in ("junit", "html", "sarif")]
    result = run_command("check", str(har(tmp_path)), "kayle", "--json", f"--report=json={out}", *files)
    report, summary = json.loads(out.read_text()), json.loads(result.output)
    assert report["command"] == "check"
    assert report["base_url"] == BASE_URL
    assert report["exit_code"] == result.exit_code == 1
    assert [(one["rule"], one["pointer"], one["count"]) for one in report["violations"]] == [
        (one["rule"], one["pointer"], one["count"]) for one in summary["violations"]
    ]
    assert ("getSession", "200") in map(tuple, report["reach"]["statuses"]["seen"])
    assert report["report_version"] == summary["report_version"] == 3
    assert report["specimen_version"] == summary["specimen_version"] == product_version()
    assert all((tmp_path / kind).stat().st_size > 0 for kind in ("junit", "html", "sarif"))
    assert TOKEN not in out.read_text()
    assert SESSION not in out.read_text()


def test_report__of_a_check_that_judged_nothing(tmp_path: Path) -> None:
    """A recording with nothing of the contract is inconclusive, and the report says why in its own field."""
    out = tmp_path / "report.json"
    file = har(tmp_path, [("/v1/nothing", 200, {})])
    result = run_command("check", str(file), "kayle", f"--base-url={BASE_URL}", f"--report=json={out}")
    report = json.loads(out.read_text())
    assert (result.exit_code, report["exit_code"]) == (4, 4)
    assert report["incomplete"] == ["Nothing in the recording could be judged."]
    assert report["missing"] == []


def test_report__of_watch(tmp_path: Path, sandbox: str) -> None:
    """`watch --report` writes its report whether the session ended or not."""
    ended, waiting = tmp_path / "ended.json", tmp_path / "waiting.json"
    common = ("watch", "kayle", "--url", sandbox, "--token", "kk_live_specimen", "--every", "0.05", "--timeout", "0.1")
    done = run_command(*common, "--session", session_id(), f"--report=json={ended}")
    late = run_command(*common, "--session", session_id(state="created"), f"--report=json={waiting}")
    report, other = json.loads(ended.read_text()), json.loads(waiting.read_text())
    assert (done.exit_code, report["exit_code"], report["command"], report["incomplete"]) == (0, 0, "watch", [])
    assert report["reach"]["states"]["seen"] == ["succeeded"]
    assert (late.exit_code, other["exit_code"]) == (4, 4)
    assert "--timeout" in other["incomplete"][0]
    assert session_id() not in ended.read_text()


def test_report__that_cannot_be_written_is_known_before(tmp_path: Path) -> None:
    """A format or folder that is not there ends every command with 2, and nothing is read or sent."""
    for command in (
        ("check", str(tmp_path / "none.har"), "kayle"),
        ("watch", "kayle", "--url", "http://127.0.0.1:9", "--session", "vs_x"),
        ("proxy", "kayle", "--target", "http://127.0.0.1:9", "--port", "0"),
    ):
        result = run_command(*command, "--report", "pdf=x")
        assert result.exit_code == 2
        assert "expected FORMAT=PATH with one of junit, html, sarif, json" in result.output


def test_monitor__base_url_is_the_reports() -> None:
    """A report of traffic shows where it went, without user and password."""
    bench = Monitor(kayle(), str(BaseUrl.parse(BASE_URL)), counts_coverage=True)
    bench.judge(exchanges()[0])
    bench.skip(exchanges()[1], "a body of more than 5 bytes")
    report = bench.report("proxy")
    assert (report.base_url, report.command, report.requests) == (BASE_URL, "proxy", 2)
    assert report.remarks == ("1 not judged: a body of more than 5 bytes.",)
    assert report.amount.startswith("2 exchanges in ")
