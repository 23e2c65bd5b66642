"""The webhooks of one account, for the operations by which a vendor lets its customers manage them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from specimen.mockserver.sessions.service import Sessions
from specimen.mockserver.sessions.store import Store
from specimen.mockserver.webhooks import deliveries, endpoints, keys, outbox
from specimen.mockserver.webhooks.endpoints import Endpoint
from specimen.mockserver.webhooks.outbox import DELIVERY_PREFIX, EVENT_PREFIX

# What of a JWK is no secret; a receiver that uploads its private key by mistake must not find it in answers.
_SECRET_PARTS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_AT_ONCE = 500


class AccountWebhooks:
    """Endpoints, keys, events and deliveries of one account, as one request sees them. Times are milliseconds since the epoch."""

    def __init__(self, sessions: Sessions, owner: str) -> None:
        self._shared = sessions.shared_state
        self._namespace_name = sessions.namespace
        self._space = sessions.space
        self._owner = owner
        self.now = sessions.now

    @property
    def _store(self) -> Store:
        return self._shared.store

    async def endpoints(self) -> list[Endpoint]:
        """The account's endpoints, newest first."""
        found = [one for one in await endpoints.endpoints(self._store, self._space, self.now) if one.owner == self._owner]
        return sorted(found, key=lambda one: (one.created_at, one.added_by), reverse=True)

    async def endpoint(self, endpoint_id: str) -> Endpoint | None:
        """An endpoint of the account, or None."""
        found, _ = await endpoints.get(self._store, self._space, endpoint_id, self.now)
        return found if found is not None and found.owner == self._owner else None

    async def is_unavailable(self, endpoint_id: str) -> bool:
        """Whether an endpoint is another account's, or is disabled; what nobody registered here may be one elsewhere."""
        found, _ = await endpoints.get(self._store, self._space, endpoint_id, self.now)
        return found is not None and found.owner is not None and (found.owner != self._owner or not found.enabled)

    async def add(self, url: str, types: Sequence[str], *, enabled: bool, more: Mapping[str, Any]) -> Endpoint:
        """A new endpoint, with a secret that was made for it.

        Raises:
            SettingError: there are too many.
        """
        # First: that changes the namespace, and a request that meets another one than before is run anew.
        change = await endpoints.count_change(self._store, self._space)
        namespace = await self._shared.namespaces.get(self._namespace_name)
        key = await keys.derivation_key(self._shared, namespace)
        made = Endpoint(
            f"whe_{keys.id_from(key)}", url, keys.secret_from(key), self.now, self._owner, enabled, tuple(types),
            more=dict(more), added_by=change,
        )  # fmt: skip
        await outbox.begin_to_tell(self._shared, self._namespace_name, made, self.now)
        self._wake()
        return made

    async def change(self, endpoint: Endpoint, **changes: Any) -> Endpoint | None:
        """An endpoint with other values; None where it is gone."""
        return await endpoints.change(self._store, self._space, endpoint.id, self.now, **changes)

    async def remove(self, endpoint: Endpoint) -> bool:
        """Removes an endpoint with its keys and deliveries; returns whether it was there."""
        return await deliveries.remove_endpoint(self._store, self._space, endpoint.id, self.now)

    async def rotate(self, endpoint: Endpoint) -> Endpoint | None:
        """The endpoint with a new secret; the old one ends at once."""
        return await self.change(endpoint, secret=keys.secret_from(await self._derivation_key()))

    async def add_key(self, endpoint: Endpoint, kid: str, jwk: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """A new encryption key of an endpoint, which deliveries are encrypted for from now on; None where it is gone."""
        public = {name: value for name, value in jwk.items() if name not in _SECRET_PARTS}
        made = {
            "id": f"whk_{keys.id_from(await self._derivation_key())}", "kid": kid, "jwk": public, "is_active": True,
            "created_at": self.now, "updated_at": self.now, "disabled_at": None,
        }  # fmt: skip
        newer = await endpoints.changed(
            self._store, self._space, endpoint.id, self.now, lambda one: replace(one, keys=(*one.keys, made))
        )
        return None if newer is None else made

    async def key(self, key_id: str) -> tuple[Endpoint, Mapping[str, Any]] | None:
        """A key of the account with its endpoint, or None."""
        for endpoint in await self.endpoints():
            for key in endpoint.keys:
                if key["id"] == key_id:
                    return endpoint, key
        return None

    async def set_active(self, key_id: str, *, is_active: bool) -> tuple[Endpoint, Mapping[str, Any]] | None:
        """The key, which new deliveries may use or may not; None where the account has none of that id."""
        found = await self.key(key_id)
        if found is None:
            return None
        times = {"updated_at": self.now, "disabled_at": None if is_active else self.now}

        def switched(one: Endpoint) -> Endpoint:
            return replace(
                one, keys=tuple({**key, **times, "is_active": is_active} if key["id"] == key_id else key for key in one.keys)
            )

        newer = await endpoints.changed(self._store, self._space, found[0].id, self.now, switched)
        return None if newer is None else (newer, next(key for key in newer.keys if key["id"] == key_id))

    async def deliveries(self) -> list[dict[str, Any]]:
        """All deliveries to the account's endpoints, newest first, also of a session that moved twice in a millisecond."""
        found = [one async for one in self._values(DELIVERY_PREFIX) if one.get("owner") == self._owner]
        return sorted(found, key=lambda one: (one["created_at"], one["session"], one["sequence"], one["id"]), reverse=True)

    async def delivery(self, delivery_id: str) -> dict[str, Any] | None:
        """A delivery to one of the account's endpoints, or None."""
        found = await deliveries.get(self._store, self._space, delivery_id, self.now)
        return found if found is not None and found.get("owner") == self._owner else None

    async def events(self) -> list[dict[str, Any]]:
        """All events of the account's sessions, newest first."""
        found = [one async for one in self._values(EVENT_PREFIX) if one["owner"] == self._owner]
        return sorted(found, key=lambda one: (one["at"], one["session"], one["sequence"]), reverse=True)

    async def event(self, event_id: str) -> dict[str, Any] | None:
        """An event of one of the account's sessions, or None."""
        found = await deliveries.event(self._store, self._space, event_id, self.now)
        return found if found is not None and found["owner"] == self._owner else None

    async def deliveries_of(self, event: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The deliveries of an event to the account's endpoints."""
        found = [await self.delivery(one) for one in event["deliveries"]]
        return [one for one in found if one is not None]

    async def resend(self, delivery_id: str) -> dict[str, Any] | None:
        """Sends a delivery again at once, whatever came of it; None where there is none."""
        found = await deliveries.resend(self._store, self._space, delivery_id, self.now)
        self._wake()
        return found

    async def _derivation_key(self) -> str:
        return await keys.derivation_key(self._shared, await self._shared.namespaces.get(self._namespace_name))

    async def _values(self, prefix: str) -> Any:
        after = ""
        while True:
            found = await self._store.values(self._space, prefix, self.now, after, _AT_ONCE)
            for key, kept in found:
                yield dict(kept.value)
                after = key
            if len(found) < _AT_ONCE:
                return

    def _wake(self) -> None:
        if self._shared.wake_sender is not None:
            self._shared.wake_sender(self._space)


def page(rows: Sequence[Any], id_of: Callable[[Any], str], after: str | None, limit: int) -> tuple[Sequence[Any], bool]:
    """The rows after the one of an id, `limit` at most, and whether there are more; after an unknown id there are none."""
    if after is not None:
        rows = list(_behind(rows, id_of, after))
    return rows[:limit], len(rows) > limit


def _behind(rows: Sequence[Any], id_of: Callable[[Any], str], after: str) -> Iterator[Any]:
    is_behind = False
    for row in rows:
        if is_behind:
            yield row
        is_behind = is_behind or id_of(row) == after
