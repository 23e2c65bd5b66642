"""`specimen serve --webhook`, in a process of its own."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import urllib.request

import pytest

from specimen.webhooks import verify
from tests.mockserver.webhooks.receiver import receiving
from tests.serving import ROOT


def test_serve__sends_to_the_targets_of_the_command_line(tmp_path):
    """All three vendors deliver to one receiver, which needs only the file of keys and IDnow's key set."""
    from specimen.specs.core.listening import listen

    ready, kept = tmp_path / "ready.json", tmp_path / "keys.json"
    with receiving() as receiver, listen("127.0.0.1", 0) as free:
        targets = [part for name in ("kyve", "kayle", "idnow") for part in ("--webhook", f"{name}={receiver.url}?{name}")]
        port = free.getsockname()[1]
        free.close()
        command = [sys.executable, "-m", "specimen", "serve", "--port", str(port), "--ready-file", str(ready)]
        process = subprocess.Popen([*command, "--webhook-keys", str(kept), "--pace", "instant", *targets], cwd=ROOT)
        try:
            while not ready.exists():
                assert process.poll() is None
            url = json.loads(ready.read_text())["url"]
            keys = json.loads(kept.read_text())
            assert stat.S_IMODE(kept.stat().st_mode) == 0o600
            for path, token in (
                ("kyve/v1/sessions", "ak_test_specimen"),
                ("kayle/v1/sessions", "kk_live_specimen"),
                ("idnow/api/v1/flows/f/live/sessions", "idnow-token-specimen"),
            ):
                _post(f"{url}/{path}", token)
            requests = receiver.wait_for(5 + 1 + 2)
            keys["idnow"] = json.loads(urllib.request.urlopen(keys["idnow"]["jwks"]).read())
        finally:
            process.terminate()
            process.wait(10)
    found = {}
    for request in requests:
        name = request.path.partition("?")[2]
        delivery = verify(name, request.headers, request.body, keys[name])
        found.setdefault(name, []).append(delivery.type.rpartition(".")[2])
    assert found == {
        "kyve": ["created", "updated", "updated", "updated", "completed"],
        "kayle": ["succeeded"],
        "idnow": ["created", "completed"],
    }


def _post(url: str, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(url, b"{}", headers, method="POST")).read()


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("kyve", "expected PROVIDER=URL"),
        ("kyve=http://kyc.example/hook", "--webhook-host kyc.example"),
        ("predicate=http://127.0.0.1:1/", "name no webhooks"),
        ("kive=http://127.0.0.1:1/", "Did you mean 'kyve'?"),
    ],
)
def test_serve__says_which_target_cannot_be(target, words):
    """A mistake ends the command before the port answers."""
    done = subprocess.run(
        [sys.executable, "-m", "specimen", "serve", "--port", "0", "--webhook", target],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert words in done.stderr
