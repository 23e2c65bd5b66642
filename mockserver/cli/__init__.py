"""The mock's commands: `serve`, `providers`, `show` and `ids`, and those of its other rooms."""

from __future__ import annotations

import typer

from specimen.mockserver.cli.catalogue import ids, providers, show
from specimen.mockserver.cli.serve import serve
from specimen.mockserver.control.commands import control as control_commands
from specimen.mockserver.control.commands import faults as fault_commands
from specimen.mockserver.control.commands import store as store_commands
from specimen.mockserver.sessions.catalogue.export.cli import export
from specimen.mockserver.sessions.catalogue.spec_command import spec


def register(app: typer.Typer) -> None:
    """Adds the mock's commands to a Typer application."""
    app.command()(serve)
    app.command()(providers)
    app.command()(show)
    app.command()(ids)
    app.command()(export)
    app.command()(spec)
    app.command("faults")(fault_commands.faults)
    app.add_typer(control_commands.app, name="ctl")
    app.add_typer(store_commands.app)
