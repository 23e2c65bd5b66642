"""Building blocks of rules about Idempotency-Key: what a repeated request is answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.history import History
from specimen.contracts.judge.rule import EXAMINED, Check, Examined, Finding
from specimen.contracts.redaction.values import Words
from specimen.specs.core.json_pointer import at

# Refusals that say nothing of the request: it did not get as far as the key's memory.
_BEFORE_THE_KEY = frozenset({401, 403, 408, 413, 415, 429})


def answers_again(key_seconds: int) -> Check:
    """The same key with the same body gives the original answer: the first success of the last `key_seconds`."""

    def check(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
        first = original(exchange, history, key_seconds)
        if first is None or not _same_body(first, exchange) or exchange.status in _BEFORE_THE_KEY or exchange.status >= 500:
            return
        yield EXAMINED
        if exchange.status != first.status:
            yield Finding("", f"{first.status}, as the first time", exchange.status)
        elif (pointer := _difference(first.response_json, exchange.response_json)) is not None:
            yield Finding(pointer, "the answer of the first request with this key", at(exchange.response_json, pointer))

    return check


def answers_exactly(key_seconds: int, header: str) -> Check:
    """A repeated answer of the same value has the bytes and a header of the first one too."""

    def check(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
        first = original(exchange, history, key_seconds)
        if first is None or not _same_body(first, exchange) or exchange.status != first.status:
            return
        if _difference(first.response_json, exchange.response_json) is not None:
            return
        yield EXAMINED
        if first.response_body != exchange.response_body:
            yield Finding("", "the same bytes as the first time", Words("other bytes of the same value"))
        elif first.response_headers.get(header) != exchange.response_headers.get(header):
            yield Finding("", f"the header {header} of the first answer", Words("another one"))

    return check


def has_other_body(exchange: Exchange, history: History, key_seconds: int) -> bool:
    """Whether a key stands for another JSON body already; nothing and an empty object may be taken for the same."""
    first = original(exchange, history, key_seconds)
    return first is not None and (first.request_json or {}) != (exchange.request_json or {})


def original(exchange: Exchange, history: History, key_seconds: int) -> Exchange | None:
    """The answer that a request's key stands for."""
    oldest = exchange.at - key_seconds * 1000
    return next((one for one in history.under_key(exchange) if one.is_success and one.at > oldest), None)


def _same_body(first: Exchange, second: Exchange) -> bool:
    types = {one.request_headers.get("content-type", "") for one in (first, second)}
    return first.request_body == second.request_body and len(types) == 1


def _difference(first: Any, second: Any) -> str | None:
    """Where two answers differ first; None where they do not."""
    if first == second:
        return None
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        return next((f"/{name}" for name in (*first, *second) if first.get(name) != second.get(name)), "")
    return ""
