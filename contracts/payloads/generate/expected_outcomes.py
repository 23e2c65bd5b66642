"""Decides the expected outcome of a changed payload by the document's validators and the judge."""

from __future__ import annotations

import codecs
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from specimen.contracts.http.credentials import secret_headers
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.history import History
from specimen.contracts.judge.judge import judge, surely_breaks
from specimen.contracts.judge.severity import NOTE
from specimen.contracts.judge.validation.readable import readable
from specimen.contracts.judge.validation.request_validation import request_errors
from specimen.contracts.payloads.model.case_types import ACCEPT, EITHER, REJECT
from specimen.contracts.payloads.model.mutations import as_bytes
from specimen.contracts.payloads.model.valid_payloads import RESPONSE, Base, form_parts, ignored_fields, spelled, with_ids
from specimen.contracts.requests.request_encoder import encode
from specimen.contracts.requests.request_templates import MISSING, RequestTemplate, filled, minimal_request, unknown
from specimen.specs import Operation, Provider
from specimen.specs.core.json_pointer import at
from specimen.specs.loading.lifecycle import LifecycleRequest
from specimen.specs.loading.openapi import EVENT_STREAM
from specimen.specs.loading.parameters import Parameter

MALFORMED_RULE, UNKNOWN_RULE, EVENT_RULE = "GEN-015", "GEN-018", "WHK-002"
_MALFORMED = (400, 422)
_FAILURE = 500
# What the documents assume to be the largest JSON body.
MOST_BYTES = 2 * 1024 * 1024


@dataclass(frozen=True)
class ExpectedOutcome:
    """A verdict, the rules behind it, and the statuses that are right for a request."""

    verdict: str
    rules: tuple[str, ...]
    expect_status: tuple[int, ...]


def expected_outcome(
    base: Base, payload: Any, content_type: str | None = None, *, other_id: str | None = None
) -> ExpectedOutcome:
    """Returns what the contract expects for a payload of the base's operation.

    `other_id`: the name of an id (`session`) that was replaced by an unknown one, so that even a well-formed one finds nothing.

    Raises:
        KeyError: a request's path became another operation's, or none.
    """
    if base.event is not None:
        return _of_event(base, payload)
    strict = _strict_outcome(base, payload, content_type, other_id=other_id)
    body = payload if base.direction == RESPONSE else payload.get("body")
    if not isinstance(body, bytes):
        return strict
    if strict.verdict == REJECT and not _has_name_twice(body):
        return _without_bom(base, body, payload, strict) if body.startswith(codecs.BOM_UTF8) else strict
    # An empty body is no JSON text (RFC 8259, section 2), whatever its content type says, and may be taken for none at all.
    is_empty = not body and base.direction != RESPONSE
    if not is_empty and not _is_left_to_readers(body):
        return strict
    return ExpectedOutcome(EITHER, strict.rules, tuple(sorted({*strict.expect_status, *_successes(base), *_refusals(base)})))


def _of_event(base: Base, payload: Any) -> ExpectedOutcome:
    """Returns the outcome for what an event says: by its schema and its type; what JSON leaves open is left to its readers."""
    webhooks, event = base.provider.webhooks, base.event
    text = as_bytes(payload)
    plain = text.removeprefix(codecs.BOM_UTF8)
    is_open = plain != text or _is_left_to_readers(plain)
    try:
        value = json.loads(plain.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return ExpectedOutcome(REJECT, (EVENT_RULE,), ())
    try:
        is_event = (
            webhooks is not None
            and event is not None
            and isinstance(value, Mapping)
            and at(value, webhooks.type_at) == event.name
            and base.provider.schemas.validator(event.schema).is_valid(value)
        )
    except UnicodeEncodeError:  # half of a surrogate pair, which the validator cannot read
        return ExpectedOutcome(EITHER, (), ())
    if not is_event:
        return ExpectedOutcome(EITHER if is_open else REJECT, (EVENT_RULE,), ())
    return ExpectedOutcome(EITHER if is_open else ACCEPT, (), ())


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _without_bom(base: Base, body: bytes, payload: Any, strict: ExpectedOutcome) -> ExpectedOutcome:
    """Returns the outcome for a byte order mark before valid JSON, which a reader may ignore (RFC 8259, section 8.1)."""
    rest = body.removeprefix(codecs.BOM_UTF8)
    without = _strict_outcome(base, rest if base.direction == RESPONSE else {**payload, "body": rest}, None, other_id=None)
    if without.verdict == REJECT:
        return strict
    return ExpectedOutcome(EITHER, strict.rules, tuple(sorted({*strict.expect_status, *without.expect_status})))


def _successes(base: Base) -> tuple[int, ...]:
    return () if base.direction == RESPONSE else successes(base.operation)


def _refusals(base: Base) -> set[int]:
    """Returns all statuses with which a request may be refused for its content, with those of an unknown id."""
    if base.direction == RESPONSE:
        return set()
    named = {status for name in base.provider.lifecycle.ids for status in not_found(base.provider, base.operation, name)}
    return {*malformed(base.operation), *absent(base.operation), *named}


def _strict_outcome(base: Base, payload: Any, content_type: str | None, *, other_id: str | None) -> ExpectedOutcome:
    exchange = as_exchange(base, payload, content_type)
    if base.direction == RESPONSE:
        return _of_response(base, exchange)
    operation = base.operation
    good, bad = successes(operation), malformed(operation)
    if exchange.operation is None or exchange.operation.id != operation.id:
        raise KeyError("no request of this operation: its path is another operation's, or none")
    if content_type is not None and operation.bodies and operation.body(content_type) is None:
        return _refused(operation, 415)
    if any("/" in text for text in payload.get("path", {}).values()):
        # Routers differ in whether an encoded slash ends a part of the path.
        bad = tuple(sorted({*bad, *not_found(base.provider, operation)}))
        good = tuple(sorted({*good, *bad}))
    if any("enum" in one.schema and _in_path(one, payload) != _in_path(one, base.payload) for one in operation.parameters):
        # A part of a path that is one of a few may be refused as malformed, or lead nowhere.
        bad = tuple(sorted({*bad, *absent(operation)}))
    faults = request_errors(exchange)
    if any(not fault.is_assumed for fault in faults):
        return ExpectedOutcome(REJECT, (MALFORMED_RULE,), bad or not_found(base.provider, operation))
    if faults:
        return ExpectedOutcome(EITHER, (MALFORMED_RULE,), tuple(sorted({*good, *bad})))
    if len(exchange.request_body) > MOST_BYTES and base.media is not None and base.media.content_type.endswith("json"):
        # No schema states a limit of bytes, and the field of an id may hold less than the id that is sent.
        return _unspecified(operation, 413)
    if other_id is not None:
        return ExpectedOutcome(REJECT, (UNKNOWN_RULE,), not_found(base.provider, operation, other_id))
    if ignored_fields(base.provider, base.pointer, exchange.request_json) and not _is_valid(base, exchange.request_json):
        return ExpectedOutcome(EITHER, (MALFORMED_RULE,), tuple(sorted({*good, *bad})))
    return ExpectedOutcome(ACCEPT, (), good)


def _in_path(parameter: Parameter, payload: Mapping[str, Any]) -> Any:
    return payload.get("path", {}).get(parameter.name) if parameter.location == "path" else None


def _is_valid(base: Base, body: Any) -> bool:
    return base.pointer is None or base.provider.schemas.validator(base.pointer).is_valid(body)


def _refused(operation: Operation, status: int) -> ExpectedOutcome:
    """Returns the outcome for a request with a documented status of its own; an assumed status also allows success."""
    response = operation.responses.get(str(status))
    if response is not None and response.mark != "A":
        return ExpectedOutcome(REJECT, (MALFORMED_RULE,), (status,))
    return _unspecified(operation, status)


def _unspecified(operation: Operation, status: int) -> ExpectedOutcome:
    """Returns the outcome for a request that may succeed or be refused, with a status of its own where the operation has it."""
    own = {status} & {int(code) for code in operation.responses if code.isdigit()}
    return ExpectedOutcome(EITHER, (), tuple(sorted({*successes(operation), *malformed(operation), *own})))


def _has_name_twice(text: bytes) -> bool:
    """Whether an object of a JSON text has two members of one name: a reader may keep either (RFC 8259, section 4)."""
    is_twice = False

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal is_twice
        is_twice = is_twice or len({name for name, _ in pairs}) < len(pairs)
        return dict(pairs)

    try:
        json.loads(text, object_pairs_hook=members)
    except (ValueError, RecursionError):
        return False
    return is_twice


def _is_left_to_readers(text: bytes) -> bool:
    """Whether readers may differ about a JSON text (RFC 8259, sections 4, 6 and 8.2).

    It has two members of one name, half of a surrogate pair, or a number that no double holds.
    """
    try:
        value = json.loads(text)
        return _has_name_twice(text) or readable(value) != value
    except (ValueError, RecursionError):
        return False


def _of_response(base: Base, exchange: Exchange) -> ExpectedOutcome:
    found = judge(exchange, History())
    errors = tuple(sorted({violation.rule for violation in found if violation.severity != NOTE}))
    notes = tuple(sorted({violation.rule for violation in found} - set(errors)))
    verdict = REJECT if errors else EITHER if notes else ACCEPT
    return ExpectedOutcome(verdict, (*errors, *notes), (base.status,))


def is_surely_refused(base: Base, payload: Any, rules: Collection[str]) -> bool:
    """Whether each of these rules is among those of the outcome for an answer's payload; false says nothing. It costs less."""
    return surely_breaks(as_exchange(base, payload), History(), rules)


def as_exchange(base: Base, payload: Any, content_type: str | None = None) -> Exchange:
    """Wraps a payload in an exchange: a request with a success, or the answer to a valid request."""
    provider = base.provider
    if base.direction == RESPONSE:
        found = _answered(base)
        headers = found.response_headers if content_type is None else {**found.response_headers, "content-type": content_type}
        return replace(found, response_headers=headers, response_body=as_bytes(payload))
    sent = encode(provider, as_template(base, payload, content_type))
    return _exchange(base, sent, next(iter(successes(base.operation)), 200), {})


@lru_cache(maxsize=64)
def _answered(base: Base) -> Exchange:
    """Makes the exchange in which a response comes, without its body."""
    provider = base.provider
    unknown_ids = {name: unknown(provider, name) for name in provider.lifecycle.ids}
    sent = encode(provider, _asking(base, unknown_ids if base.snapshot is None else base.snapshot.ids))
    content_type = EVENT_STREAM if base.is_stream else "application/json"
    found = _exchange(base, sent, base.status, {**_required_headers(base), "content-type": content_type})
    return replace(found, intent={**found.intent, "stand_in": True})


def _exchange(base: Base, sent: Exchange, status: int, headers: Mapping[str, str]) -> Exchange:
    return replace(
        sent, request_headers={**_credentials(base.provider), **sent.request_headers}, status=status,
        response_headers=headers, response_body=b"", at=base.now, seen_by="payloads",
        intent={"asked_for": "an error"} if base.status >= _FAILURE else {},
    )  # fmt: skip


def _required_headers(base: Base) -> dict[str, str]:
    """Returns the headers that an error needs; one that is named after a member of the error has what stands there."""
    response = base.operation.responses.get(str(base.status)) if base.is_error else None
    found = {} if response is None else response.headers
    resolved = ((name.lower(), base.provider.document.resolve(node)[0]) for name, node in found.items())
    return {name: _named_after(base.payload, name.replace("-", "_")) or "1" for name, node in resolved if node.get("required")}


def _named_after(node: Any, header: str) -> str:
    for name, value in node.items() if isinstance(node, Mapping) else ():
        inside = value if isinstance(value, str) and header.endswith(name) else _named_after(value, header)
        if inside:
            return inside
    return ""


def _credentials(provider: Provider) -> dict[str, str]:
    return {name: "Bearer x" if name == "authorization" else "x" for name in secret_headers(provider)}


def _asking(base: Base, ids: Mapping[str, str]) -> RequestTemplate:
    """Returns the request that a response answers: the read of its session."""
    for read in base.provider.lifecycle.reads:
        if read.operation == base.operation.id and (base.snapshot is None or read.fits(base.snapshot.facts)):
            found = filled(base.provider, read.operation, read.request, ids)
            if found is not None:
                return found
    found = minimal_request(base.provider, base.operation.id, ids) or RequestTemplate(base.operation)
    if not isinstance(base.payload, Mapping):
        return found
    found = replace(found, query={**found.query, **_page_of(base)})
    if base.snapshot is not None:
        return found
    # An answer that was made from no single session repeats what it was asked, in itself or in its rows.
    rows: list[Any] = next((value for value in base.payload.values() if isinstance(value, list) and value), [{}])
    own = rows[0] if isinstance(rows[0], Mapping) else {}
    query = {name: own.get(name, value) for name, value in found.query.items()}
    if not isinstance(found.body, Mapping):
        return replace(found, query=query)
    return replace(found, query=query, body={name: base.payload.get(name, value) for name, value in found.body.items()})


def _page_of(base: Base) -> dict[str, int]:
    """Returns the numbers of a list's query that its answer repeats under their names beside the rows, such as its limit."""
    names = {entry.name for entry in base.operation.parameters if entry.location == "query"}
    beside = [value for value in base.payload.values() if isinstance(value, Mapping)]
    return {
        name: value
        for node in beside
        for name, value in node.items()
        if name in names and isinstance(value, int) and not isinstance(value, bool)
    }


def as_template(
    base: Base, payload: Any, content_type: str | None = None, ids: Mapping[str, str] | None = None
) -> RequestTemplate:
    """Makes a request template of a request's payload; `ids` fill its placeholders."""
    provider = base.provider
    known = spelled({**{name: unknown(provider, name) for name in provider.lifecycle.ids}, **(ids or {})})
    values = with_ids({name: payload.get(name, {}) for name in ("path", "query", "headers")}, known)
    body = payload.get("body", MISSING)
    plain = RequestTemplate(base.operation, values["path"], values["query"], values["headers"])
    if isinstance(body, bytes):
        filled_in = body
        for name, value in known.items():
            filled_in = filled_in.replace(b"{%s}" % name.encode(), value.encode())
        return replace(plain, raw=filled_in, content_type=content_type or "application/json")
    if body is not MISSING and base.media is not None and base.media.content_type == "multipart/form-data":
        if not isinstance(body, Mapping):
            raise TypeError("a form is no JSON value")
        return replace(plain, parts=form_parts(with_ids(body, known)))
    if body is not MISSING:
        # `json.dumps` escapes lone surrogates, which UTF-8 cannot encode.
        return replace(plain, raw=json.dumps(with_ids(body, known)).encode(), content_type=content_type or "application/json")
    return plain


def successes(operation: Operation) -> tuple[int, ...]:
    """Returns the documented statuses of success."""
    return tuple(sorted(int(status) for status in operation.responses if status.startswith("2")))


def malformed(operation: Operation) -> tuple[int, ...]:
    """Returns the documented statuses of an invalid request."""
    return tuple(sorted(int(status) for status in operation.responses if int(status) in _MALFORMED))


def absent(operation: Operation) -> tuple[int, ...]:
    """Returns the documented status of a request that names an absent resource."""
    return tuple(int(status) for status in operation.responses if status == "404")


def not_found(provider: Provider, operation: Operation, name: str = "session") -> tuple[int, ...]:
    """Returns the documented statuses for an unknown id, or another session's: by lifecycle.yaml, else 404."""
    if name != "session" and name not in provider.lifecycle.ids:  # of a thing of a part of the API
        return absent(operation)
    cases = {
        case.status
        for case in provider.lifecycle.errors.values()
        if case.operation == operation.id
        and _names_other(case.request, name)
        and (name != "session" or case.status not in (401, 403))
    }
    return tuple(sorted(cases or absent(operation)))


def _names_other(request: LifecycleRequest, name: str) -> bool:
    """Whether a request names an id of that kind that is not its session's, and is otherwise as it should be."""
    sent = {**request.path, **(request.body if isinstance(request.body, Mapping) else {})}
    if f"{{unknown:{name}}}" in repr((sent, request.multipart)):
        return True
    if "Prefer" in request.headers or name not in sent or str(sent[name]).startswith("{"):
        return False
    return all(str(value).startswith("{") and "unknown:" not in str(value) for key, value in sent.items() if key != name)
