"""Polling one session to its end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
from typer.testing import CliRunner

from specimen import specs
from specimen.contracts.cli.traffic import register
from specimen.contracts.client.transport import Transport
from specimen.contracts.http.header_values import retry_after_seconds
from specimen.contracts.reporting.model import INCONCLUSIVE, PASSED, UNREACHABLE, VIOLATIONS
from specimen.contracts.traffic.monitor import Monitor
from specimen.contracts.traffic.session_poller import Watch, watched
from specimen.mockserver.http.server import running
from specimen.mockserver.settings import Pace
from specimen.mockserver.testing.in_process import create
from specimen.mockserver.testing.sandbox import KycMock
from specimen.specs import SpecimenError
from tests.contracts.targets import AUTH, mock_app, serving, session_id

NOW = 1_772_366_400_000
SESSION = session_id()


class Time:
    """A clock that moves when somebody sleeps; `also` hears of it."""

    def __init__(self, also: Callable[[float], None] = lambda _: None) -> None:
        self.now = 0.0
        self.slept: list[float] = []
        self._also = also

    def clock(self) -> float:
        """Seconds since some moment."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Moves the clock."""
        self.slept.append(seconds)
        self.now += seconds
        self._also(seconds)


def _watch(
    handler: Callable[[httpx.Request], httpx.Response], provider: str = "kayle", session: str = SESSION, **options: Any
) -> tuple[Watch, Time, Monitor]:
    facts, time = specs.load(provider), options.pop("time", Time())
    bench = Monitor(facts, fail_on=options.pop("fail_on", "warning"))
    transport = Transport(
        "http://127.0.0.1:9", facts, headers=AUTH, sessions=(session,), transport=httpx.MockTransport(handler), sleep=time.sleep
    )
    send, pointer = watched(facts, transport, session)
    return Watch(bench, send, pointer, clock=time.clock, sleep=time.sleep, wall_clock=lambda: NOW / 1000, **options), time, bench


def _answers(*answers: httpx.Response | Exception) -> Callable[[httpx.Request], httpx.Response]:
    left = list(answers)

    def handler(_: httpx.Request) -> httpx.Response:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    return handler


def _kayle(status: str, **more: Any) -> httpx.Response:
    entry = specs.load("kayle").document.operations["getSession"].responses["200"].media[0].examples
    body = json.loads(json.dumps(next(iter(entry.values()))))
    is_end = status in ("succeeded", "failed", "expired", "cancelled")
    body["data"] |= {"id": SESSION, "status": status, "failure_code": None, "nfc_tries_used": 0, "liveness_tries_used": 0}
    body["data"] |= {"completed_at": body["data"]["updated_at"] if is_end else None, **more}
    return httpx.Response(200, json=body)


@pytest.mark.parametrize("provider", specs.names())
def test_watch__every_provider_to_its_end(provider: str) -> None:
    """A session of each provider is polled through its states to a terminal one; all rules hold."""
    app = mock_app(freeze=True, now=NOW, pace=Pace.parse("realtime"))
    clock = KycMock(app, ExitStack()).clock
    facts = specs.load(provider)
    made = create(app.mounted[provider], app, {})
    credential = next(entry for entry in facts.lifecycle.credentials.values() if entry.fails is None)
    time = Time(lambda seconds: clock.forward(seconds=seconds))
    with running(app) as url:
        transport = Transport(url + facts.mount, facts, headers=dict(credential.headers), sessions=(made["id"],), seen_by="watch")
        bench = Monitor(facts, fail_on="note")
        send, pointer = watched(facts, transport, made["id"])
        watching = Watch(bench, send, pointer, every_seconds=2, timeout_seconds=7200, clock=time.clock, sleep=time.sleep)
        steps = list(watching.steps())
        transport.close()
    assert bench.errors == {}
    assert watching.exit_code == PASSED
    assert watching.states == list(facts.lifecycle.default.path)
    assert [step.state for step in steps if step.is_change] == watching.states
    assert steps[-1].is_end
    assert set(time.slept) == {2}


def test_watch__judges_each_step() -> None:
    """Unknown fields are no violation; an end without its time is one."""
    watching, time, bench = _watch(
        _answers(_kayle("created", score=3), _kayle("in_progress", later={"a": []}), _kayle("succeeded", completed_at=None))
    )
    steps = list(watching.steps())
    assert watching.states == ["created", "in_progress", "succeeded"]
    assert watching.exit_code == VIOLATIONS
    assert [len(step.verdict.found) for step in steps if step.verdict is not None][:2] == [0, 0]
    assert bench.errors
    assert time.slept == [2, 2]


def test_watch__obeys_retry_after_and_backs_off() -> None:
    """429 and 5xx make the pauses longer, and Retry-After is kept, as seconds or as a date."""
    busy = httpx.Response(429, headers={"retry-after": "17"})
    date = httpx.Response(503, headers={"retry-after": "Sun, 01 Mar 2026 12:00:30 GMT"})
    refused = httpx.ConnectError("refused")
    watching, time, _ = _watch(
        _answers(busy, date, refused, httpx.Response(500), _kayle("in_progress"), _kayle("succeeded")), every_seconds=1
    )
    list(watching.steps())
    assert time.slept == [17, 30, 8, 16, 1]
    assert watching.reached_end


def test_watch__asked_to_wait_beyond_the_timeout() -> None:
    """A pause that would outlast the timeout is not begun."""
    watching, time, _ = _watch(_answers(httpx.Response(429, headers={"retry-after": "86400"})), timeout_seconds=60)
    list(watching.steps())
    assert time.slept == []
    assert not watching.reached_end
    assert "no end within 60 s" in str(watching.inconclusive)


def test_watch__never_ends() -> None:
    """A session that does not end within the timeout is inconclusive."""
    watching, time, _ = _watch(_answers(_kayle("in_progress")), timeout_seconds=10, every_seconds=3)
    assert len(list(watching.steps())) == 4
    assert time.slept == [3, 3, 3]
    assert watching.exit_code == INCONCLUSIVE
    assert "last seen in 'in_progress'" in str(watching.inconclusive)


def test_watch__no_answer() -> None:
    """Five tries, each after a longer pause, then exit code 3."""
    watching, time, _ = _watch(_answers(httpx.ConnectError("refused")))
    steps = list(watching.steps())
    assert watching.exit_code == UNREACHABLE
    assert len(steps) == 5
    assert time.slept == [4, 8, 16, 32]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_watch__refused(status: int) -> None:
    """A wrong token or id ends the watch at once, with what to look at."""
    watching, time, _ = _watch(_answers(httpx.Response(status, json={})))
    assert len(list(watching.steps())) == 1
    assert time.slept == []
    assert watching.exit_code in (INCONCLUSIVE, VIOLATIONS)  # the answer itself may break the contract
    assert f"{status} without a state" in str(watching.inconclusive)


def test_watch__settings() -> None:
    """What the read puts in by itself can be set; anything else is refused with the nearest name."""
    facts, seen = specs.load("idnow"), []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.path)
        return httpx.Response(404, json={})

    transport = Transport("http://127.0.0.1:9", facts, sessions=("s1",), transport=httpx.MockTransport(handler))
    watched(facts, transport, "s1", {"environment": "staging"})[0]()
    assert seen == ["/api/v1/staging/sessions/s1"]
    with pytest.raises(SpecimenError, match="Did you mean 'environment'"):
        watched(facts, transport, "s1", {"enviroment": "staging"})


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, 0),
        ("", 0),
        ("12", 12),
        ("soon", 0),
        ("-4", 0),
        ("9" * 40, 0),
        ("Sun, 01 Mar 2026 12:01:00 GMT", 60),
        ("Sun, 01 Mar 2020 12:01:00 GMT", 0),
    ],
)
def test_retry_after(value: str | None, seconds: float) -> None:
    """Seconds or a date (RFC 9110, section 10.2.3)."""
    assert retry_after_seconds(value, NOW / 1000) == seconds


@pytest.fixture(scope="module")
def vendor() -> Iterator[str]:
    """A mock whose catalogue sessions are at their ends."""
    with running(mock_app()) as url:
        yield url


def _run(*arguments: str, **environ: str) -> Any:
    app = typer.Typer()
    register(app)
    return CliRunner().invoke(app, ["watch", *arguments], env=environ)


def test_command(vendor: str) -> None:
    """The command prints the state, the summary and exit code 0; the token may come from the environment."""
    result = _run("kayle", "--url", f"{vendor}/kayle", "--session", SESSION, SPECIMEN_TOKEN="kk_live_specimen")
    assert result.exit_code == 0, result.output
    assert "succeeded" in result.output
    assert "1 polls, succeeded: no violations" in result.output
    assert "kk_live" not in result.output


def test_command__json(vendor: str) -> None:
    """With --json each step is a line, and the last one is the summary."""
    result = _run(
        "kayle", "--url", f"{vendor}/kayle", "--session", SESSION, "--header", "Authorization: Bearer kk_live_specimen", "--json"
    )
    first, last = (json.loads(line) for line in result.output.splitlines())
    assert (first["state"], first["is_end"], first["violations"]) == ("succeeded", True, [])
    assert (last["states"], last["exit_code"], result.exit_code) == (["succeeded"], 0, 0)


def test_command__a_state_that_no_terminal_should_obey(tmp_path: Path) -> None:
    """Control characters and halves of surrogate pairs are spelled out, as words and as JSON."""

    async def odd(scope: Any, receive: Any, send: Any) -> None:
        body = json.dumps({"data": {"id": SESSION, "status": "a\x1b[2J\ud800"}}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    with serving(odd) as url:
        words = ("kayle", "--url", url, "--session", SESSION, "--every", "0.05", "--timeout", "0.1")
        plain, as_json = _run(*words), _run(*words, "--json")
    assert plain.exit_code == as_json.exit_code == 1, plain.output
    assert r"a\x1b[2J\ud800" in plain.output
    assert "\x1b" not in plain.output + as_json.output
    assert json.loads(as_json.output.splitlines()[0])["state"] == "a\x1b[2J\ud800"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--url", "ftp://x"), "expected http:// or https://"),
        (("--url", "https://api.example.com", "--every", "0.2"), "not more than one poll a second"),
        (("--url", "http://127.0.0.1:9", "--header", "s3cret"), "expected 'NAME: VALUE'"),
        (("--url", "http://127.0.0.1:9", "--set", "a=b"), "has no such value"),
    ],
)
def test_command__mistakes(arguments: tuple[str, ...], words: str) -> None:
    """A mistake in the command is one sentence and exit code 2, and shows no credential."""
    result = _run("kayle", "--session", SESSION, *arguments)
    assert result.exit_code == 2
    assert words in " ".join(result.output.split())
    assert "s3cret" not in result.output
