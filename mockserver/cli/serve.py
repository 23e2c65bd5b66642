"""`specimen serve`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from specimen.mockserver.cli.options import SeedOption, time_of
from specimen.mockserver.cli.start_message import print_start
from specimen.mockserver.errors import SettingError, SpecimenError, did_you_mean
from specimen.mockserver.settings import MEBIBYTE, Pace, Settings
from specimen.specs.cli import completion
from specimen.specs.cli.console import user_errors
from specimen.specs.core.atomic_files import check_writable

# Uvicorn has one more, "trace", which logs paths and queries: they may hold ids and tokens.
LOG_LEVELS = ("critical", "error", "warning", "info", "debug")


def serve(
    context: typer.Context,
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
        str,
        typer.Option(
            metavar="URL",
            envvar="SPECIMEN_STORE",
            help="Where sessions are kept: memory, sqlite:///file.db, redis://host:6379/0.",
        ),
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
        from specimen.mockserver.preferences.faults.names import UnknownName
        from specimen.mockserver.preferences.faults.rules import InvalidFault
        from specimen.mockserver.preferences.faults.rules import read as read_faults

        for file, what in ((ready_file, "ready file"), (webhook_keys, "webhook keys")):
            if file is not None:  # who waits for it would wait for ever
                check_writable(file, what)
        _check_control_options(context, control=control)
        if log_level not in LOG_LEVELS:
            raise SettingError(f"log level '{log_level}': expected one of {', '.join(LOG_LEVELS)}.")
        settings = Settings(
            host=host,
            port=port,
            providers=tuple(dict.fromkeys(names or ())),
            seed=seed,
            now=time_of(now),
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
        import asyncio

        from specimen.mockserver.app import build_app
        from specimen.mockserver.http.server import run, write_private_json, write_ready_file
        from specimen.mockserver.http.tls import context_of
        from specimen.mockserver.http.workers import Supervisor, sockets
        from specimen.specs.core.listening import listen, url_of

        tls = context_of(host, tls_cert, tls_key, tls_ca, is_self_signed=tls_self_signed)
        try:
            app = build_app(settings)
        except UnknownName as error:
            raise InvalidFault(f"{faults}: {error}") from error
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
            app.standing.endpoints = asyncio.run(_registered(build_app(settings), url))

        def started() -> None:
            if webhook_keys is not None:
                write_private_json(webhook_keys, {one.provider: one.receiver for one in app.standing.endpoints})
            try:
                print_start(app, url + app.root_path, shows_keys=webhook_keys is None)
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


def _check_control_options(context: typer.Context, *, control: bool) -> None:
    """Fails where an option is for a control API that is not served; a token of the environment may be for other servers."""
    if control:
        return
    for name in ("control_token", "allowed_host"):
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            option = name.replace("_", "-")
            raise SettingError(f"--{option}: there is no control API with --no-control; leave out one of them.")


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
    return app.standing.endpoints
