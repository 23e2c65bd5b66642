"""The receivers of docs/receivers.md run, and `specimen webhooks attack` finds nothing in them."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest
from joserfc.jwk import RSAKey

from specimen.contracts.webhooks import attacker as attacking
from tests.contracts.webhooks.receivers import RECEIVERS_KEY, SECRET, SENDERS_KEY, forger
from tests.documentation import blocks
from tests.score.asgi import InProcess
from tests.serving import ROOT

PUBLIC = ("kty", "n", "e", "kid")
WAIT_SECONDS = 60


FRAMEWORKS = {"fastapi": "python", "flask": "python", "express": "js"}


def _block(framework: str, name: str) -> str:
    """The receiver of a vendor in a framework."""
    page = [one.text for one in blocks(FRAMEWORKS[framework]) if one.page == "docs/receivers.md"]
    (found,) = [text for text in page if framework in text and f'"/hooks/{name}"' in text]
    return found


PEM = RSAKey.import_key(RECEIVERS_KEY).as_pem(private=True).decode()
# What the attacker gets of each vendor's keys.
SENT = {
    "kyve": {"secret": SECRET},
    "kayle": {"secret": SECRET, "public_key": {part: RECEIVERS_KEY[part] for part in PUBLIC}},
    "idnow": {"token_key": SENDERS_KEY},
}


def _environment(key_set: str) -> dict[str, str]:
    """What the receivers read."""
    return {"KYVE_SECRET": SECRET, "KAYLE_SECRET": SECRET, "KAYLE_PRIVATE_KEY": PEM, "IDNOW_JWKS": key_set}


@pytest.fixture(scope="module")
def key_set() -> Iterator[str]:
    """The address of the sender's public keys."""
    body = json.dumps({"keys": [{part: SENDERS_KEY[part] for part in PUBLIC}]}).encode()

    class KeySet(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), KeySet)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/jwks.json"
    server.shutdown()
    server.server_close()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextlib.contextmanager
def _process(command: list[str], port: int, folder: Path, **environment: str) -> Iterator[None]:
    """A receiver's process, as soon as its port answers."""
    process = subprocess.Popen(command, cwd=folder, env={**os.environ, **environment}, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            assert process.poll() is None
            assert time.monotonic() < deadline
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(10)


def _attack(name: str, port: int, folder: Path, keys: dict) -> dict:
    """What the command prints as JSON; it ends with 0."""
    (folder / "keys.json").write_text(json.dumps(keys), encoding="utf-8")
    command = [sys.executable, "-m", "specimen", "webhooks", "attack", name, "--json", "--keys", str(folder / "keys.json")]
    command += ["--url", f"http://127.0.0.1:{port}/hooks/{name}", "--report", f"junit={folder / 'junit.xml'}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    found = json.loads(done.stdout)
    assert [one for one in found["attacks"] if not one["passed"]] == []
    assert (done.returncode, found["exit_code"]) == (0, 0)
    assert "HOOK-genuine" in (folder / "junit.xml").read_text(encoding="utf-8")
    return found


def test_fastapi__receives_kyve(tmp_path):
    """A secret is all that it needs."""
    (tmp_path / "receiver.py").write_text(_block("fastapi", "kyve"), encoding="utf-8")
    port = _free_port()
    command = [sys.executable, "-m", "uvicorn", "receiver:app", "--port", str(port), "--log-level", "critical"]
    with _process(command, port, tmp_path, KYVE_SECRET=SECRET):
        found = _attack("kyve", port, tmp_path, {"secret": SECRET})
    assert len(found["attacks"]) > 20


def test_flask__receives_idnow(tmp_path, key_set):
    """The vendor's key set is fetched once."""
    (tmp_path / "receiver.py").write_text(_block("flask", "idnow"), encoding="utf-8")
    port = _free_port()
    command = [sys.executable, "-m", "flask", "--app", "receiver", "run", "--port", str(port)]
    with _process(command, port, tmp_path, IDNOW_JWKS=key_set):
        found = _attack("idnow", port, tmp_path, {"token_key": SENDERS_KEY})
    assert len(found["attacks"]) > 20


@pytest.fixture(scope="module")
def express(tmp_path_factory):
    """A folder in which Express is installed, and nothing else."""
    folder = tmp_path_factory.mktemp("express")
    install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "express@5"]
    if subprocess.run(install, cwd=folder, check=False).returncode:
        pytest.skip("Express cannot be installed: is there a registry?")
    return folder


@pytest.mark.long("installs Express from the registry")
@pytest.mark.skipif(shutil.which("npm") is None, reason="Express runs in Node.js")
@pytest.mark.parametrize("name", SENT)
def test_express__receives(name, express, key_set):
    """Nothing but Express is installed."""
    (express / f"{name}.js").write_text(_block("express", name), encoding="utf-8")
    port = _free_port()
    with _process(["node", f"{name}.js"], port, express, PORT=str(port), **_environment(key_set)):
        _attack(name, port, express, SENT[name])


@pytest.mark.parametrize("name", SENT)
@pytest.mark.parametrize("framework", ["fastapi", "flask"])
def test_python__receives(framework, name, key_set, monkeypatch):
    """In this process: no attack passes, and none that is genuine is refused."""
    for variable, value in _environment(key_set).items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setattr(attacking, "_PAUSE_SECONDS", 0)
    module: dict = {"__name__": "__main__"}
    exec(compile(_block(framework, name), f"{framework}_{name}", "exec", dont_inherit=True), module)
    app = module["app"]

    def chunked(environ, start_response):
        """As a server says that a body without a length ends."""
        return app({**environ, "wsgi.input_terminated": True}, start_response)

    transport = InProcess(app) if framework == "fastapi" else httpx.WSGITransport(chunked)
    attacker = attacking.Attacker(forger(name), f"http://127.0.0.1:9000/hooks/{name}", 5, transport)
    results = list(attacker.results())
    attacker.close()
    if isinstance(transport, InProcess):
        transport.end()
    assert [(one.attack.name, one.said) for one in results if not one.passed] == []
    assert len(results) > 20
