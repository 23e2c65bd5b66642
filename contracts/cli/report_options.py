"""The options of every judging command: what fails, what is known to fail, report files and a second opinion."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from specimen.specs import SpecimenError
from specimen.specs.cli import completion
from specimen.specs.core.extras import needs

if TYPE_CHECKING:
    from specimen.contracts.reporting.known_failures import Baseline
    from specimen.contracts.reporting.model import Report
    from specimen.specs import Provider

ReportOption = Annotated[
    list[str] | None,
    typer.Option(
        "--report", metavar="FORMAT=FILE", help="Write junit, html, sarif, json, markdown, github or gitlab; may be repeated."
    ),
]
LocationOption = Annotated[
    str | None,
    typer.Option(
        "--sarif-location",
        metavar="PATH",
        help="The file of your repository that sarif, github and gitlab point at.  [default: the workflow, or a configuration]",
        show_default=False,
    ),
]
SecondOpinionOption = Annotated[
    bool,
    typer.Option("--second-opinion", help="Validate with openapi-core too; differences are listed and decide nothing."),
]
FailOnOption = Annotated[
    str | None,
    typer.Option(
        "--fail-on",
        metavar="error|warning|note",
        help="The least severity that fails: error (documented, public), warning (implied), note (assumed).  [default: warning]",
        autocompletion=completion.among(("error", "warning", "note")),
        show_default=False,
    ),
]
StrictOption = Annotated[bool, typer.Option("--strict", help="The same as --fail-on note.")]
BaselineOption = Annotated[
    Path | None,
    typer.Option("--baseline", metavar="FILE", help="Known failures, which are reported and do not count; others fail."),
]
WriteBaselineOption = Annotated[
    Path | None,
    typer.Option(
        "--write-baseline", metavar="FILE", help="Write what counts as known failures; a file of them keeps reasons and days."
    ),
]
Files = Sequence[tuple[str, Path]]


def report_files(options: Iterable[str] | None) -> Files:
    """Parses formats and paths of `--report`, checked before anything is done.

    Raises:
        SpecimenError: one cannot be written so.
    """
    if not options:
        return ()
    from specimen.contracts.reporting.formats import registry

    return [registry.wanted(option) for option in options]


def location_file(location: str | None) -> str | None:
    """Returns the value of `--sarif-location` as reports name it.

    Raises:
        SpecimenError: it is no file below the working folder.
    """
    if location is None:
        return None
    from specimen.contracts.reporting.place import user_file

    return user_file(location)


def write_reports(report: Report, files: Files, location: str | None = None) -> SpecimenError | None:
    """Writes every report; returns the first error, to be raised at the end.

    `location` is the file of the user's repository that findings point at, by default the workflow or a configuration.
    """
    failed: SpecimenError | None = None
    if files:
        from specimen.contracts.reporting.place import default_location

        report = replace(report, location=location or default_location())
    for kind, path in files:
        from specimen.contracts.reporting.formats import registry

        try:
            registry.write(report, kind, path)
        except SpecimenError as error:
            failed = failed or error
    return failed


def check_second_opinion(is_wanted: bool) -> None:
    """Checks that the second validator is installed, if it is wanted.

    Raises:
        MissingExtra: it is wanted and not there.
    """
    if is_wanted:
        with needs("contracts", "--second-opinion"):
            import openapi_core  # noqa: F401 - used when the first exchange is judged


def least_severity(fail_on: str | None, *, strict: bool) -> str:
    """Returns the least severity that fails, of `--fail-on` and `--strict`.

    Raises:
        SpecimenError: there is no such severity, or the two contradict each other.
    """
    from specimen.contracts.judge.severity import fail_level

    return fail_level(fail_on, strict=strict)


@dataclass(frozen=True)
class BaselineFiles:
    """The files of `--baseline` and `--write-baseline`, read and checked: `known` is applied, `before` stands in `target`."""

    provider: Provider
    known: Baseline | None
    target: Path | None
    before: Baseline | None

    @property
    def are_given(self) -> bool:
        """Whether one of them is given: what a run has seen decides then which entries are stale."""
        return self.known is not None or self.target is not None

    def applied(self, report: Report) -> Report:
        """Returns the report with the known failures apart."""
        if self.known is None:
            return report
        from specimen.contracts.reporting.baseline.reader import apply

        return apply(report, self.known)

    def write(self, report: Report) -> SpecimenError | None:
        """Writes the file of `--write-baseline`, and says so on the error stream; returns an error, to be raised at the end."""
        if self.target is None or self.before is None:
            return None
        from specimen.contracts.reporting.baseline.writer import write

        if report.interrupted or report.unreachable is not None:
            why = "was interrupted" if report.interrupted else "got no answer"
            text = f"--write-baseline {self.target}: not written, because the run {why}."
        else:
            try:
                text = write(self.target, report, self.provider, self.before).sentence
            except SpecimenError as error:
                return error
        Console(stderr=True, highlight=False).print(Text(text), soft_wrap=True)
        return None


def baseline_files(provider: Provider, known: Path | None, target: Path | None) -> BaselineFiles:
    """Reads the files of `--baseline` and `--write-baseline`, before anything is sent.

    Raises:
        SpecimenError: one of them is no file of the provider's known failures. The one to be written need not be there.
    """
    if known is None and target is None:
        return BaselineFiles(provider, None, None, None)
    from specimen.contracts.reporting.baseline.reader import load
    from specimen.contracts.reporting.baseline.writer import target as checked

    before = None if target is None else checked(target, provider)
    if known is None:
        return BaselineFiles(provider, None, target, before)
    is_same = target is not None and known.absolute() == target.absolute()
    return BaselineFiles(provider, before if is_same else load(known, provider), target, before)
