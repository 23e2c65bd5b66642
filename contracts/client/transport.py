"""Sends all requests, and decides what may be sent to a production host."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from enum import Enum
from typing import Any, Final

import httpx

from specimen import specs
from specimen.contracts.client.client_errors import BudgetSpent, Burst, Forbidden, NoAnswer, Planned, Unreachable
from specimen.contracts.client.http_connection import HttpConnection
from specimen.contracts.http.base_url import BaseUrl, is_loopback
from specimen.contracts.http.credentials import secret_headers
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.http.guesses import WRONG_CREDENTIALS
from specimen.contracts.http.no_response import ARE_SILENT, CLOSED, SENTENCES, TIMEOUT
from specimen.contracts.judge.request_validation import request_errors
from specimen.specs import Operation, Provider
from specimen.specs.loading.serialization import is_in_query

__all__ = ["MISSING", "BudgetSpent", "Burst", "Forbidden", "NoAnswer", "Planned", "Transport", "Unreachable", "is_loopback"]

PRODUCTION_BUDGET = 200
PRODUCTION_RATE = 1.0
# So many answers of 429 or 5xx in a row are a burst, after which nothing more is sent.
BURST = 3
MOST_RETRY_AFTER_SECONDS = 120.0
# A host of the user's own that drops connections is asked for the rest, up to so many failures in a row.
MOST_DROPPED = 25


class _Missing(Enum):
    MISSING = "missing"


MISSING: Final = _Missing.MISSING


class Transport:
    """Sends documented requests to a base URL and returns exchanges.

    A host that is neither loopback nor named in `allow_writes` is a production host. It gets only documented safe operations
    with ids that the user gave (`sessions`), and those without an id that the user named (`named`), valid in every parameter,
    with the given credentials and without `Prefer`; one a second, no more than `budget`, none before the time of a
    `Retry-After`, and none after a burst of 429 or 5xx. No redirect is followed.

    `headers` hold the credentials, `other_headers` a second credential, which `credentials="other"` sends instead; a
    production host gets only the same reads with it. `seen` gets every exchange; with `dry_run` nothing is sent and
    `planned` is filled.
    """

    def __init__(
        self,
        base_url: str,
        provider: Provider | str,
        *,
        headers: Mapping[str, str] | None = None,
        other_headers: Mapping[str, str] | None = None,
        allow_writes: frozenset[str] = frozenset(),
        sessions: Sequence[str] = (),
        named: Sequence[str] = (),
        seen_by: str = "walk",
        budget: int | None = None,
        rate_per_second: float | None = None,
        dry_run: bool = False,
        transport: httpx.BaseTransport | None = None,
        timeout_seconds: float = 10.0,
        seen: Callable[[Exchange], None] | None = None,
        loopback: Callable[[str], bool] = is_loopback,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.provider = specs.load(provider) if isinstance(provider, str) else provider
        base = BaseUrl.parse(base_url)
        self.base_url = str(base)
        self.host = base.host
        self.is_production = not loopback(self.host) and not any(base.is_at(place) for place in allow_writes)
        self.headers = {name.lower(): value for name, value in (headers or {}).items()}
        self.other_headers = {name.lower(): value for name, value in (other_headers or {}).items()}
        self.sessions = frozenset(sessions)
        self.named = frozenset(named)
        self.seen_by = seen_by
        self.dry_run = dry_run
        self.planned: list[Planned] = []
        self.sent = 0
        self._budget = PRODUCTION_BUDGET if budget is None and self.is_production else budget
        self._rate = PRODUCTION_RATE if rate_per_second is None and self.is_production else rate_per_second
        self._obeys_retry_after = not loopback(self.host)
        self._not_before = 0.0
        self._bad_in_a_row = 0
        self._failures_in_a_row = 0
        self._has_answered = False
        self._seen = seen
        self._sleep = sleep
        # A proxy of the environment is for other machines; nothing else is read from there.
        self._connection = HttpConnection(
            base, timeout_seconds=timeout_seconds, trust_env=not loopback(self.host), transport=transport
        )

    def close(self) -> None:
        """Closes the connections."""
        self._connection.close()

    def is_up(self) -> bool:
        """Whether the host accepts connections."""
        return self._connection.is_up()

    def admit(self, session: str) -> None:
        """Adds an id to those that the user gave: the user's command printed it."""
        self.sessions |= {session}

    def send(
        self,
        operation: Operation,
        request: Exchange,
        *,
        credentials: str = "good",
        intent: Mapping[str, Any] | None = None,
        prefer: str | None = None,
        method: str | None = None,
    ) -> Exchange:
        """Sends an encoded request for an operation with the credentials, and returns the exchange.

        `credentials`: good, other, none, or one of `wrong_credentials`, each of which is `unknown` in the exchange's intent;
        `method` replaces the documented one.

        Raises:
            Forbidden: it may not be sent to a production host.
            Unreachable: no service answers at the base URL.
            NoAnswer: this request got no answer that can be judged; `seen` gets its exchange.
            BudgetSpent, Burst: nothing more is sent.
        """
        sent_headers = {"accept": "*/*", **self._credentials(credentials), **request.request_headers}
        if prefer is not None:
            sent_headers["prefer"] = prefer
        meaning = dict(intent or {})
        if credentials != "good":
            meaning["credentials"] = "unknown" if credentials in WRONG_CREDENTIALS else credentials
        wanted = replace(
            request, method=method or request.method, request_headers=sent_headers, at=time.time_ns() // 1_000_000,
            seen_by=self.seen_by, intent=meaning,
        )  # fmt: skip
        if self.is_production:
            self._guard(operation, wanted)
        if self._budget is not None and self.sent >= self._budget:
            raise BudgetSpent(f"{self.sent} requests were sent, which is the budget.")
        if self.dry_run:
            return self._plan(operation, wanted)
        self._wait()
        self.sent += 1
        is_safe = operation.is_safe and wanted.method == operation.method.upper()
        exchange = self._connection.send(wanted, is_safe=is_safe, is_stream=operation.can_stream)
        # We close a stream without an event yet; its service did not fail.
        if self._seen is not None and not (exchange.failure == TIMEOUT and operation.can_stream):
            self._seen(exchange)
        self._check_failure(exchange)
        self._obey_limits(exchange)
        return exchange

    @property
    def wrong_credentials(self) -> tuple[str, ...]:
        """The wrong forms of the good credentials that can be sent, as `credentials` names them: those that they have."""
        secret = secret_headers(self.provider)
        good = [value for name, value in self.headers.items() if name in secret]
        return tuple(kind for kind, guess in WRONG_CREDENTIALS.items() if good and None not in map(guess, good))

    def _credentials(self, kind: str) -> dict[str, str]:
        secret = secret_headers(self.provider)
        if kind == "good":
            return dict(self.headers)
        rest = {name: value for name, value in self.headers.items() if name not in secret}
        if kind == "other":
            rest.update(self.other_headers)
        guess = WRONG_CREDENTIALS.get(kind)
        if guess is not None:
            guessed = {name: guess(value) for name, value in self.headers.items() if name in secret}
            rest.update({name: value for name, value in guessed.items() if value is not None})
        return rest

    def _guard(self, operation: Operation, wanted: Exchange) -> None:
        """Raises `Forbidden` for a request that may not be sent to a production host."""
        where = f"{wanted.method} {operation.path} at {self.host}"
        if not operation.is_safe or wanted.method != operation.method.upper():
            raise Forbidden(f"{where}: not a documented read. Name the host with --allow-writes if it is yours.")
        is_other = bool(self.other_headers) and wanted.intent.get("credentials") == "other"
        if (
            set(wanted.intent) - {"valid", *(["credentials"] if is_other else [])}
            or "prefer" in wanted.request_headers
            or _is_odd(operation, wanted)
        ):
            raise Forbidden(f"{where}: no negative tests against a production host.")
        documented = {parameter.name.lower() for parameter in operation.parameters if parameter.location == "header"}
        if set(wanted.request_headers) - documented - set(self.headers) - set(self.other_headers) - {"accept", "content-type"}:
            raise Forbidden(f"{where}: a header that is not documented.")
        if not all(any(is_in_query(entry, name) for entry in operation.parameters) for name in wanted.queries):
            raise Forbidden(f"{where}: a query parameter that is not documented.")
        if wanted.operation is None or wanted.operation.id != operation.id:
            raise Forbidden(f"{where}: its path is another operation's.")
        known = self.sessions | _fixed(self.provider, operation)
        for name, value in wanted.parameters.items():
            if value not in known:
                raise Forbidden(f"{where}: '{name}' is no id that was given with --session.")
        fields = wanted.request_json if wanted.request_body else {}
        if not isinstance(fields, Mapping) or set(map(repr, fields.values())) - set(map(repr, self.sessions)):
            raise Forbidden(f"{where}: a body with more than ids that were given with --session.")
        asked = {*wanted.parameters.values(), *fields.values()}
        if not asked & self.sessions and operation.id not in self.named:
            raise Forbidden(f"{where}: shows sessions that were not given. --require {operation.id} asks for it.")
        if request_errors(wanted):
            raise Forbidden(f"{where}: a request that breaks the document.")

    def _plan(self, operation: Operation, wanted: Exchange) -> Exchange:
        """Returns an exchange with the document's example as its answer."""
        self.sent += 1
        note = ", ".join(sorted(name if value is True else f"{name}={value}" for name, value in wanted.intent.items()))
        query = f"?{wanted.query}" if wanted.query else ""
        self.planned.append(Planned(wanted.method, operation.path + query, note))
        status, media = next(((int(s), r.media) for s, r in operation.responses.items() if s.startswith("2")), (200, ()))
        example = next((value for entry in media for value in entry.examples.values()), None)
        values = {**vars(wanted), "status": status, "response_headers": {"content-type": "application/json"}}
        known = {name: values[name] for name in Exchange.__dataclass_fields__}
        return Exchange(**{**known, "response_body": json.dumps(example).encode()})

    def _check_failure(self, exchange: Exchange) -> None:
        """Raises `NoAnswer` for one request without an answer, `Unreachable` after several in a row."""
        if exchange.failure not in ARE_SILENT:
            self._failures_in_a_row, self._has_answered = 0, True
        if not exchange.failure:
            return
        what = f"{exchange.label} at {self.host}: {SENTENCES[exchange.failure]}"
        if exchange.failure in ARE_SILENT:
            self._failures_in_a_row += 1
            is_patient = self._has_answered and exchange.failure == CLOSED and not self.is_production
            if self._failures_in_a_row >= (MOST_DROPPED if is_patient else BURST):
                raise Unreachable(f"{what}, {self._failures_in_a_row} times in a row. Is the service running, and the URL right?")
        raise NoAnswer(f"{what}.")

    def _wait(self) -> None:
        pause = self._not_before - time.monotonic()
        if pause > 0:
            self._sleep(pause)
        if self._rate:
            self._not_before = time.monotonic() + 1 / self._rate

    def _obey_limits(self, exchange: Exchange) -> None:
        """Obeys `Retry-After` and stops at a burst, except on this machine."""
        if not self._obeys_retry_after:
            return
        is_bad = exchange.status == 429 or exchange.status >= 500
        self._bad_in_a_row = self._bad_in_a_row + 1 if is_bad else 0
        asked = exchange.response_headers.get("retry-after", "")
        if is_bad and asked.isdigit():
            if float(asked) > MOST_RETRY_AFTER_SECONDS:
                raise Burst(f"{self.host} asks to wait {asked} s. Nothing more was sent.")
            self._not_before = max(self._not_before, time.monotonic() + float(asked))
        if self.is_production and self._bad_in_a_row >= BURST:
            raise Burst(f"{self.host} answered {exchange.status} {BURST} times in a row. Nothing more was sent.")


def _fixed(provider: Provider, operation: Operation) -> frozenset[str]:
    """Returns the values that lifecycle.yaml and the document's enumerations allow in an operation's path."""
    found = {value for read in provider.lifecycle.reads if read.operation == operation.id for value in read.request.path.values()}
    for parameter in operation.parameters:
        if parameter.location == "path":
            found.update(value for value in parameter.schema.get("enum", ()) if isinstance(value, str))
    return frozenset(value for value in found if not value.startswith("{"))


def _is_odd(operation: Operation, wanted: Exchange) -> bool:
    """Whether a body is undocumented or not our own JSON, such as one with a duplicate name."""
    body = wanted.request_body
    if not body:
        return False
    content_type = wanted.request_headers.get("content-type", "")
    return operation.body(content_type) is None or body != json.dumps(wanted.request_json).encode()
