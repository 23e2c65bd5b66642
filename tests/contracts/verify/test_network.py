"""What leaves the machine, counted where it would arrive; and what a peer can cost."""

from __future__ import annotations

import base64
import contextlib
import gzip
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from specimen.contracts.client import network
from specimen.contracts.client.client_errors import BudgetSpent, NoAnswer
from specimen.contracts.client.transport import Transport
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.http.no_response import TIMEOUT, TOO_LARGE, UNREADABLE
from specimen.contracts.verify import runner, schemathesis_suite
from specimen.contracts.verify.plan import plan
from specimen.contracts.verify.runner import verify
from specimen.contracts.verify.schemathesis_suite import fuzz
from specimen.specs import SpecimenError
from tests.contracts.operation_requests import ask
from tests.contracts.servers import Place, is_home, place
from tests.contracts.targets import scripted

pytestmark = pytest.mark.filterwarnings("ignore")  # Schemathesis warns of its own dependencies
ID = "vs_" + "a" * 64
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Schemathesis without its chains of requests, in an environment without proxies."""
    monkeypatch.setattr(schemathesis_suite, "NO_LINKS_FROM_TEXTS", {"phases": {"stateful": {"enabled": False}}})
    monkeypatch.setattr(runner, "CI_EXAMPLES", 1)
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def there() -> Iterator[Place]:
    """The mock of kayle."""
    with place("kayle") as found:
        yield found


@contextlib.contextmanager
def listener(answer: bytes = b"") -> Iterator[tuple[str, list[bytes]]]:
    """A proxy that passes nothing on; gives its URL and the heads of what came."""
    heads: list[bytes] = []

    def talk(connection: socket.socket, head: bytes) -> None:
        heads.append(head)
        connection.sendall(answer or b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        connection.close()

    with scripted(talk) as url:
        yield url, heads


def one_answer(head: bytes, body: bytes) -> Any:
    """A server that gives one answer to everything."""

    def talk(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 " + head + b"\r\nconnection: close\r\n\r\n" + body)
        connection.shutdown(socket.SHUT_WR)

    return scripted(talk)


def fuzzed(sender: Transport) -> None:
    """Lets Schemathesis spend the budget of a transport."""
    with pytest.raises(BudgetSpent):
        fuzz(sender, seed=1, examples=1, see=lambda _: None)
    sender.close()


def test_loopback__no_request_leaves_for_a_proxy_nor_takes_a_password_file(
    there: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With a proxy and a .netrc in the environment nothing arrives there, and no password is sent."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login eve password password-of-the-file\n")
    (tmp_path / ".netrc").chmod(0o600)
    with listener() as (url, heads):
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, url)
        assert verify(there.url, "kayle", profile="smoke", auth=there.auth).exit_code == 0
        walked = len(there.seen)
        fuzzed(Transport(there.url, "kayle", headers=there.auth, budget=60))
    assert heads == []
    assert len(there.seen) > walked + 50
    sent = [one.headers["authorization"] for one in there.seen if "authorization" in one.headers]
    assert len(sent) > 100
    assert base64.b64encode(b"eve:password-of-the-file").decode() not in " ".join(sent)


@pytest.mark.long("runs every phase; that a proxy gets nothing of this machine's is tested beside it")
def test_other_machine__every_phase_goes_through_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Walk and Schemathesis go one way to a host of one's own, which the dry run names without a password."""
    with listener(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}") as (url, heads):
        monkeypatch.setenv("http_proxy", url.replace("//", "//eve:secret@"))
        options: dict[str, Any] = {"allow_writes": ["kyc.test"], "loopback": is_home}
        planned = plan("http://kyc.test:9", "kayle", **options)
        assert heads == []
        found = verify("http://kyc.test:9", "kayle", profile="smoke", auth="kk_live_specimen", **options)
        walked = len(heads)
        own = frozenset(options.pop("allow_writes"))
        fuzzed(Transport("http://kyc.test:9", "kayle", allow_writes=own, budget=40, **options))
    assert f"All requests go through the environment's proxy {url}." in planned.remarks
    assert found.requests == walked > 20
    assert len(heads) == walked + 40
    assert {head.split(b" ", 2)[1].startswith(b"http://kyc.test:9/") for head in heads} == {True}
    assert any(b"X-Schemathesis" in head for head in heads)


def test_proxy__must_speak_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """A SOCKS proxy is named, without its password; this machine needs none."""
    monkeypatch.setenv("all_proxy", "socks5://eve:secret@127.0.0.1:1")
    with pytest.raises(SpecimenError, match=r"socks5://127\.0\.0\.1:1': expected http"):
        Transport("http://kyc.test", "kayle")
    Transport("http://127.0.0.1:9", "kayle").close()


def test_redirects__are_followed_in_no_phase(there: Place) -> None:
    """A server that redirects everything to itself gets each request once."""
    heads: list[bytes] = []

    def talk(connection: socket.socket, head: bytes) -> None:
        heads.append(head.partition(b"\r\n")[0])
        connection.sendall(b"HTTP/1.1 302 Found\r\nlocation: /loop\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        connection.close()

    with scripted(talk) as url:
        fuzzed(Transport(url, "kayle", headers=there.auth, budget=40))
    assert len(heads) > 20
    assert not [head for head in heads if b" /loop" in head]


def test_budget__holds_in_every_phase(there: Place) -> None:
    """Not one request more than the budget arrives, whoever sends it."""
    sender = Transport(there.url, "kayle", headers=there.auth, budget=10)
    with pytest.raises(BudgetSpent, match="10 requests"):
        fuzz(sender, seed=1, examples=1, see=lambda _: None)
    sender.close()
    assert 5 < len(there.seen) <= 10  # one is no HTTP, and is not served


def test_read_only__sends_documented_reads_alone() -> None:
    """What looks like this machine may be a tunnel to somebody's production."""
    with place("kayle") as there:
        found = verify(there.url, "kayle", profile="ci", auth=there.auth, read_only=True, sessions=[ID], sleep=lambda _: None)
        assert {one.method for one in there.seen} == {"GET"}
        assert found.requests == len(there.seen) > 0
        with pytest.raises(SpecimenError, match="--read-only forbids it"):
            verify(there.url, "kayle", profile="smoke", auth=there.auth, read_only=True, driver="prefer")


def test_patience__ends_a_storm_of_429(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host of one's own that always asks to wait is left after the patience, in the walk and in Schemathesis."""
    storm = b"429 Too Many Requests\r\nretry-after: 7\r\ncontent-length: 0"
    for profile in ("smoke", "ci"):
        pauses: list[float] = []
        if profile == "ci":
            monkeypatch.setattr(runner, "_walk", lambda *_: None)
        with one_answer(storm, b"") as url:
            found = verify(
                url, "kayle", profile=profile, auth="kk_live_specimen", loopback=lambda _: False, allow_writes=["127.0.0.1"],
                driver="none", sleep=pauses.append, patience_seconds=30,
            )  # fmt: skip
        assert sum(pauses) <= 30
        assert found.requests == 5 if profile == "smoke" else 0 < found.requests <= 5  # it probes the server first
        assert "asks to wait another 7 s, 35 s in all; --patience is 30 s" in found.incomplete[0]


BOMB = gzip.compress(gzip.compress(b"\0" * 100_000_000, mtime=0), mtime=0)


@pytest.mark.parametrize(
    ("encoding", "body", "failure"),
    [
        ("gzip, gzip", BOMB, TOO_LARGE),
        ("gzip, gzip, gzip", gzip.compress(BOMB, mtime=0), UNREADABLE),
        ("gzip", b"nope", UNREADABLE),
        ("gzip", gzip.compress(b"{}")[:-4], UNREADABLE),
        ("snappy", b"{}", UNREADABLE),
    ],
    ids=["bomb", "three layers", "not gzip", "cut off", "unknown"],
)
def test_encoded_answers__cost_no_more_than_the_bound(encoding: str, body: bytes, failure: str) -> None:
    """Walk and Schemathesis read an answer by one decoder: two layers, 16 MiB."""
    seen: list[Exchange] = []
    head = f"200 OK\r\ncontent-type: application/json\r\ncontent-encoding: {encoding}\r\ncontent-length: {len(body)}".encode()
    with one_answer(head, body) as url:
        sender = Transport(url, "kayle", seen=seen.append, budget=4)
        with pytest.raises(NoAnswer):
            ask(sender, "getSession", path={"id": ID})
        with pytest.raises(BudgetSpent):
            fuzz(sender, seed=1, examples=1, see=seen.append)
        sender.close()
    assert {(one.seen_by, one.failure, one.status) for one in seen} == {("walk", failure, 0), ("fuzz", failure, 0)}


def test_endless_body__is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that never end are read up to the bound, in Schemathesis too."""

    def pour(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n")
        while True:
            connection.sendall(b" " * 65536)

    seen: list[Exchange] = []
    with scripted(pour) as url:
        sender = Transport(url, "kayle", seen=seen.append, budget=8)
        with pytest.raises(NoAnswer, match="larger than what is read"):
            ask(sender, "getSession", path={"id": ID})
        with pytest.raises(BudgetSpent):
            fuzz(sender, seed=1, examples=1, see=seen.append)
        sender.close()
    assert {one.failure for one in seen} <= {TOO_LARGE, TIMEOUT}
    assert {one.seen_by for one in seen} == {"walk", "fuzz"}


def test_tls__trusts_whom_it_is_told(tmp_path: Path) -> None:
    """A file without certificates is no trust, nor are both options one."""
    file = tmp_path / "ca.pem"
    file.write_text("nothing\n")
    with pytest.raises(SpecimenError, match="no certificates in PEM"):
        network.Tls(file)
    with pytest.raises(SpecimenError, match="No such file"):
        network.Tls(tmp_path / "none.pem")
    with pytest.raises(SpecimenError, match="give one of them"):
        network.Tls(file, is_insecure=True)
