"""The webhook endpoints of an application: those that its settings name stand for as long as it serves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specimen.fixtures.recipes.recipe import DEFAULT_NAMESPACE
from specimen.mockserver.app.mounted import Mounted
from specimen.mockserver.errors import SettingError, did_you_mean
from specimen.mockserver.sessions.namespaces import Namespaces
from specimen.mockserver.sessions.shared_state import SharedState
from specimen.mockserver.sessions.store import StoreFull
from specimen.mockserver.settings import Settings
from specimen.mockserver.webhooks.dispatcher import Dispatcher
from specimen.mockserver.webhooks.endpoints import Endpoint
from specimen.mockserver.webhooks.registration import Registration, receiver_keys, register
from specimen.mockserver.webhooks.standing import StandingEndpoint, stand, stand_again


class StandingWebhooks:
    """Adds endpoints of webhooks; `endpoints` are those of the settings, once the server has started."""

    def __init__(self, settings: Settings, mounted: Mapping[str, Mounted], namespaces: Namespaces, webhooks: Dispatcher) -> None:
        self._settings = settings
        self._mounted = mounted
        self._namespaces = namespaces
        self._webhooks = webhooks
        self.endpoints: list[StandingEndpoint] = []
        self._began: int | None = None  # when the namespace that has them did
        webhooks.on_look = self._restore_if_ended

    async def add(self, wanted: Registration) -> tuple[Endpoint, dict[str, Any]]:
        """Adds one; gives it, and the keys that its receiver needs.

        Raises:
            EndpointExists: it is there already.
            SettingError: the provider is not served, or the target is not allowed.
            SpecimenError: the provider sends no webhooks, or the extra that it needs is missing.
        """
        state = self._sender(wanted.provider)
        endpoint = await register(wanted, state, self._namespaces, self._webhooks, self._settings.webhook_hosts)
        return endpoint, receiver_keys(state, endpoint, self._webhooks.base_url)

    async def register(self) -> None:
        """Adds those that the settings name, where they are not there yet.

        Raises:
            SpecimenError: one cannot be added.
        """
        found = []
        for provider, target in self._settings.webhooks:
            wanted = Registration(provider, target, secret=self._settings.webhook_secret)
            state = self._sender(provider)
            try:
                found.append(await stand(wanted, state, self._namespaces, self._webhooks, self._settings.webhook_hosts))
            except StoreFull as full:
                raise SettingError(
                    f"webhook of '{provider}': the store holds more open sessions than the {full.most} tasks that may wait. "
                    "Start with a higher --most-tasks."
                ) from full
        self.endpoints = found
        await self._note_begin()

    async def restore(self) -> None:
        """Adds those of the settings again, after their namespace was ended or replaced; those of others are found again."""
        await self._webhooks.list_spaces()
        for one in self.endpoints:
            await stand_again(one, self._sender(one.provider), self._namespaces, self._webhooks, DEFAULT_NAMESPACE)
        await self._note_begin()

    async def _restore_if_ended(self) -> None:
        """Does so where another process has ended the namespace: it may not know these settings."""
        if self.endpoints and (await self._namespaces.get(DEFAULT_NAMESPACE)).began != self._began:
            await self.restore()

    async def _note_begin(self) -> None:
        self._began = (await self._namespaces.get(DEFAULT_NAMESPACE)).began

    def _sender(self, provider: str) -> SharedState:
        mounted = self._mounted.get(provider)
        if mounted is None:
            raise SettingError(f"webhook of '{provider}': it is not served. {did_you_mean(provider, self._mounted)}")
        return mounted.shared_state
