"""What the mock serves beside a vendor's operations: its document, hosted pages, and the keys that sign its webhooks."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from typing import TypeVar
from urllib.parse import urlsplit

from starlette.types import Receive, Scope, Send

from specimen.mockserver.app.mounted import Mounted
from specimen.mockserver.app.places import Place
from specimen.mockserver.app.without_operation import log_without_operation
from specimen.mockserver.http.messages import Reply
from specimen.mockserver.http.request_body import Disconnected, RequestRejected
from specimen.mockserver.http.responses import problem_reply, send_problem, send_reply
from specimen.mockserver.routing import store_problems
from specimen.mockserver.routing.endpoint import MOST_ANEW
from specimen.mockserver.routing.pages import api_docs, hosted_flow, images
from specimen.mockserver.routing.request_context import REQUEST_CONTEXT, RequestContext
from specimen.mockserver.sessions.service import Sessions
from specimen.mockserver.sessions.store import NamespaceChanged, StoreFull, StoreUnavailable
from specimen.mockserver.webhooks.attempts import token_key
from specimen.mockserver.webhooks.keys import public_part
from specimen.specs.core.extras import MissingExtra

T = TypeVar("T")


async def documentation(
    mounted: Mounted, place: Place, scope: Scope, receive: Receive, send: Send, *, is_on_a_port: bool
) -> bool:
    """Answers for a page of the vendor's document; False where the path is none.

    On a port the document's first server is a whole URL, which tools need that keep it in a file; in process it is the mount.
    """
    if scope["method"] not in ("GET", "HEAD"):
        return False
    server = (place.origin if is_on_a_port else place.prefix) + mounted.base_path
    user_agent = scope[REQUEST_CONTEXT].headers.get("user-agent", "")
    page = api_docs.answer(mounted.docs, place.prefix, place.rest, server or "/", scope["query_string"], user_agent)
    if page is None:
        return False
    for name, value in scope[REQUEST_CONTEXT].extra:
        page.headers[name.decode()] = value.decode()
    await page(scope, receive, send)
    return True


async def hosted(mounted: Mounted, rest: str, scope: Scope, receive: Receive, send: Send, visit: RequestContext) -> None:
    """Answers for one of the vendor's pages that the mock shows: `rest` is its path, beginning with `/_specimen/`."""
    reply, extra, is_unread, path = None, visit.extra, False, rest.removeprefix("/_specimen/")
    asked = hosted_flow.Visit(path, scope, receive, visit.headers, mounted.shared_state.settings.body_seconds)

    async def answered() -> Reply | None:
        sessions = Sessions(mounted.shared_state, visit.namespace, visit.origin, visit.namespace.clock.now())
        if hosted_flow.is_for(path):
            return await hosted_flow.answer(mounted.provider, sessions, asked)
        if path.startswith(images.PREFIX) and scope["method"] in ("GET", "HEAD"):
            shown = urlsplit(visit.origin).path + rest  # what a link's signature is of
            name = path.removeprefix(images.PREFIX)
            return await images.answer(mounted.provider, name, scope["query_string"], shown, sessions)
        return None

    try:
        reply = await _anew(mounted, visit, answered)
        if reply is not None and hosted_flow.is_for(path):
            extra = extra[:1]  # the date only: pages with forms are read by no other site's script
    except Disconnected:
        return
    except RequestRejected as error:
        reply, is_unread = Reply(400, error.problem.detail.encode(), content_type="text/plain"), error.is_unread
    except StoreFull as error:
        reply = store_problems.too_much(error)
    except (NamespaceChanged, StoreUnavailable) as error:
        reply = store_problems.unavailable(error, mounted.provider, None)
    if reply is None:
        await send_problem(send, 404, "there is no such page, or no such session in this namespace", extra=extra)
    else:
        is_head = scope["method"] == "HEAD"
        await send_reply(send, reply, extra, is_head=is_head, receive=receive, is_unread=is_unread)


async def key_set(mounted: Mounted, scope: Scope, send: Send, visit: RequestContext) -> None:
    """Answers with the public keys of a vendor that signs its webhooks (RFC 7517, section 5); the request log has the answer."""
    try:
        key = await _anew(mounted, visit, lambda: token_key(mounted.shared_state, visit.namespace))
    except MissingExtra as error:
        reply = problem_reply(501, str(error))
    except (NamespaceChanged, StoreFull, StoreUnavailable):
        reply = problem_reply(503, "the store does not answer")
    else:
        reply = Reply(200, {"keys": [public_part(key)]})
    log_without_operation(visit, mounted.provider.name, reply, scope)
    await send_reply(send, reply, visit.extra, is_head=scope["method"] == "HEAD")


async def _anew(mounted: Mounted, visit: RequestContext, asked: Callable[[], Awaitable[T]]) -> T:
    """What is asked of the request's namespace; asked again where another process changed it.

    Raises:
        NamespaceChanged: others change it all the time.
        StoreFull, StoreUnavailable: the store says so.
    """
    if visit.refused is not None:
        raise visit.refused
    for _ in range(MOST_ANEW):
        with contextlib.suppress(NamespaceChanged):
            return await asked()
        visit.namespace = await mounted.shared_state.namespaces.get(visit.namespace.name)
    raise NamespaceChanged(visit.namespace.name)
