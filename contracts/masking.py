"""Recorded values that tell nobody's name, papers or credentials and are still judged as the true ones were."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlencode

from contracts.redaction import is_secret_header
from specs import Provider

# Fields whose text may be somebody's; the contract's own words among their values stay.
_PERSONAL = re.compile(
    r"name|birth|born|address|street|city|postal|postcode|email|mail|phone|wallet|number|token|secret|password|passwd|key|mrz|"
    r"ocr|optional_data|human_id|document_id|value|selfie|image|picture|photo|\burl|_url|Url|uri|href|link|qr|"
    r"subject|state$|^ip$|user_?agent|device|signature|jwt|content$",
    re.IGNORECASE,
)
_DATE = re.compile(r"(\d{4})-\d\d-\d\d")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:?\d\d)")
_NUMBERED = re.compile(r"[a-z]{1,8}_(?=[A-Za-z0-9_]{8,}$)")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#]*/?|data:[^,]*,|0x")
_SCHEMES = re.compile(r"(?i)(bearer|basic|token|digest|apikey)\s+")
_HEX = re.compile(r"[0-9a-f-]+|0x[0-9a-fA-F]+")


class Mask:
    """Replaces letters by letters and digits by digits, so that lengths, patterns and equal values stay what they were.

    The replacement depends on `secret`, which is used for one recording and thrown away.
    """

    def __init__(self, provider: Provider, secret: bytes) -> None:
        self._secret = secret
        self._words = frozenset(_words(provider.document.raw)) | frozenset(provider.lifecycle.states)
        schemes = provider.document.raw.get("components", {}).get("securitySchemes", {}).values()
        self._headers = frozenset(scheme["name"].lower() for scheme in schemes if scheme.get("in") == "header")

    def header(self, name: str, value: str) -> str:
        """A header's value; a credential's scheme stays (`Bearer …`)."""
        if not is_secret_header(name) and name.lower() not in self._headers:
            return self.text(value) if name.lower() in ("referer", "location", "x-forwarded-for", "forwarded") else value
        scheme = _SCHEMES.match(value)
        start = scheme.end() if scheme else 0
        return value[:start] + self._replaced(value[start:])

    def query(self, query: str) -> str:
        """A query with the values of personal fields replaced."""
        pairs = parse_qsl(query, keep_blank_values=True)
        if not any(_PERSONAL.search(name) for name, _ in pairs):
            return query
        return urlencode([(name, self.text(value) if _PERSONAL.search(name) else value) for name, value in pairs])

    def body(self, body: bytes) -> bytes:
        """A JSON body with the values of personal fields replaced; any other body is replaced by its size."""
        try:
            value = json.loads(body)
        except (ValueError, RecursionError):
            return body and f"[{len(body)} bytes, not recorded]".encode()
        masked = self.value(value)
        try:
            return json.dumps(masked, ensure_ascii=False, separators=(",", ":")).encode()
        except UnicodeEncodeError:  # half of a surrogate pair stays an escape: UTF-8 cannot hold it
            return json.dumps(masked, separators=(",", ":")).encode()

    def value(self, value: Any, field: str = "", *, personal: bool = False) -> Any:
        """A JSON value that stands in a field; what is in a personal field is personal."""
        personal = personal or bool(_PERSONAL.search(field))
        if isinstance(value, Mapping):
            return {key: self.value(item, key, personal=personal and not _is_about(key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self.value(item, field, personal=personal) for item in value]
        return self.text(value) if personal and isinstance(value, str) else value

    def text(self, value: str) -> str:
        """A personal text: words of the contract, moments and years stay."""
        if value in self._words or _MOMENT.fullmatch(value):
            return value
        if date := _DATE.fullmatch(value):
            return f"{date[1]}-01-01"
        start = _SCHEME.match(value) or _NUMBERED.match(value)
        return value[: start.end()] + self._replaced(value[start.end() :]) if start else self._replaced(value)

    def _replaced(self, value: str) -> str:
        is_hex = bool(_HEX.fullmatch(value))
        found = []
        stream = self._stream(value)
        for char in value:
            drawn = next(stream)
            if char.isdigit():
                found.append(chr(48 + drawn % 10))
            elif char.isalpha():
                span = 6 if is_hex else 26
                found.append(chr((65 if char.isupper() else 97) + drawn % span))
            else:
                found.append(char)
        return "".join(found)

    def _stream(self, value: str) -> Iterator[int]:
        block = hmac.digest(self._secret, value.encode("utf-8", "surrogatepass"), "sha256")
        while True:
            yield from block
            block = sha256(block).digest()


def _is_about(key: str) -> bool:
    """Fields that say what a thing is, not whose, wherever they stand."""
    return key.lower() in ("id", "type", "kind", "status", "code", "message", "name_type", "country", "created_at", "updated_at")


def _words(node: Any) -> Iterator[str]:
    """Every text that the document lists as a possible value."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key == "enum" and isinstance(value, list):
                yield from (item for item in value if isinstance(item, str))
            elif key == "const" and isinstance(value, str):
                yield value
            else:
                yield from _words(value)
    elif isinstance(node, list):
        for item in node:
            yield from _words(item)
