"""Deliveries of a provider in a namespace: listed, sent again, canceled; and the log of all attempts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from specimen.mockserver.sessions.store import Space, Store, StoreFull
from specimen.mockserver.webhooks import endpoints
from specimen.mockserver.webhooks.attempts import CANCELLED, LOG, PENDING, task_of
from specimen.mockserver.webhooks.outbox import DELIVERY_PREFIX, EVENT_PREFIX, KEPT_MILLISECONDS

_AT_ONCE = 500


async def get(store: Store, space: Space, delivery_id: str, now: int) -> dict[str, Any] | None:
    """A delivery, or None."""
    found = (await store.value(space, DELIVERY_PREFIX + delivery_id, now)).value
    return None if found is None else dict(found)


async def page(store: Store, space: Space, now: int, after: str, limit: int) -> list[dict[str, Any]]:
    """Deliveries in the order of their ids, after one."""
    found = await store.values(space, DELIVERY_PREFIX, now, DELIVERY_PREFIX + after if after else "", limit)
    return [dict(kept.value) for _, kept in found]


async def event(store: Store, space: Space, event_id: str, now: int) -> dict[str, Any] | None:
    """An event with the ids of its deliveries, or None."""
    found = (await store.value(space, EVENT_PREFIX + event_id, now)).value
    return None if found is None else dict(found)


async def resend(store: Store, space: Space, delivery_id: str, now: int) -> dict[str, Any] | None:
    """Sends a delivery again at once, whatever came of it, with a schedule of its own; None where there is none.

    One that was tried and waits keeps its task, so that the session's later events stay behind it. Any other gets a task in a
    lane of its own, as those before it may wait for days.

    Raises:
        StoreFull: too many tasks wait.
    """
    if await store.task_room() <= 0:
        raise StoreFull("tasks", store.bounds.tasks)
    old = ""

    def again(kept: Mapping[str, Any]) -> dict[str, Any]:
        nonlocal old
        old, resends = task_of(kept), kept.get("resends", 0) + 1
        is_first_of_lane = kept["status"] == PENDING and kept["attempts"] > 0
        task = old if is_first_of_lane else f"{delivery_id}/{resends}"
        return {**kept, "status": PENDING, "attempts": 0, "resends": resends, "task": task, "next_at": now}

    found = await _changed(store, space, delivery_id, now, again)
    if found is not None:
        if found["task"] != old:
            await store.enqueue(space, found["task"], found["task"], now, found)
        await store.reschedule(space, old, now)  # the old one ends as soon as its turn comes
    return found


async def cancel(store: Store, space: Space, delivery_id: str, now: int) -> dict[str, Any] | None:
    """Has a delivery not be sent, or not be tried again; None where there is none that waits.

    Its task is due now and then ends, so that those behind it wait no longer.
    """
    is_waiting = False

    def canceled(kept: Mapping[str, Any]) -> dict[str, Any]:
        nonlocal is_waiting
        is_waiting = kept["status"] == PENDING
        return {**kept, "status": CANCELLED, "next_at": None} if is_waiting else dict(kept)

    found = await _changed(store, space, delivery_id, now, canceled)
    if found is None or not is_waiting:
        return None
    await store.reschedule(space, task_of(found), now)
    return found


async def remove_endpoint(store: Store, space: Space, endpoint_id: str, now: int) -> bool:
    """Removes an endpoint with its keys and its deliveries; returns whether it was there.

    Source: Kayle ID API reference, OpenAPI 1.5.0, Delete a webhook endpoint ("cascade-remove its keys and deliveries").
    """
    if not await endpoints.remove(store, space, endpoint_id, now):
        return False
    after = ""
    while found := await page(store, space, now, after, _AT_ONCE):
        after = found[-1]["id"]
        for one in found:
            if one["endpoint"] == endpoint_id:
                await store.pop(space, DELIVERY_PREFIX + one["id"], now)
    return True


async def attempts(store: Store, space: Space, after: int, limit: int) -> list[dict[str, Any]]:
    """The log: every attempt with its number, request, answer, latency and next try, oldest first."""
    return [{"number": entry.number, **entry.value} for entry in await store.entries(space, LOG, after, limit)]


async def _changed(
    store: Store, space: Space, delivery_id: str, now: int, change: Callable[[Mapping[str, Any]], dict[str, Any]]
) -> dict[str, Any] | None:
    key = DELIVERY_PREFIX + delivery_id
    while True:
        kept, version = await store.value(space, key, now)
        if kept is None:
            return None
        newer = {**change(kept), "updated_at": now}
        if await store.set_value(space, key, newer, now + KEPT_MILLISECONDS, now, version=version):
            return newer
