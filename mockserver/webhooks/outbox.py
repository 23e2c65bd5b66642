"""Tells a session's moves: works out which events are due from its own timeline, and puts a delivery for each into the outbox.

A session with events still to come has one task in the outbox, due at its next move, so that idle sessions cost nothing. A move
by a request adds a task of its own. Both only add deliveries that are not there yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from specimen.fixtures import webhooks as recipes
from specimen.fixtures.primitives import ids
from specimen.fixtures.recipes.recipe import SessionSnapshot
from specimen.fixtures.webhooks import Happening
from specimen.mockserver.sessions.namespaces import Namespace
from specimen.mockserver.sessions.service import Sessions
from specimen.mockserver.sessions.session_record import FOREVER, Record
from specimen.mockserver.sessions.shared_state import SharedState
from specimen.mockserver.sessions.store import Claimed, Page, Space, StoreFull
from specimen.mockserver.webhooks import endpoints
from specimen.mockserver.webhooks.endpoints import Endpoint
from specimen.specs import SpecError
from specimen.specs.loading.webhooks import Webhooks

EVENT_PREFIX, DELIVERY_PREFIX = "webhook/event/", "webhook/delivery/"
# So long events and deliveries are known, by the virtual clock: longer than any vendor tries.
KEPT_MILLISECONDS = 30 * 24 * 3600 * 1000
# What the faults `delay` and `reorder` hold back: the second holds back every other event, until after the next one.
DELAY_MILLISECONDS, REORDER_MILLISECONDS = 60_000, 90_000
_PAGE = 500
_TELL = "tell"


def webhooks_of(shared_state: SharedState) -> Webhooks:
    """What a provider sends.

    Raises:
        SpecError: it sends nothing.
    """
    found = shared_state.provider.webhooks
    if found is None:
        raise SpecError(f"provider '{shared_state.name}'", "its pages name no webhooks.")
    return found


async def session_moved(shared_state: SharedState, namespace: Namespace, record: Record) -> None:
    """A session was created, or a request moved it: its moves so far are to be told, to endpoints that were there by then."""
    await _tell_later(shared_state, namespace.space(shared_state.name), record, namespace.clock.now())


async def _tell_later(shared_state: SharedState, space: Space, record: Record, now: int) -> None:
    task = f"{_TELL}/{record.id}/{record.version}"
    await shared_state.store.enqueue(space, task, task, now, {"tell": record.id, "version": record.version})


async def begin_to_tell(shared_state: SharedState, namespace: str, made: Endpoint, now: int) -> None:
    """Adds an endpoint, which hears from now on of sessions that are there as well.

    Raises:
        SettingError: there are too many, or one of that id.
        StoreFull: too many tasks wait for another one for each open session; the endpoint is not there then.
    """
    store, space = shared_state.store, Space(namespace, shared_state.name)
    is_first = not await endpoints.endpoints(store, space, now)
    await endpoints.add(store, space, made, now)
    if is_first:
        try:
            await _tell_open_sessions(shared_state, await shared_state.namespaces.get(namespace))
        except StoreFull:
            await store.pop(space, endpoints.PREFIX + made.id, now)
            raise


async def _tell_open_sessions(shared_state: SharedState, namespace: Namespace) -> None:
    """Tells, from now on, of the sessions that were there before the first endpoint: those that will still move by themselves.

    Raises:
        StoreFull: there are too many.
    """
    space, now = namespace.space(shared_state.name), namespace.clock.now()
    after = ""
    while True:
        records = await shared_state.store.page(space, Page("id", _PAGE, after or None))
        await shared_state.check_task_room(namespace)
        for record in records:
            if shared_state.cached_state(record, now).timeline.until < FOREVER:
                await _tell_later(shared_state, space, record, now)
        if len(records) < _PAGE:
            return
        after = records[-1].id


async def tell(
    shared_state: SharedState, namespace: Namespace, targets: Sequence[Endpoint], task: Claimed, now: int, origin: str
) -> None:
    """Does a task of `session_moved`: adds the deliveries of the moves up to `now`, then waits for the session's next move.

    Raises:
        StoreFull: too many deliveries wait; the task stays.
    """
    store, space = shared_state.store, namespace.space(shared_state.name)
    # Requests add tasks up to the bound. As many again are left to what those tasks add: else all could wait for room.
    if await store.task_room() <= -store.bounds.tasks:
        raise StoreFull("tasks", store.bounds.tasks)
    record = await store.get(space, task.payload["tell"])
    if record is None or record.version < task.payload["version"]:
        await store.acknowledge(space, task)
        return
    sessions = Sessions(shared_state, namespace, origin, now)
    session = sessions.of(record)
    snapshot, told = sessions.snapshot(session), task.payload.get("told", 0)
    for happening in recipes.happenings(webhooks_of(shared_state), snapshot)[told:]:
        told = happening.sequence
        wanting = _wanting(webhooks_of(shared_state), targets, record, snapshot, happening)
        await _add(shared_state, space, wanting, record, happening, now)
    # A newer version of the record has a task of its own.
    if session.timeline.until < FOREVER and record.version == task.payload["version"]:
        await store.postpone(space, task, session.timeline.until, {**task.payload, "told": told})
    else:
        await store.acknowledge(space, task)


def _wanting(
    webhooks: Webhooks, targets: Sequence[Endpoint], record: Record, m: SessionSnapshot, happening: Happening
) -> list[Endpoint]:
    """The endpoints that an event goes to, by what they were when it happened, not when it is told."""
    named = m.facts.get(webhooks.endpoint_fact) if webhooks.endpoint_fact is not None else None
    if isinstance(named, str):
        named = [named]
    change = record.change_before(happening.index)
    return [one for one in targets if one.wants(happening.type.name, record.owner, named, happening.at, change)]


async def _add(
    shared_state: SharedState, space: Space, wanting: Sequence[Endpoint], record: Record, happening: Happening, now: int
) -> None:
    """Adds the deliveries of one event, where they are not there yet."""
    store, kind = shared_state.store, happening.type.name
    until = now + KEPT_MILLISECONDS
    added = []
    for endpoint in wanting:
        delivery = new_delivery(endpoint, happening, record.id)
        key = DELIVERY_PREFIX + delivery["id"]
        if (await store.value(space, key, now)).version:
            continue
        # First the task: whoever dies between the two has added a delivery that is sent, and not one that never is.
        await store.enqueue(space, delivery["id"], _lane(endpoint, record, happening), _due(endpoint, happening), delivery)
        await store.set_value(space, key, delivery, until, now, version=0)
        added.append(delivery["id"])
    if added:
        event = {
            "id": happening.event_id, "type": kind, "session": record.id, "sequence": happening.sequence,
            "at": happening.at, "owner": record.owner, "deliveries": added,
        }  # fmt: skip
        await store.set_value(space, EVENT_PREFIX + happening.event_id, event, until, now)


def new_delivery(endpoint: Endpoint, happening: Happening, session_id: str) -> dict[str, Any]:
    """A delivery as the store keeps it, before its first attempt. Times are milliseconds since the epoch."""
    return {
        "id": f"whd_{ids.digest(f'{endpoint.id}/{happening.event_id}', 12).hex()}",
        "event": happening.event_id,
        "type": happening.type.name,
        "sequence": happening.sequence,
        "session": session_id,
        "endpoint": endpoint.id,
        "owner": endpoint.owner,
        "key": endpoint.active_key_id,
        "status": "pending",
        "attempts": 0,
        "created_at": happening.at,
        "updated_at": happening.at,
        "next_at": happening.at,
        "last_at": None,
        "last_status": None,
    }


def _lane(endpoint: Endpoint, record: Record, happening: Happening) -> str:
    """Deliveries of one session to one endpoint follow one another, but for the fault that breaks that."""
    lane = f"{endpoint.id}/{record.id}"
    return f"{lane}/{happening.sequence}" if "reorder" in endpoint.faults else lane


def _due(endpoint: Endpoint, happening: Happening) -> int:
    due = happening.at
    if "delay" in endpoint.faults:
        due += DELAY_MILLISECONDS
    if "reorder" in endpoint.faults and happening.sequence % 2:
        due += REORDER_MILLISECONDS
    return due


def is_delivery(payload: Mapping[str, Any]) -> bool:
    """Whether a task is a delivery, and not one of `session_moved`."""
    return "event" in payload
