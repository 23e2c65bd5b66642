"""The options of every judging command: what fails, report files and a second opinion."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from specimen.specs import SpecimenError
from specimen.specs.cli import completion
from specimen.specs.core.extras import needs

if TYPE_CHECKING:
    from specimen.contracts.reporting.model import Report

ReportOption = Annotated[
    list[str] | None,
    typer.Option("--report", metavar="FORMAT=FILE", help="Write junit, html, sarif or json; may be repeated."),
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
Files = Sequence[tuple[str, Path]]


def report_files(options: Iterable[str] | None) -> Files:
    """Parses formats and paths of `--report`, checked before anything is done.

    Raises:
        SpecimenError: one cannot be written so.
    """
    if not options:
        return ()
    from specimen.contracts.reporting import formats

    return [formats.wanted(option) for option in options]


def write_reports(report: Report, files: Files) -> SpecimenError | None:
    """Writes every report; returns the first error, to be raised at the end."""
    failed: SpecimenError | None = None
    for kind, path in files:
        from specimen.contracts.reporting import formats

        try:
            formats.write(report, kind, path)
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
