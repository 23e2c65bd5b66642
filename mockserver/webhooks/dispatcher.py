"""Sends what is due: one worker for each provider and namespace with endpoints, a queue for each endpoint."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import NamedTuple, TypeVar

from specimen.mockserver.sessions.namespaces import Namespace, Namespaces
from specimen.mockserver.sessions.session_record import FOREVER, Record
from specimen.mockserver.sessions.shared_state import SharedState
from specimen.mockserver.sessions.store import (
    MOST_LEASE_SECONDS,
    Claimed,
    NamespaceChanged,
    Space,
    Store,
    StoreFull,
    StoreUnavailable,
)
from specimen.mockserver.webhooks import outbox
from specimen.mockserver.webhooks.attempts import attempt
from specimen.mockserver.webhooks.endpoints import Endpoint, endpoints, list_space, spaces, unlist_space
from specimen.mockserver.webhooks.http_client import Poster

logger = logging.getLogger("specimen")
# A worker that dies loses its tasks to others after so many real seconds; none takes longer than a vendor's time-out.
LEASE_SECONDS = MOST_LEASE_SECONDS
_AT_ONCE = 16
_CLAIMED = 200
# Tasks of one endpoint that wait here; where it is slow, further ones are left to the end of their lease.
_MOST_WAITING = 1_000
_LOOK_SECONDS = 1.0
_T = TypeVar("_T")


class Dispatcher:
    """The workers of one process."""

    def __init__(self, store: Store, namespaces: Namespaces, providers: Mapping[str, SharedState]) -> None:
        self._store = store
        self._namespaces = namespaces
        self._providers = providers
        self._workers: dict[Space, asyncio.Task[None]] = {}
        self._wakes: dict[Space, asyncio.Event] = {}
        self._looking: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.base_url = "http://127.0.0.1:8080"  # of links in events; the server sets it
        # Called now and then on a store that others share: they may have ended a namespace.
        self.on_look: Callable[[], Awaitable[None]] | None = None
        for shared_state in providers.values():
            if shared_state.provider.webhooks is not None:
                shared_state.moved = partial(self._moved, shared_state)
                shared_state.wake_sender = self.wake

    async def _moved(self, shared_state: SharedState, namespace: Namespace, record: Record) -> None:
        """Adds the task of a session that a request created or moved, where somebody hears of it."""
        if shared_state.is_told(namespace):
            await outbox.session_moved(shared_state, namespace, record)
            self.wake(namespace.space(shared_state.name))

    def wake(self, space: Space) -> None:
        """Has the worker of a space look at once; from any thread."""
        loop = self._loop
        if loop is None or loop.is_closed():
            return
        if _running_loop() is loop:  # from another thread it costs a write to a socket
            self._wake(space)
        else:
            loop.call_soon_threadsafe(self._wake, space)

    def _wake(self, space: Space) -> None:
        if _running_loop() is not self._loop:
            return  # it was called for before another loop took over
        if space in self._wakes:
            self._wakes[space].set()
        elif self._looking is not None:
            self._start(space)

    def start(self) -> None:
        """Begins to send, in the running event loop; workers of one that has ended without `stop` are forgotten."""
        self._workers.clear()
        self._wakes.clear()
        self._loop = asyncio.get_running_loop()
        self._looking = self._loop.create_task(self._look())

    async def stop(self) -> None:
        """Ends the workers; what they hold comes back when its lease is over."""
        tasks = [task for task in (self._looking, *self._workers.values()) if task is not None]
        self._looking, self._loop = None, None
        self._workers.clear()
        self._wakes.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _look(self) -> None:
        """Finds the spaces that have endpoints; another process may have added them."""
        while True:
            with contextlib.suppress(StoreFull, StoreUnavailable, NamespaceChanged):
                for space in await spaces(self._store, self._namespaces.clock.now()):
                    if space.provider in self._providers:
                        self._start(space)
                await self.list_spaces()
                if self.on_look is not None:
                    await self.on_look()
            await asyncio.sleep(_LOOK_SECONDS if self._store.is_shared else 3600)

    async def list_spaces(self) -> None:
        """Lists the spaces that are worked on here again, where the list was lost: it ends with the namespace `default`."""
        now = self._namespaces.clock.now()
        for space in self._workers.keys() - await spaces(self._store, now):
            await list_space(self._store, space, now)

    def _start(self, space: Space) -> None:
        if space not in self._workers or self._workers[space].done():
            self._wakes[space] = asyncio.Event()
            self._workers[space] = asyncio.get_running_loop().create_task(self._work(space))

    async def _work(self, space: Space) -> None:
        queues = _Queues(self, self._providers[space.provider], space)
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(queues.close)
            watch = await stack.enter_async_context(self._store.watch(space))
            while True:
                self._wakes[space].clear()  # before it looks: what wakes it meanwhile is not missed
                try:
                    if await self._is_over(space):
                        return
                    wait = await queues.fill()
                except (StoreFull, StoreUnavailable, NamespaceChanged):
                    wait = _LOOK_SECONDS
                except Exception:
                    logger.exception("webhooks of %s are delayed; this is a bug in Specimen", space.provider)
                    wait = _LOOK_SECONDS
                if wait > 0:
                    await _first(watch.wait(wait), self._wakes[space].wait(), wait)

    async def _is_over(self, space: Space) -> bool:
        """Whether a space's namespace was ended: then its worker is forgotten, as its next look would begin it anew."""
        if await self._namespaces.is_there(space.namespace):
            return False
        await unlist_space(self._store, space, self._namespaces.clock.now())
        if self._wakes[space].is_set():  # there is something again
            return False
        del self._workers[space], self._wakes[space]
        return True

    @property
    def store(self) -> Store:
        """The store."""
        return self._store


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


class _Waiting(NamedTuple):
    """A task that was claimed in the namespace that began then; until when, by the loop's clock, it is held."""

    until: float
    began: int | None
    task: Claimed


class _Queues:
    """The tasks that one worker has claimed, by endpoint."""

    def __init__(self, dispatcher: Dispatcher, shared_state: SharedState, space: Space) -> None:
        self._dispatcher = dispatcher
        self._shared = shared_state
        self._space = space
        self._waiting: dict[str, asyncio.Queue[_Waiting]] = {}
        self._senders: dict[str, list[asyncio.Task[None]]] = {}
        self._posters: dict[str, tuple[str, Poster]] = {}
        self._endpoints: dict[str, Endpoint] = {}
        self._has_room = asyncio.Event()
        self._has_warned = False

    async def fill(self) -> float:
        """Claims what is due and hands it to the endpoints' senders; returns how long nothing more is due, in real seconds."""
        store, space = self._dispatcher.store, self._space
        namespace = await self._shared.namespaces.get(space.namespace)
        now = namespace.clock.now()
        if all(queue.qsize() >= _MOST_WAITING for queue in self._waiting.values()) and self._waiting:
            self._has_room.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._has_room.wait(), _LOOK_SECONDS)
        began = namespace.began
        claimed = await store.claim(space, now, LEASE_SECONDS, _CLAIMED)
        until = asyncio.get_running_loop().time() + LEASE_SECONDS
        # After the claim: what is due may be of a session that was made after an endpoint.
        found = await self._anew(began, lambda _: endpoints(store, space, now)) or []
        self._endpoints = {one.id: one for one in found}
        origin = (
            f"{self._dispatcher.base_url}{self._shared.provider.mount.removesuffix(self._shared.provider.document.base_path)}"
        )
        for task in claimed:
            if outbox.is_delivery(task.payload):
                self._hand_over(_Waiting(until, began, task))
            else:
                try:
                    await self._anew(began, partial(self._tell, found, task, origin))
                except StoreFull as full:  # its lease ends, then it is tried again
                    self._warn(full)
        if claimed:
            await asyncio.sleep(0)
            return 0.0
        due = await store.next_due(space)
        longest = _LOOK_SECONDS if store.is_shared else 3600.0
        if due is None or due >= FOREVER or namespace.clock.frozen_at is not None:
            return longest
        return min(longest, max(0.001, (due - namespace.clock.now()) / 1000))

    async def _tell(self, found: list[Endpoint], task: Claimed, origin: str, namespace: Namespace) -> None:
        await outbox.tell(self._shared, namespace, found, task, namespace.clock.now(), origin)

    async def _anew(self, began: int | None, step: Callable[[Namespace], Awaitable[_T]]) -> _T | None:
        """What a step with claimed tasks gives, once more where another process changed the namespace; None where it ended.

        Else the tasks would wait for the end of their lease.
        """
        namespaces, name = self._shared.namespaces, self._space.namespace
        while await namespaces.is_still(name, began):
            namespace = await namespaces.get(name)
            with contextlib.suppress(NamespaceChanged):
                return await step(namespace)
        return None

    def _warn(self, full: StoreFull) -> None:
        if not self._has_warned:
            self._has_warned = True
            logger.warning(
                "webhooks of %s are delayed: more than twice %d wait to be sent (--most-tasks).", self._space.provider, full.most
            )

    def _hand_over(self, waiting: _Waiting) -> None:
        name = waiting.task.payload["endpoint"]
        queue = self._waiting.get(name)
        if queue is None:
            queue = self._waiting[name] = asyncio.Queue()
            loop = asyncio.get_running_loop()
            self._senders[name] = [loop.create_task(self._send(name, queue)) for _ in range(_AT_ONCE)]
        if queue.qsize() < _MOST_WAITING + _CLAIMED:
            queue.put_nowait(waiting)

    async def _send(self, name: str, queue: asyncio.Queue[_Waiting]) -> None:
        loop = asyncio.get_running_loop()
        while True:
            waiting = await queue.get()
            if queue.qsize() < _MOST_WAITING:
                self._has_room.set()
            # Another worker may hold it by now, or will before an answer came.
            if loop.time() > waiting.until - LEASE_SECONDS / 2:
                continue
            try:
                await self._attempt(name, waiting)
            except (StoreFull, StoreUnavailable, NamespaceChanged):  # its lease ends, then it is tried again
                continue
            except Exception:
                logger.exception("a webhook of %s was not sent; this is a bug in Specimen", self._space.provider)

    async def _attempt(self, name: str, waiting: _Waiting) -> None:
        namespaces = self._shared.namespaces
        if not await namespaces.is_still(self._space.namespace, waiting.began):  # its tasks ended with it
            return
        namespace = await namespaces.get(self._space.namespace)
        endpoint = self._endpoints.get(name)
        url = "http://127.0.0.1/" if endpoint is None else endpoint.url
        known = self._posters.get(name)
        if known is None or known[0] != url:
            if known is not None:
                known[1].close()
            known = self._posters[name] = (url, Poster(url))
        origin = f"{self._dispatcher.base_url}/{self._space.provider}"
        await attempt(self._shared, namespace, endpoint, known[1], waiting.task, origin)
        # The next one of the lane is due now.
        self._dispatcher.wake(self._space)

    async def close(self) -> None:
        """Ends the senders."""
        senders = [sender for each in self._senders.values() for sender in each]
        for sender in senders:
            sender.cancel()
        await asyncio.gather(*senders, return_exceptions=True)
        for _, poster in self._posters.values():
            poster.close()


async def _first(one: object, other: object, seconds: float) -> None:
    """Waits for the first of two, for so many seconds at most."""
    tasks = [asyncio.ensure_future(entry) for entry in (one, other)]  # type: ignore[call-overload]
    try:
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
