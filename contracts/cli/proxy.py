"""`specimen proxy`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from specimen import specs
from specimen.contracts.cli.arguments import PASSED, VIOLATIONS, JsonOption, ProviderArgument
from specimen.contracts.cli.judging import Judging
from specimen.contracts.cli.network_options import CaOption, InsecureOption, tls
from specimen.contracts.cli.report_options import (
    BaselineOption,
    FailOnOption,
    LocationOption,
    ReportOption,
    SecondOpinionOption,
    StrictOption,
    WriteBaselineOption,
)
from specimen.specs.cli.console import user_errors


def proxy(
    name: ProviderArgument,
    target: Annotated[str, typer.Option(help="The base URL to pass requests on to, the only one.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 picks a free one.")],
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    har: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Record to a HAR file; credentials and personal values are replaced.")
    ] = None,
    enforce: Annotated[bool, typer.Option("--enforce", help="Answer 502 with the violations instead of a wrong answer.")] = False,
    rewrite_location: Annotated[
        bool, typer.Option("--rewrite-location", help="Lead redirects that stay at the target through the proxy.")
    ] = False,
    timeout: Annotated[float, typer.Option(min=0.1, metavar="SECONDS", help="Answer 504 when the target takes longer.")] = 30.0,
    ca: CaOption = None,
    insecure: InsecureOption = False,
    fail_on: FailOnOption = None,
    strict: StrictOption = False,
    second_opinion: SecondOpinionOption = False,
    baseline: BaselineOption = None,
    write_baseline: WriteBaselineOption = None,
    report: ReportOption = None,
    sarif_location: LocationOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stand between an app and the vendor, and judge each exchange.

    The app's base URL becomes the proxy's address. Answers pass unchanged with a header `Specimen-Violations: n`; event
    streams pass event by event. Stop with Ctrl-C: exit code 0 if all rules passed, 1 for violations, 2 for a rule that fails.

    Examples:

        specimen proxy kayle --target https://api.kayle.id --port 8081

        specimen proxy kyve --target http://127.0.0.1:8080/kyve --port 8081 --har kyve.har --enforce
    """
    with user_errors(as_json=as_json):
        from specimen.contracts.cli import console_output
        from specimen.contracts.traffic.har_writer import Recorder
        from specimen.contracts.traffic.monitor import BaseUrl, TrafficError
        from specimen.contracts.traffic.proxy.proxy import build_proxy
        from specimen.contracts.traffic.proxy.server import serve
        from specimen.specs.core.listening import listen, url_of

        provider = specs.load(name)
        base = BaseUrl.parse(target, "--target")
        if base.is_loopback and base.port == port:
            raise TrafficError(f"--target {base}: that is the proxy's own port.")
        judging = Judging.of(
            provider, report=report, location=sarif_location, baseline=baseline, write_baseline=write_baseline, fail_on=fail_on,
            strict=strict, second_opinion=second_opinion,
        )  # fmt: skip
        monitor = judging.monitor(base)
        trust = tls(ca, is_insecure=insecure)
        recorder = Recorder(har, provider) if har is not None else None
        listening = listen(host, port)
        output = console_output.ProxyOutput(monitor, as_json=as_json)
        app = build_proxy(
            monitor, base, enforce=enforce, recorder=recorder, on_result=output.print_exchange,
            rewrites_location=rewrite_location, timeout_seconds=timeout, tls=trust,
        )  # fmt: skip
        try:
            serve(app, listening, lambda: output.listening(url_of(listening), str(base)))
        finally:
            listening.close()
            if recorder is not None:
                recorder.close()
        found = monitor.report("proxy")
        unwritten = judging.write(found)
        if recorder is not None and recorder.failed:
            Console(stderr=True, highlight=False).print(Text(recorder.failed, style="bold red"), soft_wrap=True)
        output.end(found, f", {recorder.entries} recorded to {har}" if recorder else "")
        failed = unwritten or app.state.proxy.mistake
        if failed is not None:
            raise failed
    raise typer.Exit(VIOLATIONS if monitor.errors else PASSED)
