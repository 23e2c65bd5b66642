"""What the control API answers, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Clock:
    """A namespace's time (ISO 8601), and whether it stands."""

    now: str
    frozen: bool


@dataclass(frozen=True, slots=True)
class Session:
    """A session: `next` is the state that `advance` leads to, `possible` the states and facts that can still be had.

    `etag` is what `if_match` takes.
    """

    provider: str
    namespace: str
    id: str
    ids: Mapping[str, str]
    scenario: str
    state: str
    is_terminal: bool
    next: str | None
    possible: Mapping[str, tuple[str, ...]]
    facts: Mapping[str, Any]
    seed: int
    events: tuple[Mapping[str, str], ...]
    created_at: str
    expires_at: str | None
    version: int
    etag: str

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Self:
        """The session that a JSON value describes."""
        known = {one.name: value[one.name] for one in fields(cls)}
        known["possible"] = {name: tuple(entries) for name, entries in value["possible"].items()}
        known["events"] = tuple(value["events"])
        return cls(**known)


@dataclass(frozen=True, slots=True)
class Exchange:
    """An entry of the request log; `request` and `response` are masked.

    `at` is the time by the namespace's clock, `real_at` by the machine's. `provider` is None where the request reached none.
    """

    number: int
    at: str
    real_at: str
    milliseconds: float
    namespace: str
    provider: str | None
    operation: str | None
    method: str
    path: str
    query: str
    session: str | None
    status: int
    scenario: str | None
    request: Mapping[str, Any]
    response: Mapping[str, Any]
    problem: Mapping[str, Any] | None
    fault: str | None

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Self:
        """The exchange that a JSON value describes."""
        return cls(**{one.name: value[one.name] for one in fields(cls)})
