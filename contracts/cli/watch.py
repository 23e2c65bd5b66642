"""`specimen watch`."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from specimen import specs
from specimen.contracts.cli.arguments import TOKEN_VARIABLE, JsonOption, ProviderArgument
from specimen.contracts.cli.judging import Judging
from specimen.contracts.cli.network_options import CaOption, InsecureOption, tls
from specimen.contracts.cli.report_options import (
    BaselineOption,
    FailOnOption,
    LocationOption,
    ReportOption,
    StrictOption,
    WriteBaselineOption,
)
from specimen.specs import SpecimenError
from specimen.specs.cli.console import reader_left, user_errors

if TYPE_CHECKING:
    from specimen.contracts.traffic.monitor import Monitor
    from specimen.contracts.traffic.session_poller import Watch


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
    ca: CaOption = None,
    insecure: InsecureOption = False,
    fail_on: FailOnOption = None,
    strict: StrictOption = False,
    baseline: BaselineOption = None,
    write_baseline: WriteBaselineOption = None,
    report: ReportOption = None,
    sarif_location: LocationOption = None,
    as_json: JsonOption = False,
) -> None:
    """Poll one session to its end and judge each answer.

    One state change is one line. Retry-After is obeyed, and 429, 5xx and missing answers make the pauses longer. Exit codes: 0
    it ended and all rules passed, 1 violations, 2 a mistake in the command, 3 no answer, 4 its end was not seen.

    Examples:

        specimen watch kayle --url https://api.kayle.id --session vs_… --token kk_live_…

        SPECIMEN_TOKEN=… specimen watch idnow --url http://127.0.0.1:8080/idnow --session 0197… --set environment=staging
    """
    with user_errors(as_json=as_json):
        from specimen.contracts.cli import console_output, name_value
        from specimen.contracts.client.transport import Transport
        from specimen.contracts.http.credentials import as_headers, secret_of
        from specimen.contracts.requests.known_sessions import as_text
        from specimen.contracts.traffic.monitor import BaseUrl, TrafficError
        from specimen.contracts.traffic.session_poller import Watch, watched
        from specimen.specs.core.terminal_text import shown

        provider = specs.load(name)
        base = BaseUrl.parse(url, "--url")
        judging = Judging.of(
            provider, report=report, location=sarif_location, baseline=baseline, write_baseline=write_baseline, fail_on=fail_on,
            strict=strict,
        )  # fmt: skip
        if every < 1 and not base.is_loopback:
            raise TrafficError(f"--every {every:g}: not more than one poll a second of a host that is not this machine.")
        settings = name_value.settings(setting)
        headers = {
            **as_headers(provider, token),
            **as_headers(provider, name_value.headers(header)),
        }
        given = (session, *settings.values())
        transport = Transport(
            str(base), provider, headers=headers, sessions=given, seen_by="watch", budget=sys.maxsize, patience_seconds=timeout,
            tls=tls(ca, is_insecure=insecure),
        )  # fmt: skip
        monitor = judging.monitor(base, token=secret_of(provider, headers), sessions=given)
        try:
            as_text(session)
            send, pointer = watched(provider, transport, session, settings)
            watching = Watch(monitor, send, pointer, every_seconds=every, timeout_seconds=timeout)
            lost: Exception | None = _print_steps(watching, monitor, as_json=as_json)
        except SpecimenError:
            raise
        except Exception as error:  # noqa: BLE001 - a bug of ours; what was seen until then is reported
            lost = error
        finally:
            transport.close()
        code = watching.exit_code
        why = watching.unreachable or watching.inconclusive
        incomplete = [] if watching.reached_end or watching.unreachable else [why or "The watch was stopped before the end."]
        found = monitor.report("watch", unreachable=watching.unreachable, incomplete=incomplete)
        unwritten = judging.write(found)
        lost = lost or unwritten
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
