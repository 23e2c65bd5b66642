"""What is done to the deliveries of a genuine sender."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

from specimen.contracts.webhooks.forging import Forged, strange_key
from specimen.specs.core.json_pointer import at
from specimen.specs.loading.webhooks import CREATION, TRANSITION
from tests.contracts.webhooks.desk import Desk, Letter

REFUSED, TAKEN = 503, 200
Change = Callable[[list[Letter], Desk], list[Letter]]


def each(change: Callable[[Letter, Desk], Letter]) -> Change:
    """Every delivery is changed."""
    return lambda letters, desk: [change(letter, desk) for letter in letters]


def of_each_session(change: Callable[[list[Letter], Desk], list[Letter]]) -> Change:
    """The deliveries of every session are changed."""
    return lambda letters, desk: [one for found in desk.by_session(letters) for one in change(found, desk)]


def unsigned(letter: Letter, desk: Desk) -> Letter:
    """It is not signed."""
    webhooks = desk.forger.webhooks
    if webhooks.signature is None:
        body = desk.forger.unsigned_token(json.dumps(letter.clear).encode(), {"alg": "none"}, None)
        return desk.posted(letter, Forged(body, letter.sent.headers))
    headers = {name: value for name, value in letter.sent.headers.items() if name.lower() != webhooks.signature.header.lower()}
    return replace(letter, sent=replace(letter.sent, headers=headers))


def by_another_key(letter: Letter, desk: Desk) -> Letter:
    """Another secret or key signs it."""
    keys = desk.forger.with_secret("whsec_of_another")
    if desk.forger.webhooks.token is not None:
        keys = replace(keys, token_key={**strange_key("another"), "kid": (keys.token_key or {}).get("kid")})
    return desk.sealed(letter, keys=keys)


def signed_before_encryption(letter: Letter, desk: Desk) -> Letter:
    """Its cleartext is signed, and not its body."""
    clear = json.dumps(letter.clear).encode()
    header = desk.forger.webhooks.signature.header  # type: ignore[union-attr]
    value = desk.forger.signature(clear, int(letter.sent.at), desk.forger.keys.secret)
    return replace(letter, sent=replace(letter.sent, headers={**letter.sent.headers, header: value}))


def not_encrypted(letter: Letter, desk: Desk) -> Letter:
    """Its body is not encrypted."""
    body = json.dumps(letter.clear).encode()
    headers = desk.forger.headers(letter.clear, body, int(letter.sent.at), desk.forger.keys)
    return desk.posted(letter, Forged(body, headers))


REQUIRED = {"kyve": "api_version", "kayle": "data", "idnow": "iss"}


def without_a_field(letter: Letter, desk: Desk) -> Letter:
    """A required field of its event is absent."""
    name = desk.forger.provider.name
    if name == "idnow":
        data = {key: value for key, value in letter.clear["data"].items() if key != "environment"}
        return desk.sealed(letter, {**letter.clear, "data": data})
    return desk.sealed(letter, {key: value for key, value in letter.clear.items() if key != REQUIRED[name]})


def with_headers(value: Callable[[str], str | None]) -> Change:
    """A documented header has another value of its name, or is absent (None)."""

    def change(letter: Letter, desk: Desk) -> Letter:
        name = next(iter(desk.forger.webhooks.headers)) if desk.forger.provider.name == "kyve" else "X-Kayle-Event"
        headers = {key: old for key, old in letter.sent.headers.items() if key.lower() != name.lower()}
        new = value(name)
        return replace(letter, sent=replace(letter.sent, headers=headers if new is None else {**headers, name: new}))

    return each(change)


# For each vendor a type, and a status that is not its own.
OTHER_STATUS = {"kyve": ("verification.completed", "requires_review"), "idnow": ("session.completed", "ABORTED")}


def of_another_status(letter: Letter, desk: Desk) -> Letter:
    """It shows a status that is not its own."""
    kind, status = OTHER_STATUS[desk.forger.provider.name]
    if desk.kind(letter) != kind:
        return letter
    return desk.sealed(letter, desk.put(letter.clear, desk.forger.webhooks.status_at, status))


def with_one_id(found: list[Letter], desk: Desk) -> list[Letter]:
    """All events have one id."""
    pointer = desk.forger.webhooks.identity[1]
    first = at(found[0].clear, pointer or "")
    return [desk.sealed(letter, desk.put(letter.clear, pointer, first)) for letter in found]


def backwards(found: list[Letter], _: Desk) -> list[Letter]:
    """They come from the last one on."""
    pairs = zip(found, reversed(found), strict=True)
    return [replace(letter, sent=replace(letter.sent, at=slot.sent.at)) for slot, letter in pairs]


def steps_of(found: list[Letter], desk: Desk) -> list[Letter]:
    """The events that tell of transitions."""
    return [one for one in found if TRANSITION in desk.forger.webhooks.events[desk.kind(one)].after]


def without_the_last_step(found: list[Letter], desk: Desk) -> list[Letter]:
    """No event tells of the last transition."""
    steps = steps_of(found, desk)
    return [one for one in found if len(steps) < 2 or one is not steps[-1]]


def without_steps(found: list[Letter], desk: Desk) -> list[Letter]:
    """No event tells of transitions."""
    steps = steps_of(found, desk)
    return [one for one in found if all(one is not step for step in steps)]


def first_step_again(found: list[Letter], desk: Desk) -> list[Letter]:
    """The last transition is told by the session as it was at the first."""
    steps = steps_of(found, desk)
    stale = desk.sealed(steps[-1], {**steps[-1].clear, "data": steps[0].clear["data"]}) if len(steps) > 1 else None
    return [stale if stale is not None and one is steps[-1] else one for one in found]


def steps_told_late(found: list[Letter], desk: Desk) -> list[Letter]:
    """Events of transitions show the session as it is when they are sent: as the next event of another type does."""
    steps, changed, data = steps_of(found, desk), [], None
    for one in reversed(found):
        is_step = any(one is step for step in steps)
        data = one.clear["data"] if data is None or not is_step else data
        changed.append(desk.sealed(one, {**one.clear, "data": data}) if is_step else one)
    return changed[::-1]


def creation_told_late(letter: Letter, desk: Desk) -> Letter:
    """The event of the creation shows the next status."""
    if CREATION not in desk.forger.webhooks.events[desk.kind(letter)].after:
        return letter
    status = {"kyve": "requires_input", "idnow": "RUNNING"}[desk.forger.provider.name]
    return desk.sealed(letter, desk.put(letter.clear, desk.forger.webhooks.status_at, status))


def without_ends(letters: list[Letter], desk: Desk) -> list[Letter]:
    """No event tells of a good end."""
    return [one for one in letters if desk.kind(one) != ENDED_WELL[desk.forger.provider.name]]


def retried(*waits: float, last: int = TAKEN) -> Change:
    """The first delivery is refused, and comes again after some seconds each, signed anew; it is alone."""

    def change(letters: list[Letter], desk: Desk) -> list[Letter]:
        first, *rest = letters
        found, later = [replace(first, sent=replace(first.sent, answered=REFUSED))], 0.0
        for number, wait in enumerate(waits, 1):
            later += wait
            again = desk.sealed(first, later=later)
            found.append(replace(again, sent=replace(again.sent, answered=last if number == len(waits) else REFUSED)))
        event = desk.forger.webhooks.identity[1] or ""
        return found + [one for one in rest if at(one.clear, event) != at(first.clear, event)]

    return change


def by_schedule(factor: float = 1.0, more: float = 0.0, beyond: int = 0) -> Change:
    """Every attempt of the schedule is refused; then there are some `beyond`."""

    def change(letters: list[Letter], desk: Desk) -> list[Letter]:
        waits = [wait * factor + more for wait in desk.forger.webhooks.retry_seconds]
        return retried(*waits, *waits[-1:] * beyond, last=REFUSED)(letters, desk)

    return change


# What a session that ended well did not do.
NOT_HAPPENED = {"kyve": "verification.failed", "kayle": "verification.session.expired", "idnow": "session.aborted"}
ENDED_WELL = {"kyve": "verification.completed", "kayle": "verification.session.succeeded", "idnow": "session.completed"}
STATUS_OF = {"kyve": "failed", "idnow": "ABORTED"}


def of_an_end_that_was_not(letters: list[Letter], desk: Desk) -> list[Letter]:
    """An event tells of an end that was not."""
    name, found = desk.forger.provider.name, []
    for letter in letters:
        found.append(letter)
        if desk.kind(letter) == ENDED_WELL[name]:
            status = desk.put(letter.clear, desk.forger.webhooks.status_at, STATUS_OF.get(name))
            more = {"data": {}} if name == "kayle" else {}
            found.append(desk.renamed(replace(letter, clear=status), NOT_HAPPENED[name], **more))
    return found
