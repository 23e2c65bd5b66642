"""`specimen webhooks listen`, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys

import httpx
import pytest

from tests.contracts.webhooks.receivers import RECEIVERS_KEY, SECRET, forger
from tests.mockserver.webhooks.receiver import receiving
from tests.serving import ROOT


@pytest.fixture
def listening(tmp_path):
    """Starts the command with some arguments; gives its URL, and its output line by line."""
    started = []

    def start(*arguments: str):
        command = [sys.executable, "-m", "specimen", "webhooks", "listen", *arguments, "--port", "0", "--json"]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        started.append(process)
        lines = (json.loads(line) for line in process.stdout)
        return next(lines)["listening"], lines

    yield start
    for process in started:
        process.terminate()
        process.wait(10)
        process.stdout.close()


def test_listen__verifies_prints_records_and_forwards(listening, tmp_path):
    """A genuine delivery is shown with its session, a forged one with what is wrong; both are recorded and passed on."""
    har = tmp_path / "hooks.har"
    made = forger("kyve")
    whole = made.sealed(made.event("one"))
    with receiving() as target:
        url, lines = listening("kyve", "--secret", SECRET, "--har", str(har), "--forward", target.url)
        assert httpx.post(url, content=whole.body, headers=dict(whole.headers)).status_code == 200
        said = next(lines)
        assert (said["type"], said["error"], said["faults"], said["is_repeated"]) == ("verification.completed", None, [], False)
        assert said["session_id"] == json.loads(whole.body)["data"]["object"]["session_id"]
        assert httpx.post(url, content=whole.body + b" ", headers=dict(whole.headers)).status_code == 200  # as the target says
        said = next(lines)
        assert said["error"].startswith("WrongSignature: KYC-Signature")
        assert [one.body for one in target.wait_for(2)] == [whole.body, whole.body + b" "]
        assert target.received[0].headers["kyc-signature"] == whole.headers["KYC-Signature"]
    entries = json.loads(har.read_text())["log"]["entries"]
    assert [entry["request"]["postData"]["text"].encode() for entry in entries] == [whole.body, whole.body + b" "]
    assert SECRET not in har.read_text()


def test_listen__says_where_the_form_differs(listening, tmp_path):
    """An encrypted delivery of a type that is not documented, then one that comes again, then one that is not genuine."""
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"kayle": {"secret": SECRET, "private_key": RECEIVERS_KEY}}), encoding="utf-8")
    url, lines = listening("kayle", "--keys", str(keys))
    made = forger("kayle")
    clear = made.event("one")
    strange, broken = {**clear, "type": "verification.session.paused"}, {**clear, "data": {}}
    for content, faults, is_repeated in ((strange, "not documented", False), (broken, "data", True)):
        whole = made.sealed(content)
        assert httpx.post(url, content=whole.body, headers=dict(whole.headers)).status_code == 200
        said = next(lines)
        assert faults in said["faults"][0]
        assert said["is_repeated"] is is_repeated
    assert httpx.post(url, content=b"{}").status_code == 400
    assert next(lines)["error"].startswith("MissingHeader")
