"""How many cases there are: by family, provider and direction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import specs
from contracts.payloads.bases import REQUEST, RESPONSE
from contracts.payloads.catalogue import cases
from contracts.payloads.kinds import FAMILIES, VERDICTS

Counts = Counter[tuple[str, str, str, str, str]]


def counted(names: Sequence[str]) -> Counts:
    """Cases by provider, direction, family, kind and verdict."""
    found: Counts = Counter()
    for name in names:
        for case in cases(specs.load(name)):
            found[name, case.direction, case.kind.partition(".")[0], case.kind, case.verdict] += 1
    return found


def markdown(names: Sequence[str], counts: Counts) -> Iterator[str]:
    """A table in Markdown: for each family its kinds, and for each provider the cases in requests · in responses."""
    yield f"| cases in requests · in responses | kinds | {' | '.join(names)} |"
    yield f"|---|---:|{'---:|' * len(names)}"
    for family in FAMILIES:
        kinds = {key[3] for key in counts if key[2] == family}
        yield f"| {family} | {len(kinds)} | {' | '.join(_cell(counts, name, family) for name in names)} |"
    yield f"| all | {len({key[3] for key in counts})} | {' | '.join(_cell(counts, name) for name in names)} |"
    for verdict in VERDICTS:
        cells = [_cell(counts, name, verdict=verdict) for name in names]
        yield f"| of these `{verdict}` | | {' | '.join(cells)} |"


def _cell(counts: Counts, name: str, family: str | None = None, verdict: str | None = None) -> str:
    def total(direction: str) -> int:
        return sum(
            count
            for key, count in counts.items()
            if key[0] == name and key[1] == direction and family in (None, key[2]) and verdict in (None, key[4])
        )

    return f"{total(REQUEST):,} · {total(RESPONSE):,}"
