"""Credentials as the document's security schemes want them, and made-up ones in the same form."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from typing import Any

from specs import Provider, SpecimenError


@cache
def secret_headers(provider: Provider) -> frozenset[str]:
    """The lower-case names of the headers in which credentials travel."""
    schemes = provider.document.raw.get("components", {}).get("securitySchemes", {}).values()
    return frozenset("authorization" if scheme["type"] == "http" else scheme["name"].lower() for scheme in schemes)


def as_headers(provider: Provider, auth: Mapping[str, str] | str | None) -> dict[str, str]:
    """The headers for a token (put into the first security scheme), or those given.

    Raises:
        SpecimenError: a token, or a header's value, has a line break.
    """
    if auth is None:
        return {}
    if isinstance(auth, str):
        scheme = next(iter(provider.document.raw["components"]["securitySchemes"].values()))
        auth = {"authorization": f"Bearer {auth}"} if scheme["type"] == "http" else {scheme["name"].lower(): auth}
    for name, value in auth.items():
        if "\n" in value or "\r" in value:
            raise SpecimenError(f"header '{name}': its value has a line break. Take it away; a file often ends with one.")
    return {name.lower(): value for name, value in auth.items()}


def as_schemes(provider: Provider, headers: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The credentials by security scheme, as Schemathesis wants them."""
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


def made_up(value: str) -> str:
    """A credential of the same form that nobody issued: what stands after the last separator is replaced."""
    prefix = re.match(r"(?:Bearer |Basic )?(?:[A-Za-z]{1,8}_)*(?:[A-Za-z0-9_-]+\.)*", value)
    kept = prefix.group() if prefix is not None else ""
    rest = value[len(kept) :] or "x" * 16
    digits = int(sha256(value.encode()).hexdigest(), 16)
    return kept + "".join(_other(letter, digits >> index % 200) for index, letter in enumerate(rest))


def _other(letter: str, number: int) -> str:
    for letters in (string.digits, string.ascii_lowercase, string.ascii_uppercase):
        if letter in letters:
            shift = 1 + number % (len(letters) - 1)
            return letters[(letters.index(letter) + shift) % len(letters)]
    return letter


def of_lifecycle(provider: Provider) -> dict[str, Any]:
    """The first credential that lifecycle.yaml says is accepted: what our own mock takes."""
    accepted = next((entry for entry in provider.lifecycle.credentials.values() if entry.fails is None), None)
    return {} if accepted is None else dict(accepted.headers)
