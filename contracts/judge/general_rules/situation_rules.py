"""General rules about the situation that a request meets: the refusal that is documented for it, or none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.checks.account_refusals import is_account_dependent
from specimen.contracts.judge.checks.body_mark import body_mark
from specimen.contracts.judge.checks.fields import made_by, state_of, status_pointer
from specimen.contracts.judge.checks.shown_sessions import shows_session
from specimen.contracts.judge.history import History, read_subject, same_caller
from specimen.contracts.judge.history.own_values import SECRET
from specimen.contracts.judge.history.session_objects import session_objects
from specimen.contracts.judge.kind import CONSISTENCY, REFUSAL
from specimen.contracts.judge.rule import EXAMINED, Examined, Finding, rule
from specimen.contracts.judge.severity import weakest
from specimen.contracts.judge.validation.request_validation import request_errors
from specimen.specs import Operation, Provider
from specimen.specs.core.json_pointer import at
from specimen.specs.loading.lifecycle import ErrorCase

# What any request may meet, whatever its situation: a rate limit, a gateway, a failure of the server.
_ANY_TIME = frozenset({408, 413, 415, 429, *range(500, 600)})
_REFERENCE = re.compile(r"\{(unknown:)?(\w+)(?::(\w+)(@\w+)?)?\}")
# A malformed id may be called unknown, and the reverse.
_ABOUT_IDS = frozenset({400, 404, 422})
# Letters that a verb and its participle share.
_STEM = 5
_REFUSED = 400
_A_MINUTE = 60_000
# What an observer knows of a request that need not find the session in its path.
_NOT_TO_FIND = frozenset({"unknown_id", "foreign_id", "malformed_id", "elsewhere", "credentials", "invalid", "case", "either"})
UNKNOWN, ANONYMOUS, REFUSED_KEY, ENDED = "unknown id", "no credentials", "unknown credentials", "ended session"


class _Expected(NamedTuple):
    """The documented refusal of a situation: status, the word that tells it and where it stands, and their marks."""

    status: int
    pointer: str
    word: str
    status_mark: str
    word_mark: str


@rule(
    "GEN-049",
    "a refusal is the one that the document has for its situation",
    mark="I",
    source="OpenAPI 3.1, Response Object, examples; the errors of lifecycle.yaml",
    quote='Session not found. … the request will return "access denied"',
    kind=REFUSAL,
)
def refusals_fit_their_situation(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """An unknown id, no or a wrong credential, an ended session, and each request that is documented to be refused.

    By the status and by the code, or by the message where errors have no codes. A request that is documented with a credential
    of its own may be documented to succeed.
    """
    if exchange.operation is None or exchange.has_preference or exchange.status in _ANY_TIME:
        return
    if is_account_dependent(exchange) and "as" not in exchange.intent:
        return  # of a documented credential it is known what its account may do
    situation = _situation(exchange, history)
    wanted = _documented(exchange.provider).get((exchange.operation.id, situation), ())
    is_shown = exchange.is_success and shows_session(exchange) and situation != ENDED and "as" not in exchange.intent
    if not wanted or is_shown:
        return  # that nothing may be found here is what other rules say
    yield EXAMINED
    alike = [one for one in wanted if one.status == exchange.status]
    if not alike:
        if exchange.is_success != (wanted[0].status < _REFUSED) and "as" in exchange.intent:
            expected = f"{wanted[0].status}, which is documented for this: {situation}"
            yield Finding("", expected, exchange.status, mark=wanted[0].status_mark)
            return
        is_about_an_id = {exchange.status, wanted[0].status} <= _ABOUT_IDS and situation not in (UNKNOWN, ENDED)
        if not exchange.is_success and not is_about_an_id:
            statuses = " or ".join(dict.fromkeys(str(one.status) for one in wanted))
            yield Finding(
                "", f"{statuses}, which is documented for this: {situation}", exchange.status, mark=wanted[0].status_mark
            )
        return
    said = at(exchange.response_json, alike[0].pointer) if alike[0].word else None
    if isinstance(said, str) and said not in {one.word for one in alike}:
        words = " or ".join(dict.fromkeys(one.word for one in alike))
        yield Finding(alike[0].pointer, f"{words}, which is documented for this: {situation}", said, mark=alike[0].word_mark)


def _situation(exchange: Exchange, history: History) -> str:
    """The name of the situation that a request meets; empty where none is known."""
    intent, operation = exchange.intent, exchange.operation
    kind = intent.get("credentials")
    if operation is not None and operation.security and not exchange.has_credentials:
        return "" if intent.get("invalid") or request_errors(exchange) else ANONYMOUS
    if kind is not None:
        return REFUSED_KEY if kind == "unknown" else ""
    if isinstance(intent.get("case"), str):
        return str(intent["case"])
    if intent.get("unknown_id"):
        return UNKNOWN
    return ENDED if _is_over(exchange, history) else ""


def _is_over(exchange: Exchange, history: History) -> bool:
    """Whether a call is to change a session that was last seen in a terminal state."""
    operation, lifecycle = exchange.operation, exchange.provider.lifecycle
    if operation is None or operation.is_safe or "{" not in operation.path or operation.id == lifecycle.create.operation:
        return False
    if exchange.request_headers.get("idempotency-key") or request_errors(exchange):
        return False
    return _last_state(exchange, history) in lifecycle.terminal


def _last_state(exchange: Exchange, history: History) -> str | None:
    """The state in which the session in a call's path was last read by the same caller."""
    for read in exchange.provider.lifecycle.reads:
        for session in exchange.parameters.values():
            for one in reversed(history.of(f"read {read.operation} {session}")):
                if read.status is not None and (same_caller(one, exchange) or not exchange.has_credentials):
                    return state_of(one)
    return None


@cache
def _documented(provider: Provider) -> Mapping[tuple[str, str], tuple[_Expected, ...]]:
    """The documented refusals by operation and situation."""
    found: dict[tuple[str, str], list[_Expected]] = {}
    for case in provider.lifecycle.errors.values():
        operation = provider.document.operations[case.operation]
        expected = _expected(provider, operation, case)
        if expected is None or any(name.lower() == "prefer" for name in case.request.headers):
            continue
        for situation in _situations_of(provider, case):
            found.setdefault((operation.id, situation), []).append(expected)
    return {key: tuple(entries) for key, entries in found.items()}


def _situations_of(provider: Provider, case: ErrorCase) -> Iterator[str]:
    """The situations that a documented case stands for."""
    if case.credential == "none":
        yield ANONYMOUS
    elif case.credential is not None:
        if not case.setup:
            yield case.name
        if case.status == 401:  # one that may not do this is another thing than one that is unknown
            yield REFUSED_KEY
    elif not case.setup:
        yield case.name
        request = case.request
        named = [*_REFERENCE.finditer(repr((dict(request.path), request.body, request.multipart)))]
        named = [one for one in named if one[2] in provider.lifecycle.ids]
        if named and all(one[1] for one in named) and not request.query:
            yield UNKNOWN
        scenarios = [provider.lifecycle.scenarios.get(one[3] or "") for one in named]
        is_of_one = len(named) == 1 and not named[0][1] and not named[0][4] and scenarios[0] is not None
        if is_of_one and scenarios[0] is not None and scenarios[0].path[-1] in provider.lifecycle.terminal:
            yield ENDED


def _expected(provider: Provider, operation: Operation, case: ErrorCase) -> _Expected | None:
    shown = operation.example(case.example)
    response = operation.responses.get(str(case.status))
    if shown is None or response is None:
        return None
    if case.status < _REFUSED and case.credential not in (None, "none"):
        return _Expected(case.status, "", "", weakest("I", case.mark), "I")  # by which status it succeeds is another matter
    pointers = [pointer for pointer in ("/error/code", "/code", "/message") if isinstance(at(shown[2], pointer), str)]
    is_error = case.status >= 400 or at(shown[2], "/status") == "error"
    if not pointers or not is_error:
        return None
    status_mark = weakest("I", case.mark, response.mark)
    word_mark = weakest(status_mark, body_mark(provider.document, response))
    return _Expected(case.status, pointers[0], str(at(shown[2], pointers[0])), status_mark, word_mark)


@rule(
    "GEN-050",
    "a session that is open can be ended by what its creation gave for it",
    mark="I",
    source="lifecycle of the vendor's page; of Kayle ID cancel_token",
    quote="One-shot token required by `POST /v1/verify/session/:id/cancel`.",
    kind=CONSISTENCY,
)
def open_sessions_can_be_ended(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """Of a call that is named after a state to which the session can go, by who made it, with the tokens of its creation.

    Two reads show the same open state, one before the call and one after it: the session has not gone on by itself meanwhile.
    """
    lifecycle, earlier, now = exchange.provider.lifecycle, history.reads(exchange)[-1:], state_of(exchange)
    if not earlier or not same_caller(earlier[0], exchange):
        return
    before, theirs = state_of(earlier[0]), set(exchange.parameters.values())
    for action in _actions(exchange.provider):
        operation = exchange.provider.document.operations[action]
        if not any(edge.origin == before and _is_named_after(operation, edge.to) for edge in lifecycle.transitions):
            continue
        for call in history.after(f"operation {action}", str(read_subject(exchange))):
            is_for_it = call.started >= earlier[0].ended and theirs & set(call.parameters.values())
            if not is_for_it or not _has_what_it_needs(call, history):
                continue
            yield EXAMINED
            if call.status >= _REFUSED and now == before and not is_account_dependent(call):
                expected = f"not '{now}', for the session was open before {action}, which had all that it needs, and was refused"
                yield Finding(str(status_pointer(exchange)), f"{expected}: {call.status}", now)
                return


@rule(
    "GEN-058",
    "a session that was read is found by every operation on it",
    mark="I",
    source="path parameters of the operation",
    quote="the unique identifier of the session",
    kind=CONSISTENCY,
)
def read_sessions_are_found(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """For a minute after a read of the same caller: by its stream, and by the operations that end it."""
    operation = exchange.operation
    if operation is None or exchange.has_preference or _NOT_TO_FIND & exchange.intent.keys() or is_account_dependent(exchange):
        return
    reads = exchange.provider.lifecycle.reads
    for read in reads if operation.id not in {one.operation for one in reads} else ():
        for session in exchange.parameters.values():
            for one in history.of(f"read {read.operation} {session}")[-1:]:
                shared = one.parameters.keys() & exchange.parameters.keys()
                is_there = all(one.parameters[name] == exchange.parameters[name] for name in shared)
                is_allowed = not operation.security or same_caller(one, exchange)
                if not is_there or not is_allowed or exchange.started - one.at > _A_MINUTE:
                    continue
                yield EXAMINED
                if exchange.status in (404, 410):
                    yield Finding("", f"the session that {read.operation} found", exchange.status)
                return


@rule(
    "GEN-068",
    "an operation that ends a session ends no other",
    mark="I",
    source="path parameters of the operation",
    quote="the unique identifier of the session",
    kind=CONSISTENCY,
)
def others_are_left_alone(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """A session of our walk, whose id is in no other client's hands, is not in the state that calls on other sessions lead to."""
    earlier = history.reads(exchange)[-1:] if exchange.seen_by == "walk" and not exchange.has_preference else ()
    made, before, now = made_by(exchange, history), state_of(earlier[0]) if earlier else None, state_of(exchange)
    lifecycle = exchange.provider.lifecycle
    if made is None or made.has_preference or before not in lifecycle.states or now is None or before in lifecycle.terminal:
        return
    theirs = set(exchange.parameters.values())
    for action in _actions(exchange.provider):
        calls = [one for one in history.after(f"operation {action}", str(read_subject(exchange))) if one.is_success]
        if not calls or any(theirs & set(one.parameters.values()) for one in calls):
            continue
        yield EXAMINED
        if now != before and _is_named_after(exchange.provider.document.operations[action], now):
            yield Finding(str(status_pointer(exchange)), f"'{before}', for {action} was called for others", now)
            return


def _has_what_it_needs(call: Exchange, history: History) -> bool:
    """Whether a call that is to end a session is by who made it and valid, the first that can do so, and no special case."""
    operation = call.operation
    if operation is None or call.has_preference or call.status in _ANY_TIME or call.request_headers.get("idempotency-key"):
        return False
    if call.intent.get("credentials") is not None or (operation.security and not call.has_credentials):
        return False
    made = next((one for session in call.parameters.values() if (one := history.created(session)) is not None), None)
    if made is None or (operation.security and not same_caller(made, call)) or not _gives(made, call) or request_errors(call):
        return False
    calls = [one for action in _actions(call.provider) for one in history.calls(action)]
    return not any(one.is_success and one.parameters == call.parameters for one in calls)


def _gives(made: Exchange, call: Exchange) -> bool:
    """Whether all that a call's body says is what the answer to the creation showed under the same name."""
    shown = {name: value for entry in session_objects(made) for name, value in entry.members.items() if SECRET.fullmatch(name)}
    sent: Any = call.declared_json if call.request_body else {}
    return isinstance(sent, Mapping) and all(name in shown and shown[name] == value for name, value in sent.items())


def _is_named_after(operation: Operation, state: str) -> bool:
    """Whether an operation is named after a state, as cancelSession is after canceled."""
    return operation.id.lower().startswith(state.lower()[:_STEM])


@cache
def _actions(provider: Provider) -> Sequence[str]:
    """The operations that change the session in their path."""
    return tuple(
        one.id
        for one in provider.document.operations.values()
        if not one.is_safe and "{" in one.path and one.id != provider.lifecycle.create.operation
    )
