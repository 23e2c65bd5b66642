"""One attempt of a delivery: builds and seals it, posts it, notes in the log what came of it, and when it is tried again."""

from __future__ import annotations

import base64
import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from specimen.fixtures import webhooks as recipes
from specimen.mockserver.errors import SpecimenError
from specimen.mockserver.sessions.namespaces import Namespace
from specimen.mockserver.sessions.service import Sessions
from specimen.mockserver.sessions.session_record import Record
from specimen.mockserver.sessions.shared_state import SharedState
from specimen.mockserver.sessions.store import Claimed, NamespaceChanged, Space, Store, Versioned
from specimen.mockserver.webhooks import endpoints, keys
from specimen.mockserver.webhooks.endpoints import Endpoint, check_url
from specimen.mockserver.webhooks.http_client import Answer, Poster
from specimen.mockserver.webhooks.outbox import DELIVERY_PREFIX, KEPT_MILLISECONDS, webhooks_of
from specimen.mockserver.webhooks.sealing import NoEncryptionKey, seal

LOG = "webhooks"
TOKEN_KEY = "webhook/token_key"  # noqa: S105 - the name of a kept value
NO_KEY = "no active encryption key"
DISABLED = "the endpoint is disabled"
NO_SESSION = "the session was deleted"
# By how much the time is wrong under the fault `stale_timestamp`.
STALE_MILLISECONDS = 3_600_000
_SHOWN_BYTES = 4096
PENDING, SUCCEEDED, FAILED, CANCELLED = "pending", "succeeded", "failed", "cancelled"


async def token_key(shared_state: SharedState, namespace: Namespace) -> Mapping[str, Any]:
    """The private key that a provider signs tokens with in a namespace, made when first asked for.

    Raises:
        MissingExtra: the extra `webhooks` is not installed.
    """
    store, space, now = shared_state.store, namespace.space(shared_state.name), namespace.clock.now()
    found = (await store.value(space, TOKEN_KEY, now)).value
    if found is None:
        made = keys.new_rsa_key(f"{shared_state.name}-1")
        found = await store.get_or_set(space, TOKEN_KEY, made, 1 << 62, now)
    return dict(found)


@dataclass(frozen=True, slots=True)
class _Sealed:
    """What is posted; no headers, and why, where a delivery cannot be made."""

    headers: Mapping[str, str]
    body: bytes = b""
    failure: str | None = None


async def attempt(
    shared_state: SharedState, namespace: Namespace, endpoint: Endpoint | None, poster: Poster, task: Claimed, origin: str
) -> None:
    """Sends one delivery of the outbox, then acknowledges or postpones its task.

    While an endpoint is disabled nothing is posted: the attempt counts as a failed one, and the next follows by the schedule.
    Source: Kayle ID's public source, apps/api/src/v1/webhooks/deliveries; of other vendors it is assumed.
    """
    store, space, now = shared_state.store, namespace.space(shared_state.name), namespace.clock.now()
    began = namespace.began
    kept, version = await store.value(space, DELIVERY_PREFIX + task.payload["id"], now)
    if endpoint is not None and not version:  # it may just have been removed, with its deliveries
        endpoint, _ = await endpoints.get(store, space, endpoint.id, now)
    if endpoint is None:
        await store.pop(space, DELIVERY_PREFIX + task.payload["id"], now)
        await store.acknowledge(space, task)
        return
    kept = kept or task.payload
    record = await store.get(space, kept["session"])
    if not _is_carried(kept, task):
        await store.acknowledge(space, task)
        return
    if record is None:
        gone = {**kept, "status": FAILED, "failure": NO_SESSION, "next_at": None, "updated_at": now}
        if await store.set_value(space, DELIVERY_PREFIX + kept["id"], gone, now + KEPT_MILLISECONDS, now, version=version):
            await store.acknowledge(space, task)
        else:  # somebody has changed it: once more
            await store.postpone(space, task, now, kept)
        return
    webhooks = webhooks_of(shared_state)
    number = kept["attempts"] + 1
    sealed = _Sealed({}, failure=DISABLED)
    if endpoint.enabled:
        sealed = await _sealed(shared_state, namespace, endpoint, Sessions(shared_state, namespace, origin, now), record, kept)
    started = time.perf_counter()
    if sealed.headers:
        answer = await poster.post(sealed.headers, sealed.body, webhooks.timeout_seconds)
        if "duplicate" in endpoint.faults and 200 <= answer.status < 300:
            answer = await poster.post(sealed.headers, sealed.body, webhooks.timeout_seconds)
    else:
        answer = Answer(0, failure=sealed.failure)
    milliseconds = round((time.perf_counter() - started) * 1000, 1)
    is_delivered = 200 <= answer.status < 300
    waits = webhooks.retry_seconds
    is_over = is_delivered or number > len(waits) or (endpoint.enabled and not sealed.headers)
    ended = {
        "key": endpoint.active_key_id, "updated_at": now, "last_at": now,
        "last_status": answer.status or None, "failure": answer.failure,
        "status": SUCCEEDED if is_delivered else FAILED if is_over else PENDING,
        "attempts": number, "next_at": None if is_over else now + round(waits[number - 1] * 1000),
    }  # fmt: skip
    entry = {
        "at": now, "attempt": number, "url": endpoint.url, "headers": dict(sealed.headers), "body": _shown(sealed.body),
        "status": answer.status or None, "failure": answer.failure, "answer": _shown(answer.body),
        "milliseconds": milliseconds,
        **{name: kept[name] for name in ("event", "type", "session", "endpoint")}, "delivery": kept["id"],
    }  # fmt: skip
    conclusion = _Conclusion(store, space, task, Versioned(kept, version), ended, entry, now)
    # What came in the meantime does not undo what was sent: only with its namespace an attempt is forgotten.
    while await shared_state.namespaces.is_still(namespace.name, began):
        with contextlib.suppress(NamespaceChanged):  # by another process, such as its clock: once more
            await conclusion.reach()
            return


@dataclass
class _Conclusion:
    """Notes an attempt in the log, keeps what it came to, then acknowledges or postpones its task."""

    store: Store
    space: Space
    task: Claimed
    begun: Versioned
    ended: Mapping[str, Any]
    entry: Mapping[str, Any]
    now: int
    is_noted: bool = False

    async def reach(self) -> None:
        """Goes on where it was interrupted."""
        store, space, task, begun, now = self.store, self.space, self.task, self.begun, self.now
        key = DELIVERY_PREFIX + begun.value["id"]
        newest = await store.value(space, key, now)
        if not self.is_noted:
            next_at = _merged(newest.value or begun.value, begun.value, self.ended)["next_at"]
            await store.append(space, LOG, [{**self.entry, "next_at": next_at}])
            self.is_noted = True
        while newest.version or not begun.version:  # else it was removed with its endpoint meanwhile
            newer = _merged(newest.value or begun.value, begun.value, self.ended)
            if await store.set_value(space, key, newer, now + KEPT_MILLISECONDS, now, version=newest.version):
                break
            newest = await store.value(space, key, now)
        else:
            newer = {**begun.value, "status": CANCELLED}
        if not _is_carried(newer, task):
            await store.acknowledge(space, task)
            return
        await store.postpone(space, task, newer["next_at"], newer)
        # Until it was given back, nobody who resent or canceled the delivery could have it be due at once.
        latest = (await store.value(space, key, now)).value
        if latest is None or not _is_carried(latest, task) or latest.get("resends") != newer.get("resends"):
            await store.reschedule(space, task.id, now)


def task_of(delivery: Mapping[str, Any]) -> str:
    """The id of the task that carries a delivery: only that one sends it."""
    return str(delivery.get("task", delivery["id"]))


def _is_carried(delivery: Mapping[str, Any], task: Claimed) -> bool:
    return delivery["status"] == PENDING and task_of(delivery) == task.id


def _merged(newest: Mapping[str, Any], begun: Mapping[str, Any], ended: Mapping[str, Any]) -> dict[str, Any]:
    """A delivery after an attempt; where it was resent or canceled since the attempt had begun, it stays so."""
    merged = {**newest, **ended}
    if newest.get("resends") != begun.get("resends"):
        kept: tuple[str, ...] = ("status", "attempts", "next_at")
    else:
        kept = () if newest["status"] == PENDING else ("status", "next_at")
    return {**merged, **{name: newest[name] for name in kept}}


async def _sealed(
    shared_state: SharedState,
    namespace: Namespace,
    endpoint: Endpoint,
    sessions: Sessions,
    record: Record,
    kept: Mapping[str, Any],
) -> _Sealed:
    """A delivery's next attempt, signed and encrypted, or why it cannot be."""
    webhooks = webhooks_of(shared_state)
    m = sessions.snapshot(sessions.of(record))
    try:
        check_url(endpoint.url, shared_state.settings.webhook_hosts)
        happening = recipes.happenings(webhooks, m)[kept["sequence"] - 1]
        sent_at = sessions.now - STALE_MILLISECONDS if "stale_timestamp" in endpoint.faults else sessions.now
        clear = recipes.cleartext(shared_state.provider, m, happening, kept["id"], sent_at, kept["attempts"] + 1)
        own = await token_key(shared_state, namespace) if webhooks.token is not None else None
        used = _with_faults(keys.EndpointKeys(endpoint.secret, endpoint.active_keys, own), endpoint.faults)
        body, headers = seal(webhooks, used, clear, sent_at=sent_at, event_id=kept["event"], delivery_id=kept["id"])
    except NoEncryptionKey:
        return _Sealed({}, failure=NO_KEY)
    except (SpecimenError, IndexError) as error:
        return _Sealed({}, failure=str(error))
    if "wrong_signature" in endpoint.faults and webhooks.token is not None:
        body = _with_another_signature(body)
    return _Sealed(headers, body)


def _with_faults(used: keys.EndpointKeys, faults: tuple[str, ...]) -> keys.EndpointKeys:
    if "wrong_signature" in faults:
        used = replace(used, secret=f"{used.secret}?")
    if "wrong_key" in faults:
        other = keys.new_rsa_key("unknown")
        if used.token_key is not None:
            return replace(used, token_key=other)
        if used.encryption_keys:
            return replace(used, encryption_keys=(("unknown", keys.public_part(other)),))
        return replace(used, secret=keys.secret_from(f"not {used.secret}"))
    return used


def _with_another_signature(token: bytes) -> bytes:
    head, claims, signature = token.split(b".")
    raw = bytearray(base64.urlsafe_b64decode(signature + b"=="))
    raw[0] ^= 1
    return b".".join((head, claims, base64.urlsafe_b64encode(bytes(raw)).rstrip(b"=")))


def _shown(body: bytes) -> str:
    return body[:_SHOWN_BYTES].decode("utf-8", "replace")
