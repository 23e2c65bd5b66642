"""A request as code to paste: curl, Python (httpx), JavaScript (fetch, axios), Java."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_BOUNDARY = "specimen-form"  # between the parts of a form in Java


@dataclass(frozen=True, slots=True)
class Call:
    """A request: `body` is a JSON value or None, `files` are the parts of a form, each with its field, file name and type."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Any = None
    files: tuple[tuple[str, str, str], ...] = ()


def of_entry(entry: Mapping[str, Any], origin: str, more: Mapping[str, str]) -> Call:
    """The request of an entry of the scenario requests, with further headers."""
    headers = {name: value for name, value in {**entry["headers"], **more}.items() if name.lower() != "content-type"}
    body = entry["body"]
    files: tuple[tuple[str, str, str], ...] = ()
    if isinstance(body, Mapping) and "$multipart" in body:
        parts = [part for part in body["$multipart"] if "filename" in part]
        files, body = tuple((part["name"], part["filename"], part["content_type"]) for part in parts), None
    return Call(entry["method"], origin + entry["path"], headers, body, files)


def curl(call: Call) -> str:
    """A command for a POSIX shell."""
    words = ["curl -sS" if call.method == "GET" else f"curl -sS -X {call.method}"]
    words += [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in call.headers.items()]
    if call.body is not None:
        words += ["-H 'Content-Type: application/json'", f"-d {shlex.quote(_compact(call.body))}"]
    words += [f"-F {shlex.quote(f'{field}=@{name};type={kind}')}" for field, name, kind in call.files]
    return " \\\n  ".join([*words, shlex.quote(call.url)])


def httpx(call: Call) -> str:
    """A program for Python."""
    lines = ["import httpx", "", "answer = httpx.request(", f"    {call.method!r},", f"    {call.url!r},"]
    lines.append(f"    headers={dict(call.headers)!r},")
    if call.body is not None:
        lines.append(f"    json={_python(call.body)},")
    if call.files:
        lines.append("    files=[")
        lines += [f"        ({field!r}, ({name!r}, open({name!r}, 'rb'), {kind!r}))," for field, name, kind in call.files]
        lines.append("    ],")
    return "\n".join([*lines, ")", "print(answer.status_code, answer.json())"])


def fetch(call: Call) -> str:
    """A program for Node 18 and browsers."""
    head, options = _javascript(call)
    body = f"\n  body: JSON.stringify({_pretty(call.body, 2)})," if call.body is not None else "\n  body," if call.files else ""
    return (
        f"{head}const answer = await fetch({_js(call.url)}, {{\n  method: {_js(call.method)},\n  headers: {options},{body}\n}});"
        "\nconsole.log(answer.status, await answer.json());"
    )


def axios(call: Call) -> str:
    """A program for Node with axios."""
    head, options = _javascript(call, with_json_type=False)
    data = f"\n  data: {_pretty(call.body, 2)}," if call.body is not None else "\n  data: body," if call.files else ""
    return (
        f'import axios from "axios";\n\n{head}const answer = await axios.request({{\n  method: {_js(call.method)},\n'
        f"  url: {_js(call.url)},\n  headers: {options},{data}\n}});\nconsole.log(answer.status, answer.data);"
    )


def java(call: Call) -> str:
    """A program for Java 11 and later."""
    lines = ["import java.net.URI;", "import java.net.http.*;", ""]
    headers = dict(call.headers)
    publisher = "HttpRequest.BodyPublishers.noBody()"
    if call.body is not None:
        headers["Content-Type"] = "application/json"
        publisher = f"HttpRequest.BodyPublishers.ofString({_js(_compact(call.body))})"
    if call.files:
        lines[1:2] = ["import java.net.http.*;", "import java.nio.file.*;"]
        lines += _java_form(call.files)
        headers["Content-Type"] = f"multipart/form-data; boundary={_BOUNDARY}"
        publisher = "HttpRequest.BodyPublishers.ofByteArray(body.toByteArray())"
    lines += [f"var request = HttpRequest.newBuilder(URI.create({_js(call.url)}))"]
    lines += [f"    .header({_js(name)}, {_js(value)})" for name, value in headers.items()]
    lines += [
        f"    .method({_js(call.method)}, {publisher})",
        "    .build();",
        "var answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());",
        'System.out.println(answer.statusCode() + " " + answer.body());',
    ]
    return "\n".join(lines)


def _java_form(files: tuple[tuple[str, str, str], ...]) -> list[str]:
    """Lines that make `body`, a form's bytes: the JDK has no word for one."""
    parts = [f"    {{{_js(field)}, {_js(name)}, {_js(kind)}}}," for field, name, kind in files]
    return [
        "var body = new java.io.ByteArrayOutputStream();",
        *["for (var part : new String[][] {", *parts, "}) {"],
        f'    var head = "--{_BOUNDARY}\\r\\nContent-Disposition: form-data; name=\\"" + part[0]',
        '        + "\\"; filename=\\"" + part[1] + "\\"\\r\\nContent-Type: " + part[2] + "\\r\\n\\r\\n";',
        "    body.write(head.getBytes());",
        "    body.write(Files.readAllBytes(Path.of(part[1])));",
        '    body.write("\\r\\n".getBytes());',
        "}",
        f'body.write("--{_BOUNDARY}--\\r\\n".getBytes());',
    ]


LANGUAGES: Mapping[str, Callable[[Call], str]] = {"curl": curl, "httpx": httpx, "fetch": fetch, "axios": axios, "Java": java}


def all_of(call: Call) -> dict[str, str]:
    """The request in every language, by the language's name."""
    return {name: write(call) for name, write in LANGUAGES.items()}


def _javascript(call: Call, *, with_json_type: bool = True) -> tuple[str, str]:
    headers = dict(call.headers)
    if call.body is not None and with_json_type:
        headers["Content-Type"] = "application/json"
    if not call.files:
        return "", _pretty(headers, 2)
    lines = ['import { openAsBlob } from "node:fs";', "", "const body = new FormData();"]
    lines += [
        f"body.append({_js(field)}, await openAsBlob({_js(name)}, {{ type: {_js(kind)} }}), {_js(name)});"
        for field, name, kind in call.files
    ]
    return "\n".join([*lines, ""]), _pretty(headers, 2)


def _js(text: str) -> str:
    """A string as JavaScript and Java write it: escapes beyond ASCII are those of JSON."""
    return json.dumps(text)


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _pretty(value: Any, indent: int) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False).replace("\n", "\n" + " " * indent)


def _python(value: Any) -> str:
    """A JSON value as a Python literal."""
    return repr(value)
