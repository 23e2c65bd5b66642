"""Requests of an operation by its id, through a transport."""

from __future__ import annotations

from typing import Any

from specimen.contracts.client.transport import Transport
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.requests.request_encoder import send
from specimen.contracts.requests.request_templates import RequestTemplate


def ask(sender: Transport, operation: str, **values: Any) -> Exchange:
    """Sends a request with these values of a `RequestTemplate`."""
    return send(sender, RequestTemplate(sender.provider.document.operations[operation], **values))
