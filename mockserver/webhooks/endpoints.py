"""The endpoints of a provider in a namespace: where webhooks go, with their secrets and keys; all of it is in the store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from time import time_ns
from typing import Any
from urllib.parse import urlsplit

from specimen.fixtures.recipes.recipe import DEFAULT_NAMESPACE
from specimen.mockserver.errors import SettingError
from specimen.mockserver.sessions.namespaces import ENDPOINT_CHANGE, WEBHOOKS
from specimen.mockserver.sessions.session_record import FOREVER
from specimen.mockserver.sessions.store import Space, Store
from specimen.specs.core.hosts import host_name, is_loopback

PREFIX = "webhook/endpoint/"
# Ids of endpoints that were removed: they are not given again, as what waits for the old one would be the new one's.
REMOVED_PREFIX = "webhook/removed/"
# In the first namespace's own space: which spaces have endpoints, so that every process finds them. It ends with that
# namespace; who works on a space lists it again.
SPACES = Space(DEFAULT_NAMESPACE, "")
_SPACE_PREFIX = "webhook/space/"
FAULTS = ("duplicate", "delay", "reorder", "wrong_signature", "stale_timestamp", "wrong_key")
NO_TYPES = ("",)
_MOST_ENDPOINTS = 100
_LONGEST_URL = 2048
_MOST_SPACES = 10_000
# So many changes of an endpoint are known; of what happened before them, its state before the first of these decides.
_MOST_FORMER = 50


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where webhooks go. Times are milliseconds since the epoch, of the namespace's clock.

    `owner` is the account whose sessions it hears of; None hears of all. `types` are the types of event it wants (none named:
    all; NO_TYPES: none). `keys` are public encryption keys of the receiver, each with `id`, `kid`, `jwk` and `is_active`.
    `faults` are what is done to its deliveries on purpose, each one of FAULTS. `more` is what a vendor's own operations keep
    of it.

    The changes of a namespace's endpoints have numbers, see `count_change`: `added_by` is the one that added this endpoint.
    `former` are its `enabled` and `types` until each later change, oldest first, with the `change` and when (`at`) that was.
    """

    id: str
    url: str
    secret: str
    created_at: int
    owner: str | None = None
    enabled: bool = True
    types: tuple[str, ...] = ()
    keys: tuple[Mapping[str, Any], ...] = ()
    faults: tuple[str, ...] = ()
    more: Mapping[str, Any] | None = None
    added_by: int = 0
    former: tuple[Mapping[str, Any], ...] = ()

    @property
    def document(self) -> dict[str, Any]:
        """The endpoint as the store keeps it."""
        return asdict(self)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Endpoint:
        """The endpoint that a document describes."""
        lists = {name: tuple(document.get(name) or ()) for name in ("types", "keys", "faults", "former")}
        return cls(**{**document, **lists})

    @property
    def active_keys(self) -> tuple[tuple[str, Mapping[str, Any]], ...]:
        """The public keys that deliveries may be encrypted for, by key id, oldest first."""
        return tuple((key["kid"], key["jwk"]) for key in self.keys if key["is_active"])

    @property
    def active_key_id(self) -> str | None:
        """The id of the key that deliveries are encrypted for, or None."""
        return next((key["id"] for key in reversed(self.keys) if key["is_active"]), None)

    def wants(self, kind: str, owner: str, named: Sequence[str] | None, at: int, change: int | None = None) -> bool:
        """Whether an event of a type goes to it: `owner` is the session's account, `named` the endpoints that it names.

        What the endpoint was then decides: after the change of that number, or where that is not known, at that time; a change
        of the same millisecond came later.
        """
        then = self._as_it_was(at, change)
        if then is None or not then.enabled or (then.types and kind not in then.types):
            return False
        if self.owner is None:
            return True
        return self.owner == owner and (named is None or self.id in named)

    def _as_it_was(self, at: int, change: int | None) -> Endpoint | None:
        """What it was then; None where it was not there yet."""

        def is_before(other: int, other_at: int) -> bool:
            return at <= other_at if change is None else change < other

        if is_before(self.added_by, self.created_at):
            return None
        for one in self.former:
            if is_before(one["change"], one["at"]):
                return replace(self, enabled=one["enabled"], types=tuple(one["types"]))
        return self


def check_url(url: str, hosts: Sequence[str]) -> None:
    """Refuses a target that is neither on this machine nor one of the named hosts: a mock must not write to strangers.

    Raises:
        SettingError: the URL cannot be a target.
    """
    host = host_of(url)
    if host is None:
        raise SettingError("webhook target: is no host name, address or port that a URL may have.")
    if not is_loopback(host) and host not in map(host_name, hosts):
        raise SettingError(f"webhook target: the host '{host}' is not this machine. Name it: --webhook-host {host}.")


def host_of(url: str) -> str | None:
    """The host of a target, in its one spelling; None where that is no name or address, or the port is none.

    Raises:
        SettingError: the URL cannot be a target.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError as error:
        raise SettingError("webhook target: is no URL.") from error
    if parts.scheme not in ("http", "https") or not host or len(url) > _LONGEST_URL or any(c <= " " for c in url):
        raise SettingError("webhook target: expected an http or https URL such as http://127.0.0.1:9000/hook.")
    if parts.username is not None or parts.fragment:
        raise SettingError("webhook target: a URL with a user or a fragment; leave them out.")
    try:
        return None if parts.port == 0 else host_name(host)
    except ValueError:  # the port is no number, or too large
        return None


async def endpoints(store: Store, space: Space, now: int) -> list[Endpoint]:
    """All endpoints, in the order of their ids."""
    found = await store.values(space, PREFIX, now, "", _MOST_ENDPOINTS + 1)
    return [Endpoint.of(kept.value) for _, kept in found]


async def get(store: Store, space: Space, endpoint_id: str, now: int) -> tuple[Endpoint | None, int]:
    """An endpoint with the version of its value, or None."""
    value, version = await store.value(space, PREFIX + endpoint_id, now)
    return (None if value is None else Endpoint.of(value)), version


async def add(store: Store, space: Space, endpoint: Endpoint, now: int) -> None:
    """Adds an endpoint.

    Raises:
        SettingError: there are too many, or one of that id.
    """
    if len(await endpoints(store, space, now)) >= _MOST_ENDPOINTS:
        raise SettingError(f"webhook endpoints: there are {_MOST_ENDPOINTS}; delete one.")
    if not await store.set_value(space, PREFIX + endpoint.id, endpoint.document, FOREVER, now, version=0):
        raise SettingError(f"webhook endpoint '{endpoint.id}': there is one.")
    await list_space(store, space, now)


async def spaces(store: Store, now: int) -> set[Space]:
    """The spaces with endpoints, of all namespaces."""
    found = await store.values(SPACES, _SPACE_PREFIX, now, "", _MOST_SPACES)
    return {Space(*key.removeprefix(_SPACE_PREFIX).split("/")) for key, _ in found}


async def list_space(store: Store, space: Space, now: int) -> None:
    """Has every process find the endpoints of a space."""
    await store.set_value(SPACES, f"{_SPACE_PREFIX}{space.namespace}/{space.provider}", True, FOREVER, now)


async def unlist_space(store: Store, space: Space, now: int) -> None:
    """Has no process look for endpoints of a space."""
    await store.pop(SPACES, f"{_SPACE_PREFIX}{space.namespace}/{space.provider}", now)


async def remove(store: Store, space: Space, endpoint_id: str, now: int) -> bool:
    """Removes an endpoint, and leaves its deliveries; returns whether it was there."""
    found, _ = await get(store, space, endpoint_id, now)
    if found is None:
        return False
    if found.owner is None:  # the ids that a vendor's operations make are new each time
        await store.set_value(space, REMOVED_PREFIX + endpoint_id, True, FOREVER, now)
    return await store.pop(space, PREFIX + endpoint_id, now) is not None


async def is_free(store: Store, space: Space, endpoint_id: str, now: int) -> bool:
    """Whether no endpoint has or had an id."""
    keys = (PREFIX + endpoint_id, REMOVED_PREFIX + endpoint_id)
    return not any([(await store.value(space, key, now)).version for key in keys])


async def change(store: Store, space: Space, endpoint_id: str, now: int, **changes: Any) -> Endpoint | None:
    """Changes fields of an endpoint; returns it as it is then, or None where there is none."""
    return await changed(store, space, endpoint_id, now, lambda found: replace(found, **changes))


async def changed(
    store: Store, space: Space, endpoint_id: str, now: int, change: Callable[[Endpoint], Endpoint]
) -> Endpoint | None:
    """Replaces an endpoint by what `change` makes of it as it is now; returns that, or None where there is none."""
    while True:
        found, version = await get(store, space, endpoint_id, now)
        if found is None:
            return None
        newer = change(found)
        if (newer.enabled, newer.types) != (found.enabled, found.types):
            until = {"enabled": found.enabled, "types": found.types, "change": await count_change(store, space), "at": now}
            newer = replace(newer, former=(*found.former, until)[-_MOST_FORMER:])
        if await store.set_value(space, PREFIX + endpoint_id, newer.document, FOREVER, now, version=version):
            return newer


async def count_change(store: Store, space: Space) -> int:
    """The number of a change of a namespace's endpoints that is about to be made; it grows with each.

    It is in the namespace's document, which every request has at hand, so that of the moves that requests make is known which
    changes came before: a clock that stands still does not tell. The document says too whose sessions' moves are told.
    """
    while True:
        document, version = await store.namespace(space.namespace)
        told = (document or {}).get(WEBHOOKS, [])
        number = max((document or {}).get(ENDPOINT_CHANGE, 0) + 1, time_ns())
        if space.provider not in told:
            told = [*told, space.provider]
        if await store.set_namespace(space.namespace, {**document, WEBHOOKS: told, ENDPOINT_CHANGE: number}, version):
            return int(number)
