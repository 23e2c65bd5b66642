"""Sessions: listed, created, read, narrowed, moved and forgotten."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from specimen.fixtures import recipes
from specimen.fixtures.primitives.times import iso_millis
from specimen.fixtures.recipes import session_histories
from specimen.mockserver.control.call import API, Call, Handler
from specimen.mockserver.control.problems import ControlProblem, not_there
from specimen.mockserver.control.server import Mounted
from specimen.mockserver.errors import Contradiction, InvalidFact, InvalidPreference
from specimen.mockserver.http.messages import Reply
from specimen.mockserver.preferences.preferences import Preference, reachable_states, scenario_named
from specimen.mockserver.routing.request_context import PREFERENCE
from specimen.mockserver.sessions.catalogue.in_process import answered
from specimen.mockserver.sessions.service.creation import check_creation
from specimen.mockserver.sessions.session import Session
from specimen.mockserver.sessions.session_record import Record
from specimen.mockserver.sessions.steering.facts import checked_facts
from specimen.mockserver.sessions.steering.steering import Steering
from specimen.mockserver.sessions.store.codec import encode_record
from specimen.mockserver.settings import Pace
from specimen.specs.core import json_pointer

_PAGE = 200


async def list_sessions(call: Call) -> Reply:
    """A page of sessions, provider by provider; the cursor names the last one."""
    asked, limit = call.query.get("provider"), call.query["limit"]
    if asked is not None:
        call.mounted(asked)
    scenarios = _scenarios(call, [name for name in call.server.mounted if asked in (None, name)])
    names = list(scenarios)
    after: str | None = None
    if "after" in call.query:
        name, _, after = call.query["after"].partition(":")
        if name not in names or not after:
            raise ControlProblem(400, "after: expected the `next` of the page before.")
        names = names[names.index(name) :]
    found: list[tuple[Mounted, Session]] = []
    for name in names:
        mounted, scenario = call.mounted(name), scenarios[name]
        sessions = call.sessions(mounted)
        while len(found) <= limit:
            try:
                page = await sessions.page("oldest", _PAGE, after=after, state=call.query.get("state"))
            except KeyError:
                raise ControlProblem(400, "after: this session is gone; begin anew.") from None
            found += [(mounted, session) for session in page if scenario in (None, session.scenario)]
            if len(page) < _PAGE:
                break
            after = page[-1].id
        after = None
    shown = found[:limit]
    cursor = f"{shown[-1][0].provider.name}:{shown[-1][1].id}" if len(found) > limit else None
    return Reply(200, {"sessions": [described(call, *one) for one in shown], "next": cursor})


def _scenarios(call: Call, names: Sequence[str]) -> dict[str, str | None]:
    """By provider the scenario, by its name or alias, that a list is asked for: None for every one; without those that have none.

    Raises:
        ControlProblem: none of the providers has the state or the scenario.
    """
    lifecycles = {name: call.mounted(name).provider.lifecycle for name in names}
    state, scenario = call.query.get("state"), call.query.get("scenario")
    states = {one for lifecycle in lifecycles.values() for one in lifecycle.states}
    if state is not None and state not in states:
        raise not_there("state", state, states)
    if scenario is None:
        return dict.fromkeys(names)
    named = ((name, session_histories.scenario_named(lifecycle, scenario)) for name, lifecycle in lifecycles.items())
    found: dict[str, str | None] = {name: one.name for name, one in named if one is not None}
    if not found:
        raise not_there("scenario", scenario, {one for lifecycle in lifecycles.values() for one in lifecycle.scenarios})
    return found


async def create_session(call: Call) -> Reply:
    """A session made by the vendor's own create request."""
    body = call.body
    mounted = call.mounted(body["provider"]) if body["provider"] in call.server.mounted else None
    if mounted is None:
        names = list(call.server.mounted)
        raise ControlProblem(400, f"provider '{body['provider']}' is not served here.", {"providers": names})
    provider = mounted.provider
    facts = checked_facts(provider, body.get("facts", {}))
    scenario = None if "scenario" not in body else scenario_named(provider, body["scenario"])
    state = body.get("state")
    possible = reachable_states(provider) if scenario is None else scenario.path
    if state is not None and state not in possible:
        raise InvalidPreference("state", state, possible)
    pace = None if "pace" not in body else Pace.parse(body["pace"])
    preference = Preference(
        scenario=scenario, status=state, seed=body.get("seed"), pace=pace, facts=facts, as_written={"control": "control"}
    )
    effective = pace or call.namespace.pace or call.server.settings.pace
    check_creation(provider, call.sessions(mounted).defaults, preference, effective, call.namespace.clock.now())
    status, answer = await _sent(call, mounted, preference, scenario)
    session_id = json_pointer.at(answer, provider.lifecycle.create.session) if status < 300 else None
    if not isinstance(session_id, str):
        raise ControlProblem(
            507 if status == 507 else 400, f"{provider.name} did not create the session: {json.dumps(answer)[:500]}"
        )
    session = await call.sessions(mounted).get(session_id, poll=False)
    if session is None:
        raise ControlProblem(400, "the session ended before it could be shown.")
    reply = _reply(call, mounted, session, 201)
    reply.body = {"session": reply.body, "answer": answer}
    reply.headers = {**reply.headers, "Location": f"{API}/sessions/{provider.name}/{quote(session.id, safe='')}"}
    return reply


async def _sent(call: Call, mounted: Mounted, preference: Preference, scenario: Any) -> tuple[int, Any]:
    """Status and JSON body of the answer to the vendor's create request, sent through the application."""
    entry = mounted.table.create_request(scenario, preference.facts)
    headers = {**entry["headers"], "host": call.headers.get("host", "127.0.0.1"), "specimen-namespace": call.namespace.name}
    more = {"scheme": call.origin.partition("://")[0], PREFERENCE: preference}
    status, body = await answered(call.server.application, entry["method"], entry["path"], headers, entry["body"], more)
    try:
        return status, json.loads(body)
    except ValueError:
        return status, None


async def get_session(call: Call) -> Reply:
    """One session."""
    mounted, session = await _found(call)
    return _reply(call, mounted, session)


async def patch_session(call: Call) -> Reply:
    """The session with other facts."""
    return await _steered(call, lambda steering, record, now: steering.narrowed(record, call.body["facts"], now))


async def advance_session(call: Call) -> Reply:
    """The session in the next state of its scenario."""
    return await _steered(call, lambda steering, record, now: steering.advance(record, call.body.get("facts", {}), now))


async def transition_session(call: Call) -> Reply:
    """The session in another state."""
    to, facts = call.body["to"], call.body.get("facts", {})
    return await _steered(call, lambda steering, record, now: steering.transition(record, to, facts, now))


async def expire_session(call: Call) -> Reply:
    """The session at the end of its lifetime."""
    return await _steered(call, lambda steering, record, now: steering.expire(record, now))


async def delete_session(call: Call) -> Reply:
    """Nothing; the session is gone."""
    while True:
        mounted, session = await _found(call)
        _check_match(call, session)
        if await call.sessions(mounted).delete(session):
            return Reply(204)
        if session.record.version == 0:
            raise ControlProblem(404, "this session is of the catalogue, and was not changed: there is nothing to forget.")


async def _steered(call: Call, change: Callable[[Steering, Record, int], Record]) -> Reply:
    mounted, session = await _found(call)
    steering = _steering(call, mounted)
    sessions = call.sessions(mounted)

    def checked(record: Record, now: int) -> Record:
        _check_match(call, sessions.of(record))
        return change(steering, record, now)

    steered = await sessions.steer(session, checked)
    if steered is None:
        raise ControlProblem(404, "the session was forgotten meanwhile.")
    return _reply(call, mounted, steered)


async def _found(call: Call) -> tuple[Mounted, Session]:
    mounted, value = call.mounted(call.path["provider"]), call.path["id"]
    sessions = call.sessions(mounted)
    for name in mounted.provider.lifecycle.ids:
        session = await sessions.get(value, name, poll=False)
        if session is not None:
            return mounted, session
    raise ControlProblem(404, f"{mounted.provider.name} has no such session in namespace '{call.namespace.name}'.")


def _check_match(call: Call, session: Session) -> None:
    wanted = call.headers.get("if-match")
    if wanted is None or wanted.strip() == "*":
        return
    if _etag(session) not in [one.strip() for one in wanted.split(",")]:
        raise ControlProblem(412, "the session has changed; read it again.")


def _etag(session: Session) -> str:
    # A version may come again after a reset, with another content.
    content = sha256(encode_record(session.record)).hexdigest()[:16]
    return f'"{session.record.version}-{len(session.events)}-{content}"'


def _steering(call: Call, mounted: Mounted) -> Steering:
    return Steering(mounted.provider, call.sessions(mounted).defaults)


def _reply(call: Call, mounted: Mounted, session: Session, status: int = 200) -> Reply:
    shown = described(call, mounted, session)
    return Reply(status, shown, {"ETag": shown["etag"]})


def described(call: Call, mounted: Mounted, session: Session) -> dict[str, Any]:
    """A session as the control API shows it."""
    provider = mounted.provider
    now = call.namespace.clock.now()
    steering = _steering(call, mounted)
    possible = steering.possible(session.record, now)
    ends_at = session_histories.expires_at(provider.lifecycle, session.created_at)
    return {
        "provider": provider.name,
        "namespace": call.namespace.name,
        "id": session.id,
        "ids": dict(session.ids),
        "scenario": session.scenario,
        "state": session.state,
        "is_terminal": session.is_terminal,
        "next": steering.next_state(session.record, now),
        "possible": {"states": list(possible.states), "facts": list(possible.facts)},
        "facts": recipes.shown_facts(provider, session.snapshot),
        "seed": session.seed,
        "events": [{"state": event.state, "at": iso_millis(event.at), "cause": event.cause} for event in session.events],
        "created_at": iso_millis(session.created_at),
        "expires_at": None if ends_at is None else iso_millis(ends_at),
        "version": session.record.version,
        "etag": _etag(session),
    }


def refused(error: Exception) -> ControlProblem | None:
    """The answer to a request that no session can do; None for another error."""
    if isinstance(error, Contradiction):
        return ControlProblem(409, str(error), error.possible)
    if isinstance(error, InvalidFact):
        return ControlProblem(400, str(error), {error.name: list(error.possible)} if error.possible else None)
    if isinstance(error, InvalidPreference):
        return ControlProblem(400, str(error), {error.name: list(error.possible)})
    return None


HANDLERS: Mapping[str, Handler] = {
    "listSessions": list_sessions,
    "createSession": create_session,
    "getSession": get_session,
    "patchSession": patch_session,
    "deleteSession": delete_session,
    "advanceSession": advance_session,
    "transitionSession": transition_session,
    "expireSession": expire_session,
}
