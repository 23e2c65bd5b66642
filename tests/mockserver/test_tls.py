"""The sandbox over HTTPS: with a certificate of one's own, and with one that is made for the run."""

from __future__ import annotations

import contextlib
import socket
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import trustme

from specimen.mockserver.errors import SettingError
from specimen.mockserver.http.server import running
from specimen.mockserver.http.tls import context_of, own_certificate, self_signed
from specimen.specs.core.extras import MissingExtra
from tests.mockserver.calling import frozen_app
from tests.mockserver.wire import Listener
from tests.serving import run, serving

TOKEN = {"Authorization": "Bearer kk_live_specimen"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of one's own (`own.pem`, `own-key.pem`, both in `both.pem`), and of who signed it (`ca.pem`)."""
    found = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    leaf = authority.issue_cert("localhost", "127.0.0.1")
    authority.cert_pem.write_to_path(found / "ca.pem")
    leaf.cert_chain_pems[0].write_to_path(found / "own.pem")
    leaf.private_key_pem.write_to_path(found / "own-key.pem")
    leaf.private_key_and_cert_chain_pem.write_to_path(found / "both.pem")
    return found


@contextlib.contextmanager
def client(url: str, ca: Path) -> Iterator[httpx.Client]:
    """A client that trusts one authority."""
    trusting = ssl.create_default_context(cafile=str(ca))
    with httpx.Client(base_url=url, trust_env=False, verify=trusting, headers=TOKEN) as found:
        yield found


def test_own__certificate(folder: Path) -> None:
    """Links name HTTPS, and every session lives as over HTTP; on one connection after another."""
    for context in (own_certificate(folder / "own.pem", folder / "own-key.pem"), own_certificate(folder / "both.pem", None)):
        with running(frozen_app("kayle"), tls=context) as url, client(url, folder / "ca.pem") as http:
            made = http.post("/v1/sessions", json={}).json()["data"]
            assert made["verification_url"].startswith(f"{url}/_specimen/")
            assert url.startswith("https://127.0.0.1:")
            assert http.get(made["verification_url"]).status_code == 200
            assert http.get("/kayle").json()["base_url"] == f"{url}/kayle"
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                httpx.get(url, trust_env=False)


def test_self_signed__is_trusted_by_its_authority(tmp_path: Path) -> None:
    """The file that is written is whom to trust, for each name of this machine; no key is in it."""
    context = self_signed("0.0.0.0", tmp_path / "ca.pem")
    text = (tmp_path / "ca.pem").read_text()
    assert text.count("BEGIN CERTIFICATE") == 1
    assert "KEY" not in text
    with running(frozen_app("kayle"), tls=context) as url:
        for name in ("127.0.0.1", "localhost"):
            with client(url.replace("127.0.0.1", name), tmp_path / "ca.pem") as http:
                assert http.get("/v1/sessions").status_code == 200
    other = self_signed("mock.internal", None)
    with (
        running(frozen_app("kayle"), tls=other) as url,
        pytest.raises(httpx.ConnectError),
        client(url, tmp_path / "ca.pem") as http,
    ):
        http.get("/v1/sessions")


@pytest.mark.parametrize("host", ["0.0.0.0", "0", "0x0", "::", "::0"])
def test_self_signed__names_no_address_that_stands_for_all(host: str, tmp_path: Path) -> None:
    """Nobody can ask for it: the names are those of this machine, however all addresses are spelled."""
    context = self_signed(host, tmp_path / "ca.pem")
    trusting = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    with running(frozen_app("kayle"), tls=context) as url:
        place = ("127.0.0.1", int(urlsplit(url).port or 0))
        with socket.create_connection(place) as plain, trusting.wrap_socket(plain, server_hostname="localhost") as wrapped:
            shown = wrapped.getpeercert() or {}
    assert {name for _, name in shown["subjectAltName"]} == {"localhost", "127.0.0.1", "0:0:0:0:0:0:0:1"}


def test_tls__leavers_and_plain_http_make_no_noise(folder: Path, listener: Listener) -> None:
    """Who speaks plain HTTP, half of a handshake, or ends his direction gets no traceback, and others are served."""
    listener.heard.clear()
    with running(frozen_app("kayle"), tls=own_certificate(folder / "both.pem", None)) as url:
        place = ("127.0.0.1", int(urlsplit(url).port or 0))
        for said in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01", b""):
            with socket.create_connection(place, 10) as connection:
                connection.sendall(said)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(1000):
                    pass
        trusting = ssl.create_default_context(cafile=str(folder / "ca.pem"))
        with trusting.wrap_socket(socket.create_connection(place, 10), server_hostname="localhost") as connection:
            connection.sendall(b"GET /v1/sessions HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(12) == b"HTTP/1.1 401"
            connection.shutdown(socket.SHUT_WR)
        with client(url, folder / "ca.pem") as http:
            assert http.get("/v1/sessions").status_code == 200
    assert listener.heard == []


@pytest.mark.parametrize(
    ("certificate", "key", "ca", "is_self_signed", "said"),
    [
        ("own.pem", None, None, True, "give one of them"),
        (None, "own-key.pem", None, False, "name its certificate"),
        ("own.pem", "own-key.pem", "x.pem", False, "--tls-self-signed only"),
        ("own.pem", None, None, False, "not a certificate and its key"),
        ("own-key.pem", "own.pem", None, False, "not a certificate and its key"),
        ("own.pem", "other-key.pem", None, False, "not a certificate and its key"),
        ("nowhere.pem", None, None, False, "nowhere.pem': No such file"),
        ("own.pem", "nowhere.pem", None, False, "nowhere.pem': No such file"),
        ("own.pem", "encrypted.pem", None, False, "the key is encrypted"),
        (None, None, "no/where.pem", True, "cannot be written: No such file"),
    ],
)
def test_tls__mistakes(
    certificate: str | None, key: str | None, ca: str | None, is_self_signed: bool, said: str, folder: Path
) -> None:
    """Each is one sentence that names the file or the option; nobody is asked for a password."""
    from cryptography.hazmat.primitives import serialization

    trustme.CA().issue_cert("localhost").private_key_pem.write_to_path(folder / "other-key.pem")
    plain = serialization.load_pem_private_key((folder / "own-key.pem").read_bytes(), None)
    (folder / "encrypted.pem").write_bytes(
        plain.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"secret")
        )
    )
    files = [None if name is None else folder / name for name in (certificate, key, ca)]
    with pytest.raises(SettingError, match=said):
        context_of("127.0.0.1", *files, is_self_signed=is_self_signed)


def test_self_signed__says_which_extra_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without trustme the sentence says what to install, and what to do without."""
    monkeypatch.setitem(sys.modules, "trustme", None)
    with pytest.raises(MissingExtra, match=r"pip install 'specimen-kyc\[tls\]', or give a certificate with --tls-cert"):
        self_signed("127.0.0.1", None)


def test_serve__over_https(folder: Path, tmp_path: Path) -> None:
    """The command, its ready file and what it prints name HTTPS; the control client trusts by SSL_CERT_FILE."""
    with serving("kayle", "--tls-self-signed", "--tls-ca", str(tmp_path / "ca.pem"), folder=tmp_path) as url:
        assert url.startswith("https://127.0.0.1:")
        with client(url, tmp_path / "ca.pem") as http:
            assert http.get("/v1/sessions").status_code == 200
        assert f"Serving on {url} " in (tmp_path / "serve.log").read_text()
        asked = run("ctl", "--url", url, "clock", folder=tmp_path, SSL_CERT_FILE=str(tmp_path / "ca.pem"))
        assert (asked.returncode, asked.stderr) == (0, "")


@pytest.mark.long("starts three processes")
def test_serve__workers_share_a_certificate(tmp_path: Path) -> None:
    """Each process shows the certificate that was made once."""
    arguments = ("kayle", "--tls-self-signed", "--tls-ca", str(tmp_path / "ca.pem"), "--workers", "2")
    with serving(*arguments, "--store", f"sqlite:///{tmp_path}/s.db", folder=tmp_path) as url:
        for _ in range(6):
            with client(url, tmp_path / "ca.pem") as http:
                assert http.get("/v1/sessions").status_code == 200
