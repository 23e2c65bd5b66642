"""`specimen watch`, `proxy` and `check`."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from specimen import specs
from specimen.contracts.cli.report_options import (
    BaselineOption,
    FailOnOption,
    ReportOption,
    SecondOpinionOption,
    StrictOption,
    WriteBaselineOption,
    baseline_files,
    check_second_opinion,
    least_severity,
    report_files,
    write_reports,
)
from specimen.specs import SpecimenError
from specimen.specs.cli import completion
from specimen.specs.cli.console import reader_left, user_errors

if TYPE_CHECKING:
    from specimen.contracts.traffic.monitor import Monitor
    from specimen.contracts.traffic.session_poller import Watch

PASSED, VIOLATIONS = 0, 1
TOKEN_VARIABLE = "SPECIMEN_TOKEN"  # noqa: S105 - its name

ProviderArgument = Annotated[
    str,
    typer.Argument(
        metavar="PROVIDER", help="A provider's name, as `specimen providers` lists it.", autocompletion=completion.providers
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]


def register(app: typer.Typer) -> None:
    """Adds the commands for observed traffic to a command line."""
    app.command()(watch)
    app.command()(proxy)
    app.command()(check)


def watch(
    name: ProviderArgument,
    url: Annotated[str, typer.Option(help="The base URL of the implementation.")],
    session: Annotated[str, typer.Option(help="The id of the session.")],
    token: Annotated[
        str | None, typer.Option(envvar=TOKEN_VARIABLE, help="The credential, put where the vendor wants it.", show_default=False)
    ] = None,
    header: Annotated[list[str] | None, typer.Option(metavar="'NAME: VALUE'", help="A header to send; may be repeated.")] = None,
    setting: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A value of the requests, as `verify` takes it.")
    ] = None,
    every: Annotated[
        float, typer.Option(min=0.05, metavar="SECONDS", help="The pause between polls; below 1 on this machine only.")
    ] = 2.0,
    timeout: Annotated[float, typer.Option(min=0.1, metavar="SECONDS", help="Give up after that time.")] = 900.0,
    fail_on: FailOnOption = None,
    strict: StrictOption = False,
    baseline: BaselineOption = None,
    write_baseline: WriteBaselineOption = None,
    report: ReportOption = None,
    as_json: JsonOption = False,
) -> None:
    """Poll one session to its end and judge each answer.

    One state change is one line. Retry-After is obeyed, and 429, 5xx and missing answers make the pauses longer. Exit codes: 0
    it ended and all rules passed, 1 violations, 2 a mistake in the command, 3 no answer, 4 its end was not seen.

    Examples:

        specimen watch kayle --url https://api.kayle.id --session vs_… --token kk_live_…

        SPECIMEN_TOKEN=… specimen watch idnow --url http://127.0.0.1:8080/idnow --session 0197… --set environment=staging
    """
    with user_errors():
        from specimen.contracts.cli import console_output, name_value
        from specimen.contracts.client.transport import Transport
        from specimen.contracts.http.credentials import as_headers, secret_of
        from specimen.contracts.requests.known_sessions import as_text
        from specimen.contracts.traffic.monitor import BaseUrl, Monitor, TrafficError
        from specimen.contracts.traffic.session_poller import Watch, watched
        from specimen.specs.core.terminal_text import shown

        provider = specs.load(name)
        base = BaseUrl.parse(url, "--url")
        files = report_files(report)
        baselines = baseline_files(provider, baseline, write_baseline)
        severity = least_severity(fail_on, strict=strict)
        if every < 1 and not base.is_loopback:
            raise TrafficError(f"--every {every:g}: not more than one poll a second of a host that is not this machine.")
        settings = name_value.settings(setting)
        headers = {
            **as_headers(provider, token),
            **as_headers(provider, name_value.headers(header)),
        }
        given = (session, *settings.values())
        transport = Transport(str(base), provider, headers=headers, sessions=given, seen_by="watch", budget=sys.maxsize)
        monitor = Monitor(
            provider, str(base), fail_on=severity, token=secret_of(provider, headers), sessions=given,
            counts_coverage=bool(files) or baselines.are_given, baseline=baselines.known,
        )  # fmt: skip
        try:
            as_text(session)
            send, pointer = watched(provider, transport, session, settings)
            watching = Watch(monitor, send, pointer, every_seconds=every, timeout_seconds=timeout)
            lost = _print_steps(watching, monitor, as_json=as_json)
        finally:
            transport.close()
        code = watching.exit_code
        why = watching.unreachable or watching.inconclusive
        incomplete = [] if watching.reached_end or watching.unreachable else [why or "The watch was stopped before the end."]
        found = monitor.report("watch", unreachable=watching.unreachable, incomplete=incomplete)
        failed, unwritten = write_reports(found, files), baselines.write(found)
        lost = lost or failed or unwritten
        if lost is not None:
            raise lost
        if as_json:
            console_output.print_json(
                {**monitor.summary(found), "states": watching.states, "polls": watching.polls, "reason": why, "exit_code": code}
            )
        else:
            if why:
                console_output.say(shown(why, 2000), "yellow")
            console_output.print_summary(
                monitor, found, f"{watching.polls} polls, {' → '.join(map(shown, watching.states)) or 'no state seen'}"
            )
    raise typer.Exit(code)


def _print_steps(watching: Watch, monitor: Monitor, *, as_json: bool) -> SpecimenError | None:
    """Prints each poll; returns why printing failed, so that reports can still be written."""
    from specimen.contracts.cli import console_output

    printed: set[Any] = set()
    with contextlib.suppress(KeyboardInterrupt):
        for step in watching.steps():
            try:
                if as_json:
                    console_output.print_json(console_output.poll_values(step, monitor))
                else:
                    console_output.print_poll(step, monitor, printed)
            except SpecimenError as error:
                return error
            if reader_left():
                break
    return None


def proxy(
    name: ProviderArgument,
    target: Annotated[str, typer.Option(help="The base URL to pass requests on to, the only one.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 picks a free one.")],
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    har: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Record to a HAR file; credentials and personal values are replaced.")
    ] = None,
    enforce: Annotated[bool, typer.Option("--enforce", help="Answer 502 with the violations instead of a wrong answer.")] = False,
    timeout: Annotated[float, typer.Option(min=0.1, metavar="SECONDS", help="Answer 504 when the target takes longer.")] = 30.0,
    fail_on: FailOnOption = None,
    strict: StrictOption = False,
    second_opinion: SecondOpinionOption = False,
    baseline: BaselineOption = None,
    write_baseline: WriteBaselineOption = None,
    report: ReportOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stand between an app and the vendor, and judge each exchange.

    The app's base URL becomes the proxy's address. Answers pass unchanged with a header `Specimen-Violations: n`; event
    streams pass event by event. Stop with Ctrl-C: exit code 0 if all rules passed, 1 for violations, 2 for a rule that fails.

    Examples:

        specimen proxy kayle --target https://api.kayle.id --port 8081

        specimen proxy kyve --target http://127.0.0.1:8080/kyve --port 8081 --har kyve.har --enforce
    """
    with user_errors():
        from specimen.contracts.cli import console_output
        from specimen.contracts.traffic.har_writer import Recorder
        from specimen.contracts.traffic.monitor import BaseUrl, Monitor, TrafficError
        from specimen.contracts.traffic.proxy import build_proxy
        from specimen.contracts.traffic.proxy_server import serve
        from specimen.specs.core.listening import listen, url_of

        provider = specs.load(name)
        base = BaseUrl.parse(target, "--target")
        if base.is_loopback and base.port == port:
            raise TrafficError(f"--target {base}: that is the proxy's own port.")
        files = report_files(report)
        baselines = baseline_files(provider, baseline, write_baseline)
        severity = least_severity(fail_on, strict=strict)
        check_second_opinion(second_opinion)
        monitor = Monitor(
            provider, str(base), fail_on=severity, second_opinion=second_opinion,
            counts_coverage=bool(files) or baselines.are_given, baseline=baselines.known,
        )  # fmt: skip
        recorder = Recorder(har, provider) if har is not None else None
        listening = listen(host, port)
        output = console_output.ProxyOutput(monitor, as_json=as_json)
        app = build_proxy(
            monitor, base, enforce=enforce, recorder=recorder, on_result=output.print_exchange, timeout_seconds=timeout
        )
        try:
            serve(app, listening, lambda: output.listening(url_of(listening), str(base)))
        finally:
            listening.close()
            if recorder is not None:
                recorder.close()
        found = monitor.report("proxy")
        failed, unwritten = write_reports(found, files), baselines.write(found)
        if recorder is not None and recorder.failed:
            Console(stderr=True, highlight=False).print(Text(recorder.failed, style="bold red"), soft_wrap=True)
        output.end(found, f", {recorder.entries} recorded to {har}" if recorder else "")
        failed = failed or unwritten or app.state.proxy.mistake
        if failed is not None:
            raise failed
    raise typer.Exit(VIOLATIONS if monitor.errors else PASSED)


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE.har", help="A recording: HAR 1.2, of any tool.")],
    name: ProviderArgument,
    base_url: Annotated[
        str | None, typer.Option(help="Where the provider is in the recording; found by the documented paths if not given.")
    ] = None,
    fail_on: FailOnOption = None,
    strict: StrictOption = False,
    second_opinion: SecondOpinionOption = False,
    baseline: BaselineOption = None,
    write_baseline: WriteBaselineOption = None,
    report: ReportOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge a recording, offline.

    Save it from a browser's network tab, mitmproxy, Charles, Insomnia or `specimen proxy --har`. Exit codes: 0 all rules
    passed, 1 violations, 2 a broken file, 4 nothing in it could be judged.

    Examples:

        specimen check checkout.har kayle

        specimen check checkout.har neurovision --base-url https://kyc.example.com/v1 --json
    """
    with user_errors():
        from specimen.contracts.cli import console_output
        from specimen.contracts.traffic.har_reader import check as judged
        from specimen.contracts.traffic.har_reader import read_har
        from specimen.contracts.traffic.monitor import Monitor

        provider = specs.load(name)
        files = report_files(report)
        baselines = baseline_files(provider, baseline, write_baseline)
        severity = least_severity(fail_on, strict=strict)
        check_second_opinion(second_opinion)
        recording = read_har(file, provider, base_url)
        monitor = Monitor(
            provider, str(recording.base_url), fail_on=severity, second_opinion=second_opinion,
            counts_coverage=bool(files) or baselines.are_given, baseline=baselines.known,
        )  # fmt: skip
        verdicts = list(judged(recording, monitor))
        is_seen = monitor.exchanges > sum(monitor.unjudged.values())
        skipped = [f"{count} skipped: {why}" for why, count in sorted(recording.skipped.items())]
        if recording.headless:
            skipped.append(f"{len(recording.headless)} without a body: judged by status and headers alone")
        incomplete = () if is_seen else ("Nothing in the recording could be judged.",)
        found = monitor.report("check", remarks=[f"{line}." for line in skipped], incomplete=incomplete)
        code = found.exit_code
        failed, unwritten = write_reports(found, files), baselines.write(found)
        printed: set[Any] = set()
        for verdict in verdicts:
            if not as_json:
                console_output.print_exchange(verdict, monitor, printed, only_broken=True)
        if as_json:
            more = {"base_url": str(recording.base_url), "entries": recording.entries, "skipped": dict(recording.skipped)}
            console_output.print_json(
                {**monitor.summary(found), **more, "without_body": len(recording.headless), "exit_code": code}, indent=2
            )
        else:
            for line in skipped:
                console_output.say(line, "dim")
            what = f"{monitor.exchanges} of {recording.entries} entries are for {recording.base_url}"
            console_output.print_summary(monitor, found, what)
        failed = failed or unwritten
        if failed is not None:
            raise failed
    raise typer.Exit(code)
