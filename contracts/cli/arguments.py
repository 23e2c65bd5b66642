"""Arguments, options and exit codes that the commands for traffic share."""

from __future__ import annotations

from typing import Annotated

import typer

from specimen.specs.cli import completion

PASSED, VIOLATIONS = 0, 1
TOKEN_VARIABLE = "SPECIMEN_TOKEN"  # noqa: S105 - its name

ProviderArgument = Annotated[
    str,
    typer.Argument(
        metavar="PROVIDER", help="A provider's name, as `specimen providers` lists it.", autocompletion=completion.providers
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]
