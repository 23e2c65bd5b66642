"""Building blocks of broken implementations that remember: what they answered before decides what they answer now."""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable
from typing import Any

from tests.score.asgi import Answer, Ask, Call, Change
from tests.score.changes import Edit, Make, When, at

# Changes a JSON answer in place; the memory is a run's own.
Remembering = Callable[[Any, Call, dict[Any, Any]], None]
# Answers a call, with a memory that is a run's own.
Recalling = Callable[[Call, Ask, dict[Any, Any]], Awaitable[Answer]]


def recalling(answer: Recalling) -> Make:
    """Whole calls are answered by what came before them; `answer` itself asks the mock, once, more often or not at all."""

    def make() -> Change:
        memory: dict[Any, Any] = {}

        async def change(call: Call, ask: Ask) -> Answer:
            return await answer(call, ask, memory)

        return change

    return make


def remembering(operations: str, edit: Remembering, *, when: When = lambda _: True) -> Make:
    """Successful JSON answers of operations are changed by what came before them; wished ones are left alone."""

    def make() -> Change:
        memory: dict[Any, Any] = {}

        async def change(call: Call, ask: Ask) -> Answer:
            answer = await ask(call)
            body = answer.json
            if (
                call.operation in operations.split()
                and answer.status < 300
                and body is not None
                and not call.has_preference
                and when(body)
            ):
                edit(body, call, memory)
                answer.json = body
            return answer

        return change

    return make


def nth(operations: str, key: str, count: int, *edits: Edit, when: When = lambda _: True) -> Make:
    """From the `count`th answer on that shows the same value at `key`, answers are changed."""

    def edit(body: Any, call: Call, memory: dict[Any, Any]) -> None:
        shown = at(body, key)
        memory[shown] = memory.get(shown, 0) + 1
        if memory[shown] >= count:
            for one in edits:
                one(body, call)

    return remembering(operations, edit, when=when)


def after_seen(operations: str, key: str, seen: When, *edits: Edit, when: When = lambda _: True) -> Make:
    """Once an answer about the same thing was seen that was of a kind, later ones of another kind are changed."""

    def edit(body: Any, call: Call, memory: dict[Any, Any]) -> None:
        shown = at(body, key)
        if memory.get(shown) and when(body):
            for one in edits:
                one(body, call)
        elif seen(body):
            memory[shown] = True

    return remembering(operations, edit)


def moving(operations: str, pointer: str, function: Callable[[Any, int], Any], *, when: When = lambda _: True) -> Make:
    """A value that should stay moves with every read; the function gets the value and the number of reads before."""

    def edit(body: Any, call: Call, memory: dict[Any, Any]) -> None:
        place = (call.path, call.body)
        count = memory[place] = memory.get(place, -1) + 1
        parent, _, last = pointer.rpartition("/")
        holder = at(body, parent)
        if isinstance(holder, dict) and holder.get(last) is not None:
            holder[last] = function(holder[last], count)

    return remembering(operations, edit, when=when)


def first_for_all(operations: str) -> Make:
    """Whoever asks, the answer is the first one that was given for its kind of request."""

    def make() -> Change:
        first: dict[str | None, bytes] = {}

        async def change(call: Call, ask: Ask) -> Answer:
            answer = await ask(call)
            if call.operation in operations.split() and answer.status == 200 and not call.has_preference:
                answer.body = first.setdefault(call.operation, answer.body)
            return answer

        return change

    return make


def unknown_is_known(operations: str, parameter: str, pointer: str, *, refused: int = 404) -> Make:
    """An id that nobody issued finds a session: the last one that was read, under the id that was asked for."""

    def make() -> Change:
        last: dict[str | None, Any] = {}

        async def change(call: Call, ask: Ask) -> Answer:
            answer = await ask(call)
            if call.operation not in operations.split() or call.has_preference:
                return answer
            if answer.status == 200:
                last[call.operation] = answer.json
            elif answer.status == refused and call.operation in last:
                body = copy.deepcopy(last[call.operation])
                parent, _, name = pointer.rpartition("/")
                at(body, parent)[name] = call.parameters[parameter]
                return Answer.of(200, body)
            return answer

        return change

    return make


def lost(created: str, made: str, read: str, parameter: str) -> Make:
    """What was created is not found: reads of it answer as for an id that nobody issued."""

    def make() -> Change:
        known: set[str] = set()

        async def change(call: Call, ask: Ask) -> Answer:
            if call.operation == read and call.parameters[parameter] in known:
                shown = call.parameters[parameter]
                call = call.to(shown, shown[:-8] + "".join(reversed(shown[-8:])))
                call.headers.pop("prefer", None)
            answer = await ask(call)
            if call.operation == created and answer.status < 300:
                known.add(at(answer.json, made))
            return answer

        return change

    return make
