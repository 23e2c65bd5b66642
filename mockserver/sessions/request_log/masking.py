"""Masks credentials, document data, and what no document names, in what the request log shows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote

from specimen.mockserver.sessions.request_log.json_bodies import UnshowableBody
from specimen.mockserver.sessions.request_log.json_bodies import read as read_json
from specimen.mockserver.sessions.request_log.named_members import Place, header_names, query_names, request_body
from specimen.specs import Provider
from specimen.specs.core import json_pointer
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
_PATH_WORD = re.compile(r"[a-z]{0,30}(?:[_-][a-z]{1,30}){0,3}|v[0-9]{1,2}")
_MOST_TEXT = 16_384
# Headers that HTTP itself, browsers or this mock need, and that say nothing of a person; one of retries is compared.
_PLAIN_HEADERS = frozenset(
    {
        "accept", "accept-charset", "accept-encoding", "accept-language", "access-control-request-headers",
        "access-control-request-method", "cache-control", "connection", "content-encoding", "content-language", "content-length",
        "content-type", "date", "expect", "host", "idempotency-key", "if-match", "if-modified-since", "if-none-match",
        "if-range", "if-unmodified-since", "keep-alive", "max-forwards", "origin", "pragma", "prefer", "priority", "range",
        "sec-fetch-dest", "sec-fetch-mode", "sec-fetch-site", "sec-fetch-user", "te", "trailer", "transfer-encoding", "upgrade",
        "upgrade-insecure-requests", "user-agent", "via",
    }
)  # fmt: skip
_OUR_HEADERS = "specimen-"
_UNQUOTED = "+/?:@!$'()*,;"  # may stand in a query as they are
_DIGIT, _SMALL, _CAPITAL, _OTHER = (re.compile(form) for form in ("[0-9]", "[a-z]", "[A-Z]", r"[^\x00-\x7f\s]"))


def is_secret(name: str) -> bool:
    """Whether a header's or a field's name says that it holds a credential."""
    return _SECRET_NAME.fullmatch(_HUMP.sub("_", name)) is not None


def masked_headers(headers: Mapping[str, str], provider: Provider | None) -> dict[str, str]:
    """Headers with credentials masked, of a bearer token its scheme stays, and those that neither document nor HTTP has."""
    secret = set() if provider is None else _credential_headers(provider)
    named = _PLAIN_HEADERS | header_names(provider)
    found = {}
    for name, value in headers.items():
        if name in secret or is_secret(name):
            scheme, space, _ = value.partition(" ")
            found[name] = f"{scheme} {MASK}" if space and scheme.isalpha() else MASK
        else:
            found[name] = value if name in named or name.startswith(_OUR_HEADERS) else _form(value)
    return found


def _credential_headers(provider: Provider) -> set[str]:
    return {name.lower() for credential in provider.lifecycle.credentials.values() for name in credential.headers}


def masked_query(query: str, provider: Provider | None, operation: str | None) -> str:
    """A query string with the values of secret parameters masked, and of those that the operation does not have."""
    named = query_names(provider, operation)
    return _QUERY_PAIR.sub(lambda pair: _masked_pair(pair, named), query)


def masked_path(path: str, provider: Provider | None, operation: str | None) -> str:
    """A path; where no operation takes it, its segments are masked unless they are plain words or ids of this provider.

    That of the provider's key set has nothing to mask.
    """
    if operation is not None or (provider is not None and _is_key_set(path, provider)):
        return path
    forms = [_PATH_WORD] if provider is None else [_PATH_WORD, *(form.pattern for form in provider.lifecycle.ids.values())]
    return "/".join(
        part if any(form.fullmatch(part) for form in forms) else quote(_form(unquote(part)), safe=_UNQUOTED)
        for part in path.split("/")
    )


def _is_key_set(path: str, provider: Provider) -> bool:
    token = None if provider.webhooks is None else provider.webhooks.token
    if token is None:
        return False
    return path in (token.jwks, provider.mount.removesuffix(provider.document.base_path) + token.jwks)


def _masked_link(text: str) -> str:
    """A text with the values of secret parameters masked, as a URL that holds a token has them."""
    return _QUERY_PAIR.sub(_masked_pair, text)


def _masked_pair(pair: re.Match[str], named: frozenset[str] | None = None) -> str:
    name = unquote(pair["name"])
    if is_secret(name) or _SECRET_QUERY_NAME.search(name):
        return f"{pair['name']}={MASK}"
    if named is None or name in named:
        return pair[0]
    value = pair[0][len(pair["name"]) + 1 :]
    return f"{pair['name']}={quote(_form(unquote(value)), safe=_UNQUOTED)}"


def _form(text: str) -> str:
    """A text of the same length: digits are `0`, letters `x` or `X`, also those of other scripts; all else stays."""
    text = _OTHER.sub("x", _DIGIT.sub("0", text))
    return _CAPITAL.sub("X", _SMALL.sub("x", text))


def _number_form(number: float) -> float:
    """A number of as many digits."""
    return type(number)(_DIGIT.sub("1", repr(number)))


def masked_body(raw: bytes, content_type: str, provider: Provider | None, operation: str | None) -> Any:
    """A request's body as the log shows it: JSON with its values masked, a form's parts by name, else its size.

    Personal and secret values are masked. Of texts and numbers in members that the operation's document does not name, as
    reports show none either, form and length stay.
    """
    if not raw:
        return None
    place = request_body(provider, operation)
    plain = content_type.partition(";")[0].strip().lower()
    if plain == FORM_TYPE:
        return _masked_form(raw, content_type, place)
    if len(raw) > _MOST_TEXT:
        return {"$bytes": len(raw)}
    try:
        value = read_json(raw)
    except UnshowableBody:
        return {"$bytes": len(raw)}
    return _masked(value, ("body",), {"body": value}, provider, place)  # field_semantics.yaml writes their pointers so


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


def masked_answer(value: Any, provider: Provider | None) -> Any:
    """The JSON value of an answer with personal and secret values masked; its shape stays."""
    return _masked(value, (), value, provider, None)


def _masked(node: Any, parts: tuple[str, ...], root: Any, provider: Provider | None, place: Place | None) -> Any:
    """A value below the root; `place` is where it stands in a request, None for answers, which the mock itself wrote."""
    if isinstance(node, dict):
        return {
            key: MASK
            if isinstance(inner, (str, int)) and is_secret(key)
            else _masked(inner, (*parts, key), root, provider, place and place.member(key))
            for key, inner in node.items()
        }
    if isinstance(node, list):
        below = place and place.item
        return [_masked(inner, (*parts, str(index)), root, provider, below) for index, inner in enumerate(node)]
    if node is None or isinstance(node, bool):
        return node
    if provider is not None and _is_personal(provider, parts, root):
        return MASK
    if isinstance(node, str):
        is_known = place is None or place.has_texts or _is_magic(provider, parts)
        return _masked_link(node) if is_known else _form(node)
    return node if place is None or place.has_numbers else _number_form(node)


def _is_personal(provider: Provider, parts: tuple[str, ...], root: Any) -> bool:
    found = provider.field_semantics.at(parts, root)
    if found is None and parts and parts[-1].isdigit():  # an entry of a list of lines, such as an MRZ
        found = provider.field_semantics.at(parts[:-1], root)
    return found is not None and found.holds in PERSONAL


def _is_magic(provider: Provider | None, parts: tuple[str, ...]) -> bool:
    """Whether a member is the one whose values steer this mock, which a document may leave to its users."""
    magic = None if provider is None else provider.lifecycle.magic
    return magic is not None and json_pointer.split(magic.pointer) == parts[1:]


def _masked_form(raw: bytes, content_type: str, place: Place) -> Any:
    try:
        parts = read(raw, content_type, most_parts=1000)
    except FormError:
        return {"$bytes": len(raw)}
    shown = []
    for part in parts:
        if part.filename is not None:
            shown.append({"name": part.name, "file": {"$bytes": len(part.data)}})
        elif is_secret(part.name):
            shown.append({"name": part.name, "value": MASK})
        else:
            is_known = place.member(part.name).has_form_text(part.text)
            shown.append({"name": part.name, "value": part.text if is_known else _form(part.text)})
    return {"$multipart": shown}
