"""Several `specimen serve` processes that share a store, and many clients at once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.serving import serving

CLIENTS = 50


@contextlib.contextmanager
def replicas(folder: Path, store: str, provider: str, *arguments: str, count: int = 2) -> Iterator[list[str]]:
    """Servers of one provider on ports of their own; gives their URLs."""
    with contextlib.ExitStack() as stack:
        urls = []
        for number in range(count):
            own = folder / f"replica-{number}"
            own.mkdir()
            urls.append(stack.enter_context(serving(provider, "--store", store, *arguments, folder=own)))
        yield urls


@contextlib.asynccontextmanager
async def clients(urls: list[str], headers: dict[str, str], count: int = CLIENTS) -> AsyncIterator[list[httpx.AsyncClient]]:
    """Clients with a connection each, the servers in turn."""
    async with contextlib.AsyncExitStack() as stack:
        made = [httpx.AsyncClient(base_url=urls[n % len(urls)], headers=headers, timeout=60) for n in range(count)]
        for client in made:
            await stack.enter_async_context(client)
        yield made


async def at_once(group: list[httpx.AsyncClient], ask: Callable[[httpx.AsyncClient], Awaitable[Any]]) -> list[Any]:
    """What each client gets, all asking at the same time."""
    barrier = asyncio.Barrier(len(group))

    async def one(client: httpx.AsyncClient) -> Any:
        await client.get("/_specimen/live")  # connected
        await barrier.wait()
        return await ask(client)

    return await asyncio.gather(*(one(client) for client in group))
