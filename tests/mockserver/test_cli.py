"""The `specimen` command as a user types it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner, Result

from specimen import cli, specs
from specimen.fixtures import recipes
from specimen.fixtures.primitives import times
from specimen.mockserver.cli.serve import LOG_LEVELS
from specimen.specs.core.version import product_version
from tests.mockserver import dummy_provider
from tests.serving import ROOT

NAMES = specs.names()
COMMANDS = ("serve", "providers", "show", "ids")
ESCAPE = "\x1b"


def run(*arguments: str) -> Result:
    """A command in this process; its output is no terminal."""
    return CliRunner().invoke(cli.app, list(arguments), env={"COLUMNS": "100", "TERM": "xterm-256color"})


def spawn(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    """A command in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100", "FORCE_COLOR": ""}
    environment.pop("FORCE_COLOR")
    command = [sys.executable, "-m", "specimen", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, **options)


@contextmanager
def serving(tmp_path: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server in a process of its own, and its URL from the ready file."""
    ready = tmp_path / "ready.json"
    process = spawn("serve", *arguments, "--port", "0", "--ready-file", str(ready))
    try:
        deadline = time.monotonic() + 20
        while not ready.exists():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline, "the server did not come up"
            time.sleep(0.02)
        reported = json.loads(ready.read_text(encoding="utf-8"))
        assert reported["pid"] == process.pid
        yield process, reported["url"]
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def fetch(url: str, headers: dict[str, str] | None = None) -> Any:
    """The JSON at a URL."""
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers or {}), timeout=10) as answer:
        return json.load(answer)


# -- help and versions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)])
def test_help__of_every_command(command: tuple[str, ...]) -> None:
    """Every command explains itself, with examples, and without colour where there is no terminal."""
    result = run(*command, "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.output
    assert ESCAPE not in result.output
    if command:
        assert f"specimen {command[0]}" in result.output.split("Examples:\n\n")[1]
    else:
        for name in COMMANDS:
            assert name in result.output


def test_help__is_quick() -> None:
    """Help loads neither the application nor documents, datasets and Rich's Markdown: it is there in a moment."""
    heavy = {"uvicorn", "connexion", "faker", "httpx", "hypothesis", "jsonschema_rs", "msgspec", "PIL", "rich.markdown", "yaml"}
    code = f"""
import sys
from specimen.cli import main
try:
    main()
finally:
    print(sorted({heavy} & set(sys.modules)), file=sys.stderr)
"""
    output = subprocess.run([sys.executable, "-c", code, "--help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert output.stdout.startswith("Usage: ")
    assert output.stderr.strip() == "[]"


def test_version__is_printed() -> None:
    """`--version` prints name and version."""
    assert run("--version").output == f"specimen {product_version()}\n"


def test_no_command__shows_help() -> None:
    """The bare command shows what there is."""
    result = run()
    assert "Usage:" in result.output


MISTAKES: dict[str, tuple[tuple[str, ...], str]] = {
    "unknown provider": (("serve", "kale"), r"error: provider 'kale': there is none\. Did you mean 'kayle'\?"),
    "unknown provider to show": (("show", "kale", "succeeded"), r"provider 'kale': there is none"),
    "unknown provider of ids": (("ids", "kale"), r"provider 'kale': there is none"),
    "unknown scenario": (("show", "kayle", "succeded"), r"scenario=succeded: not possible here\. Did you mean 'succeeded'\?"),
    "wrong pace": (
        ("serve", "--pace", "fast"),
        r"pace 'fast': expected instant, manual, realtime, a factor such as 10x, or polls:N\.",
    ),
    "wrong locale": (("serve", "--locale", "de_DD"), r"locale 'de_DD': there is none\. Did you mean 'de_DE'\?"),
    "wrong locale to show": (("show", "kayle", "succeeded", "--locale", "xx"), r"locale 'xx': there is none"),
    "wrong time": (("serve", "--now", "yesterday"), r"time 'yesterday': expected ISO 8601, such as 2026-03-01T12:00:00Z\."),
    "time out of range": (("serve", "--now", "9999-12-31T23:59:59Z"), r"time .*expected .*2199"),
    "time before everything": (("show", "kayle", "succeeded", "--now", "0001-01-01"), r"time .*expected .*2000"),
    "wrong log level": (
        ("serve", "--log-level", "loud"),
        r"log level 'loud': expected one of critical, error, warning, info, debug\.",
    ),
    "ready file in no folder": (
        ("serve", "--port", "0", "--ready-file", "/nowhere/at/all.json"),
        r"ready file '/nowhere/at/all\.json': its folder does not exist\.",
    ),
    "token of no control API": (
        ("serve", "--no-control", "--control-token", "x"),
        r"--control-token: there is no control API with --no-control; leave out one of them\.",
    ),
    "host of no control API": (
        ("serve", "--no-control", "--allowed-host", "sandbox.example"),
        r"--allowed-host: there is no control API with --no-control; leave out one of them\.",
    ),
    "unknown host": (("serve", "--host", "no.such.host.invalid", "--port", "0"), r"host 'no\.such\.host\.invalid': no address"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_mistake__is_one_sentence_and_exit_code_2(case: str) -> None:
    """A mistake in a command is one sentence that says what to do, exit code 2, and no traceback."""
    arguments, pattern = MISTAKES[case]
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert re.search(pattern, result.stderr), result.stderr
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("serve", "--port", "70000"),
        ("serve", "--port", "x"),
        ("serve", "--seed", "-1"),
        ("nonsense",),
        ("show",),
        ("serve", "--nonsense"),
    ],
)
def test_usage__wrong_options_exit_with_2(arguments: tuple[str, ...]) -> None:
    """Options that typer itself refuses exit with the same code."""
    result = run(*arguments)
    assert result.exit_code == 2
    assert ESCAPE not in result.output


def test_mistake__in_a_file_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake in a provider's file is reported like one in the command."""
    dummy_provider.write(tmp_path, lifecycle={**dummy_provider.lifecycle(), "titel": 1})
    monkeypatch.setenv(specs.SEARCH_PATH_VARIABLE, str(tmp_path))
    result = run("providers")
    assert result.exit_code == 2
    assert "Unknown key 'titel'. Did you mean 'title'?" in result.stderr


def test_port__taken(tmp_path: Path) -> None:
    """A port that is taken is named, with what to do."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = run("serve", "kayle", "--port", str(port))
    assert result.exit_code == 2
    assert result.stderr == f"error: port {port} on 127.0.0.1 is taken. Choose another with --port, or --port 0 for a free one.\n"


# -- what is listed ------------------------------------------------------------------------------------------------


def test_providers__text_and_json() -> None:
    """Each provider is listed with its mount; the JSON has operations, states and scenarios."""
    text, data = run("providers"), json.loads(run("providers", "--json").output)
    assert ESCAPE not in text.output
    assert [entry["name"] for entry in data] == list(NAMES)
    for entry in data:
        provider = specs.load(entry["name"])
        assert re.search(rf"^{entry['name']}\s.*{re.escape(provider.mount)}", text.output, re.MULTILINE)
        assert entry["operations"] == list(provider.document.operations)
        assert list(entry["states"]) == list(provider.lifecycle.states)
        assert list(entry["scenarios"]) == list(provider.lifecycle.scenarios)


@pytest.mark.parametrize("name", NAMES)
def test_show__a_session(name: str) -> None:
    """A scenario, by name or alias, is printed as JSON; seed and time repeat it byte for byte, another seed changes it."""
    scenario = specs.load(name).lifecycle.default
    options = ("--now", "2026-03-01T12:00:00Z", "--locale", "ja_JP")
    one = run("show", name, scenario.name, *options)
    assert one.exit_code == 0, one.output
    assert ESCAPE not in one.output
    status = specs.load(name).lifecycle.reads[0].status
    assert status is not None
    found = json.loads(one.output)
    for part in status.split("/")[1:]:
        found = found[part]
    assert found == scenario.path[-1]
    assert run("show", name, scenario.alias, *options).output == one.output
    assert run("show", name, scenario.name, *options, "--seed", "0").output == one.output


@pytest.mark.parametrize(("name", "scenario"), [("neurovision", "success"), ("idnow", "accepted")])
def test_show__ids_that_have_a_time_have_that_of_the_creation(name: str, scenario: str) -> None:
    """RFC 9562: a UUID of version 1 counts 100 nanoseconds since 1582-10-15, one of version 7 milliseconds since 1970."""
    body = json.loads(run("show", name, scenario, "--now", "2026-03-01T12:00:00Z").output)
    found = UUID(body["sessionId"])
    since = {1: (found.time - 0x01B21DD213814000) // 10_000, 7: found.int >> 80}
    assert since[found.version] == times.parse(body["createdAt"])


def test_show__sessions_take_as_long_as_the_seed_says() -> None:
    """No two of ten seeds have a session of the same length, and one seed's is the same at another time."""
    moment = "2026-03-01T12:00:00Z"

    def took(seed: int, now: str = moment) -> int:
        options = ("--now", now, "--seed", str(seed), "--operation", "getVerification")
        body = json.loads(run("show", "kyve", "completed", *options).output)
        return times.parse(body["closed_at"]) - times.parse(body["created_at"])

    assert len({took(seed) for seed in range(10)}) == 10
    assert took(3) == took(3, "2026-05-01T00:00:00Z")


@pytest.mark.parametrize(
    ("name", "scenario", "operation"), [("kyve", "completed", "getVerification"), ("idnow", "accepted", "listDatablocks")]
)
def test_show__the_operation_asked_for(name: str, scenario: str, operation: str) -> None:
    """Each operation that shows a session can be printed: one of them, or all by their names, lists too."""
    options = ("show", name, scenario, "--now", "2026-03-01T12:00:00Z")
    everything = json.loads(run(*options, "--all").output)
    assert json.loads(run(*options, "--operation", operation).output) == everything[operation]
    assert json.loads(run(*options).output) == next(iter(everything.values()))
    lists = set(recipes.listings(specs.load(name)))
    assert lists < set(everything)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--operation", "getVerification", "--all"), "--operation and --all: give one of them"),
        (("--operation", "getVerificaton"), "Did you mean 'getVerification'"),
    ],
)
def test_show__an_operation_that_shows_nothing(options: tuple[str, ...], words: str) -> None:
    """Two options that exclude each other, and an unknown operation, are told in a sentence."""
    result = run("show", "kyve", "completed", *options)
    assert result.exit_code == 2
    assert words in " ".join(result.output.split())


def test_ids__json_is_stable() -> None:
    """The machine's form has a version and one entry of fixed keys per scenario, state and error."""
    table = json.loads(run("ids", "--json").output)
    assert (list(table), table["version"]) == (["version", "entries"], 1)
    only = json.loads(run("ids", "kayle", "--json").output)
    assert only["entries"] == [entry for entry in table["entries"] if entry["provider"] == "kayle"]
    for entry in table["entries"]:
        keys = [
            "provider",
            "scenario",
            "status",
            "example",
            "operation",
            "method",
            "path",
            "headers",
            "body",
            "expect_status",
            "setup",
        ]
        assert list(entry) == keys
        assert entry["path"].startswith(specs.load(entry["provider"]).mount)
        assert (entry["scenario"] is None) == (entry["status"] is None) == (entry["example"] is not None)
        for step in entry["setup"]:
            assert list(step) == ["operation", "method", "path", "headers", "body"]
    shown = {(entry["provider"], entry["scenario"], entry["status"]) for entry in table["entries"]}
    for name in NAMES:
        for scenario in specs.load(name).lifecycle.scenarios.values():
            assert {(name, scenario.name, state) for state in scenario.path} <= shown


@pytest.mark.parametrize("name", NAMES)
def test_ids__text(name: str) -> None:
    """The text has every scenario, alias, id and error, uncut although there is no terminal."""
    output = run("ids", name).output
    assert ESCAPE not in output
    assert "…" not in output
    for entry in json.loads(run("ids", name, "--json").output)["entries"]:
        assert entry["path"].partition("?")[0] in output or entry["scenario"] is None
    for scenario in specs.load(name).lifecycle.scenarios.values():
        assert re.search(rf"^{scenario.name}\s+{re.escape(scenario.alias)}\s", output, re.MULTILINE)
    for error in specs.load(name).lifecycle.errors.values():
        assert error.example in output


@pytest.mark.parametrize(
    "arguments", [("ids", "--json"), ("show", "kayle", "succeeded", "--locale", "ja_JP", "--now", "2026-03-01")]
)
def test_output__same_on_every_machine(arguments: tuple[str, ...]) -> None:
    """Neither the hash seed, the time zone nor the language of a machine changes a byte."""
    outputs = []
    for seed, zone, language in (("1", "UTC", "C.UTF-8"), ("2", "Asia/Tokyo", "C")):
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": language}
        command = [sys.executable, "-m", "specimen", *arguments]
        outputs.append(subprocess.run(command, capture_output=True, env=environment, check=True, timeout=30).stdout)
    assert outputs[0] == outputs[1]


def test_output__no_colour_in_a_pipe() -> None:
    """A process whose output is a pipe writes no escape codes."""
    process = spawn("providers")
    output, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")
    assert ESCAPE not in output


# -- serving -------------------------------------------------------------------------------------------------------


def test_serve__port_0_and_ready_file(tmp_path: Path) -> None:
    """`serve` on port 0 tells where it is, answers the curls that it prints, and stops when asked to."""
    with serving(tmp_path, "--now", "2026-03-01T12:00:00Z", "--freeze", "--seed", "7") as (process, url):
        health = fetch(f"{url}/_specimen/health")
        assert health["providers"] == list(NAMES)
        assert health["now"] == 1_772_366_400_000
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=15)
    assert ESCAPE not in output
    assert errors == ""
    assert f"Serving on {url} (namespace 'default', seed 7)" in output
    for name in NAMES:
        assert f"{url}{specs.load(name).mount}" in output
        assert f"{url}/{name}/openapi.json" in output
    assert output.count("curl -sS") == 2 * len(NAMES)


def test_serve__the_printed_curls_work(tmp_path: Path) -> None:
    """Each printed command, pasted into a shell, answers a session in the state that it is labelled with."""
    from specimen.mockserver.app import build_app
    from specimen.mockserver.cli.start_message import as_curl, example_requests
    from specimen.mockserver.settings import Settings

    with serving(tmp_path) as (_, url):
        for name, mounted in build_app(Settings()).mounted.items():
            pairs = list(example_requests(mounted))
            assert len({state for state, _ in pairs}) == 2
            for state, entry in pairs:
                answer = subprocess.run(as_curl(entry, url), shell=True, capture_output=True, text=True, check=True, timeout=20)
                status: Any = json.loads(answer.stdout)
                for part in (specs.load(name).lifecycle.reads[0].status or "").split("/")[1:]:
                    status = status[part]
                assert status == state


def test_serve__debug_log_holds_nothing_private(tmp_path: Path) -> None:
    """At the most talkative level the log has no token, id, path or body of a request."""
    entry = next(entry for entry in json.loads(run("ids", "kayle", "--json").output)["entries"])
    with serving(tmp_path, "kayle", "--log-level", LOG_LEVELS[-1]) as (process, url):
        fetch(url + entry["path"], entry["headers"])
        with pytest.raises(urllib.error.HTTPError) as refused:
            fetch(url + entry["path"], {"Authorization": "Bearer kk_live_mine"})
        refused.value.close()
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=15)
    assert log
    for private in ("kk_live", "Bearer", entry["path"].rpartition("/")[2]):
        assert private not in log


def test_serve__over_ipv6(tmp_path: Path) -> None:
    """An IPv6 address is served, and its URL has brackets."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    with serving(tmp_path, "kayle", "--host", "::1") as (_, url):
        assert url.startswith("http://[::1]:")
        assert fetch(f"{url}/_specimen/health")["status"] == "ok"


def test_serve__interrupted(tmp_path: Path) -> None:
    """Ctrl-C ends it without a traceback."""
    with serving(tmp_path, "kayle") as (process, _):
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=15)
    assert "Traceback" not in errors
    assert process.returncode in (0, 130, -signal.SIGINT)


def test_serve__one_provider_at_the_root(tmp_path: Path) -> None:
    """A provider served alone prints both of its base URLs and answers at both."""
    with serving(tmp_path, "kayle") as (process, url):
        for base in (f"{url}/v1", f"{url}/kayle/v1"):
            assert fetch(f"{base}/sessions", {"Authorization": "Bearer kk_live_specimen"})["data"] == []
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=15)
    assert f"base URL  {url}/kayle  (also {url})" in output
