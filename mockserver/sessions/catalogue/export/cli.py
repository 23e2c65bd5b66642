"""`specimen export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from specimen.specs.cli import completion
from specimen.specs.cli.console import console, standard_output, user_errors


def export(
    form: Annotated[str, typer.Argument(metavar="FORMAT", help="One of postman, bruno, http, k6, locust.")],
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PROVIDER]...", help="Only these providers.", show_default="all", autocompletion=completion.providers
        ),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder to write to; it is made if need be.")] = Path("export"),
    url: Annotated[str, typer.Option("--url", metavar="URL", help="Where the sandbox is served.")] = "http://127.0.0.1:8080",
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist and have other content.")] = False,
) -> None:
    """Write a collection with every scenario, answer and error, and flows that create a session and poll it to its end.

    Each request has assertions; the base URL and the credential are variables. HTTP files are for JetBrains' HTTP client,
    httpYac and Kulala. The k6 script is parsed by our tests and not run. Exit codes: 0 done, 2 a mistake in the command, or
    a file cannot be written.

    Examples:

        specimen export postman --out collections/

        specimen export bruno kayle kyve --out collections/ --url http://127.0.0.1:9000

        specimen export locust idnow --out load/ --force
    """
    with user_errors(), standard_output():
        from specimen import specs
        from specimen.mockserver.errors import SettingError, did_you_mean
        from specimen.mockserver.sessions.catalogue.export.files import write
        from specimen.mockserver.sessions.catalogue.export.formats import FORMATS
        from specimen.mockserver.sessions.catalogue.export.planning import plan
        from specimen.mockserver.sessions.catalogue.sandbox_url import checked_sandbox_url

        if form not in FORMATS:
            raise SettingError(f"export '{form}': there is no such format. {did_you_mean(form, FORMATS)}")
        url = checked_sandbox_url(url)
        found: dict[str, bytes] = {}
        for name in dict.fromkeys(names or specs.names()):
            found |= FORMATS[form](plan(specs.load(name), url))
        write(out, found, force=force)
        console().print(f"{len(found)} files in {out}", markup=False, highlight=False, soft_wrap=True)
