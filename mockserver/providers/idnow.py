"""Handlers of IDnow: sessions of a flow in an environment, and their data blocks."""

from __future__ import annotations

from urllib.parse import quote, urlsplit, urlunsplit

from specimen.mockserver.provider_api import Problem, Reply, Request, Session, Sessions, operation

# The platform refuses a redirect URL that is not on the customer's list; in the mock that is every URL of this host.
# Source: IDnow platform docs, Embed or redirect, Handling redirect URLs.
HOST_NOT_ALLOWED = "not-allowed.specimen.example"


@operation("getSession")
async def get_session(request: Request, sessions: Sessions) -> Reply:
    """One session, in its own environment."""
    found = await _find(request, sessions)
    return await sessions.answer(found, "getSession") if isinstance(found, Session) else found


@operation("listDatablocks")
async def list_datablocks(request: Request, sessions: Sessions) -> Reply:
    """The data blocks of one session, in its own environment."""
    found = await _find(request, sessions)
    return await sessions.answer(found, "listDatablocks") if isinstance(found, Session) else found


@operation("createSession")
async def create_session(request: Request, sessions: Sessions) -> Reply:
    """Creates a session of any flow: the mock has no list of flows."""
    environment = request.path["environment"]
    if not _permits(request, environment):
        return request.example("forbidden")
    redirect_url, state = request.body.get("redirectUrl"), request.body.get("state")
    if redirect_url is not None and urlsplit(redirect_url).hostname == HOST_NOT_ALLOWED:
        return request.example("redirect_url_not_allowed")
    session = await sessions.create(
        {
            "flow_id": request.path["flowId"],
            "environment": environment,
            "input": request.body.get("input", {}),
            "subject_id": request.body.get("metadata", {}).get("subjectId"),
            "asked_redirect_url": redirect_url,
            "asked_state": state,
            "redirect_url": _with_state(redirect_url, state),
        }
    )
    return await sessions.answer(session, "createSession", status=201)


def render_error(problem: Problem, request: Request) -> Reply | None:
    """The vendor's error body of a refused request; an unknown environment is not found."""
    if problem.kind in ("unauthenticated", "unknown_credential", "failing_credential"):
        return request.example("unauthorized")
    if problem.kind == "invalid_parameter" and problem.location == "path":
        return request.example("environment_not_found")
    if problem.kind == "not_json":
        return request.example("invalid_json")
    if problem.kind == "body_required":
        return request.example("invalid_request", {"/errors": [{"path": "", "message": problem.detail}]})
    if problem.kind == "invalid_body":
        reasons = [{"path": error.pointer, "message": error.message} for error in problem.errors]
        return request.example("invalid_request", {"/errors": reasons})
    return None


async def _find(request: Request, sessions: Sessions) -> Session | Reply:
    environment = request.path["environment"]
    if not _permits(request, environment):
        return request.example("forbidden")
    session = await sessions.get(request.path["sessionId"])
    if session is None or session.facts.get("environment", "live") != environment:
        return request.example("session_not_found")
    return session


def _permits(request: Request, environment: str) -> bool:
    return environment in request.credential.facts["environments"]


def _with_state(redirect_url: str | None, state: str | None) -> str | None:
    """The URL to which the user is sent at the end of the flow: the redirect URL, with the state in its query."""
    if redirect_url is None or state is None:
        return redirect_url
    parts = urlsplit(redirect_url)
    query = "&".join(filter(None, (parts.query, f"state={quote(state, safe='')}")))
    return urlunsplit(parts._replace(query=query))
