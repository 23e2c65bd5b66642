"""What only the Redis store promises: its URLs, its round trips, and what it says where it cannot go on."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from specimen.mockserver.errors import SettingError
from specimen.mockserver.sessions.session_record import FOREVER
from specimen.mockserver.sessions.store import Bounds, NamespaceChanged, Page, Space, StoreUnavailable
from specimen.mockserver.sessions.store.redis import RedisStore
from specimen.mockserver.sessions.store.redis.client.connection import Connection
from tests.mockserver.store import redis_server
from tests.mockserver.store.places import ELSEWHERE, OTHER, SPACE, fill, needs_redis, phase, record

SECRET = "s3cr3t-of-the-url"


@pytest.mark.parametrize(
    "url",
    [
        f"redis://ada:{SECRET}@host:port", f"redis://:{SECRET}@host:70000", f"redis://:{SECRET}@host?what={SECRET}",
        f"redis://:{SECRET}@host/?decode_responses=true", f"redis://:{SECRET}@host/abc",
        f"redis://:{SECRET}@host/?prefix=", f"redis://:{SECRET}@host/0#{SECRET}",
        f"redis://:{SECRET}@host/0?socket_timeout={SECRET}", f"redis://:{SECRET}@host?prefix={{a}}", f"http://:{SECRET}@host",
    ],
)  # fmt: skip
def test_url__refused(url: str) -> None:
    """A URL that is none is refused when the store is made, with a sentence without its password."""
    with pytest.raises(SettingError) as refused:
        RedisStore(url)
    told = refused.value
    while told is not None:
        assert SECRET not in str(told)
        told = told.__cause__ if told.__suppress_context__ else told.__context__


async def test_open__nobody_listens() -> None:
    """A sentence within two seconds, without the password."""
    store = RedisStore(f"redis://:{SECRET}@127.0.0.1:{redis_server.free_port()}")
    with pytest.raises(StoreUnavailable, match=r"store redis://127\.0\.0\.1:\d+: it refuses connections") as refused:
        await store.open()
    assert SECRET not in str(refused.value)
    with pytest.raises(StoreUnavailable, match="not open"):
        await store.get(SPACE, "a")
    await store.close()


@needs_redis
async def test_open__password(tmp_path: Path) -> None:
    """The right one opens it; none and a wrong one are told apart."""
    with redis_server.serving(tmp_path, password=SECRET) as server:
        for login, words in (("", "wants a password"), (":wrong@", "refuses the user or the password")):
            store = RedisStore(f"redis://{login}127.0.0.1:{server.port}")
            with pytest.raises(StoreUnavailable, match=words):
                await store.open()
            await store.close()
        store = RedisStore(server.url)
        await store.open()
        await store.ping()
        await store.close()


@needs_redis
async def test_open__another_layout(redis_url: str) -> None:
    """What another version wrote is refused, and stays."""
    url = f"{redis_url}?prefix=newer:"
    store = RedisStore(url)
    await store.open()
    await store._redis.command("SET", "newer:layout", "99")
    await store.close()
    with pytest.raises(StoreUnavailable, match=r"layout 99.*store export"):
        await RedisStore(url).open()


@needs_redis
async def test_round_trips(redis_url: str) -> None:
    """One for each operation, the check of the namespace's document included; a server that forgot the scripts costs one more."""
    store = RedisStore(f"{redis_url}?prefix=trips:")
    await store.open()
    await store.namespace("default")
    (first,) = await fill(store, "first", keys=("k:1",))
    (task,) = await _task(store)
    operations: dict[str, Any] = {
        "namespace": lambda: store.namespace("default"),
        "get": lambda: store.get(SPACE, "first"),
        "find": lambda: store.find(SPACE, "k:1"),
        "add": lambda: store.add(SPACE, record("second"), phase()),
        "swap": lambda: store.swap(SPACE, replace(first, version=2), phase()),
        "page": lambda: store.page(SPACE, Page("newest", 10)),
        "due": lambda: store.due(SPACE, 0, 10),
        "increment": lambda: store.increment(SPACE, "n"),
        "set_value": lambda: store.set_value(SPACE, "k", 1, FOREVER, 0),
        "get_or_set": lambda: store.get_or_set(SPACE, "k", 1, FOREVER, 0),
        "pop": lambda: store.pop(SPACE, "k", 0),
        "append": lambda: store.append(SPACE, "log", [1, 2]),
        "entries": lambda: store.entries(SPACE, "log", 0, 10),
        "acknowledge": lambda: store.acknowledge(SPACE, task),
    }
    counted = {}
    for _ in range(2):  # the first time the server learns the scripts
        for name, operation in operations.items():
            before = store.round_trips
            await operation()
            counted[name] = store.round_trips - before
    assert counted == {name: 0 if name == "namespace" else 1 for name in operations}
    await store._redis.command("SCRIPT", "FLUSH")
    before = store.round_trips
    assert await store.get(SPACE, "first") is not None
    assert store.round_trips - before == 2
    await store.close()


async def _task(store: RedisStore) -> Any:
    assert await store.enqueue(SPACE, "t", "lane", 0, None)
    return await store.claim(SPACE, 0, 60, 1)


@needs_redis
async def test_namespace__stale_after_a_new_beginning(redis_url: str) -> None:
    """A namespace that was ended and got as many documents again is not the one that was read before."""
    one, two = (RedisStore(f"{redis_url}?prefix=stale:") for _ in range(2))
    await one.open()
    await two.open()
    assert await two.set_namespace("default", "old", 0)
    assert (await one.namespace("default")).value == "old"
    await two.drop("default")
    assert await two.set_namespace("default", "new", 0)
    with pytest.raises(NamespaceChanged):
        await one.get(SPACE, "a")
    assert (await one.namespace("default")).value == "new"
    await one.close()
    await two.close()


@needs_redis
@pytest.mark.parametrize("change", ["replace", "drop", "set"])
async def test_namespace__read_while_it_is_changed(redis_url: str, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    """A slow reader does not bring back the document of before: the process would take the new namespace for one that ended."""
    store = RedisStore(f"{redis_url}?prefix=slow-reader-{change}:")
    await store.open()
    assert await store.set_namespace("team", "before", 0)
    is_slow, goes_on, register = asyncio.Event(), asyncio.Event(), store._register

    async def slow(name: str) -> None:
        if not is_slow.is_set():
            is_slow.set()
            await goes_on.wait()
        await register(name)

    monkeypatch.setattr(store, "_register", slow)
    reader = asyncio.create_task(store.namespace("team"))
    await is_slow.wait()
    if change == "replace":
        await store.replace("team", "after", [])
    elif change == "set":
        assert await store.set_namespace("team", "after", 1)
    else:
        await store.drop("team")
        assert await store.set_namespace("team", "after", 0)
    assert (await store.namespace("team")).value == "after"
    goes_on.set()
    assert (await reader).value in ("before", "after")
    assert (await store.namespace("team")).value == "after"
    await store.close()


@needs_redis
async def test_namespace__reader_in_the_middle_of_a_change(redis_url: str) -> None:
    """What a reader of the same process found just before the change is forgotten with it."""
    store = RedisStore(f"{redis_url}?prefix=quick-reader:")
    await store.open()
    assert await store.set_namespace("team", "before", 0)
    for number in range(50):
        changing = asyncio.create_task(store.replace("team", number, []))
        while not changing.done():
            await store.namespace("team")
            await asyncio.sleep(0)
        await changing
        assert (await store.namespace("team")).value == number
    await store.close()


@needs_redis
async def test_set_value__largest_space_has_nothing_more(redis_url: str) -> None:
    """Where another process emptied the space that was known to hold most, the one that holds most now gives way, at once."""
    bounds = Bounds(values=20)
    here, there = (RedisStore(f"{redis_url}?prefix=emptied:", bounds) for _ in range(2))
    await here.open()
    await there.open()
    for number in range(20):
        assert await here.set_value(OTHER, str(number), 1, 1_000, 0)
    assert await here.set_value(SPACE, "first", 1, 1_000, 0)  # it looks which space holds most
    await there.drop(OTHER.namespace)
    for number in range(20):
        assert await there.set_value(ELSEWHERE, str(number), 1, 1_000, 0)
    for number in range(5):
        assert await here.set_value(Space("late", "atlas"), str(number), 1, FOREVER, 0)
    assert len(await here.values(Space("late", "atlas"), "", 0, "", 99)) == 5
    await here.close()
    await there.close()


@needs_redis
async def test_lock__clock_set_back(redis_url: str) -> None:
    """A lock of a process that died is free although the server's clock says that it ends in an hour; so is its task."""
    url = f"{redis_url}?prefix=set-back:"
    dead, store = RedisStore(url), RedisStore(url)
    await dead.open()
    for key in ("k", "turn"):
        assert await dead._take(SPACE, key, "token")
        # What the server makes of the rest of a lease when its clock is set back by an hour.
        await dead._redis.command("PEXPIRE", f"{dead._redis.space_key(SPACE)}lock:{key}", 3_600_000)
    assert await dead.enqueue(SPACE, "t", "lane", 0, None)
    (lost,) = await dead.claim(SPACE, 0, 3_660, 9)
    await dead.close()
    await store.open()
    async with asyncio.timeout(5), store.lock(SPACE, "k"), store.turn(SPACE, "turn", 0):
        for key in ("k", "turn"):
            assert not await store._take(SPACE, key, "another")
    assert (await store.tasks(SPACE, "", 9))[0][1]["held"] is False
    assert not await store.acknowledge(SPACE, lost)
    assert await store.next_due(SPACE) == 0
    assert await store.reschedule(SPACE, "t", 5)
    (task,) = await store.claim(SPACE, 5, 60, 9)
    assert (task.id, task.attempt) == ("t", 2)
    assert await store.claim(SPACE, 5, 60, 9) == []
    await store.close()


@needs_redis
async def test_drop__cut_off(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A drop whose connection is lost halfway leaves nothing that comes back, to who names it anew or opens the store."""
    url = f"{redis_url}?prefix=cut-drop:"
    cut, store = RedisStore(url), RedisStore(url)
    await cut.open()
    await store.open()
    for number in range(20):
        assert await store.set_namespace("team-a", number, 0)
        await fill(store, "a", space=ELSEWHERE)
        left, run, command = number, cut._redis.run, cut._redis.command

        def counted(call: Any) -> Any:
            async def after(*arguments: Any, **more: Any) -> Any:
                nonlocal left
                left -= 1
                if left < 0:
                    raise StoreUnavailable("cut off")
                return await call(*arguments, **more)

            return after

        with monkeypatch.context() as patch:
            patch.setattr(cut._redis, "run", counted(run))
            patch.setattr(cut._redis, "command", counted(command))
            try:
                await cut.drop("team-a")
                is_cut = False
            except StoreUnavailable:
                is_cut = True
        is_there = bool(await store.namespaces("", 9))
        assert is_there == (number == 0)  # it ends with the first step
        if not is_there and number % 2:
            assert await store.namespace("team-a") == (None, 0)
            assert await store.count(ELSEWHERE) == 0
        elif not is_there:
            another = RedisStore(url)
            await another.open()
            await another.close()
            assert not [key for key in await store._redis.command("KEYS", "cut-drop:*") if b"team-a" in key]
        await store.drop("team-a")
        assert (list(await store.namespaces("", 9)), await store.count(ELSEWHERE)) == ([], 0)
        if not is_cut:
            break
    assert number > 1
    await cut.close()
    await store.close()


@needs_redis
async def test_drop__begun_anew_meanwhile(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A namespace that another process begins while it is dropped keeps its name, at any place between the steps of the drop."""
    url = f"{redis_url}?prefix=anew:"
    dropping, store = RedisStore(url), RedisStore(url)
    await dropping.open()
    await store.open()
    for number in range(20):
        assert await dropping.set_namespace("team-a", number, 0)
        calls, run, command = 0, dropping._redis.run, dropping._redis.command

        def counted(call: Any, before: int = number) -> Any:
            async def after(*arguments: Any, **more: Any) -> Any:
                nonlocal calls
                calls += 1
                if calls == before + 1:
                    await fill(store, "a", space=ELSEWHERE)
                return await call(*arguments, **more)

            return after

        with monkeypatch.context() as patch:
            patch.setattr(dropping._redis, "run", counted(run))
            patch.setattr(dropping._redis, "command", counted(command))
            await dropping.drop("team-a")
        if calls <= number:
            break
        if await store.count(ELSEWHERE):
            assert list(await store.namespaces("", 9)) == ["team-a"]
        await store.drop("team-a")
    assert number > 1
    await dropping.close()
    await store.close()


@needs_redis
async def test_ping__keeps_another_layout(redis_url: str) -> None:
    """A server that is asked whether it is ready changes nothing of what a newer version wrote meanwhile, and says so."""
    store = RedisStore(f"{redis_url}?prefix=ping:")
    await store.open()
    await store.ping()
    await store._redis.command("SET", "ping:layout", "99")
    with pytest.raises(StoreUnavailable, match="layout 99"):
        await store.ping()
    assert await store._redis.command("GET", "ping:layout") == b"99"
    await store.close()


@needs_redis
async def test_server__goes_and_comes_back(tmp_path: Path) -> None:
    """While it is gone every call is a sentence within two seconds; then all goes on, watches too, and nothing is lost."""
    with redis_server.serving(tmp_path) as server:
        store, other = RedisStore(server.url), RedisStore(server.url)
        await store.open()
        await other.open()
        (old,) = await fill(store, "a")
        await asyncio.gather(*(store.get(SPACE, "a") for _ in range(20)))  # several connections
        async with store.watch(SPACE, "a") as watch:
            server.kill()
            began = time.monotonic()
            for call in (store.get(SPACE, "a"), store.ping(), fill(store, "b"), store.increment(SPACE, "n")):
                with pytest.raises(StoreUnavailable, match=r"connection to it was lost|refuses connections"):
                    await call
            assert time.monotonic() - began < 8
            server.start()
            async with asyncio.timeout(10):
                assert await watch.wait(10)  # messages may be lost: who watches looks
                while await watch.wait(0.3):
                    pass
                assert await store.get(SPACE, "a") == old
                while not await watch.wait(0.1):  # until it is subscribed again
                    old = replace(old, version=old.version + 1)
                    assert await other.swap(SPACE, old, phase())
        await store.ping()
        await store.close()
        await other.close()


@needs_redis
async def test_server__hangs(tmp_path: Path) -> None:
    """A server that takes a command and never answers is one that does not answer."""
    with redis_server.serving(tmp_path) as server:
        store = RedisStore(server.url)
        await store.open()
        with server.client() as client:
            client.execute_command("CLIENT", "PAUSE", 60_000, "ALL")
            with pytest.raises(StoreUnavailable, match="does not answer within"):
                async with asyncio.timeout(2):
                    await store.get(SPACE, "a")
        await store.close()


@needs_redis
async def test_server__full_memory(tmp_path: Path) -> None:
    """`maxmemory` is a sentence; reads go on."""
    with redis_server.serving(tmp_path, "--maxmemory", "4mb", "--maxmemory-policy", "noeviction") as server:
        store = RedisStore(server.url)
        await store.open()
        with pytest.raises(StoreUnavailable, match="memory is full"):  # noqa: PT012 - the first of many that is refused
            for number in range(10_000):
                assert await store.add(SPACE, record(str(number), facts={"text": "x" * 1000}), phase())
        assert await store.get(SPACE, "0") is not None
        await store.close()


class _Time:
    """The machine's time as the store sees it; a test moves it."""

    def __init__(self) -> None:
        self.seconds = 1_000_000.0

    def time_ns(self) -> int:
        return round(self.seconds * 1e9)

    def monotonic(self) -> float:
        return self.seconds


@needs_redis
async def test_expire__ends_unused_namespaces(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that nobody used for so long, whoever looks; never the default one, and none without `expire`."""
    now = _Time()
    monkeypatch.setattr("specimen.mockserver.sessions.store.redis.spaces.time", now)
    prefix = "?prefix=test-expire:"
    one, two, forever = (RedisStore(f"{redis_url}{prefix}{more}") for more in ("&expire=100", "&expire=100", ""))
    for store in (one, two, forever):
        await store.open()
        store._marked_at = now.monotonic()
    for name in ("default", "idle", "busy"):
        await one.namespace(name)
        await one.add(Space(name, "atlas"), record("a", Space(name, "atlas")), phase())
    for _ in range(20):  # 120 seconds, in which only one process uses a namespace
        now.seconds += 6
        await two.namespace("busy")
        if now.seconds <= 1_000_000 + 100:
            assert await two.count(Space("idle", "atlas")) == 1
    await forever.namespace("busy")
    assert list(await two.namespaces("", 9)) == ["busy", "default"]
    assert [await two.count(Space(name, "atlas")) for name in ("default", "idle", "busy")] == [1, 0, 1]
    assert await forever.namespace("idle") == (None, 0)
    now.seconds += 10_000
    await forever.namespace("other")
    assert list(await forever.namespaces("", 9)) == ["busy", "default", "idle", "other"]
    for store in (one, two, forever):
        await store.close()


@pytest.mark.parametrize("expire", ["0", "59", "-100", "1e3", "day"])
def test_expire__what_it_may_be(expire: str) -> None:
    """Whole seconds, a minute or more: processes mark what they use every few seconds."""
    with pytest.raises(SettingError, match="expected whole seconds, 60 or more"):
        RedisStore(f"redis://127.0.0.1/?expire={expire}&prefix=x")


class _Forgetful:
    """A client that takes a cancellation for a lost connection and asks again, as redis-py's of a cluster can."""

    async def execute_command(self, *_: object) -> int:
        """An answer, although its caller was cancelled."""
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        return 0


async def test_command__of_a_cancelled_caller_ends_it() -> None:
    """Else it goes on to wait for a lock, and who cancelled it waits too."""
    connection = Connection("redis://127.0.0.1:1")
    connection._client = _Forgetful()
    waiting = asyncio.create_task(connection.command("GET", "k"))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
