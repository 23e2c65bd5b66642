"""Requests without an answer are reported while the service is up, and are no finding once it is down."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from specimen import specs
from specimen.contracts.client.transport import MOST_DROPPED, NoAnswer, Transport, Unreachable
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.http.no_response import CLOSED, TIMEOUT, TOO_LARGE, UNREADABLE
from specimen.contracts.reporting.formats.registry import FORMATS, render
from specimen.contracts.reporting.formats.terminal_report import print_report
from specimen.contracts.reporting.model import Report
from specimen.contracts.verify.runner import verify
from specimen.contracts.verify.schemathesis_suite import configuration, fuzz
from tests.contracts.operation_requests import ask
from tests.contracts.servers import Place, place
from tests.contracts.targets import scripted
from tests.contracts.unreliable_server import close, coded, dropping, half, reset, rubbish
from tests.serving import serving

pytestmark = pytest.mark.filterwarnings("ignore")  # Schemathesis warns of its own dependencies
# With the operations that a run has where no part is named.
KAYLE = specs.load("kayle").with_parts(())
ID = "vs_" + "a" * 64
CANCEL = re.compile(rb"POST /kayle/v1/sessions/[^/ ]+/cancel ")


def silent(report: Report) -> list[tuple[str, str, int]]:
    """Operation, severity and count of each finding about silence."""
    found = [one for one in report.found if one.violation.rule == "GEN-022"]
    return [(one.violation.operation, one.violation.severity, one.count) for one in found]


@pytest.fixture
def there() -> Iterator[Place]:
    """The mock of kayle."""
    with place("kayle") as found:
        yield found


@pytest.mark.sample(2)
@pytest.mark.parametrize("deed", [reset, close, half, rubbish, coded])
def test_walk__tells_a_dropped_request(there: Place, deed: Any) -> None:
    """Whatever becomes of the connection, it is an error of that operation, with a command to repeat; the walk goes on."""
    with dropping(there.url, lambda head, _: deed if CANCEL.match(head) else None) as front:
        found = verify(front.url, "kayle", profile="smoke", auth=there.auth)
    assert found.exit_code == 1
    assert [(operation, severity) for operation, severity, _ in silent(found)] == [("cancelSession", "error")]
    assert found.unreachable is None
    assert {one.violation.rule for one in found.errors} == {"GEN-022"}
    entry = next(one for one in found.found if one.violation.rule == "GEN-022")
    assert "/cancel" in entry.example.curl
    assert entry.violation.status == 0
    for kind in FORMATS:
        assert "GEN-022" in render(found, kind)
        assert "answered 0" not in render(found, kind)
        assert "status 0" not in render(found, kind)


def test_walk__tells_one_dropped_request_of_many(there: Place) -> None:
    """Once is enough: no second try hides it."""
    with dropping(there.url, lambda _, number: reset if number == 30 else None) as front:
        found = verify(front.url, "kayle", profile="smoke", auth=there.auth)
    assert [count for _, _, count in silent(found)] == [1]
    assert found.exit_code == 1


def test_walk__goes_on_where_an_operation_is_never_answered(there: Place) -> None:
    """More dropped requests in a row than make a burst, of a service that takes connections."""
    with dropping(there.url, lambda head, _: close if head.startswith(b"GET ") else None) as front:
        found = verify(front.url, "kayle", profile="smoke", auth=there.auth)
    assert found.exit_code == 1
    assert {operation for operation, _, _ in silent(found)} >= {"getSession", "listSessions"}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Schemathesis without its chains of requests, which take longest where some of them end early."""
    monkeypatch.setattr(
        "specimen.contracts.verify.schemathesis_suite.NO_LINKS_FROM_TEXTS", {"phases": {"stateful": {"enabled": False}}}
    )
    monkeypatch.setattr("specimen.contracts.verify.runner.CI_EXAMPLES", 1)


@pytest.mark.parametrize("deed", [reset, pytest.param(half, marks=pytest.mark.long("runs Schemathesis once more"))])
def test_schemathesis__tells_dropped_requests(there: Place, quick: None, deed: Any) -> None:
    """What the fuzzer alone sends; a body that ends early has no request in its error."""
    seen: list[Exchange] = []
    with dropping(there.url, lambda head, _: deed if head.startswith(b"POST /kayle/v1/sessions ") else None) as front:
        sender = Transport(front.url, KAYLE, headers=there.auth)
        fuzz(sender, seed=1, examples=1, see=seen.append)
        sender.close()
    missed = [one for one in seen if one.failure]
    assert missed
    assert {(one.operation.id if one.operation else "", one.failure, one.status) for one in missed} == {
        ("createSession", CLOSED, 0)
    }
    assert len(seen) > len(missed)
    assert all("authorization" in one.request_headers for one in missed[:1])


@pytest.mark.long("a whole run of the ci profile; `make test` has what the fuzzer meets, and what the walk reports, apart")
def test_verify__counts_what_schemathesis_alone_meets(there: Place, quick: None) -> None:
    """A request that only a fuzzer sends: the report has it, with its command."""
    with dropping(there.url, lambda head, _: reset if b"schemathesis" in head.lower() else None) as front:
        found = verify(front.url, "kayle", profile="ci", auth=there.auth)
    assert found.exit_code == 1
    assert silent(found)


@pytest.mark.sample(4)
@pytest.mark.parametrize("deed", [reset, close, half, rubbish])
@pytest.mark.parametrize("driver", ["auto", "none", "prefer"])
def test_no_answer__is_exit_code_3(deed: Any, driver: str) -> None:
    """A listener that takes everything and answers nothing is no service, whoever drives; the report is whole."""
    with scripted(lambda connection, _: deed(connection)) as url:
        found = verify(url, "kayle", profile="smoke", auth="kk_live_specimen", driver=driver)
    assert found.exit_code == 3
    assert found.unreachable
    assert found.found == ()
    assert 0 < found.requests <= 4
    for kind in FORMATS:
        assert render(found, kind)


def test_keep_alive__closed_between_requests_is_no_finding() -> None:
    """A safe request that its server never read, since it had closed the kept connection, is sent once more."""
    answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
    met: list[int] = []

    def talk(connection: socket.socket, _: bytes) -> None:
        met.append(1)
        connection.sendall(answer)
        if len(met) == 1:  # take the next request as a server whose timer is due at that moment does: unread
            connection.recv(1)
            reset(connection)

    with scripted(talk) as url:
        sender = Transport(url, "kayle")
        assert [ask(sender, "getSession", path={"id": ID}).status for _ in range(2)] == [200, 200]
        sender.close()
    assert len(met) == 2


def test_keep_alive__unsafe_requests_are_sent_once(there: Place) -> None:
    """A creation without an answer may have made a session: it is not repeated."""
    with dropping(there.url, lambda head, _: reset if head.startswith(b"POST") else None) as front:
        sender = Transport(front.url, "kayle", headers=there.auth)
        with pytest.raises(NoAnswer):
            ask(sender, "createSession", body={})
        sender.close()
    assert len(front.heads) == 1


def test_slow_and_large__are_notes_and_not_judged() -> None:
    """Half a body is never judged: neither what came before the time ran out, nor the first of too many bytes."""
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"

    def slow(connection: socket.socket, _: bytes) -> None:
        connection.sendall(head + b'content-length: 90\r\n\r\n{"data": {')
        connection.recv(1)

    def large(connection: socket.socket, _: bytes) -> None:
        connection.sendall(head + b"content-length: 99999999\r\n\r\n" + b"[" * 17 * 2**20)
        connection.recv(1)

    for talk, failure, text in ((slow, TIMEOUT, "no whole answer in time"), (large, TOO_LARGE, "it was not judged")):
        seen: list[Exchange] = []
        with scripted(talk) as url:
            sender = Transport(url, "kayle", seen=seen.append, timeout_seconds=0.5 if failure == TIMEOUT else 10.0)
            with pytest.raises(NoAnswer, match=text):
                ask(sender, "getSession", path={"id": ID})
            sender.close()
        assert [(one.failure, one.status, one.response_body) for one in seen] == [(failure, 0, b"")]


def test_slow_drip__is_cut_at_the_deadline() -> None:
    """Bytes that keep coming do not make an answer whole."""

    def drip(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": "application/json"}, content=iter([b'{"a": ', b"1", b"}"]))

    seen: list[Exchange] = []
    sender = Transport("http://127.0.0.1:9", "kayle", transport=httpx.MockTransport(drip), seen=seen.append, timeout_seconds=-1.0)
    with pytest.raises(NoAnswer, match="in time"):
        ask(sender, "getSession", path={"id": ID})
    assert [one.failure for one in seen] == [TIMEOUT]


def test_streams__are_left_by_us() -> None:
    """A stream without an event, and one whose connection ends, are no findings."""

    def quiet(connection: socket.socket, _: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        connection.sendall(head + b"5\r\ndata:\r\n")
        reset(connection)

    seen: list[Exchange] = []
    with scripted(quiet) as url:
        sender = Transport(url, "predicate", seen=seen.append)
        found = ask(sender, "streamStatus", path={"type": "individual", "sessionId": "x"})
        sender.close()
    assert (found.status, found.failure) == (200, "")
    assert seen == [found]

    def never(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("late", request=request)

    seen.clear()
    sender = Transport("http://127.0.0.1:9", "predicate", transport=httpx.MockTransport(never), seen=seen.append)
    with pytest.raises(NoAnswer):
        ask(sender, "streamStatus", path={"type": "individual", "sessionId": "x"})
    assert seen == []


def test_dropped_in_a_row__end_the_run_at_last() -> None:
    """A service of one's own is asked for the rest up to a bound; one that never answered, and a foreign one, up to a burst."""
    answers = iter([httpx.Response(200, json={})])

    def once(request: httpx.Request) -> httpx.Response:
        answer = next(answers, None)
        if answer is None:
            raise httpx.RemoteProtocolError("dropped", request=request)
        return answer

    sender = Transport("http://127.0.0.1:9", "kayle", transport=httpx.MockTransport(once))
    ask(sender, "getSession", path={"id": ID})
    for _ in range(MOST_DROPPED - 1):
        with pytest.raises(NoAnswer):
            ask(sender, "getSession", path={"id": ID})
    with pytest.raises(Unreachable, match=f"{MOST_DROPPED} times in a row"):
        ask(sender, "getSession", path={"id": ID})


def test_killed_amid_schemathesis__is_exit_code_3(tmp_path: Path, quick: None) -> None:
    """The request that it died over is the end of a service, not a breach of its contract."""
    with serving("kayle", folder=tmp_path) as url:
        pid = json.loads((tmp_path / "ready.json").read_text())["pid"]
        killed: list[str] = []

        def tell(what: str, _: int) -> None:
            if what.startswith("Schemathesis, fuzz") and not killed:
                killed.append(what)
                os.kill(pid, signal.SIGKILL)

        found = verify(f"{url}/kayle", "kayle", profile="ci", auth="kk_live_specimen", on_progress=tell)
    assert killed
    assert found.exit_code == 3, found.verdict
    assert "it answers no more" in (found.unreachable or "")
    assert found.requests > 100


def test_configuration__without_a_token_has_no_empty_part(there: Place, quick: None) -> None:
    """Schemathesis refuses an empty list of credentials; the run goes on and says what it went without."""
    sender = Transport(there.url, KAYLE)
    assert "auth" not in configuration(sender.provider, {}, seed=1, examples=1)
    assert fuzz(sender, seed=1, examples=1, see=lambda _: None) > 10
    sender.close()


def test_terminal__says_that_there_was_no_answer(there: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """No status is printed where there was none."""
    with dropping(there.url, lambda head, _: reset if CANCEL.match(head) else None) as front:
        print_report(verify(front.url, "kayle", profile="smoke", auth=there.auth))
    shown = capsys.readouterr().out
    assert "a request is answered" in shown
    assert "no answer" in shown
    assert "status 0" not in shown


def test_undecodable__is_an_error() -> None:
    """The answer is there, and nobody can read it."""
    seen: list[Exchange] = []
    with scripted(lambda connection, _: coded(connection)) as url:
        sender = Transport(url, "kayle", seen=seen.append)
        with pytest.raises(NoAnswer):
            ask(sender, "getSession", path={"id": ID})
        sender.close()
    assert [one.failure for one in seen] == [UNREADABLE]
