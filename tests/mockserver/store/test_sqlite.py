"""What only the SQLite store promises: which files it takes, and what it says where it cannot go on."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from pathlib import Path

import pytest

from specimen.mockserver.errors import SettingError
from specimen.mockserver.sessions.session_record import FOREVER
from specimen.mockserver.sessions.store import Bounds, Page, StoreUnavailable
from specimen.mockserver.sessions.store.factory import open_store
from specimen.mockserver.sessions.store.sqlite import SqliteStore, connection, outbox, schema, values
from tests.mockserver.store.places import SPACE, fill, phase, record

MOUNTS = """\
/dev/root / ext4 rw 0 0
tmpfs /tmp tmpfs rw 0 0
server:/home /home nfs4 rw 0 0
//nas/share /mnt/a\\040share cifs rw 0 0
/dev/sdb /home/local ext4 rw 0 0
broken line
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/store.db", "ext4"), ("/tmp/store.db", "tmpfs"), ("/home/ada/store.db", "nfs4"), ("/home", "nfs4"),
        ("/home/local/store.db", "ext4"), ("/mnt/a share/store.db", "cifs"), ("/homes/store.db", "ext4"),
    ],
)  # fmt: skip
def test_file_system__innermost_mount(path: str, kind: str) -> None:
    """The mount that holds the file decides."""
    assert schema.file_system(Path(path), MOUNTS) == kind


async def test_open__network_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused before a file is made."""
    mounts = tmp_path / "mounts"
    mounts.write_text("server:/ / nfs4 rw 0 0\n")
    monkeypatch.setattr(schema, "_MOUNTS", mounts)
    with pytest.raises(StoreUnavailable, match=r"network disk \(nfs4\).*local disk"):
        await SqliteStore(tmp_path / "store.db").open()
    assert not (tmp_path / "store.db").exists()


async def _refused(path: Path) -> str:
    with pytest.raises(StoreUnavailable) as refused:
        await SqliteStore(path).open()
    return str(refused.value)


async def test_open__what_is_no_store(tmp_path: Path) -> None:
    """Files of other programs, and of another layout, are refused with a sentence and stay as they are."""
    text, foreign, newer = tmp_path / "text.db", tmp_path / "foreign.db", tmp_path / "newer.db"
    text.write_text("a diary, and none of yours\n" * 100)
    with sqlite3.connect(foreign) as db:
        db.execute("CREATE TABLE diary (day)")
    db.close()
    store = SqliteStore(newer)
    await store.open()
    await store.close()
    with sqlite3.connect(newer) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    for path, words in ((text, "no SQLite file"), (foreign, "of another program"), (newer, "layout 99")):
        before = path.read_bytes()
        assert words in await _refused(path)
        assert path.read_bytes() == before
    assert "folder has to exist" in await _refused(tmp_path / "none" / "store.db")
    assert "cannot be opened" in await _refused(tmp_path)


async def test_open__damaged_file(tmp_path: Path) -> None:
    """What is cut off or overwritten says so, in whichever call meets it."""
    path = tmp_path / "store.db"
    store = SqliteStore(path)
    await store.open()
    await fill(store, *(f"{n:03}" for n in range(300)))
    await store.close()
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\xa5" * (len(data) - 4096))
    damaged = SqliteStore(path)
    with pytest.raises(StoreUnavailable, match="damaged"):  # noqa: PT012 - whichever meets it
        await damaged.open()
        await damaged.page(SPACE, Page("id", 99))
    await damaged.close()


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser writes to read-only files")
async def test_open__read_only(tmp_path: Path) -> None:
    """A file that cannot be written says so when it is opened."""
    path = tmp_path / "store.db"
    store = SqliteStore(path)
    await store.open()
    await store.close()
    path.chmod(0o400)
    assert "read-only" in await _refused(path)


async def test_write__full_disk(tmp_path: Path) -> None:
    """SQLite's own limit stands in for the disk's end: a sentence, all that was acknowledged is there, reads go on."""
    store = SqliteStore(tmp_path / "store.db")
    await store.open()
    pages = await store._file.read(lambda db: db.execute("PRAGMA page_count").fetchone()[0])
    await store._file.read(lambda db: db.execute(f"PRAGMA max_page_count = {pages + 20}").fetchone())
    kept = 0
    with pytest.raises(StoreUnavailable, match="disk is full"):  # noqa: PT012 - the first of many that is refused
        while True:
            assert await store.add(SPACE, record(f"{kept:05}", facts={"text": "x" * 1000}), phase())
            kept += 1
    assert kept > 0
    assert await store.count(SPACE) == kept
    assert len(await store.page(SPACE, Page("newest", 1000))) == kept
    await store._file.read(lambda db: db.execute(f"PRAGMA max_page_count = {pages + 2000}").fetchone())
    await fill(store, "later")
    await store.close()


async def test_ping__full_disk(tmp_path: Path) -> None:
    """A write that needs no new page goes on; the store is ready again only when what creates need can be written."""
    store = SqliteStore(tmp_path / "store.db")
    await store.open()
    pages = await store._file.read(lambda db: db.execute("PRAGMA page_count").fetchone()[0])
    await store._file.read(lambda db: db.execute(f"PRAGMA max_page_count = {pages + 1}").fetchone())
    with pytest.raises(StoreUnavailable, match="disk is full"):
        await fill(store, *(f"{number:04}" for number in range(500)))
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="disk is full"):
            await store.ping()
    await store._file.read(lambda db: db.execute(f"PRAGMA max_page_count = {pages + 2000}").fetchone())
    await store.ping()
    await fill(store, "later")
    assert [row async for row in store.dump() if row.kind == "value"] == []
    await store.close()


@pytest.mark.parametrize("how", ["deleted", "replaced"])
async def test_write__file_is_gone(tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would be written into a deleted file is refused, and the store is not ready."""
    monkeypatch.setattr(connection, "_LOOK_SECONDS", 0)
    path = tmp_path / "store.db"
    store = SqliteStore(path)
    await store.open()
    await fill(store, "a")
    if how == "deleted":
        path.unlink()
    else:
        (tmp_path / "other.db").write_bytes(b"")
        (tmp_path / "other.db").replace(path)
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="deleted, moved or replaced"):
            await store.ping()
        with pytest.raises(StoreUnavailable, match="deleted, moved or replaced"):
            await fill(store, "b")
    await store.close()


async def test_namespace__read_beside_a_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That a namespace was used is marked when that takes no waiting: a read needs no turn to write."""
    monkeypatch.setattr("specimen.mockserver.sessions.store.sqlite.spaces._USED_SECONDS", 0)
    path = tmp_path / "store.db"
    store = SqliteStore(path)
    await store.open()
    await store.namespace("team-a")
    used = "SELECT used FROM namespaces WHERE name = 'team-a'"
    (before,) = await store._file.read(lambda db: db.execute(used).fetchone())
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        monkeypatch.setattr(connection, "BUSY_SECONDS", 0)
        assert (await store.namespace("team-a")).version == 0
        other.execute("COMMIT")
    await store.namespace("team-a")
    (after,) = await store._file.read(lambda db: db.execute(used).fetchone())
    assert after > before
    await store.close()


async def test_lock__clock_set_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock of a process that died is free although the machine's clock says that it ends in an hour; so is its task."""
    path = tmp_path / "store.db"
    dead, store = SqliteStore(path), SqliteStore(path)
    await dead.open()
    now = values._now()
    monkeypatch.setattr(values, "_now", lambda: now + 3_600_000)
    monkeypatch.setattr(outbox, "_real_now", lambda: now + 3_600_000)
    assert await dead._take(SPACE, "k", "token")
    assert await dead.enqueue(SPACE, "t", "lane", 0, None)
    assert len(await dead.claim(SPACE, 0, 60, 9)) == 1
    await dead.close()
    monkeypatch.setattr(values, "_now", lambda: now)
    monkeypatch.setattr(outbox, "_real_now", lambda: now)
    await store.open()
    async with asyncio.timeout(5), store.lock(SPACE, "k"):
        assert not await store._take(SPACE, "k", "another")
    assert (await store.tasks(SPACE, "", 9))[0][1]["held"] is False
    assert await store.next_due(SPACE) == 0
    assert await store.reschedule(SPACE, "t", 5)
    (task,) = await store.claim(SPACE, 5, 60, 9)
    assert (task.id, task.attempt) == ("t", 2)
    assert await store.claim(SPACE, 5, 60, 9) == []
    await store.close()


async def test_write__held_by_another_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write waits for one that ends, while the loop goes on; one that never ends is a sentence."""
    monkeypatch.setattr(connection, "BUSY_SECONDS", 0.1)
    path = tmp_path / "store.db"
    store = SqliteStore(path)
    await store.open()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert await store.get(SPACE, "a") is None
    with pytest.raises(StoreUnavailable, match="another process holds it"):
        await fill(store, "a")
    with pytest.raises(StoreUnavailable):
        await store.ping()
    monkeypatch.setattr(connection, "BUSY_SECONDS", 60)
    writing = asyncio.create_task(fill(store, "a"))
    await asyncio.sleep(0.01)
    assert not writing.done()
    other.execute("COMMIT")
    await writing
    other.close()
    await store.close()


async def test_open__goes_on_sweeping(tmp_path: Path) -> None:
    """A drop of which only the first transaction was done is finished by who opens the file next."""
    store = SqliteStore(tmp_path / "store.db", Bounds())
    await store.open()
    await fill(store, *(f"{n}" for n in range(50)), keys=("k:1",))
    await store.set_value(SPACE, "v", 1, FOREVER, 0)
    await store._file.write(_unlink)
    await store.close()
    again = SqliteStore(tmp_path / "store.db", Bounds())
    await again.open()
    await again._sweeping
    for table in schema.SWEPT:
        assert await again._file.read(lambda db, table=table: db.execute(f"SELECT count(*) FROM {table}").fetchone()) == (0,)
    assert await again._file.read(lambda db: db.execute("SELECT name, count FROM totals WHERE count").fetchall()) == []
    await again.close()


def _unlink(db: sqlite3.Connection) -> None:
    from specimen.mockserver.sessions.store.sqlite.spaces import unlink

    unlink(db, SPACE.namespace)


def test_open__in_another_event_loop(tmp_path: Path) -> None:
    """A store that one loop opened serves the next one after it was opened there again."""
    store = SqliteStore(tmp_path / "store.db")

    async def add(name: str) -> int:
        await store.open()
        async with store.lock(SPACE, "k"), store.watch(SPACE) as watch:
            await fill(store, name)
            assert await watch.wait(1)
        return await store.count(SPACE)

    assert [asyncio.run(add(name)) for name in ("a", "b")] == [1, 2]
    asyncio.run(store.close())


async def test_checkpoint__is_no_transactions_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log goes into the file after some writes, beside the event loop; what was written is read as before."""
    monkeypatch.setattr("specimen.mockserver.sessions.store.sqlite.connection.CHECKPOINT_WRITES", 20)
    path = tmp_path / "store.db"
    store = SqliteStore(path)
    await store.open()
    before = path.stat().st_size
    for number in range(20):
        assert await store.set_value(SPACE, f"k{number}", "x" * 4_000, FOREVER, 0)
    task = store._file.checkpoint
    assert task is not None
    await task
    assert path.stat().st_size >= before + 20 * 4_000
    assert (await store.value(SPACE, "k19", 0)).value == "x" * 4_000
    await store.close()


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:file.db", "sqlite://file.db", "sqlite:///", "sqlite:///:memory:", "sqlite:///a.db?mode=ro", "sqlite://u:s3cr3t@h/f",
        "redis://:s3cr3t@[::1",
    ],
)  # fmt: skip
def test_url__refused(url: str) -> None:
    """What names no file, or one store for each connection, is refused; a password is not shown."""
    with pytest.raises(SettingError, match="expected") as refused:
        open_store(url)
    assert "s3cr3t" not in str(refused.value)
