"""`specimen verify` and `specimen rules`."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from specimen import specs
from specimen.contracts.cli.network_options import CaOption, InsecureOption, PatienceOption, seconds, tls
from specimen.contracts.cli.report_options import (
    BaselineFiles,
    BaselineOption,
    FailOnOption,
    Files,
    LocationOption,
    ReportOption,
    SecondOpinionOption,
    StrictOption,
    WriteBaselineOption,
    baseline_files,
    check_second_opinion,
    location_file,
    report_files,
    write_reports,
)
from specimen.contracts.cli.webhooks import ClockOption, KeysOption, SecretOption
from specimen.specs.cli import completion
from specimen.specs.cli.console import console, standard_output, table_console, user_errors

if TYPE_CHECKING:
    from specimen.contracts.judge.rule import Rule
    from specimen.contracts.reporting.model import Report
    from specimen.contracts.verify.plan import Plan
    from specimen.contracts.verify.runner import Progress
    from specimen.contracts.webhooks.watching import Watch
    from specimen.specs import Provider

TOKEN_VARIABLE = "SPECIMEN_TOKEN"  # noqa: S105 - a variable's name
OTHER_TOKEN_VARIABLE = "SPECIMEN_OTHER_TOKEN"  # noqa: S105 - a variable's name


def register(app: typer.Typer) -> None:
    """Adds the judge's commands to a command line."""
    app.command()(verify)
    app.command()(rules)


def _profiles(incomplete: str) -> list[str]:
    from specimen.contracts.verify.arguments import PROFILES

    return completion.among(PROFILES)(incomplete)


def verify(
    name: Annotated[
        str,
        typer.Argument(
            metavar="PROVIDER", help="A provider's name, as `specimen providers` lists it.", autocompletion=completion.providers
        ),
    ],
    url: Annotated[str, typer.Option(help="The base URL of the implementation: what comes before the document's paths.")],
    token: Annotated[
        str | None, typer.Option(envvar=TOKEN_VARIABLE, help="The credential, put where the vendor wants it.", show_default=False)
    ] = None,
    other_token: Annotated[
        str | None,
        typer.Option(
            envvar=OTHER_TOKEN_VARIABLE,
            help="A second credential, which must not see what the first made where the contract says so.",
            show_default=False,
        ),
    ] = None,
    header: Annotated[list[str] | None, typer.Option(metavar="'NAME: VALUE'", help="A header to send; may be repeated.")] = None,
    setting: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A value of the requests; --dry-run lists them.")
    ] = None,
    profile: Annotated[
        str,
        typer.Option(
            help="smoke (the walk, seconds), ci (and Schemathesis), nightly (more of all, and random steps).",
            autocompletion=_profiles,
        ),
    ] = "ci",
    driver: Annotated[
        str,
        typer.Option(
            metavar="none|prefer|auto|CMD",
            help="What brings sessions into a state: none, our mock's Prefer header, or a command that prints an id for a state.",
        ),
    ] = "auto",
    session: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="A session that may be read (KIND=ID for another id); may be repeated.")
    ] = None,
    require: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="An operation or a state that must be seen; may be repeated. A production host is asked for a list only so.",
        ),
    ] = None,
    part: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A part of the vendor's API to verify beside its main operations: webhooks (kayle)."),
    ] = None,
    fail_on: FailOnOption = None,
    strict: StrictOption = False,
    baseline: BaselineOption = None,
    write_baseline: WriteBaselineOption = None,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="The number that all drawn requests depend on.")] = 1,
    report: ReportOption = None,
    sarif_location: LocationOption = None,
    second_opinion: SecondOpinionOption = False,
    allow_writes: Annotated[
        list[str] | None, typer.Option(metavar="HOST", help="This host is not a production host; may be repeated.")
    ] = None,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Send documented reads alone, on this machine too: a tunnel may end elsewhere.")
    ] = False,
    budget: Annotated[int | None, typer.Option(min=1, help="The most requests that may be sent.")] = None,
    webhook_port: Annotated[
        int | None,
        typer.Option(
            min=1, max=65535, metavar="PORT", help="Watch the webhooks that your own host sends to this port meanwhile."
        ),
    ] = None,
    webhook_secret: SecretOption = None,
    webhook_keys: KeysOption = None,
    webhook_clock: ClockOption = None,
    webhook_type: Annotated[
        list[str] | None, typer.Option(metavar="TYPE", help="The host sends these types of event alone; may be repeated.")
    ] = None,
    patience: PatienceOption = None,
    ca: CaOption = None,
    insecure: InsecureOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be sent, and send nothing.")] = False,
) -> None:
    """Verify that an implementation conforms to the vendor's contract.

    Every host but this machine is treated as a production host: it gets only documented reads, of the sessions given, one a
    second. Exit codes: 0 all rules passed, 1 violations, 2 a mistake in the command, or nowhere to print, 3 no answer, 4
    inconclusive: something that is required was never seen, 70 Specimen itself failed, 130 interrupted; the reports are written
    all the same.

    Examples:

        specimen verify kayle --url http://127.0.0.1:8080/kayle --token kk_live_specimen --profile smoke --strict

        SPECIMEN_TOKEN=… specimen verify idnow --url https://api.eu.platform.idnow.io --session 0197… --dry-run

        SPECIMEN_TOKEN=… specimen verify idnow --url http://127.0.0.1:8080/idnow --set environment=staging

        specimen verify kayle --url http://127.0.0.1:8080/kayle --baseline known.yaml

        specimen verify kyve --url http://127.0.0.1:8000/kyve --profile smoke --webhook-port 9000 --webhook-secret whsec_…

        specimen verify kyve --url http://kyc.test:8000 --allow-writes kyc.test --driver ./session-in-state --report junit=kyc.xml
    """
    with user_errors():
        from specimen.contracts.cli import name_value
        from specimen.contracts.http.credentials import as_headers
        from specimen.contracts.verify.plan import plan
        from specimen.contracts.verify.runner import Crashed, Interrupted
        from specimen.contracts.verify.runner import verify as run

        files, location = report_files(report), location_file(sarif_location)
        check_second_opinion(second_opinion)
        provider = specs.load(name)
        baselines = baseline_files(provider, baseline, write_baseline)
        values = name_value.settings(setting)
        # An empty environment variable counts as unset.
        other = as_headers(provider, other_token) if other_token else None
        if dry_run:
            _print_plan(
                plan(url, name, profile=profile, other_auth=other, driver=driver, sessions=session or (), values=values,
                     require=require or (), parts=part or (), allow_writes=allow_writes or (), read_only=read_only, budget=budget)
            )  # fmt: skip
            return
        auth = {**as_headers(provider, token), **as_headers(provider, name_value.headers(header))}
        try:
            watching = _watching(provider, webhook_port, webhook_secret, webhook_keys, webhook_clock, webhook_type or ())
            with watching as watch, _progress() as tell:
                found = run(
                    url, name, profile=profile, auth=auth, other_auth=other, driver=driver, sessions=session or (),
                    values=values, require=require or (), parts=part or (), fail_on=fail_on, strict=strict, seed=seed,
                    allow_writes=allow_writes or (), read_only=read_only, budget=budget, webhooks=watch,
                    patience_seconds=seconds(patience),
                    tls=tls(ca, is_insecure=insecure), second_opinion=second_opinion, on_progress=tell,
                )  # fmt: skip
        except Interrupted as stopped:
            found = stopped.report
        except Crashed as crash:
            _deliver(baselines.applied(crash.report), files, baselines, location)
            raise crash.error from None
        found = baselines.applied(found)
        _deliver(found, files, baselines, location)
    raise typer.Exit(found.exit_code)


def _deliver(found: Report, files: Files, baselines: BaselineFiles, location: str | None) -> None:
    """Writes the reports and the baseline, then prints; an error of the one does not stop the other."""
    from specimen.contracts.reporting.formats.terminal_report import print_report

    failed = write_reports(found, files, location)
    with standard_output():
        print_report(found, console(soft_wrap=True))
    unwritten = baselines.write(found)
    failed = failed or unwritten
    if failed is not None:
        raise failed


@contextlib.contextmanager
def _watching(
    provider: specs.Provider, port: int | None, secret: str | None, keys: Path | None, clock: str | None, types: Sequence[str]
) -> Iterator[Watch | None]:
    """Listens for webhooks on a port while the context lasts, if one is given."""
    if port is None:
        yield None
        return
    from specimen.contracts.webhooks.key_files import receiver_keys
    from specimen.contracts.webhooks.rules.rule_set import checked_types
    from specimen.contracts.webhooks.sender_clock import SenderClock
    from specimen.contracts.webhooks.watching import Watch, WatchServer

    senders = None if clock is None else SenderClock(clock, "--webhook-clock")
    watch = Watch(provider, receiver_keys(provider.name, secret, keys)(), clock=senders)
    watch.types = checked_types(watch.webhooks, types) or None
    server = WatchServer(watch, port)
    try:
        yield watch
    finally:
        server.close()


@contextlib.contextmanager
def _progress() -> Iterator[Progress]:
    """Shows a progress bar on the error stream of a terminal; nothing elsewhere."""
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    errors = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.fields[sent]} requests"), BarColumn(20), TimeElapsedColumn(),
               TextColumn("{task.description}"))  # fmt: skip
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bar:
        task = bar.add_task("starting", total=None, sent=0)
        yield lambda what, sent: bar.update(task, description=what, sent=sent)


@standard_output()
def _print_plan(found: Plan) -> None:
    out = console(soft_wrap=True)
    if found.is_production:
        out.print("A production host: documented reads only, one a second, no redirect followed.")
    out.print(f"Phases: {', '.join(found.phases)}. The walk would send {len(found.requests)} requests:")
    for entry in found.requests:
        out.print(Text.assemble(f"  {entry.method:<6} {entry.path}", (f"  {entry.note}" if entry.note else "", "dim")))
    if found.values:
        out.print("Values that --set NAME=VALUE changes:")
    for value in found.values:
        shown = value.given or value.default
        default = f"{shown}{' (set)' if value.given else ''}" if shown is not None else "not sent"
        out.print(Text.assemble(f"  {value.name}: {default}", (f"  {value.meaning} {', '.join(value.used_in)}", "dim")))
    for remark in found.remarks:
        out.print(Text(remark, style="yellow"))
    if not found.requests:
        out.print("  none: name sessions with --session, or, without --read-only, the host with --allow-writes if it is yours.")


def rules(
    name: Annotated[
        str | None, typer.Argument(metavar="[PROVIDER]", help="Only this provider's.", autocompletion=completion.providers)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")] = False,
) -> None:
    """List the rules that answers and webhooks are judged by, with the vendor's section that each comes from.

    D is documented by the vendor and P public elsewhere: a broken one is an error. I is implied by the words of the page that
    are quoted: a warning. A is assumed: a note, which fails nothing by default (--fail-on).

    Examples:

        specimen rules kayle

        specimen rules --json
    """
    with user_errors(as_json=as_json), standard_output():
        found = {one: _every_rule(specs.load(one)) for one in ([name] if name else specs.names())}
        if as_json:
            entries = [_values(one, rule) for one, book in found.items() for rule in book]
            print(json.dumps({"version": 1, "rules": entries}, indent=1, ensure_ascii=False))
            return
        wide = table_console()
        for one, book in found.items():
            wide.print(Text(specs.load(one).lifecycle.title, style="bold"))
            grid = Grid("rule", "severity", "mark", "sentence", "source and quote", box=None, pad_edge=False)
            for rule in book:
                grid.add_row(rule.id, rule.severity, rule.mark, Text(rule.sentence), Text(_source(rule)))
            wide.print(grid)
            wide.print()


def _every_rule(provider: Provider) -> tuple[Rule, ...]:
    """The rules of answers, and those of what the provider sends."""
    from specimen.contracts.judge.registry import listed
    from specimen.contracts.webhooks.rules import rule_set

    sent = () if provider.webhooks is None else tuple(rule_set.rules(provider.webhooks).values())
    return (*listed(provider), *sent)


def _source(rule: Any) -> str:
    return f"{rule.source}: “{rule.quote}”" if rule.quote else rule.source


def _values(provider: str, rule: Any) -> Mapping[str, Any]:
    return {
        "provider": provider, "id": rule.id, "sentence": rule.sentence, "severity": rule.severity, "mark": rule.mark,
        "source": rule.source, "reason": rule.reason, "quote": rule.quote,
    }  # fmt: skip
