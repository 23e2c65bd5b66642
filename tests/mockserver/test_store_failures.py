"""A store that does not answer, and a namespace that another process changes under a request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest

from specimen import specs
from specimen.mockserver.app import App
from specimen.mockserver.sessions.session_record import Record
from specimen.mockserver.sessions.store import NamespaceChanged, Space, StoreFull, StoreUnavailable, Versioned
from specimen.mockserver.sessions.store.codec import decode_record
from specimen.mockserver.sessions.store.memory import MemoryStore
from specimen.mockserver.settings import Settings
from specimen.mockserver.testing.in_process import completed
from tests.mockserver import dummy_provider
from tests.mockserver.calling import NOW, ask, ask_entry, assert_vendors_error, create_entry, frozen_app, read_entry


class Gone(MemoryStore):
    """A store that can be cut off."""

    is_gone = False

    async def namespace(self, name: str) -> Versioned:
        """A namespace's document."""
        self._check()
        return await super().namespace(name)

    def namespace_at_hand(self, name: str) -> Versioned | None:
        """Nothing is: the store is asked each time."""
        return None

    async def get(self, space: Space, session_id: str) -> Record | None:
        """A session."""
        self._check()
        return await super().get(space, session_id)

    async def ping(self) -> None:
        """Whether it answers."""
        self._check()

    def _check(self) -> None:
        if self.is_gone:
            raise StoreUnavailable("connection refused")

    @contextmanager
    def away(self) -> Iterator[None]:
        """Cut off while the context lasts."""
        self.is_gone = True
        yield
        self.is_gone = False


@pytest.mark.parametrize("name", specs.names())
def test_store__gone_and_back(name: str) -> None:
    """While the store is gone, reads and creates are 503; what was kept is there when it is back."""
    store = Gone()
    app = App(Settings(now=NOW, freeze=True), [specs.load(name)], store)
    made = ask_entry(app, create_entry(app, name))
    read = read_entry(app, name, made.json())
    good = ask_entry(app, read)
    with store.away():
        for entry in (read, create_entry(app, name)):
            answer = ask_entry(app, entry)
            assert answer.status_code == 503
            assert_vendors_error(app.mounted[name].provider, entry["operation"], answer)
        assert ask_entry(app, {**read, "headers": {}}).status_code < 500  # what needs no store is answered as ever
    assert ask_entry(app, read).content == good.content


def test_store__gone_is_told_by_readiness() -> None:
    """Readiness follows the store; liveness and health do not."""
    store = Gone()
    app = App(Settings(now=NOW, freeze=True), [specs.load("kayle")], store)
    paths = ("/_specimen/ready", "/_specimen/live", "/_specimen/health")
    assert [ask(app, "GET", path).status_code for path in paths] == [200, 200, 200]
    with store.away():
        assert [ask(app, "GET", path).status_code for path in paths] == [503, 200, 200]
    assert ask(app, "GET", paths[0]).json() == {"status": "ready"}


def test_store__gone_in_the_vendors_form(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where the vendor documents an answer of a broken server, the 503 has its body."""
    document = dummy_provider.document()
    body = {"schema": dummy_provider.REFUSED, "examples": {"down": {"value": {"refused": "down"}}}}
    document["paths"]["/records/{id}"]["get"]["responses"]["503"] = {
        "description": "Down.",
        "content": {"application/json": body},
    }
    dummy_provider.load(monkeypatch, tmp_path, document)
    store = Gone()
    app = App(Settings(now=NOW, freeze=True), [specs.load("atlas")], store)
    made = ask(app, "POST", "/atlas/v3/records", dummy_provider.KEY, json={}).json()
    with store.away():
        answer = ask(app, "GET", f"/atlas/v3/records/{made['id']}", dummy_provider.KEY)
    assert (answer.status_code, answer.json()) == (503, {"refused": "down"})


def test_stream__store_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a session cannot be watched the answer is 503; a stream that has begun goes on when the store is back."""
    store = Gone()
    app = App(Settings(now=NOW, keep_alive_seconds=0.05, sse_max_seconds=0.5), [specs.load("predicate")], store)
    entry = create_entry(app, "predicate")
    made = ask_entry(app, {**entry, "headers": {**entry["headers"], "Prefer": "status=pending"}}).json()
    path = f"/predicate/api/v1/status/realtime/individual/{made['sessionId']}"
    failed: list[None] = []

    class Failing:
        async def wait(self, timeout_seconds: float) -> bool:
            failed.append(None)
            raise StoreUnavailable("connection refused")

    @asynccontextmanager
    async def failing(*_: object) -> AsyncIterator[Failing]:
        yield Failing()

    @asynccontextmanager
    async def refusing(*_: object) -> AsyncIterator[Failing]:
        raise StoreUnavailable("connection refused")
        yield Failing()

    answers = []
    for watch in (refusing, failing, store.watch):
        monkeypatch.setattr(store, "watch", watch)
        answers.append(ask(app, "GET", path, headers=entry["headers"]))
    assert [(answer.status_code, answer.headers["content-type"].partition(";")[0]) for answer in answers] == [
        (503, "application/json"), (200, "text/event-stream"), (200, "text/event-stream"),
    ]  # fmt: skip
    assert len(failed) > 1
    assert answers[1].text == answers[2].text
    assert answers[1].text.startswith("data: ")


def test_namespace__changes_under_a_request() -> None:
    """A request whose namespace another process changed begins anew, by the new clock."""

    class Elsewhere(MemoryStore):
        changes = 1

        async def increment(self, space: Space, key: str) -> int:
            if self.changes:
                self.changes -= 1
                document, version = await self.namespace(space.namespace)
                clock = {**document["clock"], "frozen_at": document["clock"]["frozen_at"] + 60_000}
                await self.set_namespace(space.namespace, {**document, "clock": clock}, version)
                raise NamespaceChanged
            return await super().increment(space, key)

    store = Elsewhere()
    app = App(frozen_app("kayle").settings, [specs.load("kayle")], store)
    made: Any = ask_entry(app, create_entry(app, "kayle")).json()["data"]
    record = completed(store.get(Space("default", "kayle"), made["id"]))
    assert record is not None
    assert record.made_at == NOW + 60_000
    assert completed(store.count(Space("default", "kayle"))) == 1


def test_namespace__ended_under_a_request() -> None:
    """A request that begins anew, and for whose namespace there is no room any more, is answered as any other one is then."""

    class Crowded(MemoryStore):
        is_full = False

        async def increment(self, space: Space, key: str) -> int:
            self.is_full = True
            raise NamespaceChanged

        async def namespace(self, name: str) -> Versioned:
            if self.is_full:
                raise StoreFull("namespaces", 1)
            return await super().namespace(name)

    app = App(Settings(now=NOW, freeze=True), [specs.load("kayle")], Crowded())
    assert ask_entry(app, create_entry(app, "kayle")).status_code == 429


def test_namespace__changed_all_the_time() -> None:
    """A request that never gets to its end is answered 503, not repeated forever."""

    class Restless(MemoryStore):
        async def increment(self, space: Space, key: str) -> int:
            raise NamespaceChanged

    app = App(Settings(now=NOW, freeze=True), [specs.load("kayle")], Restless())
    assert ask_entry(app, create_entry(app, "kayle")).status_code == 503


def test_format__of_another_version() -> None:
    """What another version wrote, or what is damaged, is 503 with a sentence that says what to do, and shows nothing of it."""

    class Newer(MemoryStore):
        data = b"\x02secret"

        async def get(self, space: Space, session_id: str) -> Record | None:
            return decode_record(self.data)

    store = Newer()
    app = App(Settings(now=NOW, freeze=True), [specs.load("predicate")], store)  # it documents no answer of a broken server
    read = read_entry(app, "predicate", ask_entry(app, create_entry(app, "predicate")).json())
    for data, word in ((store.data, "format 2"), (b"\x01\xa6secret", "damaged"), (b"\x01\xd9\xffsecret", "damaged")):
        store.data = data
        answer = ask_entry(app, read)
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
        assert word in answer.json()["detail"]
        assert "specimen store clear" in answer.json()["detail"]
        assert "secret" not in answer.text


def test_open__once_in_each_loop() -> None:
    """Of first requests at once one opens the store; the server's start opens it too, and its stop closes it."""

    class Counted(MemoryStore):
        calls: ClassVar[list[str]] = []

        async def open(self) -> None:
            self.calls.append("open")
            await asyncio.sleep(0)

        async def close(self) -> None:
            self.calls.append("close")

    app = App(Settings(now=NOW, freeze=True), [specs.load("kayle")], Counted())
    sent: list[str] = []

    async def both() -> None:
        await asyncio.gather(app.open(), app.open(), app.open())

    async def lifespan() -> None:
        messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

        async def receive() -> Any:
            return messages.pop(0)

        async def send(message: Any) -> None:
            sent.append(message["type"])

        await app({"type": "lifespan"}, receive, send)

    asyncio.run(both())
    assert Counted.calls == ["open"]
    asyncio.run(lifespan())
    assert Counted.calls == ["open", "open", "close"]
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_open__says_why_it_cannot() -> None:
    """A server whose store does not answer at its start does not start, and says why."""
    store = Gone()
    store.is_gone = True
    app = App(Settings(now=NOW, freeze=True), [specs.load("kayle")], store)
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "lifespan.startup"}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app({"type": "lifespan"}, receive, send))
    assert sent == [{"type": "lifespan.startup.failed", "message": "connection refused"}]


def test_restart__finds_what_was_kept() -> None:
    """Another application on the same store has the sessions, the clock, and the times of the catalogue."""
    store = MemoryStore()
    first = App(Settings(now=NOW, freeze=True), [specs.load("kayle")], store)
    made = ask_entry(first, create_entry(first, "kayle")).json()
    completed(first.forward(5_000))
    catalogue = next(iter(first.mounted["kayle"].table.entries()))
    second = App(Settings(now=NOW + 10**9, freeze=True), [specs.load("kayle")], store)
    for entry in (read_entry(first, "kayle", made), catalogue):
        assert ask_entry(second, entry).content == ask_entry(first, entry).content
    assert second.clock.now() == NOW + 5_000
