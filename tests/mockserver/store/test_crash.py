"""What was acknowledged outlives a kill; `make crash` does so twenty times."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import crash
from tests.mockserver.store.places import needs_redis


@pytest.mark.parametrize("store", [crash.sqlite, pytest.param(crash.redis, marks=needs_redis)])
def test_crash__loses_nothing(store: Callable[[Path, int, int], crash.Outcome], tmp_path: Path) -> None:
    """Two kills amid 200 creates: all that were answered are there, in every index."""
    outcome = store(tmp_path, 2, 200)
    assert (outcome.kills, outcome.lost, outcome.damaged) == (2, 0, 0)
    assert outcome.acknowledged >= 200
