"""Makes the golden files: every scenario of every provider at a fixed seed and time, in each state along it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from specimen import specs
from specimen.fixtures.primitives import times
from specimen.mockserver.testing.preview import phases

SEED = 1
NOW = times.parse("2026-03-19T10:31:30Z")
FOLDER = Path(__file__).parent.parent / "fixtures" / "golden"


def golden(provider: specs.Provider, scenario: str) -> str:
    """The text of a scenario's golden file."""
    steps = list(phases(provider, scenario, seed=SEED, now=NOW))
    content = {"provider": provider.name, "scenario": scenario, "seed": SEED, "now": times.iso_millis(NOW), "steps": steps}
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def main() -> int:
    """Remakes all files and removes those whose scenario is gone; prints what changed."""
    wanted: dict[Path, str] = {}
    for name in specs.names():
        provider = specs.load(name)
        if provider.is_builtin:
            for scenario in provider.lifecycle.scenarios:
                wanted[FOLDER / name / f"{scenario}.json"] = golden(provider, scenario)
    changed = 0
    for path in set(FOLDER.glob("*/*.json")) - set(wanted):
        path.unlink()
        changed += 1
        print(f"removed {path.relative_to(FOLDER)}")
    for path, text in wanted.items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            changed += 1
            print(f"wrote {path.relative_to(FOLDER)}")
    print(f"{len(wanted)} golden files, {changed} changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
