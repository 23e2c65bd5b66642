"""`specimen ctl`: the control API of a running server on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from specimen.mockserver.control.commands import traffic, webhooks
from specimen.mockserver.control.commands.ctl import (
    FactsOption,
    IfMatchOption,
    JsonOption,
    LimitOption,
    NamespaceOption,
    Options,
    PaceOption,
    ProviderArgument,
    ProviderOption,
    SeedOption,
    SessionArgument,
    TokenOption,
    UrlOption,
    call,
    call_into,
    facts_of,
    show_answer,
)
from specimen.specs.cli.console import user_errors

app = typer.Typer(
    invoke_without_command=True,
    help="Steer a running mock: sessions, clock, faults, requests, namespaces.",
    rich_markup_mode=None,
)


@app.callback()
def _main(
    context: typer.Context,
    url: UrlOption = "http://127.0.0.1:8080",
    namespace: NamespaceOption = "default",
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
    context.obj = Options(url, namespace, token, as_json)


def _line(session: dict[str, Any]) -> str:
    possible = ", ".join(session["possible"]["states"]) or "nothing"
    return f"{session['provider']} {session['id']}: {session['state']} (scenario {session['scenario']}; can move to {possible})"


@app.command()
def sessions(
    context: typer.Context,
    provider: ProviderOption = None,
    state: Annotated[str | None, typer.Option(help="Only those in this state.")] = None,
    scenario: Annotated[str | None, typer.Option(help="Only those of this scenario.")] = None,
    limit: LimitOption = 100,
    after: Annotated[str | None, typer.Option(help="The `next` of the page before.")] = None,
) -> None:
    """List sessions."""
    with user_errors(as_json=context.obj.as_json):
        asked = {"provider": provider, "state": state, "scenario": scenario, "limit": limit, "after": after}
        found = call(context, "GET", "/sessions", query=asked)
        lines = [_line(session) for session in found["sessions"]]
        show_answer(context, found, "\n".join([*lines, *([f"next: {found['next']}"] if found["next"] else [])]) or "no sessions")


@app.command()
def create(
    context: typer.Context,
    provider: ProviderArgument,
    scenario: Annotated[str | None, typer.Option(help="A scenario or its alias.")] = None,
    state: Annotated[str | None, typer.Option(help="The session stays in this state.")] = None,
    pace: PaceOption = None,
    seed: SeedOption = None,
    fact: FactsOption = None,
) -> None:
    """Create a session."""
    with user_errors(as_json=context.obj.as_json):
        given = {"scenario": scenario, "state": state, "pace": pace, "seed": seed, "facts": facts_of(fact) or None}
        body = {"provider": provider, **{name: value for name, value in given.items() if value is not None}}
        found = call(context, "POST", "/sessions", body=body)
        show_answer(context, found, _line(found["session"]))


@app.command()
def show(context: typer.Context, provider: ProviderArgument, session: SessionArgument) -> None:
    """Show a session."""
    _steer(context, "GET", provider, session, "")


@app.command()
def patch(
    context: typer.Context,
    provider: ProviderArgument,
    session: SessionArgument,
    fact: FactsOption = None,
    if_match: IfMatchOption = None,
) -> None:
    """Narrow what a session's later answers say."""
    with user_errors(as_json=context.obj.as_json):
        body = {"facts": facts_of(fact)}
    _steer(context, "PATCH", provider, session, "", body, if_match)


@app.command()
def advance(
    context: typer.Context,
    provider: ProviderArgument,
    session: SessionArgument,
    fact: FactsOption = None,
    if_match: IfMatchOption = None,
) -> None:
    """Move a session to the next state of its scenario."""
    with user_errors(as_json=context.obj.as_json):
        body = {"facts": facts_of(fact)}
    _steer(context, "POST", provider, session, "advance", body, if_match)


@app.command()
def transition(
    context: typer.Context,
    provider: ProviderArgument,
    session: SessionArgument,
    to: Annotated[str, typer.Argument(help="The state.")],
    fact: FactsOption = None,
    if_match: IfMatchOption = None,
) -> None:
    """Move a session to a state."""
    with user_errors(as_json=context.obj.as_json):
        body = {"to": to, "facts": facts_of(fact)}
    _steer(context, "POST", provider, session, "transition", body, if_match)


@app.command()
def expire(context: typer.Context, provider: ProviderArgument, session: SessionArgument, if_match: IfMatchOption = None) -> None:
    """End a session's lifetime."""
    _steer(context, "POST", provider, session, "expire", {}, if_match)


@app.command()
def delete(context: typer.Context, provider: ProviderArgument, session: SessionArgument, if_match: IfMatchOption = None) -> None:
    """Forget a session."""
    from specimen.mockserver.control.client.calls import session_path

    with user_errors(as_json=context.obj.as_json):
        show_answer(context, call(context, "DELETE", session_path(provider, session), if_match=if_match), "deleted")


def _steer(
    context: typer.Context, method: str, provider: str, session: str, action: str, body: Any = None, if_match: str | None = None
) -> None:
    from specimen.mockserver.control.client.calls import session_path

    with user_errors(as_json=context.obj.as_json):
        found = call(context, method, session_path(provider, session, action), body=body, if_match=if_match)
        show_answer(context, found, _line(found))


@app.command()
def clock(
    context: typer.Context,
    set_to: Annotated[str | None, typer.Option("--set", metavar="TIME", help="Set the time (ISO 8601, UTC).")] = None,
    forward: Annotated[float | None, typer.Option(min=0, metavar="SECONDS", help="Move the time forward.")] = None,
    freeze: Annotated[bool, typer.Option("--freeze", help="Stop the time.")] = False,
    run: Annotated[bool, typer.Option("--run", help="Let the time go on.")] = False,
) -> None:
    """Read or move the namespace's clock."""
    with user_errors(as_json=context.obj.as_json):
        found = call(context, "GET", "/clock")
        if set_to is not None:
            found = call(context, "POST", "/clock/set", body={"now": set_to})
        if forward is not None:
            found = call(context, "POST", "/clock/forward", body={"seconds": forward})
        if freeze or run:
            found = call(context, "POST", "/clock/freeze" if freeze else "/clock/run")
        show_answer(context, found, f"{found['now']} {'stands' if found['frozen'] else 'runs'}")


@app.command()
def settings(
    context: typer.Context,
    seed: SeedOption = None,
    pace: PaceOption = None,
) -> None:
    """Read or set seed and pace of new sessions."""
    with user_errors(as_json=context.obj.as_json):
        body = {name: value for name, value in (("seed", seed), ("pace", pace)) if value is not None}
        found = call(context, "PATCH" if body else "GET", "/settings", body=body)
        show_answer(context, found, f"seed {found['seed']}, pace {found['pace']}")


@app.command()
def catalogue(context: typer.Context, provider: ProviderOption = None) -> None:
    """Show what each provider has: states, scenarios, facts."""
    with user_errors(as_json=context.obj.as_json):
        found = call(context, "GET", "/catalogue", query={"provider": provider})
        lines = [
            f"{one['name']}: " + "; ".join(f"{what} {', '.join(one[what])}" for what in ("states", "scenarios", "facts"))
            for one in found["providers"]
        ]
        show_answer(context, found, "\n".join(lines))


@app.command()
def namespaces(
    context: typer.Context,
    export: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the namespace to a file.")] = None,
    import_from: Annotated[Path | None, typer.Option("--import", metavar="FILE", help="Replace the namespace by a file.")] = None,
    end: Annotated[bool, typer.Option("--end", help="End the namespace.")] = False,
) -> None:
    """List namespaces; export, import or end the one of --namespace."""
    with user_errors(as_json=context.obj.as_json):
        from specimen.mockserver.errors import SettingError

        path = f"/namespaces/{context.obj.namespace}"
        if export is not None:
            call_into(context, path, export, "--export")
            show_answer(context, {"file": str(export)}, f"{context.obj.namespace} is in {export}")
        elif import_from is not None:
            try:
                value = json.loads(import_from.read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                raise SettingError(f"{import_from}: {error}") from error
            found = call(context, "PUT", path, body=value)
            show_answer(context, found, f"{found['sessions']} sessions")
        elif end:
            show_answer(context, call(context, "DELETE", path), "ended")
        else:
            found = call(context, "GET", "/namespaces")
            show_answer(context, found, "\n".join(found["namespaces"]))


@app.command()
def reset(
    context: typer.Context,
    scope: Annotated[str, typer.Option(help="namespace, sessions, requests, faults, clock or server.")] = "namespace",
) -> None:
    """Reset the namespace, a part of it, or the whole server."""
    with user_errors(as_json=context.obj.as_json):
        show_answer(context, call(context, "POST", "/reset", body={"scope": scope}), f"{scope} is reset")


for command in (traffic.requests, traffic.ask, traffic.faults, webhooks.webhooks):
    app.command()(command)
