"""Building blocks of broken implementations: what is changed in a request or in an answer, and when."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import quote

from tests.score.asgi import Answer, Ask, Call, Change

REQUESTS = "request validation and auth"
SHAPE = "response shape"
FIELDS = "cross-field"
TIME = "cross-request and in time"
LISTS = "idempotency and lists"
DELIVERIES = "deliveries of webhooks"  # of a set of its own
CLASSES = (REQUESTS, SHAPE, FIELDS, TIME, LISTS)

SAID = "said"  # the vendor's page says it
IMPLIED = "implied"  # the plain meaning of the page's words
ASSUMED = "assumed"  # our document alone says it
BASES = (SAID, IMPLIED, ASSUMED)

Make = Callable[[], Change]
# Changes a JSON value in place; the second argument is the call that it answers.
Edit = Callable[[Any, Call], None]
When = Callable[[Any], bool]


class Mutant(NamedTuple):
    """An implementation with one thing broken; `make` gives the change for one run, with a memory of its own.

    Of the sets from outside also `basis`, how the contract rules the defect out, with the words that do in `quote`.
    """

    name: str
    kind: str
    broken: str
    make: Make
    basis: str = ""
    quote: str = ""
    sends: Any = None  # what becomes of its webhooks: a `Sender`


class Variant(NamedTuple):
    """A conforming implementation. `departs`: from an assumed fact, so that notes are allowed; errors are not."""

    name: str
    differs: str
    make: Make
    departs: bool = False
    providers: tuple[str, ...] = ()  # those that it is for; empty: all
    chunk_bytes: int = 0
    sends: Any = None  # what becomes of its webhooks: a `Sender`


def at(value: Any, pointer: str) -> Any:
    """The value at a JSON pointer; None where there is none."""
    for part in pointer.split("/")[1:]:
        if isinstance(value, list):
            value = value[int(part)] if part.isdigit() and int(part) < len(value) else None
        else:
            value = value.get(part) if isinstance(value, dict) else None
    return value


def _places(value: Any, parts: list[str]) -> Iterator[tuple[Any, Any]]:
    """The holder and the key of each place that a pointer with `*` means, where the holder exists."""
    if value is None or not isinstance(value, (dict, list)):
        return
    head, *rest = parts
    keys: list[Any]
    if isinstance(value, list):
        keys = list(range(len(value))) if head == "*" else [int(head)] if head.isdigit() and int(head) < len(value) else []
    else:
        keys = list(value) if head == "*" else [head]
    for key in keys:
        if not rest:
            yield value, key
        elif isinstance(value, list) or key in value:
            yield from _places(value[key], rest)


def drop(pointer: str) -> Edit:
    """Takes away what is there."""

    def edit(body: Any, _: Call) -> None:
        for holder, key in reversed(list(_places(body, pointer.split("/")[1:]))):
            if isinstance(holder, list) or key in holder:
                del holder[key]

    return edit


def put(pointer: str, new: Any) -> Edit:
    """Sets a value, whether there was one or not."""

    def edit(body: Any, _: Call) -> None:
        for holder, key in _places(body, pointer.split("/")[1:]):
            holder[key] = copy.deepcopy(new)

    return edit


def alter(pointer: str, function: Callable[[Any], Any]) -> Edit:
    """Changes a value that is there and not null."""

    def edit(body: Any, _: Call) -> None:
        for holder, key in _places(body, pointer.split("/")[1:]):
            if isinstance(holder, list) or holder.get(key) is not None:
                holder[key] = function(holder[key])

    return edit


def shifted(seconds: float) -> Callable[[Any], Any]:
    """A moment some seconds later, in the same form."""

    def function(text: Any) -> Any:
        moment = datetime.fromisoformat(text) + timedelta(seconds=seconds)
        return moment.isoformat(timespec="milliseconds" if "." in text else "seconds").replace("+00:00", "Z")

    return function


def shows(pointer: str, *values: Any) -> When:
    """Whether an answer shows one of the values at a pointer."""
    return lambda body: at(body, pointer) in values


def answers(operations: str, *edits: Edit, when: When = lambda _: True, status: str = "2") -> Make:
    """JSON answers of operations, by the first digits of their status, are changed."""

    def make() -> Change:
        async def change(call: Call, ask: Ask) -> Answer:
            answer = await ask(call)
            body = answer.json
            if call.operation in operations.split() and str(answer.status).startswith(status) and body is not None and when(body):
                for edit in edits:
                    edit(body, call)
                answer.json = body
            return answer

        return change

    return make


def sent(operations: str, function: Callable[[Answer, Call], Answer | None], *, status: str = "2") -> Make:
    """Whole answers of operations are changed: status, headers, bytes."""

    def make() -> Change:
        async def change(call: Call, ask: Ask) -> Answer:
            answer = await ask(call)
            if call.operation in operations.split() and str(answer.status).startswith(status):
                return function(answer, call) or answer
            return answer

        return change

    return make


def status(operations: str, old: int, new: int) -> Make:
    """Another status code."""

    def function(answer: Answer, _: Call) -> None:
        answer.status = new

    return sent(operations, function, status=str(old))


def body(operations: str, old: str, value: Any, content_type: str = "application/json") -> Make:
    """Another body: a JSON value, or a text."""

    def function(answer: Answer, _: Call) -> None:
        answer.set_header("content-type", content_type)
        if isinstance(value, str):
            answer.body = value.encode()
        else:
            answer.json = value

    return sent(operations, function, status=old)


def header(operations: str, name: str, value: str | None, *, of: str = "2") -> Make:
    """Another header, or none."""
    return sent(operations, lambda answer, _: answer.set_header(name, value), status=of)


def traced(operations: str, pointer: str, of: str) -> Make:
    """An error that shows where in the program it happened."""
    text = "Traceback (most recent call last):\n  File \"/srv/app/sessions.py\", line 41, in read\nKeyError: 'id'"
    return answers(operations, put(pointer, text), status=of)


def asks(operations: str, function: Callable[[Call], None]) -> Make:
    """Requests are changed before the mock gets them: what it would refuse is mended, so that it is taken."""

    def make() -> Change:
        async def change(call: Call, ask: Ask) -> Answer:
            if call.operation in operations.split():
                function(call)
            return await ask(call)

        return change

    return make


def unlocked(operations: str, *, only_missing: bool) -> Make:
    """Operations that answer without credentials, or (`only_missing=False`) with any."""

    def function(call: Call) -> None:
        accepted = next(entry for entry in call.provider.lifecycle.credentials.values() if entry.fails is None)
        for name, value in accepted.headers.items():
            if (name.lower() in call.headers) != only_missing:
                call.headers[name.lower()] = value

    return asks(operations, function)


def trims(operations: str, parameter: str, mend: Callable[[str], str]) -> Make:
    """An id in the path is mended before it is looked up."""

    def function(call: Call) -> None:
        shown = call.parameters[parameter]
        if mend(shown) != shown:
            path = next(entry.path for entry in call.provider.document.operations.values() if entry.id == call.operation)
            for name, value in call.parameters.items():
                path = path.replace("{" + name + "}", quote(mend(value) if name == parameter else value, safe=""))
            call.path = path

    return asks(operations, function)


def unbraced(text: str) -> str:
    """Without braces around it."""
    return text[1:-1] if text.startswith("{") and text.endswith("}") else text


def takes(operations: str, pointer: str, bad: Callable[[Any], bool], good: Any = None) -> Make:
    """A bad value in a JSON body is taken: as if it were a good one, or (None) as if it were not there."""

    def function(call: Call) -> None:
        value = call.json
        for holder, key in _places(value, pointer.split("/")[1:]):
            if (isinstance(holder, list) or key in holder) and bad(holder[key]):
                if good is None:
                    del holder[key]
                else:
                    holder[key] = good
                call.json = value

    return asks(operations, function)


def takes_query(operations: str, name: str, bad: Callable[[str], bool], good: str | None = None) -> Make:
    """A bad query parameter is taken, as if it were a good one or not there."""

    def function(call: Call) -> None:
        values = call.queries
        if name in values and bad(values[name]):
            if good is None:
                del values[name]
            else:
                values[name] = good
            call.queries = values

    return asks(operations, function)


def takes_body(operations: str, bad: Callable[[Call], bool], good: Any) -> Make:
    """A bad body is taken as if it were a good one."""

    def function(call: Call) -> None:
        if bad(call):
            call.json = good

    return asks(operations, function)


def is_no_json(call: Call) -> bool:
    """Whether a body says it is JSON and is none."""
    return bool(call.body) and call.json is None and call.body.strip() != b"null" and _says_json(call)


def is_no_object(call: Call) -> bool:
    """Whether a body is JSON and no object."""
    return bool(call.body) and (call.json is not None or call.body.strip() == b"null") and not isinstance(call.json, dict)


def _says_json(call: Call) -> bool:
    return call.headers.get("content-type", "application/json").startswith("application/json")


def is_number_below(least: int) -> Callable[[str], bool]:
    """Whether a text is a whole number below another."""
    return lambda text: text.lstrip("-").isdigit() and text.isascii() and int(text) < least


def is_number_above(most: int) -> Callable[[str], bool]:
    """Whether a text is a whole number above another."""
    return lambda text: text.isdigit() and text.isascii() and int(text) > most
