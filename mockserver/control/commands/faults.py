"""`specimen faults`: the kinds of faults, the presets, and each provider's drifts."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.table import Table as Grid

from specimen import specs
from specimen.specs.cli import completion
from specimen.specs.cli.console import standard_output, table_console, user_errors


def faults(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[PROVIDER]", help="Only this provider's drifts.", autocompletion=completion.providers),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")] = False,
    magic: Annotated[
        str | None,
        typer.Option(metavar="FAULT", help="Print the magic value that asks a provider for a fault, such as status:503."),
    ] = None,
    as_schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of a faults file, for editors.")] = False,
) -> None:
    """List the kinds of faults, the presets, and the drifts that break one rule each.

    Examples:

        specimen faults kayle

        specimen faults predicate --magic status:503

        specimen faults --schema > faults.schema.json
    """
    with user_errors(as_json=as_json), standard_output():
        from specimen.mockserver.control.handlers.catalogue import drifts
        from specimen.mockserver.control.handlers.faults import prefer
        from specimen.mockserver.preferences.faults import rules
        from specimen.mockserver.preferences.faults.drifts import drifts_of
        from specimen.mockserver.preferences.faults.magic import magic_fault

        if as_schema:
            print(json.dumps(rules.schema(), indent=2))
            return
        found = [specs.load(one) for one in ([name] if name else specs.names())]
        if magic is not None:
            values = {one.name: magic_fault(one, magic) for one in found}
            if as_json:
                print(json.dumps(values))
            elif name:
                print(values[name])
            else:
                print("\n".join(f"{one}: {value}" for one, value in values.items()))
            return
        if as_json:
            kinds = [
                {"kind": one.name, "summary": one.summary, "request": one.request, "prefer": prefer(one)}
                for one in rules.kinds().values()
            ]
            drifting = {provider.name: drifts(provider) for provider in found}
            print(json.dumps({"kinds": kinds, "presets": list(rules.presets()), "drifts": drifting}, indent=1))
            return
        out = table_console()
        grid = Grid("kind", "what it does", "the request is", "by header", box=None, pad_edge=False)
        for kind in rules.kinds().values():
            grid.add_row(kind.name, kind.summary, kind.request, f"Prefer: {prefer(kind)}")
        out.print(grid)
        out.print(f"Presets: {', '.join(rules.presets())}\n")
        grid = Grid("provider", "drift", "rule", "the changed answer", box=None, pad_edge=False)
        for provider in found:
            for drift in drifts_of(provider).values():
                grid.add_row(provider.name, drift.name, drift.rule, drift.summary)
        out.print(grid)
