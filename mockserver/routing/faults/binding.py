"""Faults of later reads that a magic value asks for: rules of the namespace, bound to the session that the request creates."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any

from specimen.mockserver.errors import InvalidPreference
from specimen.mockserver.http.messages import Reply
from specimen.mockserver.preferences.faults.rules import MOST_RULES, FaultRule
from specimen.mockserver.routing.endpoint import MOST_ANEW, Endpoint
from specimen.mockserver.routing.request_context import RequestContext
from specimen.mockserver.sessions.service import Sessions
from specimen.mockserver.sessions.session import Session
from specimen.mockserver.sessions.store import NamespaceChanged
from specimen.specs.core import json_pointer


def check_room(rule: FaultRule, visit: RequestContext) -> None:
    """Checks that the namespace takes one more fault.

    Raises:
        InvalidPreference: it has as many as it may have.
    """
    if len(visit.namespace.faults) >= MOST_RULES:
        what = f"a namespace has at most {MOST_RULES} faults, which `DELETE /_specimen/v1/faults` of the control API removes."
        raise InvalidPreference("magic", f"fault-{rule.kind}", (), what)


async def bind(rule: FaultRule, endpoint: Endpoint, visit: RequestContext, reply: Reply) -> None:
    """Adds a fault for the session that an answer to a create request shows; once, however often the request is repeated."""
    ids = await _ids(endpoint, visit, reply)
    if not ids:
        return
    digest = sha256(f"{ids[0]}/{json.dumps(rule.as_json())}".encode()).hexdigest()
    match = {"provider": endpoint.provider.name, "session": ids if len(ids) > 1 else ids[0]}
    bound = replace(rule, id=f"{rule.kind}-{digest[:16]}", match=match)

    def newer(entries: Sequence[Any]) -> list[Any]:
        is_there = any(entry["rule"]["id"] == bound.id for entry in entries)
        added = [] if is_there else [{"rule": bound.as_json(), "since": visit.namespace.clock.now()}]
        return [*entries, *added]

    visit.namespace = await endpoint.shared_state.namespaces.change_faults(visit.namespace.name, newer)


async def _ids(endpoint: Endpoint, visit: RequestContext, reply: Reply) -> list[str]:
    """All ids by which reads name the session, that of the answer first; none where the answer shows no session."""
    if reply.status >= 300:
        return []
    lifecycle = endpoint.provider.lifecycle
    value = json_pointer.at(json.loads(reply.payload()), lifecycle.create.session)
    if not isinstance(value, str):
        return []
    named = json.dumps([[dict(read.request.path), read.request.body] for read in lifecycle.reads], default=dict)
    names = [name for name in lifecycle.ids if f'"{{{name}}}"' in named]
    if len(names) == 1:
        return [value]
    session = await _session(endpoint, visit, value)
    return list(dict.fromkeys([value, *(() if session is None else (session.ids[name] for name in names))]))


async def _session(endpoint: Endpoint, visit: RequestContext, value: str) -> Session | None:
    """The session that the request made, read anew where another process changed the namespace; None after too many times."""
    for _ in range(MOST_ANEW):
        try:
            sessions = Sessions(endpoint.shared_state, visit.namespace, visit.origin, visit.namespace.clock.now())
            return await sessions.get(value, poll=False)
        except NamespaceChanged:
            visit.namespace = await endpoint.shared_state.namespaces.get(visit.namespace.name)
    return None
