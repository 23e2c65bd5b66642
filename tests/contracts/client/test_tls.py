"""A test environment's own certificate: trusted where it is named, refused with a sentence where it is not."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from specimen.contracts.client.client_errors import BudgetSpent, Unreachable
from specimen.contracts.client.network import Tls
from specimen.contracts.client.transport import Transport
from specimen.contracts.verify.schemathesis_suite import fuzz
from specimen.mockserver.app import build_app
from specimen.mockserver.settings import Settings
from specimen.specs.core.listening import Server, listen
from tests.contracts.operation_requests import ask

pytestmark = [
    pytest.mark.skipif(shutil.which("openssl") is None, reason="makes a certificate with openssl"),
    pytest.mark.filterwarnings("ignore"),  # Schemathesis warns of its own dependencies
]
ID = "vs_" + "a" * 64
AUTH = {"Authorization": "Bearer kk_live_specimen"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The mock of kayle with a certificate that signed itself; its base URL, and the certificate."""
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "cert.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-keyout", key,
            "-out", certificate, "-addext", "subjectAltName=IP:127.0.0.1"]  # fmt: skip
    subprocess.run(made, check=True, capture_output=True)
    listening = listen("127.0.0.1", 0)
    app = build_app(Settings(providers=("kayle",)))
    settings = uvicorn.Config(app, ssl_keyfile=key, ssl_certfile=str(certificate), lifespan="off", log_level="critical")  # type: ignore[arg-type]
    running = Server(settings)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{listening.getsockname()[1]}/kayle", certificate
    running.should_exit = True
    thread.join(10)
    listening.close()


@pytest.mark.parametrize("how", ["ca", "insecure"])
def test_own_certificate__is_trusted_where_it_is_named(server: tuple[str, Path], how: str) -> None:
    """In the walk and in Schemathesis."""
    url, certificate = server
    tls = Tls(ca=certificate) if how == "ca" else Tls(is_insecure=True)
    sender = Transport(url, "kayle", headers=AUTH, tls=tls, budget=12)
    assert ask(sender, "getSession", path={"id": ID}).status == 404
    seen: list[int] = []
    with pytest.raises(BudgetSpent):
        fuzz(sender, seed=1, examples=1, see=lambda exchange: seen.append(exchange.status))
    sender.close()
    assert seen
    assert all(seen)


def test_own_certificate__is_refused_with_a_sentence(server: tuple[str, Path]) -> None:
    """What is not trusted is no service that is down."""
    sender = Transport(server[0], "kayle", headers=AUTH)
    with pytest.raises(Unreachable, match="certificate is not trusted"):
        ask(sender, "getSession", path={"id": ID})
    sender.close()
