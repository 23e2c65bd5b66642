"""Senders of webhooks: each broken one breaks a rule of deliveries, each conforming one comes close to breaking it.

A sender is a change of what a genuine one has sent; the score runs them too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from specimen.contracts.webhooks.rules.rule_set import Sent
from tests.contracts.webhooks.desk import Desk
from tests.contracts.webhooks.sender_changes import (
    TAKEN,
    Change,
    backwards,
    by_another_key,
    by_schedule,
    creation_told_late,
    each,
    first_step_again,
    not_encrypted,
    of_an_end_that_was_not,
    of_another_status,
    of_each_session,
    retried,
    signed_before_encryption,
    steps_told_late,
    unsigned,
    with_headers,
    with_one_id,
    without_a_field,
    without_ends,
    without_steps,
    without_the_last_step,
)

LISTENED_SECONDS = 3_600.0  # after the last delivery


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


WITH_STATUS, SIGNED, WITH_HEADERS = ("kyve", "idnow"), ("kyve", "kayle"), ("kyve", "kayle")
STEPS = ("kyve",)  # the vendor that tells of every transition
BROKEN = (
    Sender("unsigned_deliveries", "WHK-001", "deliveries are not signed", each(unsigned), also=("WHK-006",)),
    Sender("deliveries_by_another_key", "WHK-001", "another secret or key signs", each(by_another_key), also=("WHK-006",)),
    Sender(
        "stale_deliveries", "WHK-001", "the signature is of an hour ago",
        each(lambda letter, desk: desk.sealed(letter, sent_at=letter.sent.at - 3600)), also=("WHK-006",),
    ),
    Sender(
        "body_changed_after_signing", "WHK-001", "a proxy adds a line end to the body",
        each(lambda letter, _: replace(letter, sent=replace(letter.sent, body=letter.sent.body + b"\n"))), SIGNED, ("WHK-006",),
    ),
    Sender(
        "signed_before_encryption", "WHK-001", "the cleartext is signed and not the body", each(signed_before_encryption),
        ("kayle",), ("WHK-006",),
    ),
    Sender("cleartext_deliveries", "WHK-001", "the body is not encrypted", each(not_encrypted), ("kayle",), ("WHK-006",)),
    Sender("event_without_a_field", "WHK-002", "a required field of events is absent", each(without_a_field)),
    Sender(
        "event_of_unknown_type", "WHK-002", "an event more, of a type that no page names",
        of_each_session(lambda found, desk: [*found, desk.renamed(found[-1], "specimen.unknown")]),
    ),
    Sender("header_of_another_event", "WHK-003", "a header names another event", with_headers(lambda _: "other"), WITH_HEADERS),
    Sender("deliveries_without_a_header", "WHK-003", "a documented header is absent", with_headers(lambda _: None), WITH_HEADERS),
    Sender(
        "event_of_another_status", "WHK-004", "an event shows a status that is not its own", each(of_another_status),
        WITH_STATUS, ("WHK-005", "WHK-006"),
    ),
    Sender(
        "events_backwards", "WHK-005", "the events of a session come from its end", of_each_session(backwards),
        WITH_STATUS,
    ),
    Sender("good_ends_untold", "WHK-006", "no event tells of a good end", without_ends),
    Sender("transition_untold", "WHK-006", "no event tells of the last transition", of_each_session(without_the_last_step),
           STEPS),
    Sender("transitions_untold", "WHK-006", "no event tells of transitions", of_each_session(without_steps), STEPS),
    Sender("transition_told_as_before", "WHK-006", "the event of a transition shows the session before it",
           of_each_session(first_step_again), STEPS, ("WHK-005",)),
    Sender("one_id_for_all_events", "WHK-006", "all events of a session have one id", of_each_session(with_one_id), WITH_STATUS,
           ("WHK-003", "WHK-007")),
    Sender("tried_again_at_once", "WHK-007", "a refused delivery comes again at once", retried(0.1)),
    Sender("never_tried_again", "WHK-007", "a refused delivery never comes again", retried()),
    Sender("tried_for_ever", "WHK-007", "it is tried more often than documented", by_schedule(beyond=2)),
    Sender(
        "told_of_what_was_not", "WHK-008", "an event tells of an end that was not", of_an_end_that_was_not,
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
    Sender("creation_told_late", "WHK-004", "the event of the creation shows the next status", each(creation_told_late),
           WITH_STATUS),
    Sender("transitions_told_late", "WHK-005", "events of transitions show what the next event shows",
           of_each_session(steps_told_late)),
    Sender(
        "end_told_twice", "WHK-008", "two events tell of one end",
        of_each_session(lambda found, desk: [*found, desk.renamed(found[-1], desk.kind(found[-1]))]),
    ),
    Sender("tried_a_little_early", "WHK-007", "each attempt comes a tenth early", by_schedule(0.9)),
    Sender("tried_late", "WHK-007", "each attempt comes half a minute late", by_schedule(more=30)),
    Sender("twice_after_success", "WHK-001", "what was taken comes again at once",
           lambda letters, desk: [*letters, desk.sealed(letters[-1], later=0.2)]),
)  # fmt: skip


def sent_by(sender: Sender, sent: list[Sent], desk: Desk) -> tuple[list[Sent], float]:
    """What a sender sends instead, in the order in which it comes, and until when is listened."""
    letters = sender.change([desk.opened(one) for one in sent], desk)
    found = sorted((letter.sent for letter in letters), key=lambda one: one.at)
    last = found[-1].at if found else 0.0
    return found, last + LISTENED_SECONDS
