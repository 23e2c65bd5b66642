"""Catalogues that are made once for the tests of how they are chosen from and printed."""

from __future__ import annotations

import pytest

from specimen.contracts.payloads.generate import selection
from tests.contracts.payloads.catalogues import made_once


@pytest.fixture
def quick_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is chosen from is made once for all tests of a process."""
    monkeypatch.setattr(selection, "_all", made_once)
