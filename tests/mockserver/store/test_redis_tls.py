"""Redis by TLS: processes share a store by `rediss://`, whose server must have a certificate that is trusted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import trustme
from msgspec.structs import replace

from specimen.mockserver.sessions.store import StoreUnavailable
from specimen.mockserver.sessions.store.redis import RedisStore
from tests.mockserver.store import redis_server
from tests.mockserver.store.peer import Peer
from tests.mockserver.store.places import SPACE, needs_redis, phase, record
from tests.mockserver.store.redis_server import Certificate, RedisServer
from tests.mockserver.store.servers import replicas
from tests.serving import run

SECRET = "s3cr3t-of-the-url"
KAYLE = {"Authorization": "Bearer kk_live_specimen"}
UNTRUSTED = "its certificate is not trusted. Name who signed it: ?ssl_ca_certs="
pytestmark = [needs_redis, pytest.mark.skipif(not redis_server.has_tls(), reason="redis-server was built without TLS")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A server with a password that takes connections by TLS alone; `other.pem` in its folder is an authority unknown to it."""
    folder = tmp_path_factory.mktemp("redis-tls")
    authority = trustme.CA()
    leaf = authority.issue_cert("127.0.0.1")
    files = Certificate(folder / "ca.pem", folder / "server.pem", folder / "server-key.pem")
    authority.cert_pem.write_to_path(files.authority)
    leaf.cert_chain_pems[0].write_to_path(files.certificate)
    leaf.private_key_pem.write_to_path(files.key)
    trustme.CA().cert_pem.write_to_path(folder / "other.pem")
    with redis_server.serving(folder, password=SECRET, certificate=files) as found:
        yield found


def url_of(server: RedisServer, authority: str | None, prefix: str = "tls:") -> str:
    """The URL of a store that trusts an authority; with None those of the system."""
    trusted = "" if authority is None else f"&ssl_ca_certs={server.folder / authority}"
    return f"{server.url}?prefix={prefix}{trusted}"


async def test_processes__share_sessions(server: RedisServer) -> None:
    """What one process writes by TLS the other one reads, and its changes wake who watches."""
    url = url_of(server, "ca.pem", "peers:")
    store = RedisStore(url)
    await store.open()
    with Peer(url) as peer:
        assert await store.add(SPACE, record("a"), phase())
        assert peer.call("get", SPACE, "a") == ["a", 0]
        async with store.watch(SPACE, "a") as watch:
            assert peer.call("read", SPACE, "a", "open", 9) == 1
            assert await watch.wait(10)
        kept = await store.get(SPACE, "a")
        assert kept is not None
        assert (kept.reads, kept.version) == (1, 2)
        assert await store.swap(SPACE, replace(kept, version=3), phase("done"))
        assert peer.call("page", SPACE, "id", 9, None, None, "done") == ["a"]
    await store.close()


def test_servers__share_sessions(server: RedisServer, tmp_path: Path) -> None:
    """A session of one `specimen serve` is answered by another one, and neither prints the password."""
    with replicas(tmp_path, url_of(server, "ca.pem"), "kayle") as (one, two):
        made = httpx.post(f"{one}/v1/sessions", json={}, headers=KAYLE).json()["data"]
        read = httpx.get(f"{two}/v1/sessions/{made['id']}", headers=KAYLE)
        assert read.json()["data"]["id"] == made["id"]
    logs = [path.read_text(encoding="utf-8") for path in sorted(tmp_path.glob("replica-*/serve.log"))]
    assert len(logs) == 2
    assert not [log for log in logs if SECRET in log]


@pytest.mark.parametrize("authority", ["other.pem", None])
async def test_open__unknown_authority(server: RedisServer, authority: str | None) -> None:
    """A server whose certificate another authority signed, or none that is known, is refused with a sentence."""
    store = RedisStore(url_of(server, authority))
    with pytest.raises(StoreUnavailable) as refused:
        await store.open()
    await store.close()
    assert str(refused.value).startswith(f"store rediss://127.0.0.1:{server.port}: {UNTRUSTED}")


async def test_open__port_of_the_other_kind(server: RedisServer, redis_url: str) -> None:
    """A port of the other kind is refused with a sentence, in which the password is not."""
    by_tls, plainly = redis_url.replace("redis://", f"rediss://:{SECRET}@"), server.url.replace("rediss://", "redis://")
    urls = {
        by_tls: "it does not answer within 1.5 seconds. If it speaks no TLS on this port, use redis://.",
        plainly: "the connection to it was lost. If it speaks TLS on this port, use rediss://.",
    }
    for url, sentence in urls.items():
        store = RedisStore(url)
        with pytest.raises(StoreUnavailable) as refused:
            await store.open()
        await store.close()
        assert re.fullmatch(rf"store rediss?://127\.0\.0\.1:\d+: {re.escape(sentence)}", str(refused.value))
        assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    "command", [("store", "info"), ("serve", "kayle", "--port", "0", "--store")], ids=["store info", "serve"]
)
def test_command__unknown_authority(server: RedisServer, tmp_path: Path, command: tuple[str, ...]) -> None:
    """It ends with a sentence, without a traceback and without the password."""
    done = run(*command, url_of(server, "other.pem"), folder=tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert UNTRUSTED in done.stderr
    assert "Traceback" not in done.stderr
    assert SECRET not in done.stderr


def test_command__known_authority(server: RedisServer, tmp_path: Path) -> None:
    """`store info` reads the store; the password is in nothing that it prints."""
    done = run("store", "info", url_of(server, "ca.pem"), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert SECRET not in done.stdout + done.stderr
