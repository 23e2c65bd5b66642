"""Kyve: what the detail of a verification that has a result shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.checks import fields
from specimen.contracts.judge.checks.service_clock import date_of
from specimen.contracts.judge.history import History
from specimen.contracts.judge.rule import EXAMINED, Examined, Finding, rule
from specimen.specs.core.json_pointer import at

DETAIL = "kyve.dev Sessions, Fetching verifications, Detail"
# So long after its last change a verification still holds its media and fields (assumed).
_A_DAY_SECONDS = 86_400
# In so many of the latest details completed verifications of the same template are looked for.
_DETAILS_BEFORE = 100


def has_just_ended(exchange: Exchange) -> bool:
    """Whether a verification was changed within a day of the answer: of an older one pictures and fields may be deleted."""
    answered = date_of(exchange)
    changed = fields.epoch_seconds(at(exchange.response_json, "/updated_at"))
    return answered is not None and changed is not None and answered - changed < _A_DAY_SECONDS


@rule(
    "KYV-032",
    "the fields of a document that passed are shown, however the verification ended",
    mark="I",
    source=DETAIL,
    quote="The detail endpoint returns every check, the resolved fields extracted from the ID",
)
def fields_are_shown(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """Of a verification that failed or is to be reviewed, with a picture of the document; of a completed one KYV-024 speaks."""
    body = exchange.response_json
    if not fields.is_read(exchange, "getVerification") or at(body, "/status") not in ("failed", "requires_review"):
        return
    has_passed = any(kind.startswith("document") and status == "passed" for kind, status in _checks(exchange))
    pictures = [str(entry.get("type")) for entry in _entries(body, "media")]
    has_picture = any(one.startswith("document") for one in pictures)
    if "fields" not in body or not has_passed or not has_picture or not has_just_ended(exchange):
        return
    yield EXAMINED
    if body["fields"] in (None, [], {}):
        yield Finding("/fields", "what was extracted from the document, whose check passed", body["fields"])


@rule(
    "KYV-033",
    "the result of a verification has every check of its template",
    mark="I",
    source=DETAIL,
    quote="The detail endpoint returns every check … completed — all checks passed … renders from that immutable snapshot",
)
def checks_are_whole(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """Those that all completed verifications of its template's version have had, for which all checks passed.

    Before there is a result, and where a session ended without one, a check need not be known yet: a note.
    """
    flow = _flow(exchange) if fields.is_read(exchange, "getVerification") else None
    if flow is None or not isinstance(at(exchange.response_json, "/checks"), list):
        return
    status, shown = fields.state_of(exchange), {kind for kind, _ in _checks(exchange)}
    if status == "completed" or status not in exchange.provider.lifecycle.states:
        return
    wanted: set[str] | None = None
    for earlier in history.calls("getVerification")[-_DETAILS_BEFORE:]:
        if earlier.is_success and at(earlier.response_json, "/status") == "completed" and _flow(earlier) == flow:
            kinds = {kind for kind, _ in _checks(earlier)}
            wanted = kinds if wanted is None else wanted & kinds
    if not wanted:
        return
    yield EXAMINED
    if wanted - shown:
        has_result = status in ("failed", "requires_review")
        expected = "every check that completed verifications of its template have"
        yield Finding("/checks", expected, at(exchange.response_json, "/checks"), is_assumed=not has_result)


def _flow(exchange: Exchange) -> tuple[Any, ...] | None:
    """The template and its version, which a detail may show."""
    shown = tuple(at(exchange.response_json, f"/{name}") for name in ("template_id", "template_version"))
    return None if None in shown or not all(isinstance(one, (str, int)) for one in shown) else shown


def _checks(exchange: Exchange) -> list[tuple[str, Any]]:
    """The kind and the status of each check of a detail that has a kind."""
    found = [(entry.get("type"), entry.get("status")) for entry in _entries(exchange.response_json, "checks")]
    return [(kind, status) for kind, status in found if isinstance(kind, str)]


def _entries(body: Any, name: str) -> list[Mapping[str, Any]]:
    found = at(body, f"/{name}")
    return [entry for entry in found if isinstance(entry, Mapping)] if isinstance(found, list) else []
