"""How many cases there are: by family or kind, provider and direction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

from specimen.contracts.payloads.generate.selection import Choice, chosen
from specimen.contracts.payloads.model.case import Case
from specimen.contracts.payloads.model.case_types import FAMILIES, VERDICTS, Kind
from specimen.contracts.payloads.model.event_payloads import WEBHOOK
from specimen.contracts.payloads.model.valid_payloads import REQUEST, RESPONSE
from specimen.specs import Provider

_WAYS = (REQUEST, RESPONSE)
_GAP = "  "
# Reasons in fewer columns than these are left to the terminal to wrap.
_NARROWEST = 20


@dataclass(frozen=True)
class Summary:
    """Counts of the cases of some providers.

    Attributes:
        counts: cases by provider, direction, kind and verdict.
        shown: a case of each kind, families in their order.
    """

    names: tuple[str, ...]
    counts: Counter[tuple[str, str, str, str]]
    shown: dict[str, Case]
    ways: tuple[str, ...] = _WAYS

    def total(self, name: str, direction: str, kinds: Iterable[str], verdicts: Iterable[str] = VERDICTS) -> int:
        """How many cases of some kinds a provider has in a direction, with one of the verdicts."""
        return sum(self.counts[name, direction, kind, verdict] for kind in kinds for verdict in verdicts)

    def cell(self, name: str, kinds: Sequence[str], verdicts: Sequence[str] = VERDICTS) -> str:
        """The cases in requests · in responses."""
        return " · ".join(f"{self.total(name, way, kinds, verdicts):,}" for way in self.ways)


def summed(providers: Sequence[Provider], choice: Choice) -> Summary:
    """The counts of what is chosen of the providers' cases."""
    counts: Counter[tuple[str, str, str, str]] = Counter()
    shown: dict[str, Case] = {}
    ways = (WEBHOOK,) if choice.direction == WEBHOOK else _WAYS
    for provider in providers:
        for case in chosen(provider, choice):
            counts[provider.name, case.direction, case.kind, case.verdict] += 1
            shown.setdefault(case.kind, case)
    ordered = {kind: shown[kind] for family in FAMILIES for kind in sorted(shown) if kind.partition(".")[0] == family}
    return Summary(tuple(provider.name for provider in providers), counts, ordered, ways)


def markdown(found: Summary) -> Iterator[str]:
    """A table in Markdown: for each family its kinds, and for each provider the cases in requests · in responses."""
    names, every = found.names, list(found.shown)
    what = "cases in events" if found.ways == (WEBHOOK,) else "cases in requests · in responses"
    yield f"| {what} | kinds | {' | '.join(names)} |"
    yield f"|---|---:|{'---:|' * len(names)}"
    for family in FAMILIES:
        kinds = [kind for kind in every if kind.partition(".")[0] == family]
        yield f"| {family} | {len(kinds)} | {' | '.join(found.cell(name, kinds) for name in names)} |"
    yield f"| all | {len(every)} | {' | '.join(found.cell(name, every) for name in names)} |"
    for verdict in VERDICTS:
        yield f"| of these `{verdict}` | | {' | '.join(found.cell(name, every, [verdict]) for name in names)} |"


def kind_lines(kinds: Iterable[Kind], width: int | None = None) -> Iterator[str]:
    """Yields a table for people, line by line: each kind with the verdicts that its cases may have, and its reason.

    Plain text: a thousand rows of Rich's cost a third of a second.

    Args:
        kinds: what is shown.
        width: the columns of the terminal, at which the reasons are wrapped; None wraps none.
    """
    rows = [("kind", "may be", "why"), *((kind.id, ", ".join(_claims(kind)), kind.rationale) for kind in kinds)]
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    indent = first + second + 2 * len(_GAP)
    room = None if width is None or width < indent + _NARROWEST else width - indent
    for name, claims, why in rows:
        head, *more = [why] if room is None or len(why) <= room else wrap(why, room, break_on_hyphens=False)
        yield f"{name:{first}}{_GAP}{claims:{second}}{_GAP}{head}"
        yield from (" " * indent + line for line in more)


def kinds_value(kinds: Iterable[Kind]) -> dict[str, Any]:
    """Kinds as JSON: `{"version": 1, "kinds": [{kind, family, rationale, source, tags, may_be}]}`, `may_be` verdicts."""
    return {
        "version": 1,
        "kinds": [
            {
                "kind": kind.id, "family": kind.family, "rationale": kind.rationale, "source": kind.source,
                "tags": list(kind.tags), "may_be": _claims(kind),
            }
            for kind in kinds
        ],
    }  # fmt: skip


def _claims(kind: Kind) -> list[str]:
    return [verdict for verdict in VERDICTS if verdict in kind.claims]


def as_value(found: Summary) -> dict[str, Any]:
    """The counts as JSON: `{"version": 1, "kinds": [{kind, family, rationale, source, cases, verdicts}]}`.

    `cases` has for each provider those in requests and in responses.
    """
    return {"version": 1, "kinds": [_kind(found, kind, case) for kind, case in found.shown.items()]}


def _kind(found: Summary, kind: str, case: Case) -> dict[str, Any]:
    return {
        "kind": kind,
        "family": kind.partition(".")[0],
        "rationale": case.rationale,
        "source": case.source,
        "cases": {name: {way: found.total(name, way, [kind]) for way in found.ways} for name in found.names},
        "verdicts": {
            verdict: sum(found.total(name, way, [kind], [verdict]) for name in found.names for way in found.ways)
            for verdict in VERDICTS
        },
    }
