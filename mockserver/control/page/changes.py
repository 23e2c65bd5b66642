"""Tells an open page which of its parts have changed, as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from hashlib import sha256
from time import monotonic
from typing import Any

from specimen.mockserver.control.call import Call
from specimen.mockserver.control.handlers.requests import CLEARED
from specimen.mockserver.control.page.views import MOST_SESSIONS
from specimen.mockserver.http.messages import Reply
from specimen.mockserver.sessions.store import Space
from specimen.mockserver.webhooks.attempts import LOG as ATTEMPTS

# How often an open page's parts are compared, in real seconds; the page is told at most so much later.
EVERY_SECONDS = 0.5
_PAGE = 500
# An answer that is shown is read anew so often: less than the shortest life of a link in it, Kyve's 15 minutes.
_AGED_MILLISECONDS = 10 * 60 * 1000
PARTS = ("sessions", "session", "requests", "webhooks", "faults", "clock")

Run = Callable[[Callable[[Call], Awaitable[Reply]]], Awaitable[Reply]]


class Watcher:
    """Compares what a page shows of a vendor and a session with what it showed before."""

    def __init__(self, vendor: str, session_id: str) -> None:
        self._vendor = vendor
        self._session_id = session_id
        self._last_request = self._last_attempt = 0

    async def look(self, call: Call) -> Reply:
        """A short text for each part of the page, which changes with it."""
        mounted, document = call.mounted(self._vendor), call.namespace.document
        sessions = call.sessions(mounted)
        listed = [(one.id, one.record.version, len(one.events)) for one in await sessions.page("newest", MOST_SESSIONS)]
        shown = await sessions.get(self._session_id, poll=False) if self._session_id else None
        newest = await call.log.latest(call.namespace.name, self._last_request, 1)
        if newest:
            self._last_request = max(self._last_request, newest[-1].entry["number"])
        while entries := await call.server.store.entries(
            Space(call.namespace.name, self._vendor), ATTEMPTS, self._last_attempt, _PAGE
        ):
            self._last_attempt = entries[-1].number
        aged = call.namespace.clock.now() // _AGED_MILLISECONDS
        found = {
            "sessions": listed,
            "session": None if shown is None else (shown.record.version, len(shown.events), document["clock"], aged),
            "requests": (self._last_request, document.get(CLEARED), bool(await call.log.latest(call.namespace.name, 0, 1))),
            "webhooks": self._last_attempt,
            "faults": document.get("faults"),
            "clock": document["clock"],
        }
        return Reply(200, {part: sha256(repr(found[part]).encode()).hexdigest()[:8] for part in PARTS})


def as_text(seen: Mapping[str, str]) -> str:
    """What a page has seen, as a part of a URL."""
    return ".".join(seen[part] for part in PARTS)


def from_text(text: str) -> dict[str, str]:
    """What `as_text` wrote; nothing for another text."""
    parts = text.split(".")
    return dict(zip(PARTS, parts, strict=True)) if len(parts) == len(PARTS) else {}


async def stream(run: Run, watcher: Watcher, seen: Mapping[str, str], seconds: float) -> AsyncIterator[bytes]:
    """An event for each part that is not as it was seen, for so many real seconds; a comment where there is none."""
    known: dict[str, Any] = dict(seen)
    until = monotonic() + seconds
    yield b"retry: 1000\n\n"
    while True:
        reply = await run(watcher.look)
        if reply.status == 200:
            for part, value in reply.body.items():
                if known.get(part) != value:
                    known[part] = value
                    yield f"event: {part}\ndata: {value}\n\n".encode()
            yield b": \n\n"
        if monotonic() + EVERY_SECONDS > until:
            return
        await asyncio.sleep(EVERY_SECONDS)
