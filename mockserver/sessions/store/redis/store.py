"""A store in Redis, assembled from its parts."""

from __future__ import annotations

import contextlib
import time
from contextlib import AbstractAsyncContextManager

from specimen.mockserver.sessions.store import Bounds, Space, StoreUnavailable, Watch
from specimen.mockserver.sessions.store.queued_lock import QueuedLocks
from specimen.mockserver.sessions.store.redis.client.connection import Connection
from specimen.mockserver.sessions.store.redis.outbox import Outbox
from specimen.mockserver.sessions.store.redis.portable import Portability
from specimen.mockserver.sessions.store.redis.replacement import Replacement
from specimen.mockserver.sessions.store.redis.totals import Totals
from specimen.mockserver.sessions.store.redis.turns import Turns
from specimen.mockserver.sessions.store.redis.watches import Watches

# A change of what is kept under a key takes the next number.
LAYOUT = b"1"


class RedisStore(Portability, Replacement, Turns, Outbox):
    """A `Store` that any number of machines share.

    One that holds a part of an import is opened only where it `may_be_partial`: to clear it. One that `is_read` only gets no
    mark of its layout.

    A namespace is on one node of a cluster, all of it; namespaces spread over the nodes. What was acknowledged outlives the
    server as its own settings say (`appendonly yes`, `appendfsync`).
    """

    is_shared = True

    def __init__(
        self,
        url: str,
        bounds: Bounds = Bounds(),  # noqa: B008 - it is immutable
        *,
        may_be_partial: bool = False,
        is_read: bool = False,
    ) -> None:
        self.bounds = bounds
        self._is_read = is_read
        self._may_be_partial = may_be_partial
        self._redis = Connection(url)
        self._totals = Totals(self._redis)
        self._watches = Watches(self._redis)
        self._locks = self._made_locks()
        self._documents = {}
        self._used = {}
        self._marked_at = time.monotonic()

    @property
    def round_trips(self) -> int:
        """How many answers of the server were waited for so far."""
        return self._redis.round_trips

    async def open(self) -> None:
        """Connects, and checks that what is there is ours.

        Raises:
            StoreUnavailable: it cannot be a store; the text says why.
        """
        self._locks = self._made_locks()
        self._watches.begin()
        try:
            await self._open()
        except BaseException:
            await self._redis.close()
            raise

    async def _open(self) -> None:
        await self._redis.open()
        await self._check_layout()
        if not self._may_be_partial:
            await self._check_whole()
        if not self._is_read:
            await self.end_what_is_left()
        await self._totals.count()

    async def _check_layout(self) -> None:
        """Returns where what is there is ours; a server that takes no writes says so here."""
        key = f"{self._redis.prefix}layout"
        if not self._is_read:
            await self._redis.command("SET", key, LAYOUT, "NX")
        layout = await self._redis.command("GET", key)
        if layout != LAYOUT and not (layout is None and self._is_read):
            raise StoreUnavailable(
                f"store {self._redis.name}: what is under '{self._redis.prefix}' has layout {layout.decode(errors='replace')}, "
                f"this version of Specimen reads layout {LAYOUT.decode()}. Export it with the version that wrote it "
                "(`specimen store export`), and import it under another ?prefix=."
            )

    def _made_locks(self) -> QueuedLocks:
        return QueuedLocks(self._take, self._renew, self._release)

    async def close(self) -> None:
        """Closes all connections."""
        await self._locks.close()
        self._totals.close()
        with contextlib.suppress(StoreUnavailable):
            await self._mark_used()
        await self._watches.close()
        await self._redis.close()

    async def ping(self) -> None:
        """Returns where the server can be read and written to, and what is there is still ours.

        Raises:
            StoreUnavailable: it cannot.
        """
        await self._check_layout()

    def watch(self, space: Space, session_id: str | None = None) -> AbstractAsyncContextManager[Watch]:
        """Watches one session, or all of a space."""
        return self._watches.watch(space, session_id)
