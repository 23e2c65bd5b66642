"""Makes the case of a kind at a field of a payload, or says why there is none."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from specimen.contracts.judge.general_rules.answer_rules import ABOUT_FORM
from specimen.contracts.judge.registry import rulebook
from specimen.contracts.payloads.generate.expected_outcomes import (
    UNKNOWN_RULE,
    ExpectedOutcome,
    absent,
    expected_outcome,
    is_surely_refused,
    malformed,
    not_found,
)
from specimen.contracts.payloads.generate.setup import made_with
from specimen.contracts.payloads.model.case import Case
from specimen.contracts.payloads.model.case_types import ACCEPT, EITHER, Edge
from specimen.contracts.payloads.model.event_payloads import WEBHOOK
from specimen.contracts.payloads.model.fields import PayloadField
from specimen.contracts.payloads.model.mutations import ABSENT, Fields, Whole, as_bytes, changed, shown
from specimen.contracts.payloads.model.valid_payloads import REQUEST, RESPONSE, Base, ignored_fields

# Fields that name a resource which the implementation may not have, even if well formed.
_REFERENCES = frozenset({"id", "cursor"})
# Besides the rules about an answer's form: about the form of a link, and of a stream.
_OF_FORM = ABOUT_FORM | {"GEN-051", "GEN-055"}
# Two texts that have nothing in common but to be texts.
_ANY_TEXTS = ("specimen", "5d0d8a1e-6b1f-4c7a-9e3b-0c1fa2b4d6e8")


@dataclass(frozen=True)
class LeftOut:
    """A kind that applies to a field but makes no case there, and the reason; `same_as` is a case with the same payload.

    `broken` are the rules that the payload breaks, where it is for them that it makes no case.
    """

    id: str
    reason: str
    same_as: str | None = None
    broken: tuple[str, ...] = field(default=(), repr=False, compare=False)


# What a payload's field is, so that one more payload with such a field adds no case where the first one made them all.
Shape = tuple[str, str | None, bool]


def is_valid(base: Base) -> bool:
    """Whether the contract accepts a payload before it is changed."""
    return expected_outcome(base, base.payload).verdict == ACCEPT


def shape(place: PayloadField) -> Shape:
    """Returns what the kinds of a field depend on: what it holds, and whether there is a value."""
    return place.label, place.holds, place.value is None or place.value is ABSENT


def is_never_settled(place: PayloadField) -> bool:
    """Whether each payload may add kinds: those of the whole depend on its state, some of a zone on a letter or digit in it."""
    return not place.parts or place.holds in ("mrz", "mrz_line")


def case(base: Base, place: PayloadField, edge: Edge) -> Case | LeftOut:
    """Makes the case of a kind at a field, or returns why there is none."""
    name = case_id(base, place, edge)
    try:
        payload, content_type = mutated(base, place, edge.change)
        found = expected_outcome(base, payload, content_type, other_id=_other_id(place, base, payload))
    except (KeyError, IndexError, TypeError) as error:
        return LeftOut(name, f"cannot be made here: {error!r}")
    if _is_same(payload, base.payload):
        return LeftOut(name, "changes nothing here")
    if len(found.rules) > 1:
        return LeftOut(name, f"breaks several rules: {', '.join(found.rules)}", broken=found.rules)
    other = _other_reason(base, place, edge, found)
    if other is not None:
        return LeftOut(name, other, broken=found.rules)
    verdict, expected = _verdict(edge, found)
    is_claimed = verdict in edge.kind.claims
    if found.verdict == ACCEPT and base.direction == REQUEST:
        if place.holds in _REFERENCES or _names_unknown(base):
            verdict, expected = EITHER, tuple(sorted({*expected, *malformed(base.operation), *absent(base.operation)}))
        elif verdict == EITHER:
            others = not_found(base.provider, base.operation) if place.holds == "session_id" else ()
            expected = tuple(sorted({*expected, *malformed(base.operation), *others}))
    elif found.rules == (UNKNOWN_RULE,) and ACCEPT not in edge.kind.claims:
        expected = tuple(sorted({*expected, *malformed(base.operation)}))  # refused for its format before it is looked up
    if not is_claimed:
        return LeftOut(name, f"claims to be one of {', '.join(sorted(edge.kind.claims))}; the contract says {verdict}")
    if edge.rule is not None and found.rules != (edge.rule,):
        return LeftOut(name, f"should break {edge.rule}; breaks {', '.join(found.rules) or 'nothing'}")
    own = base.state if base.direction == RESPONSE else None
    return Case(
        id=name,
        provider=base.provider.name,
        operation=base.operation.id,
        direction=base.direction if base.event is None else WEBHOOK,
        kind=edge.kind.id,
        field=place.pointer,
        value=shown(edge.change),
        payload=payload,
        verdict=verdict,
        expect_status=expected,
        rule=found.rules[0] if found.rules else None,
        rationale=edge.kind.rationale,
        source=edge.kind.source,
        tags=tuple(dict.fromkeys((edge.kind.family, *edge.kind.tags, *([own] if own else [])))),
        state=own,
        base=base,
        content_type=content_type,
        made_with=made_with(base, payload) if verdict == ACCEPT else {},
    )


def is_still_left_out(base: Base, place: PayloadField, edge: Edge, before: LeftOut) -> bool:
    """Whether a kind makes no case at a field for the reason for which it made none in an earlier payload; false says nothing.

    The rules that were broken then are asked first, for most are broken again. The others need not be asked where two are: a
    case breaks one at most.
    """
    if not before.broken or base.direction != RESPONSE or base.event is not None or isinstance(edge.change, Whole):
        return False
    asked = before.broken[:2]
    if len(asked) == 1 and _reason_of(base, place, edge, asked[0]) is None:
        return False
    try:
        payload, _ = mutated(base, place, edge.change)
        return not isinstance(payload, bytes) and is_surely_refused(base, payload, asked)
    except (KeyError, IndexError, TypeError):
        return False  # `case` says so


def _other_reason(base: Base, place: PayloadField, edge: Edge, found: ExpectedOutcome) -> str | None:
    """Says for which other reason than its kind's a payload is refused; None where it is for its kind's, or for none."""
    rule = found.rules[0] if found.rules else None
    return None if rule is None else _reason_of(base, place, edge, rule)


def _reason_of(base: Base, place: PayloadField, edge: Edge, rule: str) -> str | None:
    """Says why a payload that breaks this rule alone is not refused for its kind; None where it is."""
    if edge.rule is not None or base.direction != RESPONSE or base.event is not None:
        return None
    if edge.kind.is_of_form and rulebook(base.provider)[rule].check is not None and rule not in _OF_FORM:
        return f"would be refused by {rule}, whatever its form"
    is_added = place.value is ABSENT and edge.change is not None
    return f"would be refused by {rule}, whatever stands there" if is_added and _is_barred(base, place.parts, rule) else None


@lru_cache(maxsize=1024)
def _is_barred(base: Base, parts: tuple[str, ...], rule: str) -> bool:
    """Whether a rule refuses any text at a place that a valid answer leaves empty."""
    return all(rule in expected_outcome(base, changed(base.payload, parts, text)).rules for text in _ANY_TEXTS)


def _names_unknown(base: Base) -> bool:
    """Whether the path names what no session has, such as a webhook endpoint: the catalogue has no id of one that exists."""
    if base.operation.id == base.provider.lifecycle.create.operation:
        return False
    held = (base.provider.field_semantics.at(("path", name), base.payload) for name in base.payload.get("path", {}))
    return any(one is not None and one.holds == "id" for one in held)


def content(direction: str, payload: Any, content_type: str | None) -> bytes:
    """Returns what distinguishes two payloads."""
    text, rest = payload, {}
    if direction == REQUEST and isinstance(payload.get("body"), bytes):
        text, rest = payload["body"], {name: value for name, value in payload.items() if name != "body"}
    return as_bytes(text) + as_bytes([rest, content_type])


def _is_same(payload: Any, valid: Any) -> bool:
    """Whether nothing changed; 1 and true, which are equal in Python, differ."""
    if isinstance(payload, bytes) or (isinstance(payload, Mapping) and isinstance(payload.get("body"), bytes)):
        return False
    return bool(payload == valid) and as_bytes(payload) == as_bytes(valid)


def _verdict(edge: Edge, found: ExpectedOutcome) -> tuple[str, tuple[int, ...]]:
    if found.verdict == ACCEPT and ACCEPT not in edge.kind.claims and EITHER in edge.kind.claims:
        return EITHER, found.expect_status
    return found.verdict, found.expect_status


def _other_id(place: PayloadField, base: Base, payload: Any) -> str | None:
    """Returns the name of the id that the mutation replaced; None where it replaced none.

    It is the session's, or that of a thing of a part of the API, of which the document says that another one is not found.
    """
    if base.direction != REQUEST or (
        place.parts[:1] == ("body",) and place.name in ignored_fields(base.provider, base.pointer, payload.get("body"))
    ):
        return None
    own = next((name for name in base.provider.lifecycle.ids if place.value == f"{{{name}}}"), None)
    if own is not None and re.fullmatch(rf"\{{{own}(:\w+)?\}}", str(_at(payload, place.parts))):
        return None
    if own is None and base.operation.part is not None and place.parts[:1] == ("path",):
        missing = base.operation.responses.get("404")
        return place.name if missing is not None and missing.mark != "A" else None
    return own or ("session" if place.holds == "session_id" else None)


def _at(payload: Any, parts: Sequence[str]) -> Any:
    for part in parts:
        payload = payload.get(part) if isinstance(payload, Mapping) else None
    return payload


def mutated(base: Base, place: PayloadField, change: Any) -> tuple[Any, str | None]:
    """Returns the changed payload, and its content type if that changes too."""
    if base.direction == RESPONSE:
        return changed(base.payload, place.parts, change), change.content_type if isinstance(change, Whole) else None
    payload: Mapping[str, Any] = base.payload
    if isinstance(change, Fields):
        return changed(payload, place.parts, change), None
    section = place.parts[0] if place.parts else "body"
    if section == "body" and change is ABSENT and len(place.parts) == 1:
        return {name: value for name, value in payload.items() if name != section}, None
    if section == "body":
        body = changed(payload["body"], place.parts[1:], change)
        return {**payload, "body": body}, change.content_type if isinstance(change, Whole) else None
    inner = changed({section: dict(payload.get(section, {}))}, place.parts, change)
    return {**payload, **inner}, None


def case_id(base: Base, place: PayloadField, edge: Edge) -> str:
    """Returns the readable id of a case, without white space."""
    operation = f"{base.provider.name}.{base.operation.id}.{base.direction if base.event is None else WEBHOOK}"
    return f"{operation}:{place.label or '.'}:{edge.kind.id}"
