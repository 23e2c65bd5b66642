"""Schemathesis finds nothing: in process, and from its command line against a running server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from specimen import specs
from specimen.fixtures.primitives import times
from specimen.mockserver.app import App, build_app
from specimen.mockserver.http.server import running
from specimen.mockserver.settings import Settings
from tests.fuzzing import SEED, credentials, examples, findings

NOW = times.parse("2026-03-19T10:31:30Z")
pytestmark = pytest.mark.filterwarnings("ignore")  # Schemathesis warns of its own dependencies


def mock(name: str) -> App:
    """The mock of one provider, its clock frozen: ids are seeded, since answers feed Schemathesis's generation."""
    return build_app(Settings(providers=(name,), now=NOW, freeze=True, sse_max_seconds=0.2))


@pytest.mark.hypothesis  # with all its examples in `make test-long`
@pytest.mark.parametrize("name", specs.names())
def test_in_process__finds_nothing(name: str) -> None:
    """All checks, all phases, a fixed seed, one worker."""
    found = list(findings(mock(name), specs.load(name)))
    assert not found, f"{len(found)} findings:\n" + "\n\n".join(found[:10])


@pytest.mark.long("the same checks as in process; `make test` runs it for the external provider")
@pytest.mark.parametrize("name", specs.names())
def test_command_line__finds_nothing(name: str, tmp_path: Path) -> None:
    """`schemathesis run` against the served document, `ignored_auth` included."""
    lines = [f"seed = {SEED}", "workers = 1", "[generation]", f"max-examples = {examples()}", 'database = "none"']
    lines += ["[phases.stateful.checks.positive_data_acceptance]", "enabled = false"]  # as in tests.fuzzing
    for scheme, value in credentials(specs.load(name)).items():
        lines.append(f"[auth.openapi.{scheme}]")
        lines += [f"{key} = {json.dumps(text)}" for key, text in value.items()]
    config = tmp_path / "schemathesis.toml"
    config.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with running(mock(name)) as url:
        command = ["--config-file", str(config), "run", f"{url}/{name}/openapi.json", "--report", "json", "--no-color"]
        report = tmp_path / "report.json"
        command += ["--report-json-path", str(report)]
        done = subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", *command],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    reported = json.loads(report.read_text(encoding="utf-8"))
    assert reported["failures"] == reported["errors"] == []
    assert {phase: entry["status"] for phase, entry in reported["phases"].items()} == dict.fromkeys(
        ("examples", "coverage", "fuzzing", "stateful"), "success"
    )
    assert reported["operations"]["tested"] == len(specs.load(name).document.operations)


def test_in_process__finds_a_mock_that_asks_for_no_credentials() -> None:
    """The gate can fail: a server that lets everybody in is found out by `ignored_auth`."""
    name = specs.names()[0]
    app, provider = mock(name), specs.load(name)
    accepted = next(entry for entry in provider.lifecycle.credentials.values() if entry.fails is None)

    async def open_door(scope, receive, send):
        if scope["type"] == "http":
            shown = {key.lower().encode(): value.encode() for key, value in accepted.headers.items()}
            kept = [(key, value) for key, value in scope["headers"] if key not in shown]
            scope = {**scope, "headers": [*kept, *shown.items()]}
        await app(scope, receive, send)

    found = list(findings(open_door, provider))
    assert any("ignored_auth" in finding for finding in found), found[:3]
