"""Conforming implementations that differ from the mock in what the contract leaves open: nothing may be found in them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from tests.score.asgi import Answer, Ask, Call, Change
from tests.score.changes import Make, Variant, at
from tests.score.near_variants import NEAR_VARIANTS
from tests.score.vendor_variants import VENDOR_VARIANTS

_INSTANT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
_ANY_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_ANY_UUID_BYTES = re.compile(_ANY_UUID.pattern.encode())
_UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
# What lists list; what was given at a session's creation, which is given back; and idnow's startedAt, which "null if not
# started" makes a field that is always there: left out in an end after it was shown, it would say that nothing had started.
_KEPT = frozenset({"data", "dataBlocks", "subjectId", "startedAt"})
# Objects whose names are data hold only what their owner put there, and all of it: idnow's results refer to each output, kayle's
# share_fields are the "effective normalized share fields".
_MAPS = frozenset({"share_fields", "results", "metadata", "details", "content"})


def every_answer(function: Callable[[Answer, Call], Answer | None]) -> Make:
    """Every answer is changed."""

    def make() -> Change:
        async def change(call: Call, ask: Ask) -> Answer:
            answer = await ask(call)
            return function(answer, call) or answer

        return change

    return make


def every_value(function: Callable[[Any], Any], *, only: str = "") -> Make:
    """The JSON value of every answer (of a status that begins so) is changed."""

    def edit(answer: Answer, _: Call) -> None:
        if answer.json is not None and str(answer.status).startswith(only):
            answer.json = function(answer.json)

    return every_answer(edit)


def _leaves(function: Callable[[str, Any], Any]) -> Callable[[Any], Any]:
    def walk(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {key: walk(entry, key) for key, entry in value.items()}
        if isinstance(value, list):
            return [walk(entry, name) for entry in value]
        return function(name, value)

    return walk


def _more_fields(value: Any) -> Any:
    if isinstance(value, dict):
        by_name = {key: entry for key, entry in value.items() if key in _MAPS}
        found = {key: entry if key in by_name else _more_fields(entry) for key, entry in value.items()}
        return {**found, "specimen_added": {"since": 2027, "list": [1, None, "x"]}}
    return [_more_fields(entry) for entry in value] if isinstance(value, list) else value


def _sorted_backwards(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted_backwards(value[key]) for key in sorted(value, reverse=True)}
    return [_sorted_backwards(entry) for entry in value] if isinstance(value, list) else value


def _pretty(answer: Answer, _: Call) -> None:
    if answer.json is not None:
        answer.body = json.dumps(answer.json, ensure_ascii=True, indent=4).encode() + b"\n"


def _header_case(answer: Answer, _: Call) -> None:
    answer.headers = [(name.upper() if name.lower() != "content-length" else name, value) for name, value in answer.headers]


def _charset(answer: Answer, _: Call) -> None:
    if answer.header("content-type") == "application/json":
        answer.set_header("content-type", "application/json; charset=UTF-8")


def _content_type_case(answer: Answer, _: Call) -> None:
    if answer.header("content-type") == "application/json":
        answer.set_header("content-type", "Application/JSON;charset=utf-8")


def _more_headers(answer: Answer, _: Call) -> None:
    shown = {"X-Request-Id": "7f2c", "Strict-Transport-Security": "max-age=63072000", "Vary": "Accept-Encoding", "CF-Ray": "8a1"}
    answer.headers += [*shown.items(), ("Set-Cookie", "lb=a; Path=/"), ("Set-Cookie", "az=b; Path=/")]


def _offset(name: str, value: Any) -> Any:
    del name
    return value[:-1] + "+00:00" if isinstance(value, str) and _INSTANT.match(value) else value


def _microseconds(name: str, value: Any) -> Any:
    del name
    if isinstance(value, str) and (found := _INSTANT.match(value)):
        return f"{value.removesuffix('Z').partition('.')[0]}.{(found[1] or '.0')[1:]:0<6}Z"
    return value


def _uuids_in_capitals() -> Change:
    """Ids are shown in capitals and taken in either case (RFC 9562, section 4)."""

    async def change(call: Call, ask: Ask) -> Answer:
        call.path = _ANY_UUID.sub(lambda found: found[0].lower(), call.path)
        call.body = _ANY_UUID_BYTES.sub(lambda found: found[0].lower(), call.body)
        answer = await ask(call)
        if answer.status < 300 and answer.json is not None:
            answer.json = _leaves(lambda _, value: value.upper() if isinstance(value, str) and _UUID.match(value) else value)(
                answer.json
            )
        return answer

    return change


def _messages(answer: Answer, call: Call) -> None:
    value = answer.json
    if answer.status in (400, 404, 422) and isinstance(at(value, "/error/message"), str) and call.provider.name != "neurovision":
        value["error"]["message"] = "Так не получится: проверьте запрос."
        answer.json = value


def _no_preferences() -> Change:
    """A service that knows nothing of the mock's header: requests without it."""

    async def change(call: Call, ask: Ask) -> Answer:
        call.headers.pop("prefer", None)
        return await ask(call)

    return change


def _slower() -> Change:
    """Sessions move at every fourth read where the mock moves them at every second one."""
    steps = re.compile(r"polls:(\d+)")

    async def change(call: Call, ask: Ask) -> Answer:
        if "prefer" in call.headers:
            call.headers["prefer"] = steps.sub(lambda found: f"polls:{2 * int(found[1])}", call.headers["prefer"])
        return await ask(call)

    return change


def _faster() -> Change:
    async def change(call: Call, ask: Ask) -> Answer:
        if "prefer" in call.headers:
            call.headers["prefer"] = re.sub(r"polls:\d+", "polls:1", call.headers["prefer"])
        return await ask(call)

    return change


def _optional_fields_absent(answer: Answer, call: Call) -> None:
    """Every field that can be left out by the document is left out."""
    operation = call.provider.document.operations.get(call.operation or "")
    response = None if operation is None else operation.responses.get(str(answer.status))
    media = None if response is None else response.content(answer.header("content-type"))
    value = answer.json
    if media is None or media.pointer is None or answer.status >= 300 or value is None:
        return
    validator = call.provider.schemas.validator(media.pointer)

    def thin(node: Any, within: str = "") -> None:
        for key in list(node) if isinstance(node, dict) else ():
            if key not in _KEPT and within not in _MAPS:
                kept = node.pop(key)
                if validator.is_valid(value):
                    continue
                rest = {name: node.pop(name) for name in list(node)}
                node.update({key: kept, **rest})
            thin(node[key], key)
        for entry in node if isinstance(node, list) else ():
            thin(entry)

    thin(value)
    answer.json = value


def _long_ids() -> Change:
    """Ids that are opaque are twice as long."""
    suffix = "00x7f3a9c5e1b"

    async def change(call: Call, ask: Ask) -> Answer:
        call.path = call.path.replace(suffix, "")
        call.query = call.query.replace(suffix, "")
        call.body = call.body.replace(suffix.encode(), b"")
        answer = await ask(call)
        if answer.json is not None and answer.status < 300:
            answer.body = re.sub(rb'"((?:ses|ver)_[0-9a-z]{26})"', rb'"\g<1>' + suffix.encode() + rb'"', answer.body)
        return answer

    return change


def _not_found_for_malformed(answer: Answer, call: Call) -> Answer | None:
    """Where an id is malformed, 404 as well as 400."""
    wanted = {"kayle": "getSession cancelSession", "predicate": "getStatus streamStatus"}.get(call.provider.name, "")
    if answer.status != 400 or call.operation not in wanted.split() or call.has_preference:
        return None
    if call.provider.name == "predicate" and call.parameters.get("type") not in ("individual", "business"):
        return None
    status, content_type, value = next(
        found for name, code in call.provider.document.operations[call.operation].examples()
        if code == 404 and (found := call.provider.document.operations[call.operation].example(name)) is not None
    )  # fmt: skip
    found = Answer.of(status, value)
    found.set_header("content-type", content_type)
    return found


def _unavailable_sometimes() -> Change:
    """Every thirtieth request is answered 503 with the vendor's own words, as documented."""
    count = 0

    async def change(call: Call, ask: Ask) -> Answer:
        nonlocal count
        count += 1
        if count % 30 == 0 and call.operation is not None:
            call.headers["prefer"] = "example=dependency_unavailable"
        return await ask(call)

    return change


VARIANTS = (
    Variant("more_fields", "every object has fields that no page lists", every_value(_more_fields)),
    Variant("fields_in_other_order", "the fields are in another order", every_value(_sorted_backwards)),
    Variant("pretty_json", "JSON is indented, in ASCII, with a line end", every_answer(_pretty)),
    Variant("header_names_in_capitals", "header names are in capitals", every_answer(_header_case)),
    Variant("charset", "the content type names its charset", every_answer(_charset)),
    Variant("content_type_in_capitals", "the content type is in other letters", every_answer(_content_type_case)),
    Variant("more_headers", "answers have headers that no page lists, one of them twice", every_answer(_more_headers)),
    Variant("offset", "times end in +00:00 instead of Z", every_value(_leaves(_offset), only="2")),
    Variant("microseconds", "times have six digits behind the second", every_value(_leaves(_microseconds), only="2")),
    Variant("uuids_in_capitals", "UUIDs are in capitals", _uuids_in_capitals),
    Variant("other_words", "messages and hints are in other words", every_answer(_messages)),
    Variant("chunked", "bodies come in chunks of 200 bytes, without a length", every_answer(lambda *_: None), chunk_bytes=200),
    Variant("slower", "sessions move at half the speed", _slower),
    Variant("faster", "sessions move at every read", _faster),
    Variant("no_wishes", "the service does not know the mock's header Prefer", _no_preferences),
    Variant(
        "long_ids", "opaque ids are longer", _long_ids, providers=("kyve",),
    ),
    Variant(
        "not_found_for_malformed", "a malformed id is answered 404 instead of 400", every_answer(_not_found_for_malformed),
        providers=("kayle", "predicate"),
    ),
    Variant(
        "optional_fields_absent", "fields that are not required are absent", every_answer(_optional_fields_absent), departs=True,
    ),
    Variant("dependency_down", "now and then a documented 503", _unavailable_sometimes, providers=("kyve",)),
    *VENDOR_VARIANTS,
    *NEAR_VARIANTS,
)  # fmt: skip
