"""What the control API steers: the part of the application that it uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from starlette.types import ASGIApp

from specimen.mockserver.sessions.catalogue.scenario_requests import ScenarioRequests
from specimen.mockserver.sessions.namespaces import Namespaces
from specimen.mockserver.sessions.shared_state import SharedState
from specimen.mockserver.sessions.store import Store
from specimen.mockserver.settings import Settings
from specimen.mockserver.webhooks.dispatcher import Dispatcher
from specimen.mockserver.webhooks.endpoints import Endpoint
from specimen.mockserver.webhooks.registration import Registration
from specimen.specs import Provider


class Mounted(Protocol):
    """A provider as it is served."""

    provider: Provider
    shared_state: SharedState
    table: ScenarioRequests


class Served(Protocol):
    """The providers by name."""

    def __getitem__(self, name: str) -> Mounted:
        """The provider of that name."""

    def __contains__(self, name: object) -> bool:
        """Whether there is one."""

    def __iter__(self) -> Iterator[str]:
        """Their names."""


class Server(Protocol):
    """The application: its settings, its store, its namespaces and its providers."""

    settings: Settings
    store: Store
    namespaces: Namespaces
    webhooks: Dispatcher
    is_on_a_port: bool

    @property
    def mounted(self) -> Mapping[str, Any]:
        """The providers by name."""

    async def add_webhook(self, wanted: Registration) -> tuple[Endpoint, dict[str, Any]]:
        """Sends a provider's webhooks to a target; gives the endpoint, and the keys that its receiver needs."""

    async def restore_webhooks(self) -> None:
        """Adds the endpoints of the settings again, after the default namespace was ended or replaced."""

    @property
    def application(self) -> ASGIApp:
        """What answers the vendors' requests."""
