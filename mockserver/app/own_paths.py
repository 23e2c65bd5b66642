"""The server's own paths: its health, its scenarios, and what it serves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.types import Scope, Send

from specimen.mockserver.app.mounted import Mounted
from specimen.mockserver.app.request_headers import namespace_name
from specimen.mockserver.app.without_operation import log_without_operation
from specimen.mockserver.control.call import API
from specimen.mockserver.errors import did_you_mean
from specimen.mockserver.http.messages import Problem, Reply
from specimen.mockserver.http.responses import Extra, problem_reply, send_problem, send_reply
from specimen.mockserver.routing.request_context import RequestContext
from specimen.mockserver.sessions.catalogue.scenario_requests import VERSION as TABLE_VERSION
from specimen.mockserver.sessions.namespaces import Namespaces
from specimen.mockserver.sessions.store import Store, StoreUnavailable
from specimen.specs.core.version import product_version

_OWN = "/_specimen/"
# Readiness is answered within this time.
_PING_SECONDS = 2.0
# Browsers get the page at the same URL.
_BY_ACCEPT = {"Vary": "Accept"}


def base_urls(mounted: Mounted, origin: str) -> dict[str, str]:
    """What the mock says at a vendor's base URL; `origin` is where the caller reaches the vendor, without its base path."""
    return {"provider": mounted.provider.name, "base_url": origin + mounted.base_path, "docs": f"{origin}/ui"}


# What is known of a request: of its namespace's name, origin, scope, headers, and the headers of its answer.
Visit = Callable[[str, str, Scope, dict[str, str], Extra], Awaitable[RequestContext]]


class OwnPaths:
    """Answers for the paths that lead to no provider.

    `open_store` opens the store where it is not yet open, `visit` finds a request's namespace.
    """

    def __init__(
        self,
        mounted: Mapping[str, Mounted],
        namespaces: Namespaces,
        store: Store,
        open_store: Callable[[], Awaitable[None]],
        visit: Visit,
    ) -> None:
        self._mounted = mounted
        self._namespaces = namespaces
        self._store = store
        self._open = open_store
        self._visit = visit

    async def answer(self, scope: Scope, origin: str, headers: dict[str, str], send: Send, extra: Extra) -> None:
        """Answers for one; `origin` is where the caller reaches the server."""
        method, path = scope["method"], scope["path"]
        named = self._mounted.get(path[1:])
        if path == "/_specimen/health":
            await send_reply(send, Reply(200, self.health()), extra)
        elif path == "/_specimen/live":
            await send_reply(send, Reply(200, {"status": "live"}), extra)
        elif path == "/_specimen/ready":
            await self._ready(send, extra)
        elif path == "/_specimen/scenarios":
            await send_reply(send, Reply(200, self.scenarios()), extra)
        elif path in ("", "/"):
            urls = {name: origin + mounted.provider.mount for name, mounted in self._mounted.items()}
            await send_reply(send, Reply(200, {"providers": urls}, _BY_ACCEPT), extra, is_head=method == "HEAD")
        elif named is not None and method in ("GET", "HEAD"):
            await send_reply(send, Reply(200, base_urls(named, origin + path), _BY_ACCEPT), extra, is_head=method == "HEAD")
        elif path == API or path.startswith(f"{API}/"):
            await send_problem(send, 404, "this server has no control API: it was started with --no-control.", extra=extra)
        else:
            await self._unserved(scope, origin, headers, send, extra)

    async def _unserved(self, scope: Scope, origin: str, headers: dict[str, str], send: Send, extra: Extra) -> None:
        """Answers a request that was meant for a vendor and reaches none; the log of its namespace has it."""
        path: str = scope["path"]
        mounts = [entry.provider.mount for entry in self._mounted.values()]
        what = f"An operation's path comes behind {path}." if path[1:] in self._mounted else did_you_mean(path, mounts)
        problem = Problem("route_not_found", f"no provider is served at this path. {what}")
        reply = problem_reply(404, problem.detail, {"mounts": mounts})
        name = namespace_name(headers, scope["query_string"])
        if name is not None and not f"{path}/".startswith(_OWN):
            visit = await self._visit(name, origin, scope, headers, extra)
            extra = visit.extra
            log_without_operation(visit, None, reply, scope, problem)
        await send_reply(send, reply, extra, is_head=scope["method"] == "HEAD")

    def health(self) -> dict[str, Any]:
        """That the server is up, its version, its providers and its time."""
        return {
            "status": "ok",
            "version": product_version(),
            "providers": list(self._mounted),
            "now": self._namespaces.clock.now(),
        }

    def scenarios(self) -> dict[str, Any]:
        """The scenario requests of all providers."""
        return {
            "version": TABLE_VERSION,
            "entries": [entry for mounted in self._mounted.values() for entry in mounted.table.entries()],
        }

    async def _ready(self, send: Send, extra: Extra) -> None:
        """Answers whether the store can be read and written to."""
        try:
            async with asyncio.timeout(_PING_SECONDS):
                await self._open()
                await self._store.ping()
        except (StoreUnavailable, TimeoutError) as error:
            await send_problem(send, 503, f"the store does not answer: {error or 'no answer in time'}", extra=extra)
        else:
            await send_reply(send, Reply(200, {"status": "ready"}), extra)
