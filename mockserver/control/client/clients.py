"""A typed client of the control API, on httpx; the one for asyncio is `async_client.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import httpx

from specimen.mockserver.control.client import calls, operations
from specimen.mockserver.control.client.calls import ControlError
from specimen.mockserver.control.client.network import httpx_options
from specimen.mockserver.control.client.operations import Answer, Ask, Steps, T, given
from specimen.mockserver.control.client.values import Clock, Exchange, Session

__all__ = ["Client", "ControlError"]


class Client:
    """The control API of a mock at `url`, in one namespace; a method raises `ControlError` where the server refuses.

    `http` is the `httpx.Client` that sends the calls; one that is given is not closed. `if_match` is the `etag` that a session
    must still have.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8080",
        *,
        namespace: str = "default",
        token: str | None = None,
        http: httpx.Client | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.namespace = namespace
        self._token = token
        self._is_own = http is None
        self._http = http or httpx.Client(**httpx_options(url))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of connections."""
        if self._is_own:
            self._http.close()

    def in_namespace(self, namespace: str) -> Client:
        """The same server, another namespace."""
        return Client(self.url, namespace=namespace, token=self._token, http=self._http)

    def call(self, method: str, path: str, **options: Any) -> Any:
        """Any call of the API by its path below `/_specimen/v1`: `query`, `body` and `if_match` are its parts.

        Raises:
            ControlError: it was refused.
        """
        return self._sent(Ask(method, path, **options)).value

    def _sent(self, ask: Ask) -> Answer:
        made = calls.request(
            ask.method,
            ask.path,
            namespace=self.namespace,
            token=self._token,
            query=ask.query,
            body=ask.body,
            if_match=ask.if_match,
        )
        answer = self._http.request(made.method, self.url + made.path, headers=made.headers, content=made.body)
        return Answer(calls.answered(answer.status_code, answer.content))

    def _done(self, steps: Steps[T]) -> T:
        try:
            ask = next(steps)
            while True:
                ask = steps.send(self._sent(ask))
        except StopIteration as end:
            found: T = end.value
            return found

    # -- sessions -------------------------------------------------------------------------------------------------------

    def create(self, provider: str, scenario: str | None = None, **options: Any) -> Session:
        """A new session; `options` are `state`, `pace`, `seed` and `facts`.

        Raises:
            ControlError: the provider has no such scenario, state or fact.
        """
        return self._done(operations.create(provider, scenario, options))

    def session(self, provider: str, session: str) -> Session:
        """The session as it is now, by any of its ids."""
        return self._done(operations.session(provider, session))

    def sessions(self, *, limit: int | None = None, after: str | None = None, **filters: Any) -> list[Session]:
        """All sessions, or the first `limit` behind `after` (`provider:id`); filters are `provider`, `state` and `scenario`."""
        return self._done(operations.sessions(filters, limit, after))

    def advance(self, provider: str, session: str, *, if_match: str | None = None, **facts: Any) -> Session:
        """The session in the next state of its scenario."""
        return self._done(operations.steered(provider, session, "advance", {"facts": facts}, if_match))

    def transition(self, provider: str, session: str, to: str, *, if_match: str | None = None, **facts: Any) -> Session:
        """The session in another state."""
        return self._done(operations.steered(provider, session, "transition", {"to": to, "facts": facts}, if_match))

    def expire(self, provider: str, session: str, *, if_match: str | None = None) -> Session:
        """The session at the end of its lifetime."""
        return self._done(operations.steered(provider, session, "expire", {}, if_match))

    def narrow(self, provider: str, session: str, *, if_match: str | None = None, **facts: Any) -> Session:
        """The session with facts that its later answers show."""
        return self._done(operations.narrow(provider, session, facts, if_match))

    def delete(self, provider: str, session: str, *, if_match: str | None = None) -> None:
        """Forgets the session."""
        self._done(operations.delete(provider, session, if_match))

    # -- clock, settings, catalogue -------------------------------------------------------------------------------------

    def clock(self) -> Clock:
        """The namespace's clock."""
        return self._done(operations.clock())

    def forward(self, seconds: float) -> Clock:
        """Moves the time forward."""
        return self._done(operations.clock("/forward", {"seconds": seconds}))

    def set_clock(self, now: str) -> Clock:
        """Sets the time (ISO 8601, UTC)."""
        return self._done(operations.clock("/set", {"now": now}))

    def freeze(self) -> Clock:
        """Stops the time."""
        return self._done(operations.clock("/freeze"))

    def run(self) -> Clock:
        """Lets the time go on."""
        return self._done(operations.clock("/run"))

    def settings(self, *, seed: int | None = None, pace: str | None = None) -> dict[str, Any]:
        """Seed and pace of new sessions, after those that are given were set."""
        return self._done(operations.settings(given(seed=seed, pace=pace)))

    def catalogue(self, provider: str | None = None) -> list[dict[str, Any]]:
        """What the providers have: states, transitions, scenarios, facts, drifts."""
        return self._done(operations.catalogue(provider))

    # -- faults ---------------------------------------------------------------------------------------------------------

    def faults(self) -> list[dict[str, Any]]:
        """The namespace's faults."""
        return self._done(operations.faults())

    def fault(self, name: str) -> dict[str, Any]:
        """The fault of an id."""
        return self._done(operations.fault(name))

    def add_fault(self, kind: str, *, match: Mapping[str, Any] | None = None, **what: Any) -> str:
        """Adds a fault; returns its id."""
        return self._done(operations.add_fault(kind, match, what))

    def put_fault(self, name: str, kind: str, *, match: Mapping[str, Any] | None = None, **what: Any) -> dict[str, Any]:
        """Puts a fault under an id, instead of the one that is there."""
        return self._done(operations.put_fault(name, kind, match, what))

    def set_faults(self, faults: str | Sequence[Mapping[str, Any]]) -> None:
        """Replaces all faults by rules, or by the preset of that name."""
        self._done(operations.set_faults(faults))

    def remove_fault(self, name: str) -> None:
        """Removes the fault of an id."""
        self._done(operations.remove_fault(name))

    def clear_faults(self) -> None:
        """Removes all faults."""
        self._done(operations.clear_faults())

    def fault_kinds(self) -> dict[str, Any]:
        """Kinds, each provider's drifts, presets, and the schema of a faults file."""
        return self._done(operations.fault_kinds())

    # -- request log ----------------------------------------------------------------------------------------------------

    def requests(self, *, limit: int | None = None, after: int | None = None, **filters: Any) -> list[Exchange]:
        """What the log holds, oldest first, or the first `limit` behind number `after`; filters are those of `GET /requests`."""
        return self._done(operations.requests(filters, limit, after))

    def har(self, *, whole: bool = False) -> dict[str, Any]:
        """The log as an HTTP Archive; `whole`: with the answers as they were, for `specimen check`."""
        return self._done(operations.har(whole=whole))

    def clear_requests(self) -> None:
        """Forgets the namespace's requests."""
        self._done(operations.clear_requests())

    def assert_called(
        self,
        *,
        times: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
        header: str | None = None,
        **of: Any,
    ) -> None:
        """Requests came so often (once at least by default), each with a header; `of` says which.

        Raises:
            AssertionError: they did not; the message shows the nearest ones.
        """
        __tracebackhide__ = True
        self._ask("called", of, times=times, at_least=at_least, at_most=at_most, header=header)

    def assert_not_called(self, **of: Any) -> None:
        """No such request came.

        Raises:
            AssertionError: one did.
        """
        __tracebackhide__ = True
        self._ask("not_called", of)

    def assert_polled(
        self,
        *,
        max_per_second: float | None = None,
        at_least: int | None = None,
        header: str | None = None,
        never_after_end: bool = True,
        **of: Any,
    ) -> None:
        """Requests came often enough, never too fast, always with a header, and none after a session's end.

        Raises:
            AssertionError: they did not.
        """
        __tracebackhide__ = True
        self._ask("polled", of, max_per_second=max_per_second, at_least=at_least, header=header, never_after_end=never_after_end)

    def _ask(self, question: str, of: Mapping[str, Any], **options: Any) -> None:
        __tracebackhide__ = True
        message = self._done(operations.question(question, of, options))
        if message is not None:
            raise AssertionError(message)

    # -- namespaces -----------------------------------------------------------------------------------------------------

    def namespaces(self) -> list[str]:
        """The names of the server's namespaces."""
        return self._done(operations.namespaces())

    def reset(self, scope: str = "namespace") -> None:
        """Resets the namespace, a part of it (`sessions`, `requests`, `faults`, `clock`), or the whole `server`."""
        self._done(operations.reset(scope))

    def export(self) -> dict[str, Any]:
        """The namespace as one JSON value."""
        return self._done(operations.export(self.namespace))

    def load(self, exported: Mapping[str, Any]) -> int:
        """Replaces the namespace by an exported one; returns how many sessions it has."""
        return self._done(operations.load(self.namespace, exported))

    def end_namespace(self) -> None:
        """Ends the namespace, with all that it holds."""
        self._done(operations.end_namespace(self.namespace))

    # -- webhooks -------------------------------------------------------------------------------------------------------

    def webhooks(self) -> list[dict[str, Any]]:
        """The namespace's endpoints."""
        return self._done(operations.webhooks())

    def add_webhook(self, provider: str, url: str, **more: Any) -> dict[str, Any]:
        """Sends a provider's webhooks to a target; `more` are further members of `POST /webhooks`. Gives the `keys` as well."""
        return self._done(operations.add_webhook(provider, url, more))

    def change_webhook(self, provider: str, endpoint: str, **changes: Any) -> dict[str, Any]:
        """The endpoint with another `url`, other `types` or `faults`, or `enabled` or not."""
        return self._done(operations.change_webhook(provider, endpoint, changes))

    def remove_webhook(self, provider: str, endpoint: str) -> None:
        """Sends nothing more to an endpoint."""
        self._done(operations.remove_webhook(provider, endpoint))

    def rotate_webhook_secret(self, provider: str, endpoint: str) -> dict[str, Any]:
        """The endpoint's new secret, shown this once."""
        return self._done(operations.rotate_webhook_secret(provider, endpoint))

    def webhook_deliveries(self, provider: str) -> list[dict[str, Any]]:
        """The provider's deliveries."""
        return self._done(operations.webhook_deliveries(provider))

    def resend_webhook(self, provider: str, delivery: str) -> dict[str, Any]:
        """The delivery, which is sent again."""
        return self._done(operations.webhook_delivery(provider, delivery, "resend"))

    def cancel_webhook(self, provider: str, delivery: str) -> dict[str, Any]:
        """The delivery, which is not tried again."""
        return self._done(operations.webhook_delivery(provider, delivery, "cancel"))

    def replay_webhook_event(self, provider: str, event: str) -> dict[str, Any]:
        """The `deliveries` of an event, which are sent again."""
        return self._done(operations.replay_webhook_event(provider, event))

    def webhook_attempts(self, provider: str, *, after: int = 0) -> list[dict[str, Any]]:
        """The log of attempts after a number, oldest first, 1,000 at most."""
        return self._done(operations.webhook_attempts(provider, after))
