"""`specimen verify` and `specimen rules`, as a shell sees them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from specimen import specs
from specimen.cli import app
from specimen.contracts.judge.registry import rulebook
from specimen.contracts.webhooks.rules import rule_set
from tests.contracts.servers import place

ID = "vs_" + "a" * 64


def run(*words: str, token: str | None = None):
    """The command in this process."""
    return CliRunner().invoke(app, list(words), env={"SPECIMEN_TOKEN": token, "COLUMNS": "200"})


def test_verify__our_mock_is_exit_code_0(tmp_path) -> None:
    """With the token from the environment, and reports in files; the token is nowhere in them."""
    report = tmp_path / "report.json"
    with place("kayle") as there:
        secret = there.auth["Authorization"].partition(" ")[2]
        words = ("--url", there.url, "--profile", "smoke", "--strict", "--report", f"json={report}")
        done = run("verify", "kayle", *words, token=secret)
    assert done.exit_code == 0, done.output
    assert "every rule passed" in done.output
    assert secret not in done.output + report.read_text()
    assert json.loads(report.read_text())


def test_verify__a_wrong_token_is_not_a_pass() -> None:
    """Everything is refused, so nothing was seen: inconclusive at best."""
    with place("kayle") as there:
        done = run("verify", "kayle", "--url", there.url, "--profile", "smoke", token="kk_live_wrong")
    assert done.exit_code in (1, 4)


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("--url", "http://127.0.0.1:9", "--profile", "smoke"), 3, "127.0.0.1"),
        (("--url", "nonsense"), 2, "expected http"),
        (("--url", "http://127.0.0.1:9", "--profile", "slow"), 2, "profile 'slow'"),
        (("--url", "http://127.0.0.1:9", "--require", "aproved"), 2, "aproved"),
        (("--url", "http://127.0.0.1:9", "--report", "pdf=x"), 2, "pdf=x"),
        (("--url", "http://127.0.0.1:9", "--header", "nonsense"), 2, "--header"),
        (("--url", "https://api.kayle.id", "--driver", "prefer"), 2, "allow-writes"),
        (("--url", "http://127.0.0.1:9", "--set", "environment"), 2, "--set: expected NAME=VALUE."),
        (("--url", "http://127.0.0.1:9", "--set", "environment=live"), 2, "--set 'environment': kayle has no such value."),
        (("--url", "http://127.0.0.1:9", "--token", "kk_1", "--other-token", "kk_1"), 2, "--other-token"),
        ((), 2, "--url"),
    ],
)
def test_verify__says_what_is_wrong(words: tuple[str, ...], code: int, text: str) -> None:
    """One sentence and an exit code; no traceback."""
    done = run("verify", "kayle", *words)
    assert done.exit_code == code, done.output
    assert text in done.output
    assert "Traceback" not in done.output


def test_dry_run__prints_the_plan_for_a_production() -> None:
    """Reads of the given session, and nothing else; nothing is sent."""
    done = run("verify", "kayle", "--url", "https://api.kayle.id", "--session", ID, "--dry-run")
    assert done.exit_code == 0
    assert "production" in done.output
    assert "GET" in done.output
    assert "POST" not in done.output
    assert ID not in done.output


def test_rules__are_all_listed() -> None:
    """As a table and as JSON, with mark, severity and source."""
    done = run("rules", "--json")
    entries = json.loads(done.output)["rules"]
    for name in specs.names():
        provider = specs.load(name)
        sent = {} if provider.webhooks is None else rule_set.rules(provider.webhooks)
        assert {entry["id"] for entry in entries if entry["provider"] == name} == {*rulebook(provider), "GEN-900", *sent}
        assert [entry["provider"] for entry in entries if entry["id"] == "GEN-900"].count(name) == 1
    assert all(entry["sentence"] and entry["source"] for entry in entries)
    severities = {"D": "error", "P": "error", "I": "warning", "A": "note"}
    assert all(entry["severity"] == severities[entry["mark"]] for entry in entries)
    assert all(entry["quote"] for entry in entries if entry["mark"] == "I")
    assert "last updated" in run("rules", "kayle").output
    assert "KAY-004" in run("rules", "kayle").output
    second = next(line for line in run("rules", "kayle").output.splitlines() if line.startswith("GEN-900"))
    assert "openapi-core" in second
    assert "note" in second
    assert run("rules", "kayl").exit_code == 2


@pytest.mark.parametrize("command", ["verify", "rules"])
def test_help__shows_examples(command: str) -> None:
    """Each command's help has examples that begin with `specimen`."""
    done = run(command, "--help")
    assert done.exit_code == 0
    assert f"specimen {command}" in done.output


def test_other_token__comes_from_the_option_or_the_environment(tmp_path) -> None:
    """It finds a service that shows a key the other mode's objects, and is in no output and no report."""

    def unlike(value, reported):
        if isinstance(value.get("data"), list):
            value["data"] = [{**row, "livemode": False} for row in value["data"]]
        return value

    other, report = "ak_live_specimen", tmp_path / "report.html"
    with place("kyve", change=unlike) as there:
        secret = there.auth["Authorization"].partition(" ")[2]
        words = ("verify", "kyve", "--url", there.url, "--profile", "smoke", "--strict", "--report", f"html={report}")
        for more, variable in ((("--other-token", other), ""), ((), other)):
            env = {"SPECIMEN_TOKEN": secret, "SPECIMEN_OTHER_TOKEN": variable, "COLUMNS": "200"}
            done = CliRunner().invoke(app, [*words, *more], env=env)
            assert done.exit_code == 1, done.output
            assert "KYV-011" in done.output
            assert other not in done.output + report.read_text()
        assert run(*words, token=secret).exit_code == 0


def test_set__is_the_word_of_watch() -> None:
    """`--set environment=staging` reaches the plan's requests and the run's."""
    words = ("verify", "idnow", "--set", "environment=staging", "--profile", "smoke")
    with place("idnow") as there:
        done = run(*words, "--url", there.url, "--strict", token=there.auth["Authorization"].partition(" ")[2])
        assert done.exit_code == 0, done.output
        assert any("/staging/" in request.path for request in there.seen)
    done = run(*words, "--url", "https://api.example.com", "--session", "0197", "--dry-run")
    assert done.exit_code == 0, done.output
    assert "GET" in done.output
    options = {command: run(command, "--help").output for command in ("verify", "watch")}
    for text in ("--set", "NAME=VALUE", "A value of the requests", "--set environment=staging"):
        assert all(text in shown for shown in options.values()), text


def test_second_opinion__of_verify(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only who asks for openapi-core pays for it; what it says against jsonschema-rs is in the report, and the verdict stays."""
    asked: list[str] = []
    monkeypatch.setattr("specimen.contracts.reporting.collector.disagreements", lambda one: asked.append(one.label) or [])
    file = tmp_path / "report.json"
    with place("kayle") as there:
        common = ("verify", "kayle", "--url", there.url, "--token", "kk_live_specimen", "--profile", "smoke")
        assert run(*common).exit_code == 0
        assert asked == []
        assert run(*common, "--second-opinion", "--report", f"json={file}").exit_code == 0
    assert len(asked) == json.loads(file.read_text())["requests"]
    assert json.loads(file.read_text())["disagreements"] == []
