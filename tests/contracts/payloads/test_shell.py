"""Requests as a shell script: it makes its sessions itself, and tells by its exit code whether all was right."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from specimen import specs
from specimen.cli import app
from specimen.contracts.http.credentials import of_lifecycle
from specimen.contracts.payloads import cases
from specimen.contracts.payloads.output.shell_script import as_curl
from tests.serving import serving

pytestmark = pytest.mark.usefixtures("quick_catalogue")
LINE = re.compile(r"ok (\S+) got (\d{3})|WRONG (\S+) expected (\d{3}(?: or \d{3})*|a new session) got (.+)")


def run(script: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """The script in the system's shell, with nothing of Specimen's in its environment but the variables."""
    there = {name: value for name, value in os.environ.items() if not name.startswith("SPECIMEN_")}
    return subprocess.run(
        ["sh", str(script)], env={**there, **variables}, capture_output=True, text=True, timeout=120, check=False
    )


def written(folder: Path, name: str, **wanted: object) -> tuple[Path, list[str]]:
    """The script of the cases that are chosen, and their ids."""
    chosen = list(cases(name, direction="request", **wanted))
    path = folder / f"{name}.sh"
    path.write_text("".join(as_curl(chosen)), encoding="utf-8", errors="surrogatepass")
    return path, [case.id for case in chosen]


def token(name: str) -> str:
    """What the mock takes."""
    return next(iter(of_lifecycle(specs.load(name)).values())).removeprefix("Bearer ")


@pytest.mark.parametrize("count", [40, pytest.param(None, marks=pytest.mark.long("starts curl thousands of times"))])
@pytest.mark.parametrize("name", specs.names())
def test_script__runs_as_its_header_says(name: str, count: int | None, tmp_path: Path) -> None:
    """With a URL and a token alone, every request of the provider gets what it should from the mock, over HTTP."""
    script, ids = written(tmp_path, name, count=count)
    with serving(name, folder=tmp_path) as url:
        done = run(script, SPECIMEN_URL=f"{url}{specs.load(name).mount}/", SPECIMEN_TOKEN=token(name))
    found = [LINE.fullmatch(line) for line in done.stdout.splitlines()]
    assert [line[0] for line in found if line[3] is not None] == []
    assert [line[1] for line in found] == ids
    assert done.stderr == f"{len(ids)} cases: {len(ids)} ok, 0 wrong\n"
    assert done.returncode == 0


def test_script__names_no_variable_that_it_does_not_explain(tmp_path: Path) -> None:
    """What it reads of the environment stands in its header."""
    for name in specs.names():
        text = written(tmp_path, name, count=40)[0].read_text(encoding="utf-8")
        header = text[: text.index("\nset -f")]
        assert set(re.findall(r"SPECIMEN_[A-Z_]+", text)) == set(re.findall(r"SPECIMEN_[A-Z_]+", header))


class Answering(BaseHTTPRequestHandler):
    """Answers everything but the creation of a session with one status."""

    protocol_version = "HTTP/1.1"
    status = 418
    created: tuple[str, int, bytes] | None = None
    seen: tuple[bytes, ...] = ()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        type(self).seen += (self.path.encode() + b" " + body,)
        made = self.created is not None and f"{self.command} {self.path}" == self.created[0]
        status, body = self.created[1:] if made and self.created is not None else (self.status, b"{}")
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - http.server's names

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextlib.contextmanager
def answering(status: int, created: tuple[str, int, bytes] | None = None) -> Iterator[str]:
    """A service that keeps no contract; gives its URL."""
    with recording(status, created) as (url, _):
        yield url


@contextlib.contextmanager
def recording(status: int, created: tuple[str, int, bytes] | None) -> Iterator[tuple[str, type[Answering]]]:
    """The same, and what came to it."""
    handler = type("Handler", (Answering,), {"status": status, "created": created})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", handler
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_script__a_service_that_makes_no_session_is_wrong(tmp_path: Path) -> None:
    """Who answers 500 to all gets a line for each case, says why no session was there, and the script ends with 1."""
    script, ids = written(tmp_path, "kyve", operation="cancelSession", count=20)
    with answering(500) as url:
        done = run(script, SPECIMEN_URL=url, SPECIMEN_TOKEN="x")
    found = [LINE.fullmatch(line) for line in done.stdout.splitlines()]
    assert [line[3] for line in found] == ids
    assert {(line[4] == "a new session", line[5]) for line in found} == {(True, "500"), (False, "500")}
    assert done.stderr == f"{len(ids)} cases: 0 ok, {len(ids)} wrong\n"
    assert done.returncode == 1


def test_script__another_answer_is_wrong(tmp_path: Path) -> None:
    """The id is found wherever the answer has it; each other status is reported beside those that are right."""
    made = b'{"data": {"steps": [{"id": "no", "x": "\\"}"}], "id"\n : "vs_1", "cancel_token":"ct_1"}, "id": "neither"}'
    script, ids = written(tmp_path, "kayle", operation="cancelByToken", count=20)
    with recording(418, ("POST /v1/sessions", 200, made)) as (url, service):
        done = run(script, SPECIMEN_URL=url, SPECIMEN_TOKEN="x")
    assert any(b"/vs_1/" in request for request in service.seen)
    assert any(b'"ct_1"' in request for request in service.seen)
    assert not any(b"{session}" in request or b"{cancel_token}" in request for request in service.seen)
    found = [LINE.fullmatch(line) for line in done.stdout.splitlines()]
    assert [line[3] for line in found] == ids
    assert {line[5] for line in found} == {"418"}
    assert done.returncode == 1


def test_script__no_answer(tmp_path: Path) -> None:
    """That is wrong too, not a success."""
    script, _ = written(tmp_path, "predicate", operation="register", count=2)
    with answering(200) as url:
        pass
    done = run(script, SPECIMEN_URL=url, SPECIMEN_TOKEN="x")
    assert done.stdout.count("got no answer (curl: 7)") == 2
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("variables", "text"),
    [
        ({"SPECIMEN_TOKEN": "x"}, "SPECIMEN_URL is missing"),
        ({"SPECIMEN_URL": "http://127.0.0.1"}, "SPECIMEN_TOKEN is missing"),
        ({"SPECIMEN_URL": "ftp://127.0.0.1", "SPECIMEN_TOKEN": "x"}, "expected http://"),
        ({"SPECIMEN_URL": "https://kyc.invalid/v1", "SPECIMEN_TOKEN": "x"}, "'kyc.invalid' is not this machine"),
        ({"SPECIMEN_URL": "https://localhost@kyc.invalid:9", "SPECIMEN_TOKEN": "x"}, "'kyc.invalid' is not this machine"),
        ({"SPECIMEN_URL": "https://kyc.invalid#@localhost", "SPECIMEN_TOKEN": "x"}, "'kyc.invalid' is not this machine"),
        ({"SPECIMEN_URL": "http://127.0.0.1.invalid", "SPECIMEN_TOKEN": "x"}, "'127.0.0.1.invalid' is not this machine"),
        ({"SPECIMEN_URL": "http://[2001:db8::1]:80", "SPECIMEN_TOKEN": "x"}, "'2001:db8::1' is not this machine"),
        (
            {"SPECIMEN_URL": "https://kyc.invalid", "SPECIMEN_TOKEN": "x", "SPECIMEN_ALLOW_WRITES": "invalid *"},
            "name it in SPECIMEN_ALLOW_WRITES",
        ),
    ],
)
def test_script__says_what_is_wrong(variables: dict[str, str], text: str, tmp_path: Path) -> None:
    """One sentence, exit code 2, and nothing is sent."""
    done = run(written(tmp_path, "kayle", count=1)[0], **variables)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert text in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("allowed", ["other.invalid kyc.invalid", "kyc.invalid:9"])
def test_script__a_host_that_is_named_is_asked(allowed: str, tmp_path: Path) -> None:
    """With or without its port; a name that leads nowhere gives no answer."""
    script, _ = written(tmp_path, "kayle", operation="listSessions", count=1)
    # A proxy at a closed port: the name is not even looked up.
    done = run(
        script, SPECIMEN_URL="http://KYC.invalid:9", SPECIMEN_TOKEN="x", SPECIMEN_ALLOW_WRITES=allowed, http_proxy="127.0.0.1:9"
    )
    assert done.returncode == 1
    assert "got no answer" in done.stdout


def test_script__responses_are_no_commands() -> None:
    """Asked for both, requests are given; asked for responses, the command says why not."""
    assert "response" not in "".join(line for line in as_curl(cases("idnow", count=40)) if line.startswith("check"))
    assert list(as_curl(cases("idnow", direction="response", count=3))) == []
    done = CliRunner().invoke(app, ["payloads", "idnow", "--direction", "response", "--format", "curl"])
    assert done.exit_code == 2
    assert "a response is not sent" in done.output


@pytest.mark.sample(3)
@pytest.mark.parametrize(
    "value", ["x|;1e touch pwned", "x|g;w pwned", "$(touch pwned)", "`touch pwned`", "a&b\\\\1\\\\n", "'; touch pwned; '"]
)
def test_script__a_servers_value_is_no_part_of_a_program(value: str, tmp_path: Path) -> None:
    """Whatever stands in an id arrives as it is, and nothing of it is run."""
    made = f'{{"data": {{"id": "vs_1", "cancel_token": "{value}"}}}}'.encode()
    script, ids = written(tmp_path, "kayle", operation="cancelByToken", count=60)
    with recording(418, ("POST /v1/sessions", 200, made)) as (url, service):
        done = subprocess.run(
            ["sh", str(script)], env={**os.environ, "SPECIMEN_URL": url, "SPECIMEN_TOKEN": "x"}, cwd=tmp_path, timeout=120,
            capture_output=True,
            text=True, check=False,
        )  # fmt: skip
    assert len(done.stdout.splitlines()) == len(ids)
    assert sum(value.encode() in request for request in service.seen) > 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kayle.sh"]
