"""An OpenAPI 3.1 document brought down to OpenAPI 3.0, with a list of what is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

VERSION = "3.0.3"
_KEPT = frozenset(
    {
        "title", "description", "format", "default", "enum", "required", "multipleOf", "maximum", "minimum", "maxLength",
        "minLength", "pattern", "maxItems", "minItems", "uniqueItems", "maxProperties", "minProperties", "readOnly",
        "writeOnly", "deprecated",
    }
)  # fmt: skip
# Keywords of a schema that say something about it and refuse nothing.
_ANNOTATIONS = frozenset(
    {"title", "description", "default", "deprecated", "readOnly", "writeOnly", "example", "examples", "$comment",
     "contentMediaType", "contentEncoding"}
)  # fmt: skip
_LISTS = ("allOf", "anyOf", "oneOf")


class Loss(NamedTuple):
    """A keyword that OpenAPI 3.0 cannot say, and where it stood; `is_check` where without it more is valid."""

    pointer: str
    keyword: str
    is_check: bool


@dataclass(frozen=True, slots=True)
class Downgrade:
    """A document of OpenAPI 3.0, and what of its original is not in it."""

    document: dict[str, Any]
    lost: tuple[Loss, ...]

    @property
    def lost_checks(self) -> tuple[Loss, ...]:
        """The keywords without which the document takes more than its original."""
        return tuple(loss for loss in self.lost if loss.is_check)


def downgrade(document: Mapping[str, Any]) -> Downgrade:
    """The document as OpenAPI 3.0. What 3.0 cannot say is left out: the result takes all that the original takes.

    `const`, `type: [..., "null"]`, exclusive bounds, checks beside a `$ref` and `if` with `then` are said in 3.0's words where
    it has words for them. Our own marks (`x-...`) are left out and not listed.
    """
    lost = _Lost()
    found: dict[str, Any] = {}
    for key, value in document.items():
        if key in ("webhooks", "jsonSchemaDialect"):
            lost.add(f"/{key}", key)
        elif not key.startswith("x-"):
            found[key] = _node(value, f"/{key}", lost)
    _info(found.get("info", {}), lost)
    return Downgrade({**found, "openapi": VERSION}, tuple(lost.found))


def _info(info: dict[str, Any], lost: _Lost) -> None:
    for node, key, pointer in ((info, "summary", "/info"), (info.get("license", {}), "identifier", "/info/license")):
        if node.pop(key, None) is not None:
            lost.add(f"{pointer}/{key}", key)


@dataclass(slots=True)
class _Lost:
    found: list[Loss] = field(default_factory=list)

    def add(self, pointer: str, keyword: str, *, is_check: bool = False) -> None:
        self.found.append(Loss(pointer, keyword, is_check))

    def checks(self) -> int:
        return sum(loss.is_check for loss in self.found)


def _node(node: Any, pointer: str, lost: _Lost) -> Any:
    """What is no schema: marks and examples go, schemas in it are brought down."""
    if isinstance(node, list):
        return [_node(item, f"{pointer}/{index}", lost) for index, item in enumerate(node)]
    if not isinstance(node, Mapping):
        return node
    if "$ref" in node:
        return {"$ref": node["$ref"]}
    found: dict[str, Any] = {}
    for key, value in node.items():
        place = f"{pointer}/{_escaped(key)}"
        if key in ("example", "examples"):
            lost.add(place, key)
        elif key == "schema":
            found[key] = schema(value, place, lost)
        elif key == "schemas" and pointer == "/components":
            found[key] = {name: schema(item, f"{place}/{_escaped(name)}", lost) for name, item in value.items()}
        elif not key.startswith("x-"):
            found[key] = _node(value, place, lost)
    return found


def schema(node: Any, pointer: str = "", lost: _Lost | None = None) -> dict[str, Any]:
    """A schema of JSON Schema 2020-12 in OpenAPI 3.0's dialect; it never refuses what the original takes."""
    lost = _Lost() if lost is None else lost
    if isinstance(node, bool):
        return {} if node else {"not": {}}
    if "$ref" in node:
        beside = {key: value for key, value in node.items() if key not in ("$ref", *_ANNOTATIONS) and key[:2] != "x-"}
        for key in _ANNOTATIONS & node.keys():
            lost.add(f"{pointer}/{key}", key)
        reference = {"$ref": node["$ref"]}
        rest = schema(beside, pointer, lost) if beside else {}
        return {"allOf": [reference, rest]} if rest else reference
    found = {key: value for key, value in node.items() if key in _KEPT}
    if "const" in node:
        found["enum"] = [node["const"]]
    for bound, flag, sharper in (("minimum", "exclusiveMinimum", max), ("maximum", "exclusiveMaximum", min)):
        if flag in node and sharper(node[flag], node.get(bound, node[flag])) == node[flag]:
            found |= {bound: node[flag], flag: True}
    if "properties" in node:
        found["properties"] = {
            name: schema(value, f"{pointer}/properties/{_escaped(name)}", lost) for name, value in node["properties"].items()
        }
    if "items" in node:
        found["items"] = schema(node["items"], f"{pointer}/items", lost)
    if "additionalProperties" in node and "patternProperties" not in node:
        found["additionalProperties"] = schema(node["additionalProperties"], f"{pointer}/additionalProperties", lost)
    _add_negation(node, pointer, lost, found)
    for key in _LISTS:
        _add_members(key, node.get(key, ()), f"{pointer}/{key}", lost, found)
    _add_condition(node, pointer, lost, found)
    _add_type(node.get("type"), found)
    said = {*_KEPT, *_LISTS, "const", "exclusiveMinimum", "exclusiveMaximum", "properties", "items", "not", "if", "then",
            "else", "type"}  # fmt: skip
    if "patternProperties" not in node:
        said.add("additionalProperties")
    for key in node:
        if key not in said and not key.startswith("x-"):
            lost.add(f"{pointer}/{key}", key, is_check=key not in _ANNOTATIONS)
    return found


def _add_negation(node: Mapping[str, Any], pointer: str, lost: _Lost, found: dict[str, Any]) -> None:
    if "not" in node:
        inner, is_exact = _exactly(node["not"], f"{pointer}/not")
        if is_exact:  # a weaker schema would make its negation stricter
            found["not"] = inner
        else:
            lost.add(f"{pointer}/not", "not", is_check=True)


def _add_members(key: str, members: Any, pointer: str, lost: _Lost, found: dict[str, Any]) -> None:
    if not members:
        return
    before = lost.checks()
    said = [schema(member, f"{pointer}/{index}", lost) for index, member in enumerate(members)]
    if key == "allOf":
        said = [member for member in said if member.keys() - {"title", "description"}]
    elif any(not member.keys() - {"title", "description"} for member in said):
        # A member of which nothing is left makes an anyOf hold always.
        if lost.checks() > before:
            lost.add(pointer, key, is_check=True)
        return
    elif key == "oneOf" and lost.checks() > before:
        # Weaker members overlap, of which a oneOf takes neither.
        lost.add(pointer, key, is_check=True)
        key = "anyOf"
    if said and key in found:
        found.setdefault("allOf", []).append({key: said})
    elif said:
        found[key] = said


def _add_condition(node: Mapping[str, Any], pointer: str, lost: _Lost, found: dict[str, Any]) -> None:
    """`if A then B` as `anyOf: [not A, B]`."""
    if "if" not in node:
        return
    condition, is_exact = _exactly(node["if"], f"{pointer}/if")
    for branch, choice in (("then", {"not": condition}), ("else", condition)):
        if branch not in node:
            continue
        if not is_exact:
            lost.add(f"{pointer}/{branch}", f"if/{branch}", is_check=True)
            continue
        said = schema(node[branch], f"{pointer}/{branch}", lost)
        if said.keys() - {"title", "description"}:
            found.setdefault("allOf", []).append({"anyOf": [choice, said]})


def _exactly(node: Any, pointer: str) -> tuple[dict[str, Any], bool]:
    """A schema, and whether it takes just what its original takes, as far as one can see without following references."""
    lost = _Lost()
    return schema(node, pointer, lost), not lost.checks() and not _has_reference(node)


def _has_reference(node: Any) -> bool:
    """Whether a schema rests on another, which may have lost something."""
    if isinstance(node, Mapping):
        return "$ref" in node or any(_has_reference(value) for value in node.values())
    return isinstance(node, list) and any(_has_reference(item) for item in node)


def _add_type(kind: Any, found: dict[str, Any]) -> None:
    kinds = [kind] if isinstance(kind, str) else list(kind or ())
    plain = [name for name in kinds if name != "null"]
    if not plain:
        if kinds:  # null alone
            found |= {"enum": [None], "nullable": True}
        return
    if "null" in kinds:
        found["nullable"] = True
    if len(plain) == 1:
        found["type"] = plain[0]
        if plain[0] == "array":
            found.setdefault("items", {})
        return
    if "null" in kinds:
        # 3.0 lets null pass beside a `type` only.
        choices = [{"type": name, "nullable": True} for name in plain]
        del found["nullable"]
    else:
        choices = [{"type": name} for name in plain]
    for choice in choices:
        if choice["type"] == "array":
            choice["items"] = {}
    found.setdefault("allOf", []).append({"anyOf": choices})


def _escaped(key: str) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")
