"""`--baseline` and `--write-baseline` of verify, check, proxy and watch, and the baseline of `kyc_contract`."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from typer.testing import CliRunner

from specimen import specs
from specimen.cli import app
from specimen.contracts.reporting.baseline import BaselineError, load
from specimen.contracts.reporting.known_failures import any_item
from specimen.contracts.traffic import pytest_plugin
from specimen.contracts.verify import verify
from tests.contracts.servers import place
from tests.contracts.targets import AUTH, session_id
from tests.contracts.traffic.test_pytest_plugin import IS_INSTALLED
from tests.serving import FROM_SOURCE, ROOT, environment

pytest_plugins = ["pytester"]

SESSION = session_id()
PATH = f"/v1/sessions/{SESSION}"
STALE = {"rule": "KAY-004", "operation": "getSession", "pointer": "/data/status", "reason": "was slow", "expires": "2999-01-01"}
HAR = Path(__file__).parent.parent / "traffic" / "har" / "insomnia.har"


def wrong_error(value: Any, reported: dict[str, Any]) -> Any:
    """Answers of one kind of error without their members."""
    return {"error": "no"} if reported["status"] == 404 else value


def negative(value: Any, reported: dict[str, Any]) -> Any:
    """Reads of a session whose count is below zero."""
    if reported["method"] == "GET" and isinstance(value, dict) and isinstance(value.get("data"), dict):
        value["data"]["nfc_tries_used"] = -1
    return value


@pytest.fixture(scope="module")
def broken() -> Iterator[str]:
    """An implementation with one fault."""
    with place("kayle", negative) as there:
        yield there.url


def run(*words: str):
    """A command in this process."""
    return CliRunner().invoke(app, list(words), env={"SPECIMEN_TOKEN": "kk_live_specimen", "COLUMNS": "300"})


def edited(path: Path, change) -> None:
    """Changes the entries of a file of known failures."""
    value = yaml.safe_load(path.read_text(encoding="utf-8"))
    value["known"] = change(value["known"])
    path.write_text(yaml.safe_dump(value), encoding="utf-8")


def test_verify__new_findings_fail_and_known_ones_do_not(broken: str, tmp_path) -> None:
    """Written once, the same implementation passes; with one fault more it fails for that alone."""
    path, report = tmp_path / "known.yaml", tmp_path / "report.json"
    words = ("verify", "kayle", "--url", broken, "--profile", "smoke")
    first = run(*words, "--write-baseline", str(path))
    assert first.exit_code == 1, first.output
    assert f"{path}: " in first.stderr
    assert "new with the reason 'not yet explained'" in first.stderr
    second = run(*words, "--baseline", str(path), "--report", f"json={report}")
    assert second.exit_code == 0, second.output
    assert "Known failures" in second.output
    assert "nothing new" in second.output
    value = json.loads(report.read_text())
    assert value["violations"] == []
    assert {one["pointer"] for one in value["known"]} >= {"/data/nfc_tries_used"}
    assert value["stale"] == []

    def both(body: Any, reported: dict[str, Any]) -> Any:
        return negative(wrong_error(body, reported), reported)

    with place("kayle", both) as there:
        third = run("verify", "kayle", "--url", there.url, "--profile", "smoke", "--baseline", str(path),
                    "--report", f"json={report}")  # fmt: skip
    assert third.exit_code == 1, third.output
    assert "/data/nfc_tries_used" not in {one["pointer"] for one in json.loads(report.read_text())["violations"]}


def test_verify__says_which_entries_are_stale(tmp_path) -> None:
    """The mended implementation passes, and each entry is named with its line; writing the file again removes it."""
    path = tmp_path / "known.yaml"
    path.write_text(
        "version: 1\nprovider: kayle\nknown:\n"
        "  - {rule: KAY-004, operation: getSession, pointer: /data/status, reason: was slow, expires: 2999-01-01}\n"
    )
    with place("kayle") as there:
        words = ("verify", "kayle", "--url", there.url, "--profile", "smoke")
        done = run(*words, "--baseline", str(path))
        assert done.exit_code == 0, done.output
        assert f"{path}:4: KAY-004 getSession /data/status matched nothing in this run. Remove the entry" in done.output
        again = run(*words, "--baseline", str(path), "--write-baseline", str(path))
    assert again.exit_code == 0, again.output
    assert "0 known failures, 1 removed, which matched nothing" in again.stderr
    assert yaml.safe_load(path.read_text())["known"] == []


@pytest.mark.sample(1)
@pytest.mark.parametrize("form", [str, Path, lambda path: load(path, specs.load("kayle"))], ids=["text", "path", "read"])
def test_verify__from_python_means_what_the_command_means(broken: str, tmp_path, form) -> None:
    """The same findings are known and none counts, whether the file is named or was read before."""
    path, report = tmp_path / "known.yaml", tmp_path / "report.json"
    words = ("verify", "kayle", "--url", broken, "--profile", "smoke")
    assert run(*words, "--write-baseline", str(path)).exit_code == 1
    edited(path, lambda entries: [*entries, STALE])
    assert run(*words, "--baseline", str(path), "--report", f"json={report}").exit_code == 0
    found = verify(broken, "kayle", profile="smoke", auth="kk_live_specimen", baseline=form(path))
    assert (found.exit_code, found.found, found.has_baseline) == (0, (), True)
    known = json.loads(report.read_text())["known"]
    assert {(one.found.violation.rule, any_item(one.found.violation.pointer)) for one in found.known} == {
        (one["rule"], any_item(one["pointer"])) for one in known
    }
    assert [one.rule for one in found.stale] == ["KAY-004"]


def test_verify__from_python_refuses_a_baseline_before_anything_is_sent(tmp_path) -> None:
    """A missing file, another provider's file and another provider's object are mistakes; the host has nobody listening."""
    path = tmp_path / "known.yaml"
    path.write_text("version: 1\nprovider: kyve\nknown: []\n")
    for baseline in (tmp_path / "none.yaml", path, load(path, specs.load("kyve"))):
        with pytest.raises(BaselineError, match=r"there is no such file|'provider: kayle'|those of kyve"):
            verify("http://127.0.0.1:9", "kayle", profile="smoke", baseline=baseline)


@pytest.mark.parametrize("command", ["verify", "watch", "proxy", "check"])
def test_commands__an_unknown_rule_is_a_mistake(tmp_path, command: str) -> None:
    """Exit code 2 before anything is sent, with the nearest rule."""
    path = tmp_path / "known.yaml"
    entry = {"rule": "KAY-0004", "operation": "getSession", "pointer": "", "reason": "x", "expires": "2999-01-01"}
    path.write_text(json.dumps({"version": 1, "provider": "kayle", "known": [entry]}))
    words = {
        "verify": ("verify", "kayle", "--url", "http://127.0.0.1:9"),
        "watch": ("watch", "kayle", "--url", "http://127.0.0.1:9", "--session", SESSION),
        "proxy": ("proxy", "kayle", "--target", "http://127.0.0.1:9", "--port", "0"),
        "check": ("check", str(HAR), "kayle"),
    }[command]
    for option in ("--baseline", "--write-baseline"):
        done = run(*words, option, str(path))
        assert done.exit_code == 2, done.output
        assert f"{path}:1: expected a rule of kayle, got 'KAY-0004'. Did you mean 'KAY-004'?" in done.output


def test_verify__writes_nothing_of_a_run_without_an_answer(tmp_path) -> None:
    """An empty file of known failures would say that there are none; the exit code stays that of the run."""
    path = tmp_path / "known.yaml"
    done = run("verify", "kayle", "--url", "http://127.0.0.1:9", "--profile", "smoke", "--write-baseline", str(path))
    assert done.exit_code == 3
    assert "not written, because the run got no answer" in done.output
    assert not path.exists()


def test_check__in_words_and_as_json(tmp_path) -> None:
    """A recording whose violation is known passes; an expired entry counts again, with its reason."""
    path = tmp_path / "known.yaml"
    words = ("check", str(HAR), "idnow")
    assert run(*words, "--write-baseline", str(path)).exit_code == 1
    done, as_json = run(*words, "--baseline", str(path)), run(*words, "--baseline", str(path), "--json")
    assert done.exit_code == as_json.exit_code == 0, done.output
    assert "known IDN-013" in done.output
    assert "no violations" in done.output
    assert ", 1 known" in done.output
    value = json.loads(as_json.stdout)
    assert value["violations"] == value["stale"] == []
    assert [(one["rule"], one["entry"]["reason"]) for one in value["known"]] == [("IDN-013", "not yet explained")]
    edited(path, lambda entries: [{**entry, "expires": "2020-01-01", "reason": "IDN says soon"} for entry in entries])
    late = run(*words, "--baseline", str(path))
    assert late.exit_code == 1
    assert "counts again: it was known until 2020-01-01: IDN says soon" in late.output


def test_watch__in_words_and_as_json(broken: str, tmp_path) -> None:
    """A session whose violations are known passes."""
    path = tmp_path / "known.yaml"
    words = ("watch", "kayle", "--url", broken, "--session", SESSION)
    assert run(*words, "--write-baseline", str(path)).exit_code == 1
    done, as_json = run(*words, "--baseline", str(path)), run(*words, "--baseline", str(path), "--json")
    assert done.exit_code == as_json.exit_code == 0, done.output
    assert "no violations" in done.output
    first, last = (json.loads(line) for line in as_json.stdout.splitlines())
    assert first["violations"] == last["violations"] == []
    assert "/data/nfc_tries_used" in {one["pointer"] for one in first["known"]} & {one["pointer"] for one in last["known"]}
    edited(path, lambda entries: [{**entries[0], "pointer": "/data/status"}])
    other = run(*words, "--baseline", str(path))
    assert other.exit_code == 1
    assert "matched nothing in this run" in other.output


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_watch__writes_its_files_where_nothing_can_be_printed(broken: str, tmp_path) -> None:
    """The report and the known failures are there although standard output is full."""
    line = [*FROM_SOURCE, "watch", "kayle", "--url", broken, "--session", SESSION, "--report", "json=report.json"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*line, "--write-baseline", "known.yaml"], cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60,
            env=environment(PYTHONPATH=str(ROOT), SPECIMEN_TOKEN="kk_live_specimen"), check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert "standard output cannot be written" in done.stderr
    assert json.loads((tmp_path / "report.json").read_text())["violations"]
    assert yaml.safe_load((tmp_path / "known.yaml").read_text())["known"]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send")
def test_proxy__a_known_violation_is_not_enforced(broken: str, tmp_path) -> None:
    """The app gets the answer with a count of 0; the summary has it as known, and the exit code is 0."""
    path = tmp_path / "known.yaml"
    run("watch", "kayle", "--url", broken, "--session", SESSION, "--write-baseline", str(path))
    line = [*FROM_SOURCE, "proxy", "kayle", "--target", broken, "--port", "0", "--enforce", "--json", "--baseline", str(path)]
    process = subprocess.Popen(
        line, cwd=tmp_path, env=environment(PYTHONPATH=str(ROOT)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["listening"]
        answer = httpx.get(url + PATH, headers=AUTH, timeout=10)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=15)
    finally:
        process.kill()
        process.wait()
    assert (answer.status_code, answer.headers["specimen-violations"]) == (200, "0")
    assert process.returncode == 0, err
    exchange, summary = (json.loads(text) for text in out.splitlines())
    assert exchange["violations"] == summary["violations"] == []
    assert exchange["known"]
    assert len(summary["known"]) == len(exchange["known"])


SUITE = """
import os

import httpx
import pytest

URL = os.environ["KAYLE_URL"]
PATH = "/v1/sessions/" + os.environ["KAYLE_SESSION"]
AUTH = {"Authorization": "Bearer kk_live_specimen"}


def test_client(kyc_contract):
    kyc_contract.client("kayle", url=URL, headers=AUTH GIVEN).get(PATH)


@pytest.mark.kyc_contract("kayle", url=URL GIVEN)
def test_marker():
    httpx.get(URL + PATH, headers=AUTH)
"""


def inside(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """The tests, run by pytest in this process."""
    plugins = [] if IS_INSTALLED else [pytest_plugin]
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", *arguments, plugins=plugins)


@pytest.mark.parametrize("way", ["configuration", "argument"])
def test_pytest__known_failures_fail_no_test(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, broken: str, way: str
) -> None:
    """Named in the configuration or by the marker and the client; they are listed at the end, stale entries too."""
    monkeypatch.setenv("KAYLE_URL", broken)
    monkeypatch.setenv("KAYLE_SESSION", SESSION)
    ini = "[pytest]\nfilterwarnings = error\naddopts = --strict-markers\n"
    pytester.makeini(ini)
    pytester.makepyfile(SUITE.replace(" GIVEN", ""))
    inside(pytester).assert_outcomes(failed=2)
    path = pytester.path / "known.yaml"
    run("watch", "kayle", "--url", broken, "--session", SESSION, "--write-baseline", str(path))
    idle = {"operation": "getSession", "pointer": "/data/status", "reason": "x", "expires": "2999-01-01"}
    edited(path, lambda entries: [*entries, {**idle, "rule": entries[0]["rule"]}])
    if way == "configuration":
        pytester.makeini(f"{ini}kyc_contract_baseline = known.yaml\n")
    else:
        pytester.makepyfile(SUITE.replace(" GIVEN", ', baseline="known.yaml"'))
    result = inside(pytester)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines([
        "*known failures of kyc_contract: they fail no test*",
        "*getSession 200 /data/nfc_tries_used*known until*not yet explained) (2 tests)",
        "*stale entries of the baseline of kyc_contract*",
        "*known.yaml:*/data/status matched nothing in this run. Remove the entry that begins on this line.",
    ])  # fmt: skip
    edited(path, lambda entries: [{**entry, "expires": "2020-01-01"} for entry in entries])
    result = inside(pytester)
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*counts again: it was known until 2020-01-01: not yet explained*"])


def test_pytest__a_file_of_another_provider_says_nothing_of_this_one(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """Of the configuration's files each client takes its provider's; a marker that names another one's is a mistake."""
    monkeypatch.setenv("KAYLE_URL", broken)
    monkeypatch.setenv("KAYLE_SESSION", SESSION)
    (pytester.path / "kyve.yaml").write_text("version: 1\nprovider: kyve\nknown: []\n")
    pytester.makeini("[pytest]\nkyc_contract_baseline = kyve.yaml\n")
    pytester.makepyfile(SUITE.replace(" GIVEN", ""))
    inside(pytester).assert_outcomes(failed=2)
    pytester.makepyfile(SUITE.replace(" GIVEN", ', baseline="kyve.yaml"'))
    result = inside(pytester)
    result.assert_outcomes(failed=1, errors=1)
    result.stdout.fnmatch_lines(["*kyve.yaml:2: expected 'provider: kayle', got 'kyve'*"])
