"""No personal value stands in a recording, wherever in an exchange it was, neither plain nor encoded."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from specimen import specs
from specimen.contracts.anonymize.anonymizer import Anonymizer
from specimen.contracts.traffic.har_writer import Recorder
from tests.contracts.golden_exchanges import golden_lives
from tests.contracts.judge.test_rules import NAMES
from tests.contracts.targets import proxied, serving, session_id

WORD = "Zebulonqx"
MAIL = "zebulonqx.leak@private.example"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJaZWJ1bG9ucXgifQ.c2lnbmF0dXJlb2ZaZWJ1bG9u"
IBAN = "DE89370400440532013000"
BORN = "1982-02-05"
NUMBER = 7_841_093_355
PLANTED = (WORD, MAIL, JWT, IBAN, BORN, str(NUMBER), "19820205", "05.02.1982", "private.example", "Зебулонов", "12-7491-88")
IMPERSONAL = ("moment", "session_id", "cursor", "percentage")
PERSON = {
    "citizen": WORD, "holder": {"first": WORD, "last": WORD}, "dob": BORN, "birth_date": f"{BORN}T00:00:00Z",
    "ssn": "12-7491-88", "passport": IBAN, "tax_id": NUMBER, "iban": IBAN, "extra": MAIL, "applicant": {"id": WORD},
    "error": {"message": f"for {MAIL}"},
    "list": [[WORD], {"deep": [{"deeper": [JWT, NUMBER, float(NUMBER)]}]}], MAIL: 1, WORD: {WORD: WORD}, "compact": "19820205",
    "spoken": "05.02.1982", "link": f"https://{WORD}.private.example/{WORD}?q={MAIL}&{WORD}#{WORD}", "name": "Зебулонов",
    "created": {"at": f"{BORN} 10:00"}, "status": WORD, "type": WORD, "code": WORD, "id": WORD,
}  # fmt: skip
HEADERS = {
    "Authorization": f"Bearer {WORD}", "X-Auth-Token": WORD, "X-Access-Key": WORD, "Api-Key": WORD, "X-User-Email": MAIL,
    "Cookie": f"a={WORD}", "User-Agent": f"{WORD} app/1.0 ({MAIL})", "Accept": MAIL, "Referer": f"https://x.example/{WORD}",
    "Idempotency-Key": WORD, "traceparent": WORD, "X-Forwarded-For": WORD,
    "Accept-Encoding": f"gzip, {WORD}", "Cache-Control": f"private={WORD}", "Accept-Language": WORD, "Origin": f"https://{WORD}",
}  # fmt: skip


def _spellings() -> Iterator[bytes]:
    """Each planted text as it is, percent-encoded, escaped, and in base64 at each of three offsets."""
    for text in PLANTED:
        raw = text.encode()
        yield from (raw, quote(text).encode(), json.dumps(text)[1:-1].encode(), json.dumps(json.dumps(text))[3:-3].encode())
        for offset in range(3):
            encoded = base64.b64encode(b"\0" * offset + raw)
            # Only the characters that depend on nothing but the text.
            yield encoded[0 if offset == 0 else 4 : len(encoded) // 4 * 4 - 4]


def _is_clean(path: Path) -> list[bytes]:
    content = path.read_bytes().lower()
    return [one for one in _spellings() if one.lower() in content]


def _form() -> bytes:
    return (
        f'--{WORD}\r\nContent-Disposition: form-data; name="clientKey"\r\n\r\n{WORD}\r\n'
        f'--{WORD}\r\nContent-Disposition: form-data; name="{WORD}"\r\n\r\n{MAIL}\r\n'
        f'--{WORD}\r\nContent-Disposition: form-data; name="images"; filename="{WORD}.jpg"\r\nX-Note: {WORD}\r\n\r\n{WORD}\r\n'
        f"--{WORD}--\r\n"
    ).encode()


ANSWERS: dict[str, Callable[[], Response]] = {
    "json": lambda: Response(json.dumps(PERSON), media_type="application/json"),
    "data": lambda: Response(json.dumps({"data": PERSON, "error": PERSON}), media_type="application/json"),
    "array": lambda: Response(json.dumps([PERSON, WORD]), media_type="application/json"),
    "refusal": lambda: Response(json.dumps({"data": None, "error": PERSON, "message": MAIL}), 404, media_type="application/json"),
    "undocumented": lambda: Response(json.dumps(PERSON), 418, media_type="application/json"),
    "problem": lambda: Response(json.dumps(PERSON), 500, media_type="application/problem+json"),
    "text": lambda: Response(f"Dear {WORD}", media_type="text/plain"),
    "html": lambda: Response(f"<p>{MAIL}</p>", 502, media_type="text/html"),
    "text in json": lambda: Response(json.dumps(f"{WORD} {MAIL}"), media_type="application/json"),
    "no json": lambda: Response(f"{{'{WORD}'", media_type="application/json"),
    "gzip": lambda: Response(
        gzip.compress(json.dumps(PERSON).encode()), headers={"content-encoding": "gzip"}, media_type="application/json"
    ),
    "stream": lambda: Response(
        f": {WORD}\nevent: {WORD}\nid: {WORD}\n{WORD}: {WORD}\ndata: {json.dumps(PERSON)}\n\ndata: {WORD}\n\ndata: {MAIL}",
        media_type="text/event-stream",
    ),
    "headers": lambda: Response(
        status_code=302,
        headers={"location": f"https://a.example/{WORD}?x={MAIL}", "set-cookie": f"s={WORD}", "server": WORD, "etag": WORD,
                 "x-trace": MAIL, "link": f"<{WORD}>", "content-type": f"application/json; x={WORD}"},
    ),
    "traceback": lambda: Response(
        json.dumps({"error": {"message": f"Traceback (most recent call last): {MAIL}"}}), 500, media_type="application/json"
    ),
}  # fmt: skip


@pytest.mark.sample(4)
@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize(("provider", "path"), [
    ("kayle", f"/v1/sessions/{session_id()}"), ("kayle", f"/v1/people/{WORD}/{quote(MAIL)}"),
    ("kyve", f"/v1/verifications/{WORD}"),
    ("predicate", f"/api/v1/status/realtime/individual/{WORD}"), ("idnow", f"/api/v1/live/sessions/{WORD}/datablocks"),
])  # fmt: skip
def test_plants__are_in_no_recording(
    answer: str, provider: str, path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever the vendor answers, and wherever the app writes it; and the verdicts on a terminal show none of it."""
    from specimen.contracts.cli import console_output

    async def respond(_: Request) -> Response:
        return ANSWERS[answer]()

    app = Starlette(routes=[Route("/{path:path}", respond, methods=["GET", "POST", "PUT"])])
    recorder = Recorder(tmp_path / "x.har", specs.load(provider))
    query = f"sig={WORD}&q={MAIL}&limit={WORD}&status={WORD}&starting_after={WORD}&{WORD}&{WORD}={IBAN}"
    with serving(app) as target, proxied(target, provider, recorder=recorder) as proxy, httpx.Client(headers=HEADERS) as client:
        client.get(f"{proxy.url}{path}?{query}")
        client.post(f"{proxy.url}{path.rpartition('/')[0]}?{query}", json={"metadata": PERSON, **PERSON})
        client.put(proxy.url + path, content=f"{MAIL}".encode(), headers={"content-type": f"text/{WORD}"})
        proxy.wait(lambda relay: len(relay.reported) >= 3)
    recorder.close()
    assert recorder.entries == 3
    assert proxy.problems() == []
    assert _is_clean(tmp_path / "x.har") == []
    for verdict in proxy.reported:
        console_output.print_exchange(verdict, proxy.bench, set())
        console_output.print_json(console_output.as_values(verdict, proxy.bench))
    shown = capsys.readouterr().out.lower()
    assert [one for one in (MAIL, JWT, IBAN, BORN, str(NUMBER)) if one.lower() in shown] == []


def test_plants__in_forms(tmp_path: Path) -> None:
    """Of a form the fields' texts are replaced, and files, names and boundaries that are not the contract's."""

    async def respond(_: Request) -> Response:
        return Response(json.dumps(PERSON), media_type="application/json")

    app = Starlette(routes=[Route("/{path:path}", respond, methods=["POST"])])
    facts = specs.load("neurovision")
    recorder = Recorder(tmp_path / "x.har", facts)
    headers = {**HEADERS, "content-type": f"multipart/form-data; boundary={WORD}", "token": JWT}
    with serving(app) as target, proxied(target, "neurovision", recorder=recorder) as proxy:
        httpx.post(f"{proxy.url}/kyc/process", content=_form(), headers=headers)
        httpx.post(
            f"{proxy.url}/kyc/session/status",
            content=f"a={WORD}".encode(),
            headers={"content-type": "application/x-www-form-urlencoded"},
        )
        proxy.wait(lambda relay: len(relay.reported) == 2)
    recorder.close()
    assert _is_clean(tmp_path / "x.har") == []
    text = json.loads((tmp_path / "x.har").read_bytes())["log"]["entries"][0]["request"]["postData"]["text"]
    assert 'name="clientKey"' in text
    assert 'name="images"; filename="file"' in text


def _texts(value: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    waiting: list[tuple[tuple[str, ...], Any]] = [((), value)]
    while waiting:
        where, node = waiting.pop()
        if isinstance(node, str):
            yield where, node
        elif isinstance(node, dict):
            waiting += [((*where, key), item) for key, item in node.items()]
        elif isinstance(node, list):
            waiting += [((*where, str(index)), item) for index, item in enumerate(node)]


@pytest.mark.parametrize("name", NAMES)
def test_session_histories__hold_no_personal_value(name: str) -> None:
    """Of all golden lives no recording holds anything that field_semantics.yaml calls a person's, a document's or a wallet's."""
    facts = specs.load(name)
    mask, kept = Anonymizer(facts, b"fixed"), set()
    for _, exchanges in golden_lives(facts):
        for exchange in exchanges:
            shown = {text for _, text in _texts(json.loads(mask.exchange(exchange).response_body))}
            for where, text in _texts(exchange.response_json):
                holding = facts.field_semantics.at(where, exchange.response_json)
                if (
                    holding is None
                    or holding.holds in IMPERSONAL
                    or (holding.holds == "id" and mask._known.is_session(text, "id"))
                ):
                    continue
                if len(text) > 3 and text in shown:
                    kept.add((holding.holds, text))
    assert kept == set()
