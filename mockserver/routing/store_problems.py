"""Answers where the store does not answer, or is full."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import replace

from specimen.mockserver.http.messages import Reply, encode
from specimen.mockserver.http.responses import PROBLEM_TYPE
from specimen.mockserver.provider_api import Request
from specimen.mockserver.routing.request_context import REQUEST_CONTEXT
from specimen.mockserver.routing.vendor_errors import vendors_error
from specimen.mockserver.sessions.store import StoreFull
from specimen.mockserver.sessions.store.codec import UnknownFormat
from specimen.specs import Provider

logger = logging.getLogger("specimen")

_WORDS = {"value_bytes": "bytes of kept values", "tasks": "tasks (webhooks that wait)"}

UNAVAILABLE = "The store of the sandbox does not answer. The request can be sent again."


def unavailable(error: Exception, provider: Provider, request: Request | None) -> Reply:
    """503, in the vendor's form where the request is one for an operation, else as a problem (RFC 9457).

    It is a problem too, which says what to do, where another version wrote what is kept; other causes may name hosts and files.
    """
    logger.warning("the store does not answer: %s", error)
    if isinstance(error, UnknownFormat):
        return _problem(503, str(error))
    return _problem(503, UNAVAILABLE) if request is None else vendors_error(provider, request, 503)


def too_much(error: StoreFull) -> Reply:
    """The bound that is reached, and the flag that sets it: 429 for namespaces (RFC 6585), 507 for what is kept (RFC 4918)."""
    flag = f"--most-{error.bound.replace('_', '-')}"
    what = _WORDS.get(error.bound, error.bound)
    detail = f"The sandbox keeps at most {error.most} {what}. Start it with a higher {flag}, or end namespaces that are done."
    return _problem(429 if error.bound == "namespaces" else 507, detail)


async def begun(reply: Reply, request: Request) -> Reply:
    """A reply whose stream, where it has one, has given its first part: what the store says until then is answered itself."""
    if reply.stream is None or request.scope["method"] == "HEAD" or request.scope[REQUEST_CONTEXT].preview is not None:
        return reply
    left = reply.stream
    first = await anext(left, None)

    async def stream() -> AsyncIterator[bytes]:
        if first is not None:
            yield first
        async for part in left:
            yield part

    return replace(reply, stream=stream())


def _problem(status: int, detail: str) -> Reply:
    body = {"type": "about:blank", "title": "Specimen", "status": status, "detail": detail}
    return Reply(status, encode(body), content_type=PROBLEM_TYPE)
