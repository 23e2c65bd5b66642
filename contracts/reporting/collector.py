"""Judges exchanges, counts violations and coverage, and makes the report."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.http.no_response import SENTENCES
from specimen.contracts.judge.history import History
from specimen.contracts.judge.judge import examine
from specimen.contracts.judge.registry import rulebook
from specimen.contracts.judge.rule import Violation
from specimen.contracts.judge.validation.openapi_core_check import disagreements
from specimen.contracts.redaction.curl_command import OTHER_TOKEN, OWN, TOKEN, method_of, without_userinfo
from specimen.contracts.redaction.spec_terms import field_names, shape, strings, vocabulary
from specimen.contracts.redaction.values import Words, fingerprint
from specimen.contracts.reporting.coverage.counter import CoverageCounter
from specimen.contracts.reporting.model import Coverage, FindingKey, Found, Report, Sample
from specimen.contracts.reporting.order import order
from specimen.contracts.reporting.samples import Sampler
from specimen.specs import Provider

_MOST_ANSWER = 2000
# So many violations are known again before they are redacted; what differs in each exchange must not fill the memory.
_MOST_KNOWN = 10_000
# Shorter texts are in every sentence.
_LEAST = 4
_WORD_START, _WORD_END = re.compile(r"[\w-]+"), re.compile(r"[\w-]+\Z")
# What a redacted value is called (contracts/redaction/values.py), and rules call the parts of an exchange.
_OURS = frozenset(
    {
        "among",
        "answer",
        "body",
        "character",
        "characters",
        "content",
        "empty",
        "field",
        "fields",
        "header",
        "items",
        "list",
        "nearest",
    }
    | {
        "number",
        "object",
        "parameter",
        "path",
        "query",
        "request",
        "session",
        "status",
        "string",
        "them",
        "time",
        "times",
        "type",
    }
    | {"value", "values", "with"}
)
_MEDIA_TYPES = frozenset(
    {"application/json", "application/octet-stream", "application/problem+json", "application/xml", "text/html", "text/plain"}
)


class Collector:
    """Judges every exchange of a run; equal violations are one finding with a count and the first exchange.

    `token`, `other_token` and `sessions` (what the user gave) are never shown: commands have shell variables in their places.
    `second_opinion`: openapi-core validates too. `counts_coverage`: coverage is counted; a report needs it.
    """

    def __init__(
        self,
        provider: Provider,
        base_url: str = "",
        *,
        token: str | None = None,
        other_token: str | None = None,
        sessions: Iterable[str] = (),
        second_opinion: bool = False,
        counts_coverage: bool = True,
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
        self._second_opinion = second_opinion
        self._history = History()
        self._coverage = CoverageCounter(provider, self._history) if counts_coverage else None
        self._found: dict[FindingKey, Found] = {}
        # Keys of violations before they were redacted, and those of their findings.
        self._known: dict[FindingKey, FindingKey] = {}
        self._sampler = Sampler(provider, self.base_url, self._hidden, self._words)

    def judge(
        self, exchange: Exchange, *, only: frozenset[str] | None = None, without: frozenset[str] = frozenset()
    ) -> list[Violation]:
        """Judges an exchange by those before it, and counts it; call it for each one, in order.

        `only` names the rules that can be judged by what was seen; such an exchange says nothing of later ones. `without`
        names rules that cannot.
        """
        found, examined = examine(exchange, self._history if only is None else History())
        if self._second_opinion and only is None:
            found += disagreements(exchange)
        found = [one for one in found if (only is None or one.rule in only) and one.rule not in without]
        examined = (examined if only is None else examined & only) - without
        self.add(exchange, found, examined=examined, only=only, without=without)
        return found

    def add(
        self,
        exchange: Exchange,
        violations: Iterable[Violation] = (),
        *,
        examined: Collection[str] = (),
        only: frozenset[str] | None = None,
        without: frozenset[str] = frozenset(),
    ) -> None:
        """Counts an exchange that was judged elsewhere; `examined` are ids of rules, the others as those of `judge`."""
        if exchange.seen_by in OWN:
            self._sampler.memory.send(exchange)
        found = list(violations)
        texts: set[str] | None = None
        for violation in found:
            raw = FindingKey.of(violation)
            key = self._known.get(raw)
            if key is None:
                texts = _texts_of(exchange) if texts is None else texts
                shown = self._clean(violation, exchange, texts)
                key = FindingKey.of(shown)
                if exchange.operation is not None and len(self._known) < _MOST_KNOWN:
                    self._known[raw] = key
                if key not in self._found:
                    self._found[key] = Found(shown, 0, self._sample(exchange, violation))
            before = self._found[key]
            self._found[key] = replace(before, count=before.count + 1)
        if exchange.seen_by in OWN and only is None:
            self._sampler.memory.receive(exchange)
        if self._coverage is not None:
            self._coverage.add(exchange, [*examined, *(one.rule for one in found)], only=only, without=without)
        if only is None:
            self._history.add(exchange)

    def reach(self) -> Coverage:
        """Returns the coverage so far."""
        return Coverage() if self._coverage is None else self._coverage.result()

    @property
    def found(self) -> tuple[Found, ...]:
        """Returns the findings so far, the heaviest first."""
        return order(self._found.values())

    def report(
        self,
        *,
        profile: str | None,
        seed: int | None,
        fail_on: str,
        started_at: int,
        seconds: float,
        requests: int,
        require: Sequence[str] = (),
        unreachable: str | None = None,
        remarks: Sequence[str] = (),
        interrupted: bool = False,
        incomplete: Sequence[str] = (),
        command: str = "verify",
    ) -> Report:
        """Returns the report. `require` names operations and states that must have been seen; `started_at` is in milliseconds."""
        reach = self.reach()
        seen = {*reach.operations.seen, *reach.states.seen}
        required = tuple(dict.fromkeys(map(self._scrubbed, require)))
        return Report(
            provider=self.provider.name,
            base_url=self.base_url,
            profile=profile,
            seed=seed,
            fail_on=fail_on,
            started_at=started_at,
            seconds=seconds,
            requests=requests,
            found=self.found,
            reach=reach,
            missing=tuple(name for name in required if name not in seen),
            unreachable=self._unreachable(unreachable),
            rules=tuple(rulebook(self.provider).values()),
            required=required,
            remarks=tuple(dict.fromkeys(map(self._scrubbed, remarks))),
            interrupted=interrupted,
            incomplete=tuple(dict.fromkeys(map(self._scrubbed, incomplete))),
            command=command,
        )

    def _unreachable(self, text: str | None) -> str | None:
        return re.sub(r"//[^/@\s]*@", "//", self._scrubbed(text)) if text else text

    def _sample(self, exchange: Exchange, violation: Violation) -> Sample:
        path = exchange.operation.path if exchange.operation else "/…"
        command, after, needs = self._sampler.commands(exchange, violation)
        return Sample(
            method=method_of(exchange),
            url=self.base_url + path,
            status=exchange.status,
            curl=command,
            answer=self._answer(exchange),
            at=exchange.at,
            after=after,
            needs=needs,
        )

    def _answer(self, exchange: Exchange) -> str:
        if exchange.failure:
            return f"none: {SENTENCES[exchange.failure]}"
        body = exchange.response_json
        if body is None and exchange.response_body.strip() != b"null":
            kind = exchange.response_type if exchange.response_type in self._words | _MEDIA_TYPES else "another content type"
            return f"{len(exchange.response_body)} bytes, {kind}" if exchange.response_body else "no body"
        text = self._scrubbed(json.dumps(shape(body, self._words), ensure_ascii=False))
        return text if len(text) <= _MOST_ANSWER else f"{text[:_MOST_ANSWER]}…"

    def _clean(self, violation: Violation, exchange: Exchange, texts: set[str]) -> Violation:
        """Returns the violation without any text of the exchange, as a second redaction after the judge's."""
        got, ours = violation.got, _OURS | frozenset(_WORD_START.findall(violation.sentence))
        return replace(
            violation,
            operation=exchange.operation.id if exchange.operation else f"{method_of(exchange)} (no documented operation)",
            pointer=self._scrubbed(violation.pointer),
            expected=self._redacted(violation.expected, texts, ours),
            got=self._scrubbed(got) if got.startswith('"') else self._redacted(got, texts, ours),
        )

    def _redacted(self, text: str, texts: set[str], ours: frozenset[str]) -> str:
        """Words of a rule in which nothing stands that came; the words of the contract stay, whatever is a part of them."""
        if isinstance(text, Words):
            return self._scrubbed(text)
        for value in sorted(texts, key=len, reverse=True):
            for spelling in {value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}:
                if len(spelling) >= _LEAST and spelling in text and value not in self._words and value not in ours:
                    text = self._without(text, spelling, f"#{fingerprint(value)}", ours)
        return self._scrubbed(text)

    def _without(self, text: str, foreign: str, shown: str, ours: frozenset[str]) -> str:
        """The text with `shown` in place of what is foreign, but for parts of a word that is the contract's or ours."""
        pieces, start = [], 0
        while (found := text.find(foreign, start)) >= 0:
            end = found + len(foreign)
            before, after = _WORD_END.search(text, 0, found), _WORD_START.match(text, end)
            word = text[before.start() if before else found : after.end() if after else end]
            is_part = len(word) > len(foreign) and (word in self._words or word in ours)
            pieces += [text[start:found], foreign if is_part else shown]
            start = end
        return "".join([*pieces, text[start:]])

    def _scrubbed(self, text: str) -> str:
        """Removes the tokens and the sessions of the user from a text."""
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
