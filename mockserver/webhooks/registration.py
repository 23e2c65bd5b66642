"""Registers endpoints that no operation of a vendor has made: by the command line, the control API, or a test."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from specimen.fixtures.primitives import ids
from specimen.mockserver.errors import SettingError, did_you_mean
from specimen.mockserver.sessions.namespaces import Namespace, Namespaces
from specimen.mockserver.sessions.shared_state import SharedState
from specimen.mockserver.sessions.store import Space, Store
from specimen.mockserver.webhooks import endpoints, keys, outbox
from specimen.mockserver.webhooks.dispatcher import Dispatcher
from specimen.mockserver.webhooks.endpoints import FAULTS, Endpoint
from specimen.specs.core.extras import needs
from specimen.specs.loading.webhooks import Webhooks

PRIVATE_KEY = "private_key"


@dataclass(frozen=True, slots=True)
class Registration:
    """What to register: a target of a provider, with what the user chose of its secrets (None: they are made).

    `public_key` is the receiver's encryption key as a JWK, with its `kid`.
    """

    provider: str
    url: str
    namespace: str = "default"
    secret: str | None = None
    public_key: Mapping[str, Any] | None = None
    types: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


class EndpointExists(SettingError):
    """A provider's webhooks go to a target already; `endpoint` is what has it."""

    def __init__(self, provider: str, endpoint: Endpoint) -> None:
        super().__init__(f"webhook target: endpoint '{endpoint.id}' of {provider} has it already.")
        self.endpoint = endpoint


async def register(
    wanted: Registration, shared_state: SharedState, namespaces: Namespaces, dispatcher: Dispatcher, hosts: Sequence[str]
) -> Endpoint:
    """A new endpoint of a provider and a target.

    Raises:
        EndpointExists: there is one of that target.
        SettingError: the target is not allowed, or a type or a fault does not exist, or there are too many endpoints.
        SpecError: the provider sends no webhooks.
        MissingExtra: a key is needed, and the extra `webhooks` is not installed.
    """
    webhooks = outbox.webhooks_of(shared_state)
    endpoints.check_url(wanted.url, hosts)
    check_choices(webhooks, wanted.types, wanted.faults)
    if webhooks.token is not None:
        with needs("webhooks", f"signing the webhooks of {wanted.provider}"):
            import joserfc  # noqa: F401, PLC0415 - asked for before anything is sent
    namespace = await namespaces.get(wanted.namespace)
    space, now = namespace.space(shared_state.name), namespace.clock.now()
    known = await endpoints.endpoints(shared_state.store, space, now)
    found = next((one for one in known if one.owner is None and one.url == wanted.url), None)
    if found is not None:
        raise EndpointExists(wanted.provider, found)
    endpoint_id = await _free_id(wanted, shared_state.store, space, now)
    public_key, more = wanted.public_key, None
    if webhooks.encryption is not None and public_key is None:
        private = keys.new_rsa_key(f"{endpoint_id}-1")
        public_key, more = keys.public_part(private), {PRIVATE_KEY: private}
    kept_keys: tuple[Mapping[str, Any], ...] = ()
    if webhooks.encryption is not None and public_key is not None:
        keys.rsa_key(str(public_key.get("n")), str(public_key.get("e")))
        kid = str(public_key.get("kid", f"{endpoint_id}-1"))
        kept_keys = ({"id": kid, "kid": kid, "jwk": dict(public_key), "is_active": True},)
    secret = wanted.secret or keys.secret_from(await keys.derivation_key(shared_state, namespace))
    made = Endpoint(
        endpoint_id, wanted.url, secret, now,
        types=wanted.types, keys=kept_keys, faults=wanted.faults, more=more,
    )  # fmt: skip
    await add_endpoint(made, shared_state, namespace, dispatcher)
    return made


async def _free_id(wanted: Registration, store: Store, space: Space, now: int) -> str:
    """The id of a target: the same on every machine, unless an endpoint has or had it that sends elsewhere or is gone by now."""
    for name in itertools.chain([""], map("#{}".format, itertools.count(2))):
        found = f"whe_{ids.digest(f'{wanted.provider}/{wanted.url}{name}', 12).hex()}"
        if await endpoints.is_free(store, space, found, now):
            return found
    raise AssertionError("the names never end")


async def add_endpoint(made: Endpoint, shared_state: SharedState, namespace: Namespace, dispatcher: Dispatcher) -> None:
    """Adds an endpoint, which hears from now on of sessions that are there as well.

    Raises:
        SettingError: there are too many, or one of that id.
    """
    space = namespace.space(shared_state.name)
    made = replace(made, added_by=await endpoints.count_change(shared_state.store, space), former=())
    await outbox.begin_to_tell(shared_state, namespace.name, made, namespace.clock.now())
    dispatcher.wake(space)


def check_choices(webhooks: Webhooks, types: Sequence[str], faults: Sequence[str]) -> None:
    """Refuses what a provider cannot send.

    Raises:
        SettingError: a type or a fault does not exist.
    """
    for name, given, possible in (("type", types, tuple(webhooks.events)), ("fault", faults, FAULTS)):
        for one in given:
            if one not in possible:
                raise SettingError(f"webhook {name} '{one}': there is none. {did_you_mean(one, possible)}")


def receiver_keys(shared_state: SharedState, endpoint: Endpoint, base_url: str) -> dict[str, Any]:
    """What a receiver needs: its secret, its private key where the mock has made it, or the URL of the sender's keys.

    `base_url` is that of the server, without a slash at its end.
    """
    webhooks, provider = outbox.webhooks_of(shared_state), shared_state.provider
    found: dict[str, Any] = {}
    if webhooks.signature is not None:
        found["secret"] = endpoint.secret
    if endpoint.more is not None and PRIVATE_KEY in endpoint.more:
        found[PRIVATE_KEY] = dict(endpoint.more[PRIVATE_KEY])
    if webhooks.token is not None:
        found["jwks"] = f"{base_url}{provider.mount.removesuffix(provider.document.base_path)}{webhooks.token.jwks}"
    return found
