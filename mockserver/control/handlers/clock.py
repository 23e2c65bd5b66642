"""The namespace's clock, and the settings of its new sessions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from specimen.fixtures.primitives.times import iso_millis, parse
from specimen.mockserver.control.call import Call, Handler
from specimen.mockserver.control.problems import ControlProblem
from specimen.mockserver.errors import SettingError
from specimen.mockserver.http.messages import Reply
from specimen.mockserver.sessions.clock import Clock
from specimen.mockserver.sessions.store import Space


async def get_clock(call: Call) -> Reply:
    """The time, and whether it stands."""
    return _shown(call.namespace.clock)


async def set_clock(call: Call) -> Reply:
    """The clock at another time; back only where no session is."""
    try:
        now = parse(call.body["now"])
    except ValueError:
        raise ControlProblem(
            400, f"now: '{call.body['now']}' is no time; expected ISO 8601, such as 2026-03-01T12:00:00Z."
        ) from None
    if now < call.namespace.clock.now():
        await _check_empty(call)
    return await _changed(call, lambda clock: clock.set(now))


async def check_back(call: Call, other: Clock) -> None:
    """Checks that the namespace may go on by another clock.

    Raises:
        ControlProblem: it has sessions, and that clock is behind.
    """
    now = call.namespace.clock.now()
    if other.now() < now:
        await _check_empty(call)


async def _check_empty(call: Call) -> None:
    counts = [await call.server.store.count(Space(call.namespace.name, name)) for name in call.server.mounted]
    if any(counts):
        detail = (
            "the namespace has sessions, and time never runs backwards for them. Reset the namespace or its sessions first, "
            "or use another namespace."
        )
        raise ControlProblem(409, detail)


async def forward_clock(call: Call) -> Reply:
    """The clock some seconds later."""
    milliseconds = round(call.body["seconds"] * 1000)
    return await _changed(call, lambda clock: clock.forward(milliseconds))


async def freeze_clock(call: Call) -> Reply:
    """The clock, standing."""
    return await _changed(call, Clock.frozen)


async def run_clock(call: Call) -> Reply:
    """The clock, running."""
    return await _changed(call, Clock.running)


async def get_settings(call: Call) -> Reply:
    """Seed and pace of new sessions."""
    return _settings(call)


async def patch_settings(call: Call) -> Reply:
    """Seed and pace of new sessions, after the change."""
    asked = {name: call.body[name] for name in ("seed", "pace") if name in call.body}
    call.namespace = await call.server.namespaces.change(call.namespace.name, lambda _: asked)
    return _settings(call)


def _settings(call: Call) -> Reply:
    settings, document = call.server.settings, call.namespace.document
    return Reply(200, {"seed": document.get("seed", settings.seed), "pace": document.get("pace", settings.pace.text)})


async def _changed(call: Call, change: Callable[[Clock], Clock]) -> Reply:
    def newer(document: Any) -> Mapping[str, Any]:
        return {"clock": change(Clock.of(document["clock"])).document}

    try:
        namespace = await call.server.namespaces.change(call.namespace.name, newer)
    except SettingError as error:
        raise ControlProblem(400, str(error)) from error
    return _shown(namespace.clock)


def _shown(clock: Clock) -> Reply:
    return Reply(200, {"now": iso_millis(clock.now()), "frozen": clock.frozen_at is not None})


HANDLERS: Mapping[str, Handler] = {
    "getClock": get_clock,
    "setClock": set_clock,
    "forwardClock": forward_clock,
    "freezeClock": freeze_clock,
    "runClock": run_clock,
    "getSettings": get_settings,
    "patchSettings": patch_settings,
}
