"""Clients that `openapi-python-client` makes from a served document, called with entries of the scenario requests."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import inspect
import io
import json
import pkgutil
import re
import sys
from base64 import b64decode
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any, get_args
from urllib.parse import parse_qsl, unquote

import httpx
import openapi_python_client
from openapi_python_client.config import Config, ConfigFile, MetaType

from specimen.specs import Provider


def generate(document: Path, package: Path) -> list[str]:
    """Writes the client of a document into a folder; gives what the generator complains of, such as parts that it left out."""
    config = Config.from_sources(
        ConfigFile(post_hooks=[]),  # they only format the code, with a ruff that need not be on the PATH
        MetaType.NONE,
        document_source=document,
        file_encoding="utf-8",
        overwrite=False,
        output_path=package,
    )
    return [f"{error.header} {error.detail or ''}".strip() for error in openapi_python_client.generate(config=config)]


@contextlib.contextmanager
def imported(package: Path) -> Iterator[ModuleType]:
    """The package in a folder, importable while the context lasts."""
    name = package.name
    spec = importlib.util.spec_from_file_location(name, package / "__init__.py", submodule_search_locations=[str(package)])
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        yield module
    finally:
        for loaded in [key for key in sys.modules if key == name or key.startswith(f"{name}.")]:
            del sys.modules[loaded]


class GeneratedClient:
    """A generated package that calls the server at `url` (scheme, host and port); to be closed.

    `operations` are its modules by plain name; `nobody` is a client that has no credentials.
    """

    def __init__(self, package: ModuleType, provider: Provider, url: str) -> None:
        self._provider = provider
        self._base_url = url + provider.mount
        self._types = importlib.import_module(f"{package.__name__}.types")
        self._client_class = importlib.import_module(f"{package.__name__}.client").AuthenticatedClient
        self._secret_headers = {name.lower() for entry in provider.lifecycle.credentials.values() for name in entry.headers}
        self._clients: dict[tuple[str, str], Any] = {}
        self._open = contextlib.ExitStack()
        self.close = self._open.close
        self.nobody = self._client_class(base_url=self._base_url, token="", raise_on_unexpected_status=True)
        api = importlib.import_module(f"{package.__name__}.api")
        self.operations = {
            plain(found.name.rpartition(".")[2]): importlib.import_module(found.name)
            for found in pkgutil.walk_packages(api.__path__, f"{api.__name__}.")
            if not found.ispkg
        }

    def call(self, entry: Mapping[str, Any]) -> Any:
        """The generated `Response` to an entry's request: `status_code`, `content` as it was sent, and `parsed`."""
        call = self.operations[plain(entry["operation"])].sync_detailed
        parameters = {plain(name): parameter for name, parameter in inspect.signature(call).parameters.items()}
        arguments = {}
        for name, value in self._values(entry).items():
            parameter = parameters[plain(name)]
            arguments[parameter.name] = self._typed(value, parameter.annotation, entry["operation"])
        return call(client=self._client(entry["headers"]), **arguments)

    def _client(self, headers: Mapping[str, str]) -> Any:
        [(name, value)] = [(name, value) for name, value in headers.items() if name.lower() in self._secret_headers]
        if (name, value) not in self._clients:
            prefix, _, token = value.rpartition(" ")
            client = self._client_class(
                base_url=self._base_url,
                token=token,
                prefix=prefix,
                auth_header_name=name,
                raise_on_unexpected_status=True,
                httpx_args={"trust_env": False},  # a proxy named in the environment cannot reach this server
            )
            self._clients[name, value] = self._open.enter_context(client)
        return self._clients[name, value]

    def _values(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        """What an entry says to its operation, by the document's names, and its `body`."""
        path, _, query = entry["path"].removeprefix(self._provider.mount).partition("?")
        template = self._provider.document.operations[entry["operation"]].path
        pieces = re.split(r"\{([^}]+)\}", template)
        pattern = "([^/]+)".join(re.escape(piece) for piece in pieces[::2])
        found = dict(zip(pieces[1::2], map(unquote, re.fullmatch(pattern, path).groups()), strict=True))
        found |= dict(parse_qsl(query))
        kept = self._secret_headers | {"content-type"}
        found |= {name: value for name, value in entry["headers"].items() if name.lower() not in kept}
        return found if entry["body"] is None else {**found, "body": entry["body"]}

    def _typed(self, value: Any, annotation: Any, operation: str) -> Any:
        """A value as the generated function wants it: a model, a UUID, a member of an enumeration or itself."""
        kind = next(kind for kind in (get_args(annotation) or (annotation,)) if kind is not self._types.Unset)
        if kind is Any:
            return value
        if isinstance(value, Mapping) and "$multipart" in value:
            return kind(**self._form(value["$multipart"], kind, operation))
        return kind.from_dict(value) if hasattr(kind, "from_dict") else kind(value)

    def _form(self, parts: list[Mapping[str, str]], kind: Any, operation: str) -> dict[str, Any]:
        document = self._provider.document
        schema, _ = document.resolve(document.at(document.operations[operation].body("multipart/form-data").pointer))
        found: dict[str, Any] = {}
        for part in parts:
            name = attribute(kind, part["name"])
            value: Any = part.get("value")
            if "base64" in part:
                value = self._types.File(io.BytesIO(b64decode(part["base64"])), part["filename"], part["content_type"])
            if document.resolve(schema["properties"][part["name"]])[0].get("type") == "array":
                found.setdefault(name, []).append(value)
            else:
                found[name] = value
        return found


def plain(name: str) -> str:
    """A name without what the generator changes in it: `sessionId` and `session_id`, `type` and `type_` are the same."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def attribute(model: Any, name: str) -> str:
    """The attribute of a generated model (or its class) that holds a property.

    Raises:
        LookupError: the model does not know the property.
    """
    for field in model.__attrs_attrs__:
        if plain(field.name) == plain(name):
            return field.name
    raise LookupError(f"{model!r} has no '{name}'")


def at(model: Any, pointer: str) -> Any:
    """The JSON value at a pointer of dictionary keys, read through the attributes of generated models."""
    for part in pointer.split("/")[1:]:
        model = getattr(model, attribute(model, part))
    return getattr(model, "value", model)


def differences(response: Any) -> Iterator[str]:
    """Where a parsed model, as JSON, is not what the server sent."""
    yield from _differences(json.loads(response.content), response.parsed.to_dict(), "")


def _differences(sent: Any, kept: Any, pointer: str) -> Iterator[str]:
    if isinstance(sent, dict) and isinstance(kept, dict):
        for key in sent.keys() | kept.keys():
            if key not in kept or key not in sent:
                yield f"{pointer}/{key} was {'lost' if key in sent else 'added'}"
            else:
                yield from _differences(sent[key], kept[key], f"{pointer}/{key}")
    elif isinstance(sent, list) and isinstance(kept, list) and len(sent) == len(kept):
        for index, (before, after) in enumerate(zip(sent, kept, strict=True)):
            yield from _differences(before, after, f"{pointer}/{index}")
    elif (type(sent), sent) != (type(kept), kept) and not _is_same_time(sent, kept):
        yield f"{pointer} was {sent!r} and became {kept!r}"


def _is_same_time(sent: Any, kept: Any) -> bool:
    """Whether a time is only spelt anew: a client writes `+00:00` for `Z`."""
    try:
        return datetime.fromisoformat(sent).isoformat() == kept
    except (TypeError, ValueError):
        return False


def download(url: str, path: Path) -> Path:
    """The document at a URL, in a file."""
    path.write_bytes(httpx.get(url, trust_env=False).raise_for_status().content)
    return path
