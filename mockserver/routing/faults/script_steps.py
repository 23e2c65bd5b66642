"""Steps of a script of answers, taken on the reads of a session."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.types import Scope

from specimen.mockserver.errors import Contradiction
from specimen.mockserver.preferences.faults.rules import FaultRule
from specimen.mockserver.routing.endpoint import MOST_ANEW, Endpoint
from specimen.mockserver.routing.request_context import RequestContext
from specimen.mockserver.sessions.service import Sessions
from specimen.mockserver.sessions.session import Session
from specimen.mockserver.sessions.steering.steering import Steering
from specimen.mockserver.sessions.store import NamespaceChanged, Space, StoreFull, StoreUnavailable


async def script_step(endpoint: Endpoint, visit: RequestContext, scope: Scope, rule: FaultRule, raw: bytes) -> FaultRule | None:
    """Does the next step of a script for the session that a read is about.

    Gives the fault of a step that is a status, and the rule itself where the session was brought to the step's state; None where
    the script has no step for the request, or the session cannot come to it: then nothing was done.

    Raises:
        NamespaceChanged: by another process, before the step was taken.
    """
    reference = _session_of(endpoint, scope, raw)
    if reference is None or not endpoint.is_read or scope["method"] == "HEAD":
        return None
    try:
        session = await _sessions(endpoint, visit).get(reference[1], reference[0], poll=False)
        if session is None:
            return None
        key = f"script:{rule.id}:{rule.change}:{session.id}"
        number = await endpoint.store.increment(Space(visit.namespace.name, endpoint.provider.name), key)
        answers = rule.what["answers"]
        if number > len(answers):
            return None
        step = answers[number - 1]
        if isinstance(step, int):
            return replace(rule, kind="status", what={"status": step})
        await _brought_to(endpoint, visit, session, step)
    except (Contradiction, StoreUnavailable, StoreFull):
        return None
    return rule


async def _brought_to(endpoint: Endpoint, visit: RequestContext, session: Session, state: str) -> None:
    """Brings a session to the state of a step, which is taken once, however often other processes change the namespace."""
    for _ in range(MOST_ANEW):
        sessions = _sessions(endpoint, visit)
        steering = Steering(endpoint.provider, sessions.defaults)
        try:
            await sessions.steer(session, lambda record, at: steering.brought_to(record, state, at))  # noqa: B023 - called here
        except NamespaceChanged:
            visit.namespace = await endpoint.shared_state.namespaces.get(visit.namespace.name)
        else:
            return


def _sessions(endpoint: Endpoint, visit: RequestContext) -> Sessions:
    return Sessions(endpoint.shared_state, visit.namespace, visit.origin, visit.namespace.clock.now())


def _session_of(endpoint: Endpoint, scope: Scope, raw: bytes) -> tuple[str | None, str] | None:
    """Name and value of the id by which a read names its session."""
    lifecycle = endpoint.provider.lifecycle
    path: Mapping[str, str] = scope.get("path_params") or {}
    try:
        body = json.loads(raw) if raw else None
    except (ValueError, RecursionError):
        body = None
    for read in lifecycle.reads:
        if read.operation != endpoint.operation.id:
            continue
        places: list[tuple[Any, Any]] = [(template, path.get(name)) for name, template in read.request.path.items()]
        if isinstance(read.request.body, Mapping) and isinstance(body, Mapping):
            places += [(template, body.get(name)) for name, template in read.request.body.items()]
        for template, value in places:
            name = template[1:-1] if isinstance(template, str) and template.startswith("{") else None
            if name in lifecycle.ids and isinstance(value, str):
                return name, value
    return None
