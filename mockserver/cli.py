"""`specimen serve`, `providers`, `show` and `ids`; the other commands of the mock are added to them."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from specimen import specs
from specimen.fixtures.primitives import times
from specimen.mockserver.control.commands import control as control_commands
from specimen.mockserver.control.commands import faults as fault_commands
from specimen.mockserver.control.commands import store as store_commands
from specimen.mockserver.errors import SettingError, SpecimenError, did_you_mean
from specimen.mockserver.sessions.catalogue.export.cli import export
from specimen.mockserver.sessions.catalogue.spec_command import spec
from specimen.mockserver.settings import MEBIBYTE, Pace, Settings
from specimen.specs.cli import completion
from specimen.specs.cli.console import console, standard_output, table_console, user_errors
from specimen.specs.core.atomic_files import check_writable

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
    app.command()(export)
    app.command()(spec)
    app.command("faults")(fault_commands.faults)
    app.add_typer(control_commands.app, name="ctl")
    app.add_typer(store_commands.app)


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
    store: Annotated[
        str, typer.Option(metavar="URL", help="Where sessions are kept: memory, sqlite:///file.db, redis://host:6379/0.")
    ] = "memory",
    most_sessions: Annotated[int, typer.Option(min=1, help="Sessions kept; another one is answered 507.")] = 5_000_000,
    most_namespaces: Annotated[
        int, typer.Option(min=2, help="Namespaces kept; for another one the least recently used is ended.")
    ] = 10_000,
    most_values: Annotated[
        int, typer.Option(min=1, help="Kept values, such as results of idempotent calls; those that end first go.")
    ] = 1_000_000,
    most_value_bytes: Annotated[int, typer.Option(min=1, help="Bytes of all kept values.")] = 512 * MEBIBYTE,
    most_tasks: Annotated[
        int, typer.Option(min=1, help="Webhooks that wait; a request that another one is to follow is answered 507.")
    ] = 1_000_000,
    webhook: Annotated[
        list[str] | None, typer.Option(metavar="PROVIDER=URL", help="Send its webhooks there; may be repeated.")
    ] = None,
    webhook_host: Annotated[
        list[str] | None, typer.Option(metavar="HOST", help="Allow targets on this host too; may be repeated.")
    ] = None,
    webhook_secret: Annotated[
        str | None,
        typer.Option(
            envvar="SPECIMEN_WEBHOOK_SECRET", help="Sign with it; a new one is made and shown if not given.", show_default=False
        ),
    ] = None,
    webhook_keys: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write there what receivers need, for `specimen webhooks listen`.")
    ] = None,
    root_path: Annotated[
        str, typer.Option(metavar="PATH", help="The prefix that a reverse proxy shows the server under, such as /kyc.")
    ] = "",
    trust_proxy: Annotated[
        bool, typer.Option("--trust-proxy", help="Believe Forwarded and X-Forwarded-… of the proxy in links of answers.")
    ] = False,
    tls_cert: Annotated[Path | None, typer.Option(metavar="FILE", help="Serve HTTPS with this certificate (PEM).")] = None,
    tls_key: Annotated[Path | None, typer.Option(metavar="FILE", help="Its key (PEM), where that is in another file.")] = None,
    tls_self_signed: Annotated[
        bool, typer.Option("--tls-self-signed", help="Serve HTTPS with a certificate that is made now.")
    ] = False,
    tls_ca: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write there whom clients are to trust, with --tls-self-signed.")
    ] = None,
    control: Annotated[bool, typer.Option("--control/--no-control", help="Serve the control API.")] = True,
    control_token: Annotated[
        str | None, typer.Option(envvar="SPECIMEN_CONTROL_TOKEN", help="The bearer token that calls of the control API need.")
    ] = None,
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Another name in the Host header of the control API; may be repeated."),
    ] = None,
    faults: Annotated[
        str | None, typer.Option(metavar="FILE", help="Faults for every namespace: a file, or a preset such as chaos.")
    ] = None,
    most_log_entries: Annotated[int, typer.Option(min=0, help="Entries kept of the request log.")] = 5_000,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes that answer; more than one need a shared store.")] = 1,
) -> None:
    """Serve the sandbox of all providers, or of some.

    Examples:

        specimen serve

        specimen serve kayle --port 0 --ready-file ready.json

        specimen serve --now 2026-03-01T12:00:00Z --freeze --pace instant

        specimen serve --store sqlite:///sandbox.db --workers 4
    """
    with user_errors():
        from specimen.mockserver.preferences.faults.rules import read as read_faults

        for file, what in ((ready_file, "ready file"), (webhook_keys, "webhook keys")):
            if file is not None:  # who waits for it would wait for ever
                check_writable(file, what)
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
            store=store,
            most_sessions=most_sessions,
            most_namespaces=most_namespaces,
            most_values=most_values,
            most_value_bytes=most_value_bytes,
            most_tasks=most_tasks,
            request_log_entries=most_log_entries,
            webhooks=_targets(webhook, webhook_host or ()),
            webhook_secret=webhook_secret,
            webhook_hosts=tuple(webhook_host or ()),
            root_path=root_path,
            trust_proxy=trust_proxy,
            control=control,
            control_token=control_token or None,
            allowed_hosts=tuple(allowed_host or ()),
            faults=() if faults is None else tuple(read_faults(faults)),
        )
        from specimen.mockserver.app import build_app
        from specimen.mockserver.http.server import run, write_private_json, write_ready_file
        from specimen.mockserver.http.tls import context_of
        from specimen.mockserver.http.workers import Supervisor, sockets
        from specimen.specs.core.listening import listen, url_of

        tls = context_of(host, tls_cert, tls_key, tls_ca, is_self_signed=tls_self_signed)
        app = build_app(settings)
        _check_targets(app, settings)
        if workers > 1 and not app.store.is_shared:
            raise SettingError(
                f"--workers {workers}: the processes would not see one another's sessions, as they are kept in memory. "
                "Add --store sqlite:///sandbox.db, or redis://…"
            )
        listening = sockets(host, port, workers) if workers > 1 else [listen(host, port)]
        url = url_of(listening[0], host, "http" if tls is None else "https")
        app.served_at(url)
        if workers > 1 and settings.webhooks:
            # Once, before the workers would at the same time; by a store of its own, which no process inherits.
            app.registered = asyncio.run(_registered(build_app(settings), url))

        def started() -> None:
            if webhook_keys is not None:
                write_private_json(webhook_keys, {one.provider: one.receiver for one in app.registered})
            try:
                _print_start(app, url + app.root_path, shows_keys=webhook_keys is None)
            except SpecimenError as error:  # the server also runs where its output is lost
                Console(stderr=True, highlight=False).print(f"{error} The server goes on at {url}", soft_wrap=True)
            if ready_file is not None:
                write_ready_file(ready_file, url)

        if not settings.is_loopback:
            text = f"--host {host}: every machine that reaches this one can use the sandbox; its credentials are public."
            Console(stderr=True, highlight=False).print(text, soft_wrap=True)
        if workers == 1:
            run(app, listening[0], started, tls)
        elif code := Supervisor(listening, partial(run, app, tls=tls), started).run():
            raise typer.Exit(code)


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
        provider, at = specs.load(name), _time(now)
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
    with user_errors(), standard_output():
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


def _targets(given: list[str] | None, hosts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """The providers and targets of `--webhook`."""
    from specimen.mockserver.webhooks.endpoints import check_url

    found = []
    for text in given or ():
        name, equals, target = text.partition("=")
        if not equals:
            raise SettingError(f"--webhook '{text}': expected PROVIDER=URL, such as kyve=http://127.0.0.1:9000/hook.")
        check_url(target, hosts)
        found.append((name, target))
    return tuple(found)


def _check_targets(app: Any, settings: Settings) -> None:
    """Fails before the server starts where a provider of `--webhook` sends none."""
    from specimen.mockserver.webhooks.outbox import webhooks_of
    from specimen.specs.core.extras import needs

    for name, _ in settings.webhooks:
        if name not in app.mounted:
            raise SettingError(f"--webhook of '{name}': it is not served. {did_you_mean(name, app.mounted)}")
        webhooks = webhooks_of(app.mounted[name].shared_state)
        if webhooks.token is not None or webhooks.encryption is not None:
            with needs("webhooks", f"--webhook of {name}"):
                import joserfc  # noqa: F401 - asked for before anything is sent


async def _registered(app: Any, url: str) -> Any:
    """The endpoints of the settings, added to the store."""
    app.served_at(url)
    try:
        await app.register_webhooks()
    finally:
        await app.close()
    return app.registered


@standard_output()
def _print_start(app: Any, url: str, *, shows_keys: bool) -> None:
    from specimen.fixtures.recipes.recipe import DEFAULT_NAMESPACE

    out = console(soft_wrap=True)
    for name, mounted in app.mounted.items():
        out.print(Text(mounted.provider.lifecycle.title, style="bold"))
        root = f"  (also {url}{mounted.base_path})" if len(app.mounted) == 1 else ""
        out.print(f"  base URL  {url}{mounted.provider.mount}{root}")
        out.print(f"  document  {url}/{name}/openapi.json   {url}/{name}/ui/")
        for label, entry in example_requests(mounted):
            out.print(Text.assemble(f"  {label:<9} ", (as_curl(entry, url), "cyan")))
    for one in app.registered:
        out.print(f"Webhooks of {one.provider} go to {one.endpoint.url}")
        if shows_keys:
            out.print(Text(f"  {json.dumps(one.receiver)}"))
    if app.control is not None:
        token = f"  (bearer token {app.control_token})" if app.control_token and not app.settings.control_token else ""
        out.print(f"Control API {url}/_specimen/v1/ui/{token}")
        out.print(f"Page        {url}/")
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
