"""Tasks that workers claim for a time, one of each lane after the other."""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Mapping
from typing import Any

from specimen.mockserver.sessions.store import Claimed
from specimen.mockserver.sessions.store.codec import decode_value, encode_value
from specimen.mockserver.sessions.store.memory.sorted_chunks import SortedChunks

# Ids of ended tasks that are still known, so that whoever finds the same transition late does not add its task again.
_MOST_ENDED = 1_000


class _Task:
    """A task; `place` is where it stands in its lane, `token` that of who holds it, until `held_until` (real seconds)."""

    __slots__ = ("attempt", "due", "held_until", "id", "lane", "payload", "place", "token")

    def __init__(self, task_id: str, lane: str, due: int, number: int, payload: bytes) -> None:
        self.id = task_id
        self.lane = lane
        self.due = due
        self.place = (due, number)
        self.payload = payload
        self.attempt = 0
        self.token = ""
        self.held_until = 0.0

    @property
    def turn(self) -> tuple[int, int, str]:
        """What orders the first tasks of all lanes."""
        return (self.due, self.place[1], self.id)


class Outbox:
    """The tasks of one space. Its methods are those of `Store`."""

    __slots__ = ("_ended", "_held", "_ids", "_lanes", "_numbers", "_tasks", "_turns")

    def __init__(self) -> None:
        self._tasks: dict[str, _Task] = {}
        self._ids = SortedChunks()
        self._lanes: dict[str, list[tuple[tuple[int, int], str]]] = {}  # heaps of (place, id)
        self._turns = SortedChunks()  # the first task of each lane, where nobody holds it
        self._held: list[tuple[float, str, str]] = []  # (held until, id, token); what is no longer so is passed over
        self._numbers = itertools.count(1)
        self._ended: dict[str, None] = {}

    def __len__(self) -> int:
        return len(self._tasks)

    def enqueue(self, task_id: str, lane: str, due: int, payload: Any) -> bool:
        """Adds a task; returns whether its id was new."""
        if task_id in self._tasks or task_id in self._ended:
            return False
        task = self._tasks[task_id] = _Task(task_id, lane, due, next(self._numbers), encode_value(payload))
        self._ids.add(task_id)
        tasks = self._lanes.setdefault(lane, [])
        first = self._tasks[tasks[0][1]] if tasks else None
        if first is not None and first.token:
            # The first task is being worked on; it stays the first whatever the new one's time is.
            task.place = max(task.place, (first.place[0], task.place[1]))
        heapq.heappush(tasks, (task.place, task_id))
        if tasks[0][1] == task_id:
            if first is not None:
                self._turns.remove(first.turn)
            self._turns.add(task.turn)
        return True

    def claim(self, now: int, lease_seconds: float, limit: int) -> list[Claimed]:
        """Tasks that are due, held for the caller."""
        self._release()
        found = []
        held_until = time.monotonic() + lease_seconds
        for due, _, task_id in self._turns.after(None, limit):
            if due > now:
                break
            task = self._tasks[task_id]
            self._turns.remove(task.turn)
            task.attempt += 1
            task.token = f"{task.place[1]}.{task.attempt}"
            task.held_until = held_until
            heapq.heappush(self._held, (held_until, task_id, task.token))
            found.append(Claimed(task_id, task.lane, due, decode_value(task.payload), task.attempt, task.token))
        return found

    def acknowledge(self, claimed: Claimed) -> bool:
        """Ends a task that the caller holds."""
        task = self._holding(claimed)
        if task is None:
            return False
        del self._tasks[task.id]
        self._ids.remove(task.id)
        self._ended[task.id] = None
        if len(self._ended) > _MOST_ENDED:
            del self._ended[next(iter(self._ended))]
        tasks = self._lanes[task.lane]
        heapq.heappop(tasks)
        if tasks:
            self._turns.add(self._tasks[tasks[0][1]].turn)
        else:
            del self._lanes[task.lane]
        return True

    def postpone(self, claimed: Claimed, due: int, payload: Any) -> bool:
        """Gives a task back, due later; it keeps its place in its lane."""
        task = self._holding(claimed)
        if task is None:
            return False
        task.due, task.payload, task.token = due, encode_value(payload), ""
        self._turns.add(task.turn)
        return True

    def reschedule(self, task_id: str, due: int) -> bool:
        """Has a task that nobody holds be due at another time; it keeps its place in its lane."""
        self._release()
        task = self._tasks.get(task_id)
        if task is None or task.token:
            return False
        is_first = self._lanes[task.lane][0][1] == task_id
        if is_first:
            self._turns.remove(task.turn)
        task.due = due
        if is_first:
            self._turns.add(task.turn)
        return True

    def next_due(self) -> int | None:
        """When the first task that nobody holds is due."""
        self._release()
        first = self._turns.after(None, 1)
        return first[0][0] if first else None

    def list(self, after: str, limit: int) -> list[tuple[str, Mapping[str, Any]]]:
        """The tasks by id, after one."""
        self._release()
        found: list[tuple[str, Mapping[str, Any]]] = []
        for task_id in self._ids.after(after, limit):
            task = self._tasks[task_id]
            shown = {"lane": task.lane, "due": task.due, "attempt": task.attempt, "held": bool(task.token)}
            found.append((task_id, {**shown, "payload": decode_value(task.payload)}))
        return found

    def _holding(self, claimed: Claimed) -> _Task | None:
        self._release()
        task = self._tasks.get(claimed.id)
        return task if task is not None and task.token and task.token == claimed.token else None

    def _release(self) -> None:
        """Gives back the tasks whose lease is over."""
        now = time.monotonic()
        while self._held and self._held[0][0] <= now:
            _, task_id, token = heapq.heappop(self._held)
            task = self._tasks.get(task_id)
            if task is not None and task.token == token:
                task.token = ""
                self._turns.add(task.turn)
