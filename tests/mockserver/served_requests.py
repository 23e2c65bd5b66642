"""The requests that a served document describes by its examples, as a tool reads them that knows nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from specimen.mockserver.sessions.catalogue.scenario_requests import encoded_body

METHODS = ("get", "put", "post", "delete", "patch")


@dataclass(frozen=True)
class Described:
    """A request, and the statuses that the document has for it."""

    operation: str
    example: str
    method: str
    path: str
    headers: Mapping[str, str]
    content: bytes
    statuses: tuple[int, ...]
    part: str | None


def described(document: Mapping[str, Any], credentials: Mapping[str, str]) -> Iterator[Described]:
    """Each operation with the first example of everything, then with each further one."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield from _of(document, path, method, item[method], credentials, item.get("x-part"))


def _of(
    document: Mapping[str, Any], path: str, method: str, node: Mapping[str, Any], credentials: Mapping[str, str], part: str | None
) -> Iterator[Described]:
    choices: list[tuple[str, str, str, list[tuple[str, Any]]]] = []
    for parameter in node.get("parameters", []):
        if values := list(_examples(parameter)):
            choices.append((parameter["name"], parameter["in"], parameter["name"], values))
        else:
            assert not parameter.get("required"), f"{node['operationId']}: no example of {parameter['name']}"
    for content_type, media in node.get("requestBody", {}).get("content", {}).items():
        bodies = list(_examples(media))
        if bodies:
            choices.append(("", "body", content_type, bodies))
    first = {(place, name): values[0] for name, place, _, values in choices}
    mixes = [first, *({**first, (place, name): one} for name, place, _, values in choices for one in values[1:])]
    headers = dict(_authorization(document, node, credentials))
    for mix in mixes:
        filled, query, content, more, shown = path, {}, b"", {}, []
        for (place, name), (label, value) in mix.items():
            shown.append(label)
            if place == "path":
                filled = filled.replace("{" + name + "}", quote(str(value), safe=""))
            elif place == "query":
                query[name] = value
            elif place == "header":
                more[name] = str(value)
            else:
                content = encoded_body(value)[0]
                more["Content-Type"] = "application/json"
        if "multipart/form-data" in node.get("requestBody", {}).get("content", {}):
            form = node["requestBody"]["content"]["multipart/form-data"]["schema"]
            content, more["Content-Type"] = encoded_body({"$multipart": list(_parts(document, form))})
        statuses = tuple(int(status) for status in node["responses"] if status.isdigit())
        target = document["servers"][0]["url"].rstrip("/") + filled + (f"?{urlencode(query)}" if query else "")
        label = " ".join(filter(None, dict.fromkeys(shown)))
        yield Described(node["operationId"], label, method.upper(), target, {**headers, **more}, content, statuses, part)


def _examples(node: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if "example" in node:
        yield "", node["example"]
    for name, example in node.get("examples", {}).items():
        yield name, example["value"]


def _parts(document: Mapping[str, Any], form: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """A file where files are asked for, and the examples of the other fields."""
    fields = document["components"]["schemas"][form["$ref"].rpartition("/")[2]]["properties"]
    for name, field in fields.items():
        if field.get("items", {}).get("format") == "binary":
            yield {"name": name, "filename": "a.png", "content_type": "image/png", "base64": "iVBORw0KGgo="}
        elif "examples" in field:
            yield {"name": name, "value": str(field["examples"][0])}


def _authorization(
    document: Mapping[str, Any], node: Mapping[str, Any], credentials: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    for requirement in node.get("security", document.get("security", [])):
        for name in requirement:
            scheme = document["components"]["securitySchemes"][name]
            yield (scheme["name"], credentials[name]) if scheme["type"] == "apiKey" else (
                "Authorization", f"Bearer {credentials[name]}"
            )  # fmt: skip
