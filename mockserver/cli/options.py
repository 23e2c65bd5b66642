"""The options that several commands of the mock have."""

from __future__ import annotations

from typing import Annotated

import typer

from specimen.fixtures.primitives import times
from specimen.mockserver.errors import SettingError
from specimen.specs.cli import completion

ProviderArgument = Annotated[
    str, typer.Argument(help="A provider's name, as `specimen providers` lists it.", autocompletion=completion.providers)
]
SeedOption = Annotated[int, typer.Option(min=0, max=2**31 - 1, help="The number that all synthetic data depends on.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]


def time_of(text: str | None) -> int | None:
    """The value of an option that is a time, in milliseconds since the epoch.

    Raises:
        SettingError: it is none.
    """
    if text is None:
        return None
    try:
        return times.parse(text)
    except ValueError:
        raise SettingError(f"time '{text}': expected ISO 8601, such as 2026-03-01T12:00:00Z.") from None
