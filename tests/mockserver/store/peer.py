"""A second process that does what the tests ask of a store: `python -m tests.mockserver.store.peer URL`, JSON lines."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from types import TracebackType
from typing import Any, Self

from msgspec.structs import replace

from specimen.mockserver.sessions.store import Page, Phase, Space, Store
from tests.mockserver.store.places import record
from tests.serving import ROOT, environment


def connected(url: str) -> Store:
    """A client of a shared store."""
    if url.startswith("sqlite:"):
        from specimen.mockserver.sessions.store.sqlite import SqliteStore

        return SqliteStore(url.removeprefix("sqlite:///"))
    from specimen.mockserver.sessions.store.redis import RedisStore

    return RedisStore(url)


async def perform(store: Store, name: str, arguments: list[Any]) -> Any:  # noqa: PLR0911 - a table, with a case each
    """One operation, its arguments and its result as JSON; a session is its id and the number of its reads."""
    if name in ("namespace", "set_namespace", "drop"):
        return await getattr(store, name)(*arguments)
    space, *rest = arguments
    space = Space(*space)
    if name == "add":
        session_id, owner, keys, state, until = rest
        return await store.add(space, record(session_id, space, owner=owner, keys=tuple(keys)), Phase(state, until))
    if name == "read":  # counts one on the session, by compare-and-set
        session_id, state, until = rest
        while (old := await store.get(space, session_id)) is not None:
            newer = replace(old, reads=old.reads + 1, version=old.version + 1)
            if await store.swap(space, newer, Phase(state, until)):
                return newer.reads
        return None
    if name == "turn":  # adds a session and keeps its id
        key, now, session_id, until = rest
        async with store.turn(space, key, now, "n") as turn:
            if turn.kept.version:
                return [turn.kept.value, 0]
            added = None if session_id is None else (record(session_id, space), Phase("open", 9))
            return [await turn.finish(added, session_id, until, now), turn.number]
    if name == "get":
        found = await store.get(space, *rest)
        return None if found is None else [found.id, found.reads]
    if name in ("owners", "due"):
        return [found.id for found in await getattr(store, name)(space, *rest)]
    if name == "page":
        return [found.id for found in await store.page(space, Page(*rest))]
    if name == "claim_one":  # claims and acknowledges
        tasks = await store.claim(space, *rest, 60, 1)
        return [task.id for task in tasks if await store.acknowledge(space, task)]
    if name == "values":
        return [[key, list(kept)] for key, kept in await store.values(space, *rest)]
    if name == "entries":
        return [list(entry) for entry in await store.entries(space, *rest)]
    return await getattr(store, name)(space, *rest)


class Peer:
    """The other process, from the side of the tests."""

    def __init__(self, url: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.mockserver.store.peer", url],
            cwd=ROOT, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        assert self._process.wait(20) == 0
        self._process.stdout.close()

    def call(self, name: str, *arguments: Any) -> Any:
        """An operation there."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([name, *arguments]), file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())


async def _serve(url: str) -> None:
    store = connected(url)
    await store.open()
    try:
        while line := await asyncio.to_thread(sys.stdin.readline):
            name, *arguments = json.loads(line)
            print(json.dumps(await perform(store, name, arguments)), flush=True)
    finally:
        await store.close()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
