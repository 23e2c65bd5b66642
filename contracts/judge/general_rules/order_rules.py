"""General rules on the order within an answer: of times, of a document's dates, and entries that are listed once."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.http.memory import once_an_exchange
from specimen.contracts.judge.checks.fields import epoch_seconds
from specimen.contracts.judge.checks.precision import unit
from specimen.contracts.judge.checks.service_clock import date_of
from specimen.contracts.judge.history import History
from specimen.contracts.judge.history.session_objects import SessionObject, documented_names, request_names, session_objects
from specimen.contracts.judge.rule import EXAMINED, Examined, Finding, rule
from specimen.specs import Provider
from specimen.specs.core.json_pointer import escape

# What happens to a thing in the order of their names' meaning; of two of one place nothing is said.
_HAPPENINGS = tuple(
    re.compile(rf"(?:\w+_)?(?:{words})_?(?:at|on|time)", re.IGNORECASE)
    for words in ("created|requested", "started|opened", "completed|closed|ended|finished|decided", "updated|modified")
)
# What is done of a session's parts.
_PART = re.compile(r"(?:created|started|checked|made)_?(?:at|on)", re.IGNORECASE)
# What has happened when an answer tells it.
_PAST = re.compile(
    r"(?:created|started|checked|made|completed|closed|ended|finished|decided|verified|updated|modified)_?(?:at|on)|response_?time",
    re.IGNORECASE,
)
# By how much the clocks of two machines of one service may differ.
_CLOCKS_SECONDS = 300
_EXPIRES = re.compile(r"expires?_?(?:at|on)|expir(?:y|ation)_?(?:date|time|at)?", re.IGNORECASE)
# What a document's dates mean (field_semantics.yaml), in their order.
_DATES = ("birth_date", "issue_date", "expiry_date")
_FORMS = (re.compile(r"(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})"), re.compile(r"(?P<d>\d{2})\.(?P<m>\d{2})\.(?P<y>\d{4})"))
_DATE_LENGTH = 10
_DEEPEST = 9
_MOST_ENTRIES = 200
_IDS = re.compile(r"id|\w+Id|\w+_id")


def _nodes(value: Any) -> list[tuple[tuple[str, ...], Any]]:
    """Each object and array of a value with its place, the outer first."""
    found: list[tuple[tuple[str, ...], Any]] = []
    _collect(found, (), value)
    return found


def _collect(found: list[tuple[tuple[str, ...], Any]], parts: tuple[str, ...], node: Any) -> None:
    if len(parts) > _DEEPEST or not isinstance(node, (dict, list)):
        return
    found.append((parts, node))
    if isinstance(node, dict):
        for name, value in node.items():
            if isinstance(value, (dict, list)):
                _collect(found, (*parts, name), value)
    else:
        for index, value in enumerate(node[:_MOST_ENTRIES]):
            if isinstance(value, (dict, list)):
                _collect(found, (*parts, str(index)), value)


@once_an_exchange
def _body_nodes(exchange: Exchange) -> list[tuple[tuple[str, ...], Any]]:
    return _nodes(exchange.response_json)


@lru_cache(maxsize=4096)
def _place(name: str) -> int | None:
    """The place of a name's meaning in the order of happenings, the last that of an end to come; None for another name."""
    found = next((place for place, pattern in enumerate(_HAPPENINGS) if pattern.fullmatch(name)), None)
    return len(_HAPPENINGS) if found is None and _EXPIRES.fullmatch(name) else found


@lru_cache(maxsize=4096)
def _is_of_part(name: str) -> bool:
    return _PART.fullmatch(name) is not None


def _pointer(parts: tuple[str, ...]) -> str:
    return "".join(f"/{escape(part)}" for part in parts)


@rule(
    "GEN-040",
    "the times of a thing follow one another as their names say",
    mark="I",
    source="names of the fields",
    quote="timestamp when session was created … when processing started … reached a terminal state … of last update",
)
def times_follow(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """Made, started, ended, last changed, in each object of an answer; and nothing expires before it was made."""
    for parts, node in _body_nodes(exchange) if exchange.is_success else ():
        if isinstance(node, dict):
            yield from _out_of_order(parts, node, documented_names(exchange.provider))  # what a service adds is its own


def _out_of_order(
    parts: tuple[str, ...], node: Mapping[str, Any], documented: Collection[str]
) -> Iterator[Finding | Examined]:
    times = [
        (place, name, seconds, value)
        for name, value in node.items()
        if (place := _place(name)) is not None and name in documented and (seconds := epoch_seconds(value)) is not None
    ]
    for place, name, seconds, value in times:
        for before, other, earlier, text in times:
            if before >= place or (place == len(_HAPPENINGS) and before):
                continue  # what ended or changed may have done so after its deadline
            yield EXAMINED
            if seconds < earlier and seconds + _slack(value, text) <= earlier:
                there = _pointer((*parts, other))
                yield Finding(_pointer((*parts, name)), f"not earlier than {there}", value, rests_on=(there,))
                return


def _slack(first: Any, second: Any) -> float:
    """Seconds by which two moments may seem to be out of order where one is shown more exactly."""
    units = {unit(first), unit(second)}
    return max(units).total_seconds() if len(units) > 1 else 0.0


@rule(
    "GEN-066",
    "what has happened is not dated later than the answer that tells it",
    mark="I",
    source="names of the fields; RFC 9110, section 6.6.1, Date",
    quote="timestamp when session was created … timestamp of last update … Response generation time",
)
def nothing_is_of_tomorrow(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """By the service's own header Date, give or take five minutes, in each object of an answer: another zone is an hour away."""
    del history
    answered = date_of(exchange) if exchange.is_success and not exchange.has_preference else None
    past, theirs = _past_names(exchange.provider), request_names(exchange.provider)
    for parts, node in _body_nodes(exchange) if answered is not None else ():
        names = [name for name in node if name in past] if isinstance(node, Mapping) else []
        for name in names if not theirs.intersection(parts) else ():
            seconds = epoch_seconds(node[name])
            if seconds is None or answered is None:
                continue
            yield EXAMINED
            if seconds > answered + _CLOCKS_SECONDS:
                yield Finding(_pointer((*parts, name)), "not later than the answer, by its header Date", node[name])
                return


@cache
def _past_names(provider: Provider) -> frozenset[str]:
    """The documented names of times that have come when an answer tells them."""
    return frozenset(name for name in documented_names(provider) if _PAST.fullmatch(name))


@rule(
    "GEN-048",
    "what belongs to a session happened in its time",
    mark="I",
    source="names of the fields",
    quote="timestamp when session was created … reached a terminal state",
)
def parts_are_of_their_time(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """A check, a task or a block of data is not older than its session, nor made after the session has ended."""
    if exchange.has_preference:
        return
    theirs = request_names(exchange.provider)
    for shown in session_objects(exchange):
        began, ended = _span(shown, exchange, history)
        for parts, node in _nodes({name: value for name, value in shown.members.items() if name not in theirs}):
            for name, value in node.items() if isinstance(node, Mapping) and parts else ():
                seconds = epoch_seconds(value) if _is_of_part(name) else None
                if seconds is None or (began is None and ended is None):
                    continue
                yield EXAMINED
                width, pointer = unit(value).total_seconds(), f"{shown.pointer}{_pointer((*parts, name))}"
                if began is not None and seconds + width <= began:
                    yield Finding(pointer, "not before its session was made", value)
                    return
                if ended is not None and seconds - width >= ended:
                    yield Finding(pointer, "not after its session has ended", value)
                    return


def _span(shown: SessionObject, exchange: Exchange, history: History) -> tuple[float | None, float | None]:
    """When a session was made and ended, by its own members or by the last read that shows them, widened by their unit.

    The end that a session shows which has not ended is none: another rule is broken by it.
    """
    lifecycle = exchange.provider.lifecycle
    status = next((read.status.rpartition("/")[2] for read in lifecycle.reads if read.status is not None), "status")
    open_states = [state for state in lifecycle.states if state not in lifecycle.terminal]
    reads = (history.of(f"read {read.operation} {shown.id}")[-1:] for read in lifecycle.reads)
    known = [shown.members, *(one.members for found in reads for read in found for one in session_objects(read))]
    return _time(known, 0, -1), _time([members for members in known if members.get(status) not in open_states], 2, 1)


def _time(known: list[Mapping[str, Any]], place: int, side: int) -> float | None:
    for members in known:
        for name, value in members.items():
            seconds = epoch_seconds(value) if _place(name) == place else None
            if seconds is not None:
                return seconds + side * unit(value).total_seconds()
    return None


@rule(
    "GEN-041",
    "a person is born before a document is issued, and it is issued before it expires",
    mark="A",
    source="names of the fields",
    reason="a service shows what a document says: a false one may say anything, and a true one may count years otherwise",
)
def dates_follow(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """By what field_semantics.yaml says that the fields of one object or list mean."""
    del history
    body = exchange.response_json
    if not exchange.is_success or not isinstance(body, Mapping):
        return
    semantics = exchange.provider.field_semantics
    known: dict[str, tuple[str, date, Any]] = {}
    for parts, node in _body_nodes(exchange):
        for name, value in node.items() if isinstance(node, Mapping) else ():
            day = _day(value)
            meaning = semantics.at((*parts, name), body) if day is not None else None
            if day is not None and meaning is not None and meaning.holds in _DATES:
                known.setdefault(meaning.holds, (_pointer((*parts, name)), day, value))
    for first, second in pairwise(_DATES):
        if first not in known or second not in known:
            continue
        yield EXAMINED
        if known[second][1] < known[first][1]:
            pointer, _, value = known[second]
            yield Finding(pointer, f"not earlier than {known[first][0]}", value, rests_on=(known[first][0],))


def _day(value: Any) -> date | None:
    for form in _FORMS if isinstance(value, str) and len(value) == _DATE_LENGTH else ():
        found = form.fullmatch(value)
        if found is not None:
            try:
                return date(int(found["y"]), int(found["m"]), int(found["d"]))
            except ValueError:
                return None
    return None


@rule(
    "GEN-042",
    "nothing is listed twice",
    mark="I",
    source="names of the fields",
    quote="the unique identifier",
)
def entries_are_listed_once(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """No two entries of a list have the same id, or are alike with a link in them; no list of links has the same link twice."""
    for parts, node in _body_nodes(exchange) if exchange.is_success and not exchange.has_preference else ():
        if not isinstance(node, list) or len(node) < 2:
            continue
        name = _id_name(parts[-1] if parts else "", node)
        seen: set[str] = set()
        for index, entry in enumerate(node[:_MOST_ENTRIES]):
            value = _identity(entry, name)
            if not value:
                continue
            yield EXAMINED
            if value in seen:
                has_id = isinstance(entry, Mapping) and name
                place = (*parts, str(index), name) if has_id else (*parts, str(index))
                yield Finding(_pointer(place), "an entry that was not listed before it", value if has_id else entry)
                return
            seen.add(value)


def _identity(entry: Any, name: str) -> str:
    """What tells an entry from the others: its id; without one all of it, where it is a link or has one; or nothing."""
    if isinstance(entry, Mapping) and not name and any(map(_is_link, entry.values())):
        return json.dumps(entry, sort_keys=True)
    value = entry.get(name) if isinstance(entry, Mapping) else entry if _is_link(entry) else None
    return value if isinstance(value, str) else ""


def _id_name(listed_as: str, entries: list[Any]) -> str:
    """The name of an entry's own id: `id`, or the one that the list is named after."""
    first = next((entry for entry in entries if isinstance(entry, Mapping)), {})
    stem = listed_as.rstrip("s").replace("_", "").lower()
    names = [name for name in first if _IDS.fullmatch(name)]
    return next((name for name in names if name == "id" or name.replace("_", "").lower() == f"{stem}id"), "")


def _is_link(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(("http://", "https://"))
