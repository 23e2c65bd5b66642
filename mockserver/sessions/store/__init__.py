"""The store: all state of the mock that must survive its process or be shared by several."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

if TYPE_CHECKING:  # commands look at a store's errors without the loader of providers
    from specimen.mockserver.sessions.session_record import Record

__all__ = [
    "MOST_LEASE_SECONDS",
    "Bounds",
    "Claimed",
    "LogEntry",
    "NamespaceChanged",
    "Page",
    "Phase",
    "Space",
    "Store",
    "StoreFull",
    "StoreUnavailable",
    "Turn",
    "TurnLost",
    "Versioned",
    "Watch",
]


# The longest lease of a task.
MOST_LEASE_SECONDS = 60.0


class Space(NamedTuple):
    """One provider in one namespace; the empty provider is the namespace itself (its clock, settings, faults)."""

    namespace: str
    provider: str


class Phase(NamedTuple):
    """The state in which a list finds a session, and until when (exclusive; milliseconds since the epoch) that is true."""

    state: str
    until: int


@dataclass(frozen=True, slots=True)
class Page:
    """What a list asks for.

    `order` is by session id, or by creation. `after` is a session id: by id any text, by creation the id of a session of the
    space. `owner` is the account whose sessions are listed (None: all). `created_from` and `created_to` are inclusive, in
    milliseconds since the epoch.
    """

    order: Literal["id", "oldest", "newest"]
    limit: int
    after: str | None = None
    owner: str | None = None
    state: str | None = None
    created_from: int | None = None
    created_to: int | None = None


class Versioned(NamedTuple):
    """A kept value with its version: 0 where there is none, then counted from 1."""

    value: Any
    version: int


class LogEntry(NamedTuple):
    """An entry of a log; `number` counts from 1 and grows by one."""

    number: int
    value: Any


class Claimed(NamedTuple):
    """A task of the outbox that one worker works on. `lane` orders tasks, `attempt` counts claims from 1."""

    id: str
    lane: str
    due: int
    payload: Any
    attempt: int
    token: str


class Bounds(NamedTuple):
    """How much a store keeps; each has a flag of `specimen serve`."""

    sessions: int = 5_000_000
    namespaces: int = 10_000
    values: int = 1_000_000
    value_bytes: int = 512 * 1024 * 1024
    log_entries: int = 1_000
    tasks: int = 1_000_000


class StoreFull(Exception):
    """A bound is reached; `bound` is its name in `Bounds`, `most` its value."""

    def __init__(self, bound: str, most: int) -> None:
        super().__init__(f"the store keeps at most {most} {bound}")
        self.bound = bound
        self.most = most


class StoreUnavailable(Exception):
    """The store does not answer, or its disk is full or read-only; the text says which, without passwords."""


class NamespaceChanged(Exception):
    """The namespace's own document has another version than this request read: the request begins anew."""


class TurnLost(NamespaceChanged):
    """A turn is over before it was finished: its holder was stopped for long, or its namespace was ended."""


class Watch(Protocol):
    """Waits for changes of one session, or of a space."""

    async def wait(self, timeout_seconds: float) -> bool:
        """Whether something changed since the watch began or last returned True; False at the timeout."""


class Turn(Protocol):
    """One caller's turn at a key: what is kept there, else (`kept` in version 0) the right to keep something.

    `number` is the next one of the counter that was asked for, where nothing is kept; else 0.
    """

    kept: Versioned
    number: int

    async def finish(self, session: tuple[Record, Phase] | None, value: Any, until: int, now: int) -> bool:
        """Adds a session, keeps a value under the key until a time, and ends the turn: all of it at once, or nothing.

        Returns False, and changes nothing, where the session's id is there already: the turn goes on.

        Raises:
            StoreFull: there is no room for the session or the value.
            TurnLost: it is another caller's turn by now.
        """


class Store(Protocol):
    """Sessions, values, logs and tasks. Values are what JSON can say, and bytes; lists come back as lists.

    All methods may raise StoreUnavailable. Times are milliseconds since the epoch, of the virtual clock unless it is said.
    A compare-and-set goes by version, never by the identity of an object.
    """

    bounds: Bounds
    is_shared: bool

    # -- the store itself -----------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Connects, makes what is missing; called once in each process and event loop, before anything else."""

    async def close(self) -> None:
        """Lets go of files and connections."""

    async def ping(self) -> None:
        """Returns where the store can be read and written to.

        Raises:
            StoreUnavailable: it cannot; within two seconds.
        """

    # -- namespaces -----------------------------------------------------------------------------------------------------

    async def namespace(self, name: str) -> Versioned:
        """The document of a namespace (its clock and settings), None in version 0 at first; marks the namespace as used.

        May come from a cache of this process, if every later operation in the namespace raises NamespaceChanged where the
        cached version is not the store's.

        Raises:
            StoreFull: there are too many namespaces, and the only other one is `default`, which is never ended to make room.
        """

    def namespace_at_hand(self, name: str) -> Versioned | None:
        """What `namespace` returns, and does, where that takes no waiting; else None."""

    async def set_namespace(self, name: str, value: Any, version: int) -> bool:
        """Replaces the document of a namespace where its version is `version`; returns whether it was.

        All that watch in the namespace wake: its clock may have moved.
        """

    async def namespaces(self, after: str, limit: int) -> Sequence[str]:
        """Names in alphabetical order, after one."""

    async def drop(self, name: str) -> None:
        """Ends a namespace: its sessions, values, logs, tasks and document; all that watch in it wake.

        Writes that come later begin it anew.
        """

    async def replace(self, name: str, value: Any, sessions: Sequence[tuple[Space, Record, Phase]]) -> None:
        """Ends a namespace, and begins it with a document and sessions of different ids, in this order: whole or not at all.

        What is not there when a connection to the store breaks in between is lost, where the store has no transactions.

        Raises:
            StoreFull: there would be too many sessions; nothing is changed.
        """

    # -- sessions -------------------------------------------------------------------------------------------------------

    async def get(self, space: Space, session_id: str) -> Record | None:
        """The session of that id."""

    async def find(self, space: Space, key: str) -> Record | None:
        """The newest session that owns a key (`clientKey:abc`)."""

    async def owners(self, space: Space, key: str, limit: int) -> Sequence[Record]:
        """The sessions that own a key, newest first."""

    async def add(self, space: Space, record: Record, phase: Phase) -> bool:
        """Adds a session with its keys; returns False, and changes nothing, where the id is there already.

        Raises:
            StoreFull: there are too many sessions.
        """

    async def swap(self, space: Space, record: Record, phase: Phase, of: Record | None = None) -> bool:
        """Replaces the kept session whose version is one less than `record.version`; returns whether there was one.

        With `of` it is replaced only where it is that one: a session that was deleted and made anew has the same versions again.
        A session keeps its place in the order of creation, and an older session takes no key back from a newer one.
        """

    async def delete(self, space: Space, session_id: str, of: Record | None = None) -> bool:
        """Deletes a session with its keys, with `of` only where it is that one; returns whether it was there."""

    async def page(self, space: Space, page: Page) -> Sequence[Record]:
        """At most `page.limit` sessions. States are those of the phases, which `due` and `rephase` keep up to date.

        Raises:
            KeyError: `page.after` is no session of the space, in an order by creation.
        """

    async def count(self, space: Space) -> int:
        """How many sessions there are."""

    async def due(self, space: Space, now: int, limit: int) -> Sequence[Record]:
        """Sessions whose phase is over at `now`, those that ended first before the others."""

    async def rephase(self, space: Space, phases: Iterable[tuple[Record, Phase]]) -> None:
        """Sets the phases of sessions, where their version is still the given one."""

    def watch(self, space: Space, session_id: str | None = None) -> AbstractAsyncContextManager[Watch]:
        """Watches one session, or all of a space; changes by every process are seen."""

    # -- values ---------------------------------------------------------------------------------------------------------

    async def increment(self, space: Space, key: str) -> int:
        """1, 2, 3, … : each number once."""

    async def value(self, space: Space, key: str, now: int) -> Versioned:
        """A value whose time is not over; else None in version 0."""

    async def set_value(self, space: Space, key: str, value: Any, until: int, now: int, version: int | None = None) -> bool:
        """Keeps a value until a time; with a `version` only where the kept one has it (0: where there is none).

        Raises:
            StoreFull: the value is too large, or there are too many that may not be dropped. Where there are too many, those go
                that end first, of the space that holds most as far as the process knows, but none that is kept until FOREVER.
        """

    async def get_or_set(self, space: Space, key: str, value: Any, until: int, now: int) -> Any:
        """The kept value, else `value`, which is then kept; one caller's wins."""

    async def pop(self, space: Space, key: str, now: int) -> Any | None:
        """Removes a value and returns it to one caller only."""

    async def values(self, space: Space, prefix: str, now: int, after: str, limit: int) -> Sequence[tuple[str, Versioned]]:
        """Keys that begin with a prefix, with their values, in the order of the keys, after one."""

    def lock(self, space: Space, key: str) -> AbstractAsyncContextManager[None]:
        """One caller at a time per key, in all processes; a holder whose process dies holds it ten real seconds more."""

    def turn(self, space: Space, key: str, now: int, counter: str | None = None) -> AbstractAsyncContextManager[Turn]:
        """What is kept under a key, else the turn, of one caller at a time, to keep something there.

        Beginning and finishing are one step each; who leaves without finishing lets the next one begin. It is a lock of the same
        key, whose holder may be in any process, and which ends as one.
        """

    # -- logs -----------------------------------------------------------------------------------------------------------

    async def append(self, space: Space, log: str, values: Sequence[Any]) -> None:
        """Adds entries to a log; the oldest go where there are more than `bounds.log_entries`."""

    async def entries(self, space: Space, log: str, after: int, limit: int) -> Sequence[LogEntry]:
        """Entries whose number is greater than `after`, oldest first."""

    # -- outbox ---------------------------------------------------------------------------------------------------------

    async def enqueue(self, space: Space, task_id: str, lane: str, due: int, payload: Any) -> bool:
        """Adds a task, once for an id; returns whether it was new. The last thousand ids that were acknowledged are not."""

    async def claim(self, space: Space, now: int, lease_seconds: float, limit: int) -> Sequence[Claimed]:
        """Tasks that are due, for this caller alone until the lease (real time, at most MOST_LEASE_SECONDS) is over.

        Of one lane only the first that is not acknowledged, in the order of `due`, then of adding: the next is due when that
        one is done.
        """

    async def acknowledge(self, space: Space, task: Claimed) -> bool:
        """Ends a task that the caller still holds; returns whether it does."""

    async def postpone(self, space: Space, task: Claimed, due: int, payload: Any) -> bool:
        """Gives a task back, to be due at another time with another payload; returns whether the caller still held it.

        It keeps its place in its lane: a task that is tried again goes before those behind it.
        """

    async def reschedule(self, space: Space, task_id: str, due: int) -> bool:
        """Has a task that nobody holds be due at another time; returns whether there was such a task.

        It keeps its payload and its place in its lane.
        """

    async def task_room(self) -> int:
        """How many tasks more `bounds.tasks` allows, of all spaces; negative where there are more.

        Nothing is refused by `enqueue`: callers ask before they do what a task is to follow. Other processes may take the room
        meanwhile.
        """

    async def next_due(self, space: Space) -> int | None:
        """When the first task that nobody holds is due."""

    async def tasks(self, space: Space, after: str, limit: int) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """The tasks that wait or are held, by id, after one."""
