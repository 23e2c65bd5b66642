"""Sends all requests, and decides what may be sent to a production host."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import httpx

from specimen import specs
from specimen.contracts.client.client_errors import BudgetSpent, Burst, Forbidden, NoAnswer, Planned, Unreachable
from specimen.contracts.client.clock import now
from specimen.contracts.client.http_connection import HttpConnection
from specimen.contracts.client.network import Tls, environment_proxy
from specimen.contracts.client.rate_limits import BURST, RateLimits
from specimen.contracts.http.base_url import BaseUrl
from specimen.contracts.http.credentials import secret_headers
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.http.no_response import ARE_SILENT, CLOSED, SENTENCES, TIMEOUT
from specimen.contracts.http.unknown_values import WRONG_CREDENTIALS
from specimen.contracts.judge.validation.request_validation import request_errors
from specimen.specs import Operation, Provider
from specimen.specs.core.hosts import is_loopback
from specimen.specs.loading.serialization import is_in_query

__all__ = ["BudgetSpent", "Burst", "Forbidden", "NoAnswer", "Planned", "Transport", "Unreachable", "is_loopback"]

# A host of the user's own that drops connections is asked for the rest, up to so many failures in a row.
MOST_DROPPED = 25
# What the name of a credential of lifecycle.yaml stands behind.
_DOCUMENTED = "documented "


class Transport:
    """Sends documented requests to a base URL and returns exchanges.

    A host that is neither loopback nor named in `allow_writes` is a production host, and every host is with `read_only`: a
    tunnel to a production host looks like this machine. It gets only documented safe operations
    with ids that the user gave (`sessions`), and those without an id that the user named (`named`), valid in every parameter,
    with the given credentials and without `Prefer`; one a second, no more than `budget`, none before the time of a
    `Retry-After`, and none after a burst of 429 or 5xx. No redirect is followed, and no password file read; a proxy of the
    environment is for other machines.

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
        read_only: bool = False,
        budget: int | None = None,
        rate_per_second: float | None = None,
        patience_seconds: float | None = None,
        tls: Tls | None = None,
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
        is_local = loopback(self.host)
        self.is_read_only = read_only
        self.is_production = read_only or not (is_local or any(base.is_at(place) for place in allow_writes))
        self.headers = {name.lower(): value for name, value in (headers or {}).items()}
        self.other_headers = {name.lower(): value for name, value in (other_headers or {}).items()}
        self.sessions = frozenset(sessions)
        self.named = frozenset(named)
        self.seen_by = seen_by
        self.dry_run = dry_run
        self.planned: list[Planned] = []
        self.limits = RateLimits(
            self.host, is_production=self.is_production, is_local=is_local and not read_only, budget=budget,
            rate_per_second=rate_per_second, patience_seconds=patience_seconds, sleep=sleep,
        )  # fmt: skip
        self.tls = tls or Tls()
        self.proxy = environment_proxy(base, is_local=is_local)
        self._failures_in_a_row = 0
        self._has_answered = False
        self._seen = seen
        self._connection = HttpConnection(
            base, timeout_seconds=timeout_seconds, proxy=self.proxy, tls=self.tls, transport=transport
        )

    @property
    def sent(self) -> int:
        """How many requests were sent, in all phases."""
        return self.limits.sent

    @property
    def remedy(self) -> str:
        """What lets a production host be written to."""
        return "--read-only forbids it." if self.is_read_only else "Name the host with --allow-writes if it is yours."

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

        `credentials`: good, other, none, one of `wrong_credentials`, each of which is `unknown` in the exchange's intent, or
        `documented NAME` for one of lifecycle.yaml's; `method` replaces the documented one.

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
        if credentials != "good" and not credentials.startswith(_DOCUMENTED):
            meaning["credentials"] = "unknown" if credentials in WRONG_CREDENTIALS else credentials
        wanted = replace(
            request, method=method or request.method, request_headers=sent_headers, at=(began := now()), began=began,
            seen_by=self.seen_by, intent=meaning,
        )  # fmt: skip
        if self.is_production:
            self._guard(operation, wanted)
        if self.dry_run:
            return self._plan(operation, wanted)
        self.limits.before()
        is_safe = operation.is_safe and wanted.method == operation.method.upper()
        exchange = self._connection.send(wanted, is_safe=is_safe, is_stream=operation.can_stream)
        # We close a stream without an event yet; its service did not fail.
        if self._seen is not None and not (exchange.failure == TIMEOUT and operation.can_stream):
            self._seen(exchange)
        self._check_failure(exchange)
        self.limits.after(exchange.status, exchange.response_headers.get("retry-after"))
        return exchange

    @property
    def wrong_credentials(self) -> tuple[str, ...]:
        """The wrong forms of the good credentials that can be sent, as `credentials` names them: those that they have."""
        secret = secret_headers(self.provider)
        good = [value for name, value in self.headers.items() if name in secret]
        return tuple(kind for kind, change in WRONG_CREDENTIALS.items() if good and None not in map(change, good))

    def _credentials(self, kind: str) -> dict[str, str]:
        secret = secret_headers(self.provider)
        if kind == "good":
            return dict(self.headers)
        rest = {name: value for name, value in self.headers.items() if name not in secret}
        if kind == "other":
            rest.update(self.other_headers)
        if kind.startswith(_DOCUMENTED):
            rest.update(self.provider.lifecycle.credentials[kind.removeprefix(_DOCUMENTED)].headers)
        change = WRONG_CREDENTIALS.get(kind)
        if change is not None:
            changed = {name: change(value) for name, value in self.headers.items() if name in secret}
            rest.update({name: value for name, value in changed.items() if value is not None})
        return rest

    def _guard(self, operation: Operation, wanted: Exchange) -> None:
        """Raises `Forbidden` for a request that may not be sent to a production host."""
        where = f"{wanted.method} {operation.path} at {self.host}"
        if not operation.is_safe or wanted.method != operation.method.upper():
            raise Forbidden(f"{where}: not a documented read. {self.remedy}")
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
        self.limits.check_budget()
        self.limits.sent += 1
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
