"""Namespaces: their names, and what the callers of one share beside its sessions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from time import time_ns
from typing import Any

from specimen.fixtures.recipes.recipe import DEFAULT_NAMESPACE
from specimen.mockserver.preferences.faults.rules import FaultRule, parsed_all
from specimen.mockserver.sessions.clock import Clock
from specimen.mockserver.sessions.request_log.log import RequestLog
from specimen.mockserver.sessions.session_record import Record
from specimen.mockserver.sessions.store import Phase, Space, Store
from specimen.mockserver.settings import Pace

NAME_RULE = "expected up to 64 letters, digits, '.', '_' and '-', beginning with a letter or digit."
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# The member of a namespace's document that says when it began, in nanoseconds since the epoch, by the machine's clock.
BEGAN = "began"
# The member that says how often its faults were changed.
FAULT_CHANGES = "fault_changes"
# The member that lists the providers whose webhooks go somewhere, and the one that numbers the last change of where they go.
WEBHOOKS, ENDPOINT_CHANGE = "webhooks", "endpoint_change"
# Namespaces known to this process: their clocks are read again, their request logs begin anew.
_MOST_KNOWN = 1_000


def is_namespace_name(text: str) -> bool:
    """Whether a namespace may have that name."""
    return _NAME.fullmatch(text) is not None


class Namespace:
    """A namespace as this process knows it: the clock, the faults and the settings of its document, and the server's log.

    `seed` and `pace` are those of new sessions, where they are others than the server's.
    """

    __slots__ = ("_spaces", "clock", "document", "faults", "name", "pace", "request_log", "seed")

    def __init__(self, name: str, document: Any, request_log: RequestLog) -> None:
        self.name = name
        self.request_log = request_log
        self._spaces: dict[str, Space] = {}
        self.read(document)

    def read(self, document: Any) -> None:
        """Takes the namespace's document over."""
        self.document = document
        self.clock = Clock.of(document["clock"])
        self.faults: tuple[FaultRule, ...] = faults_of(document)
        self.seed: int | None = document.get("seed")
        pace = document.get("pace")
        self.pace = None if pace is None else Pace.parse(pace)

    @property
    def began(self) -> int | None:
        """When it began, in nanoseconds since the epoch, by the machine's clock: no two of one name began at the same time."""
        return self.document.get(BEGAN)  # type: ignore[no-any-return]

    def space(self, provider: str) -> Space:
        """Where the store keeps a provider's sessions."""
        found = self._spaces.get(provider)
        if found is None:
            found = self._spaces[provider] = Space(self.name, provider)
        return found


def faults_of(document: Any) -> tuple[FaultRule, ...]:
    """The faults of a namespace's document, in their order; each with the time since when it is there, and the change."""
    found: list[FaultRule] = []
    for entry in document.get("faults", ()):
        rules = parsed_all([entry["rule"]], since=entry["since"])
        found += [replace(rule, change=entry.get("change", 0)) for rule in rules]
    return tuple(found)


class Namespaces:
    """The namespaces of a store; `clock` is where the clock of the first one begins, `faults` are those of every new one."""

    def __init__(self, store: Store, clock: Clock, most_log_entries: int, faults: Sequence[Any] = ()) -> None:
        self._store = store
        self._begin = clock
        self._faults = parsed_all(faults)
        self.request_log = RequestLog(most_log_entries)
        self._known: dict[str, Namespace] = {}

    @property
    def clock(self) -> Clock:
        """The default namespace's clock, as this process last saw it."""
        found = self._known.get(DEFAULT_NAMESPACE)
        return self._begin if found is None else found.clock

    def at_hand(self, name: str) -> Namespace | None:
        """A namespace, where the store gives it without waiting; else None."""
        kept = self._store.namespace_at_hand(name)
        if kept is None:
            return None
        document = kept[0]
        found = self._known.get(name)
        if found is None or document is None:
            return None
        if found.document is not document and found.document != document:
            found.read(document)
        return found

    async def get(self, name: str) -> Namespace:
        """A namespace, made when first asked for: its clock begins at the default one's time, and moves on its own.

        Raises:
            StoreFull: there are too many.
            StoreUnavailable: the store does not answer.
        """
        document = (await self._store.namespace(name)).value
        if document is None:
            document = await self._made(name)
        found = self._known.get(name)
        if found is None:
            found = self._known[name] = Namespace(name, document, self.request_log)
            if len(self._known) > _MOST_KNOWN:
                oldest = next(one for one in self._known if one != DEFAULT_NAMESPACE)
                del self._known[oldest]
        elif found.document is not document and found.document != document:
            found.read(document)
        return found

    async def is_there(self, name: str) -> bool:
        """Whether a namespace has begun and was not ended: `get` would make it."""
        kept = self._store.namespace_at_hand(name)
        if kept is not None and kept.value is not None:
            return True
        before = f"{name[:-1]}{chr(ord(name[-1]) - 1)}~"  # '~' is no letter of a name, and comes after all of them
        return name in await self._store.namespaces(before, 1)

    async def is_still(self, name: str, began: int | None) -> bool:
        """Whether a namespace is there and is the one that began then: none that has taken its place."""
        return await self.is_there(name) and (await self.get(name)).began == began

    def known(self, name: str) -> Namespace:
        """A namespace by what this process knows, where the store does not answer."""
        return self._known.get(name) or Namespace(name, {"clock": self.clock.document}, self.request_log)

    async def forward(self, name: str, milliseconds: int) -> None:
        """Moves the clock of a namespace forward; its sessions move along, in all processes.

        Raises:
            SettingError: `milliseconds` is negative, or leads beyond the year 2199.
        """
        await self.change(name, lambda document: {"clock": Clock.of(document["clock"]).forward(milliseconds).document})

    async def change(self, name: str, change: Callable[[Any], Mapping[str, Any]]) -> Namespace:
        """Changes members of a namespace's document, in all processes; `change` gives the new ones, None for one that goes.

        It is called again where another request changed the document meanwhile, and may raise.
        """
        while True:
            await self.get(name)
            document, version = await self._store.namespace(name)
            if document is None:  # another process has ended it
                continue
            newer = {key: value for key, value in {**document, **change(document)}.items() if value is not None}
            if await self._store.set_namespace(name, newer, version):
                return await self.get(name)

    async def change_faults(self, name: str, change: Callable[[Sequence[Any]], Sequence[Any]]) -> Namespace:
        """Changes the faults of a namespace's document, in all processes; those that `change` adds count from 1."""

        def changed(document: Any) -> Mapping[str, Any]:
            number = document.get(FAULT_CHANGES, 0) + 1
            entries = [{"change": number, **entry} for entry in change(document.get("faults", ()))]
            return {"faults": entries, FAULT_CHANGES: number}

        return await self.change(name, changed)

    async def drop(self, name: str) -> None:
        """Ends a namespace: its sessions, clock, settings, faults and log; it begins anew when it is next used."""
        await self._store.drop(name)
        self.request_log.clear(name)
        self._known.pop(name, None)

    async def replace(self, name: str, document: Mapping[str, Any], sessions: Sequence[tuple[Space, Record, Phase]]) -> None:
        """Ends a namespace, and begins it with members of a document and with sessions: whole or not at all.

        Raises:
            StoreFull: there would be too many sessions; nothing is changed.
        """
        await self._store.namespace(name)  # where it is one too many, another one makes room
        await self._store.replace(name, {**document, BEGAN: time_ns()}, sessions)
        self.request_log.clear(name)
        self._known.pop(name, None)

    def first_faults(self, name: str, clock: Clock) -> list[Any]:
        """The faults of a new namespace, as its document has them."""
        return [{"rule": rule.as_json(), "since": clock.now()} for rule in self._faults if rule.is_of(name)]

    def _new_document(self, name: str, clock: Clock) -> dict[str, Any]:
        """The document of a namespace that begins at a clock's time."""
        faults = self.first_faults(name, clock)
        return {"clock": clock.document, BEGAN: time_ns(), **({"faults": faults} if faults else {})}

    @property
    def first_clock(self) -> Clock:
        """The clock with which the server began."""
        return self._begin

    async def _made(self, name: str) -> Any:
        """The document of a namespace that had none."""
        while True:
            clock = self._begin
            if name != DEFAULT_NAMESPACE:
                clock = (await self.get(DEFAULT_NAMESPACE)).clock
            document: Any = self._new_document(name, clock)
            if await self._store.set_namespace(name, document, 0):
                return document
            # Another request made it, and another one may have ended it since.
            document = (await self._store.namespace(name)).value
            if document is not None:
                return document
