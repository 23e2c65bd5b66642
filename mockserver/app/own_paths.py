"""The server's own paths: its health, its scenarios, and what it serves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.types import Send

from specimen.mockserver.app.mounted import Mounted
from specimen.mockserver.control.call import API
from specimen.mockserver.errors import did_you_mean
from specimen.mockserver.http.messages import Reply
from specimen.mockserver.http.responses import Extra, send_problem, send_reply
from specimen.mockserver.sessions.catalogue.scenario_requests import VERSION as TABLE_VERSION
from specimen.mockserver.sessions.namespaces import Namespaces
from specimen.mockserver.sessions.store import Store, StoreUnavailable
from specimen.specs.core.version import product_version

# Readiness is answered within this time.
_PING_SECONDS = 2.0
# Browsers get the page at the same URL.
_BY_ACCEPT = {"Vary": "Accept"}


def base_urls(mounted: Mounted, origin: str) -> dict[str, str]:
    """What the mock says at a vendor's base URL; `origin` is where the caller reaches the vendor, without its base path."""
    return {"provider": mounted.provider.name, "base_url": origin + mounted.base_path, "docs": f"{origin}/ui"}


class OwnPaths:
    """Answers for the paths that lead to no provider; `open_store` opens the store where it is not yet open."""

    def __init__(
        self, mounted: Mapping[str, Mounted], namespaces: Namespaces, store: Store, open_store: Callable[[], Awaitable[None]]
    ) -> None:
        self._mounted = mounted
        self._namespaces = namespaces
        self._store = store
        self._open = open_store

    async def answer(self, method: str, path: str, origin: str, send: Send, extra: Extra) -> None:
        """Answers for one; `origin` is where the caller reaches the server."""
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
            mounts = [entry.provider.mount for entry in self._mounted.values()]
            what = f"An operation's path comes behind {path}." if named is not None else did_you_mean(path, mounts)
            detail = f"no provider is served at this path. {what}"
            await send_problem(send, 404, detail, {"mounts": mounts}, extra)

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
