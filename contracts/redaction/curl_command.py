"""Writes a curl command that repeats a request, without credentials and personal data."""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import quote, unquote_plus, urlsplit, urlunsplit

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.redaction.values import is_secret_header

TOKEN = "SPECIMEN_TOKEN"  # noqa: S105 - a variable's name
OTHER_TOKEN = "SPECIMEN_OTHER_TOKEN"  # noqa: S105 - a variable's name
UNKNOWN_TOKEN = "SPECIMEN_UNKNOWN_TOKEN"  # noqa: S105 - a variable's name
BODY = "SPECIMEN_BODY"
# These observers send synthetic data; the others may have seen personal data.
OWN = frozenset({"walk", "fuzz", "machine"})
_PASSING = frozenset(
    {"accept", "accept-encoding", "connection", "content-length", "host", "keep-alive", "te", "trailer", "transfer-encoding",
     "upgrade", "user-agent", "traceparent", "tracestate", "x-schemathesis-testcaseid"}
)  # fmt: skip
_PLAIN = frozenset({"content-type", "idempotency-key", "prefer", "accept-language", "specimen-namespace"})
_SECRET_FIELD = re.compile(r"(?:.*[_-])?(?:token|secret|password|passphrase|api_?key|authorization)", re.IGNORECASE)
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
# A character of ASCII so many times, `tr` can make.
_RUN = re.compile(r"([!-~])\1{499,}")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\n\u00a1-\u1fff\u3001-\ud7ff]")
_MOST_BODY = 8000
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"})


def without_userinfo(url: str) -> str:
    """Returns a base URL without user, password, query and fragment."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", "")).rstrip("/")


def method_of(exchange: Exchange) -> str:
    """Returns the method, or OTHER for one that HTTP does not know."""
    return shown_method(exchange.method)


def shown_method(method: str) -> str:
    """Returns a method as reports show it: OTHER for one that HTTP does not know."""
    return method.upper() if method.upper() in _METHODS else "OTHER"


def curl(exchange: Exchange, base_url: str, hidden: Mapping[str, str], *, unknown: str = "invalid") -> str:
    """Returns a `curl` command for the request of an exchange.

    Credentials are `$SPECIMEN_TOKEN`, or `$SPECIMEN_OTHER_TOKEN`. Of traffic that was only observed, ids, query and body
    become variables too.

    Args:
        exchange: what to repeat.
        base_url: where to; user and password are left out.
        hidden: texts that must not be shown, and the shell variables that stand for them; `{NAME%?}` is one without its end.
        unknown: stands for an unknown credential.
    """
    own = exchange.seen_by in OWN
    secrets = _spelled({**_credentials(exchange), **hidden})
    words = ["curl -sS"]
    words += ["-g"] * any(char in exchange.path + exchange.query for char in "[]{}")
    words += ["--path-as-is"] * (re.search(r"/\.\.?(/|$)", exchange.path) is not None)
    method = method_of(exchange)
    if method == "HEAD":
        words.append("-I")
    elif method != "GET" or exchange.request_body:
        words.append(f"-X {method}")
    words.append(_quoted(without_userinfo(base_url), {}) + _target(exchange, own, secrets))
    for name, value in sorted(exchange.request_headers.items()):
        header = _header(exchange, name, value, own, secrets, lambda text: _unknown(text, hidden, unknown))
        if header:
            words.append(f"-H {header}")
    before, body = _body(exchange, own, secrets)
    if own and body and "content-type" not in exchange.request_headers:
        words.append("-H Content-Type:")  # else curl names one of its own
    return before + " ".join([*words, *body])


def _target(exchange: Exchange, own: bool, secrets: Mapping[str, str]) -> str:
    if own:
        path = _quoted(_sendable(exchange.path), secrets)
        return path + (_quoted("?" + _sendable(exchange.query), secrets) if exchange.query else "")
    if exchange.operation is None:
        return '"/$SPECIMEN_PATH"'
    pieces = re.split(r"{([^}]+)}", exchange.operation.path)
    path = "".join(f'"${variable(piece)}"' if index % 2 else _quoted(piece, {}) for index, piece in enumerate(pieces) if piece)
    known = {parameter.name for parameter in exchange.operation.parameters if parameter.location == "query"}
    asked = [name for name in exchange.queries if name in known]
    return path + "".join(f'"{"&" if index else "?"}{name}=${variable("query_" + name)}"' for index, name in enumerate(asked))


def _header(
    exchange: Exchange, name: str, value: str, own: bool, secrets: Mapping[str, str], unknown: Callable[[str], str]
) -> str | None:
    shown = "-".join(part.capitalize() for part in name.split("-"))
    if name in _PASSING or not re.fullmatch(r"[a-z0-9_-]{1,60}", name):
        return None
    if is_secret_header(name) or name in _credential_headers(exchange):
        if name in ("cookie", "set-cookie", "proxy-authorization"):
            return None
        is_unknown = exchange.intent.get("credentials") == "unknown"
        text = value.rpartition(" ")[2]
        known = unknown(text) if is_unknown else f"${secrets.get(text, _token(exchange))}"
        scheme = value.partition(" ")[0]
        return f'"{shown}: {scheme + " " if scheme.lower() in ("bearer", "basic") else ""}{known}"'
    documented = name in _documented_headers(exchange)
    if name == "content-type" and not own:
        return _quoted(f"{shown}: {exchange.request_headers[name].partition(';')[0]}", secrets) if exchange.operation and any(
            media.content_type == value.partition(";")[0].strip().lower() for media in exchange.operation.bodies
        ) else None  # fmt: skip
    if own and (name in _PLAIN or documented):
        if _UNPRINTABLE.search(value) or "\n" in value:
            return None
        return _quoted(f"{shown}: {value}" if value else f"{shown};", secrets)
    return f'"{shown}: ${variable("header_" + name)}"' if own or documented else None


def _unknown(text: str, hidden: Mapping[str, str], unknown: str) -> str:
    """An unknown credential; the known one where only its scheme is wrong, or a character stands behind it."""
    if text in hidden:
        return f"${hidden[text]}"
    is_longer = text[:-1] in hidden and text[-1:].isalnum()
    return f"${{{hidden[text[:-1]]}}}{text[-1]}" if is_longer else f"${{{UNKNOWN_TOKEN}:-{unknown}}}"


def _body(exchange: Exchange, own: bool, secrets: Mapping[str, str]) -> tuple[str, list[str]]:
    body = exchange.request_body
    if not body:
        return "", []
    if not own:
        return "", [f'--data-binary "@${{{BODY}:-/dev/null}}"']
    text = _text(body)
    if text is not None and len(text) <= _MOST_BODY:
        return "", [f"--data-raw {_quoted(text, secrets)}"]
    is_secret = any(secret.encode("utf-8", "replace") in body for secret in secrets)
    if len(body) > _MOST_BODY or is_secret:
        made = _repeated(text) if text is not None and not is_secret else None
        if made is not None:
            return made, [f"--data-binary @- # {len(body)} bytes"]
        return "", [f'--data-binary "@${{{BODY}:-/dev/null}}" # {len(body)} bytes']
    return f"printf %s {base64.b64encode(body).decode()} | base64 -d | ", ["--data-binary @-"]


def _repeated(text: str) -> str | None:
    """Commands that print a long text which repeats a character; None where it is long without that."""
    pieces, start = [], 0
    for run in _RUN.finditer(text):
        pieces += [text[start : run.start()], run[0]]
        start = run.end()
    pieces.append(text[start:])
    if len("".join(pieces[::2])) > _MOST_BODY // 4 or not start:
        return None
    commands = [
        f"head -c {len(piece)} /dev/zero | tr '\\0' {shlex.quote(piece[0])}" if index % 2 else f"printf %s {shlex.quote(piece)}"
        for index, piece in enumerate(pieces) if piece
    ]  # fmt: skip
    return f"{{ {'; '.join(commands)}; }} | "


def rewritten(exchange: Exchange, instead: Mapping[str, str]) -> Exchange:
    """Returns the exchange with other texts in the query and in the values of a JSON body."""
    if not instead:
        return exchange

    def clean(node: object) -> object:
        if isinstance(node, dict):
            return {key: clean(inner) for key, inner in node.items()}
        if isinstance(node, list):
            return [clean(inner) for inner in node]
        return instead.get(node, node) if isinstance(node, str) else node

    parts = (part.partition("=") for part in exchange.query.split("&"))
    query = "&".join(f"{name}{equals}{_asked(value, instead)}" for name, equals, value in parts)
    try:
        cleaned = clean(exchange.request_json)
    except RecursionError:  # nested to overflow its reader: synthetic, without personal data
        cleaned = exchange.request_json
    body = exchange.request_body if cleaned == exchange.request_json else json.dumps(cleaned).encode()
    return replace(exchange, query=query, request_body=body)


def _asked(value: str, instead: Mapping[str, str]) -> str:
    plain = unquote_plus(value, errors="replace")
    return quote(instead[plain], safe="") if plain in instead else value


def _text(body: bytes) -> str | None:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if _UNPRINTABLE.search(text) else text


def _sendable(url: str) -> str:
    """What curl takes in a URL: everything but visible ASCII is percent-encoded."""
    return quote(url, safe="".join(chr(code) for code in range(0x21, 0x7F)), errors="surrogatepass")


def _credentials(exchange: Exchange) -> dict[str, str]:
    found = {}
    for name, value in exchange.request_headers.items():
        if is_secret_header(name) or name in _credential_headers(exchange):
            for text in (value, value.partition(" ")[2]):
                if len(text) >= 6:
                    found[text] = _token(exchange)
    return found


def _token(exchange: Exchange) -> str:
    return OTHER_TOKEN if exchange.intent.get("credentials") == "other" else TOKEN


def _credential_headers(exchange: Exchange) -> frozenset[str]:
    schemes = exchange.provider.document.raw.get("components", {}).get("securitySchemes", {})
    return frozenset(scheme.get("name", "").lower() for scheme in schemes.values() if scheme.get("in") == "header")


def _documented_headers(exchange: Exchange) -> frozenset[str]:
    if exchange.operation is None:
        return frozenset()
    return frozenset(entry.name.lower() for entry in exchange.operation.parameters if entry.location == "header")


def _spelled(secrets: Mapping[str, str]) -> dict[str, str]:
    """Each secret as it stands in a URL and in JSON too."""
    found = {}
    for text, name in secrets.items():
        quoted = quote(text, safe="", errors="surrogatepass")
        for spelling in (text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1], quoted, quoted.lower()):
            found[spelling] = name
    return found


def _quoted(text: str, secrets: Mapping[str, str]) -> str:
    """A word of the shell in which secrets are variables; the longest first, so that none is left in part."""
    if not secrets:
        return shlex.quote(text)
    pattern = "|".join(re.escape(secret) for secret in sorted(secrets, key=len, reverse=True) if secret)
    pieces = re.split(f"({pattern})", text)
    return "".join(f'"${secrets[piece]}"' if index % 2 else shlex.quote(piece) for index, piece in enumerate(pieces) if piece)


def is_secret_field(name: str) -> bool:
    """Whether a field's name says that it holds a secret."""
    return _SECRET_FIELD.fullmatch(_HUMP.sub("_", name)) is not None


def variable(name: str) -> str:
    """Returns the shell variable for what a field or a parameter of this name holds."""
    plain = re.sub(r"[^A-Z0-9]+", "_", _HUMP.sub("_", name).upper()).strip("_")
    return f"SPECIMEN_{plain or 'VALUE'}"
