"""Reads of sessions that no server made, as the judge sees them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.requests.request_templates import MISSING, filled
from specimen.fixtures.recipes.recipe import SessionSnapshot
from specimen.specs import Provider


def exchange(provider: Provider, moment: SessionSnapshot, operation_id: str, body: Any) -> Exchange:
    """A client's read of a session at a moment, answered with a body."""
    lifecycle = provider.lifecycle
    read = next(read for read in lifecycle.reads if read.operation == operation_id and read.fits(moment.facts))
    request = filled(provider, operation_id, read.request, moment.ids)
    assert request is not None
    path = request.operation.path
    for name, value in request.path.items():
        path = path.replace("{" + name + "}", quote(str(value), safe=""))
    usual = next(one for one in lifecycle.credentials.values() if one.fails is None)
    credential = lifecycle.credentials.get(moment.facts.get("credential", ""), usual)
    headers = {name.lower(): value for name, value in {**credential.headers, **request.headers}.items()}
    sent = b"" if request.body is MISSING else json.dumps(request.body).encode()
    return Exchange(
        provider=provider,
        method=request.operation.method.upper(),
        path=path,
        query=urlencode(request.query),
        request_headers={**headers, **({"content-type": "application/json"} if sent else {})},
        request_body=sent,
        status=200,
        response_headers={"content-type": "application/json"},
        response_body=json.dumps(body).encode(),
        at=moment.now,
    )


def invalid(provider: Provider, operation_id: str, body: Any) -> list[str]:
    """What a body breaks of the document, the strict overlay included."""
    media = provider.document.operations[operation_id].responses["200"].media[0]
    errors = provider.strict_schemas.validator(str(media.pointer)).iter_errors(body)
    return [f"{list(error.instance_path)} {error.message}" for error in errors]
