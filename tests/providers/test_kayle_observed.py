"""The mock beside Kayle ID's running API: the same status, members and error code, but where it may differ."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import httpx

from specimen import specs
from specimen.contracts.http.operation_matching import match
from specimen.mockserver.app import App, build_app
from specimen.mockserver.settings import Pace, Settings
from tests.observed import Recorded, needs_recording, recorded

KAYLE = specs.load("kayle")
KEYS = {"TOKEN": "kk_live_specimen", "OTHER_TOKEN": "kk_live_other_organization"}
_AS_TEXT = "malformed JSON is text/plain there; our document keeps it JSON"
_FAILED = "a 500 as text/plain breaks the API's own page; the mock takes the request, or refuses it"
_TAKEN = "the document refuses it, so the mock does"
_ACCOUNT = "the account has no such endpoint; the mock takes every id but a reserved one"
_SCHEME = "the name of an authentication scheme is case-insensitive (RFC 9110, section 11.1), here for every provider"
# Where it is settled that the mock may differ, with the reason.
MAY_DIFFER = {
    "create empty body json type": _AS_TEXT,
    "create broken json": _AS_TEXT,
    "create two values": _AS_TEXT,
    "create NaN": _AS_TEXT,
    "token empty": _AS_TEXT,
    "token broken": _AS_TEXT,
    "create reason NUL": _FAILED,
    "create reason lone surrogate": _FAILED,
    "list from year0": _FAILED,
    "create latin1 byte": _TAKEN,
    "create __proto__ key": _TAKEN,
    "create age_over_018": _TAKEN,
    "create age_over_0018": _TAKEN,
    "list limit 1.0": _TAKEN,
    "list from no seconds": _TAKEN,
    "create webhook unknown": _ACCOUNT,
    "create webhook list one": _ACCOUNT,
    "create deep nesting": "the mock bounds how deep a body nests",
}
# Where it differs besides: less than one in twenty.
DIFFERS = {
    "create redirect tld only": "the mock has no list of public suffixes",
    "create redirect tab inside": "the document refuses a host with a tab in it; what else a parser mends is taken",
    "auth lower bearer get": _SCHEME,
    "auth lower bearer create bad body": _SCHEME,
    "auth lower bearer get malformed": _SCHEME,
    "auth lower bearer list": _SCHEME,
    "auth lower bearer cancel": _SCHEME,
}


def shape(status: int, body: bytes) -> dict[str, Any]:
    """What is compared of an answer."""
    try:
        value = json.loads(body) if body else None
    except ValueError:
        value = "no JSON"
    found: dict[str, Any] = {"status": status, "members": members(value)}
    error = value.get("error") if isinstance(value, Mapping) else None
    if isinstance(error, Mapping):
        found["code"] = error.get("code", error.get("name"))
    return found


def members(value: Any) -> Any:
    """The names of an answer's members, two levels deep."""
    if not isinstance(value, Mapping):
        return type(value).__name__
    return {
        name: sorted(item) if isinstance(item, Mapping) else "list" if isinstance(item, list) else item is None
        for name, item in value.items()
    }


def replay() -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """What the API answered and what the mock answers, by the name of the exchange, in the order of the recording."""
    app = build_app(Settings(providers=("kayle",), pace=Pace.parse("manual")))
    age = {"share_fields": {"age_over_18": {"required": True, "reason": "Age"}}}
    key = {"authorization": f"Bearer {KEYS['TOKEN']}"}
    made = [ask(app, "POST", "/v1/sessions", key, json.dumps(age).encode(), "application/json").json()["data"] for _ in range(4)]
    found = {}
    for one in recorded():
        if match(KAYLE.document, one.method, one.target.partition("?")[0]) is None:
            continue
        sent = one.filled(lambda kind, number: made[number - 1]["id" if kind == "ID" else "cancel_token"])
        answer = send(app, sent)
        found[one.name] = shape(one.status, one.answer), shape(answer.status_code, answer.content)
    return found


def send(app: App, one: Recorded) -> httpx.Response:
    """The mock's answer to a recorded request."""
    headers = {name: value for name, value in one.headers.items() if name != "content-length"}
    if "authorization" in headers:
        scheme, space, token = headers["authorization"].partition("TOKEN")
        headers["authorization"] = scheme + (KEYS["TOKEN"] if space else "") + token
    return ask(app, one.method, one.target, headers, one.body, None)


def ask(app: App, method: str, target: str, headers: Mapping[str, str], body: bytes, content_type: str | None) -> httpx.Response:
    """One answer of the application, its path sent as it stands."""

    async def go() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1:8080") as client:
            url = httpx.URL("http://127.0.0.1:8080", raw_path=f"/kayle{target}".encode())
            sent_headers = {**headers, **({} if content_type is None else {"content-type": content_type})}
            return await client.send(httpx.Request(method, url, headers=sent_headers, content=body or None))

    return asyncio.run(go())


@needs_recording
def test_mock__answers_as_the_running_api() -> None:
    """All answers agree but those of the two tables, which name none that agrees; the second is short."""
    answers = replay()
    different = {name: pair for name, pair in answers.items() if pair[0] != pair[1]}
    unlisted = set(different) - set(MAY_DIFFER) - set(DIFFERS)
    assert not unlisted, "\n".join(f"{name}: {different[name][0]} there, {different[name][1]} here" for name in unlisted)
    assert set(different) == {*MAY_DIFFER, *DIFFERS}
    assert len(DIFFERS) <= 0.05 * len(answers.keys() - MAY_DIFFER)
