"""`specimen ctl`: the control API of a running server on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from specimen.mockserver.control.commands import sessions, traffic, webhooks
from specimen.mockserver.control.commands.ctl import (
    JsonOption,
    NamespaceOption,
    Options,
    PaceOption,
    ProviderOption,
    SeedOption,
    TokenOption,
    UrlOption,
    call,
    call_into,
    show_answer,
    steering,
)
from specimen.mockserver.errors import SettingError
from specimen.specs.cli.console import user_errors

app = typer.Typer(
    invoke_without_command=True,
    help="""Steer a running mock: sessions, clock, faults, requests, namespaces.

    The options may stand behind a command's name, too.

    Examples:

        specimen ctl create kayle --scenario ok --pace manual

        specimen ctl advance kayle vs_…

        specimen ctl sessions -n job-17 --json
    """,
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


for command in sessions.COMMANDS:
    app.command()(steering(command))


@app.command()
@steering
def clock(
    context: typer.Context,
    set_to: Annotated[str | None, typer.Option("--set", metavar="TIME", help="Set the time (ISO 8601, UTC).")] = None,
    forward: Annotated[float | None, typer.Option(min=0, metavar="SECONDS", help="Move the time forward.")] = None,
    freeze: Annotated[bool, typer.Option("--freeze", help="Stop the time.")] = False,
    run: Annotated[bool, typer.Option("--run", help="Let the time go on.")] = False,
) -> None:
    """Read or move the namespace's clock.

    Examples:

        specimen ctl clock --forward 1800

        specimen ctl clock --set 2030-03-01T12:00:00Z --freeze
    """
    with user_errors(as_json=context.obj.as_json):
        if freeze and run:
            raise SettingError("--freeze and --run: expected one of the two.")
        found = call(context, "GET", "/clock")
        if set_to is not None:
            found = call(context, "POST", "/clock/set", body={"now": set_to})
        if forward is not None:
            found = call(context, "POST", "/clock/forward", body={"seconds": forward})
        if freeze or run:
            found = call(context, "POST", "/clock/freeze" if freeze else "/clock/run")
        show_answer(context, found, f"{found['now']} {'stands' if found['frozen'] else 'runs'}")


@app.command()
@steering
def settings(
    context: typer.Context,
    seed: SeedOption = None,
    pace: PaceOption = None,
) -> None:
    """Read or set seed and pace of new sessions.

    Example:

        specimen ctl settings --pace polls:3 --seed 7
    """
    with user_errors(as_json=context.obj.as_json):
        body = {name: value for name, value in (("seed", seed), ("pace", pace)) if value is not None}
        found = call(context, "PATCH" if body else "GET", "/settings", body=body)
        show_answer(context, found, f"seed {found['seed']}, pace {found['pace']}")


@app.command()
@steering
def catalogue(context: typer.Context, provider: ProviderOption = None) -> None:
    """Show what each provider has: states, scenarios, facts.

    Example:

        specimen ctl catalogue --provider kayle
    """
    with user_errors(as_json=context.obj.as_json):
        found = call(context, "GET", "/catalogue", query={"provider": provider})
        show_answer(context, found, "\n".join(map(_provided, found["providers"])))


def _provided(one: dict[str, Any]) -> str:
    """What a provider has, with the values that `--fact` takes."""
    rows = {what: ", ".join(one[what]) for what in ("states", "scenarios")}
    rows |= {f"fact {name}": ", ".join(map(_as_text, values)) or "any" for name, values in one["facts"].items()}
    return "\n".join([one["name"], *(f"  {name}: {text}" for name, text in rows.items())])


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@app.command()
@steering
def namespaces(
    context: typer.Context,
    export: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the namespace to a file.")] = None,
    import_from: Annotated[Path | None, typer.Option("--import", metavar="FILE", help="Replace the namespace by a file.")] = None,
    end: Annotated[bool, typer.Option("--end", help="End the namespace.")] = False,
) -> None:
    """List namespaces; export, import or end the one of --namespace.

    Examples:

        specimen ctl namespaces --namespace job-17 --export job-17.json

        specimen ctl namespaces --namespace copy --import job-17.json
    """
    with user_errors(as_json=context.obj.as_json):
        path = f"/namespaces/{context.obj.namespace}"
        if export is not None:
            call_into(context, path, export, "--export")
            show_answer(context, {"file": str(export)}, f"{context.obj.namespace} is in {export}")
        elif import_from is not None:
            try:
                value = json.loads(import_from.read_text(encoding="utf-8"))
            except OSError as error:
                raise SettingError(f"--import '{import_from}': cannot be read: {error.strerror or error}.") from error
            except ValueError as error:
                raise SettingError(f"--import '{import_from}': expected a file of --export; it is no JSON: {error}.") from error
            found = call(context, "PUT", path, body=value)
            show_answer(context, found, f"{found['sessions']} sessions")
        elif end:
            show_answer(context, call(context, "DELETE", path), "ended")
        else:
            found = {"namespaces": _all_namespaces(context), "next": None}
            show_answer(context, found, "\n".join(found["namespaces"]))


def _all_namespaces(context: typer.Context) -> list[str]:
    """The names of all pages."""
    names: list[str] = []
    after = None
    while True:
        page = call(context, "GET", "/namespaces", query={"limit": 1000, "after": after})
        names += page["namespaces"]
        after = page["next"]
        if after is None:
            return names


@app.command()
@steering
def reset(
    context: typer.Context,
    scope: Annotated[str, typer.Option(help="namespace, sessions, requests, faults, clock or server.")] = "namespace",
) -> None:
    """Reset the namespace, a part of it, or the whole server.

    Example:

        specimen ctl reset --scope requests
    """
    with user_errors(as_json=context.obj.as_json):
        show_answer(context, call(context, "POST", "/reset", body={"scope": scope}), f"{scope} is reset")


for other in (traffic.requests, traffic.ask, traffic.faults, webhooks.webhooks):
    app.command()(steering(other))
