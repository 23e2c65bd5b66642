"""Bad input over a real port, to every provider: the answer is one that its document lists, and nothing hangs or breaks."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from specimen import specs
from specimen.mockserver.sessions.catalogue.scenario_requests import encoded_body
from tests.mockserver.calling import create_entry, pointed
from tests.mockserver.wire import Target, check, credentials, path_of

pytestmark = pytest.mark.usefixtures("quiet")
NAMES = specs.names()
OPERATIONS = [(name, operation.id) for name in NAMES for operation in specs.load(name).document.operations.values()]
BODY_OPERATIONS = [(name, one) for name, one in OPERATIONS if specs.load(name).document.operations[one].bodies]
MEBIBYTE = 1024 * 1024

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
    "990 deep": b"[" * 990 + b"]" * 990,
    "100,000 deep": b"[" * 100_000 + b"]" * 100_000,
    "an integer of 5000 digits": b'{"a": ' + b"7" * 5000 + b"}",
    "an infinite float": b'{"a": 1e99999}',
    "NaN": b'{"a": NaN}',
    "lone surrogate": b'{"a": "\\ud83d"}',
    "lone surrogate as key": b'{"\\ude00": 1}',
    "quotes without end": b"[" * 300 + b'"\\"' + b'\\"' * MEBIBYTE,
}
VALID_BODIES: dict[str, bytes] = {
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


def _own_log(operation_id: str) -> dict[str, str]:
    """The header of a namespace in which one operation's requests alone are logged."""
    return {"Specimen-Namespace": f"log-{operation_id}"}


def _log(target: Target, operation_id: str, export: str = "?limit=1000") -> dict[str, Any]:
    """The request log of that namespace; fails where it is not given."""
    status, _, body = target.ask("GET", f"/_specimen/v1/requests{export}", _own_log(operation_id))
    assert status == 200, body[:300]
    found: dict[str, Any] = json.loads(body)
    return found


@pytest.mark.parametrize(("name", "operation_id"), _json_operations())
def test_json_body__unreadable(name: str, operation_id: str, target: Target) -> None:
    """A body that is no JSON object, or none that can be kept, gets the documented refusal."""
    operation = specs.load(name).document.operations[operation_id]
    method = operation.method.upper()
    path, headers = path_of(target.app, name, operation), {**credentials(name), **JSON, **_own_log(operation_id)}
    seen: list[int] = []
    for case, body in BODIES.items():
        status = check(name, operation, target.ask(method, path, headers, body))
        seen.append(status)
        if case == "empty" and not operation.body_required:
            continue
        assert 400 <= status < 500, case
    assert [one["status"] for one in _log(target, operation_id)["requests"][-len(seen) :]] == seen
    for export in ("/har", "/har?bodies=whole"):
        assert len(_log(target, operation_id, export)["log"]["entries"]) >= len(BODIES)


@pytest.mark.parametrize(("name", "operation_id"), _json_operations())
def test_json_body__odd(name: str, operation_id: str, target: Target) -> None:
    """A body that is odd but valid JSON gets a documented answer, whichever it is."""
    operation = specs.load(name).document.operations[operation_id]
    method = operation.method.upper()
    path, headers = path_of(target.app, name, operation), {**credentials(name), **JSON, **_own_log(operation_id)}
    seen = [check(name, operation, target.ask(method, path, headers, body)) for body in VALID_BODIES.values()]
    assert [one["status"] for one in _log(target, operation_id)["requests"][-len(seen) :]] == seen
    for export in ("/har", "/har?bodies=whole"):
        assert len(_log(target, operation_id, export)["log"]["entries"]) >= len(VALID_BODIES)


@pytest.mark.parametrize(("name", "operation_id"), BODY_OPERATIONS)
def test_body__wrong_content_type(name: str, operation_id: str, target: Target) -> None:
    """A content type that the operation does not take is a 415 in the vendor's form, or leaves the body unread."""
    operation = specs.load(name).document.operations[operation_id]
    method = operation.method.upper()
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
        expected = 415 if not operation.ignores_other_bodies else 400 if operation.body_required else 200
        assert check(name, operation, target.ask(method, path, headers, b'{"a": 1}')) == expected, content_type


@pytest.mark.parametrize(("name", "operation_id"), BODY_OPERATIONS)
def test_body__too_large(name: str, operation_id: str, target: Target) -> None:
    """A byte over the limit is a 413: by its length alone, and chunked without one."""
    operation = specs.load(name).document.operations[operation_id]
    method = operation.method.upper()
    is_multipart = operation.body("multipart/form-data") is not None
    limit = (20 if is_multipart else 2) * MEBIBYTE
    content_type = "multipart/form-data; boundary=x" if is_multipart else "application/json"
    path, headers = path_of(target.app, name, operation), {**credentials(name), "Content-Type": content_type}
    for length in (str(limit + 1), "9" * 17):
        answer = target.ask(method, path, {**headers, "Content-Length": length}, b"{")
        assert check(name, operation, answer) == 413
    lines = [
        f"{method} {path} HTTP/1.1",
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
    method = operation.method.upper()
    path, headers = path_of(hasty.app, name, operation), {**credentials(name), **JSON}
    if operation.body("application/json") is None:
        headers["Content-Type"] = "multipart/form-data; boundary=x"
    assert check(name, operation, hasty.ask(method, path, {**headers, "Content-Length": "100"}, b'{"a":')) == 408
    assert check(name, operation, hasty.ask(method, path, {**headers, "Transfer-Encoding": "chunked"}, b'5\r\n{"a":\r\n')) == 408


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
    method = operation.method.upper()
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
        check(name, operation, target.ask(method, path, {**credentials(name), "Content-Type": content_type}, body))


MALFORMED_IDS = {
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


@pytest.mark.parametrize("case", MALFORMED_IDS)
@pytest.mark.parametrize("name", NAMES)
def test_id__malformed(name: str, case: str, target: Target) -> None:
    """An id that is nearly one finds nothing: the documented refusal, in the path (percent-encoded) or in the body."""
    mounted = target.app.mounted[name]
    operations = mounted.provider.document.operations
    known, place = next(iter(mounted.shared_state.catalogue.places()))
    wrong = MALFORMED_IDS[case](known)
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
        if path in ("", "/") and method == "GET" and answer[0] == 200:  # the base URL itself says whose it is
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
    method = operation.method.upper()
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
        answer = target.ask(method, path, {**JSON, **headers}, body)
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
