"""A made-up provider with two operations."""

from __future__ import annotations

from specimen.mockserver.provider_api import Problem, Reply, Request, Sessions, operation


@operation("createCheck")
async def create_check(request: Request, sessions: Sessions) -> Reply:
    """Starts a check."""
    session = await sessions.create({"reference": request.body["reference"]})
    return await sessions.answer(session, "createCheck", status=201)


@operation("getCheck")
async def get_check(request: Request, sessions: Sessions) -> Reply:
    """Reads a check."""
    session = await sessions.get(request.path["check"])
    return request.example("no_such_check") if session is None else await sessions.answer(session, "getCheck")


def render_error(problem: Problem, request: Request) -> Reply | None:
    """A bad id names no check; whatever else is wrong is the key or the body."""
    if problem.kind in ("unauthenticated", "unknown_credential", "failing_credential"):
        return request.example("bad_key")
    if problem.kind == "invalid_parameter":
        return request.example("no_such_check")
    if problem.kind in ("invalid_body", "not_json", "body_required"):
        return request.example("bad_body", {"/problem": problem.detail or "bad body"})
    return None
