"""Building blocks of rules about lists: what was asked for, how many, in which order, and how pages follow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.checks.fields import epoch_seconds
from specimen.contracts.judge.checks.precision import instant, interval
from specimen.contracts.judge.history import History
from specimen.contracts.judge.rule import EXAMINED, Check, Examined, Finding
from specimen.specs.core.json_pointer import at


def rows(exchange: Exchange, operation: str, pointer: str = "/data") -> list[Any]:
    """What a successful answer of a list operation lists; empty for any other exchange."""
    if not _is_listed(exchange, operation):
        return []
    found = at(exchange.response_json, pointer)
    return found if isinstance(found, list) else []


def _is_listed(exchange: Exchange, operation: str) -> bool:
    return exchange.operation is not None and exchange.operation.id == operation and exchange.is_success


def at_most(operation: str, parameter: str = "limit", pointer: str = "/data") -> Check:
    """A page holds no more than was asked for."""

    def check(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
        found, asked = rows(exchange, operation, pointer), exchange.queries.get(parameter, "")
        if not (asked.isascii() and asked.isdigit() and int(asked[:9]) > 0 and _is_listed(exchange, operation)):
            return
        yield EXAMINED
        if int(asked[:9]) < len(found):
            yield Finding(pointer, f"at most {int(asked[:9])} entries", found)

    return check


def only(operation: str, parameter: str, field: str, pointer: str = "/data") -> Check:
    """Every entry has the value that the query's parameter asked for."""

    def check(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
        asked = exchange.queries.get(parameter)
        for index, row in enumerate(rows(exchange, operation, pointer) if asked is not None else ()):
            yield EXAMINED
            if at(row, f"/{field}") != asked:
                yield Finding(f"{pointer}/{index}/{field}", f"what {parameter} asked for", at(row, f"/{field}"))

    return check


def within(operation: str, field: str, *, earliest: str, latest: str, pointer: str = "/data") -> Check:
    """Every entry's time lies between those that the query's parameters ask for, as far as the time shown can tell."""

    def check(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
        low, high = instant(exchange.queries.get(earliest)), instant(exchange.queries.get(latest))
        for index, row in enumerate(rows(exchange, operation, pointer) if (low, high) != (None, None) else ()):
            shown = interval(at(row, f"/{field}"))
            if shown is None:
                continue
            yield EXAMINED
            if (low is not None and shown[1] <= low) or (high is not None and shown[0] >= high):
                yield Finding(f"{pointer}/{index}/{field}", f"a time between {earliest} and {latest}", at(row, f"/{field}"))

    return check


def ascending(operation: str, field: str, pointer: str = "/data") -> Check:
    """Entries are in the order of a field: of times in that of the moments, of texts in that of any collation."""

    def check(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
        found = [at(row, f"/{field}") for row in rows(exchange, operation, pointer)]
        texts = [value for value in found if isinstance(value, str)]
        moments = [found_at for value in texts if (found_at := epoch_seconds(value)) is not None]
        # One moment can be spelled in many ways; databases order texts by code point, or with capitals beside small letters.
        are_moments = bool(texts) and len(moments) == len(texts)
        by_text = (texts == sorted(texts), texts == sorted(texts, key=str.casefold))
        if len(texts) != len(found) or len(found) < 2:
            return
        yield EXAMINED
        if not (moments == sorted(moments) if are_moments else any(by_text)):
            rests_on = tuple(f"{pointer}/{index}/{field}" for index in range(len(found)))
            yield Finding(pointer, f"the order of {field}", found, rests_on=rests_on)

    return check


def once(operation: str, field: str = "id", pointer: str = "/data") -> Check:
    """No two entries have the same value of a field."""

    def check(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
        seen: list[Any] = []
        for index, row in enumerate(rows(exchange, operation, pointer)):
            shown = at(row, f"/{field}")
            if shown is not None:
                yield EXAMINED
            if shown is not None and shown in seen:
                yield Finding(f"{pointer}/{index}/{field}", "an entry that was not listed before it", shown)
            seen.append(shown)

    return check


def follows_cursor(operation: str, parameter: str = "starting_after", field: str = "id", pointer: str = "/data") -> Check:
    """No page shows what the page before it showed: neither the cursor's entry nor another of the page that gave the cursor."""

    def check(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
        cursor = exchange.queries.get(parameter)
        if cursor is None:
            return
        before = {cursor}
        for earlier in history.calls(operation):
            shown = [at(row, f"/{field}") for row in rows(earlier, operation, pointer)]
            if shown and shown[-1] == cursor:
                before.update(one for one in shown if isinstance(one, str))
        for index, row in enumerate(rows(exchange, operation, pointer)):
            yield EXAMINED
            if any(at(row, f"/{field}") == one for one in before):
                yield Finding(f"{pointer}/{index}/{field}", "an entry that no page before this one showed", at(row, f"/{field}"))

    return check


def has_cursor(operation: str, *, more: str, cursor: str, field: str = "id", pointer: str = "/data") -> Check:
    """The next cursor is the last entry's id where there are more, and null where there are not."""

    def check(exchange: Exchange, _: History) -> Iterable[Finding | Examined]:
        if not _is_listed(exchange, operation):
            return
        found = rows(exchange, operation, pointer)
        has_more, shown = at(exchange.response_json, more), at(exchange.response_json, cursor)
        if has_more is False or (has_more is True and found):
            yield EXAMINED
        if has_more is True and found and shown != at(found[-1], f"/{field}"):
            yield Finding(cursor, f"the {field} of the last entry", shown)
        elif has_more is False and shown is not None:
            yield Finding(cursor, "null, for there are no more", shown)

    return check
