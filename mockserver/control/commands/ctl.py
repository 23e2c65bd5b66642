"""What the commands of `specimen ctl` share: their options, each stated once, a call of the API, and how an answer is shown."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from specimen.specs.cli.console import console, standard_output
from specimen.specs.core.errors import SpecimenError, Unreachable

UrlOption = Annotated[str, typer.Option(envvar="SPECIMEN_URL", help="The server.")]
NamespaceOption = Annotated[str, typer.Option("--namespace", "-n", help="The namespace.")]
TokenOption = Annotated[
    str | None, typer.Option(envvar="SPECIMEN_CONTROL_TOKEN", help="The token that the server printed.", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]
ProviderArgument = Annotated[str, typer.Argument(help="The provider's name.")]
ProviderOption = Annotated[str | None, typer.Option(help="Only this provider's.")]
SessionArgument = Annotated[str, typer.Argument(help="An id of the session.")]
FactsOption = Annotated[list[str] | None, typer.Option("--fact", metavar="NAME=VALUE", help="A fact; may be repeated.")]
IfMatchOption = Annotated[str | None, typer.Option(help="The ETag that the session must have.")]
LimitOption = Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")]
PaceOption = Annotated[str | None, typer.Option(help="instant, manual, realtime, 10x, polls:N.")]
SeedOption = Annotated[int | None, typer.Option(min=0, help="The seed of what is made.")]
ClearOption = Annotated[bool, typer.Option("--clear", help="Remove all.")]


@dataclass(frozen=True, slots=True)
class Options:
    """Where the server is, and how answers are shown."""

    url: str
    namespace: str
    token: str | None
    as_json: bool


# The options of `specimen ctl` again, behind the name of a command, where most people write them.
_AGAIN: dict[str, tuple[Any, Any]] = {
    "url": (Annotated[str | None, typer.Option(help="The server.", show_default=False)], None),
    "namespace": (Annotated[str | None, typer.Option("--namespace", "-n", help="The namespace.", show_default=False)], None),
    "token": (Annotated[str | None, typer.Option(help="The token that the server printed.", show_default=False)], None),
    "as_json": (JsonOption, False),
}


def steering(command: Callable[..., None]) -> Callable[..., None]:
    """A command that takes the options of `specimen ctl` behind its name, too."""

    @functools.wraps(command)
    def with_options(context: typer.Context, **given: Any) -> None:
        again = {name: value for name in _AGAIN if (value := given.pop(name))}
        context.obj = replace(context.obj, **again)
        command(context, **given)

    own = inspect.signature(command, eval_str=True)
    more = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in _AGAIN.items()
    ]
    with_options.__signature__ = own.replace(parameters=[*own.parameters.values(), *more])  # type: ignore[attr-defined]
    return with_options


def call(
    context: typer.Context, method: str, path: str, *, query: Any = None, body: Any = None, if_match: str | None = None
) -> Any:
    """The JSON value of an answer.

    Raises:
        Unreachable: no server answers.
        SpecimenError: the server refuses, or its URL is none.
    """
    import httpx

    from specimen.mockserver.control.client.calls import answered, request
    from specimen.mockserver.control.client.network import httpx_options

    options: Options = context.obj
    made = request(method, path, namespace=options.namespace, token=options.token, query=query, body=body, if_match=if_match)
    try:
        url = options.url.rstrip("/") + made.path
        reply = httpx.request(made.method, url, headers=made.headers, content=made.body, **httpx_options(options.url))
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise SpecimenError(f"--url '{options.url}': {error} Expected one such as http://127.0.0.1:8080.") from error
    except httpx.HTTPError as error:
        raise Unreachable(
            f"{options.url}: no server answers there ({type(error).__name__}). Start one with `specimen serve`."
        ) from error
    return answered(reply.status_code, reply.content)


def call_into(context: typer.Context, path: str, file: Path, what: str, **query: str) -> Any:
    """The JSON value of an answer, which is written to a file too; `what` names the file in the sentence of an error.

    Raises:
        Unreachable: no server answers.
        SpecimenError: the file cannot be written, or the server refuses.
    """
    from specimen.specs.core.atomic_files import check_writable, write_text

    check_writable(file, what)
    found = call(context, "GET", path, query=query)
    try:
        write_text(file, json.dumps(found, indent=1, ensure_ascii=False))
    except OSError as error:
        raise SpecimenError(f"{what} '{file}': cannot be written: {error.strerror or error}.") from error
    return found


def show_answer(context: typer.Context, value: Any, text: str) -> None:
    """Prints an answer as JSON where that is wanted, else its text."""
    with standard_output():
        if context.obj.as_json:
            print(json.dumps(value, indent=2, ensure_ascii=False))
        elif text:
            console(soft_wrap=True).print(text, markup=False)


def facts_of(pairs: list[str] | None) -> dict[str, Any]:
    """Facts by name; a value is JSON where it can be read as such, else text.

    Raises:
        SettingError: one is no NAME=VALUE.
    """
    from specimen.mockserver.errors import SettingError

    found = {}
    for pair in pairs or ():
        name, equals, text = pair.partition("=")
        if not equals:
            raise SettingError(f"fact '{pair}': expected NAME=VALUE.")
        try:
            found[name] = json.loads(text)
        except ValueError:
            found[name] = text
    return found
