"""Questions about the request log, as functions of its entries; an answer of no says which requests come nearest."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain, pairwise
from types import MappingProxyType
from typing import Any, NamedTuple

from specimen.fixtures.primitives.times import parse
from specimen.mockserver.sessions.request_log.filters import Entry, Filter

_MOST_SHOWN = 5


class End(NamedTuple):
    """Where an operation's answers show the status (a JSON pointer), and the statuses that end a session."""

    pointer: str
    states: Collection[str]


class Answer(NamedTuple):
    """Whether what was asked is so; `message` says why it is not, `asked` how many entries were asked about."""

    passed: bool
    message: str
    asked: int


def called(
    entries: Sequence[Entry],
    wanted: Filter,
    *,
    times: int | None = None,
    at_least: int | None = None,
    at_most: int | None = None,
    header: str | None = None,
) -> Answer:
    """Whether there were so many such requests (by default one at least), and each had a header."""
    found = wanted.of(entries)
    count = len(found)
    least = times if times is not None else at_least if at_least is not None else 0 if at_most is not None else 1
    most = times if times is not None else at_most
    if count < least or (most is not None and count > most):
        expected = f"exactly {times}" if times is not None else f"at least {least}" if count < least else f"at most {most}"
        shown = _nearest(entries, wanted) if count < least else _listed("They were", found)
        return Answer(False, f"Expected {expected} of: {wanted}. Got {count}.{shown}", count)
    if header is not None:
        without = [entry for entry in found if header.lower() not in entry["request"]["headers"]]
        if without:
            what = f"Expected header {header} on all {count} of: {wanted}. {len(without)} came without it."
            return Answer(False, what + _listed("They were", without), count)
    return Answer(True, f"{count} of: {wanted}.", count)


def not_called(entries: Sequence[Entry], wanted: Filter) -> Answer:
    """Whether there was no such request."""
    found = wanted.of(entries)
    if found:
        return Answer(False, f"Expected none of: {wanted}. Got {len(found)}.{_listed('They were', found)}", len(found))
    return Answer(True, f"None of: {wanted}.", 0)


def polled(
    entries: Sequence[Entry],
    wanted: Filter,
    *,
    max_per_second: float | None = None,
    at_least: int = 1,
    header: str | None = None,
    reads: Mapping[tuple[str, str], End] = MappingProxyType({}),
    never_after_end: bool = False,
) -> Answer:
    """Whether such requests came often enough, never too fast, always with a header, and never after the end.

    Two requests about one session are `1 / max_per_second` apart at least, by the mock's clock or by the machine's. `reads` are
    by provider and operation the reads of a session, which are meant where no operation is named, with the answers that are its
    end; with `never_after_end` nothing may be asked of a session after one.
    """
    if wanted.operation is None and reads:
        entries = [entry for entry in entries if (entry["provider"], entry["operation"]) in reads]
    answer = called(entries, wanted, at_least=at_least, header=header)
    if not answer.passed:
        return answer
    found = wanted.of(entries)
    if max_per_second is not None:
        least = 1000 / max_per_second
        for before, after in _next_to_each_other(found, wanted.session):
            apart = max(parse(after[name]) - parse(before[name]) for name in ("at", "real_at"))
            if apart < least - 1:
                what = f"Expected at most {max_per_second:g} a second of: {wanted}. Two came {apart} ms apart."
                return Answer(False, what + _listed("They were", [before, after]), len(found))
    ended: dict[str | None, object] = {}
    late = []
    for entry in found:
        if entry["session"] in ended:
            late.append(entry)
        elif never_after_end and (state := _end_state(entry, reads)) is not None:
            ended[entry["session"]] = state
    if late:
        what = f"Expected none of: {wanted} after the end. {len(late)} came after '{ended[late[0]['session']]}'."
        return Answer(False, what + _listed("They were", late), len(found))
    return Answer(True, f"{len(found)} of: {wanted}.", len(found))


def _next_to_each_other(entries: Sequence[Entry], session: str | None) -> Iterator[tuple[Entry, Entry]]:
    """Each two entries that follow each other among those about one session: `session`, or each its own."""
    groups: dict[Any, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(session or (entry["provider"], entry["session"]), []).append(entry)
    return chain.from_iterable(pairwise(group) for group in groups.values())


def as_far_as_known(answer: Answer, *, is_on: bool, has_dropped: bool, is_about_all: bool) -> Answer:
    """The answer of a log that may not have all requests: no to what it cannot know.

    `is_on` says whether it keeps any, `has_dropped` whether older ones are gone, `is_about_all` whether one of these could have
    made a yes a no.
    """
    if not is_on:
        return Answer(False, "The server keeps no request log (--most-log-entries 0): it cannot know what was asked.", 0)
    if not has_dropped or (answer.passed and not is_about_all):
        return answer
    gone = "Older requests were dropped from the log (--most-log-entries)"
    if not answer.passed:
        return Answer(False, f"{answer.message}\n{gone}.", answer.asked)
    return Answer(False, f"{gone}: it cannot know of all whether this holds. {answer.message}", answer.asked)


def _end_state(entry: Entry, reads: Mapping[tuple[str, str], End]) -> object:
    """The state that ended the session, where the entry's answer shows one."""
    end = reads.get((entry["provider"], entry["operation"]))
    if end is None or not end.pointer or entry["status"] >= 300:
        return None
    node = entry["response"]["body"]
    for part in end.pointer.split("/")[1:]:
        node = node.get(part) if isinstance(node, dict) else None
    return node if node in end.states else None


def line(entry: Entry) -> str:
    """An entry in one line."""
    query = f"?{entry['query']}" if entry["query"] else ""
    more = "".join(
        f", {name} {value}"
        for name, value in (("fault", entry["fault"]), ("problem", (entry["problem"] or {}).get("kind")))
        if value
    )
    operation = entry["operation"] or ("no provider" if entry["provider"] is None else "no operation")
    return f"#{entry['number']} {entry['at']} {entry['method']} {entry['path']}{query} -> {entry['status']} ({operation}{more})"


def _listed(what: str, entries: Sequence[Entry]) -> str:
    shown = "".join(f"\n  {line(entry)}" for entry in entries[:_MOST_SHOWN])
    more = f"\n  and {len(entries) - _MOST_SHOWN} more" if len(entries) > _MOST_SHOWN else ""
    return f" {what}:{shown}{more}"


def _nearest(entries: Sequence[Entry], wanted: Filter) -> str:
    """The entries that miss what was asked for by the least, each with what is another."""
    if not entries:
        return " There was no request at all."
    ranked = sorted(((wanted.misses(entry), entry) for entry in entries), key=lambda pair: len(pair[0]))
    near = [(misses, entry) for misses, entry in ranked if misses][:_MOST_SHOWN]
    if not near:
        return _listed("They were", entries)
    return " Nearest:" + "".join(f"\n  {line(entry)}: another {', '.join(misses)}" for misses, entry in near)
