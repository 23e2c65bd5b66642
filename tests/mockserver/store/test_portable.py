"""Export and import between kinds of stores, and `specimen store`."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
import typer

from specimen.mockserver.control.commands import store as store_commands
from specimen.mockserver.sessions.session_record import FOREVER
from specimen.mockserver.sessions.store import Bounds, Page, Space, StoreUnavailable
from specimen.mockserver.sessions.store.codec import encode_record, encode_value
from specimen.mockserver.sessions.store.portable import FILE_VERSION, ForeignFile, Row, end, head, read_rows, written
from specimen.mockserver.sessions.store.sqlite import SqliteStore
from tests.mockserver.store.places import ELSEWHERE, KINDS, OTHER, SHARED, SPACE, Place, fill, needs_redis, params, record
from tests.serving import FROM_SOURCE, environment, run


async def _all(place: Place) -> list[Row]:
    async with place.opened() as store:
        return [row async for row in store.dump()]


async def _filled(place: Place) -> None:
    async with place.opened(Bounds(log_entries=3)) as store:
        assert await store.set_namespace("default", {"clock": 1}, 0)
        assert await store.set_namespace("default", {"clock": 2}, 1)
        await store.namespace("empty")
        for space in (SPACE, OTHER, ELSEWHERE):
            await fill(store, "b", "a\x00é", "c", space=space, keys=("k:1", "k:\x00"), owner="acme", facts={"n": 2**70})
            await store.increment(space, "n")
            await store.set_value(space, "v:1", b"\x00\xff", FOREVER, 0)
            await store.set_value(space, "v:1", [1], 900, 0)
            await store.append(space, "log:ü", ["a", "b", "c", "d", "e"])
            for name in ("later", "first", "done"):
                assert await store.enqueue(space, name, "lane ü", {"done": 1, "first": 2, "later": 3}[name], {"x": b"y"})
            (task,) = await store.claim(space, 9, 60, 1)
            assert await store.acknowledge(space, task)
            (task,) = await store.claim(space, 9, 60, 1)
            assert await store.postpone(space, task, 50, {"x": 2})


@pytest.mark.parametrize("into", params(SHARED))
@pytest.mark.parametrize("of", params(SHARED))
async def test_restore__of_another_kind(of: str, into: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """What one kind wrote, another takes in and writes as it was; all works on."""
    folders = [tmp_path / "of", tmp_path / "into"]
    for folder in folders:
        folder.mkdir()
    first, second = KINDS[of](folders[0], request), KINDS[into](folders[1], request)
    await _filled(first)
    rows = await _all(first)
    text = [head(), *(written(row) for row in rows), end(len(rows))]
    async with second.opened() as store:
        await store.restore(read_rows(text, "file"))
        assert (await store.namespace("default")) == ({"clock": 2}, 2)
        assert list(await store.namespaces("", 9)) == ["default", "empty", "team-a"]
        for space in (SPACE, OTHER, ELSEWHERE):
            assert [found.id for found in await store.page(space, Page("newest", 9, owner="acme", state="open"))] == [
                "c",
                "a\x00é",
                "b",
            ]
            assert (await store.find(space, "k:\x00")).facts == {"n": 2**70}
            assert await store.value(space, "v:1", 0) == ([1], 2)
            assert await store.entries(space, "log:ü", 0, 9) == [(3, "c"), (4, "d"), (5, "e")]
            assert await store.next_due(space) == 50
            assert not await store.enqueue(space, "done", "lane ü", 0, None)
    assert sorted(await _all(second), key=repr) == sorted(rows, key=repr)
    async with second.opened() as store:
        assert await store.increment(SPACE, "n") == 2
        await store.append(SPACE, "log:ü", ["f"])
        assert (await store.entries(SPACE, "log:ü", 5, 9)) == [(6, "f")]
        (task,) = await store.claim(SPACE, 50, 60, 9)
        assert (task.id, task.attempt, task.payload) == ("first", 2, {"x": 2})


@pytest.mark.parametrize("kind", params(SHARED))
async def test_restore__session_twice(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """It is refused, not left out, and no part of the file is served."""
    place = KINDS[kind](tmp_path, request)
    row = Row("session", SPACE, (encode_record(record("a")), "open", FOREVER))
    async with place.opened() as store:
        with pytest.raises(ForeignFile, match="twice"):
            await store.restore([Row("namespace", Space("default", ""), (None, 0)), row, row])
    if kind == "sqlite":
        async with place.opened() as store:
            assert await store.get(SPACE, "a") is None
    else:
        with pytest.raises(StoreUnavailable, match="a part of an import"):
            await place.connect(Bounds()).open()


def test_command__import_refused(tmp_path: Path) -> None:
    """A file that is refused halfway leaves no new SQLite file behind; one that was there stays."""
    session = Row("session", SPACE, (encode_record(record("a")), "open", 1))
    rows = [Row("namespace", Space("default", ""), (None, 0)), session, session]
    (tmp_path / "twice.jsonl").write_text(head() + "".join(map(written, rows)) + end(len(rows)))
    done = run("store", "import", "sqlite:///sandbox.db", "twice.jsonl", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "is damaged: it has a row twice" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["twice.jsonl"]
    (tmp_path / "sandbox.db").touch()
    assert run("store", "import", "sqlite:///sandbox.db", "twice.jsonl", folder=tmp_path).returncode == 2
    assert (tmp_path / "sandbox.db").exists()


def test_command__import_of_what_can_be_read_once(tmp_path: Path) -> None:
    """A pipe is checked to its end before anything is taken, and then there is nothing left of it: it is refused at once."""
    os.mkfifo(tmp_path / "pipe")
    done = run("store", "import", "sqlite:///sandbox.db", "pipe", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "file 'pipe': it is a pipe or a device, and is read twice. Write it to a file first." in done.stderr
    done = run("store", "import", "sqlite:///sandbox.db", ".", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "file '.' cannot be read: Is a directory." in done.stderr
    done = run("store", "import", "sqlite:///sandbox.db", "nothing.jsonl", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "file 'nothing.jsonl' cannot be read: No such file or directory." in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full, the disk that is always full")
@pytest.mark.parametrize("names", [0, 5_000], ids=["at its close", "while it is written"])
def test_command__export_to_a_full_disk(names: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command says so, and leaves no file that is shorter than the store."""

    async def begin() -> None:
        store = SqliteStore(tmp_path / "sandbox.db")
        await store.open()
        for number in range(names):
            await store.set_value(SPACE, f"name-{number}", number, FOREVER, 0)
        await store.close()

    asyncio.run(begin())
    written_to = []

    def opened(path: Any, *arguments: Any, **options: Any) -> Any:
        written_to.append(path)
        Path(path).touch()
        return Path("/dev/full").open("w", encoding="utf-8")

    monkeypatch.setattr(store_commands, "open", opened, raising=False)
    with pytest.raises(typer.Exit) as refused:
        store_commands.export(f"sqlite:///{tmp_path / 'sandbox.db'}", str(tmp_path / "all.jsonl"))
    assert refused.value.exit_code == 2
    assert written_to == [tmp_path / "all.jsonl"]
    assert [path.name for path in tmp_path.iterdir()] == ["sandbox.db"]


@pytest.mark.parametrize("command", ["export", "import"])
def test_command__interrupted(command: str, tmp_path: Path) -> None:
    """Ctrl-C ends an export or an import of a SQLite file in the middle, and nothing is left of it."""
    rows = [Row("namespace", Space("default", ""), (None, 0))]
    rows += [Row("session", SPACE, (encode_record(record(f"s{number}")), "open", FOREVER)) for number in range(60_000)]
    (tmp_path / "all.jsonl").write_text(head() + "".join(map(written, rows)) + end(len(rows)))
    arguments = ["sqlite:///sandbox.db", "all.jsonl"]
    if command == "export":
        assert run("store", "import", *arguments, folder=tmp_path).returncode == 0
        arguments[1] = "again.jsonl"
    before = sorted(path.name for path in tmp_path.iterdir())
    line = [*FROM_SOURCE, "store", command, *arguments]
    work = subprocess.Popen(line, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    new = tmp_path / ("again.jsonl" if command == "export" else "sandbox.db-wal")
    until = time.monotonic() + 30
    while not new.exists():
        assert work.poll() is None, work.communicate()
        assert time.monotonic() < until
        time.sleep(0.01)
    work.send_signal(signal.SIGINT)
    printed, errors = work.communicate(timeout=60)
    assert (work.returncode, printed) == (130, "")
    assert "Traceback" not in errors
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_command__import_refused_while_another_process_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a server has made in the new file meanwhile stays, though the import is refused."""
    path, file = tmp_path / "sandbox.db", tmp_path / "all.jsonl"
    file.write_text(head() + end(0))
    restore = SqliteStore.restore

    async def overtaken(store: SqliteStore, rows: Any) -> None:
        server = SqliteStore(path)
        await server.open()
        await fill(server, "a")
        await server.close()
        await restore(store, rows)
        raise ForeignFile("the file is damaged")

    monkeypatch.setattr(SqliteStore, "restore", overtaken)
    with pytest.raises(typer.Exit) as refused:
        store_commands.import_(f"sqlite:///{path}", str(file))
    assert refused.value.exit_code == 2
    info = run("store", "info", f"sqlite:///{path}", "--json", folder=tmp_path)
    assert json.loads(info.stdout)["sessions"] == 1


@pytest.mark.parametrize("is_open", [False, True], ids=["closed", "open elsewhere"])
async def test_command__reads_a_file_and_writes_nothing(is_open: bool, tmp_path: Path) -> None:
    """A look into a SQLite file changes neither it nor the files beside it, whether a server has it open or not."""
    store = SqliteStore(tmp_path / "sandbox.db")
    await store.open()
    await fill(store, "a", "b")
    if not is_open:
        await store.close()
    before = _files(tmp_path)
    assert set(before) == ({"sandbox.db", "sandbox.db-wal", "sandbox.db-shm"} if is_open else {"sandbox.db"})
    info = run("store", "info", "sqlite:///sandbox.db", "--json", folder=tmp_path)
    assert json.loads(info.stdout)["sessions"] == 2
    exported = run("store", "export", "sqlite:///sandbox.db", "all.jsonl", folder=tmp_path)
    assert exported.returncode == 0, exported.stderr
    (tmp_path / "all.jsonl").unlink()
    assert {**_files(tmp_path), "sandbox.db-shm": None} == {**before, "sandbox.db-shm": None}  # readers are noted in that one
    await store.close()


async def test_read__file_that_a_server_begins_to_use(tmp_path: Path) -> None:
    """A reader that took a file for unused does not go on with what may be half of a change."""
    path = tmp_path / "sandbox.db"
    writer, reader = SqliteStore(path), SqliteStore(path, is_read=True)
    await writer.open()
    await writer.close()
    await reader.open()
    assert await reader.namespaces("", 9) == []
    await writer.open()
    await fill(writer, "a")
    with pytest.raises(StoreUnavailable, match="meanwhile"):
        await reader.namespaces("", 9)
    await writer.close()
    with pytest.raises(StoreUnavailable, match="meanwhile"):
        await reader.namespaces("", 9)
    await reader.close()


async def test_open__reads_an_empty_file(tmp_path: Path) -> None:
    """An empty file stays one."""
    path = tmp_path / "sandbox.db"
    path.touch()
    with pytest.raises(StoreUnavailable, match="it is empty"):
        await SqliteStore(path, is_read=True).open()
    assert _files(tmp_path) == {"sandbox.db": b""}


def test_command__url_in_the_environment(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """A store's URL may hold a password; the commands take it from SPECIMEN_STORE, a named one before that."""
    place = KINDS["sqlite"](tmp_path, request)
    asyncio.run(_filled(place))

    def specimen(*arguments: str, code: int = 0, **environment: str) -> str:
        done = run("store", *arguments, folder=tmp_path, **environment)
        assert done.returncode == code, done.stderr
        return done.stderr if code else done.stdout

    for arguments in (("info",), ("export", "all.jsonl"), ("import", "all.jsonl"), ("clear", "--yes")):
        assert "no store is named" in specimen(*arguments, code=2)
    named = {"SPECIMEN_STORE": place.url}
    assert "no file is named" in specimen("export", code=2, **named)
    assert "no file is named" in specimen("export", "sqlite:///other.db", code=2, **named)
    specimen("export", "all.jsonl", **named)
    specimen("import", "sqlite:///other.db", "all.jsonl", **named)
    specimen("clear", "--yes", **named)
    assert json.loads(specimen("info", "--json", **named))["sessions"] == 0
    assert json.loads(specimen("info", "sqlite:///other.db", "--json", **named))["sessions"] == 9
    specimen("import", "all.jsonl", **named)
    assert json.loads(specimen("info", "--json", **named))["sessions"] == 9


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@needs_redis
async def test_command__reads_and_writes_nothing(redis_url: str, tmp_path: Path) -> None:
    """A look into a Redis that holds no store leaves no key there."""
    url = f"{redis_url}?prefix=nothing-here:"
    assert run("store", "info", url, folder=tmp_path).returncode == 0
    assert run("store", "export", url, "all.jsonl", folder=tmp_path).returncode == 0
    client = redis.Redis.from_url(redis_url)
    assert client.keys("nothing-here:*") == []
    client.close()


@pytest.mark.parametrize("kind", params(SHARED))
async def test_restore__cut_off_is_served_to_nobody(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Where the process that imports ends: the store is as empty as before, or refuses until it is cleared; then it takes all."""
    (tmp_path / "of").mkdir()
    first, second = KINDS["sqlite"](tmp_path / "of", request), KINDS[kind](tmp_path, request)
    await _filled(first)
    rows = await _all(first)
    rows += [Row("counter", SPACE, (f"n{number}", number)) for number in range(2_500)]  # more than one transaction took

    def some() -> Iterator[Row]:
        yield from rows[: len(rows) // 2]
        raise ConnectionAbortedError

    async with second.opened() as store:
        with pytest.raises(ConnectionAbortedError):
            await store.restore(some())
    if kind == "sqlite":
        assert await _all(second) == []
    else:
        with pytest.raises(StoreUnavailable, match="`specimen store clear`"):
            await _all(second)
    await asyncio.to_thread(run, "store", "clear", second.url, "--yes", folder=tmp_path)
    assert await _all(second) == []
    async with second.opened() as store:
        await store.restore(rows)
    assert sorted(await _all(second), key=repr) == sorted(rows, key=repr)


COUNTER = Row("counter", SPACE, ("n", 1))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a diary\n", "no export of a store"),
        ("[]\n", "no export of a store"),
        (json.dumps({"specimen_store": 99, "codec": 1}) + "\n", "version 99 with format 1"),
        ("", "cut off after 0 lines"),
        (head(), "cut off after 1 lines"),
        (head() + written(COUNTER), "cut off after 2 lines"),
        (head() + written(COUNTER) + end(2), "file:3: it is damaged"),
        (head() + end(0) + written(COUNTER), "file:3: it is damaged"),
        (head() + '{"kind": "value"}\n', "file:2: it is damaged"),
        (head() + written(Row("session", Space("a", "b"), (b"\x01", "open", 1)))[:-20] + "\n", "file:2: it is damaged"),
        (head() + written(Row("session", Space("a", "b"), (encode_record(record("s")), None, 1))), "file:2: it is damaged"),
        (head() + written(Row("session", Space("a", "b"), (b"\x01\x90", "open", 1))), "file:2: it is damaged"),
        (head() + written(Row("value", Space("a", "b"), ("k", "x", 1, encode_value(1)))), "file:2: it is damaged"),
        (head() + written(Row("counter", Space(5, "b"), ("k", 1))), "file:2: it is damaged"),  # type: ignore[arg-type]
        *((head() + line + "\n", "file:2: it is damaged") for line in ("5", "[]", "null", '"rows"', "[" * 100_000)),
        *((head() + written(Row("counter", SPACE, ("k", count))), "file:2: it is damaged") for count in (10**23, 2**53, -1)),
        (head() + written(Row("value", SPACE, ("k", 2**63, 1, encode_value(1)))), "file:2: it is damaged"),
        (head() + written(Row("value", SPACE, ("k", 1, 2**32, encode_value(1)))), "file:2: it is damaged"),
        (head() + written(Row("value", SPACE, ("k", 1, True, encode_value(1)))), "file:2: it is damaged"),
        *((head() + written(Row("counter", space, ("k\ud800"[: 2 - at], 1))), "file:2: it is damaged")
          for at, space in ((0, SPACE), (1, Space("\udfff", "atlas")), (1, Space("a", "\udfff")))),
        *((head() + written(Row("namespace", Space("a", ""), (value, 1))), "file:2: it is damaged")
          for value in (b"", b"\x01\x81", b"\x09\x80", encode_value([1]))),
    ],
)  # fmt: skip
def test_read_rows__foreign(text: str, words: str) -> None:
    """What is no export is refused with its place."""
    with pytest.raises(ForeignFile, match=words):
        list(read_rows(text.splitlines(keepends=True), "file"))
    assert FILE_VERSION == 2


@pytest.mark.parametrize("kind", params([kind for kind in SHARED if kind != "cluster"]))
def test_command(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """info, export, import and clear; what would lose something is refused."""
    place = KINDS[kind](tmp_path, request)
    asyncio.run(_filled(place))

    def specimen(*arguments: str, code: int = 0) -> Any:
        done = run("store", *arguments, folder=tmp_path)
        assert done.returncode == code, done.stderr
        return done.stderr if code else done.stdout

    info = json.loads(specimen("info", place.url, "--json"))
    assert (info["namespaces"], info["sessions"], info["values"]) == (3, 9, 3)
    assert info["spaces"]["default"]["atlas"] == {"sessions": 3, "values": 1, "tasks": 2}
    assert "default" in specimen("info", place.url)
    specimen("export", place.url, "all.jsonl")
    assert "exists" in specimen("export", place.url, "all.jsonl", code=2)
    assert "not empty" in specimen("import", place.url, "all.jsonl", code=2)
    assert "--yes" in specimen("clear", place.url, code=2)
    specimen("clear", place.url, "--yes")
    assert json.loads(specimen("info", place.url, "--json"))["namespaces"] == 0
    (tmp_path / "text.jsonl").write_text("a diary\n")
    assert "no export of a store" in specimen("import", place.url, "text.jsonl", code=2)
    specimen("import", place.url, "all.jsonl")
    assert json.loads(specimen("info", place.url, "--json")) == info
    assert "processes" in specimen("info", "memory", code=2)
