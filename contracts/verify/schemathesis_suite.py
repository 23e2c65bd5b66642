"""Fuzzes a base URL with Schemathesis and judges each answer."""

from __future__ import annotations

import contextlib
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import requests
import schemathesis
from schemathesis.engine import events, from_schema
from schemathesis.engine.errors import ServerUnavailable
from urllib3.exceptions import NewConnectionError, ReadTimeoutError

from specimen.contracts.client.client_errors import Forbidden, SuiteError, Unreachable
from specimen.contracts.client.clock import now
from specimen.contracts.client.transport import Transport
from specimen.contracts.http.credentials import as_schemes, secret_headers
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.http.no_response import CLOSED, TIMEOUT
from specimen.contracts.verify.schemathesis_document import generated_from
from specimen.contracts.verify.schemathesis_session import Unread, confined
from specimen.specs import Provider
from specimen.specs.core.version import user_agent

# What is in no documentation of Schemathesis, and why it is used all the same; pyproject.toml bounds the versions to those tried.
# - `engine.from_schema`, `engine.events`: its command line and its pytest plugin are the two documented ways to run all phases.
#   Both are processes or tests of their own; a run of ours is a part of `verify`, with a budget and a progress line.
# - `engine.errors.ServerUnavailable`: the engine ends its run by it, which must not look like a run that is complete.
# - `schema.transport.send` (`_watched`): the hook `after_call` does not get the requests that Schemathesis sends for itself,
#   `after_network_error` not of an answer that ends in its body.
# - `case.meta.generation.mode`: whether what was generated keeps the schema; missing, nothing is expected of the answer.
REQUEST_SECONDS = 10.0
STREAM_SECONDS = 0.3
# Schemathesis 4.32 looks for links to operations in the texts of answers, and ends at one such as "http://a]": `urlsplit` of
# `engine/observations.py` raises. No documented answer has such a link or a Location header.
NO_LINKS_FROM_TEXTS: Mapping[str, Any] = {"phases": {"stateful": {"inference": {"algorithms": ["dependency-analysis"]}}}}
See = Callable[[Exchange], None]


def configuration(provider: Provider, headers: Mapping[str, str], *, seed: int, examples: int) -> dict[str, Any]:
    """Returns the configuration of Schemathesis: one worker, a fixed seed, no database, no checks.

    Schemathesis's own checks are off, because the judge's common rules find the same and name a source. Its sanitizing is off,
    because our reports redact themselves and nothing of Schemathesis is written.
    """
    secret = secret_headers(provider)
    found: dict[str, Any] = {
        "seed": seed,
        "workers": 1,
        "generation": {"max-examples": examples, "database": "none"},
        "output": {"sanitization": {"enabled": False}},
        "request-timeout": REQUEST_SECONDS,
        "checks": {"enabled": False},
        **NO_LINKS_FROM_TEXTS,
        # An endless stream costs the whole timeout at every call.
        "operations": [
            {"include-operation-id": operation.id, "request-timeout": STREAM_SECONDS}
            for operation in provider.document.operations.values()
            if operation.can_stream
        ],
    }
    schemes = as_schemes(provider, headers)
    if schemes:  # an empty one is a mistake to Schemathesis
        found["auth"] = {"openapi": schemes}
    others = {name: value for name, value in headers.items() if name not in secret}
    found["headers"] = {"user-agent": user_agent(), **others}
    return found


def fuzz(
    sender: Transport,
    *,
    seed: int,
    examples: int,
    see: See,
    on_progress: Callable[[str], None] | None = None,
    seconds: float | None = None,
) -> int:
    """Sends what Schemathesis generates to the transport's base URL, passes each exchange to `see`, and returns their number.

    Raises:
        Forbidden: the transport's host is a production host.
        BudgetSpent, Burst: nothing more is sent.
        Unreachable: no service answers there.
        SuiteError: Schemathesis itself could not go on.
    """
    if sender.is_production:
        raise Forbidden(f"{sender.host}: no fuzzing of a production host. {sender.remedy}")
    watcher = _Watcher(sender.provider, sender.base_url, sender.headers, see)
    document = generated_from(sender.provider, sender.base_url)
    settings = configuration(sender.provider, sender.headers, seed=seed, examples=examples)
    config = schemathesis.Config.from_dict(settings)
    started, is_stopped = time.monotonic(), False
    with warnings.catch_warnings(), contextlib.ExitStack() as stack:
        warnings.simplefilter("ignore")  # of its own dependencies
        schema = schemathesis.openapi.from_dict(document, config=config)
        schema.location = sender.base_url
        stack.enter_context(_watched(schema.transport, watcher))
        stack.enter_context(confined(sender, watcher.fail))
        stream = from_schema(schema).execute()
        for event in _whole(stream):
            if isinstance(event, events.ScenarioStarted) and on_progress is not None:
                on_progress(f"Schemathesis, {event.phase.value}")
            if watcher.mistake is not None:
                raise watcher.mistake
            if isinstance(event, events.NonFatalError) and (isinstance(event.value, ServerUnavailable) or not sender.is_up()):
                raise Unreachable(f"{sender.host}: it answers no more, after {watcher.count} requests of Schemathesis.")
            if isinstance(event, events.Interrupted) and not is_stopped:
                raise KeyboardInterrupt  # which the engine has caught
            if seconds is not None and time.monotonic() - started > seconds:
                is_stopped = True
                stream.stop()
    return watcher.count


def _whole(stream: Iterator[Any]) -> Iterator[Any]:
    """Yields all events of the engine.

    Raises:
        SuiteError: the engine ended with any exception; what was found before must not be lost.
    """
    while True:
        try:
            event = next(stream, None)
        except Exception as error:
            raise _ended(error) from error
        if isinstance(event, events.FatalError):
            raise _ended(event.exception) from event.exception
        if event is None:
            return
        yield event


def _ended(error: Exception) -> SuiteError:
    return SuiteError(f"Schemathesis could not go on: {type(error).__name__}: {error}")


class _Watcher:
    """Turns Schemathesis's calls into exchanges."""

    def __init__(self, provider: Provider, base_url: str, headers: Mapping[str, str], see: See) -> None:
        self.provider = provider
        self.base_path = urlsplit(base_url).path.rstrip("/")
        self.good = {name: value for name, value in headers.items() if name in secret_headers(provider)}
        self.see = see
        self.count = 0
        self.mistake: Exception | None = None

    def fail(self, mistake: Exception) -> None:
        """Ends the run with an exception, which Schemathesis would take for one of the service's."""
        self.mistake = self.mistake or mistake

    def take(self, response: Any, case: Any) -> None:
        """Judges one answer."""
        shown = {name.lower(): ", ".join(values) for name, values in response.headers.items()}
        self._tell(
            replace(
                self._asked(response.request, case), status=response.status_code, response_headers=shown,
                response_body=response.content or b"",
            )
        )  # fmt: skip

    def miss(self, request: Any, case: Any, failure: str) -> None:
        """Judges a request that got no answer, except a stream without an event yet, which we leave first."""
        asked = self._asked(request, case)
        if failure != TIMEOUT or asked.operation is None or not asked.operation.can_stream:
            self._tell(replace(asked, failure=failure))

    def _tell(self, exchange: Exchange) -> None:
        self.count += 1
        self.see(exchange)

    def _asked(self, request: Any, case: Any) -> Exchange:
        """Returns the exchange of a request without its answer."""
        parts = urlsplit(request.url)
        body = request.body or b""
        body = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body if isinstance(body, bytes) else b""
        headers = {_text(name).lower(): _text(value) for name, value in request.headers.items()}
        return Exchange(
            provider=self.provider,
            method=request.method,
            path=parts.path.removeprefix(self.base_path) or "/",
            query=parts.query,
            request_headers=headers,
            request_body=body,
            status=0,
            response_headers={},
            response_body=b"",
            at=now(),
            seen_by="fuzz",
            intent=self._intent(headers, case),
        )

    def _intent(self, headers: Mapping[str, str], case: Any) -> dict[str, Any]:
        shown = {name: headers[name] for name in self.good if name in headers}
        if {name: value.strip() for name, value in shown.items()} != self.good:
            return {"credentials": "unknown" if shown else "none"}
        # A body may be refused for what no schema says (a template that the caller does not have); a parameter not.
        mode = getattr(getattr(getattr(case, "meta", None), "generation", None), "mode", None)
        is_valid = mode is not None and mode.is_positive and not case.operation.body
        return {"valid": True} if is_valid else {}


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


@contextlib.contextmanager
def _watched(transport: Any, watcher: _Watcher) -> Iterator[None]:
    """Passes all requests to the watcher for one run, answered or not, since no hook gets them all.

    Schemathesis sends some for itself: after a 401 of an operation that needs no credentials it tries the same with them.
    """
    plain = transport.send

    def send(case: Any, **options: Any) -> Any:
        try:
            response = plain(case, **options)
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError,
                requests.exceptions.ContentDecodingError) as error:  # fmt: skip
            if not _reached_no_server(error):
                try:
                    # An error inside the body of an answer does not know the request.
                    watcher.miss(error.request or _prepared(case, options), case, _failure(error))
                except Exception as mistake:
                    watcher.fail(mistake)
                    raise
            raise
        try:
            watcher.take(response, case)
        except Exception as mistake:
            watcher.fail(mistake)
            raise
        return response

    transport.send = send
    try:
        yield
    finally:
        del transport.send


def _reached_no_server(error: Exception) -> bool:
    """Whether there was no connection: then there is nothing to judge, and the engine says that the server is gone."""
    causes = (getattr(one, "reason", one) for one in error.args)
    return isinstance(error, requests.ConnectTimeout) or any(isinstance(cause, NewConnectionError) for cause in causes)


def _prepared(case: Any, options: Mapping[str, Any]) -> Any:
    sent = case.as_transport_kwargs(base_url=options.get("base_url"), headers=options.get("headers"))
    known = ("method", "url", "headers", "params", "cookies", "data", "json", "files")
    return requests.Request(**{name: sent[name] for name in known if name in sent}).prepare()


def _failure(error: Exception) -> str:
    if isinstance(error, Unread):
        return error.failure
    is_late = isinstance(error, requests.Timeout) or any(isinstance(one, ReadTimeoutError) for one in error.args)
    return TIMEOUT if is_late else CLOSED
