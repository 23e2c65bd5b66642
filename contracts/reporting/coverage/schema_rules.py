"""Tells which rules of a document's schemas are about an answer: those whose `if` it fulfils."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from jsonschema_rs import Draft202012Validator

from specimen.specs import Provider
from specimen.specs.core.json_pointer import escape
from specimen.specs.loading.schemas import is_rule

# Where the parts of a schema lead; a rule is in no branch of a union.
_IN_NAMED = ("properties", "patternProperties")
_IN_LISTS = ("allOf", "prefixItems")
_IN_ONE = ("items", "additionalProperties")


@cache
def rules_at(provider: Provider, pointer: str) -> frozenset[str]:
    """The ids of the rules in the schema at a JSON pointer of the document, and in those that it refers to."""
    return frozenset(_titles(_outline(provider, pointer)))


def is_about(provider: Provider, pointer: str, rule: str, body: Any) -> bool:
    """Whether a rule of the schema at a JSON pointer says something of a body."""
    try:
        return not _silent(provider, pointer, rule).is_valid(body)
    except (ValueError, OverflowError):  # nested too deep to be read
        return False


@cache
def _silent(provider: Provider, pointer: str, rule: str) -> Draft202012Validator:
    """The validator of what a rule says nothing of."""
    return provider.schemas.compiled(_only(_outline(provider, pointer) or {}, rule) or {})


@cache
def _outlines(_: Provider) -> dict[str, Any]:
    """The outlines of a provider's schemas by their JSON pointers; of one in the making there is nothing yet."""
    return {}


def _outline(provider: Provider, pointer: str) -> Any:
    """A schema without all that is not on the way to a rule; each rule fails wherever its `if` holds. None: no rule."""
    known = _outlines(provider)
    if pointer not in known:
        known[pointer] = None
        known[pointer] = _outlined(provider, provider.document.at(pointer), pointer)
    return known[pointer]


def _outlined(provider: Provider, node: Any, pointer: str) -> dict[str, Any] | None:
    if not isinstance(node, Mapping):
        return None
    if is_rule(node):
        return {"title": node["title"].partition(" ")[0], "not": _condition(provider, node, pointer)}
    found: dict[str, Any] = {}
    if isinstance(node.get("$ref"), str) and (below := _outline(provider, node["$ref"][1:])) is not None:
        found["allOf"] = [below]
    for key in _IN_LISTS:
        listed = [_outlined(provider, one, f"{pointer}/{key}/{index}") for index, one in enumerate(node.get(key, ()))]
        if any(listed) or (listed and key == "prefixItems" and "items" in node):
            found[key] = [*found.get(key, ()), *(below or {} for below in listed)]
    for key in _IN_NAMED:
        inner = {name: _outlined(provider, one, f"{pointer}/{key}/{escape(name)}") for name, one in node.get(key, {}).items()}
        if any(inner.values()):
            found[key] = {name: below for name, below in inner.items() if below}
    for key in _IN_ONE:
        below = _outlined(provider, node[key], f"{pointer}/{key}") if key in node else None
        if below is not None:
            found[key] = below
    # Which members are the others is said by these two.
    for key in _IN_NAMED if "additionalProperties" in found else ():
        found[key] = {**{name: {} for name in node.get(key, ())}, **found.get(key, {})}
    for key in ("then", "else"):
        below = _outlined(provider, node[key], f"{pointer}/{key}") if key in node else None
        if below is not None:
            found.update({key: below, "if": provider.schemas.reference(f"{pointer}/if")})
    return found or None


def _condition(provider: Provider, node: Mapping[str, Any], pointer: str) -> Any:
    """When a rule says something."""
    condition = provider.schemas.reference(f"{pointer}/if")
    if "if" not in node or {"then", "else"} <= node.keys():
        return {}
    return condition if "then" in node else {"not": condition}


def _only(outline: Any, rule: str) -> Any:
    """The outline without the other rules; None where nothing is left."""
    if isinstance(outline.get("title"), str):
        return outline if outline["title"] == rule else None
    found: dict[str, Any] = {}
    is_there = False
    for key, below in outline.items():
        if key == "if":
            found[key] = below
        elif key in _IN_LISTS:
            found[key] = [_only(one, rule) or {} for one in below]
            is_there |= any(found[key])
        elif key in _IN_NAMED:
            found[key] = {name: _only(one, rule) or {} for name, one in below.items()}
            is_there |= any(found[key].values())
        else:
            found[key] = _only(below, rule) or {}
            is_there |= bool(found[key])
    return found if is_there else None


def _titles(outline: Any) -> Iterator[str]:
    if isinstance(outline, list):
        for one in outline:
            yield from _titles(one)
    elif isinstance(outline, dict):
        if isinstance(outline.get("title"), str):
            yield outline["title"]
        for value in outline.values():
            yield from _titles(value)
