"""Credentials for the document's security schemes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from specimen.specs import Provider, SpecimenError

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# As it stands in a header that somebody copied, or twice, where a template adds it once more.
_BEARER = re.compile(r"(?:bearer(?:[ \t]+|$))+", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


@cache
def secret_headers(provider: Provider) -> frozenset[str]:
    """Returns the lower-case names of the headers that carry credentials."""
    schemes = provider.document.raw.get("components", {}).get("securitySchemes", {}).values()
    return frozenset("authorization" if scheme["type"] == "http" else scheme["name"].lower() for scheme in schemes)


def as_headers(provider: Provider, auth: Mapping[str, str] | str | None) -> dict[str, str]:
    """Returns the headers for a token (put into the first security scheme), or those given.

    Raises:
        SpecimenError: a token is empty, or HTTP has no such header.
    """
    if auth is None:
        return {}
    if isinstance(auth, str):
        scheme = next(iter(provider.document.raw["components"]["securitySchemes"].values()))
        header = "authorization" if scheme["type"] == "http" else scheme["name"].lower()
        token = auth.strip(" \t")
        if scheme["type"] == "http" or header != "authorization":  # a key in Authorization may need the word
            token = token[bearer.end() :] if (bearer := _BEARER.match(token)) else token
        if not token.strip():
            raise SpecimenError("the token is empty. Give one, or leave the option out.")
        auth = {header: f"Bearer {token}" if scheme["type"] == "http" else token}
    for name, value in auth.items():
        _check(name, value)
    return {name.lower(): value for name, value in auth.items()}


def _check(name: str, value: str) -> None:
    """Checks a header by RFC 9110, sections 5.1 and 5.5; the error leaves out the value."""
    if not _NAME.fullmatch(name):
        raise SpecimenError(f"header '{name}': a name is of letters, digits and hyphens, without spaces or accents.")
    if "\n" in value or "\r" in value:
        raise SpecimenError(f"header '{name}': its value has a line break. Take it away; a file often ends with one.")
    if value != value.strip(" \t") or _CONTROL.search(value):
        raise SpecimenError(f"header '{name}': its value has a space at an end or a control character. Take it away.")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise SpecimenError(f"header '{name}': its value is not UTF-8.") from error


def as_schemes(provider: Provider, headers: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Returns the credentials by security scheme, as Schemathesis takes them."""
    found = {}
    for name, scheme in provider.document.raw.get("components", {}).get("securitySchemes", {}).items():
        header = "authorization" if scheme["type"] == "http" else scheme["name"].lower()
        if header not in headers:
            continue
        if scheme["type"] == "http":
            found[name] = {"bearer": headers[header].partition(" ")[2]}
        else:
            found[name] = {"api_key": headers[header]}
    return found


def of_lifecycle(provider: Provider) -> dict[str, Any]:
    """Returns the first credential that lifecycle.yaml says is accepted, which our mock takes."""
    accepted = next((entry for entry in provider.lifecycle.credentials.values() if entry.fails is None), None)
    return {} if accepted is None else dict(accepted.headers)


def secret_of(provider: Provider, headers: Mapping[str, str]) -> str | None:
    """Returns the credential in some headers, without its scheme; None where there is none."""
    return next((value.rpartition(" ")[2] for name, value in headers.items() if name in secret_headers(provider)), None)
