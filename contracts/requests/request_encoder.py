"""Encodes a request template as the request half of an exchange."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.requests.request_templates import BOUNDARY, MISSING, RequestTemplate, multipart
from specimen.specs import Provider
from specimen.specs.loading.serialization import header_texts, path_text, query_text

if TYPE_CHECKING:
    from specimen.contracts.client.transport import Transport


def encode(provider: Provider, template: RequestTemplate) -> Exchange:
    """Encodes the request of a template: its parameters by `style` and `explode`, its body as bytes.

    The sender adds credentials and its own headers.

    Raises:
        SpecimenError: the style makes a value ambiguous.
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
    """Returns the body and its content type; None where there is no body."""
    if template.parts:
        return multipart(template.parts), f"multipart/form-data; boundary={BOUNDARY}"
    body, content_type = template.raw, template.content_type
    if body is None:
        # `json.dumps` escapes lone surrogates, which UTF-8 cannot encode.
        body = b"" if template.body is MISSING else json.dumps(template.body).encode()
    return body, content_type or ("application/json" if body else None)


def send(transport: Transport, template: RequestTemplate, **how: Any) -> Exchange:
    """Sends a template; `how` is `credentials`, `intent`, `prefer` or `method` of `Transport.send`."""
    return transport.send(template.operation, encode(transport.provider, template), **how)
