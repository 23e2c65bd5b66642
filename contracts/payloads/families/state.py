"""Invalid states of a session: combinations of fields that rules forbid, and unknown statuses."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from specimen.contracts.judge.registry import rulebook
from specimen.contracts.judge.severity import NOTE, WARNING
from specimen.contracts.payloads.model.case_types import EITHER, REJECT, Edge, Kind, kind
from specimen.contracts.payloads.model.fields import PayloadField
from specimen.contracts.payloads.model.invalid_combinations import NotHere, State, states_of, value_at
from specimen.contracts.payloads.model.valid_payloads import RESPONSE, Base
from specimen.specs import Provider

SCHEMA_RULE = "GEN-005"
_ENUM = "JSON Schema 2020-12 validation, section 6.1.2, enum"
UNKNOWN = kind(
    "state.unknown-status",
    "An undocumented status: mapping it to the nearest known one may let an unverified person in.",
    _ENUM, (REJECT, EITHER), ("lifecycle",),
)  # fmt: skip
OTHER_CASE = kind(
    "state.status-in-other-case",
    "The documented status in other letters: a comparison that folds case takes it, one that does not falls into its default.",
    _ENUM, (REJECT, EITHER), ("lifecycle",),
)  # fmt: skip
SPACED = kind(
    "state.status-with-a-space",
    "A space at the end is not seen in a log, and the comparison fails without a visible reason.",
    _ENUM, (REJECT, EITHER), ("lifecycle",),
)  # fmt: skip


def edges(place: PayloadField, base: Base) -> Iterator[Edge]:
    """Yields invalid combinations at the root of an answer, and unknown statuses in the status of a read."""
    if base.direction != RESPONSE:
        return
    if place.parts:
        yield from _statuses(place, base)
        return
    for state, prefix in _by_operation(base.provider).get(base.operation.id, ()):
        if state.when is not None and _state(base, prefix) not in state.when:
            continue
        try:
            change = state.fields(base.payload, prefix)
        except NotHere:
            continue
        yield Edge(_kind(base.provider, state, _state(base, prefix)), change, state.rule)


def kinds(provider: Provider, operation: str | None, status: str | None) -> Iterator[Kind]:
    """Yields the kinds of a provider's invalid combinations, of all operations and states or of those that are named."""
    for name, every in _by_operation(provider).items():
        for state, _ in every if operation in (None, name) else ():
            for one in state.when or (status,):
                if status in (None, one):
                    yield _kind(provider, state, one)


@cache
def _by_operation(provider: Provider) -> dict[str, list[tuple[State, str]]]:
    found: dict[str, list[tuple[State, str]]] = {}
    for state in states_of(provider):
        for operation, prefix in state.shown.items():
            found.setdefault(operation, []).append((state, prefix))
    return found


@cache
def _kind(provider: Provider, state: State, status: str | None) -> Kind:
    """Makes the kind of a combination: one for each state where it is defined for several."""
    rule = rulebook(provider)[state.rule]
    is_one = state.when is None or len(state.when) == 1
    name = f"state.{rule.id.lower()}.{state.name}" + ("" if is_one else f"-{status}")
    # What breaks the schema rule or an implied one may rest on an assumption; the others do not.
    may_be_note = rule.id == SCHEMA_RULE or rule.severity == WARNING
    claims = (EITHER,) if rule.severity == NOTE else (REJECT, EITHER) if may_be_note else (REJECT,)
    return kind(name, state.why, rule.source, claims, ("cross-field",))


def _state(base: Base, prefix: str) -> Any:
    """Returns the state of the object: the base's, or in a list its own."""
    if base.state is not None:
        return base.state
    name = _status_name(base.provider)
    try:
        return value_at(base.payload, f"{prefix}/{name}")
    except NotHere:
        return None


@cache
def _status_name(provider: Provider) -> str:
    return next((read.status.rpartition("/")[2] for read in provider.lifecycle.reads if read.status is not None), "status")


def _statuses(place: PayloadField, base: Base) -> Iterator[Edge]:
    reads = base.provider.lifecycle.reads
    is_status = any((read.operation, read.status) == (base.operation.id, place.pointer) for read in reads)
    if not is_status or not isinstance(place.value, str):
        return
    yield Edge(UNKNOWN, "on_hold", SCHEMA_RULE)
    yield Edge(OTHER_CASE, place.value.swapcase(), SCHEMA_RULE)
    yield Edge(SPACED, f"{place.value} ", SCHEMA_RULE)
