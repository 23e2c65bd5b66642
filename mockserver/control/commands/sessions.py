"""The commands of `specimen ctl` about sessions: listed, created, shown, narrowed, moved, forgotten."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from specimen.mockserver.control.client.calls import session_path
from specimen.mockserver.control.commands.ctl import (
    FactsOption,
    IfMatchOption,
    LimitOption,
    PaceOption,
    ProviderArgument,
    ProviderOption,
    SeedOption,
    SessionArgument,
    call,
    facts_of,
    show_answer,
)
from specimen.mockserver.errors import SettingError
from specimen.specs.cli.console import user_errors


def _line(session: dict[str, Any]) -> str:
    possible = ", ".join(session["possible"]["states"]) or "nothing"
    return f"{session['provider']} {session['id']}: {session['state']} (scenario {session['scenario']}; can move to {possible})"


def _described(session: dict[str, Any]) -> str:
    """A session in full: what `--fact` and `--if-match` take."""
    plain = {name: value for name, value in session["facts"].items() if not isinstance(value, (dict, list))}
    facts = ", ".join(f"{name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in plain.items())
    rows = {
        "next": session["next"] or "none",
        "facts": facts or "none",
        "can narrow": ", ".join(session["possible"]["facts"]) or "nothing",
        "events": ", ".join(f"{event['state']} {event['at']}" for event in session["events"]),
        "expires": session["expires_at"] or "never",
        "etag": session["etag"],
    }
    return "\n".join([_line(session), *(f"  {name:<12}{text}" for name, text in rows.items())])


def sessions(
    context: typer.Context,
    provider: ProviderOption = None,
    state: Annotated[str | None, typer.Option(help="Only those in this state.")] = None,
    scenario: Annotated[str | None, typer.Option(help="Only those of this scenario.")] = None,
    limit: LimitOption = 100,
    after: Annotated[str | None, typer.Option(help="The `next` of the page before.")] = None,
) -> None:
    """List sessions.

    Example:

        specimen ctl sessions --provider kayle --state failed
    """
    with user_errors(as_json=context.obj.as_json):
        asked = {"provider": provider, "state": state, "scenario": scenario, "limit": limit, "after": after}
        found = call(context, "GET", "/sessions", query=asked)
        lines = [_line(session) for session in found["sessions"]]
        show_answer(context, found, "\n".join([*lines, *([f"next: {found['next']}"] if found["next"] else [])]) or "no sessions")


def create(
    context: typer.Context,
    provider: ProviderArgument,
    scenario: Annotated[str | None, typer.Option(help="A scenario or its alias.")] = None,
    state: Annotated[str | None, typer.Option(help="The session stays in this state.")] = None,
    pace: PaceOption = None,
    seed: SeedOption = None,
    fact: FactsOption = None,
) -> None:
    """Create a session.

    Examples:

        specimen ctl create kayle --scenario liveness_failed --pace manual

        specimen ctl create kyve --state completed --fact given_names=Ada
    """
    with user_errors(as_json=context.obj.as_json):
        given = {"scenario": scenario, "state": state, "pace": pace, "seed": seed, "facts": facts_of(fact) or None}
        body = {"provider": provider, **{name: value for name, value in given.items() if value is not None}}
        found = call(context, "POST", "/sessions", body=body)
        show_answer(context, found, _line(found["session"]))


def show(context: typer.Context, provider: ProviderArgument, session: SessionArgument) -> None:
    """Show a session.

    Example:

        specimen ctl show kayle vs_…
    """
    with user_errors(as_json=context.obj.as_json):
        found = call(context, "GET", session_path(provider, session))
        show_answer(context, found, _described(found))


def patch(
    context: typer.Context,
    provider: ProviderArgument,
    session: SessionArgument,
    fact: FactsOption = None,
    if_match: IfMatchOption = None,
) -> None:
    """Narrow what a session's later answers say.

    Example:

        specimen ctl patch kayle vs_… --fact failure_code=selfie_face_mismatch
    """
    with user_errors(as_json=context.obj.as_json):
        if not fact:
            raise SettingError("nothing to narrow: name a fact, such as --fact failure_code=…; `specimen ctl show` lists them.")
        body = {"facts": facts_of(fact)}
    _steer(context, "PATCH", provider, session, "", body, if_match)


def advance(
    context: typer.Context,
    provider: ProviderArgument,
    session: SessionArgument,
    fact: FactsOption = None,
    if_match: IfMatchOption = None,
) -> None:
    """Move a session to the next state of its scenario.

    Example:

        specimen ctl advance kayle vs_…
    """
    with user_errors(as_json=context.obj.as_json):
        body = {"facts": facts_of(fact)}
    _steer(context, "POST", provider, session, "advance", body, if_match)


def transition(
    context: typer.Context,
    provider: ProviderArgument,
    session: SessionArgument,
    to: Annotated[str, typer.Argument(help="The state.")],
    fact: FactsOption = None,
    if_match: IfMatchOption = None,
) -> None:
    """Move a session to a state.

    Example:

        specimen ctl transition kayle vs_… failed --fact failure_code=selfie_face_mismatch
    """
    with user_errors(as_json=context.obj.as_json):
        body = {"to": to, "facts": facts_of(fact)}
    _steer(context, "POST", provider, session, "transition", body, if_match)


def expire(context: typer.Context, provider: ProviderArgument, session: SessionArgument, if_match: IfMatchOption = None) -> None:
    """End a session's lifetime.

    Example:

        specimen ctl expire kayle vs_…
    """
    _steer(context, "POST", provider, session, "expire", {}, if_match)


def delete(context: typer.Context, provider: ProviderArgument, session: SessionArgument, if_match: IfMatchOption = None) -> None:
    """Forget a session.

    Example:

        specimen ctl delete kayle vs_…
    """
    with user_errors(as_json=context.obj.as_json):
        show_answer(context, call(context, "DELETE", session_path(provider, session), if_match=if_match), "deleted")


def _steer(
    context: typer.Context, method: str, provider: str, session: str, action: str, body: Any = None, if_match: str | None = None
) -> None:
    with user_errors(as_json=context.obj.as_json):
        found = call(context, method, session_path(provider, session, action), body=body, if_match=if_match)
        show_answer(context, found, _line(found))


COMMANDS = (sessions, create, show, patch, advance, transition, expire, delete)
