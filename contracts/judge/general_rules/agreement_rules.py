"""A rule about the answers of different operations: they say the same of a session."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.http.url_equivalence import same_url
from specimen.contracts.judge.checks.fields import is_read, read_of, same_value, state_of, status_pointer
from specimen.contracts.judge.checks.shown_sessions import is_plain
from specimen.contracts.judge.history import History, read_subject, same_caller
from specimen.contracts.judge.history.session_objects import SessionObject, request_names, session_objects
from specimen.contracts.judge.rule import EXAMINED, Examined, Finding, rule
from specimen.specs.loading.lifecycle import Lifecycle

# Members that say with what a session was made: they are the same wherever the session is shown.
_MADE_WITH = re.compile(
    r"created_?at|livemode|environment|\w*version|(?:flow|template|subject|schema|contract|client|workspace)_?(?:id|key|version)",
    re.IGNORECASE,
)
# Members that may differ although nothing happened between two answers.
_MOVING = re.compile(r"updated_?at|response_?time|\w*seconds\w*|\w*spent|\w*url\w*|\w*token\w*|is_?client_?new", re.IGNORECASE)
_SIZE = re.compile(r"(?:page_?)?(?:limit|size)|per_?page", re.IGNORECASE)
_MORE = re.compile(r"has_?(?:more|next)", re.IGNORECASE)
_STATUS = re.compile(r"\w*status", re.IGNORECASE)
_MOST_LISTS = 5
_MOST_CALLS = 60
_NOT_FOUND = 404


@rule(
    "GEN-025",
    "answers of different operations say the same of a session",
    mark="I",
    source="lifecycle of the vendor's page",
    quote="The status of the verification session … Current status",
)
def answers_agree(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """What a session was made with is the same everywhere; of one that has ended, so is all else that does not move.

    What a list shows, a read finds. A session that was seen in a later state is nowhere back in its first one, unless the
    lifecycle leads there.
    """
    if exchange.has_preference or exchange.operation is None or history.under_key(exchange):
        return  # under a repeated key the first answer comes again, in any later state of the session
    if read_of(exchange) is not None and _is_listed(exchange, history):
        yield EXAMINED
        if exchange.status == _NOT_FOUND:
            yield Finding("", "the session that a list showed", exchange.status)
    is_creation = exchange.operation.id == exchange.provider.lifecycle.create.operation
    if not exchange.is_success or is_creation:
        return
    for shown in session_objects(exchange):
        for earlier in _elsewhere(shown.id, exchange, history):
            yield from _differences(exchange, shown, earlier)
            break
        yield from _differs_from_its_session(exchange, shown, history)


@rule(
    "GEN-065",
    "a list of a state shows the sessions that are in it before and after",
    mark="I",
    source="lists of the vendor's page",
    quote="GET /v1/verifications?status=requires_review&limit=50",
)
def lists_of_a_state_are_whole(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """Of a session that two reads show in one state: in a whole list of this state between them, by a list that has shown it."""
    earlier = history.reads(exchange)[-1:] if is_read(exchange) else ()
    state, lifecycle = state_of(exchange), exchange.provider.lifecycle
    if not earlier or state not in lifecycle.states or state_of(earlier[0]) != state or not same_caller(earlier[0], exchange):
        return
    shown = next(iter(session_objects(exchange)), None)
    for operation in exchange.provider.document.operations.values() if shown is not None else ():
        if not operation.is_safe or "{" in operation.path or operation.part is not None or shown is None:
            continue
        for one in history.after(f"operation {operation.id}", str(read_subject(exchange))):
            is_whole = one.started >= earlier[0].at and one.at <= exchange.started and _lists_all_of(one, str(state))
            if not is_whole or not same_caller(one, exchange) or not _was_listed(shown.id, operation.id, exchange, history):
                continue
            yield EXAMINED
            if shown.id not in {row.id for row in session_objects(one)}:
                yield Finding(str(status_pointer(exchange)), f"not '{state}': {operation.id} did not list it as that", state)
                return


def _lists_all_of(listed: Exchange, state: str) -> bool:
    """Whether an answer is a list of all sessions in a state, from its first entry to its last."""
    asked = {name: value for name, value in listed.queries.items() if not _SIZE.fullmatch(name)}
    body = listed.response_json
    nodes = [body, *body.values()] if isinstance(body, Mapping) else []
    more = [value for node in nodes if isinstance(node, Mapping) for name, value in node.items() if _MORE.fullmatch(name)]
    is_filter = len(asked) == 1 and all(_STATUS.fullmatch(name) and value == state for name, value in asked.items())
    return listed.is_success and not listed.has_preference and is_filter and more == [False]


def _was_listed(session: str, operation: str, exchange: Exchange, history: History) -> bool:
    """Whether a list without a filter has shown a session to the same caller."""
    return any(
        not any(_STATUS.fullmatch(name) for name in one.queries)
        and same_caller(one, exchange)
        and session in {row.id for row in session_objects(one)}
        for one in history.calls(operation)[-_MOST_CALLS:]
    )


def _is_listed(exchange: Exchange, history: History) -> bool:
    """Whether the last answer of a list that the same caller got shows an id that a read asks for."""
    asked = set(exchange.parameters.values())
    for operation in exchange.provider.document.operations.values():
        if operation.is_safe and "{" not in operation.path:
            for listed in history.calls(operation.id)[-1:]:
                if listed.is_success and not listed.has_preference and same_caller(listed, exchange):
                    return any(shown.id in asked for shown in session_objects(listed))
    return False


def _differences(exchange: Exchange, shown: SessionObject, earlier: Mapping[str, Any]) -> Iterator[Finding | Examined]:
    lifecycle = exchange.provider.lifecycle
    status = next((read.status.rpartition("/")[2] for read in lifecycle.reads if read.status is not None), "status")
    now, before = shown.members.get(status), earlier.get(status)
    may_leave = {edge.origin for edge in lifecycle.transitions if edge.operation is not None}
    has_ended = before in lifecycle.terminal
    if has_ended and before not in may_leave and now in lifecycle.states:
        yield EXAMINED
        if now != before:
            yield Finding(f"{shown.pointer}/{status}", f"'{before}', as another answer said", now)
            return
    if before in lifecycle.states and now in lifecycle.states and not _leads_to(lifecycle, lifecycle.initial):
        yield EXAMINED
        if now == lifecycle.initial and now != before:
            yield Finding(f"{shown.pointer}/{status}", f"'{before}', as another answer said, or what follows", now)
            return
    read = read_of(exchange)
    is_read = read is not None and read.id is not None
    own = request_names(exchange.provider)
    for name, was in earlier.items():
        value, is_made_with = shown.members.get(name), _MADE_WITH.fullmatch(name) is not None
        is_stable = is_made_with or name in own or (has_ended and now == before and not _MOVING.fullmatch(name))
        is_kept = is_made_with or name in own or has_ended
        is_gone = is_kept and was != "" and (name in shown.members or (is_read and is_made_with)) and value in (None, "")
        is_nested = (has_ended or name in own) and type(was) is type(value) and isinstance(was, (Mapping, list))
        if not is_stable or not (is_nested or (is_plain(was) and (is_gone or is_plain(value)))):
            continue
        yield EXAMINED
        if is_gone or not _says_the_same(value, was):
            yield Finding(f"{shown.pointer}/{name}", "the value that another answer showed", value)


def _differs_from_its_session(exchange: Exchange, shown: SessionObject, history: History) -> Iterator[Finding | Examined]:
    """What a session names as its own, such as its verification, was made with the same as the session."""
    holders = (history.holder(f"{kind}_id", shown.id) for kind in exchange.provider.lifecycle.ids)
    session = next((one for one in holders if one is not None), None)
    made = history.created(session) if session is not None and session != shown.id else None
    if made is None or made.has_preference or not same_caller(made, exchange):
        return
    theirs = next((one.members for one in session_objects(made) if one.id == session), {})
    for name, was in theirs.items():
        value = shown.members.get(name)
        if not _MADE_WITH.fullmatch(name) or not is_plain(was) or not is_plain(value):
            continue
        yield EXAMINED
        if not same_value(value, was):
            yield Finding(f"{shown.pointer}/{name}", "the value that its session was made with", value)


def _says_the_same(first: Any, second: Any) -> bool:
    """Whether two values are one, in every part that both have; a list may be in another order."""
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        is_map = all(isinstance(value, Mapping) for value in (*first.values(), *second.values()))
        if is_map and first.keys() != second.keys():
            return False
        return all(_says_the_same(first[name], second[name]) for name in first if name in second and not _MOVING.fullmatch(name))
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(any(_says_the_same(one, other) for other in second) for one in first)
    return same_value(first, second) or same_url(first, second)


def _leads_to(lifecycle: Lifecycle, state: str) -> bool:
    return any(edge.to == state for edge in lifecycle.transitions)


def _elsewhere(session: str, exchange: Exchange, history: History) -> Iterator[Mapping[str, Any]]:
    """What the last answer of each other operation that showed a session to the same caller said of it."""
    here = exchange.operation.id if exchange.operation is not None else ""
    others = [(one.operation, history.of(f"read {one.operation} {session}")[-1:]) for one in exchange.provider.lifecycle.reads]
    made = history.created(session)
    others.append((exchange.provider.lifecycle.create.operation, (made,) if made is not None else ()))
    others += [
        (operation.id, history.calls(operation.id)[-_MOST_LISTS:])
        for operation in exchange.provider.document.operations.values()
        if operation.is_safe and "{" not in operation.path
    ]
    for name, earlier in others:
        for one in reversed(earlier) if name != here else ():
            if one.is_success and not one.has_preference and same_caller(one, exchange):
                # Around the session of a creation stands what it was made with.
                found = [shown.members for shown in session_objects(one) if shown.id == session]
                if found:
                    yield {name: value for members in reversed(found) for name, value in members.items()}
