"""Wakes waiting coroutines of any event loop or thread."""

from __future__ import annotations

import asyncio


class ChangeNotifier:
    """`notify_all` wakes all coroutines in `wait`; it may be called from any thread."""

    def __init__(self) -> None:
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    async def wait(self, timeout_seconds: float) -> None:
        """Returns at the next `notify_all`, or at the timeout."""
        entry = (asyncio.get_running_loop(), asyncio.Event())
        self._waiting.add(entry)
        try:
            async with asyncio.timeout(timeout_seconds):
                await entry[1].wait()
        except TimeoutError:
            pass
        finally:
            self._waiting.discard(entry)

    def notify_all(self) -> None:
        """Wakes all coroutines that wait now."""
        for loop, event in tuple(self._waiting):
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)
