"""The handlers of the control API, by operationId."""

from __future__ import annotations

from collections.abc import Mapping

from specimen.mockserver.control.call import Handler
from specimen.mockserver.control.handlers import catalogue, clock, faults, namespaces, requests, sessions, webhooks

HANDLERS: Mapping[str, Handler] = {
    **sessions.HANDLERS,
    **catalogue.HANDLERS,
    **clock.HANDLERS,
    **requests.HANDLERS,
    **faults.HANDLERS,
    **namespaces.HANDLERS,
    **webhooks.HANDLERS,
}
