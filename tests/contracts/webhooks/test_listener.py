"""`specimen webhooks listen`, in a process of its own."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys

import httpx
import pytest
from typer.testing import CliRunner

from specimen import specs
from specimen.cli import app
from specimen.contracts.webhooks.listener import Listener, listening_app
from specimen.specs import SpecimenError
from tests.contracts.webhooks.receivers import RECEIVERS_KEY, SECRET, SENDERS_KEY, forger
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


PUBLIC_KEY = {part: RECEIVERS_KEY[part] for part in ("kty", "n", "e", "kid")}
UNUSABLE = {
    "kyve without a secret": ("kyve", {}, "signing secret is missing"),
    "kyve with an empty secret": ("kyve", {"secret": ""}, "signing secret is missing"),
    "kayle without a private key": ("kayle", {"secret": SECRET}, "encrypted"),
    "kayle without a secret": ("kayle", {"private_key": RECEIVERS_KEY}, "signing secret is missing"),
    "kayle with the public key": ("kayle", {"secret": SECRET, "private_key": PUBLIC_KEY}, "`private_key` has no private part"),
    "kayle with no key": ("kayle", {"secret": SECRET, "private_key": "whsec"}, "`private_key` is no RSA key"),
    "idnow without keys": ("idnow", {}, "public keys are missing"),
    "idnow with a path": ("idnow", {"jwks": "/oidc/.well-known/jwks.json"}, "whole URL"),
    "idnow with an empty set": ("idnow", {"jwks": {"keys": []}}, "`jwks` holds no key"),
    "idnow with no list": ("idnow", {"jwks": {"keys": 3}}, "no JWKS"),
    "idnow with another key": ("idnow", {"jwks": {"keys": [{"kty": "EC"}]}}, "`jwks` is no RSA key"),
}


@pytest.fixture
def opened(monkeypatch):
    """The ports that were asked for; none is opened."""
    asked = []

    def refuse(host, port):
        asked.append((host, port))
        raise SpecimenError("no port is opened here.")

    monkeypatch.setattr("specimen.specs.core.listening.listen", refuse)
    return asked


@pytest.mark.parametrize("case", UNUSABLE)
def test_listen__refuses_unusable_keys_before_it_listens(case, tmp_path, opened):
    """One sentence and exit code 2, instead of an error for each delivery; `check` says the same."""
    name, keys, words = UNUSABLE[case]
    file, har = tmp_path / "keys.json", tmp_path / "hooks.har"
    file.write_text(json.dumps(keys), encoding="utf-8")
    har.write_text(json.dumps({"log": {"entries": []}}), encoding="utf-8")
    for command in (["listen", name], ["check", str(har), name]):
        done = CliRunner().invoke(app, ["webhooks", *command, "--keys", str(file)])
        assert (done.exit_code, opened) == (2, [])
        assert words in done.output


@pytest.mark.parametrize("name", ["kayle", "idnow"])
@pytest.mark.parametrize("command", [["listen"], ["check", "none.har"], ["attack", "--url", "http://127.0.0.1:9/"]], ids=" ".join)
def test_commands__without_the_extra_say_how_to_install_it(name, command, monkeypatch, opened):
    """Before they ask for a key, and before they listen."""
    for module in [module for module in sys.modules if module.partition(".")[0] == "joserfc"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "joserfc", None)
    done = CliRunner().invoke(app, ["webhooks", *command, name])
    assert (done.exit_code, opened) == (2, [])
    assert "pip install 'specimen-kyc[webhooks]'" in done.output


def test_listener__answers_503_while_a_key_set_cannot_be_fetched():
    """What is wrong is told; the next delivery is verified with the keys that are there then."""
    heard, answers = [], [SpecimenError("the key set cannot be fetched."), {"keys": [SENDERS_KEY]}]

    def keys():
        found = answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    made = forger("idnow")
    whole = made.sealed(made.event("one"))
    transport = httpx.ASGITransport(listening_app(Listener(specs.load("idnow"), keys, heard.append)))

    async def posted():
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return [(await client.post("/", content=whole.body, headers=dict(whole.headers))).status_code for _ in range(2)]

    assert asyncio.run(posted()) == [503, 200]
    assert [one.error for one in heard] == ["the key set cannot be fetched.", ""]


def test_listen__starts_before_the_host_of_a_key_set(listening, tmp_path):
    """A URL in `jwks` is fetched for each delivery: the sandbox may start later."""
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"jwks": "http://127.0.0.1:9/idnow/oidc/.well-known/jwks.json"}), encoding="utf-8")
    url, lines = listening("idnow", "--keys", str(keys))
    made = forger("idnow")
    whole = made.sealed(made.event("one"))
    answer = httpx.post(url, content=whole.body, headers=dict(whole.headers))
    assert answer.status_code == 503
    assert "http://127.0.0.1:9/idnow" in answer.json()["error"]
    assert next(lines)["status"] == 503
