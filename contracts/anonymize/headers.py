"""Anonymizes headers: names stay, and the values of headers without personal data."""

from __future__ import annotations

import re

from specimen.contracts.redaction.pseudonyms import Pseudonyms

# The boundary of a form in a recording; the original one may hold data.
BOUNDARY = "specimen-form"
_HTTP_DATE = r"[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT"
_NUMBER = r"[0-9]{1,12}"
_TOKENS = r"[A-Za-z0-9*/+.,;:=_@\" -]{0,200}"
# What the value of a harmless header looks like; one that looks otherwise is replaced.
_OF_TRANSFER = frozenset(
    {"accept", "accept-encoding", "accept-ranges", "allow", "cache-control", "connection", "content-encoding", "keep-alive"}
    | {"pragma", "te", "trailer", "transfer-encoding", "upgrade", "vary"}
)
_WORD = re.compile(r"[^\s,;=/+()\"]+")
_STANDARD = re.compile(
    r"\*|[0-9.]+|q|v|b3|charset|utf-8|gzip|x-gzip|deflate|br|zstd|identity|compress|chunked|close|keep-alive|timeout|max|trailers|"
    r"upgrade|websocket|h2c|bytes|none|no-cache|no-store|no-transform|must-revalidate|proxy-revalidate|private|public|immutable|"
    r"max-age|max-stale|min-fresh|s-maxage|stale-while-revalidate|stale-if-error|only-if-cached|"
    r"get|head|post|put|patch|delete|options|trace|application|audio|font|image|message|multipart|text|video|apng|avif|"
    r"accept|accept-encoding|accept-language|authorization|content-type|cookie|host|origin|user-agent|idempotency-key",
    re.IGNORECASE,
)
_HARMLESS = {
    **dict.fromkeys(("content-length", "age", "max-forwards"), re.compile(_NUMBER)),
    **dict.fromkeys(("date", "expires", "last-modified", "retry-after"), re.compile(f"{_HTTP_DATE}|{_NUMBER}")),
    **dict.fromkeys(("prefer", "preference-applied"), re.compile(_TOKENS)),
}
_OURS = re.compile(_TOKENS)
_MEDIA_TYPE = re.compile(
    r"((?:application|audio|font|image|message|model|multipart|text|video)/)([A-Za-z0-9.+_-]{1,80})(\s*;.*)?", re.DOTALL
)
_SUBTYPES = frozenset(
    {
        "csv",
        "css",
        "event-stream",
        "form-data",
        "gif",
        "html",
        "javascript",
        "jose",
        "jpeg",
        "json",
        "jsonl",
        "jwt",
        "mixed",
        "ndjson",
    }
    | {"octet-stream", "pdf", "plain", "png", "problem", "svg", "vnd.api", "webp", "x-ndjson", "x-www-form-urlencoded", "xhtml"}
    | {"xml", "zip"}
)
_CHARSET = re.compile(r";\s*charset=\"?(utf-?8|utf-16|us-ascii|iso-8859-[0-9]{1,2}|windows-125[0-9])\b", re.IGNORECASE)
_PRODUCT = re.compile(r"(?<![\w@.(-])[A-Za-z][A-Za-z_-]{1,30}/[0-9][0-9.]{0,20}(?![\w@-])")
_LINKS = frozenset({"location", "content-location", "referer", "origin"})
_SCHEME = re.compile(r"(?:bearer|basic|token|digest|apikey)\s+", re.IGNORECASE)


def masked_header(name: str, value: str, pseudonyms: Pseudonyms) -> str:
    """Anonymizes a header's value by its name in lower case.

    Numbers, dates and standard words of the headers that HTTP itself needs stay, so do usual media types with their charset,
    products with their version, what is asked of a mock (`Prefer`, `Specimen-…`), and a credential's scheme. All else is
    replaced, equal values by equal ones.
    """
    form = _HARMLESS.get(name) or (_OURS if name.startswith("specimen-") else None)
    if form is not None and form.fullmatch(value):
        return value
    if name in _OF_TRANSFER and all(_is_standard(word) for word in _WORD.findall(value)):
        return value
    if name == "content-type":
        return _media_type(value, pseudonyms)
    if name in ("user-agent", "server"):
        return " ".join(_PRODUCT.findall(value)) or pseudonyms.text(value)
    if name in _LINKS:
        return pseudonyms.url(value) if "://" in value else "/".join(map(pseudonyms.escaped, value.split("/")))
    if name == "host":
        return pseudonyms.host(value)
    scheme = _SCHEME.match(value)
    start = scheme.end() if scheme else 0
    return value[:start] + pseudonyms.text(value[start:])


def _is_standard(word: str) -> bool:
    return word.lower() in _SUBTYPES or _STANDARD.fullmatch(word) is not None


def _media_type(value: str, pseudonyms: Pseudonyms) -> str:
    found = _MEDIA_TYPE.fullmatch(value)
    if found is None:
        return pseudonyms.text(value)
    kind, suffix_mark, suffix = found[2].partition("+")
    subtype = kind if kind.lower() in _SUBTYPES else pseudonyms.text(kind)
    suffix = suffix if suffix.lower() in _SUBTYPES else pseudonyms.text(suffix)
    parameters = found[3] or ""
    charset = _CHARSET.search(parameters)
    shown = found[1] + subtype + suffix_mark + suffix + (f"; charset={charset[1]}" if charset else "")
    return f"{shown}; boundary={BOUNDARY}" if "boundary=" in parameters.lower() else shown
