"""Standard output of commands: UTF-8 in any locale, with errors for a full disk or a closed pipe."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Iterator, Mapping
from threading import Event
from typing import Any

import typer
from rich.console import Console
from rich.text import Text

from specimen.specs.core.errors import SpecimenError, Unreachable

USAGE_ERROR = 2
UNREACHABLE = 3
INTERNAL_ERROR = 70  # EX_SOFTWARE of sysexits.h
_WIDE = 220
_reader_left = Event()


class Printer(Console):
    """A console that raises BrokenPipeError where Rich would end the process with its own exit code."""

    def on_broken_pipe(self) -> None:
        """Raises the error again.

        Raises:
            BrokenPipeError: always.
        """
        raise BrokenPipeError


def console(**options: Any) -> Console:
    """Standard output for text, in colour on a terminal only; `options` are Rich's."""
    return Printer(highlight=False, **options)


def table_console() -> Console:
    """Standard output for tables: as wide as the terminal, and elsewhere wide enough not to be cut."""
    found = console()
    return found if found.is_terminal else console(width=max(found.width, _WIDE))


@contextlib.contextmanager
def user_errors(*, as_json: bool = False) -> Iterator[None]:
    """Prints a user's mistake as one sentence and ends with exit code 2; with 3 where nobody answers.

    With `as_json` the error is one line of JSON for other programs.
    """
    try:
        yield
    except SpecimenError as error:
        code = UNREACHABLE if isinstance(error, Unreachable) else USAGE_ERROR
        if as_json:
            print_problem(error.problem, code)
        else:
            Console(stderr=True, highlight=False).print(Text.assemble(("error: ", "bold red"), str(error)), soft_wrap=True)
        raise typer.Exit(code) from error


def print_problem(problem: Mapping[str, Any], exit_code: int) -> None:
    """Prints what ends a command as one line of JSON on the error stream: a problem (RFC 9457) with the exit code."""
    typer.echo(json.dumps({**problem, "exit_code": exit_code}), err=True)


def print_utf_8() -> None:
    """Makes standard output and the error stream UTF-8; characters that UTF-8 cannot encode are written as escapes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


@contextlib.contextmanager
def standard_output() -> Iterator[None]:
    """Flushes standard output at the end; a closed pipe (`| head -1`) is no error, and nothing more is printed.

    Raises:
        SpecimenError: standard output is closed, or takes no more.
    """
    # sys.stdout is None where the shell has closed it, against its annotation.
    if getattr(sys, "stdout", None) is None:
        raise SpecimenError("standard output is closed.")
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        _reader_left.set()
        _drop()
    except OSError as error:
        if error.filename is not None:  # it is about another file
            raise
        _drop()
        raise SpecimenError(f"standard output cannot be written: {error.strerror or error}.") from error


def reader_left() -> bool:
    """Whether the reader of standard output closed the pipe; further output is lost."""
    return _reader_left.is_set()


def _drop() -> None:
    """Discards the rest of the buffer, which Python would flush again at exit."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
