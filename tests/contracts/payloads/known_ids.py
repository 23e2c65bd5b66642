"""The ids that cases have had, which they keep for ever: `python -m tests.contracts.payloads.known_ids` records new ones.

A line of `known_ids/<provider>.txt` holds what the ids of one place begin with, and the kinds that they end with.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from specimen import specs
from specimen.contracts.payloads import cases

FOLDER = Path(__file__).parent / "known_ids"


def known(name: str) -> set[str]:
    """The ids that a provider's cases have had; none where no file says so."""
    path = FOLDER / f"{name}.txt"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {f"{place}:{kind}" for place, *kinds in (line.split() for line in lines) for kind in kinds}


def record(name: str, ids: Iterable[str]) -> None:
    """Adds ids to those that are known; none is ever taken away."""
    by_place: dict[str, list[str]] = {}
    for case_id in sorted({*known(name), *ids}):
        place, _, kind = case_id.rpartition(":")
        by_place.setdefault(place, []).append(kind)
    FOLDER.mkdir(exist_ok=True)
    text = "".join(f"{place} {' '.join(kinds)}\n" for place, kinds in by_place.items())
    (FOLDER / f"{name}.txt").write_text(text, encoding="utf-8")


def main() -> None:
    """Records the ids of all cases."""
    for name in specs.names():
        before = known(name)
        now = {case.id for case in cases(name)}
        record(name, now)
        print(f"{name}: {len(now - before)} new, {len(before - now)} lost, {len(now | before)} known")


if __name__ == "__main__":
    main()
