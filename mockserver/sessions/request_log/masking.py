"""Masks credentials and document data in what the request log shows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from specimen.mockserver.sessions.request_log.json_bodies import UnshowableBody
from specimen.mockserver.sessions.request_log.json_bodies import read as read_json
from specimen.specs import Provider
from specimen.specs.core.multipart import FORM_TYPE, FormError, read

MASK = "***"
# Meanings of fields, as field_semantics.yaml names them, that say who somebody is.
PERSONAL = frozenset(
    {
        "given_names", "family_name", "full_name", "given_names_latin", "family_name_latin", "birth_place", "address", "mrz",
        "mrz_line", "document_number", "personal_number", "authority", "birth_date", "issue_date", "expiry_date", "email",
    }
)  # fmt: skip
_SECRET_NAME = re.compile(
    r"(?:.*[_-])?(?:auth|authorization|authentication|cookie|token|secret|password|passphrase|credentials?|signature"
    r"|(?:api|access|secret|session|private|signing|auth)[_-]?key)",
    re.IGNORECASE,
)
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_QUERY_PAIR = re.compile(r"(?P<name>[^=&?#]+)=[^&#]*")
# Signed links have `sig`, `Key-Pair-Id` and the like beside what headers and fields are named.
_SECRET_QUERY_NAME = re.compile(r"token|secret|key|sig", re.IGNORECASE)
_MOST_TEXT = 16_384


def is_secret(name: str) -> bool:
    """Whether a header's or a field's name says that it holds a credential."""
    return _SECRET_NAME.fullmatch(_HUMP.sub("_", name)) is not None


def masked_headers(headers: Mapping[str, str], provider: Provider | None) -> dict[str, str]:
    """Headers with credentials masked; of a bearer token its scheme stays."""
    secret = set() if provider is None else _credential_headers(provider)
    found = {}
    for name, value in headers.items():
        if name in secret or is_secret(name):
            scheme, space, _ = value.partition(" ")
            found[name] = f"{scheme} {MASK}" if space and scheme.isalpha() else MASK
        else:
            found[name] = value
    return found


def _credential_headers(provider: Provider) -> set[str]:
    return {name.lower() for credential in provider.lifecycle.credentials.values() for name in credential.headers}


def masked_query(query: str) -> str:
    """A query string with the values of secret parameters masked."""
    return _QUERY_PAIR.sub(_masked_pair, query)


def _masked_pair(pair: re.Match[str]) -> str:
    name = unquote(pair["name"])
    return f"{pair['name']}={MASK}" if is_secret(name) or _SECRET_QUERY_NAME.search(name) else pair[0]


def masked_body(raw: bytes, content_type: str, provider: Provider | None, where: str) -> Any:
    """A body as the log shows it: JSON with personal and secret values masked, a form's parts by name, else its size.

    `where` is `/body` for requests, as field_semantics.yaml writes their pointers, and empty for answers.
    """
    if not raw:
        return None
    plain = content_type.partition(";")[0].strip().lower()
    if plain == FORM_TYPE:
        return _masked_form(raw, content_type)
    if len(raw) > _MOST_TEXT:
        return {"$bytes": len(raw)}
    try:
        value = read_json(raw)
    except UnshowableBody:
        return {"$bytes": len(raw)}
    return masked_value(value, provider, where)


def judged_body(raw: bytes, issued: frozenset[str]) -> Any:
    """A JSON body as `specimen check` can judge it: as it was, but for credentials, which keep their shape; None for others.

    `issued` are names of secrets that answers hand out for one session: such a one is in the answer anyway.
    """
    if not raw or len(raw) > _MOST_TEXT:
        return None
    try:
        return _without_credentials(json.loads(raw), issued)
    except (ValueError, RecursionError):
        return None


def _without_credentials(node: Any, issued: frozenset[str]) -> Any:
    if isinstance(node, dict):
        return {
            key: _shape(inner)
            if isinstance(inner, str) and is_secret(key) and key not in issued
            else _without_credentials(inner, issued)
            for key, inner in node.items()
        }
    return [_without_credentials(inner, issued) for inner in node] if isinstance(node, list) else node


def _shape(text: str) -> str:
    """A text of the same length and the same kinds of characters."""
    for pattern, sign in (("[0-9]", "0"), ("[a-f]", "a"), ("[g-z]", "x"), ("[A-F]", "A"), ("[G-Z]", "X")):
        text = re.sub(pattern, sign, text)
    return text


def issued_secrets(provider: Provider) -> frozenset[str]:
    """Names of the secrets that the provider's answer to a creation hands out for the session."""
    document = provider.document
    seen: set[str] = set()

    def names(node: Any) -> Iterator[str]:
        if isinstance(node, list):
            for inner in node:
                yield from names(inner)
        elif isinstance(node, dict):
            reference = node.get("$ref")
            if isinstance(reference, str) and reference not in seen:
                seen.add(reference)
                yield from names(document.resolve(node)[0])
            properties = node.get("properties")
            yield from properties if isinstance(properties, dict) else ()
            for key, inner in node.items():
                if key not in ("examples", "example", "$ref"):
                    yield from names(inner)

    operation = document.operations[provider.lifecycle.create.operation]
    media = [one for status, response in operation.responses.items() if status.startswith("2") for one in response.media]
    return frozenset(name for one in media if one.pointer for name in names(document.at(one.pointer)) if is_secret(name))


def masked_value(value: Any, provider: Provider | None, where: str) -> Any:
    """A JSON value with personal and secret values masked; its shape stays."""
    root = {where[1:]: value} if where else value
    parts = (where[1:],) if where else ()
    return _masked(value, parts, root, provider)


def _masked(node: Any, parts: tuple[str, ...], root: Any, provider: Provider | None) -> Any:
    if isinstance(node, dict):
        return {
            key: MASK if isinstance(inner, (str, int)) and is_secret(key) else _masked(inner, (*parts, key), root, provider)
            for key, inner in node.items()
        }
    if isinstance(node, list):
        return [_masked(inner, (*parts, str(index)), root, provider) for index, inner in enumerate(node)]
    if isinstance(node, str) and "?" in node:  # a URL that holds a token
        node = masked_query(node)
    if provider is None or node is None or isinstance(node, bool):
        return node
    found = provider.field_semantics.at(parts, root)
    if found is None and parts and parts[-1].isdigit():  # an entry of a list of lines, such as an MRZ
        found = provider.field_semantics.at(parts[:-1], root)
    return MASK if found is not None and found.holds in PERSONAL else node


def _masked_form(raw: bytes, content_type: str) -> Any:
    try:
        parts = read(raw, content_type, most_parts=1000)
    except FormError:
        return {"$bytes": len(raw)}
    shown = []
    for part in parts:
        if part.filename is not None:
            shown.append({"name": part.name, "file": {"$bytes": len(part.data)}})
        else:
            shown.append({"name": part.name, "value": MASK if is_secret(part.name) else part.text})
    return {"$multipart": shown}
