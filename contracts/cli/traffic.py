"""The commands for observed traffic: `specimen watch`, `proxy` and `check`."""

from __future__ import annotations

import typer

from specimen.contracts.cli.check import check
from specimen.contracts.cli.proxy import proxy
from specimen.contracts.cli.watch import watch


def register(app: typer.Typer) -> None:
    """Adds the commands for observed traffic to a command line."""
    app.command()(watch)
    app.command()(proxy)
    app.command()(check)
