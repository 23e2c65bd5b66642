"""`watch` and `proxy` before a target with a certificate of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from specimen.contracts.client.client_errors import Unreachable
from specimen.contracts.client.network import Tls
from specimen.contracts.client.transport import Transport
from specimen.mockserver.http.server import running
from specimen.mockserver.http.tls import self_signed
from tests.contracts.operation_requests import ask
from tests.contracts.targets import AUTH, mock_app, proxied, session_id
from tests.serving import run


@pytest.fixture(scope="module")
def vendor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The mock of kayle over HTTPS; its URL, and the file of whom to trust."""
    file = tmp_path_factory.mktemp("tls") / "ca.pem"
    context = self_signed("127.0.0.1", file)
    with running(mock_app(providers=("kayle",)), tls=context) as url:
        yield url, file


@pytest.mark.parametrize(("how", "code"), [("ca", 0), ("insecure", 0), ("neither", 3)])
def test_watch__trusts_whom_it_is_told(how: str, code: int, vendor: tuple[str, Path], tmp_path: Path) -> None:
    """Where nobody is told, the command ends with 3, and a sentence that names both options."""
    url, file = vendor
    trust = {"ca": ("--ca", str(file)), "insecure": ("--insecure",), "neither": ()}[how]
    asked = ("watch", "kayle", "--url", f"{url}/kayle", "--token", "kk_live_specimen", "--session", session_id(), *trust)
    done = run(*asked, folder=tmp_path)
    assert done.returncode == code, done.stderr
    assert ("--ca names the signer's, --insecure checks none" in done.stdout) == (code == 3)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("how", ["ca", "insecure", "neither"])
def test_proxy__trusts_whom_it_is_told(how: str, vendor: tuple[str, Path]) -> None:
    """The app behind it gets the answer, or a 502 that says why."""
    url, file = vendor
    tls = {"ca": Tls(ca=file), "insecure": Tls(is_insecure=True), "neither": None}[how]
    with proxied(f"{url}/kayle", tls=tls) as proxy:
        answer = httpx.get(f"{proxy.url}/v1/sessions", headers=AUTH, trust_env=False)
    if how == "neither":
        assert answer.status_code == 502
        assert "CERTIFICATE_VERIFY_FAILED" in answer.text
    else:
        assert (answer.status_code, answer.headers["specimen-violations"]) == (200, "0")
        assert proxy.bench.exchanges == 1


def test_walk__a_certificate_for_another_name_is_not_trusted(vendor: tuple[str, Path], tmp_path: Path) -> None:
    """Whoever signed it, it must name the host."""
    other = self_signed("elsewhere.test", tmp_path / "ca.pem")
    with running(mock_app(providers=("kayle",)), tls=other) as url:
        sender = Transport(f"{url}/kayle", "kayle", headers=AUTH, tls=Tls(ca=vendor[1]))
        with pytest.raises(Unreachable, match="certificate is not trusted"):
            ask(sender, "listSessions")
        sender.close()
