"""The request log of a server, gathered from all its processes where they share a store."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Mapping
from itertools import islice
from typing import Any

from specimen.fixtures.recipes.recipe import DEFAULT_NAMESPACE
from specimen.mockserver.sessions.request_log.har import Shown
from specimen.mockserver.sessions.request_log.log import Exchange, RequestLog
from specimen.mockserver.sessions.request_log.masking import issued_secrets, judged_body
from specimen.mockserver.sessions.request_log.portable import packed, unpacked
from specimen.mockserver.sessions.request_log.shown import body_bytes, shown
from specimen.mockserver.sessions.session_record import FOREVER
from specimen.mockserver.sessions.store import NamespaceChanged, Space, Store
from specimen.specs import Provider

_LOG, _ASKED = "requests", "log-asked"
_EVERYWHERE = Space(DEFAULT_NAMESPACE, "")
# How often a process with entries looks whether a reader in another process wants them, and how long that reader waits for them.
# A look costs as much as several reads: twenty looks a second took two hundredths of a busy process's time.
_EVERY_SECONDS, _WAIT_SECONDS, _MOST_WAITS = 0.1, 0.25, 20
_PAGE = 500


class LogReader:
    """Reads the log of a namespace; where processes share a store, each hands its entries over once a reader wants them.

    A request costs what it costs in memory: an entry is packed when it is handed over, and made to be shown when it is read.
    """

    def __init__(self, store: Store, log: RequestLog, providers: Mapping[str, Provider]) -> None:
        self._store = store
        self._log = log
        self._providers = providers
        self._issued_by: dict[str, frozenset[str]] = {}
        self._handed_over = 0
        self._waiting: dict[str, deque[dict[str, Any]]] = {}  # packed, by namespace
        self._task: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()

    def start(self) -> None:
        """Begins to look whether a reader in another process wants the entries; in a running event loop."""
        if self._store.is_shared and self._log.is_on and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self._serve())

    async def stop(self) -> None:
        """Hands over what is left."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
            await self.flush()

    async def entries(self, namespace: str, after: int = 0, since_ns: int = 0) -> list[Shown]:
        """The entries of a namespace in the order in which they were answered.

        Only those whose number is greater than `after`, and which were answered (real time) when the namespace had begun.
        """
        if not self._store.is_shared:
            return [self._shown(number, exchange) for number, exchange in self._log.exchanges(namespace, after)]
        await self._ask()
        found: list[tuple[int, int, Any]] = []
        for wait in range(_MOST_WAITS):
            known = len(found)
            await asyncio.sleep(_EVERY_SECONDS if wait else _WAIT_SECONDS)
            while page := await self._store.entries(Space(namespace, ""), _LOG, after, _PAGE):
                found += [(one.value["real_ns"], one.number, one.value) for one in page]
                after = page[-1].number
            if len(found) == known:  # all that came has come
                break
        found.sort(key=_when)
        return [self._shown(number, *unpacked(value, namespace)) for when, number, value in found if when >= since_ns]

    async def latest(self, namespace: str, after: int, most: int, since_ns: int = 0) -> list[Shown]:
        """The newest entries of a namespace after a number, oldest first, at most so many; only these are made readable."""
        if self._store.is_shared:
            return (await self.entries(namespace, after, since_ns))[-most:]
        return [self._shown(number, exchange) for number, exchange in self._log.newest(namespace, after, most)]

    @property
    def is_on(self) -> bool:
        """Whether requests are kept at all."""
        return self._log.is_on

    def has_dropped(self, namespace: str, kept: int) -> bool:
        """Whether older entries of a namespace are gone, of which so many are there; in a shared store, a full log says so."""
        return kept >= self._log.most if self._store.is_shared else self._log.has_dropped(namespace)

    async def clear(self, namespace: str) -> int:
        """Forgets the entries of a namespace; in a shared store, those up to the returned number are the forgotten ones."""
        entries = await self.entries(namespace)
        self._log.clear(namespace)
        return max((int(one.entry["number"]) for one in entries), default=0)

    async def flush(self) -> None:
        """Hands the new entries of this process over; what the store does not take waits for the next time."""
        async with self._lock:
            added = self._log.added
            for exchange in self._log.since(self._handed_over):
                self._waiting.setdefault(exchange.namespace, deque(maxlen=self._log.most)).append(self._packed(exchange))
            self._handed_over = added
            for namespace, values in tuple(self._waiting.items()):
                while values:
                    some = list(islice(values, _PAGE))
                    try:
                        await self._store.append(Space(namespace, ""), _LOG, some)
                    except NamespaceChanged:  # by another process: this one's view of it is too old
                        await self._store.namespace(namespace)
                        await self._store.append(Space(namespace, ""), _LOG, some)
                    for _ in some:
                        values.popleft()
                del self._waiting[namespace]

    async def _ask(self) -> None:
        """Asks the other processes for what they have."""
        await self._store.set_value(_EVERYWHERE, _ASKED, secrets.token_hex(8), FOREVER, 0)
        await self.flush()

    async def _serve(self) -> None:
        answered = None
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            if self._log.added == self._handed_over and not self._waiting:
                continue
            try:
                await self._store.namespace(DEFAULT_NAMESPACE)  # as it is now, by whichever process
                asked = (await self._store.value(_EVERYWHERE, _ASKED, 0)).value
                if asked != answered:
                    await self.flush()
                    answered = asked
            except Exception:  # noqa: BLE001, S112 - whatever the store raises, the next round is another try
                continue

    def _packed(self, exchange: Exchange) -> dict[str, Any]:
        provider = self._provider(exchange)
        return packed(exchange, provider, self._issued(provider))

    def _shown(self, number: int, exchange: Exchange, request: Any = None) -> Shown:
        provider = self._provider(exchange)
        entry = shown(number, exchange, provider)
        if request is not None:
            entry["request"]["body"] = request
        return Shown(entry, body_bytes(exchange), judged_body(exchange.request_body, self._issued(provider)))

    def _provider(self, exchange: Exchange) -> Provider | None:
        return None if exchange.provider is None else self._providers.get(exchange.provider)

    def _issued(self, provider: Provider | None) -> frozenset[str]:
        if provider is None:
            return frozenset()
        if provider.name not in self._issued_by:
            self._issued_by[provider.name] = issued_secrets(provider)
        return self._issued_by[provider.name]


def _when(entry: tuple[int, int, Any]) -> tuple[int, int]:
    return entry[:2]
