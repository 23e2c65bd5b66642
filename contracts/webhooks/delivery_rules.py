"""Judges what an implementation sends: each delivery, and the events of each session together."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from specimen.contracts.http.operation_matching import match
from specimen.contracts.judge.kind import CONSISTENCY, SAFETY, SCHEMA
from specimen.contracts.judge.rule import Rule, Violation
from specimen.contracts.judge.severity import DEFAULT_FAIL_ON
from specimen.contracts.reporting.model import Coverage, Covered, Found, Report, Sample
from specimen.contracts.webhooks import schedule_rule
from specimen.contracts.webhooks.errors import OutsideTolerance, WebhookError
from specimen.contracts.webhooks.observed_sessions import ObservedSessions
from specimen.contracts.webhooks.verification import VerifiedDelivery, verify
from specimen.specs import Provider, SpecimenError
from specimen.specs.core.errors import did_you_mean
from specimen.specs.core.json_pointer import at
from specimen.specs.core.terminal_text import shown
from specimen.specs.loading.webhooks import CREATION, TRANSITION, Webhooks

MISSING = "WHK-006"
_NONE = object()
_ORDER = "no page says in which order events come"


@dataclass(frozen=True, slots=True)
class Sent:
    """A delivery as it was recorded; `at` is in seconds since the epoch, `answered` the receiver's status, where it is known."""

    at: float
    headers: Mapping[str, str]
    body: bytes
    answered: int | None = None


def rules(webhooks: Webhooks) -> dict[str, Rule]:
    """The rules of what a vendor sends, by id; their marks are those of the facts that they rest on."""
    mark, source = webhooks.mark, webhooks.source
    found = (
        Rule("WHK-001", "a delivery is signed, and encrypted, as documented, when it is sent", mark, source, kind=SAFETY),
        Rule("WHK-002", "the cleartext of an event has the documented form", mark, source, kind=SCHEMA),
        Rule("WHK-003", "the headers say what the body says", mark, source, kind=CONSISTENCY),
        Rule("WHK-004", "an event fits the status that it shows", mark, source, kind=CONSISTENCY),
        Rule("WHK-005", "the statuses of a session's events follow its lifecycle", "A", source, reason=_ORDER, kind=CONSISTENCY),
        Rule(MISSING, "every event that a status promises is sent", mark, source, kind=CONSISTENCY),
        Rule(
            "WHK-007",
            "a failed delivery is tried again by the documented schedule",
            webhooks.schedule_mark,
            source,
            reason=webhooks.schedule_reason,
            kind=CONSISTENCY,
        ),
        Rule("WHK-008", "no event tells of what did not happen", mark, source, kind=SAFETY),
    )
    without = {"WHK-003"} if not webhooks.headers else set()
    without |= {"WHK-004", "WHK-005"} if webhooks.status_at is None else set()
    return {rule.id: rule for rule in found if rule.id not in without}


class Judgement(NamedTuple):
    """What is wrong with deliveries, and the ids of the rules that were exercised, by what conforms too."""

    violations: list[Violation]
    examined: frozenset[str]


# A violation, or the id of a rule that compares here and may find nothing.
_Line = Violation | str


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
) -> Judgement:
    """Judges deliveries, in the order in which they came; `observed` are the sessions that they should tell of.

    `until` (seconds since the epoch) says how long was listened, where that is known: what is missing then is late.
    `hint` is added to what is said of a delivery from another time. `types` are those that the endpoint is subscribed to, where
    it is not all: no other event can be missing.
    """
    lines = list(_lines(provider, webhooks, sent, keys, observed, until, hint))
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
) -> Iterator[_Line]:
    known = rules(webhooks)
    told: dict[str, list[VerifiedDelivery]] = {}
    seen: set[str] = set()
    attempts: dict[tuple[str, str], list[tuple[float, int | None]]] = {}
    for one in sent:
        yield "WHK-001"
        try:
            delivery = verify(provider, one.headers, one.body, keys, now=one.at)
        except WebhookError as error:
            got = f"{type(error).__name__}: {error}{hint if isinstance(error, OutsideTolerance) else ''}"
            yield _violation(known["WHK-001"], "delivery", "", "a genuine delivery", got)
            continue
        yield from _of_one(provider, webhooks, known, one, delivery)
        attempts.setdefault((delivery.event_id, delivery.type), []).append((one.at, one.answered))
        if delivery.session_id is not None and delivery.event_id not in seen:
            seen.add(delivery.event_id)
            told.setdefault(delivery.session_id, []).append(delivery)
    for events in told.values():
        yield from _of_session(provider, webhooks, known, events)
    seen_states = {} if observed is None else observed.states
    for session in {**told, **seen_states}:
        yield from _of_transitions(provider, webhooks, known, told.get(session, ()), seen_states.get(session, ()))
    for (_, kind), tries in attempts.items():
        for fault in schedule_rule.compared(webhooks, tries, until):
            yield "WHK-007" if fault is None else _violation(known["WHK-007"], kind, "", *fault)
    if observed is not None:
        yield from _of_observed(provider, known, told, observed)


def _of_observed(
    provider: Provider, known: Mapping[str, Rule], told: Mapping[str, Sequence[VerifiedDelivery]], observed: ObservedSessions
) -> Iterator[_Line]:
    reachable = _reachable(provider)
    for session in observed.states:
        events = told.get(session, ())
        types = {event.type for event in events}
        for kind, why in dict(observed.promised(session)).items():
            yield MISSING
            if kind.name not in types:
                yield _violation(known[MISSING], kind.name, "", f"{kind.name} for {why}", "no such event")
        for kind in provider.webhooks.events.values() if provider.webhooks is not None else ():
            if not observed.excluded(session, kind, reachable):
                continue
            yield "WHK-008"
            if kind.name in types:
                state = observed.states[session][-1]
                yield _violation(known["WHK-008"], kind.name, "", f"no {kind.name} of a session that ended {state}", "one came")


def _of_one(
    provider: Provider, webhooks: Webhooks, known: Mapping[str, Rule], one: Sent, delivery: VerifiedDelivery
) -> Iterator[_Line]:
    yield "WHK-002"
    kind = webhooks.events.get(delivery.type)
    if kind is None:
        types = ", ".join(webhooks.events)
        yield _violation(known["WHK-002"], delivery.type, webhooks.type_at, f"one of {types}", shown(delivery.type))
        return
    for error in provider.schemas.validator(kind.schema).iter_errors(dict(delivery.body)):
        pointer = "".join(f"/{part}" for part in error.instance_path)
        yield _violation(known["WHK-002"], kind.name, pointer, "the documented form", shown(error.message))
    lower = {name.lower(): value for name, value in one.headers.items()}
    for name, template in webhooks.headers.items():
        expected = template.replace("{event_id}", delivery.event_id).replace("{type}", delivery.type)
        value = lower.get(name.lower())
        yield "WHK-003"
        if value is None or ("{" not in expected and value != expected):
            yield _violation(known["WHK-003"], kind.name, "", f"{name}: {shown(expected)}", shown(value or "no such header"))
    status = None if webhooks.status_at is None else at(delivery.body, webhooks.status_at)
    states = [state for state in kind.after if state not in (CREATION, TRANSITION)]
    if not states or status is None or TRANSITION in kind.after:
        return
    yield "WHK-004"
    if status not in states:
        yield _violation(known["WHK-004"], kind.name, webhooks.status_at or "", " or ".join(states), shown(str(status)))


def _of_session(
    provider: Provider, webhooks: Webhooks, known: Mapping[str, Rule], events: Sequence[VerifiedDelivery]
) -> Iterator[_Line]:
    if webhooks.status_at is None:
        return
    lifecycle = provider.lifecycle
    statuses = [str(at(event.body, webhooks.status_at)) for event in events]
    reachable = _reachable(provider)
    for before, after in pairwise(statuses):
        if before == after or after not in lifecycle.states:
            continue
        yield "WHK-005"
        if after not in reachable.get(before, ()):
            yield _violation(known["WHK-005"], "session", webhooks.status_at, f"a status that follows {before}", shown(after))
    types = {event.type for event in events}
    for state in dict.fromkeys(statuses):
        for kind in webhooks.events.values():
            if state not in kind.after:
                continue
            yield MISSING
            if kind.name not in types:
                yield _violation(known[MISSING], kind.name, "", f"{kind.name} for the status {state}", "no such event")


def _of_transitions(
    provider: Provider, webhooks: Webhooks, known: Mapping[str, Rule], events: Sequence[VerifiedDelivery], seen: Sequence[str]
) -> Iterator[_Line]:
    """Each status that was seen or told, but the first, has an event of its transition, which may show a later status.

    An event of a creation that is sent late shows a status whose own event may still be on its way.
    """
    lifecycle, reachable = provider.lifecycle, _reachable(provider)
    first = {kind.name for kind in webhooks.events.values() if CREATION in kind.after}
    later = [] if webhooks.status_at is None else [event for event in events if event.type not in first]
    told = [str(at(event.body, webhooks.status_at or "")) for event in later]
    passed = [state for state in dict.fromkeys([*seen, *told]) if state in lifecycle.states and state != lifecycle.initial]
    for kind in (kind for kind in webhooks.events.values() if TRANSITION in kind.after):
        steps = [event for event in events if event.type == kind.name]
        left = [None if webhooks.status_at is None else at(event.body, webhooks.status_at) for event in steps]
        untold = []
        for state in passed:
            yield MISSING
            if state in left:
                left.remove(state)
            else:
                untold.append(state)
        for state in untold:
            late = next((one for one in left if one is None or one in reachable[state]), _NONE)
            if late is _NONE:
                yield _violation(known[MISSING], kind.name, "", f"{kind.name} for the status {state}", "no such event")
            else:
                left.remove(late)


def _reachable(provider: Provider) -> dict[str, set[str]]:
    """For each state those that may come later: an event of a state between may be excluded, or was not subscribed to."""
    found = {state: set[str]() for state in provider.lifecycle.states}
    for edge in provider.lifecycle.transitions:
        found[edge.origin].add(edge.to)
    for between, further in found.items():
        for later in found.values():
            if between in later:
                later.update(further)
    return found


def _violation(rule: Rule, operation: str, pointer: str, expected: str, got: str) -> Violation:
    return Violation(
        rule=rule.id, severity=rule.severity, operation=operation, pointer=pointer, expected=expected, got=got,
        sentence=rule.sentence, source=rule.source, mark=rule.mark, kind=rule.kind,
    )  # fmt: skip


def checked_types(webhooks: Webhooks, types: Sequence[str]) -> tuple[str, ...]:
    """Types of event that a vendor sends.

    Raises:
        SpecimenError: one is none of them.
    """
    for one in types:
        if one not in webhooks.events:
            raise SpecimenError(f"webhook type '{shown(one)}': there is none. {did_you_mean(one, webhooks.events)}")
    return tuple(types)


def counted(violations: Iterable[Violation]) -> dict[Violation, int]:
    """Equal violations once, with their number."""
    counts: dict[Violation, int] = {}
    for violation in violations:
        counts[violation] = counts.get(violation, 0) + 1
    return counts


def _seen_types(provider: Provider, sent: Sequence[Sent], keys: Any) -> frozenset[str]:
    """The types of the genuine deliveries."""
    found = set()
    for one in sent:
        with suppress(WebhookError):
            found.add(verify(provider, one.headers, one.body, keys, now=one.at).type)
    return frozenset(found)


def report(
    provider: Provider,
    webhooks: Webhooks,
    sent: Sequence[Sent],
    keys: Any,
    started_at: int,
    *,
    hint: str = "",
    types: Collection[str] | None = None,
) -> Report:
    """The report of a judgement of a recording, in the form of all others; `hint` as in `judged`.

    `types` are those that the endpoint is subscribed to; where that is not known, a type that never came may be none of them.
    """
    known = rules(webhooks)
    subscribed = _seen_types(provider, sent, keys) if types is None else types
    judgement = judged(provider, webhooks, sent, keys, hint=hint, types=subscribed)
    examined = tuple(one for one in known if one in judgement.examined)
    sample = Sample("POST", "", 0, "", "", started_at)
    found = tuple(Found(violation, count, sample) for violation, count in counted(judgement.violations).items())
    return Report(
        provider=provider.name, base_url="", profile=None, seed=None, fail_on=DEFAULT_FAIL_ON, started_at=started_at, seconds=0.0,
        requests=len(sent), found=found, reach=Coverage(rules=Covered(examined, tuple(known))), rules=tuple(known.values()),
        command="webhooks check",
        incomplete=() if sent else ("Nothing in the recording is a delivery.",),
    )  # fmt: skip


def read_har(path: Path, provider: Provider, webhooks: Webhooks) -> list[Sent]:
    """The deliveries in a HAR file: POST requests of the vendor's content type that are no calls of its documented operations.

    Raises:
        SpecimenError: it is no HAR file.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["log"]["entries"]
        found = []
        for entry in entries:
            request = entry["request"]
            headers = {one["name"].lower(): one["value"] for one in request["headers"]}
            is_plain = headers.get("content-type", "").partition(";")[0].strip() == webhooks.content_type
            if request["method"] != "POST" or not is_plain or _is_call(provider, webhooks, request.get("url", ""), headers):
                continue
            moment = datetime.fromisoformat(entry["startedDateTime"]).timestamp()
            answered = entry.get("response", {}).get("status")
            body = request.get("postData", {}).get("text", "").encode()
            found.append(Sent(moment, headers, body, answered if isinstance(answered, int) and answered > 0 else None))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SpecimenError(f"{path}: cannot be read as HAR 1.2.") from error
    return found


def _is_call(provider: Provider, webhooks: Webhooks, url: str, headers: Mapping[str, str]) -> bool:
    """Whether a request calls a documented operation, below any base URL; what bears the vendor's signature does not."""
    if webhooks.signature is not None and webhooks.signature.header.lower() in headers:
        return False
    parts = urlsplit(url).path.split("/")
    return any(match(provider.document, "POST", "/" + "/".join(parts[start:])) is not None for start in range(1, len(parts)))
