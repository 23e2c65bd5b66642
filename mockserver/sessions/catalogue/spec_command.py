"""`specimen spec`."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from typing import Annotated

import typer

from specimen.mockserver.sessions.catalogue.client_document import CLIENTS, CONTRACT
from specimen.specs.cli import completion
from specimen.specs.cli.console import standard_output, user_errors


class Audience(StrEnum):
    """Whom a document is for."""

    contract = CONTRACT
    clients = CLIENTS


def spec(
    name: Annotated[
        str,
        typer.Argument(
            metavar="PROVIDER", help="A provider's name, as `specimen providers` lists it.", autocompletion=completion.providers
        ),
    ],
    audience: Annotated[
        Audience, typer.Option("--for", help="contract: with all rules between fields; clients: without, for code generators.")
    ] = Audience.contract,
    as_yaml: Annotated[bool, typer.Option("--yaml", help="Print YAML instead of JSON.")] = False,
    url: Annotated[str, typer.Option("--url", metavar="URL", help="Where the sandbox is served.")] = "http://127.0.0.1:8080",
) -> None:
    """Print a vendor's OpenAPI 3.1 document as `serve` serves it, whose examples are requests that the sandbox answers.

    For tools that read a file; the others fetch /PROVIDER/openapi.json?for=… from a running sandbox. Exit codes: 0 done,
    2 a mistake in the command.

    Examples:

        specimen spec kayle > kayle.json

        specimen spec kyve --for clients --yaml --url http://127.0.0.1:9000 > kyve.yaml
    """
    with user_errors(), standard_output():
        from specimen import specs
        from specimen.mockserver.sessions.catalogue.client_document import for_audience, with_server
        from specimen.mockserver.sessions.catalogue.sandbox_url import checked_sandbox_url
        from specimen.mockserver.sessions.catalogue.usable_document import usable
        from specimen.specs.core.yaml_files import yaml_text

        server = checked_sandbox_url(url)
        provider = specs.load(name)
        document = with_server(for_audience(usable(provider), audience.value), server + provider.mount)
        if as_yaml:
            sys.stdout.write(yaml_text(document))
        else:
            sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
