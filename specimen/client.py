"""Clients of a running mock's control API: `specimen.client.Client` and `specimen.client.AsyncClient`."""

from specimen.mockserver.control.client.async_client import AsyncClient
from specimen.mockserver.control.client.calls import ControlError
from specimen.mockserver.control.client.clients import Client
from specimen.mockserver.control.client.values import Clock, Exchange, Session

__all__ = ["AsyncClient", "Client", "Clock", "ControlError", "Exchange", "Session"]
