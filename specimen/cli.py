"""The `specimen` command, assembled from the commands of the packages."""

from __future__ import annotations

import contextlib
import errno
import gc
import os
import sys
import traceback
from typing import Annotated, Any, NoReturn

import typer

from specimen.contracts.cli import payloads, traffic, webhooks
from specimen.contracts.cli import verify as contracts_cli
from specimen.fixtures.datasets import cli as dataset_cli
from specimen.fixtures.pictures import cli as pictures_cli
from specimen.mockserver import cli as mock_cli
from specimen.specs.cli.console import INTERNAL_ERROR, USAGE_ERROR, print_problem, print_utf_8, standard_output, user_errors
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


# The command line's own refusals: of an option that there is not, of a value that is none. Typer gives no name to their class.
_REFUSALS: type[Any] = next(kind for kind in typer.BadParameter.mro() if kind.__name__ == "ClickException")


def collect_seldom() -> None:
    """Makes Python look for cycles of garbage more seldom: what a command reads stays, and cycles are few.

    It saves an eighth of a short command's time.
    """
    gc.set_threshold(20_000, 50, 100)


def main() -> None:
    """Runs the command line; its output is UTF-8 in any locale. With `--json`, what ends a command is JSON as well."""
    collect_seldom()
    print_utf_8()
    as_json = "--json" in sys.argv[1:]
    try:
        if as_json:
            sys.exit(app(standalone_mode=False))
        app()
    except typer.Abort:
        sys.exit(1)
    except BrokenPipeError:
        raise
    except OSError as error:  # Typer printed a help text to a full disk
        if error.errno != errno.ENOSPC or error.filename is not None:
            _crash(error, as_json=as_json)
        with contextlib.suppress(typer.Exit), user_errors(as_json=as_json), standard_output():
            raise
        sys.exit(USAGE_ERROR)
    except Exception as error:  # noqa: BLE001 - whatever it is, exit code 1 means violations and nothing else
        if isinstance(error, _REFUSALS):
            _refuse(error)
        _crash(error, as_json=as_json)


def _refuse(error: Any) -> NoReturn:
    """Prints a refusal of the command line as JSON, and ends."""
    usage = {} if error.ctx is None else {"usage": error.ctx.get_usage().removeprefix("Usage: ")}
    print_problem({"detail": error.format_message(), **usage}, error.exit_code)
    sys.exit(error.exit_code)


def _crash(error: Exception, *, as_json: bool) -> NoReturn:
    """Says that Specimen itself failed, and ends."""
    if os.environ.get("SPECIMEN_TRACEBACK"):
        traceback.print_exception(error)
    if as_json:
        print_problem({"detail": bug(error)}, INTERNAL_ERROR)
    else:
        sys.stderr.write(f"error: {bug(error)}\n")
    sys.exit(INTERNAL_ERROR)


if __name__ == "__main__":
    main()
