"""What `specimen serve` prints once it serves."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from typing import Any

from rich.text import Text

from specimen.specs.cli.console import console, standard_output


@standard_output()
def print_start(app: Any, url: str, *, shows_keys: bool) -> None:
    """Prints where each provider is, a request for two of its sessions, and what webhook receivers need."""
    from specimen.fixtures.recipes.recipe import DEFAULT_NAMESPACE

    out = console(soft_wrap=True)
    for name, mounted in app.mounted.items():
        out.print(Text(mounted.provider.lifecycle.title, style="bold"))
        root = f"  (also {url}{mounted.base_path})" if len(app.mounted) == 1 else ""
        out.print(f"  base URL  {url}{mounted.provider.mount}{root}")
        out.print(f"  document  {url}/{name}/openapi.json   {url}/{name}/ui/")
        for label, entry in example_requests(mounted):
            out.print(Text.assemble(f"  {label:<9} ", (as_curl(entry, url), "cyan")))
    for one in app.standing.endpoints:
        out.print(f"Webhooks of {one.provider} go to {one.endpoint.url}")
        if shows_keys:
            out.print(Text(f"  {json.dumps(one.receiver)}"))
    if app.control is not None:
        token = f"  (bearer token {app.control_token})" if app.control_token and not app.settings.control_token else ""
        out.print(f"Control API {url}/_specimen/v1/ui/{token}")
        out.print(f"Page        {url}/")
    out.print(f"Serving on {url} (namespace '{DEFAULT_NAMESPACE}', seed {app.settings.seed}). Stop with Ctrl-C.")


def example_requests(mounted: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The happy path's end state and another one, each with a request for a session in it."""
    lifecycle = mounted.provider.lifecycle
    good = lifecycle.default
    bad = next(
        entry
        for entry in lifecycle.scenarios.values()
        if entry.path[-1] != good.path[-1] and entry.path[-1] in lifecycle.terminal
    )
    for scenario in (good, bad):
        entries = (
            entry
            for entry in mounted.table.entries()
            if entry["scenario"] == scenario.name and entry["status"] == scenario.path[-1]
        )
        yield scenario.path[-1], next(entries)


def as_curl(entry: dict[str, Any], url: str) -> str:
    """An entry of the scenario requests as a curl command."""
    parts = ["curl", "-sS"]
    if entry["method"] != "GET":
        parts += ["-X", entry["method"]]
    for header, value in entry["headers"].items():
        parts += ["-H", shlex.quote(f"{header}: {value}")]
    if entry["body"] is not None:
        parts += ["-d", shlex.quote(json.dumps(entry["body"], ensure_ascii=False))]
    return " ".join([*parts, shlex.quote(url + entry["path"])])
