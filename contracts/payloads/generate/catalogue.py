"""Makes all edge cases of a provider: every kind that applies to every field of its payloads."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from specimen.contracts.judge.registry import rulebook
from specimen.contracts.payloads.generate.expected_outcomes import (
    UNKNOWN_RULE,
    ExpectedOutcome,
    absent,
    expected_outcome,
    malformed,
    not_found,
)
from specimen.contracts.payloads.generate.setup import made_with
from specimen.contracts.payloads.model.case import Case
from specimen.contracts.payloads.model.case_types import ACCEPT, EITHER, Edge, edges
from specimen.contracts.payloads.model.fields import PayloadField
from specimen.contracts.payloads.model.invalid_combinations import states_of
from specimen.contracts.payloads.model.mutations import ABSENT, Fields, Whole, as_bytes, changed, shown
from specimen.contracts.payloads.model.valid_payloads import NOW, REQUEST, RESPONSE, Base, ignored_fields, requests, responses
from specimen.fixtures import recipes
from specimen.specs import Provider

# Fields that name a resource which the implementation may not have, even if well formed.
_REFERENCES = frozenset({"id", "cursor"})


@dataclass(frozen=True)
class LeftOut:
    """A kind that applies to a field but makes no case there, and the reason; `same_as` is a case with the same payload."""

    id: str
    reason: str
    same_as: str | None = None


def cases(
    provider: Provider,
    *,
    operation: str | None = None,
    direction: str | None = None,
    status: str | None = None,
    seed: int = 0,
    now: int = NOW,
    left_out: list[LeftOut] | None = None,
) -> Iterator[Case]:
    """Yields the catalogue in a fixed order, each case once.

    Args:
        provider: whose operations.
        operation: an operationId; None takes all.
        direction: `request` or `response`; None takes both.
        status: only answers about sessions in this state, every kind anew; None takes each field from the first valid payload
            that has it.
        seed: what the people in the payloads depend on; ids and kinds of the cases do not.
        now: when the payloads are read or sent (milliseconds since the epoch), which cases call today.
        left_out: gets the kinds that made no case.

    Raises:
        SpecError: the provider's recipe, its rules or its combinations cannot be used; no case comes before that.
    """
    for read in (recipes.answers, rulebook, states_of):
        read(provider)
    for found in provider.document.operations.values():
        if operation is not None and found.id != operation:
            continue
        every_way = ((REQUEST, requests(provider, found, now=now)), (RESPONSE, responses(provider, found, seed=seed, now=now)))
        for way, bases in every_way:
            if direction in (None, way) and not (way == REQUEST and status is not None):
                every = [base for base in bases if status is None or base.state == status]
                yield from (made for made, _, _ in of_bases(every, left_out))


def of_bases(bases: Sequence[Base], left_out: list[LeftOut] | None = None) -> Iterator[tuple[Case, int, str]]:
    """Yields each kind at each field once, and each payload once, from the first base on which it breaks at most one rule.

    A case comes with the number of its base and the label of its place. `left_out` gets the kinds that made no case.
    """
    made_as: dict[bytes, str] = {}
    done: set[tuple[str, str]] = set()
    failed: dict[tuple[str, str], LeftOut] = {}
    settled: set[tuple[str, str | None, bool]] = set()
    for number, base in enumerate(bases):
        if expected_outcome(base, base.payload).verdict != ACCEPT:
            continue  # a valid payload of another operation, such as an open session in the answer to its end
        for place in base.places():
            # Kinds of the whole payload depend on its state; the others on what is held, and whether there is a value.
            what = (place.label, place.holds, place.value is None or place.value is ABSENT)
            if what in settled:
                continue
            is_open = not place.parts
            for edge in edges(place, base):
                key = (place.label, edge.kind.id)
                if key in done:
                    continue
                made = case(base, place, edge)
                if isinstance(made, Case):
                    first = made_as.setdefault(_digest(made), made.id)
                    if first != made.id:
                        # What another kind has made already: the kinds meet at this place.
                        done.add(key)
                        failed[key] = LeftOut(made.id, f"is the case {first}", first)
                        continue
                    done.add(key)
                    failed.pop(key, None)
                    yield made, number, place.label
                else:
                    is_open = True
                    failed.setdefault(key, made)
            if not is_open:
                settled.add(what)
    if left_out is not None:
        left_out += failed.values()


def case(base: Base, place: PayloadField, edge: Edge) -> Case | LeftOut:
    """Makes the case of a kind at a field, or returns why there is none."""
    name = case_id(base, place, edge)
    try:
        payload, content_type = _changed(base, place, edge.change)
        found = expected_outcome(base, payload, content_type, other_id=_other_id(place, base, payload))
    except (KeyError, IndexError, TypeError) as error:
        return LeftOut(name, f"cannot be made here: {error!r}")
    if _is_same(payload, base.payload):
        return LeftOut(name, "changes nothing here")
    if len(found.rules) > 1:
        return LeftOut(name, f"breaks several rules: {', '.join(found.rules)}")
    verdict, expected = _verdict(edge, found)
    is_claimed = verdict in edge.kind.claims
    if found.verdict == ACCEPT and base.direction == REQUEST:
        if place.holds in _REFERENCES:
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
        direction=base.direction,
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


def _digest(made: Case) -> bytes:
    """Hashes what distinguishes two payloads."""
    text, rest = made.payload, {}
    if made.direction == REQUEST and isinstance(made.payload.get("body"), bytes):
        text, rest = made.payload["body"], {name: value for name, value in made.payload.items() if name != "body"}
    content = as_bytes(text) + as_bytes([rest, made.content_type])
    return hashlib.blake2b(content, digest_size=16).digest()


def _is_same(payload: Any, valid: Any) -> bool:
    """Whether nothing changed; 1 and true, which are equal in Python, differ."""
    if isinstance(payload, bytes) or (isinstance(payload, Mapping) and isinstance(payload.get("body"), bytes)):
        return False
    return as_bytes(payload) == as_bytes(valid)


def _verdict(edge: Edge, found: ExpectedOutcome) -> tuple[str, tuple[int, ...]]:
    if found.verdict == ACCEPT and ACCEPT not in edge.kind.claims and EITHER in edge.kind.claims:
        return EITHER, found.expect_status
    return found.verdict, found.expect_status


def _other_id(place: PayloadField, base: Base, payload: Any) -> str | None:
    """Returns the name of the session's id that the mutation replaced; None where it replaced none."""
    if base.direction != REQUEST or (
        place.parts[:1] == ("body",) and place.name in ignored_fields(base.provider, base.pointer, payload.get("body"))
    ):
        return None
    own = next((name for name in base.provider.lifecycle.ids if place.value == f"{{{name}}}"), None)
    if own is not None and re.fullmatch(rf"\{{{own}(:\w+)?\}}", str(_at(payload, place.parts))):
        return None
    return own or ("session" if place.holds == "session_id" else None)


def _at(payload: Any, parts: Sequence[str]) -> Any:
    for part in parts:
        payload = payload.get(part) if isinstance(payload, Mapping) else None
    return payload


def _changed(base: Base, place: PayloadField, change: Any) -> tuple[Any, str | None]:
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
    operation = f"{base.provider.name}.{base.operation.id}.{base.direction}"
    return f"{operation}:{place.label or '.'}:{edge.kind.id}"
