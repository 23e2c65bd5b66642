"""Stock Connexion 3.3 with a provider's document, brought down to the OpenAPI 3.0 that it knows."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from specimen.specs import Provider

_KEPT = frozenset(
    {
        "title", "description", "format", "default", "enum", "required", "multipleOf", "maximum", "minimum", "maxLength",
        "minLength", "pattern", "maxItems", "minItems", "uniqueItems", "maxProperties", "minProperties", "readOnly",
        "writeOnly", "deprecated",
    }
)  # fmt: skip
_LISTS = ("allOf", "anyOf", "oneOf")


def downgraded(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document as OpenAPI 3.0.

    Lost: webhooks, examples, marks, what stands beside a `$ref`, and the keywords that 3.0 lacks, above all `if` and
    `patternProperties`. Stock Connexion thus checks less than the mock does.
    """
    found: dict[str, Any] = _downgraded({key: value for key, value in document.items() if key != "webhooks"})
    info = {key: found["info"][key] for key in ("title", "version") if key in found["info"]}
    return {**found, "openapi": "3.0.3", "info": info}


def _downgraded(node: Any) -> Any:
    if isinstance(node, list):
        return [_downgraded(item) for item in node]
    if not isinstance(node, Mapping):
        return node
    if "$ref" in node:
        return {"$ref": node["$ref"]}
    found: dict[str, Any] = {}
    for key, value in node.items():
        if key in ("example", "examples") or key.startswith("x-"):
            continue
        if key == "schema":
            found[key] = schema(value)
        elif key == "schemas":
            found[key] = {name: schema(item) for name, item in value.items()}
        else:
            found[key] = _downgraded(value)
    return found


def schema(node: Any) -> dict[str, Any]:
    """A schema of JSON Schema 2020-12 in OpenAPI 3.0's dialect; what that cannot say is left out."""
    if isinstance(node, bool):
        return {} if node else {"not": {}}
    if "$ref" in node:
        return {"$ref": node["$ref"]}
    found = {key: value for key, value in node.items() if key in _KEPT}
    if "const" in node:
        found["enum"] = [node["const"]]
    for bound, flag in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if flag in node:
            found |= {bound: node[flag], flag: True}
    if "properties" in node:
        found["properties"] = {name: schema(value) for name, value in node["properties"].items()}
    if "items" in node:
        found["items"] = schema(node["items"])
    if "additionalProperties" in node and "patternProperties" not in node:
        found["additionalProperties"] = schema(node["additionalProperties"])
    if "not" in node:
        found["not"] = schema(node["not"])
    for key in _LISTS:
        # A member of which nothing is left would make an anyOf hold always and a oneOf never.
        members = [member for member in map(schema, node.get(key, ())) if member.keys() - {"title", "description"}]
        if members and (key == "allOf" or len(members) == len(node[key])):
            found[key] = members
    found |= _type(node.get("type"))
    if found.get("type") == "array":
        found.setdefault("items", {})
    return found


def _type(kind: Any) -> dict[str, Any]:
    kinds = [kind] if isinstance(kind, str) else list(kind or ())
    plain = [name for name in kinds if name != "null"]
    nullable = {"nullable": True} if "null" in kinds else {}
    if len(plain) == 1:
        return {"type": plain[0], **nullable}
    return nullable


def accept(_token: str, required_scopes: Any = None) -> dict[str, Any]:
    """Takes every credential, which is the least that a check can do."""
    return {"sub": "bench", "scopes": required_scopes}


def stock_app(provider: Provider, status: int, answer: bytes) -> Any:
    """Connexion as it comes, its layers and validators as they are; all operations send the answer's bytes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # connexion imports Starlette's test client, which warns
        from connexion import AsyncApp
        from connexion.lifecycle import ConnexionResponse
        from connexion.resolver import Resolver

    document = downgraded(provider.document.raw)
    for scheme in document.get("components", {}).get("securitySchemes", {}).values():
        scheme["x-bearerInfoFunc" if scheme["type"] == "http" else "x-apikeyInfoFunc"] = f"{__name__}.accept"

    async def constant(**_: Any) -> ConnexionResponse:
        return ConnexionResponse(status_code=status, content_type="application/json", body=answer)

    app = AsyncApp(__name__)
    app.add_api(document, base_path=provider.mount, resolver=Resolver(lambda _: constant))
    return app
