"""Where the mock and `connexion_app` answer the same request differently; prints the tables of docs/connexion.md."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount

from specimen import specs
from specimen.mockserver import Pace, Settings, connexion_app
from specimen.mockserver.app import App, build_app
from specimen.mockserver.routing.openapi30 import downgrade
from specimen.mockserver.sessions.catalogue.scenario_requests import encoded_body

SETTINGS = Settings(now=1_773_916_266_000, freeze=True, pace=Pace("manual"))
BUILT_IN = ("kayle", "kyve", "idnow", "predicate", "neurovision")
_BEFORE, _MOST_TEXT = 20, 60
TOKEN = {"Authorization": "Bearer kk_live_specimen"}
PREFLIGHT = {"Origin": "http://app.test", "Access-Control-Request-Method": "POST"}
JSON = {**TOKEN, "Content-Type": "application/json"}
WORDS = "The texts are those of jsonschema, which Connexion validates with; the mock's are those of jsonschema-rs."
# Why a documented error's answer differs, by provider, operation and name of the example.
PARTS = "every operation of a part"
REASONS = {
    ("idnow", "createSession", "invalid_request"): WORDS,
    ("kayle", "createSession", "invalid_request"): WORDS,
    ("kayle", "getSession", "invalid_parameter"): WORDS,
    ("kayle", "cancelSession", "invalid_parameter"): WORDS,
    ("kayle", PARTS, "invalid_parameter"): WORDS,
    ("kayle", PARTS, "invalid_request"): WORDS,
    ("kyve", "createSession", "validation_error"): WORDS,
    ("predicate", "getStatus", "invalid_parameter"): "Connexion's format checker is that of JSON Schema Draft 4, without `uuid`.",
    ("predicate", "streamStatus", "invalid_parameter"): WORDS,
    ("predicate", "register", "invalid_body"): WORDS,
    ("predicate", "verifyWallet", "invalid_body"): WORDS,
}


class Edge(NamedTuple):
    """A request to kayle that is in no catalogue, and why the stacks answer it differently, where they do."""

    what: str
    method: str
    path: str
    headers: Mapping[str, str]
    content: bytes | None = None
    reason: str | None = None


DEEP = b'{"a": ' * 300 + b"1" + b"}" * 300
EDGES = (
    Edge("a path that is not there", "GET", "/nowhere", TOKEN),
    Edge(
        "a method that is not there", "PUT", "/v1/sessions", JSON, b"{}",
        "Connexion names the methods of the first route that has the path.",
    ),
    Edge("a trailing slash", "GET", "/v1/sessions/", TOKEN, None, "Starlette's router, which is Connexion's, redirects."),
    Edge("a newline at the path's end", "GET", "/v1/sessions%0A", TOKEN),
    Edge("headers alone", "HEAD", "/v1/sessions", TOKEN),
    Edge("a browser's preflight", "OPTIONS", "/v1/sessions", PREFLIGHT, None,
         "Cross-origin requests are left to the application that mounts the vendor."),
    Edge("no body where none is required", "POST", "/v1/sessions", TOKEN, None,
         "Connexion takes JSON to be meant where the document lists nothing else, and no body for none that is valid."),
    Edge("a body that is not JSON", "POST", "/v1/sessions", JSON, b"{"),
    Edge("a body that is not UTF-8", "POST", "/v1/sessions", JSON, b'"\xff"'),
    Edge("a body that is nested too deep", "POST", "/v1/sessions", JSON, DEEP, None),
    Edge("NaN in a body", "POST", "/v1/sessions", JSON, b'{"redirect_url": NaN}',
         "Connexion reads `NaN`, which JSON does not have, as a number."),
    Edge("a body of another media type", "POST", "/v1/sessions", {**TOKEN, "Content-Type": "text/plain"}, b"a",
         "Kayle reads no body but JSON, and requires none; Connexion refuses what the document does not list."),
    Edge("a body of 3 MiB", "POST", "/v1/sessions", JSON, b'{"a": "' + b"a" * 3 * 2**20 + b'"}'),
    Edge("a repeated query parameter", "GET", "/v1/sessions?limit=1&limit=2", TOKEN),
    Edge("an empty query parameter", "GET", "/v1/sessions?status=", TOKEN, None, WORDS),
    Edge("a wrong type in the query", "GET", "/v1/sessions?limit=x", TOKEN, None, WORDS),
    Edge("a scheme without a token", "GET", "/v1/sessions", {"Authorization": "Bearer"}),
    Edge("a scheme in capitals", "GET", "/v1/sessions", {"Authorization": "BEARER kk_live_specimen"}),
    Edge("another scheme", "GET", "/v1/sessions", {"Authorization": "Basic YTpi"}),
    Edge("a preferred status", "POST", "/v1/sessions", {**JSON, "Prefer": "status=cancelled"}, b"{}"),
    Edge("a preferred example", "POST", "/v1/sessions", {**JSON, "Prefer": "example=unknown_claim_key"}, b"["),
    Edge("a preference that is not possible", "GET", "/v1/sessions", {**TOKEN, "Prefer": "scenario=nope"}),
    Edge("a name that no namespace can have", "GET", "/v1/sessions", {**TOKEN, "Specimen-Namespace": "!"}),
    Edge("a page that is not there", "GET", "/_specimen/flow/nope", {}),
    Edge("the document", "GET", "/openapi.json", {}, None, "Connexion serves the document that it was given, of OpenAPI 3.0."),
    Edge("the page that shows the document", "GET", "/ui/", {}, None,
         "Off, unless `swagger_ui_options` turn Connexion's own on."),
)  # fmt: skip


# Of an application of one's own the server sends the date.
_OF_THE_SERVER = ("content-length", "date")


class Answer(NamedTuple):
    """What came back: status, headers but for the body's length and the date, body."""

    status: int
    headers: dict[str, str]
    body: bytes


class Difference(NamedTuple):
    """A request that the stacks answer differently."""

    provider: str
    asked: str
    mock: str
    stock: str
    reason: str | None


class Comparison(NamedTuple):
    """How many requests both stacks answered, and which of them differently; `unused` are reasons that explain nothing."""

    requests: int
    differences: list[Difference]
    unused: list[Any]


def stacks(name: str) -> tuple[App, Any]:
    """A provider on both, at the same paths and the same time."""
    mounted = Mount(f"/{name}", app=connexion_app(name, SETTINGS))
    return build_app(replace(SETTINGS, providers=(name,))), Starlette(routes=[mounted])


async def send(client: httpx.AsyncClient, method: str, path: str, headers: Mapping[str, str], content: bytes | None) -> Answer:
    """The answer to one request."""
    answer = await client.request(method, path, headers=headers, content=content)
    return Answer(
        answer.status_code, {name: value for name, value in answer.headers.items() if name not in _OF_THE_SERVER}, answer.content
    )


async def send_entry(client: httpx.AsyncClient, entry: Mapping[str, Any], namespace: str) -> Answer:
    """The answer to an entry of the table of scenarios, after the requests that it needs first."""
    for step in entry.get("setup", ()):
        await send_entry(client, step, namespace)
    raw, content_type = encoded_body(entry["body"])
    headers = {**({"Content-Type": content_type} if raw else {}), **entry["headers"], "Specimen-Namespace": namespace}
    return await send(client, entry["method"], entry["path"], headers, raw or None)


async def catalogue(name: str) -> Comparison:
    """Every scenario, every state along it and every documented error of a provider, on both."""
    mock, stock = stacks(name)
    unused = {key for key in REASONS if key[0] == name}
    found, count = [], 0
    async with client_of(mock) as one, client_of(stock) as other:
        for count, entry in enumerate(mock.mounted[name].table.entries(), 1):
            first, second = [await send_entry(client, entry, f"n{count}") for client in (one, other)]
            if first != second:
                # Operations of a part of the API have their errors in common.
                is_main = mock.mounted[name].provider.document.operations[entry["operation"]].part is None
                key = (name, entry["operation"] if is_main else PARTS, entry["example"])
                unused.discard(key)
                reported, answered = shown(first, second), shown(second, first)
                asked = f"`{entry['operation']}`, example `{entry['example']}`"
                found.append(Difference(name, asked, reported, answered, REASONS.get(key)))
    return Comparison(count, found, sorted(unused))


async def edges() -> Comparison:
    """Requests to kayle that no catalogue has, on both."""
    mock, stock = stacks("kayle")
    found, unused = [], []
    async with client_of(mock) as one, client_of(stock) as other:
        for number, edge in enumerate(EDGES):
            headers = {"Specimen-Namespace": f"n{number}", **edge.headers}
            path = f"/kayle{edge.path}"
            first, second = [await send(client, edge.method, path, headers, edge.content) for client in (one, other)]
            if first != second:
                found.append(Difference("kayle", edge.what, shown(first, second), shown(second, first), edge.reason))
            elif edge.reason is not None:
                unused.append(edge.what)
    return Comparison(len(EDGES), found, unused)


def client_of(app: Any) -> httpx.AsyncClient:
    """A client of an application in this process."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8080")


def shown(answer: Answer, other: Answer) -> str:
    """What of an answer is not in the other one."""
    names = answer.headers.keys() if answer.status == other.status else answer.headers.keys() & {"location"}
    parts = [str(answer.status)]
    parts += [f"`{name}: {answer.headers[name]}`" for name in names if answer.headers[name] != other.headers.get(name)]
    if answer.status == other.status and answer.body != other.body:
        parts.append(f"`{_difference(answer.body, other.body)}`")
    return ", ".join(parts).replace("|", "\\|")


def _difference(body: bytes, other: bytes) -> str:
    """The text in a JSON body that the other one has differently, from a little before; of any other body, its beginning."""
    try:
        texts, others = dict(_texts(json.loads(body), "")), dict(_texts(json.loads(other), ""))
    except ValueError:
        return body[:40].decode("utf-8", "replace")
    pointer = next((key for key in texts if others.get(key) != texts[key]), None)
    if pointer is None:
        return ""
    text, wanted = texts[pointer], others.get(pointer, "")
    first = max(0, _same(text, wanted) - _BEFORE)
    shown_text = f"{'…' if first else ''}{text[first : first + _MOST_TEXT]}{'…' if len(text) > first + _MOST_TEXT else ''}"
    return f"{pointer}: {shown_text}"


def _same(text: str, other: str) -> int:
    """How many characters two texts have in common from their beginning."""
    pairs = enumerate(zip(text, other, strict=False))
    return next((index for index, (one, two) in pairs if one != two), min(len(text), len(other)))


def _texts(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(inner, f"{pointer}/{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(inner, f"{pointer}/{index}")
    else:
        yield pointer, " ".join(str(value).split())


def table(differences: Iterable[Difference]) -> list[str]:
    """The differences in Markdown; equal ones of several operations in one line."""
    lines = ["| vendor | request | the mock | stock Connexion | why |", "|---|---|---|---|---|"]
    found: dict[tuple[Any, ...], list[str]] = {}
    for row in differences:
        operation, comma, example = row.asked.partition(", ")
        found.setdefault((row.provider, comma + example, *row[2:]), []).append(operation)
    return lines + [
        f"| {provider} | {', '.join(operations)}{example} | {' | '.join(map(str, rest))} |"
        for (provider, example, *rest), operations in found.items()
    ]


def losses() -> list[str]:
    """How often each check that OpenAPI 3.0 cannot say stands in the vendors' documents, in Markdown."""
    found = {name: Counter(loss.keyword for loss in downgrade(specs.load(name).document.raw).lost_checks) for name in BUILT_IN}
    keywords = sorted({keyword for counts in found.values() for keyword in counts})
    head = ["| keyword | " + " | ".join(BUILT_IN) + " |", "|---|" + "---:|" * len(BUILT_IN)]
    return head + [f"| `{word}` | " + " | ".join(str(found[name][word] or "") for name in BUILT_IN) + " |" for word in keywords]


async def blocks() -> tuple[dict[str, list[str]], list[Any]]:
    """The tables of docs/connexion.md by their names, and reasons that explain nothing or are missing."""
    compared = [await catalogue(name) for name in BUILT_IN]
    beyond = await edges()
    differences = [row for one in compared for row in one.differences]
    wrong: list[Any] = [entry for one in (*compared, beyond) for entry in one.unused]
    wrong += [row for row in (*differences, *beyond.differences) if row.reason is None]
    count = sum(one.requests for one in compared)
    return {
        "catalogue": [f"{count} requests, {len(differences)} answered differently.", "", *table(differences)],
        "edges": [f"{beyond.requests} requests, {len(beyond.differences)} answered differently.", "", *table(beyond.differences)],
        "losses": losses(),
    }, wrong


def main() -> None:
    """Prints the tables."""
    logging.disable()  # Connexion tells of each request that it refuses
    found, wrong = asyncio.run(blocks())
    for name, lines in found.items():
        print(f"<!-- {name} -->", *lines, "", sep="\n")
    if wrong:
        sys.exit(f"no reason, or a reason that explains nothing: {wrong}")


if __name__ == "__main__":
    main()
