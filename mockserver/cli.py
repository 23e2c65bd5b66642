"""`specimen serve`, `providers`, `show` and `ids`."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from specimen import specs
from specimen.fixtures.primitives import times
from specimen.mockserver.errors import SettingError, SpecimenError
from specimen.mockserver.settings import Pace, Settings
from specimen.specs.cli import completion
from specimen.specs.cli.console import console, standard_output, table_console, user_errors

# Uvicorn has one more, "trace", which logs paths and queries: they may hold ids and tokens.
LOG_LEVELS = ("critical", "error", "warning", "info", "debug")

ProviderArgument = Annotated[
    str, typer.Argument(help="A provider's name, as `specimen providers` lists it.", autocompletion=completion.providers)
]
SeedOption = Annotated[int, typer.Option(min=0, max=2**31 - 1, help="The number that all synthetic data depends on.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]


def register(app: typer.Typer) -> None:
    """Adds the mock's commands to a Typer application."""
    app.command()(serve)
    app.command()(providers)
    app.command()(show)
    app.command()(ids)


def serve(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PROVIDER]...",
            help="Serve only these; one alone is also served at the root.",
            show_default="all",
            autocompletion=completion.providers,
        ),
    ] = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 picks a free one.")] = 8080,
    seed: SeedOption = 0,
    now: Annotated[str | None, typer.Option(metavar="TIME", help="Start the clock there (ISO 8601).")] = None,
    freeze: Annotated[bool, typer.Option("--freeze", help="Stop the clock.")] = False,
    pace: Annotated[
        str, typer.Option(help="How sessions move: instant, manual, realtime, 10x (any factor), polls:N (every N reads).")
    ] = "10x",
    locale: Annotated[str | None, typer.Option(help="Make all people of one locale, such as de_DE.")] = None,
    log_level: Annotated[str, typer.Option(help=f"One of {', '.join(LOG_LEVELS)}.")] = "warning",
    ready_file: Annotated[Path | None, typer.Option(help="Write the URL there, as JSON, once the port answers.")] = None,
    sse_max: Annotated[float, typer.Option(min=0.1, help="Close event streams after so many seconds.")] = 300.0,
) -> None:
    """Serve the sandbox of all providers, or of some.

    Examples:

        specimen serve

        specimen serve kayle --port 0 --ready-file ready.json

        specimen serve --now 2026-03-01T12:00:00Z --freeze --pace instant
    """
    with user_errors():
        if ready_file is not None and not ready_file.parent.is_dir():
            raise SettingError(f"ready file '{ready_file}': its folder does not exist.")
        if log_level not in LOG_LEVELS:
            raise SettingError(f"log level '{log_level}': expected one of {', '.join(LOG_LEVELS)}.")
        settings = Settings(
            host=host,
            port=port,
            providers=tuple(dict.fromkeys(names or ())),
            seed=seed,
            now=_time(now),
            freeze=freeze,
            pace=Pace.parse(pace),
            locale=locale,
            log_level=log_level,
            sse_max_seconds=sse_max,
        )
        from specimen.mockserver.app import build_app
        from specimen.mockserver.http.server import run, write_ready_file
        from specimen.specs.core.listening import listen, url_of

        app = build_app(settings)
        listening = listen(host, port)
        url = url_of(listening, host)

        def started() -> None:
            try:
                _print_start(app, url)
            except SpecimenError as error:  # the server also runs where its output is lost
                Console(stderr=True, highlight=False).print(f"{error} The server goes on at {url}", soft_wrap=True)
            if ready_file is not None:
                write_ready_file(ready_file, url)

        run(app, listening, started)


def providers(as_json: JsonOption = False) -> None:
    """List the providers, their operations and their scenarios.

    Examples:

        specimen providers

        specimen providers --json
    """
    with user_errors(), standard_output():
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
) -> None:
    """Print the API's answer for a session at the scenario's end.

    Examples:

        specimen show kayle succeeded

        specimen show neurovision success --seed 7 --locale ja_JP
    """
    with user_errors(), standard_output():
        from specimen.mockserver.testing.preview import preview

        body = preview(specs.load(name), scenario, seed=seed, now=_time(now), locale=locale)
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
    with user_errors(), standard_output():
        from specimen.mockserver.sessions.catalogue import Catalogue
        from specimen.mockserver.sessions.scenario_requests import VERSION, ScenarioRequests

        found = [specs.load(one) for one in ([name] if name else specs.names())]
        tables = [ScenarioRequests(provider, Catalogue(provider, seed, 0)) for provider in found]
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


@standard_output()
def _print_start(app: Any, url: str) -> None:
    from specimen.fixtures.recipes.recipe import DEFAULT_NAMESPACE

    out = console(soft_wrap=True)
    for name, mounted in app.mounted.items():
        out.print(Text(mounted.provider.lifecycle.title, style="bold"))
        root = f"  (also {url}{mounted.base_path})" if len(app.mounted) == 1 else ""
        out.print(f"  base URL  {url}{mounted.provider.mount}{root}")
        out.print(f"  document  {url}/{name}/openapi.json   {url}/{name}/ui/")
        for label, entry in example_requests(mounted):
            out.print(Text.assemble(f"  {label:<9} ", (as_curl(entry, url), "cyan")))
    out.print(f"Serving on {url} (namespace '{DEFAULT_NAMESPACE}', seed {app.settings.seed}). Stop with Ctrl-C.")


def example_requests(mounted: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The happy path's end state and another one, each with a request for a session in it."""
    lifecycle = mounted.provider.lifecycle
    good = lifecycle.default
    bad = next(
        entry
        for entry in lifecycle.scenarios.values()
        if entry.path[-1] != good.path[-1] and entry.path[-1] in lifecycle.terminal
    )
    for scenario in (good, bad):
        entries = (
            entry
            for entry in mounted.table.entries()
            if entry["scenario"] == scenario.name and entry["status"] == scenario.path[-1]
        )
        yield scenario.path[-1], next(entries)


def as_curl(entry: dict[str, Any], url: str) -> str:
    """An entry of the scenario requests as a curl command."""
    parts = ["curl", "-sS"]
    if entry["method"] != "GET":
        parts += ["-X", entry["method"]]
    for header, value in entry["headers"].items():
        parts += ["-H", shlex.quote(f"{header}: {value}")]
    if entry["body"] is not None:
        parts += ["-d", shlex.quote(json.dumps(entry["body"], ensure_ascii=False))]
    return " ".join([*parts, shlex.quote(url + entry["path"])])


def _time(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return times.parse(text)
    except ValueError:
        raise SettingError(f"time '{text}': expected ISO 8601, such as 2026-03-01T12:00:00Z.") from None
