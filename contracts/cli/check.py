"""`specimen check`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from specimen import specs
from specimen.contracts.cli.arguments import JsonOption, ProviderArgument
from specimen.contracts.cli.judging import Judging
from specimen.contracts.cli.report_options import (
    BaselineOption,
    FailOnOption,
    LocationOption,
    ReportOption,
    SecondOpinionOption,
    StrictOption,
    WriteBaselineOption,
)
from specimen.specs import SpecimenError
from specimen.specs.cli.console import user_errors

if TYPE_CHECKING:
    from specimen.contracts.traffic.monitor import JudgedExchange


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
    sarif_location: LocationOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge a recording, offline.

    Save it from a browser's network tab, mitmproxy, Charles, Insomnia or `specimen proxy --har`. Exit codes: 0 all rules
    passed, 1 violations, 2 a broken file, 4 nothing in it could be judged.

    Examples:

        specimen check checkout.har kayle

        specimen check checkout.har neurovision --base-url https://kyc.example.com/v1 --json
    """
    with user_errors(as_json=as_json):
        from specimen.contracts.cli import console_output
        from specimen.contracts.traffic.har_reader import check as judged
        from specimen.contracts.traffic.har_reader import read_har

        provider = specs.load(name)
        judging = Judging.of(
            provider, report=report, location=sarif_location, baseline=baseline, write_baseline=write_baseline, fail_on=fail_on,
            strict=strict, second_opinion=second_opinion,
        )  # fmt: skip
        recording = read_har(file, provider, base_url)
        monitor = judging.monitor(recording.base_url)
        verdicts: list[JudgedExchange] = []
        crash: Exception | None = None
        try:
            verdicts.extend(judged(recording, monitor))
        except SpecimenError:
            raise
        except Exception as error:  # noqa: BLE001 - a bug of ours; what was seen until then is reported
            crash = error
        is_seen = monitor.exchanges > sum(monitor.unjudged.values())
        skipped = [f"{count} skipped: {why}" for why, count in sorted(recording.skipped.items())]
        if recording.headless:
            skipped.append(f"{len(recording.headless)} without a body: judged by status and headers alone")
        endless = sum(not exchange.is_end_known for exchange in recording.exchanges)
        if endless and len(recording.exchanges) > 1:
            skipped.append(f"{endless} without the time of their answer: nothing is known to have come after it")
        incomplete = () if is_seen else ("Nothing in the recording could be judged.",)
        found = monitor.report("check", remarks=[f"{line}." for line in skipped], incomplete=incomplete)
        code = found.exit_code
        failed = judging.write(found)
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
        lost = crash or failed
        if lost is not None:
            raise lost
    raise typer.Exit(code)
