"""What is printed: in UTF-8 whatever the locale, and one sentence where standard output takes no more."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator

import typer

from specs import SpecimenError


def print_utf_8() -> None:
    """Makes standard output and the error stream UTF-8; what it cannot hold is written as an escape."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


@contextlib.contextmanager
def standard_output() -> Iterator[None]:
    """Prints within it, and all that was printed is out at its end.

    It ends without a word where the reader of a pipe has gone: `specimen payloads kayle | head`.

    Raises:
        SpecimenError: standard output is closed, or takes no more.
    """
    # Python has no stream where the shell has closed it, whatever the annotation says.
    if getattr(sys, "stdout", None) is None:
        raise SpecimenError("standard output is closed.")
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        _drop()
        raise typer.Exit(0) from None
    except OSError as error:
        _drop()
        raise SpecimenError(f"standard output cannot be written: {error.strerror or error}") from error


def _drop() -> None:
    """Lets what is left in the buffer go, which Python would try once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
