"""`specimen webhooks listen` and `attack`."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from specimen.contracts.cli.report_options import ReportOption, report_files, write_reports
from specimen.specs import SpecimenError
from specimen.specs.cli import completion
from specimen.specs.cli.console import console, user_errors
from specimen.specs.core.terminal_text import shown

if TYPE_CHECKING:
    from specimen.contracts.http.exchange import Exchange
    from specimen.specs import Provider

SECRET_VARIABLE = "SPECIMEN_WEBHOOK_SECRET"  # noqa: S105 - its name

ProviderArgument = Annotated[
    str, typer.Argument(metavar="PROVIDER", help="A provider that sends webhooks.", autocompletion=completion.providers)
]
SecretOption = Annotated[
    str | None, typer.Option(envvar=SECRET_VARIABLE, help="The signing secret, whsec_….", show_default=False)
]
KeysOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Keys as JSON, as `specimen serve --webhook-keys` writes them, or by provider."),
]
ClockOption = Annotated[
    str | None,
    typer.Option(metavar="URL|SECONDS", help="The sender's clock: the sandbox's URL, or by how many seconds it is ahead."),
]


def register(app: typer.Typer) -> None:
    """Adds the commands to a command line."""
    what = "Receive webhooks, or attack what does."
    group = typer.Typer(name="webhooks", no_args_is_help=True, rich_markup_mode=None, help=what)
    group.command()(listen)
    group.command()(attack)
    group.command()(check)
    app.add_typer(group)


def listen(
    name: ProviderArgument,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 picks a free one.")] = 9000,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    secret: SecretOption = None,
    keys: KeysOption = None,
    har: Annotated[Path | None, typer.Option(metavar="FILE", help="Record to a HAR file, bodies as they came.")] = None,
    forward: Annotated[str | None, typer.Option(metavar="URL", help="Pass each on as it came, and answer as that does.")] = None,
    clock: ClockOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")] = False,
) -> None:
    """Receive webhooks: verify each, check its form, and print what it says.

    Answers 200 to what is genuine, 400 to what is not. Stop with Ctrl-C.

    Examples:

        specimen webhooks listen kyve --port 9000 --secret whsec_…

        specimen webhooks listen kayle --keys keys.json --forward http://127.0.0.1:3000/hooks --har hooks.har
    """
    with user_errors(as_json=as_json):
        import uvicorn

        from specimen.contracts.cli import console_output
        from specimen.contracts.http.har_file import HarFile
        from specimen.contracts.webhooks.key_files import receiver_keys
        from specimen.contracts.webhooks.listener import Heard, Listener, as_entry, listening_app
        from specimen.contracts.webhooks.sender_clock import SenderClock
        from specimen.contracts.webhooks.verification import webhooks_of
        from specimen.specs.core.listening import Server, url_of
        from specimen.specs.core.listening import listen as opened

        provider, _ = webhooks_of(name)
        keys_of = receiver_keys(name, secret, keys)
        senders = None if clock is None else SenderClock(clock)
        listening = opened(host, port)
        url = url_of(listening, host)
        file = None if har is None else HarFile(har)

        def heard(one: Heard) -> None:
            if file is not None and file.failed is None:
                file.append(as_entry(one, url))
                if file.failed is not None:
                    console(stderr=True).print(file.failed, style="yellow", soft_wrap=True, markup=False)
            if as_json:
                console_output.print_json(_as_values(one))
            else:
                _print(one)

        listener = Listener(provider, keys_of, heard, forward, senders)
        config = uvicorn.Config(listening_app(listener), log_level="warning", access_log=False, lifespan="off")
        try:
            ready = f"Listening for webhooks of {name} on {url}. Stop with Ctrl-C."
            tell = (lambda: console_output.print_json({"listening": url})) if as_json else (lambda: console_output.say(ready))
            Server(config, tell).run([listening])
        finally:
            listening.close()
            if file is not None:
                file.close()


def attack(
    name: ProviderArgument,
    url: Annotated[str, typer.Option(help="Your receiver's URL.")],
    secret: SecretOption = None,
    keys: KeysOption = None,
    allow_writes: Annotated[str | None, typer.Option(metavar="HOST", help="Attack this host, not this machine.")] = None,
    timeout: Annotated[float, typer.Option(min=0.1, metavar="SECONDS", help="How long an answer may take.")] = 10.0,
    report: ReportOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")] = False,
) -> None:
    """Send a receiver what it must refuse or survive, and say which it accepted.

    Forged, stale and altered deliveries, other keys and algorithms, duplicates, wrong order, odd bodies. Exit codes: 0 it did
    right, 1 it did not, 2 a mistake in the command, 3 no answer, 4 it refuses a genuine delivery.

    Examples:

        specimen webhooks attack kyve --url http://127.0.0.1:3000/hooks/kyve --secret whsec_…

        specimen webhooks attack kayle --url http://127.0.0.1:3000/hooks/kayle --keys keys.json --report junit=hooks.xml
    """
    with user_errors(as_json=as_json):
        from specimen.contracts.cli import console_output
        from specimen.contracts.http.base_url import BaseUrl
        from specimen.contracts.webhooks import attacker as attacking
        from specimen.contracts.webhooks.forging import Forger
        from specimen.contracts.webhooks.key_files import sender_keys
        from specimen.contracts.webhooks.verification import webhooks_of

        provider, webhooks = webhooks_of(name)
        target = BaseUrl.parse(url.partition("?")[0], "--url")
        if not target.is_loopback and not (allow_writes and target.is_at(allow_writes)):
            raise SpecimenError(f"--url {target}: that is not this machine. To attack it, add --allow-writes {target.host}.")
        files = report_files(report)
        sender = sender_keys(name, secret, keys).checked(webhooks)
        started, began = time.time(), time.perf_counter()
        attacker = attacking.Attacker(Forger(provider, webhooks, sender, int(started)), url, timeout)
        results = []
        try:
            for result in attacker.results():
                results.append(result)
                if not as_json:
                    style = "green" if result.passed else "bold red"
                    console_output.say(f"{'ok  ' if result.passed else 'FAIL'}  {result.attack.sentence}: {result.said}", style)
        finally:
            attacker.close()
        found = attacking.report(attacker, results, str(target), int(started * 1000), time.perf_counter() - began, name)
        failed = write_reports(found, files)
        if as_json:
            console_output.print_json(
                {
                    "provider": name,
                    "url": str(target),
                    "attacks": [
                        {"id": one.attack.name, "expected": one.attack.outcome, "status": one.status, "passed": one.passed}
                        for one in results
                    ],
                    "verdict": found.verdict,
                    "exit_code": found.exit_code,
                },
                indent=2,
            )
        else:
            console_output.say(found.verdict, "green" if found.exit_code == 0 else "bold red")
        if failed is not None:
            raise failed
    raise typer.Exit(found.exit_code)


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE.har", help="A recording, as `listen --har` writes it.")],
    name: ProviderArgument,
    secret: SecretOption = None,
    keys: KeysOption = None,
    clock: ClockOption = None,
    subscribed: Annotated[
        list[str] | None,
        typer.Option("--type", metavar="TYPE", help="A type of event that the endpoint is subscribed to; may be repeated."),
    ] = None,
    report: ReportOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")] = False,
) -> None:
    """Judge recorded deliveries: signature, form, headers, and that a session's events fit together.

    Without --type, the endpoint is subscribed to what its creation says, where that was recorded as well (Kayle ID). Else no
    event is missed whose type never came.

    Exit codes: 0 all rules passed, 1 violations, 2 a broken file, 4 there is no delivery in it.

    Examples:

        specimen webhooks check hooks.har kyve --secret whsec_…
    """
    with user_errors(as_json=as_json):
        from specimen.contracts.cli import console_output
        from specimen.contracts.webhooks.key_files import receiver_keys
        from specimen.contracts.webhooks.rules import recordings
        from specimen.contracts.webhooks.rules.rule_set import checked_types
        from specimen.contracts.webhooks.sender_clock import SenderClock, hint
        from specimen.contracts.webhooks.verification import webhooks_of

        provider, webhooks = webhooks_of(name)
        files = report_files(report)
        types = checked_types(webhooks, subscribed) if subscribed else None
        keys_of = receiver_keys(name, secret, keys)
        ahead = 0.0 if clock is None else SenderClock(clock).offset_seconds
        sent = [replace(one, at=one.at + ahead) for one in recordings.read_har(file, provider, webhooks)]
        more = hint("--clock") if clock is None else ""
        calls = [replace(one, at=one.at + round(ahead * 1000)) for one in recorded_calls(file, provider)]
        found = recordings.report(
            provider, webhooks, sent, keys_of(), int(time.time() * 1000), hint=more, types=types, calls=calls
        )
        failed = write_reports(found, files)
        lines = [one.violation for one in found.found]
        if as_json:
            shown = [
                {"rule": one.rule, "severity": one.severity, "event": one.operation, "pointer": one.pointer,
                 "expected": one.expected, "got": one.got}
                for one in lines
            ]  # fmt: skip
            console_output.print_json(
                {
                    "provider": name,
                    "deliveries": len(sent),
                    "found": shown,
                    "verdict": found.verdict,
                    "exit_code": found.exit_code,
                },
                indent=2,
            )
        else:
            for one in lines:
                console_output.say(f"{one.rule} {one.severity}: {one.sentence} ({one.operation}: {one.expected}; got {one.got})")
            console_output.say(f"{len(sent)} deliveries: {found.verdict}", "green" if found.exit_code == 0 else "bold red")
        if failed is not None:
            raise failed
    raise typer.Exit(found.exit_code)


def recorded_calls(path: Path, provider: Provider) -> list[Exchange]:
    """The calls of a provider's operations in a recording that has deliveries as well; there may be none."""
    from specimen.contracts.http.base_url import TrafficError
    from specimen.contracts.traffic.har_reader import read_har

    try:
        return read_har(path, provider).exchanges
    except TrafficError:
        return []


def _as_values(one: Any) -> dict[str, Any]:
    delivery = one.delivery
    return {
        "at": round(one.at * 1000),
        "status": one.status,
        "error": one.error or None,
        "is_repeated": one.is_repeated,
        "faults": list(one.faults),
        "forwarded": one.forwarded,
        "type": None if delivery is None else delivery.type,
        "event_id": None if delivery is None else delivery.event_id,
        "session_id": None if delivery is None else delivery.session_id,
        "body": None if delivery is None else delivery.body,
    }


def _print(one: Any) -> None:
    from specimen.contracts.cli import console_output

    clock = time.strftime("%H:%M:%S", time.localtime(one.at))
    passed_on = "" if one.forwarded is None else f"  → {one.forwarded}"
    if one.delivery is None:
        console_output.say(f"{clock}  refused  {shown(one.error, 400)}{passed_on}", "bold red")
        return
    again = "  (again)" if one.is_repeated else ""
    what = f"{shown(one.delivery.type)}  {shown(one.delivery.session_id or '')}"
    console_output.say(f"{clock}  {what}{again}{passed_on}", "bold green")
    for fault in one.faults:
        console_output.say(f"  not as documented: {fault}", "yellow")
    if sys.stdout is not None:
        console(soft_wrap=True).print_json(json.dumps(one.delivery.body), indent=2)
