"""Kayle ID: what a session's link carries."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.history import History
from specimen.contracts.judge.rule import EXAMINED, Examined, Finding, rule
from specimen.contracts.redaction.values import Words
from specimen.specs.core.json_pointer import at

_HTTP = ("http://", "https://")
TOKEN = "cancel_token"  # noqa: S105 - the field's name


@rule(
    "KAY-035",
    "the link of a session that is made has its cancel_token",
    mark="I",
    source="Get a session by ID, OpenAPI, verification_url",
    quote="Includes the one-shot `cancel_token` as a query parameter … Returned only on session creation.",
)
def links_have_the_token(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """Of a link to the session, under any name; of another value GEN-032 speaks. A read need not show it, as the example."""
    shown, url, token = (at(exchange.response_json, f"/data/{name}") for name in ("id", "verification_url", TOKEN))
    is_creation = exchange.operation is not None and exchange.operation.id == "createSession" and exchange.is_success
    if not is_creation or not isinstance(url, str) or not isinstance(token, str) or not token:
        return
    if not isinstance(shown, str) or shown not in url or not url.startswith(_HTTP):
        return  # of what is no link GEN-051 speaks, of one to something else GEN-032
    try:
        sent = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    except ValueError:
        return
    yield EXAMINED
    if not any(name == TOKEN or value == token for name, value in sent):
        yield Finding("/data/verification_url", f"a URL with {TOKEN} as a query parameter", Words("a URL without it"))
