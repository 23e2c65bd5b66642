"""The endpoints that the settings name: there from the start on, and after every reset with the same keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from specimen.mockserver.sessions.namespaces import Namespaces
from specimen.mockserver.sessions.session_record import FOREVER
from specimen.mockserver.sessions.shared_state import SharedState
from specimen.mockserver.webhooks import endpoints, keys
from specimen.mockserver.webhooks.attempts import TOKEN_KEY, token_key
from specimen.mockserver.webhooks.dispatcher import Dispatcher
from specimen.mockserver.webhooks.endpoints import Endpoint
from specimen.mockserver.webhooks.outbox import webhooks_of
from specimen.mockserver.webhooks.registration import EndpointExists, Registration, add_endpoint, receiver_keys, register


@dataclass(frozen=True, slots=True)
class StandingEndpoint:
    """An endpoint of the settings.

    `receiver` is what its receiver needs, `token_key` the private key of a provider that sends tokens. `is_secret_made` says
    that its secret derives from the seed.
    """

    provider: str
    endpoint: Endpoint
    receiver: Mapping[str, Any]
    token_key: Mapping[str, Any] | None
    is_secret_made: bool


async def stand(
    wanted: Registration, shared_state: SharedState, namespaces: Namespaces, dispatcher: Dispatcher, hosts: Sequence[str]
) -> StandingEndpoint:
    """The endpoint of a target: made now, or the one that the store has, which gets the secret that is wanted.

    Raises:
        SpecimenError: it cannot be; see `register`.
    """
    namespace = await namespaces.get(wanted.namespace)
    try:
        endpoint = await register(wanted, shared_state, namespaces, dispatcher, hosts)
    except EndpointExists as error:
        endpoint = error.endpoint
        if wanted.secret not in (None, endpoint.secret):
            space, now = namespace.space(shared_state.name), namespace.clock.now()
            newer = await endpoints.change(shared_state.store, space, endpoint.id, now, secret=wanted.secret)
            endpoint = newer or endpoint
    has_token = webhooks_of(shared_state).token is not None
    return StandingEndpoint(
        wanted.provider,
        endpoint,
        receiver_keys(shared_state, endpoint, dispatcher.base_url),
        await token_key(shared_state, namespace) if has_token else None,
        wanted.secret is None,
    )


async def stand_again(
    one: StandingEndpoint, shared_state: SharedState, namespaces: Namespaces, dispatcher: Dispatcher, name: str
) -> None:
    """Adds an endpoint to a namespace that was reset, with the keys that its receiver has."""
    namespace = await namespaces.get(name)
    store, space, now = shared_state.store, namespace.space(shared_state.name), namespace.clock.now()
    if one.token_key is not None:
        await store.get_or_set(space, TOKEN_KEY, one.token_key, FOREVER, now)
    if not await endpoints.is_free(store, space, one.endpoint.id, now):  # there, or removed since
        return
    if one.is_secret_made:  # the secrets after it are those that they were after the start
        await keys.derivation_key(shared_state, namespace)
    await add_endpoint(replace(one.endpoint, created_at=now), shared_state, namespace, dispatcher)
