"""Bad input over a real port, to every provider: the answer is one that its document lists, and nothing hangs or breaks."""

from __future__ import annotations

import http.client
import json
import logging
import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, urlsplit

import pytest

import specs
from mockserver.app import App, build_app
from mockserver.server import running
from mockserver.settings import Settings
from mockserver.table import encoded_body
from specs.documents import COMPONENT_RESPONSES, Operation
from tests.mockserver.calling import create_entry, pointed

PATIENCE_SECONDS = 8.0
NAMES = specs.names()
OPERATIONS = [(name, operation.id) for name in NAMES for operation in specs.load(name).document.operations.values()]
BODY_OPERATIONS = [(name, one) for name, one in OPERATIONS if specs.load(name).document.operations[one].bodies]
MEBIBYTE = 1024 * 1024


class Listener(logging.Handler):
    """Keeps what the server and asyncio log as errors."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps one."""
        self.heard.append(self.format(record))


class Target:
    """A server on a port, and the application behind it."""

    def __init__(self, app: App, url: str) -> None:
        self.app = app
        self.address = (str(urlsplit(url).hostname), int(urlsplit(url).port or 0))

    def connect(self) -> socket.socket:
        """A new connection."""
        return socket.create_connection(self.address, timeout=PATIENCE_SECONDS)

    def send(self, data: bytes, method: str = "GET") -> tuple[int, http.client.HTTPMessage, bytes]:
        """The answer to bytes sent as they stand; a server that does not answer in time fails the test."""
        with self.connect() as connection:
            connection.sendall(data)
            return receive(connection, method)

    def ask(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """The answer to a request whose path is used as it stands."""
        shown = {"Host": "127.0.0.1", "Connection": "close", **(headers or {})}
        if body is not None and "Transfer-Encoding" not in shown:
            shown.setdefault("Content-Length", str(len(body)))
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in shown.items())]
        return self.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b""), method)


def receive(connection: socket.socket, method: str = "GET") -> tuple[int, http.client.HTTPMessage, bytes]:
    """Status, headers and body of the answer on a connection."""
    answer = http.client.HTTPResponse(connection, method=method)
    answer.begin()
    return answer.status, answer.headers, answer.read()


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    """Listens to the loggers of the server while the module runs."""
    found = Listener()
    loggers = [logging.getLogger(name) for name in ("specimen", "uvicorn.error", "asyncio")]
    for logger in loggers:
        logger.addHandler(found)
    yield found
    for logger in loggers:
        logger.removeHandler(found)


@pytest.fixture(autouse=True)
def quiet(listener: Listener) -> Iterator[None]:
    """No test here may make the server log an error."""
    listener.heard.clear()
    yield
    assert listener.heard == []


@pytest.fixture(scope="module")
def target(listener: Listener) -> Iterator[Target]:
    """All providers with their usual limits."""
    app = build_app(Settings())
    with running(app) as url:
        yield Target(app, url)


@pytest.fixture(scope="module")
def hasty(listener: Listener) -> Iterator[Target]:
    """All providers; a request must be complete after a fifth of a second."""
    app = build_app(Settings(body_seconds=0.2))
    with running(app) as url:
        yield Target(app, url)


def credentials(name: str) -> dict[str, str]:
    """Headers of the provider's first good credential."""
    return dict(next(entry.headers for entry in specs.load(name).lifecycle.credentials.values() if entry.fails is None))


def path_of(app: App, name: str, operation: Operation) -> str:
    """A path of an operation whose parameters are lawful: one that the wishes table uses."""
    provider = app.mounted[name].provider
    if not any(parameter.location == "path" for parameter in operation.parameters):
        return provider.mount + operation.path
    pattern = re.compile(re.escape(provider.mount) + re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/?]+)", re.escape(operation.path)))
    for entry in app.mounted[name].table.entries():
        match = pattern.fullmatch(entry["path"].partition("?")[0])
        if match is not None and all(
            provider.schemas.validator(parameter.pointer).is_valid(match[parameter.name])
            for parameter in operation.parameters
            if parameter.location == "path"
        ):
            return match[0]
    raise AssertionError(f"no entry of the table shows a path of {operation.id}")


def check(name: str, operation: Operation | None, answer: tuple[int, http.client.HTTPMessage, bytes]) -> int:
    """Fails unless status, content type and body are what the document says; gives the status."""
    status, headers, body = answer
    provider = specs.load(name)
    content_type = headers.get_content_type()
    pointers = []
    if operation is not None and str(status) in operation.responses:
        media = operation.responses[str(status)].content(content_type)
        if not operation.responses[str(status)].media:
            assert body == b""
            return status
        pointers.append(None if media is None else media.pointer)
    else:
        found = [component for component, code in COMPONENT_RESPONSES.values() if code == status]
        pointers += [f"/components/responses/{component}/content/application~1json/schema" for component in found]
    assert pointers, f"status {status} is not documented: {body[:300]!r}"
    assert pointers[0] is not None, f"content type {content_type} is not documented"
    errors = [error.message for error in provider.strict_schemas.validator(pointers[0]).iter_errors(json.loads(body))]
    assert errors == [], body[:300]
    return status


JSON = {"Content-Type": "application/json"}
BODIES: dict[str, bytes] = {
    "empty": b"",
    "not UTF-8": b'{"a": "\xff\xfe\xfa"}',
    "not JSON": b"<xml/>",
    "truncated JSON": b'{"a": [1, 2',
    "a list": b"[1, 2, 3]",
    "a text": b'"text"',
    "a number": b"42",
    "null": b"null",
    "201 deep": b'{"a":' + b"[" * 201 + b"]" * 201 + b"}",
    "100,000 deep": b"[" * 100_000 + b"]" * 100_000,
    "an integer of 5000 digits": b'{"a": ' + b"7" * 5000 + b"}",
    "an infinite float": b'{"a": 1e99999}',
    "NaN": b'{"a": NaN}',
    "lone surrogate": b'{"a": "\\ud83d"}',
    "lone surrogate as key": b'{"\\ude00": 1}',
    "quotes without end": b"[" * 300 + b'"\\"' + b'\\"' * MEBIBYTE,
}
LAWFUL_BODIES: dict[str, bytes] = {
    "NUL in a text": b'{"metadata": {"subjectId": "a\\u0000b"}, "redirect_url": "\\u0000", "clientKey": "\\u0000"}',
    "duplicate keys": b'{"a": [], "a": {}, "a": 1}',
    "empty key": b'{"": {"": [null]}}',
    "a big integer everywhere": b'{"redirect_url": 1' + b"0" * 300 + b', "clientKey": -1' + b"0" * 300 + b', "metadata": 9}',
    "astral text": '{"metadata": {"subjectId": "😀"}, "redirect_url": "😀", "clientKey": "😀"}'.encode(),
    "proto": b'{"__proto__": {"a": 1}, "constructor": 1, "$ref": "#", "{{7*7}}": "{{7*7}}"}',
}


def _json_operations() -> list[tuple[str, str]]:
    return [
        (name, one)
        for name, one in BODY_OPERATIONS
        if specs.load(name).document.operations[one].body("application/json") is not None
    ]


@pytest.mark.parametrize(("name", "operation_id"), _json_operations())
def test_json_body__unreadable(name: str, operation_id: str, target: Target) -> None:
    """A body that is no JSON object, or none that can be kept, gets the documented refusal."""
    operation = specs.load(name).document.operations[operation_id]
    path, headers = path_of(target.app, name, operation), {**credentials(name), **JSON}
    for case, body in BODIES.items():
        status = check(name, operation, target.ask("POST", path, headers, body))
        if case == "empty" and not operation.body_required:
            continue
        assert 400 <= status < 500, case


@pytest.mark.parametrize(("name", "operation_id"), _json_operations())
def test_json_body__odd(name: str, operation_id: str, target: Target) -> None:
    """A body that is odd but lawful JSON gets a documented answer, whichever it is."""
    operation = specs.load(name).document.operations[operation_id]
    path, headers = path_of(target.app, name, operation), {**credentials(name), **JSON}
    for body in LAWFUL_BODIES.values():
        check(name, operation, target.ask("POST", path, headers, body))


@pytest.mark.parametrize(("name", "operation_id"), BODY_OPERATIONS)
def test_body__wrong_content_type(name: str, operation_id: str, target: Target) -> None:
    """A content type that the operation does not take is a 415 in the vendor's form."""
    operation = specs.load(name).document.operations[operation_id]
    path = path_of(target.app, name, operation)
    for content_type in (
        "text/plain",
        "application/xml",
        "application/jsonx",
        "",
        "/",
        "application/x-www-form-urlencoded",
        "a" * 5000,
    ):
        headers = {**credentials(name), "Content-Type": content_type}
        assert check(name, operation, target.ask("POST", path, headers, b'{"a": 1}')) == 415, content_type


@pytest.mark.parametrize(("name", "operation_id"), BODY_OPERATIONS)
def test_body__too_large(name: str, operation_id: str, target: Target) -> None:
    """A byte over the limit is a 413: by its length alone, and chunked without one."""
    operation = specs.load(name).document.operations[operation_id]
    is_multipart = operation.body("multipart/form-data") is not None
    limit = (20 if is_multipart else 2) * MEBIBYTE
    content_type = "multipart/form-data; boundary=x" if is_multipart else "application/json"
    path, headers = path_of(target.app, name, operation), {**credentials(name), "Content-Type": content_type}
    for length in (str(limit + 1), "9" * 17):
        answer = target.ask("POST", path, {**headers, "Content-Length": length}, b"{")
        assert check(name, operation, answer) == 413
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: x",
        "Transfer-Encoding: chunked",
        *(f"{key}: {value}" for key, value in headers.items()),
    ]
    piece = b"%x\r\n" % 65536 + b" " * 65536 + b"\r\n"
    data = "\r\n".join(lines).encode() + b"\r\n\r\n" + piece * (limit // 65536) + b"1\r\n \r\n0\r\n\r\n"
    assert check(name, operation, target.send(data)) == 413


@pytest.mark.parametrize(("name", "operation_id"), BODY_OPERATIONS)
def test_body__unfinished(name: str, operation_id: str, hasty: Target) -> None:
    """A body that does not come to its end is a 408 once the time is over, with a length and chunked."""
    operation = specs.load(name).document.operations[operation_id]
    path, headers = path_of(hasty.app, name, operation), {**credentials(name), **JSON}
    if operation.body("application/json") is None:
        headers["Content-Type"] = "multipart/form-data; boundary=x"
    assert check(name, operation, hasty.ask("POST", path, {**headers, "Content-Length": "100"}, b'{"a":')) == 408
    assert check(name, operation, hasty.ask("POST", path, {**headers, "Transfer-Encoding": "chunked"}, b'5\r\n{"a":\r\n')) == 408


def _multipart_operations() -> list[tuple[str, str]]:
    return [
        (name, one)
        for name, one in BODY_OPERATIONS
        if specs.load(name).document.operations[one].body("multipart/form-data") is not None
    ]


@pytest.mark.parametrize(("name", "operation_id"), _multipart_operations())
def test_multipart__unreadable(name: str, operation_id: str, target: Target) -> None:
    """A multipart body that breaks RFC 7578, in whatever way, gets a documented answer."""
    operation = specs.load(name).document.operations[operation_id]
    path = path_of(target.app, name, operation)
    part = b'--x\r\nContent-Disposition: form-data; name="images"; filename="a.png"\r\nContent-Type: image/png\r\n\r\nPNG\r\n'
    cases: list[tuple[str, bytes]] = [
        ("multipart/form-data", part + b"--x--\r\n"),
        ("multipart/form-data; boundary=", part + b"--x--\r\n"),
        ("multipart/form-data; boundary=y", part + b"--x--\r\n"),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data; boundary=x", b"garbage"),
        ("multipart/form-data; boundary=x", b"--x"),
        ("multipart/form-data; boundary=x", part),
        ("multipart/form-data; boundary=x", part[:40]),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\nno headers\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\nno name\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="\xff\xfe"\r\n\r\n\xff\r\n--x--\r\n'),
        ("multipart/form-data; boundary=x", b"--x\r\nBad Header\r\n\r\nx\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x; charset=no-such", part + b"--x--\r\n"),
        (
            "multipart/form-data; boundary=x; charset=utf-16",
            part + b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n',
        ),
        ("multipart/form-data; boundary=" + "x" * 5000, part),
        ("multipart/form-data; boundary=x", b"".join(part.replace(b"a.png", b"%d.png" % n) for n in range(1200)) + b"--x--\r\n"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="images"; filename="../../etc/passwd"\r\n\r\nx\r\n--x--\r\n',
        ),
    ]
    for content_type, body in cases:
        check(name, operation, target.ask("POST", path, {**credentials(name), "Content-Type": content_type}, body))


NEAR_MISSES = {
    "in braces": lambda value: f"{{{value}}}",
    "as a URN": lambda value: f"urn:uuid:{value}",
    "a space before": lambda value: f" {value}",
    "a space after": lambda value: f"{value} ",
    "a trailing newline": lambda value: f"{value}\n",
    "a trailing NUL": lambda value: f"{value}\0",
    "one character less": lambda value: value[:-1],
    "one character more": lambda value: value + "a",
    "percent-encoded twice": lambda value: quote(value[0]) + "%25" + value[1:],
    "path traversal": lambda value: f"../{value}",
    "path traversal behind": lambda value: f"{value}/../{value}",
    "two dots": lambda value: "..",
    "not ASCII": lambda value: f"{value[:-1]}é",
    "right-to-left mark": lambda value: f"{value}\u200f",
    "a long one": lambda value: value * 200,
}


@pytest.mark.parametrize("case", NEAR_MISSES)
@pytest.mark.parametrize("name", NAMES)
def test_id__near_miss(name: str, case: str, target: Target) -> None:
    """An id that is nearly one finds nothing: the documented refusal, in the path (percent-encoded) or in the body."""
    mounted = target.app.mounted[name]
    operations = mounted.provider.document.operations
    known, place = next(iter(mounted.ledger.catalogue.places()))
    wrong = NEAR_MISSES[case](known)
    reads = {read.operation for read in mounted.provider.lifecycle.reads}
    seen = set()
    for entry in mounted.table.entries():
        if entry["scenario"] != place.scenario.name or entry["operation"] not in reads or entry["operation"] in seen:
            continue
        if known not in json.dumps(entry):
            continue
        seen.add(entry["operation"])
        path = entry["path"].replace(known, quote(wrong, safe=""))
        text = json.dumps(entry["body"]).replace(known, json.dumps(wrong)[1:-1])
        body, content_type = encoded_body(json.loads(text))
        headers = {**entry["headers"], **({"Content-Type": content_type} if body else {})}
        answer = target.ask(entry["method"], path, headers, body or None)
        operation = operations[entry["operation"]]
        status = check(name, operation if str(answer[0]) in operation.responses else None, answer)
        assert status in (200, 400, 404, 422)
        if status == 200:  # a vendor that says "not found" with 200
            pointer = mounted.provider.lifecycle.reads[0].status or ""
            with pytest.raises((KeyError, TypeError, AssertionError)):
                assert pointed(json.loads(answer[2]), pointer) not in mounted.provider.lifecycle.states
    assert seen


PATHS = [
    "",
    "/",
    "//",
    "/..",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/..%2f..%2fetc%2fpasswd",
    "/%00",
    "/%0a",
    "/%ff%fe",
    "/nothing/here",
    "/" + "a" * 5000,
    "/" + "a/" * 2000,
    "/{id}",
    "/%7B%7B7*7%7D%7D",
    "/_specimen/../ui",
    "/_specimenx",
    ";a=b",
]


@pytest.mark.parametrize("path", PATHS, ids=range(len(PATHS)))
@pytest.mark.parametrize("name", NAMES)
def test_path__unknown(name: str, path: str, target: Target) -> None:
    """A path that the document does not have is the vendor's 404, with any method and without credentials."""
    mount = specs.load(name).mount
    for method in ("GET", "POST", "DELETE"):
        answer = target.ask(method, f"{mount}{path}" or "/", credentials(name))
        if answer[1].get_content_type() == "application/problem+json":
            assert answer[0] == 404  # not below the provider's own paths
            continue
        assert check(name, None, answer) in (404, 405)


@pytest.mark.parametrize(("name", "operation_id"), OPERATIONS)
def test_method__wrong(name: str, operation_id: str, target: Target) -> None:
    """A method that the path does not take is the vendor's 405 and lists those that it takes."""
    document = specs.load(name).document
    operation = document.operations[operation_id]
    path = path_of(target.app, name, operation)
    right = {other.method.upper() for other in document.operations.values() if other.path == operation.path}
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} - right:
        answer = target.ask(method, path)
        assert check(name, None, answer) == 405, method
        assert set(answer[1]["Allow"].split(", ")) - {"HEAD"} == right


@pytest.mark.parametrize(("name", "operation_id"), OPERATIONS)
def test_credential__none_and_wrong(name: str, operation_id: str, target: Target) -> None:
    """Without a good credential a secured operation is a documented 401 or 403, whatever else the request holds."""
    operation = specs.load(name).document.operations[operation_id]
    if not operation.security:
        pytest.skip("this operation needs no credential")
    path = path_of(target.app, name, operation)
    names = list(credentials(name))
    for headers in (
        {},
        *(
            {header: value}
            for header in names
            for value in ("", "x", "Bearer", "Bearer ", "Bearer \xff", "Basic YTpi", "a" * 9000)
        ),
    ):
        body = b"\xff" if operation.bodies else None
        answer = target.ask(operation.method.upper(), path, {**JSON, **headers}, body)
        assert check(name, operation, answer) in (401, 403), headers


@pytest.mark.parametrize("name", NAMES)
def test_query__many_fields(name: str, target: Target) -> None:
    """A thousand query fields, and ten thousand, and ones that are no text, get a documented answer."""
    for operation in specs.load(name).document.operations.values():
        if operation.method != "get" or any(
            media.content_type == "text/event-stream" for r in operation.responses.values() for media in r.media
        ):
            continue
        path = path_of(target.app, name, operation)
        for query in (
            "&".join(f"a{n}={n}" for n in range(1000)),
            "a&" * 10_000,
            "%ff=%fe&%00",
            "limit=" + "9" * 5000,
            "&&==&=",
            "limit=1&limit=x",
        ):
            check(name, operation, target.ask("GET", f"{path}?{query}", credentials(name)))


HOSTS = [
    'evil" onmouseover="x',
    "<script>",
    "a b",
    "evil.example/path?x=",
    "user@evil",
    "[::1",
    "é",
    "a" * 5000,
    "",
    "127.0.0.1:99999999",
    "${jndi}",
]


@pytest.mark.parametrize("name", NAMES)
def test_host__nothing_is_injected(name: str, target: Target) -> None:
    """A host that is none never gets into the links of an answer."""
    entry = create_entry(target.app, name)
    body, content_type = encoded_body(entry["body"])
    operation = specs.load(name).document.operations[entry["operation"]]
    for host in HOSTS:
        headers = {**entry["headers"], "Content-Type": content_type, "Host": host}
        answer = target.ask("POST", entry["path"], headers, body)
        if answer[1].get_content_type() == "text/plain":
            assert answer[0] == 400  # refused by the HTTP parser
            continue
        check(name, operation, answer)
        assert not host or host.encode() not in answer[2]


GARBAGE: dict[str, bytes] = {
    "a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    "zeros": bytes(1000) + b"\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "an unknown version": b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a space in a header's name": b"GET /_specimen/health HTTP/1.1\r\nHo st: x\r\n\r\n",
    "no colon": b"GET /_specimen/health HTTP/1.1\r\nHost\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a length and chunks": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a negative length": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "a length that is no number": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: one\r\n\r\n",
    "a header folded over lines": b"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
    "NUL in a header": b"GET / HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n",
    "an asterisk": b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    "CONNECT": b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n",
    "an absolute URL": b"GET http://example.com/kayle/v1/x HTTP/1.1\r\nHost: x\r\n\r\n",
    "bytes that are not ASCII in the path": b"GET /kayle/\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
    "a bad percent sign": b"GET /kayle/%zz%1 HTTP/1.1\r\nHost: x\r\n\r\n",
    "a WebSocket": b"GET /kayle/v1/x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    "an upgrade to HTTP/2": b"GET /kayle/v1/x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    b"HTTP2-Settings: AA\r\n\r\n",
    "HTTP/1.0 without a host": b"GET /_specimen/health HTTP/1.0\r\n\r\n",
    "bad chunks": b"POST /kayle/v1/sessions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer kk_live_specimen\r\n"
    b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
}


@pytest.mark.parametrize("case", GARBAGE)
def test_http__garbage(case: str, target: Target) -> None:
    """What is no HTTP request gets an answer below 500 or a closed connection, at once."""
    with target.connect() as connection:
        connection.sendall(GARBAGE[case])
        try:
            status, _, _ = receive(connection)
        except (http.client.BadStatusLine, ConnectionResetError):
            return  # closed without an answer
        assert 200 <= status < 500


def test_http__half_a_request_then_close(target: Target) -> None:
    """A client that goes away in the midst of its request leaves nothing behind."""
    entry = create_entry(target.app, "kayle")
    key = entry["headers"]["Authorization"]
    head = f"POST {entry['path']} HTTP/1.1\r\nHost: x\r\nAuthorization: {key}\r\nContent-Length: 100\r\n\r\n".encode()
    for data in (b"GET", head[:30], head, head + b'{"a":'):
        with target.connect() as connection:
            connection.sendall(data)
        assert target.ask("GET", "/_specimen/health")[0] == 200


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"", None),
        (b"\r\n", None),
        (b"GET", 408),
        (b"GET /_specimen/health HTTP/1.1\r\nHost: x\r\nA: ", 408),
    ],
)
def test_http__unfinished_head(sent: bytes, status: int | None, hasty: Target) -> None:
    """A connection that never finishes the head of a request is ended: with a 408 if it began one."""
    with hasty.connect() as connection:
        connection.sendall(sent)
        if status is None:
            assert connection.recv(1) == b""
        else:
            answer = receive(connection)
            assert (answer[0], answer[1]["Connection"]) == (status, "close")
            assert connection.recv(1) == b""


def test_http__unfinished_head_of_a_second_request(hasty: Target) -> None:
    """The same holds for a second request on a connection that was used before."""
    with hasty.connect() as connection:
        connection.sendall(b"GET /_specimen/health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert receive(connection)[0] == 200
        connection.sendall(b"GET /_specimen/hea")
        assert receive(connection)[0] == 408
        assert connection.recv(1) == b""


def test_http__a_head_in_pieces_is_fine(hasty: Target) -> None:
    """A request in many small pieces is answered, again and again on one connection."""
    with hasty.connect() as connection:
        for _ in range(3):
            for byte in b"GET /_specimen/health HTTP/1.1\r\nHost: x\r\n\r\n":
                connection.sendall(bytes([byte]))
            assert receive(connection)[0] == 200


def test_http__expect_100_continue(target: Target) -> None:
    """A client that waits for leave to send its body gets it, or the refusal at once."""
    entry = create_entry(target.app, "kayle")
    head = f"POST {entry['path']} HTTP/1.1\r\nHost: x\r\nAuthorization: {entry['headers']['Authorization']}\r\n"
    with target.connect() as connection:
        connection.sendall(f"{head}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n".encode())
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"{}")
        assert receive(connection)[0] == 200
    with target.connect() as connection:
        connection.sendall(f"{head}Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n".encode())
        assert receive(connection)[0] == 413


def test_polls__in_parallel_each_step_once(target: Target) -> None:
    """Under `polls:1` parallel readers see every step of a session exactly once, and its times never change."""
    entry = create_entry(target.app, "kayle")
    headers = {**entry["headers"], "Prefer": "pace=polls:1, scenario=succeeded_after_every_retry"}
    made = json.loads(target.ask("POST", entry["path"], headers, b"{}")[2])["data"]
    path = f"{entry['path']}/{made['id']}"
    with ThreadPoolExecutor(8) as pool:
        bodies = list(pool.map(lambda _: target.ask("GET", path, entry["headers"])[2], range(24)))
    answers = [json.loads(body)["data"] for body in bodies]
    path_length = len(specs.load("kayle").lifecycle.scenarios["succeeded_after_every_retry"].path)
    open_answers = [answer for answer in answers if answer["status"] != "succeeded"]
    assert len(open_answers) == path_length - 2
    assert len({json.dumps(answer) for answer in open_answers}) == len(open_answers)
    assert len({answer["completed_at"] for answer in answers if answer["status"] == "succeeded"}) == 1


def test_http__pipelined(target: Target) -> None:
    """Several requests sent at once get their answers in order."""
    two = b"GET /_specimen/health HTTP/1.1\r\nHost: x\r\n\r\nGET /kayle/v1/none HTTP/1.1\r\nHost: x\r\n\r\n"
    with target.connect() as connection:
        connection.sendall(two * 5 + b"GET /_specimen/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        data = connection.makefile("rb").read()
    assert re.findall(rb"HTTP/1\.1 (\d+)", data) == [b"200", b"404"] * 5 + [b"200"]


def test_http__the_rest_of_a_refused_body_is_swallowed(target: Target) -> None:
    """After a 413 or a 404 whose body came late, the connection is used on or closed; it is never confused."""
    with target.connect() as connection:
        connection.sendall(b"POST /kayle/v1/none HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n")
        assert receive(connection)[0] == 404
        connection.sendall(b"x" * 200_000 + b"GET /_specimen/health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert receive(connection)[0] == 200


def test_http__endless_head(target: Target) -> None:
    """Headers of more than a megabyte are refused, not collected."""
    with target.connect() as connection:
        try:
            connection.sendall(b"GET /_specimen/health HTTP/1.1\r\nHost: x\r\n")
            for number in range(400):
                connection.sendall(b"X-%d: %s\r\n" % (number, b"a" * 4000))
            status = receive(connection)[0]
        except (BrokenPipeError, ConnectionResetError, http.client.BadStatusLine):
            return  # closed in the midst of it
        assert status == 431


def test_http__large_headers(target: Target) -> None:
    """Headers of 30,000 bytes are taken: a request is refused for what it says, not for a long cookie."""
    entry = create_entry(target.app, "kayle")
    headers = {**entry["headers"], "Cookie": "a" * 30_000, "Prefer": "respond-async" + ", x=y" * 4000}
    assert target.ask("POST", entry["path"], headers, b"{}")[0] == 200
