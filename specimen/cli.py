"""The `specimen` command, assembled from the commands of the packages."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import traceback
from typing import Annotated, NoReturn

import typer

from specimen.contracts.cli import payloads, traffic, webhooks
from specimen.contracts.cli import verify as contracts_cli
from specimen.fixtures.datasets import cli as dataset_cli
from specimen.fixtures.pictures import cli as pictures_cli
from specimen.mockserver import cli as mock_cli
from specimen.specs.cli.console import INTERNAL_ERROR, USAGE_ERROR, print_utf_8, standard_output, user_errors
from specimen.specs.core.errors import bug

app = typer.Typer(
    name="specimen",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # Rich takes half of what a help text costs
    context_settings={"max_content_width": 120},
    help="A faithful sandbox of KYC vendors on a laptop.",
    epilog="Start with `specimen serve`. Exit codes: 0 done, 1 violations, 2 a mistake in the command or in a file, "
    "3 the target cannot be reached, 4 inconclusive, 70 Specimen itself failed.",
)


def _version(wanted: bool) -> None:
    if wanted:
        from specimen.specs.core.version import product_version

        typer.echo(f"specimen {product_version()}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    pass


mock_cli.register(app)
contracts_cli.register(app)
traffic.register(app)
payloads.register(app)
webhooks.register(app)
dataset_cli.register(app)
pictures_cli.register(app)


def main() -> None:
    """Runs the command line; its output is UTF-8 in any locale."""
    print_utf_8()
    try:
        app()
    except BrokenPipeError:
        raise
    except OSError as error:  # Typer printed a help text to a full disk
        if error.errno != errno.ENOSPC or error.filename is not None:
            _crash(error)
        with contextlib.suppress(typer.Exit), user_errors(), standard_output():
            raise
        sys.exit(USAGE_ERROR)
    except Exception as error:  # noqa: BLE001 - whatever it is, exit code 1 means violations and nothing else
        _crash(error)


def _crash(error: Exception) -> NoReturn:
    """Says that Specimen itself failed, and ends."""
    if os.environ.get("SPECIMEN_TRACEBACK"):
        traceback.print_exception(error)
    sys.stderr.write(f"error: {bug(error)}\n")
    sys.exit(INTERNAL_ERROR)


if __name__ == "__main__":
    main()
