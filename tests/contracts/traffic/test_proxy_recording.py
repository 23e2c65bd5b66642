"""The command `specimen proxy`, and the HAR file that it records."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from specimen import specs
from specimen.contracts.traffic.har_reader import check, read_har
from specimen.contracts.traffic.har_writer import Recorder
from specimen.contracts.traffic.monitor import Monitor
from tests.contracts.targets import AUTH, mock, proxied, serving, session_id
from tests.serving import FROM_SOURCE, ROOT, environment

SESSION = session_id()
PATH = f"/v1/sessions/{SESSION}"
TOKEN_TEXT = AUTH["Authorization"].partition(" ")[2]


@pytest.fixture(scope="module")
def vendor() -> Iterator[str]:
    """The mock of all providers."""
    with mock() as url:
        yield url


def test_recording__is_whole_after_each_entry(vendor: str, tmp_path: Path) -> None:
    """The file is JSON from its first moment on, tells no credential, and is judged as the traffic was."""
    path = tmp_path / "kayle.har"
    recorder = Recorder(path, specs.load("kayle"))
    assert json.loads(path.read_bytes())["log"]["entries"] == []
    with proxied(f"{vendor}/kayle", recorder=recorder) as proxy, httpx.Client(headers=AUTH) as client:
        for number in range(1, 4):
            client.get(proxy.url + PATH, params={"token": "s3cret-value"} if number == 2 else None)
            proxy.wait(lambda relay, number=number: len(relay.reported) == number)
            assert len(json.loads(path.read_bytes())["log"]["entries"]) == number
        client.post(f"{proxy.url}/v1/sessions", json={"redirect_url": "https://app.example/?user=Ann"})
        proxy.wait(lambda relay: len(relay.reported) == 4)
    recorder.close()
    text = path.read_text(encoding="utf-8")
    for secret in (TOKEN_TEXT, "s3cret-value", "user=Ann"):
        assert secret not in text
    assert path.stat().st_mode & 0o077 == 0
    bench = Monitor(specs.load("kayle"))
    recording = read_har(path, specs.load("kayle"))
    assert len(list(check(recording, bench))) == 4
    assert str(recording.base_url) == f"{vendor}/kayle"
    assert bench.errors == proxy.bench.errors == {}


def test_recording__full_disk(tmp_path: Path) -> None:
    """A disk that is full ends the recording, not the proxy."""
    recorder = Recorder(tmp_path / "x.har", specs.load("kayle"))
    recorder.close()
    recorder._file = Path("/dev/full").open("r+b", buffering=0)  # noqa: SIM115 - closed below
    from specimen.contracts.http.exchange import Exchange
    from specimen.contracts.traffic.monitor import JudgedExchange

    exchange = Exchange(specs.load("kayle"), "GET", PATH, "", {}, b"", 200, {}, b"{}", 0)
    recorder.add(JudgedExchange(exchange), "http://x", 0)
    recorder.add(JudgedExchange(exchange), "http://x", 0)
    recorder._file.close()
    assert recorder.failed is not None
    assert recorder.entries == 0


def test_recording__takes_half_a_surrogate_pair(tmp_path: Path) -> None:
    """What JSON can escape and UTF-8 cannot hold reaches the app, and the recording as it is."""
    body = b'{"x": "\\ud800"}'

    async def odd(request: Request) -> Response:
        return Response(body, media_type="application/json")

    recorder = Recorder(tmp_path / "x.har", specs.load("kayle"))
    app = Starlette(routes=[Route("/v1/sessions/{id}", odd)])
    with serving(app) as target, proxied(target, recorder=recorder) as proxy:
        answer = httpx.get(proxy.url + PATH, headers=AUTH)
        assert (answer.status_code, answer.content) == (200, body)
        assert proxy.problems() == []
    recorder.close()
    entry = json.loads((tmp_path / "x.har").read_bytes())["log"]["entries"][0]
    assert "\\ud800" in entry["response"]["content"]["text"]


def test_recording__failure_costs_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault in the recorder is reported once, without any value, and every answer passes as it came."""
    recorder = Recorder(tmp_path / "x.har", specs.load("kayle"))

    def fail(*_: object) -> None:
        raise UnicodeEncodeError("utf-8", "s3cret", 0, 1, "s3cret")

    monkeypatch.setattr(recorder, "add", fail)

    async def plain(request: Request) -> Response:
        return Response(b"{}", media_type="application/json")

    app = Starlette(routes=[Route("/v1/sessions/{id}", plain)])
    with serving(app) as target, proxied(target, recorder=recorder) as proxy:
        assert [httpx.get(proxy.url + PATH, headers=AUTH).content for _ in range(3)] == [b"{}"] * 3
        reported = proxy.problems()
    recorder.close()
    assert len(reported) == 1
    assert "could not be recorded (UnicodeEncodeError)" in reported[0]
    assert "s3cret" not in reported[0]


def _start(folder: Path, *arguments: str) -> tuple[subprocess.Popen[str], str]:
    line = [*FROM_SOURCE, "proxy", *arguments]
    process = subprocess.Popen(
        line,
        cwd=folder,
        env=environment(PYTHONPATH=str(ROOT)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, process.stdout.readline()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send")
@pytest.mark.parametrize(("number", "json_flag"), [(2, True), (15, False)])
def test_command__ctrl_c(vendor: str, tmp_path: Path, number: int, json_flag: bool) -> None:
    """Ctrl-C and SIGTERM end the command with its summary, its exit code, a whole recording and the report."""
    options = ["--report", "json=report.json", *(["--json"] if json_flag else [])]
    process, first = _start(tmp_path, "kayle", "--target", f"{vendor}/kayle", "--port", "0", "--har", "out.har", *options)
    try:
        url = json.loads(first)["listening"] if json_flag else first.split()[2]
        assert httpx.get(url + PATH, headers=AUTH, timeout=10).status_code == 200
        process.send_signal(number)
        out, err = process.communicate(timeout=15)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0, err
    assert err == ""
    assert "\x1b" not in out
    if json_flag:
        assert json.loads(out.splitlines()[-1])["violations"] == []
    else:
        assert "1 exchanges, 1 recorded to out.har: no violations" in out
    assert len(json.loads((tmp_path / "out.har").read_bytes())["log"]["entries"]) == 1
    report = json.loads((tmp_path / "report.json").read_bytes())
    assert (report["command"], report["requests"], report["exit_code"]) == ("proxy", 1, 0)
    assert report["base_url"] == f"{vendor}/kayle"
    assert report["reach"]["operations"]["seen"] == ["getSession"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("kayl", "--target", "http://127.0.0.1:9", "--port", "0"), "Did you mean 'kayle'?"),
        (("kayle", "--target", "api.kayle.id", "--port", "0"), "expected http:// or https://"),
        (("kayle", "--target", "http://u:p4ss@127.0.0.1:9", "--port", "0"), "not into the URL"),
        (("kayle", "--target", "http://127.0.0.1:9077", "--port", "9077"), "own port"),
        (("kayle", "--target", "http://127.0.0.1:9", "--port", "0", "--har", "no/such/file.har"), "cannot be written"),
    ],
)
def test_command__mistakes(arguments: tuple[str, ...], words: str) -> None:
    """A mistake in the command is one sentence and exit code 2."""
    import typer
    from typer.testing import CliRunner

    from specimen.contracts.cli.traffic import register

    app = typer.Typer()
    register(app)
    result = CliRunner().invoke(app, ["proxy", *arguments])
    assert result.exit_code == 2
    assert words in " ".join(result.output.split())
    assert "p4ss" not in result.output


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send")
def test_command__ctrl_c_within_a_stream(vendor: str, tmp_path: Path) -> None:
    """A stream that is open when the command ends is judged and recorded up to there."""
    facts = specs.load("predicate")
    credential = next(entry for entry in facts.lifecycle.credentials.values() if entry.fails is None)
    path = f"/api/v1/status/realtime/individual/{session_id('completed', 'predicate', 'pending')}"
    process, first = _start(tmp_path, "predicate", "--target", f"{vendor}/predicate", "--port", "0", "--har", "out.har", "--json")
    try:
        url = json.loads(first)["listening"]
        with httpx.stream("GET", url + path, headers=dict(credential.headers), timeout=10) as answer:
            assert next(answer.iter_raw()).startswith(b"data: {")
            process.send_signal(2)
            out, err = process.communicate(timeout=15)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, err) == (0, "")
    assert json.loads(out.splitlines()[-1])["exchanges"] == 1
    assert len(json.loads((tmp_path / "out.har").read_bytes())["log"]["entries"]) == 1
