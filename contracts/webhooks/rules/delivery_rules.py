"""Judges what an implementation sends: each delivery, and with `session_rules` the events of each session together."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from specimen.contracts.judge.rule import Rule, Violation
from specimen.contracts.webhooks.errors import OutsideTolerance, WebhookError
from specimen.contracts.webhooks.rules import schedule_rule
from specimen.contracts.webhooks.rules.observed_sessions import ObservedSessions
from specimen.contracts.webhooks.rules.rule_set import MISSING, Line, Sent, rules, violation_of
from specimen.contracts.webhooks.rules.session_rules import of_sessions
from specimen.contracts.webhooks.verification import VerifiedDelivery, verify
from specimen.specs import Provider
from specimen.specs.core.json_pointer import at
from specimen.specs.core.terminal_text import shown
from specimen.specs.loading.webhooks import CREATION, TRANSITION, Webhooks


class Judgement(NamedTuple):
    """What is wrong with deliveries, and the ids of the rules that were exercised, by what conforms too."""

    violations: list[Violation]
    examined: frozenset[str]


def judged(
    provider: Provider,
    webhooks: Webhooks,
    sent: Sequence[Sent],
    keys: Any,
    *,
    observed: ObservedSessions | None = None,
    until: float | None = None,
    hint: str = "",
    types: Collection[str] | None = None,
    unsettled: Collection[str] = (),
) -> Judgement:
    """Judges deliveries, in the order in which they came; `observed` are the sessions that they should tell of.

    `until` (seconds since the epoch) says how long was listened, where that is known: what is missing then is late.
    `hint` is added to what is said of a delivery from another time. `types` are those that the endpoint is subscribed to, where
    it is not all: no other event can be missing. Of the sessions that are `unsettled` events may be on their way.
    """
    lines = list(_lines(provider, webhooks, sent, keys, observed, until, hint, unsettled))
    if types is not None:
        lines = [line for line in lines if isinstance(line, str) or line.rule != MISSING or line.operation in types]
    violations = [line for line in lines if isinstance(line, Violation)]
    examined = {line if isinstance(line, str) else line.rule for line in lines}
    return Judgement(violations, frozenset(examined))


def _lines(
    provider: Provider,
    webhooks: Webhooks,
    sent: Sequence[Sent],
    keys: Any,
    observed: ObservedSessions | None,
    until: float | None,
    hint: str,
    unsettled: Collection[str],
) -> Iterator[Line]:
    known = rules(webhooks)
    told: dict[str, list[VerifiedDelivery]] = {}
    seen: set[str] = set()
    attempts: dict[tuple[str, str], list[tuple[float, int | None]]] = {}
    sessions: dict[tuple[str, str], str] = {}
    for one in sent:
        yield "WHK-001"
        try:
            delivery = verify(provider, one.headers, one.body, keys, now=one.at)
        except WebhookError as error:
            got = f"{type(error).__name__}: {error}{hint if isinstance(error, OutsideTolerance) else ''}"
            yield violation_of(known["WHK-001"], "delivery", "", "a genuine delivery", got)
            continue
        yield from _of_one(provider, webhooks, known, one, delivery)
        key = (delivery.event_id, delivery.type)
        attempts.setdefault(key, []).append((one.at, one.answered))
        if delivery.session_id is None:
            continue
        sessions[key] = delivery.session_id
        if delivery.event_id not in seen:
            seen.add(delivery.event_id)
            told.setdefault(delivery.session_id, []).append(delivery)
    held = {session for key, session in sessions.items() if schedule_rule.is_waiting(webhooks, attempts[key])}
    yield from of_sessions(provider, webhooks, known, told, observed, held.union(unsettled))
    for (_, kind), tries in attempts.items():
        for fault in schedule_rule.compared(webhooks, tries, until):
            yield "WHK-007" if fault is None else violation_of(known["WHK-007"], kind, "", *fault)


def _of_one(
    provider: Provider, webhooks: Webhooks, known: Mapping[str, Rule], one: Sent, delivery: VerifiedDelivery
) -> Iterator[Line]:
    yield "WHK-002"
    kind = webhooks.events.get(delivery.type)
    if kind is None:
        types = ", ".join(webhooks.events)
        yield violation_of(known["WHK-002"], delivery.type, webhooks.type_at, f"one of {types}", shown(delivery.type))
        return
    for error in provider.schemas.validator(kind.schema).iter_errors(dict(delivery.body)):
        pointer = "".join(f"/{part}" for part in error.instance_path)
        yield violation_of(known["WHK-002"], kind.name, pointer, "the documented form", shown(error.message))
    lower = {name.lower(): value for name, value in one.headers.items()}
    for name, template in webhooks.headers.items():
        expected = template.replace("{event_id}", delivery.event_id).replace("{type}", delivery.type)
        value = lower.get(name.lower())
        yield "WHK-003"
        if value is None or ("{" not in expected and value != expected):
            yield violation_of(known["WHK-003"], kind.name, "", f"{name}: {shown(expected)}", shown(value or "no such header"))
    status = None if webhooks.status_at is None else at(delivery.body, webhooks.status_at)
    states = [state for state in kind.after if state not in (CREATION, TRANSITION)]
    if not states or status is None or TRANSITION in kind.after:
        return
    yield "WHK-004"
    if status not in states:
        yield violation_of(known["WHK-004"], kind.name, webhooks.status_at or "", " or ".join(states), shown(str(status)))
