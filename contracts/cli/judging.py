"""What the options of a command that judges traffic ask for: what fails, what is known to fail, and which files are written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specimen.contracts.cli.report_options import (
    BaselineFiles,
    Files,
    baseline_files,
    check_second_opinion,
    least_severity,
    location_file,
    report_files,
    write_reports,
)

if TYPE_CHECKING:
    from specimen.contracts.reporting.model import Report
    from specimen.contracts.traffic.monitor import Monitor
    from specimen.specs import Provider, SpecimenError


@dataclass(frozen=True)
class Judging:
    """The options of one command, checked before anything is sent or read.

    `fail_on` is the least severity that fails, `location` the file of the user's repository that SARIF points at.
    """

    provider: Provider
    files: Files
    baselines: BaselineFiles
    fail_on: str
    second_opinion: bool
    location: str | None

    @classmethod
    def of(
        cls,
        provider: Provider,
        *,
        report: Iterable[str] | None,
        baseline: Path | None,
        write_baseline: Path | None,
        fail_on: str | None,
        strict: bool,
        second_opinion: bool = False,
        location: str | None = None,
    ) -> Judging:
        """Checks the options.

        Raises:
            SpecimenError: a report cannot be written so, its location is no file of the user's, a file of known failures is
                invalid, the severities contradict each other, or the second validator is not installed.
        """
        files = report_files(report)
        baselines = baseline_files(provider, baseline, write_baseline)
        severity = least_severity(fail_on, strict=strict)
        check_second_opinion(second_opinion)
        return cls(provider, files, baselines, severity, second_opinion, location_file(location))

    def monitor(self, base_url: object, **options: Any) -> Monitor:
        """A monitor that judges the exchanges with a base URL so; `options` are those of `Monitor` beyond these."""
        from specimen.contracts.traffic.monitor import Monitor

        return Monitor(
            self.provider, str(base_url), fail_on=self.fail_on, second_opinion=self.second_opinion,
            counts_coverage=bool(self.files) or self.baselines.are_given, baseline=self.baselines.known, **options,
        )  # fmt: skip

    def write(self, report: Report) -> SpecimenError | None:
        """Writes the reports and the baseline; returns the first error, to be raised at the end."""
        failed, unwritten = write_reports(report, self.files, self.location), self.baselines.write(report)
        return failed or unwritten
