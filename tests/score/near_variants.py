"""Conforming implementations that come close to the rules that compare what is said in two places."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any

from tests.score.asgi import Answer, Ask, Call, Change
from tests.score.changes import Make, Variant

_TIME = re.compile(rb'"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\.(\d{3})Z"')
_UUID = re.compile(rb'"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"')
_MEDIA = re.compile(rb'("url" *: *"https?://[^"]*)"')
_TWO_HOURS = timezone(timedelta(hours=2))


def _in_lists(call: Call) -> bool:
    return call.operation in ("listSessions", "listVerifications")


def _in_reads(call: Call) -> bool:
    return call.operation in {read.operation for read in call.provider.lifecycle.reads}


def _rewritten(where: Any, pattern: re.Pattern[bytes], new: Any) -> Make:
    """Texts of the JSON answers of some operations, written otherwise."""

    def make() -> Change:
        async def change(call: Call, ask: Ask) -> Answer:
            answer = await ask(call)
            if where(call) and answer.status in (200, 201) and answer.json is not None:
                answer.body = pattern.sub(new, answer.body)
            return answer

        return change

    return make


def _at_two_hours(found: re.Match[bytes]) -> bytes:
    moment = datetime.fromisoformat(found[0][1:-1].decode()).astimezone(_TWO_HOURS)
    return f'"{moment.isoformat(timespec="milliseconds")}"'.encode()


def _touched() -> Change:
    """The time of the last change moves with each read of a session that has not ended: a webhook was delivered."""

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        body = answer.json
        if _in_reads(call) and answer.status == 200 and isinstance(body, dict):
            shown = body.get("data", body)
            ended = call.provider.lifecycle.terminal
            is_open = isinstance(shown, dict) and shown.get("status") not in ended and not call.has_preference
            if is_open and shown.get("updated_at"):
                shown["updated_at"] = touched[shown["id"]] = answer_time(shown["updated_at"])
                answer.json = body
            elif isinstance(shown, dict) and shown.get("id") in touched and not call.has_preference:
                last = touched[shown["id"]]
                shown["updated_at"] = max(shown["updated_at"], later(last, 1))  # its end came after the last delivery
                answer.json = body
        return answer

    touched: dict[str, str] = {}
    turn = 0

    def answer_time(text: str) -> str:
        nonlocal turn
        turn += 1
        return later(text, turn)

    def later(text: str, milliseconds: int) -> str:
        moved = datetime.fromisoformat(text) + timedelta(milliseconds=milliseconds)
        return moved.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    return change


def _signed() -> Change:
    """Links to media are signed anew in every answer."""
    turn = 0

    async def change(call: Call, ask: Ask) -> Answer:
        nonlocal turn
        answer = await ask(call)
        if call.operation == "getVerification" and answer.status == 200:
            turn += 1
            answer.body = _MEDIA.sub(rb'\g<1>&nonce=%d"' % turn, answer.body)
        return answer

    return change


def _user_known_late() -> Change:
    """The user is shown once the session has ended."""

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        body = answer.json
        if call.operation == "getStatus" and answer.status == 200 and body["status"] not in call.provider.lifecycle.terminal:
            body.pop("userId", None)
            answer.json = body
        return answer

    return change


def _more_blocks() -> Change:
    """A step stores what is no output of the flow, beside what is: no result refers to it."""

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        body = answer.json
        if call.operation == "listDatablocks" and answer.status == 200 and body["dataBlocks"]:
            first = body["dataBlocks"][0]
            body["dataBlocks"].insert(0, {**first, "dataBlockId": f"{first['dataBlockId'][:-3]}fed", "type": "captureEvents"})
            answer.json = body
        return answer

    return change


def _at_creation(call: Call) -> bool:
    return call.operation == call.provider.lifecycle.create.operation


def _milliseconds_with(digits: bytes) -> bytes:
    return rb'"\g<1>.\g<2>' + digits + rb'Z"'


NEAR_VARIANTS = (
    Variant(
        "reads_to_the_microsecond", "reads show times to the microsecond, creations and lists to the millisecond",
        _rewritten(_in_reads, _TIME, _milliseconds_with(b"417")),
    ),
    Variant(
        "lists_at_another_offset", "lists show times at two hours' offset", _rewritten(_in_lists, _TIME, _at_two_hours),
        providers=("kayle", "kyve"),
    ),
    Variant(
        "lists_to_the_microsecond", "lists show times to the microsecond",
        _rewritten(_in_lists, _TIME, _milliseconds_with(b"000")), providers=("kayle", "kyve"),
    ),
    Variant(
        "ids_in_capitals_in_reads", "reads show UUIDs in capitals, creations do not",
        _rewritten(_in_reads, _UUID, lambda found: found[0].upper()), providers=("idnow", "neurovision", "predicate"),
    ),
    Variant(
        "reads_to_the_second", "reads show times to the second", _rewritten(_in_reads, _TIME, rb'"\g<1>Z"'),
        providers=("idnow", "kayle"),
    ),
    Variant(
        "lists_to_the_second", "lists show times to the second", _rewritten(_in_lists, _TIME, rb'"\g<1>Z"'),
        providers=("kayle", "kyve"),
    ),
    Variant(
        "creations_at_another_offset", "creations show times at two hours' offset",
        _rewritten(_at_creation, _TIME, _at_two_hours), providers=("kayle", "kyve"),
    ),
    Variant("user_known_late", "the user is shown once the session has ended", _user_known_late, providers=("predicate",)),
    Variant(
        "blocks_beside_output", "a step stores what is no output, and results refer to outputs alone", _more_blocks, departs=True,
        providers=("idnow",),
    ),
    Variant("touched_by_deliveries", "updated_at moves until the session ends", _touched, providers=("kayle", "kyve")),
    Variant("links_signed_anew", "links are signed anew in each answer", _signed, providers=("kyve",)),
)  # fmt: skip
