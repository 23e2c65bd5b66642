"""The judge before Kayle ID's running API: nothing that it answers is a violation but what breaks its own page."""

from __future__ import annotations

from collections.abc import Iterator

from specimen import specs
from specimen.contracts.judge.history import History
from specimen.contracts.judge.judge import observe
from specimen.contracts.judge.severity import NOTE
from tests.observed import needs_recording, recorded

KAYLE = specs.load("kayle")
_AS_TEXT = "malformed JSON is answered as text/plain, where our document keeps the JSON of other refusals"
_FAILED = "a 500 as text/plain, where the page promises JSON"
_UNASKED = "the document allows the request, and the server failed"
_TAKEN = "the document refuses it, the API takes it"
# All that is found, with the reason.
EXPECTED = {
    ("create empty body json type", "GEN-002"): _AS_TEXT,
    ("create broken json", "GEN-002"): _AS_TEXT,
    ("create two values", "GEN-002"): _AS_TEXT,
    ("create NaN", "GEN-002"): _AS_TEXT,
    ("token empty", "GEN-002"): _AS_TEXT,
    ("token broken", "GEN-002"): _AS_TEXT,
    ("create reason NUL", "GEN-002"): _FAILED,
    ("create reason lone surrogate", "GEN-002"): _FAILED,
    ("list from year0", "GEN-002"): _FAILED,
    ("create reason NUL", "GEN-023"): _UNASKED,
    ("list from year0", "GEN-023"): _UNASKED,
    ("create latin1 byte", "GEN-015"): _TAKEN,
    ("create __proto__ key", "GEN-015"): _TAKEN,
    ("create age_over_018", "GEN-015"): _TAKEN,
    ("create age_over_0018", "GEN-015"): _TAKEN,
    ("list limit 1.0", "GEN-015"): _TAKEN,
    ("list from no seconds", "GEN-015"): _TAKEN,
}


def found() -> Iterator[tuple[str, str]]:
    """The errors and warnings in the recording, by the exchange's name and the rule."""
    history = History()  # all exchanges are of one organization, in their order
    for one in recorded():
        exchange = one.filled(lambda kind, number: f"vs_{number}" + "x" * 63 if kind == "ID" else f"{number}" + "x" * 47)
        for violation in observe(exchange.exchange(KAYLE), history):
            if violation.severity != NOTE:
                yield one.name, violation.rule


@needs_recording
def test_judge__holds_against_the_running_api_only_what_breaks_its_page() -> None:
    """Of 325 exchanges fifteen break the document, and all of these are found; two of them are failures for valid requests."""
    assert sorted(found()) == sorted(EXPECTED)
