"""Requests as they are sent: a template becomes the request half of an exchange, whoever sends or judges it."""

from __future__ import annotations

import json
from typing import Any

from specimen.contracts.client.transport import MISSING, Transport
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.requests.request_templates import BOUNDARY, RequestTemplate, multipart
from specimen.specs import Provider
from specimen.specs.loading.serialization import header_texts, path_text, query_text


def encode(provider: Provider, template: RequestTemplate) -> Exchange:
    """The request of a template, not yet answered: its parameters by `style` and `explode`, its body as bytes.

    Credentials and what else a sender adds are not in it.

    Raises:
        SpecimenError: a value that no reader could tell from another one.
    """
    operation = template.operation
    body, content_type = _body(template)
    headers = header_texts(operation.parameters, template.headers)
    if content_type is not None:
        headers.setdefault("content-type", content_type)
    return Exchange(
        provider=provider, method=operation.method.upper(),
        path=path_text(operation.path, operation.parameters, template.path),
        query=query_text(operation.parameters, template.query),
        request_headers=headers, request_body=body,
        status=0, response_headers={}, response_body=b"", at=0,
    )  # fmt: skip


def _body(template: RequestTemplate) -> tuple[bytes, str | None]:
    """A body and its content type, None where there is neither."""
    if template.parts:
        return multipart(template.parts), f"multipart/form-data; boundary={BOUNDARY}"
    body, content_type = template.raw, template.content_type
    if body is None:
        # Python writes what no UTF-8 can hold as an escape: the request can be sent as it is.
        body = b"" if template.body is MISSING else json.dumps(template.body).encode()
    return body, content_type or ("application/json" if body else None)


def send(transport: Transport, template: RequestTemplate, **how: Any) -> Exchange:
    """Sends a template; `how` is `credentials`, `intent`, `prefer` or `method` of `Transport.send`."""
    return transport.send(template.operation, encode(transport.provider, template), **how)
