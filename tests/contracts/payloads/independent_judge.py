"""Judges cases by the pages' words and the grammars that they name: `python -m tests.contracts.payloads.independent_judge`.

It knows neither the document nor the rules. Of a field whose words name no grammar it says nothing, nor of a case that is refused
because fields contradict one another.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from specimen import specs
from specimen.contracts.judge.registry import rulebook
from specimen.contracts.payloads import Case
from specimen.contracts.payloads.generate.expected_outcomes import MALFORMED_RULE
from specimen.contracts.payloads.model.case_types import ACCEPT, EITHER, FAMILIES, REJECT
from tests.contracts.payloads import independent_grammar as grammars
from tests.contracts.payloads.catalogues import catalogue
from tests.contracts.payloads.json_text import is_json

AGREE, CANNOT_JUDGE, DISAGREE = "agree", "cannot judge", "disagree"
# The verdicts that a value may have in a field whose words are the page's (D, P), or ours (A).
_OF_PAGE = {grammars.RIGHT: {ACCEPT}, grammars.OPEN: {EITHER}, grammars.WRONG: {REJECT}}
_NEVER_REFUSED = {ACCEPT, EITHER}
# Of a link that is one nobody says where it may lead; of a zone and a wallet, that anybody looks at their digits.
_LINKS = {grammars.uri, grammars.https_url}
_LENIENT = {grammars.text, grammars.machine_readable_zone, grammars.ethereum}


class Words(NamedTuple):
    """What a page says of some fields."""

    fields: re.Pattern[str]
    grammar: Any
    mark: str


@cache
def words_of(provider: str) -> tuple[Words, ...]:
    """The words of a provider's page, from documented_words.yaml."""
    raw = yaml.safe_load(Path(__file__).with_name("documented_words.yaml").read_text(encoding="utf-8"))
    return tuple(
        Words(re.compile(entry["fields"]), getattr(grammars, entry["grammar"]), entry["mark"]) for entry in raw.get(provider, ())
    )


def opinion(case: Case) -> set[str] | None:
    """The verdicts that a case may have, or None where nothing can be said of it."""
    if case.kind.startswith("streams."):
        events = grammars.event_stream(case.payload)
        if not events:
            return None  # whether one has to come is for the page to say
        is_broken = any(not is_json(data.encode()) for data in events if not data.endswith("!"))
        return {REJECT} if is_broken else _NEVER_REFUSED
    if isinstance(case.payload, bytes) and case.field == "":
        return {REJECT} if case.payload and not _is_forgiven(case.payload) and not is_json(case.payload) else None
    zone = _zone_in_fields(case.payload) if case.kind.startswith("mrz.") else None
    if zone is not None:
        return {EITHER} if grammars.machine_readable_zone(zone) == grammars.WRONG else _NEVER_REFUSED
    place = case.id.partition(".")[2].rpartition(":")[0]
    found = next((words for words in words_of(case.provider) if words.fields.fullmatch(place)), None)
    if found is None or _is_about_others(case) or (isinstance(case.value, dict) and set(case.value) <= {"$absent", "$raw"}):
        return None
    is_zone = found.grammar is grammars.machine_readable_zone and case.kind.startswith("mrz.")
    if not is_zone and (not isinstance(case.value, str) or "{" in case.value):
        return None
    said = found.grammar(case.value)
    if found.grammar in _LENIENT:
        return {EITHER} if said == grammars.WRONG else _NEVER_REFUSED
    if found.mark == "A" or (found.grammar in _LINKS and said != grammars.WRONG):
        return _NEVER_REFUSED
    return _OF_PAGE[said]


def _zone_in_fields(payload: Any) -> list[str] | None:
    """The zone of a Neuro-Vision session, whose lines are fields of one side of a document; None where there is none."""
    for task in payload.get("results", ()) if isinstance(payload, dict) else ():
        fields = task.get("ocr", {}).get("fields", ()) if isinstance(task, dict) else ()
        lines = {field["title"]: field["value"] for field in fields if field["title"].startswith("MRZ line ")}
        if lines:
            return [lines[title] for title in sorted(lines)]
    return None


def _is_forgiven(data: bytes) -> bool:
    """Whether a reader may pass over what makes bytes no JSON, or they are too deep for one."""
    return data.startswith((b"\xef\xbb\xbf", b"[[[["))


def _is_about_others(case: Case) -> bool:
    """Whether the rule that a case breaks compares fields, requests or times: then it is not the field that is wrong."""
    if case.rule in (None, MALFORMED_RULE):
        return False
    return rulebook(case.base.provider)[case.rule].check is not None


def judged(case: Case) -> str:
    """Whether the case's verdict is the one that follows from the words."""
    allowed = opinion(case)
    return CANNOT_JUDGE if allowed is None else AGREE if case.verdict in allowed else DISAGREE


def table(every: Iterable[Case]) -> list[str]:
    """A table in Markdown: for each family the cases that it agrees with, cannot judge, and disagrees with."""
    counts = Counter((case.kind.partition(".")[0], judged(case)) for case in every)
    lines = [f"| verdicts | {AGREE} | {CANNOT_JUDGE} | {DISAGREE} |", "|---|---:|---:|---:|"]
    columns = (AGREE, CANNOT_JUDGE, DISAGREE)
    lines += [f"| {name} | {' | '.join(f'{counts[name, what]:,}' for what in columns)} |" for name in FAMILIES]
    totals = (sum(counts[name, what] for name in FAMILIES) for what in columns)
    return [*lines, f"| all | {' | '.join(f'{total:,}' for total in totals)} |"]


def main() -> None:
    """Prints the table, and each case that it disagrees with."""
    every = [case for name in specs.names() for case in catalogue(name).cases]
    for case in every:
        if judged(case) == DISAGREE:
            print(f"{case.id}: {case.verdict}, not {opinion(case)}: {json.dumps(case.value)[:120]}")
    print("\n".join(table(every)))


if __name__ == "__main__":
    main()
