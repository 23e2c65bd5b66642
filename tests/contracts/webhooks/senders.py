"""Senders of webhooks: each broken one breaks a rule of deliveries, each conforming one comes close to breaking it.

A sender is a change of what a genuine one has sent; the score runs them too.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from specimen.contracts.webhooks.delivery_rules import Sent
from specimen.contracts.webhooks.forging import Forged, Forger, strange_key
from specimen.contracts.webhooks.verification import verify
from specimen.specs.core.json_pointer import at
from specimen.specs.loading.webhooks import CREATION, TRANSITION

REFUSED, TAKEN = 503, 200
LISTENED_SECONDS = 3_600.0  # after the last delivery


@dataclass(frozen=True)
class Letter:
    """A delivery, with its cleartext opened."""

    sent: Sent
    clear: dict[str, Any]


@dataclass(frozen=True)
class Desk:
    """Opens and makes the deliveries of one vendor: with the keys of its receiver, and of its sender."""

    forger: Forger
    receiver_keys: Any

    def opened(self, sent: Sent) -> Letter:
        """A genuine delivery."""
        found = verify(self.forger.provider, sent.headers, sent.body, self.receiver_keys, now=sent.at)
        return Letter(sent, copy.deepcopy(dict(found.body)))

    def sealed(
        self, letter: Letter, clear: Any = None, *, later: float = 0.0, sent_at: float | None = None, **how: Any
    ) -> Letter:
        """The delivery of another cleartext, or the same one `later`, signed when it is sent or at another time."""
        moment = letter.sent.at + later
        clear = letter.clear if clear is None else clear
        forged = self.forger.sealed(clear, sent_at=int(moment if sent_at is None else sent_at), **how)
        return self.posted(letter, forged, moment, clear)

    @staticmethod
    def posted(letter: Letter, forged: Forged, moment: float | None = None, clear: Any = None) -> Letter:
        """A delivery as it was made."""
        moment = letter.sent.at if moment is None else moment
        return Letter(Sent(moment, forged.headers, forged.body, letter.sent.answered), letter.clear if clear is None else clear)

    def put(self, clear: dict[str, Any], pointer: str | None, value: Any) -> dict[str, Any]:
        """Another value at a pointer; where there is none, the same."""
        found = copy.deepcopy(clear)
        if pointer is not None and at(found, pointer) is not None:
            *parents, last = pointer.split("/")[1:]
            holder = found
            for part in parents:
                holder = holder[part]
            holder[last] = value
        return found

    def kind(self, letter: Letter) -> str:
        """The type of the event."""
        return str(at(letter.clear, self.forger.webhooks.type_at))

    def session(self, letter: Letter) -> str:
        """The session that the event tells of."""
        return str(at(letter.clear, self.forger.webhooks.session_at))

    def by_session(self, letters: list[Letter]) -> Iterator[list[Letter]]:
        """The deliveries of each session."""
        for _, found in groupby(sorted(letters, key=self.session), self.session):
            yield list(found)

    def renamed(self, letter: Letter, kind: str, **more: Any) -> Letter:
        """An event of another type, with an id of its own."""
        webhooks = self.forger.webhooks
        clear = self.put(letter.clear, webhooks.type_at, kind)
        clear = self.put(clear, webhooks.identity[1], f"evt_{kind.rpartition('.')[2]}_{self.session(letter)[-12:]}")
        return self.sealed(letter, {**clear, **more})


Change = Callable[[list[Letter], Desk], list[Letter]]


@dataclass(frozen=True)
class Sender:
    """`change` is done to what a genuine sender has sent. A broken one breaks `rule`, a conforming one comes close to it.

    `also` are further rules that the same defect may break; `providers` are those that can have it.
    """

    name: str
    rule: str
    what: str
    change: Change
    providers: tuple[str, ...] = ("kyve", "kayle", "idnow")
    also: tuple[str, ...] = ()


def each(change: Callable[[Letter, Desk], Letter]) -> Change:
    """Every delivery is changed."""
    return lambda letters, desk: [change(letter, desk) for letter in letters]


def of_each_session(change: Callable[[list[Letter], Desk], list[Letter]]) -> Change:
    """The deliveries of every session are changed."""
    return lambda letters, desk: [one for found in desk.by_session(letters) for one in change(found, desk)]


def _unsigned(letter: Letter, desk: Desk) -> Letter:
    webhooks = desk.forger.webhooks
    if webhooks.signature is None:
        body = desk.forger.unsigned_token(json.dumps(letter.clear).encode(), {"alg": "none"}, None)
        return desk.posted(letter, Forged(body, letter.sent.headers))
    headers = {name: value for name, value in letter.sent.headers.items() if name.lower() != webhooks.signature.header.lower()}
    return replace(letter, sent=replace(letter.sent, headers=headers))


def _by_another_key(letter: Letter, desk: Desk) -> Letter:
    keys = desk.forger.with_secret("whsec_of_another")
    if desk.forger.webhooks.token is not None:
        keys = replace(keys, token_key={**strange_key("another"), "kid": (keys.token_key or {}).get("kid")})
    return desk.sealed(letter, keys=keys)


def _signed_before_encryption(letter: Letter, desk: Desk) -> Letter:
    clear = json.dumps(letter.clear).encode()
    header = desk.forger.webhooks.signature.header  # type: ignore[union-attr]
    value = desk.forger.signature(clear, int(letter.sent.at), desk.forger.keys.secret)
    return replace(letter, sent=replace(letter.sent, headers={**letter.sent.headers, header: value}))


def _not_encrypted(letter: Letter, desk: Desk) -> Letter:
    body = json.dumps(letter.clear).encode()
    headers = desk.forger.headers(letter.clear, body, int(letter.sent.at), desk.forger.keys)
    return desk.posted(letter, Forged(body, headers))


REQUIRED = {"kyve": "api_version", "kayle": "data", "idnow": "iss"}


def _without_a_field(letter: Letter, desk: Desk) -> Letter:
    name = desk.forger.provider.name
    if name == "idnow":
        data = {key: value for key, value in letter.clear["data"].items() if key != "environment"}
        return desk.sealed(letter, {**letter.clear, "data": data})
    return desk.sealed(letter, {key: value for key, value in letter.clear.items() if key != REQUIRED[name]})


def _headers(value: Callable[[str], str | None]) -> Change:
    def change(letter: Letter, desk: Desk) -> Letter:
        name = next(iter(desk.forger.webhooks.headers)) if desk.forger.provider.name == "kyve" else "X-Kayle-Event"
        headers = {key: old for key, old in letter.sent.headers.items() if key.lower() != name.lower()}
        new = value(name)
        return replace(letter, sent=replace(letter.sent, headers=headers if new is None else {**headers, name: new}))

    return each(change)


# For each vendor a type, and a status that is not its own.
OTHER_STATUS = {"kyve": ("verification.completed", "requires_review"), "idnow": ("session.completed", "ABORTED")}


def _of_another_status(letter: Letter, desk: Desk) -> Letter:
    kind, status = OTHER_STATUS[desk.forger.provider.name]
    if desk.kind(letter) != kind:
        return letter
    return desk.sealed(letter, desk.put(letter.clear, desk.forger.webhooks.status_at, status))


def _with_one_id(found: list[Letter], desk: Desk) -> list[Letter]:
    pointer = desk.forger.webhooks.identity[1]
    first = at(found[0].clear, pointer or "")
    return [desk.sealed(letter, desk.put(letter.clear, pointer, first)) for letter in found]


def _backwards(found: list[Letter], _: Desk) -> list[Letter]:
    pairs = zip(found, reversed(found), strict=True)
    return [replace(letter, sent=replace(letter.sent, at=slot.sent.at)) for slot, letter in pairs]


def _steps(found: list[Letter], desk: Desk) -> list[Letter]:
    """The events that tell of transitions."""
    return [one for one in found if TRANSITION in desk.forger.webhooks.events[desk.kind(one)].after]


def _without_the_last_step(found: list[Letter], desk: Desk) -> list[Letter]:
    steps = _steps(found, desk)
    return [one for one in found if len(steps) < 2 or one is not steps[-1]]


def _without_steps(found: list[Letter], desk: Desk) -> list[Letter]:
    steps = _steps(found, desk)
    return [one for one in found if all(one is not step for step in steps)]


def _first_step_again(found: list[Letter], desk: Desk) -> list[Letter]:
    """The last transition is told by the session as it was at the first."""
    steps = _steps(found, desk)
    stale = desk.sealed(steps[-1], {**steps[-1].clear, "data": steps[0].clear["data"]}) if len(steps) > 1 else None
    return [stale if stale is not None and one is steps[-1] else one for one in found]


def _steps_told_late(found: list[Letter], desk: Desk) -> list[Letter]:
    """Events of transitions show the session as it is when they are sent: as the next event of another type does."""
    steps, changed, data = _steps(found, desk), [], None
    for one in reversed(found):
        is_step = any(one is step for step in steps)
        data = one.clear["data"] if data is None or not is_step else data
        changed.append(desk.sealed(one, {**one.clear, "data": data}) if is_step else one)
    return changed[::-1]


def _creation_told_late(letter: Letter, desk: Desk) -> Letter:
    if CREATION not in desk.forger.webhooks.events[desk.kind(letter)].after:
        return letter
    status = {"kyve": "requires_input", "idnow": "RUNNING"}[desk.forger.provider.name]
    return desk.sealed(letter, desk.put(letter.clear, desk.forger.webhooks.status_at, status))


def _without_ends(letters: list[Letter], desk: Desk) -> list[Letter]:
    return [one for one in letters if desk.kind(one) != ENDED_WELL[desk.forger.provider.name]]


def _retried(*waits: float, last: int = TAKEN) -> Change:
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


def _by_schedule(factor: float = 1.0, more: float = 0.0, beyond: int = 0) -> Change:
    """Every attempt of the schedule is refused; then there are some `beyond`."""

    def change(letters: list[Letter], desk: Desk) -> list[Letter]:
        waits = [wait * factor + more for wait in desk.forger.webhooks.retry_seconds]
        return _retried(*waits, *waits[-1:] * beyond, last=REFUSED)(letters, desk)

    return change


# What a session that ended well did not do.
NOT_HAPPENED = {"kyve": "verification.failed", "kayle": "verification.session.expired", "idnow": "session.aborted"}
ENDED_WELL = {"kyve": "verification.completed", "kayle": "verification.session.succeeded", "idnow": "session.completed"}
STATUS_OF = {"kyve": "failed", "idnow": "ABORTED"}


def _of_an_end_that_was_not(letters: list[Letter], desk: Desk) -> list[Letter]:
    name, found = desk.forger.provider.name, []
    for letter in letters:
        found.append(letter)
        if desk.kind(letter) == ENDED_WELL[name]:
            status = desk.put(letter.clear, desk.forger.webhooks.status_at, STATUS_OF.get(name))
            more = {"data": {}} if name == "kayle" else {}
            found.append(desk.renamed(replace(letter, clear=status), NOT_HAPPENED[name], **more))
    return found


WITH_STATUS, SIGNED, WITH_HEADERS = ("kyve", "idnow"), ("kyve", "kayle"), ("kyve", "kayle")
STEPS = ("kyve",)  # the vendor that tells of every transition
BROKEN = (
    Sender("unsigned_deliveries", "WHK-001", "deliveries are not signed", each(_unsigned), also=("WHK-006",)),
    Sender("deliveries_by_another_key", "WHK-001", "another secret or key signs", each(_by_another_key), also=("WHK-006",)),
    Sender(
        "stale_deliveries", "WHK-001", "the signature is of an hour ago",
        each(lambda letter, desk: desk.sealed(letter, sent_at=letter.sent.at - 3600)), also=("WHK-006",),
    ),
    Sender(
        "body_changed_after_signing", "WHK-001", "a proxy adds a line end to the body",
        each(lambda letter, _: replace(letter, sent=replace(letter.sent, body=letter.sent.body + b"\n"))), SIGNED, ("WHK-006",),
    ),
    Sender(
        "signed_before_encryption", "WHK-001", "the cleartext is signed and not the body", each(_signed_before_encryption),
        ("kayle",), ("WHK-006",),
    ),
    Sender("cleartext_deliveries", "WHK-001", "the body is not encrypted", each(_not_encrypted), ("kayle",), ("WHK-006",)),
    Sender("event_without_a_field", "WHK-002", "a required field of events is absent", each(_without_a_field)),
    Sender(
        "event_of_unknown_type", "WHK-002", "an event more, of a type that no page names",
        of_each_session(lambda found, desk: [*found, desk.renamed(found[-1], "specimen.unknown")]),
    ),
    Sender("header_of_another_event", "WHK-003", "a header names another event", _headers(lambda _: "other"), WITH_HEADERS),
    Sender("deliveries_without_a_header", "WHK-003", "a documented header is absent", _headers(lambda _: None), WITH_HEADERS),
    Sender(
        "event_of_another_status", "WHK-004", "an event shows a status that is not its own", each(_of_another_status),
        WITH_STATUS, ("WHK-005", "WHK-006"),
    ),
    Sender(
        "events_backwards", "WHK-005", "the events of a session come from its end", of_each_session(_backwards),
        WITH_STATUS,
    ),
    Sender("good_ends_untold", "WHK-006", "no event tells of a good end", _without_ends),
    Sender("transition_untold", "WHK-006", "no event tells of the last transition", of_each_session(_without_the_last_step),
           STEPS),
    Sender("transitions_untold", "WHK-006", "no event tells of transitions", of_each_session(_without_steps), STEPS),
    Sender("transition_told_as_before", "WHK-006", "the event of a transition shows the session before it",
           of_each_session(_first_step_again), STEPS, ("WHK-005",)),
    Sender("one_id_for_all_events", "WHK-006", "all events of a session have one id", of_each_session(_with_one_id), WITH_STATUS,
           ("WHK-003", "WHK-007")),
    Sender("tried_again_at_once", "WHK-007", "a refused delivery comes again at once", _retried(0.1)),
    Sender("never_tried_again", "WHK-007", "a refused delivery never comes again", _retried()),
    Sender("tried_for_ever", "WHK-007", "it is tried more often than documented", _by_schedule(beyond=2)),
    Sender(
        "told_of_what_was_not", "WHK-008", "an event tells of an end that was not", _of_an_end_that_was_not,
        also=("WHK-002", "WHK-005", "WHK-006"),
    ),
)  # fmt: skip

CONFORMING = (
    Sender("as_it_is", "WHK-006", "what a genuine sender sends", lambda letters, _: letters),
    Sender(
        "signed_long_ago", "WHK-001", "each is signed four minutes before it comes",
        each(lambda letter, desk: desk.sealed(letter, sent_at=letter.sent.at - 240)),
    ),
    Sender(
        "signed_anew", "WHK-001", "each comes twice, the second time signed anew",
        lambda letters, desk: [*letters, *(desk.sealed(one, later=2) for one in letters if one.sent.answered == TAKEN)],
    ),
    Sender(
        "events_with_more", "WHK-002", "events have a field that no page lists",
        each(lambda letter, desk: desk.sealed(letter, {**letter.clear, "specimen_more": {"a": [1]}})),
    ),
    Sender(
        "headers_in_small_letters", "WHK-003", "header names are in small letters, and there are more",
        each(lambda letter, _: replace(letter, sent=replace(
            letter.sent, headers={**{name.lower(): value for name, value in letter.sent.headers.items()}, "x-trace": "1"},
        ))),
    ),
    Sender("creation_told_late", "WHK-004", "the event of the creation shows the next status", each(_creation_told_late),
           WITH_STATUS),
    Sender("transitions_told_late", "WHK-005", "events of transitions show what the next event shows",
           of_each_session(_steps_told_late)),
    Sender(
        "end_told_twice", "WHK-008", "two events tell of one end",
        of_each_session(lambda found, desk: [*found, desk.renamed(found[-1], desk.kind(found[-1]))]),
    ),
    Sender("tried_a_little_early", "WHK-007", "each attempt comes a tenth early", _by_schedule(0.9)),
    Sender("tried_late", "WHK-007", "each attempt comes half a minute late", _by_schedule(more=30)),
    Sender("twice_after_success", "WHK-001", "what was taken comes again at once",
           lambda letters, desk: [*letters, desk.sealed(letters[-1], later=0.2)]),
)  # fmt: skip


def sent_by(sender: Sender, sent: list[Sent], desk: Desk) -> tuple[list[Sent], float]:
    """What a sender sends instead, in the order in which it comes, and until when is listened."""
    letters = sender.change([desk.opened(one) for one in sent], desk)
    found = sorted((letter.sent for letter in letters), key=lambda one: one.at)
    last = found[-1].at if found else 0.0
    return found, last + LISTENED_SECONDS
