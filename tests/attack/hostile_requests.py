"""Hostile requests for every provider, drawn from a seed: bytes, as no HTTP client would send them."""

from __future__ import annotations

import gzip
import json
import random

from specimen import specs
from specimen.contracts.http.credentials import of_lifecycle

METHODS = [
    "GET",
    "POST",
    "PUT",
    "DELETE",
    "HEAD",
    "OPTIONS",
    "PATCH",
    "TRACE",
    "CONNECT",
    "PROPFIND",
    "get",
    "",
    "G\x00T",
    "M-SEARCH",
]
BODIES = [
    b"", b"{}", b"null", b"[" * 50_000, b'{"a":' * 20_000, b'"\\ud800"', b"\xed\xa0\x80", b"1e999", b"9" * 5000, b"NaN", b'{"a":1,"a":2}',
    b"\xef\xbb\xbf{}", b"--x\r\n\r\n--x--", b"--x\r\n" * 2000, gzip.compress(b"\0" * 3_000_000), b"a=b&" * 500, b"\x00" * 4096,
    json.dumps({"redirect_url": "javascript:alert(1)"}).encode(), json.dumps({"metadata": {"k" * 5000: "v"}}).encode(),
]  # fmt: skip
TYPES = [
    "application/json", "application/json; charset=utf-16", "", "multipart/form-data", "multipart/form-data; boundary=x", "text/plain",
    "multipart/form-data; boundary=" + "x" * 300, "application/x-www-form-urlencoded", "APPLICATION/JSON", "\xff\xfe", 'a/b;c="',
]  # fmt: skip
HEADERS = [
    "Expect: 100-continue", "Content-Encoding: gzip, gzip", "Range: bytes=0-", "Host:", "Host: [::1", "Host: a\tb", "Upgrade: websocket",
    "Connection: upgrade", "X: " + "y" * 60_000, "Origin: null", "Prefer: status=²", "Prefer: scenario=x; wait=99999999999999999999",
    "Prefer: delay=1e999", "Specimen-Namespace: ../../x", "Cookie: " + "a=b; " * 2000, "Transfer-Encoding: gzip", "Idempotency-Key: \x7f",
    "Accept: " + "a/b," * 1000, "If-Match: *", "X-Forwarded-Proto: javascript", " folded: x", "no colon", "Content-Length: -1",
    "Content-Length: 99999999999999999999", "Content-Length: \u00b2",
]  # fmt: skip
SEGMENTS = [
    "..",
    "%2e%2e",
    "%2F",
    "%00",
    "%ff",
    "{id}",
    ";a=b",
    "a" * 3000,
    "%",
    "%zz",
    "\u00e9",
    "x1",
    "_specimen",
    "?",
    "#",
    "*",
    "//",
]


class HostileRequests:
    """An endless row of requests; the same seed gives the same ones."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._operations = [
            (provider.mount, operation, of_lifecycle(provider))
            for provider in map(specs.load, specs.names())
            for operation in provider.document.operations.values()
        ]

    def next(self) -> bytes:
        """The bytes of one request; the connection ends behind it."""
        draw = self._random
        mount, operation, credentials = draw.choice(self._operations)
        path = mount + "/".join(draw.choice(SEGMENTS) if part.startswith("{") else part for part in operation.path.split("/"))
        if draw.random() < 0.3:
            path += "/" + draw.choice(SEGMENTS)
        if draw.random() < 0.4:
            path += "?" + draw.choice(
                ["limit=" + "9" * 30, "a=b&" * 1500, "cursor=%ff%00", "specimen_ns=x", "created_from=²", "=", "&&&"]
            )
        method = operation.method.upper() if draw.random() < 0.7 else draw.choice(METHODS)
        lines = [f"{method} {path} HTTP/1.1", "Connection: close"]
        if draw.random() < 0.9:
            lines.append("Host: 127.0.0.1")
        if draw.random() < 0.8:
            lines += [f"{name}: {value}" for name, value in credentials.items()]
        lines += draw.sample(HEADERS, draw.choice([0, 0, 1, 1, 2, 4]))
        body = draw.choice(BODIES)
        if draw.random() < 0.8:
            lines.append(f"Content-Type: {draw.choice(TYPES)}")
        way = draw.random()
        if way < 0.6:
            lines.append(f"Content-Length: {len(body)}")
        elif way < 0.8:
            lines.append("Transfer-Encoding: chunked")
            body = (
                b"%x\r\n%s\r\n0\r\n%s\r\n" % (len(body), body, b"trailer: x\r\n" * draw.choice([0, 1, 9000]))
                if body
                else b"0\r\n\r\n"
            )
        elif way < 0.9:
            lines.append(f"Content-Length: {max(0, len(body) + draw.choice([-1, 1, 1000]))}")
        found = "\r\n".join(lines).encode("utf-8") + b"\r\n\r\n" + body
        if draw.random() < 0.15:  # a few bytes changed
            changed = bytearray(found)
            for _ in range(draw.randint(1, 8)):
                changed[draw.randrange(len(changed))] = draw.randrange(256)
            found = bytes(changed)
        return found
