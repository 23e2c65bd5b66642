"""The calls of the control API as requests, and their answers as values or errors; no I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from specimen.specs.core.errors import SpecimenError

API = "/_specimen/v1"
JSON = "application/json"


class ControlError(SpecimenError):
    """The control API refused a call: `status`, and what could be asked instead by kind (`possible`)."""

    def __init__(self, status: int, detail: str, possible: Mapping[str, Any] | None = None) -> None:
        super().__init__(detail if "Possible: " in detail else f"{detail}{_listed(possible)}")
        self.status = status
        self.detail = detail
        self.possible = dict(possible or {})

    @property
    def problem(self) -> Mapping[str, Any]:
        """The refusal for programs: the sentence, the status, and what is possible as the server listed it."""
        found = {"status": self.status, "detail": self.detail}
        return {**found, "possible": self.possible} if self.possible else found


class Request(NamedTuple):
    """A request: method, path with query, headers, body."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes | None


def request(
    method: str,
    path: str,
    *,
    namespace: str = "default",
    token: str | None = None,
    query: Mapping[str, Any] | None = None,
    body: Any = None,
    if_match: str | None = None,
) -> Request:
    """A call; `path` is below the API, `query` members that are None are left out."""
    headers = {"Specimen-Namespace": namespace, "Accept": JSON}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    if if_match is not None:
        headers["If-Match"] = if_match
    given = {name: _text(value) for name, value in (query or {}).items() if value is not None}
    raw = None
    if method in ("POST", "PUT", "PATCH"):
        raw = json.dumps({} if body is None else body).encode()
        headers["Content-Type"] = JSON
    return Request(method, f"{API}{path}" + (f"?{urlencode(given)}" if given else ""), headers, raw)


def answered(status: int, body: bytes) -> Any:
    """The JSON value of an answer, None where it has no body.

    Raises:
        ControlError: the call was refused.
    """
    try:
        value = json.loads(body) if body else None
    except ValueError:
        raise ControlError(
            status, f"the answer is no JSON; is this a mock of Specimen, with its control API? ({status})"
        ) from None
    if status < 300:
        return value
    if not isinstance(value, dict):
        raise ControlError(status, f"the call was answered {status}.")
    raise ControlError(status, str(value.get("detail", status)), value.get("possible"))


def session_path(provider: str, session: str, action: str = "") -> str:
    """The path of a session, or of an action on it."""
    return f"/sessions/{quote(provider, safe='')}/{quote(session, safe='')}" + (f"/{action}" if action else "")


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _listed(possible: Mapping[str, Any] | None) -> str:
    if not possible:
        return ""
    return (
        " Possible: " + "; ".join(f"{name}: {', '.join(map(str, values)) or 'none'}" for name, values in possible.items()) + "."
    )
