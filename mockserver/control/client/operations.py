"""The calls of the control API, each once: a generator that yields what to ask, gets the answer, and returns what it means.

The clients differ only in how they send what is asked for; no I/O is done here.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote

from specimen.mockserver.control.client.calls import session_path
from specimen.mockserver.control.client.values import Clock, Exchange, Session

T = TypeVar("T")
_MOST_ENTRIES = 1000


class Ask(NamedTuple):
    """A call by its path below the API."""

    method: str
    path: str
    query: Mapping[str, Any] | None = None
    body: Any = None
    if_match: str | None = None


class Answer(NamedTuple):
    """The JSON value of an answer, None without a body."""

    value: Any


Steps = Generator[Ask, Answer, T]


def given(**members: Any) -> dict[str, Any]:
    """Those members that are not None."""
    return {name: value for name, value in members.items() if value is not None}


def _pages(path: str, name: str, query: Mapping[str, Any], most: int | None = None, after: Any = None) -> Steps[list[Any]]:
    """The rows of a list, page by page: `most` of them, behind `after`; `name` is the member of a page that holds them."""
    found: list[Any] = []
    while True:
        limit = _MOST_ENTRIES if most is None else min(most - len(found), _MOST_ENTRIES)
        page = (yield Ask("GET", path, {**query, "limit": limit, "after": after})).value
        found += page[name]
        after = page["next"]
        if after is None or len(found) == most:
            return found


def value(ask: Ask) -> Steps[Any]:
    """The JSON value of one answer."""
    return (yield ask).value


def _member(ask: Ask, name: str) -> Steps[Any]:
    return (yield ask).value[name]


def _nothing(ask: Ask) -> Steps[None]:
    yield ask


# -- sessions ------------------------------------------------------------------------------------------------------------


def create(provider: str, scenario: str | None, options: Mapping[str, Any]) -> Steps[Session]:
    """A new session."""
    answer = yield Ask("POST", "/sessions", body=given(provider=provider, scenario=scenario, **options))
    return Session.of(answer.value["session"])


def sessions(filters: Mapping[str, Any], limit: int | None = None, after: str | None = None) -> Steps[list[Session]]:
    """The sessions that fit."""
    return [Session.of(one) for one in (yield from _pages("/sessions", "sessions", filters, limit, after))]


def session(provider: str, name: str) -> Steps[Session]:
    """One session as it is."""
    return (yield from _session(Ask("GET", session_path(provider, name))))


def steered(provider: str, name: str, action: str, body: Any, if_match: str | None) -> Steps[Session]:
    """A session after an action."""
    return (yield from _session(Ask("POST", session_path(provider, name, action), body=body, if_match=if_match)))


def narrow(provider: str, name: str, facts: Mapping[str, Any], if_match: str | None) -> Steps[Session]:
    """A session with other facts."""
    body = {"facts": dict(facts)}
    return (yield from _session(Ask("PATCH", session_path(provider, name), body=body, if_match=if_match)))


def delete(provider: str, name: str, if_match: str | None) -> Steps[None]:
    """Forgets a session."""
    return _nothing(Ask("DELETE", session_path(provider, name), if_match=if_match))


def _session(ask: Ask) -> Steps[Session]:
    answer = yield ask
    return Session.of(answer.value)


# -- clock, settings, catalogue ------------------------------------------------------------------------------------------


def clock(action: str = "", body: Any = None) -> Steps[Clock]:
    """The clock, after an action on it."""
    answer = yield Ask("POST" if action else "GET", f"/clock{action}", body=body)
    return Clock(**answer.value)


def settings(changes: Mapping[str, Any]) -> Steps[dict[str, Any]]:
    """Seed and pace of new sessions, after changes."""
    return value(Ask("PATCH" if changes else "GET", "/settings", body=dict(changes)))


def catalogue(provider: str | None) -> Steps[list[dict[str, Any]]]:
    """What the providers have."""
    return _member(Ask("GET", "/catalogue", {"provider": provider}), "providers")


# -- faults --------------------------------------------------------------------------------------------------------------


def faults() -> Steps[list[dict[str, Any]]]:
    """The namespace's faults."""
    return _member(Ask("GET", "/faults"), "faults")


def fault(name: str) -> Steps[dict[str, Any]]:
    """One fault."""
    return value(Ask("GET", _fault(name)))


def add_fault(kind: str, match: Mapping[str, Any] | None, what: Mapping[str, Any]) -> Steps[str]:
    """Adds a fault, and gives its id."""
    return _member(Ask("POST", "/faults", body=given(kind=kind, match=match, **what)), "id")


def put_fault(name: str, kind: str, match: Mapping[str, Any] | None, what: Mapping[str, Any]) -> Steps[dict[str, Any]]:
    """Puts a fault under an id."""
    return value(Ask("PUT", _fault(name), body=given(kind=kind, match=match, **what)))


def set_faults(wanted: str | Sequence[Mapping[str, Any]]) -> Steps[None]:
    """Replaces all faults."""
    return _nothing(Ask("PUT", "/faults", body={"preset": wanted} if isinstance(wanted, str) else {"faults": list(wanted)}))


def remove_fault(name: str) -> Steps[None]:
    """Removes one fault."""
    return _nothing(Ask("DELETE", _fault(name)))


def clear_faults() -> Steps[None]:
    """Removes all faults."""
    return _nothing(Ask("DELETE", "/faults"))


def fault_kinds() -> Steps[dict[str, Any]]:
    """Kinds, drifts, presets and the schema of faults."""
    return value(Ask("GET", "/fault-kinds"))


def _fault(name: str) -> str:
    return f"/faults/{quote(name, safe='')}"


# -- request log ---------------------------------------------------------------------------------------------------------


def requests(filters: Mapping[str, Any], limit: int | None = None, after: int | None = None) -> Steps[list[Exchange]]:
    """The entries of the log that fit."""
    return [Exchange.of(one) for one in (yield from _pages("/requests", "requests", filters, limit, after))]


def har(*, whole: bool) -> Steps[dict[str, Any]]:
    """The log as an HTTP Archive."""
    return value(Ask("GET", "/requests/har", {"bodies": "whole" if whole else "masked"}))


def clear_requests() -> Steps[None]:
    """Forgets the log."""
    return _nothing(Ask("DELETE", "/requests"))


def question(name: str, of: Mapping[str, Any], options: Mapping[str, Any]) -> Steps[str | None]:
    """None where the answer is yes, else the message of no."""
    answer = (yield Ask("POST", "/requests/questions", body=given(question=name, of=dict(of), **options))).value
    return None if answer["passed"] else str(answer["message"])


# -- namespaces ----------------------------------------------------------------------------------------------------------


def namespaces() -> Steps[list[str]]:
    """The names of all namespaces."""
    return _pages("/namespaces", "namespaces", {})


def export(name: str) -> Steps[dict[str, Any]]:
    """A namespace as one JSON value."""
    return value(Ask("GET", _namespace(name)))


def load(name: str, exported: Mapping[str, Any]) -> Steps[int]:
    """Replaces a namespace, and says how many sessions it has."""
    return _member(Ask("PUT", _namespace(name), body=dict(exported)), "sessions")


def end_namespace(name: str) -> Steps[None]:
    """Ends a namespace."""
    return _nothing(Ask("DELETE", _namespace(name)))


def reset(scope: str) -> Steps[None]:
    """Resets a part."""
    return _nothing(Ask("POST", "/reset", body={"scope": scope}))


def _namespace(name: str) -> str:
    return f"/namespaces/{quote(name, safe='')}"


# -- webhooks ------------------------------------------------------------------------------------------------------------


def webhooks() -> Steps[list[dict[str, Any]]]:
    """The namespace's endpoints."""
    return _member(Ask("GET", "/webhooks"), "webhooks")


def add_webhook(provider: str, url: str, more: Mapping[str, Any]) -> Steps[dict[str, Any]]:
    """Adds an endpoint, and gives it with what its receiver needs."""
    return value(Ask("POST", "/webhooks", body=given(provider=provider, url=url, **more)))


def change_webhook(provider: str, endpoint: str, changes: Mapping[str, Any]) -> Steps[dict[str, Any]]:
    """Changes an endpoint."""
    return value(Ask("PATCH", _webhook(provider, endpoint), body=dict(changes)))


def remove_webhook(provider: str, endpoint: str) -> Steps[None]:
    """Removes an endpoint."""
    return _nothing(Ask("DELETE", _webhook(provider, endpoint)))


def rotate_webhook_secret(provider: str, endpoint: str) -> Steps[dict[str, Any]]:
    """A new secret of an endpoint."""
    return value(Ask("POST", f"{_webhook(provider, endpoint)}/rotate"))


def webhook_deliveries(provider: str) -> Steps[list[dict[str, Any]]]:
    """All of a provider's deliveries."""
    return _pages(f"/webhook-deliveries/{quote(provider, safe='')}", "deliveries", {})


def webhook_delivery(provider: str, delivery: str, action: str) -> Steps[dict[str, Any]]:
    """Resends or cancels a delivery."""
    path = f"/webhook-deliveries/{quote(provider, safe='')}/{quote(delivery, safe='')}/{action}"
    return value(Ask("POST", path))


def replay_webhook_event(provider: str, event: str) -> Steps[dict[str, Any]]:
    """Sends an event to every endpoint once more."""
    return value(Ask("POST", f"/webhook-events/{quote(provider, safe='')}/{quote(event, safe='')}/replay"))


def webhook_attempts(provider: str, after: int) -> Steps[list[dict[str, Any]]]:
    """The next attempts of a provider's log."""
    path = f"/webhook-attempts/{quote(provider, safe='')}"
    return _member(Ask("GET", path, {"after": after, "limit": _MOST_ENTRIES}), "attempts")


def _webhook(provider: str, endpoint: str) -> str:
    return f"/webhooks/{quote(provider, safe='')}/{quote(endpoint, safe='')}"
