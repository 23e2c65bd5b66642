"""From violations and the exchanges that they were seen in to a report."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.http.no_response import TOLD
from specimen.contracts.judge.registry import rulebook
from specimen.contracts.judge.rule import Violation
from specimen.contracts.redaction.curl_command import OTHER_TOKEN, OWN, TOKEN, curl, method_of, without_userinfo
from specimen.contracts.redaction.spec_terms import field_names, shape, strings, vocabulary
from specimen.contracts.redaction.values import fingerprint
from specimen.contracts.reporting.coverage import CoverageCounter
from specimen.contracts.reporting.model import Coverage, Found, Report, Sample
from specimen.specs import Provider

_MOST_ANSWER = 2000
_MOST_RECEIVED = 100_000
# Shorter texts are in every sentence.
_LEAST = 4
_MEDIA_TYPES = frozenset(
    {"application/json", "application/octet-stream", "application/problem+json", "application/xml", "text/html", "text/plain"}
)


class Collector:
    """Takes every exchange of a run with what it breaks; equal violations are counted, the first exchange is kept.

    `token`, `other_token` and `sessions` (what the user gave) are never shown: commands have shell variables in their places.
    """

    def __init__(
        self,
        provider: Provider,
        base_url: str,
        *,
        token: str | None = None,
        other_token: str | None = None,
        sessions: Iterable[str] = (),
    ) -> None:
        self.provider = provider
        self.base_url = without_userinfo(base_url)
        self._words = vocabulary(provider)
        self._hidden: dict[str, str] = {}
        for index, session in enumerate(sessions, 1):
            self._hidden[session] = "SPECIMEN_SESSION" if index == 1 else f"SPECIMEN_SESSION_{index}"
        if other_token:
            self._hidden[other_token] = OTHER_TOKEN
        if token:
            self._hidden[token] = TOKEN
        self._reach = CoverageCounter(provider)
        self._found: dict[tuple[str, ...], Found] = {}
        self._sent: set[str] = set()
        self._received: set[str] = set()

    def add(self, exchange: Exchange, violations: Iterable[Violation] = ()) -> None:
        """Counts an exchange. Call it for each one, in order, also for those that break nothing."""
        if exchange.seen_by in OWN:
            self._sent.update(text for text in strings(exchange.request_json) if text not in self._received)
        found = list(violations)
        if found:
            sample = self._sample(exchange)
            for violation in found:
                shown = self._clean(violation, exchange)
                key = (shown.rule, shown.severity, shown.operation, re.sub(r"/\d+", "/*", shown.pointer), shown.expected)
                before = self._found.get(key)
                self._found[key] = replace(before, count=before.count + 1) if before else Found(shown, 1, sample)
        if exchange.seen_by in OWN and len(self._received) < _MOST_RECEIVED:
            came = (text for text in strings(exchange.response_json) if len(text) >= _LEAST and text not in self._words)
            self._received.update(text for text in came if text not in self._sent)
        self._reach.add(exchange)

    def reach(self) -> Coverage:
        """What was reached so far."""
        return self._reach.result()

    def report(
        self,
        *,
        profile: str,
        seed: int,
        strict: bool,
        started_at: int,
        seconds: float,
        requests: int,
        require: Sequence[str] = (),
        unreachable: str | None = None,
        remarks: Sequence[str] = (),
        interrupted: bool = False,
    ) -> Report:
        """The report. `require` names operations and states that must have been seen; `started_at` is in milliseconds."""
        reach = self._reach.result()
        seen = {*reach.operations.seen, *reach.states.seen}
        required = tuple(dict.fromkeys(map(self._scrubbed, require)))
        return Report(
            provider=self.provider.name,
            base_url=self.base_url,
            profile=profile,
            seed=seed,
            strict=strict,
            started_at=started_at,
            seconds=seconds,
            requests=requests,
            found=tuple(sorted(self._found.values(), key=lambda entry: entry.violation)),
            reach=reach,
            missing=tuple(name for name in required if name not in seen),
            unreachable=self._unreachable(unreachable),
            rules=tuple(rulebook(self.provider).values()),
            required=required,
            remarks=tuple(dict.fromkeys(map(self._scrubbed, remarks))),
            interrupted=interrupted,
        )

    def _unreachable(self, text: str | None) -> str | None:
        return re.sub(r"//[^/@\s]*@", "//", self._scrubbed(text)) if text else text

    def _sample(self, exchange: Exchange) -> Sample:
        path = exchange.operation.path if exchange.operation else "/…"
        return Sample(
            method=method_of(exchange),
            url=self.base_url + path,
            status=exchange.status,
            curl=curl(exchange, self.base_url, self._hidden, self._received),
            answer=self._answer(exchange),
            at=exchange.at,
        )

    def _answer(self, exchange: Exchange) -> str:
        if exchange.failure:
            return f"none: {TOLD[exchange.failure]}"
        body = exchange.response_json
        if body is None and exchange.response_body.strip() != b"null":
            kind = exchange.response_type if exchange.response_type in self._words | _MEDIA_TYPES else "another content type"
            return f"{len(exchange.response_body)} bytes, {kind}" if exchange.response_body else "no body"
        text = self._scrubbed(json.dumps(shape(body, self._words), ensure_ascii=False))
        return text if len(text) <= _MOST_ANSWER else f"{text[:_MOST_ANSWER]}…"

    def _clean(self, violation: Violation, exchange: Exchange) -> Violation:
        """The violation once more without any text of the exchange; the judge's redaction is the first line, this the last."""
        got = violation.got
        return replace(
            violation,
            operation=exchange.operation.id if exchange.operation else f"{method_of(exchange)} (no documented operation)",
            pointer=self._scrubbed(violation.pointer),
            expected=self._told(violation.expected, exchange),
            got=self._scrubbed(got) if got.startswith('"') else self._told(got, exchange),
        )

    def _told(self, text: str, exchange: Exchange) -> str:
        """Words of a rule in which nothing stands that came: some schema keywords quote it."""
        for value in sorted(_texts_of(exchange), key=len, reverse=True):
            for spelling in {value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}:
                if len(spelling) >= _LEAST and spelling in text and value not in self._words:
                    text = text.replace(spelling, f"#{fingerprint(value)}")
        return self._scrubbed(text)

    def _scrubbed(self, text: str) -> str:
        """A text without what the user gave: the tokens and the sessions."""
        for secret in self._hidden:
            for spelling in {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}:
                text = text.replace(spelling, f"#{fingerprint(secret)}") if len(secret) >= _LEAST else text
        return text


def _texts_of(exchange: Exchange) -> set[str]:
    values: list[Any] = [exchange.request_json, exchange.response_json]
    return {
        *(text for value in values for text in strings(value)),
        *(name for value in values for name in field_names(value)),
        *(
            body.decode("utf-8", "replace")
            for body in (exchange.request_body, exchange.response_body)
            if len(body) < _MOST_ANSWER
        ),
        *([exchange.method] if method_of(exchange) == "OTHER" else []),
        *unquote(exchange.path).split("/")[1:] * (exchange.operation is None),
        *exchange.parameters.values(),
        *(text for pair in exchange.queries.items() for text in pair),
        *exchange.request_headers.values(),
        *exchange.response_headers.values(),
    }
