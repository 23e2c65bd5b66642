"""`specimen providers`, `show` and `ids`: what the mock serves, without a server."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer
from rich.table import Table as Grid
from rich.text import Text

from specimen import specs
from specimen.mockserver.cli.options import JsonOption, ProviderArgument, SeedOption, time_of
from specimen.mockserver.errors import SpecimenError
from specimen.specs.cli import completion
from specimen.specs.cli.console import console, standard_output, table_console, user_errors


def providers(as_json: JsonOption = False) -> None:
    """List the providers, their operations and their scenarios.

    Examples:

        specimen providers

        specimen providers --json
    """
    with user_errors(as_json=as_json), standard_output():
        found = [specs.load(name) for name in specs.names()]
        if as_json:
            print(json.dumps([_summary(provider) for provider in found], indent=2, ensure_ascii=False))
            return
        grid = Grid("provider", "title", "mount", "operations", "states", "scenarios", box=None, pad_edge=False)
        for provider in found:
            lifecycle = provider.lifecycle
            counts = (len(provider.document.operations), len(lifecycle.states), len(lifecycle.scenarios))
            grid.add_row(provider.name, lifecycle.title, provider.mount, *(str(count) for count in counts))
        console().print(grid)


def _summary(provider: specs.Provider) -> dict[str, Any]:
    lifecycle = provider.lifecycle
    return {
        "name": provider.name,
        "title": lifecycle.title,
        "homepage": lifecycle.homepage,
        "mount": provider.mount,
        "operations": list(provider.document.operations),
        "states": {name: {"terminal": state.terminal, "mark": state.mark} for name, state in lifecycle.states.items()},
        "scenarios": {name: scenario.summary for name, scenario in lifecycle.scenarios.items()},
    }


def show(
    name: ProviderArgument,
    scenario: Annotated[
        str,
        typer.Argument(help="A scenario's name or alias, as `specimen ids` lists it.", autocompletion=completion.scenarios),
    ],
    seed: SeedOption = 0,
    now: Annotated[str | None, typer.Option(metavar="TIME", help="The time of the read (ISO 8601).", show_default="now")] = None,
    locale: Annotated[str | None, typer.Option(help="The person's locale, such as ja_JP.")] = None,
    operation: Annotated[
        str | None,
        typer.Option(
            metavar="OP", help="The operation that answers.", show_default="the first read", autocompletion=completion.operations
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every operation that reads or lists the session, by its name.")] = False,
) -> None:
    """Print the API's answer for a session at the scenario's end.

    Examples:

        specimen show kayle succeeded

        specimen show neurovision success --seed 7 --locale ja_JP

        specimen show kyve completed --operation getVerification

        specimen show idnow accepted --all
    """
    with user_errors(), standard_output():
        from specimen.mockserver.testing.preview import preview, previews

        if every and operation is not None:
            raise SpecimenError("--operation and --all: give one of them.")
        provider, at = specs.load(name), time_of(now)
        if every:
            body = previews(provider, scenario, seed=seed, now=at, locale=locale)
        else:
            body = preview(provider, scenario, seed=seed, now=at, locale=locale, operation=operation)
        text = json.dumps(body, indent=2, ensure_ascii=False)
        if sys.stdout.isatty():
            console().print_json(text)
        else:
            print(text)


def ids(
    name: Annotated[
        str | None, typer.Argument(metavar="[PROVIDER]", help="Only this provider.", autocompletion=completion.providers)
    ] = None,
    as_json: JsonOption = False,
    seed: SeedOption = 0,
) -> None:
    """List an id for every scenario and state, and a request for every error.

    The ids are the same on every machine. With --json each entry is a request to send, in the form that docs/programs.md
    describes.

    Examples:

        specimen ids kayle

        specimen ids --json
    """
    with user_errors(as_json=as_json), standard_output():
        from specimen.mockserver.sessions.catalogue.catalogue import Catalogue
        from specimen.mockserver.sessions.catalogue.scenario_requests import VERSION, ScenarioRequests

        found = [specs.load(one) for one in ([name] if name else specs.names())]
        tables = [ScenarioRequests(provider, Catalogue(provider, seed)) for provider in found]
        if as_json:
            entries = [entry for table in tables for entry in table.entries()]
            print(json.dumps({"version": VERSION, "entries": entries}, indent=1, ensure_ascii=False))
            return
        for table in tables:
            _print_table(table)


def _print_table(table: Any) -> None:
    from specimen.mockserver.preferences.preferences import magic_value

    provider = table.provider
    out = table_console()
    out.print(Text(provider.lifecycle.title, style="bold"))
    sessions = Grid("scenario", "alias", "state", "request", box=None, pad_edge=False)
    errors = Grid("error", "status", "operation", "ask for it", box=None, pad_edge=False)
    last = None
    for entry in table.entries():
        if entry["scenario"] is None:
            errors.add_row(
                entry["example"], str(entry["expect_status"]), entry["operation"], f"Prefer: example={entry['example']}"
            )
            continue
        scenario = provider.lifecycle.scenarios[entry["scenario"]]
        body = "" if entry["body"] is None else " " + json.dumps(entry["body"])
        named = ("", "") if scenario is last else (scenario.name, scenario.alias)
        sessions.add_row(*named, entry["status"], f"{entry['method']} {entry['path']}{body}")
        last = scenario
    out.print(sessions)
    example = magic_value(provider, provider.lifecycle.default)
    if example is not None and provider.lifecycle.magic is not None:
        out.print(f"On create, {provider.lifecycle.magic.pointer} = {example} asks for '{provider.lifecycle.default.name}'.")
    out.print(errors)
    out.print()
