"""General rules about links: they name their host, and different things have different ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.history import History
from specimen.contracts.judge.history.session_objects import request_names
from specimen.contracts.judge.rule import EXAMINED, Examined, Finding, rule
from specimen.contracts.redaction.values import Words
from specimen.specs import Provider
from specimen.specs.core.json_pointer import escape

_HTTP = ("http://", "https://")
_NAMED_HOST = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?://[^/?#]+|[^/].*)", re.DOTALL)
_DEEPEST = 8
_MOST_ENTRIES = 100


@rule(
    "GEN-051",
    "a link names its scheme and its host",
    mark="I",
    source="OpenAPI 3.1, examples of the answers",
    quote="https://verify.kayle.id/vs_ … https://api.example.com/images/kyc/",
)
def links_name_their_host(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """Of fields whose documented values are all absolute http or https URLs; of an error too."""
    if exchange.has_preference:
        return
    names, theirs = _link_names(exchange.provider), request_names(exchange.provider)
    for parts, name, value in _texts(exchange.response_json, names):
        is_theirs = name in theirs and not parts[-1].isdigit()  # what the caller sent, not an entry of a list
        if is_theirs or not value:
            continue
        yield EXAMINED
        if not _NAMED_HOST.match(value):
            yield Finding(_pointer(parts), "a URL with its scheme and host", Words("a text that is none"))
            return


_Text = tuple[tuple[str, ...], str, str]


def _texts(value: Any, names: frozenset[str] | None = None) -> list[_Text]:
    """Each text of an answer with its place and the name that it stands under; of a list's entries the name is the list's.

    `names`, where given, are those of which texts are wanted.
    """
    found: list[_Text] = []
    _add_texts(found, value, (), "", names)
    return found


def _add_texts(found: list[_Text], node: Any, parts: tuple[str, ...], name: str, names: frozenset[str] | None) -> None:
    if isinstance(node, dict):
        entries: Iterable[tuple[str, str, Any]] = ((key, key, value) for key, value in node.items())
    else:
        listed = node[:_MOST_ENTRIES] if isinstance(node, list) else ()
        entries = ((str(index), name, value) for index, value in enumerate(listed))
    for key, known_as, value in entries:
        if isinstance(value, str):
            if names is None or known_as in names:
                found.append(((*parts, key), known_as, value))
        elif isinstance(value, (dict, list)) and len(parts) + 1 < _DEEPEST:
            _add_texts(found, value, (*parts, key), known_as, names)


@cache
def _link_names(provider: Provider) -> frozenset[str]:
    """The names of fields that every documented answer shows with an absolute URL, and of those that are one by their format."""
    links: set[str] = set()
    others: set[str] = set()
    for operation in provider.document.operations.values():
        for response in operation.responses.values():
            for media in response.media:
                for body in media.examples.values():
                    for _, name, value in _texts(body):
                        (links if value.startswith(_HTTP) else others).add(name)
    return frozenset((links | _named_by_format(provider.document.raw)) - others)


def _named_by_format(node: Any) -> set[str]:
    """The names of the properties of the document's schemas whose format is `uri`."""
    found: set[str] = set()
    if isinstance(node, Mapping):
        properties = node.get("properties")
        for name, schema in properties.items() if isinstance(properties, Mapping) else ():
            if isinstance(schema, Mapping) and schema.get("format") == "uri":
                found.add(name)
        for value in node.values():
            found |= _named_by_format(value)
    elif isinstance(node, list):
        for value in node:
            found |= _named_by_format(value)
    return found


@rule(
    "GEN-052",
    "links to different things are different",
    mark="I",
    source="names of the fields",
    quote="Links to processed images (thumbnails) … Links to full-size images",
)
def links_differ(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """The entries of a list, and the fields of an object that have another name each, do not all lead to one place."""
    if not exchange.is_success or exchange.has_preference or exchange.response_body.count(b'"http') < 2:
        return
    shown = exchange.response_json
    for parts, node in _nodes(shown, ()) if isinstance(shown, (dict, list)) else ():
        found = _same_link(node) if isinstance(node, list) else _same_lists(node, exchange.provider)
        for key in found:
            yield EXAMINED
            if key:
                yield Finding(_pointer((*parts, key)), "a link of its own", Words("the link of something else"))
                return


def _same_link(entries: Sequence[Any]) -> Iterator[str]:
    """The place of an entry whose link an entry before it has under the same name; empty where each has its own."""
    seen: set[tuple[str, str]] = set()
    for index, entry in enumerate(entries[:_MOST_ENTRIES]):
        if entry in entries[:index]:
            continue  # that it is there twice is what GEN-042 says
        for name, value in entry.items() if isinstance(entry, Mapping) else ():
            if isinstance(value, str) and value.startswith(_HTTP):
                if entry.keys() & {"id", "session_id", "sessionId"}:
                    return  # sessions or what belongs to them: GEN-031 compares those
                yield f"{index}/{name}" if (name, value) in seen else ""
                seen.add((name, value))


def _same_lists(node: Mapping[str, Any], provider: Provider) -> Iterator[str]:
    """The name of a link, or of a list of links, that is the same as that of another name; empty where they differ."""
    theirs = request_names(provider)
    seen: list[Any] = []
    for name, value in node.items():
        if not isinstance(value, (str, list)):
            continue
        first = value if isinstance(value, str) else value[0] if value else None
        if not isinstance(first, str) or not first.startswith(_HTTP):
            continue
        links = [value] if isinstance(value, str) else value
        is_links = all(isinstance(one, str) and one.startswith(_HTTP) for one in links)
        if is_links and (isinstance(value, list) or name not in theirs):
            if seen:
                yield name if links in seen else ""
            seen.append(links)


def _nodes(node: Any, parts: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield parts, node
    entries = node.items() if isinstance(node, dict) else enumerate(node[:_MOST_ENTRIES])
    for key, value in entries:
        if isinstance(value, (dict, list)) and len(parts) < _DEEPEST:
            yield from _nodes(value, (*parts, str(key)))


def _pointer(parts: Sequence[str]) -> str:
    return "".join(f"/{part if '/' in part else escape(part)}" for part in parts)
