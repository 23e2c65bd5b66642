"""`specimen ctl` on a running server: how its calls get there, its exit codes, and its questions."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from specimen.cli import app
from specimen.mockserver.app import build_app
from specimen.mockserver.http.server import running
from specimen.mockserver.settings import Pace, Settings

KAYLE = {"Authorization": "Bearer kk_live_specimen"}
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A mock on a port, which asks for a token."""
    settings = Settings(providers=("kayle",), pace=Pace("manual"), control_token="let-me-in")
    with running(build_app(settings)) as found:
        yield found


def ctl(url: str, *words: str, **variables: str) -> Result:
    """A command that ended."""
    return CliRunner().invoke(app, ["ctl", "--url", url, "--token", "let-me-in", *words], env={"COLUMNS": "200", **variables})


def test_call__no_proxy_sees_it_on_this_machine(url: str) -> None:
    """A proxy of the environment would read the token; calls to another machine go by it."""
    proxy = dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"), NOWHERE)
    done = ctl(url, "clock", **proxy)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "ConnectError" in ctl("http://mock.test", "clock", **proxy).stderr


@pytest.mark.parametrize(("server", "code", "said"), [(NOWHERE, 3, "no server answers there"), ("mock", 2, "--url 'mock'")])
def test_call__without_a_server(server: str, code: int, said: str) -> None:
    """Nobody there is 3, as the help says; a URL that is none is a mistake in the command."""
    done = ctl(server, "clock")
    assert done.exit_code == code
    assert said in done.stderr


@pytest.mark.parametrize("words", [("requests", "--har"), ("namespaces", "--export")])
def test_file__that_cannot_be_written_is_named(url: str, words: tuple[str, str], tmp_path: Path) -> None:
    """A folder that is not there, and a folder in the file's place, are mistakes in the command."""
    for path in (tmp_path / "none" / "x", tmp_path):
        done = ctl(url, *words, str(path))
        assert done.exit_code == 2, done.output
        assert f"{words[1]} '{path}'" in done.stderr


def test_ask__answers_by_exit_code(url: str) -> None:
    """0 is yes, 1 is no with the requests that come nearest, 2 is a question that there is not."""
    space = ("--namespace", "asked")
    headers = {**KAYLE, "Specimen-Namespace": "asked"}
    made = httpx.post(f"{url}/kayle/v1/sessions", headers=headers, json={}).json()["data"]["id"]
    for _ in range(2):
        httpx.get(f"{url}/kayle/v1/sessions/{made}", headers=headers)
    asked = ("--operation", "getSession", "--session", made)
    yes = ctl(url, *space, "ask", "called", *asked, "--times", "2", "--status", "200", "--method", "GET")
    assert (yes.exit_code, yes.stderr) == (0, "")
    no = ctl(url, *space, "ask", "called", *asked, "--at-least", "3")
    assert no.exit_code == 1
    assert "Expected at least 3 of: operation getSession" in no.stdout
    assert "POST /kayle/v1/sessions -> 200 (createSession): another operation" in no.stdout
    shown = ctl(url, *space, "--json", "ask", "not_called", *asked)
    assert (shown.exit_code, json.loads(shown.stdout)["count"]) == (1, 2)
    assert ctl(url, *space, "ask", "not_called", "--operation", "cancelSession").exit_code == 0
    assert ctl(url, *space, "ask", "polled", *asked, "--max-per-second", "0.001").exit_code == 1
    assert ctl(url, *space, "ask", "polled", *asked, "--never-after-end").exit_code == 0
    assert ctl(url, *space, "ask", "called", *asked, "--header", "Idempotency-Key").exit_code == 1
    wrong = ctl(url, *space, "ask", "calld")
    assert wrong.exit_code == 2


def test_json__of_every_command(url: str) -> None:
    """Each prints one JSON value and nothing else; `etag` of what `show` prints is what `--if-match` takes."""
    space = ("--namespace", "json")

    def asked(*words: str) -> Any:
        done = ctl(url, *space, "--json", *words)
        assert (done.exit_code, done.stderr) == (0, ""), (words, done.output)
        seen.add(words[0])
        return json.loads(done.stdout)

    seen: set[str] = set()
    session = asked("create", "kayle")["session"]
    at = ("kayle", session["id"])
    assert asked("show", *at)["etag"] == session["etag"]
    newer = asked("patch", *at, "--fact", "failure_code=liveness_failed", "--if-match", session["etag"])
    assert ctl(url, *space, "advance", *at, "--if-match", session["etag"]).exit_code == 2
    assert asked("advance", *at, "--if-match", newer["etag"])["state"] == "in_progress"
    assert asked("transition", *at, "failed")["facts"]["failure_code"] == "liveness_failed"
    assert asked("expire", "kayle", asked("create", "kayle")["session"]["id"])["state"] == "expired"
    assert [one["state"] for one in asked("sessions")["sessions"]] == ["failed", "expired"]
    assert asked("delete", *at) is None
    assert asked("clock", "--forward", "1")["frozen"] is False
    assert asked("settings")["pace"] == "manual"
    assert [one["name"] for one in asked("catalogue")["providers"]] == ["kayle"]
    assert asked("faults", "--preset", "flaky")
    assert len(asked("faults")["faults"]) == 2
    assert "json" in asked("namespaces")["namespaces"]
    assert asked("requests")["requests"] == []
    assert asked("ask", "not_called", "--operation", "cancelSession")["passed"] is True
    assert asked("webhooks", "kayle")["deliveries"] == []
    assert asked("reset") is None
    (group,) = (one.typer_instance for one in app.registered_groups if one.name == "ctl")
    assert group is not None
    assert seen == {command.name or command.callback.__name__ for command in group.registered_commands if command.callback}


def test_webhooks__show_what_their_options_want(url: str) -> None:
    """The ids of endpoints, events and deliveries, which are removed, replayed and sent again; and the log of attempts."""

    def said(*words: str) -> list[str]:
        done = ctl(url, "-n", "hooks", "webhooks", "kayle", *words)
        assert done.exit_code == 0, done.output
        return done.stdout.splitlines()

    assert said() == ["no endpoints", "no deliveries"]
    made = said("--add", f"{NOWHERE}/hook", "--type", "verification.session.cancelled")[0].split()[0]
    headers, path = {**KAYLE, "Specimen-Namespace": "hooks"}, f"{url}/kayle/v1/sessions"
    session = httpx.post(path, headers=headers, json={}).json()["data"]["id"]
    assert httpx.post(f"{path}/{session}/cancel", headers=headers).status_code == 204
    deadline = time.monotonic() + 20
    while not (attempts := said("--attempts"))[0].startswith("1 "):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    endpoint, delivery = said()
    assert endpoint == f"{made} {NOWHERE}/hook verification.session.cancelled"
    name, event, kind, told, status, *_ = delivery.split()
    assert (kind, told, status) == ("verification.session.cancelled", session, "pending")
    assert all(word in attempts[0] for word in (name, "attempt 1", "connection refused", "next at "))
    assert said("--replay", event) == ["1 sent again"]
    assert said("--cancel", name) == ["canceled"]
    assert said("--remove", made) == ["removed"]
    assert said() == ["no endpoints", "no deliveries"]


def test_webhooks__all_pages_are_listed(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deliveries and attempts of more than a page."""
    monkeypatch.setattr("specimen.mockserver.control.commands.webhooks._AT_ONCE", 2)
    words = ("-n", "pages", "--json", "webhooks", "kayle")
    assert ctl(url, *words, "--add", f"{NOWHERE}/hook").exit_code == 0
    headers, path = {**KAYLE, "Specimen-Namespace": "pages"}, f"{url}/kayle/v1/sessions"
    for _ in range(5):
        session = httpx.post(path, headers=headers, json={}).json()["data"]["id"]
        assert httpx.post(f"{path}/{session}/cancel", headers=headers).status_code == 204
    deadline = time.monotonic() + 20
    while len(attempts := json.loads(ctl(url, *words, "--attempts").stdout)["attempts"]) < 5:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert [one["number"] for one in attempts] == [1, 2, 3, 4, 5]
    assert len({one["id"] for one in json.loads(ctl(url, *words).stdout)["deliveries"]}) == 5


def test_json__of_a_refusal(url: str) -> None:
    """The problem as the server says it, with what is possible, in one line of the error stream; the exit code is the same."""
    space = ("--namespace", "refused")
    session = json.loads(ctl(url, *space, "--json", "create", "kayle", "--state", "failed").stdout)["session"]["id"]
    moved = ("transition", "kayle", session, "succeeded")
    done, plain = ctl(url, *space, "--json", *moved), ctl(url, *space, *moved)
    assert (done.exit_code, plain.exit_code, done.stdout) == (2, 2, "")
    found = json.loads(done.stderr)
    detail = "a session does not move from 'failed' to 'succeeded'."
    assert found == {"status": 409, "detail": detail, "possible": {"states": ["cancelled"]}, "exit_code": 2}
    assert plain.stderr == f"error: {detail} Possible: states: cancelled.\n"
    unnamed = json.loads(ctl(url, "--json", "show", "kayle", "vs_none").stderr)
    assert (unnamed["status"], unnamed["exit_code"]) == (404, 2)
    assert "token" in json.loads(ctl(url, "--token", "wrong", "--json", "clock").stderr)["detail"]


COMMANDS = [command for one in app.registered_groups if one.name == "ctl" and one.typer_instance is not None
            for command in one.typer_instance.registered_commands]  # fmt: skip


@pytest.mark.parametrize("command", [command.callback.__name__ for command in COMMANDS if command.callback])
def test_help__has_an_example_and_every_option(command: str, url: str) -> None:
    """Each command shows itself at work, and says what each of its options is for."""
    shown = ctl(url, command, "--help").stdout
    assert f"    specimen ctl {command} " in shown
    rows = [line.split("  ") for line in shown.partition("Options:")[2].splitlines() if line.startswith("  -")]
    assert all(len([part for part in row if part.strip()]) >= 2 for row in rows), rows


def test_options__stand_behind_the_command_too() -> None:
    """`specimen ctl sessions --json -n two`, as with all other commands."""
    settings = Settings(providers=("kayle",), pace=Pace("manual"), control_token="let-me-in")
    with running(build_app(settings)) as found:
        words = ("create", "kayle", "--json", "-n", "two", "--url", found, "--token", "let-me-in")
        made = CliRunner().invoke(app, ["ctl", "--url", NOWHERE, "--token", "wrong", "--namespace", "one", *words])
        assert json.loads(made.stdout)["session"]["namespace"] == "two", made.output
        refused = ctl(found, "show", "kayle", "vs_none", "--json")
        assert json.loads(refused.stderr)["status"] == 404


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("clock", "--freeze", "--run"), "expected one of the two"),
        (("patch", "kayle", "vs_none"), "name a fact, such as --fact failure_code"),
        (("namespaces", "--import", "none.json"), "--import 'none.json': cannot be read: No such file"),
        (("ask", "called", "--max-per-second", "1"), "max_per_second: a question about 'called' has no such member."),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_mistake__is_refused(url: str, words: tuple[str, ...], said: str) -> None:
    """What would do nothing, or one of two things, is a mistake in the command."""
    done = ctl(url, *words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr


def test_possible__is_said_once(url: str) -> None:
    """A sentence that lists what is possible is not followed by the list."""
    said = ctl(url, "sessions", "--provider", "nope").stderr
    assert said.count("Possible") == 1
    assert "nope" in said
    assert "kayle" in said


def test_show__has_what_other_commands_take(url: str) -> None:
    """The facts that it has and that it can have, the next state, and the `etag` of `--if-match`."""
    space = ("-n", "shown")
    made = json.loads(ctl(url, *space, "create", "kayle", "--scenario", "liveness_failed", "--json").stdout)["session"]
    lines = ctl(url, *space, "show", "kayle", made["id"]).stdout.splitlines()
    shown = dict(line.strip().split("  ", 1) for line in lines[1:])
    assert shown["etag"].strip() == made["etag"]
    assert shown["next"].strip() == made["next"]
    assert "failure_code=liveness_failed" in shown["facts"]
    assert "birth_date" in shown["can narrow"]


def test_catalogue__has_the_values_of_facts(url: str) -> None:
    """What `--fact` takes."""
    assert "fact failure_code: document_authenticity_failed, " in ctl(url, "catalogue").stdout


def test_requests__are_filtered_as_the_api_does(url: str) -> None:
    """Every filter of `GET /requests` is an option."""
    space = ("-n", "filtered")
    headers = {**KAYLE, "Specimen-Namespace": "filtered"}
    httpx.post(f"{url}/kayle/v1/sessions", headers=headers, json={})
    httpx.post(f"{url}/kayle/v1/sessions", headers=headers, json={"redirect_url": 7})
    httpx.get(f"{url}/kayle/v1/sessions", headers={**headers, "Prefer": "fault=status:503"})

    def found(*words: str) -> list[int]:
        return [one["status"] for one in json.loads(ctl(url, *space, "requests", *words, "--json").stdout)["requests"]]

    assert found() == [200, 400, 503]
    assert found("--method", "POST") == [200, 400]
    assert found("--path", "/kayle/v1/sessions", "--problem") == [400]
    assert found("--no-problem") == [200, 503]
    assert found("--fault", "asked-for") == [503]


def test_namespaces__all_pages_are_listed(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list ends where the server has no more."""
    for name in ("n-1", "n-2", "n-3"):
        ctl(url, "-n", name, "create", "kayle")
    sent = []
    send = httpx.request

    def small(method: str, path: str, **options: Any) -> httpx.Response:
        sent.append(path)
        return send(method, path.replace("limit=1000", "limit=1"), **options)

    monkeypatch.setattr(httpx, "request", small)
    names = ctl(url, "namespaces").stdout.split()
    assert {"n-1", "n-2", "n-3"} <= set(names)
    assert len(names) == len(set(names)) == len(sent)
