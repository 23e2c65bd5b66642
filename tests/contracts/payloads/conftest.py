"""Catalogues that are made once for the tests of how they are chosen from and printed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from specimen.contracts.payloads import Case, Choice, LeftOut
from specimen.contracts.payloads.generate import selection
from specimen.specs import Provider
from tests.contracts.payloads.catalogues import made_once


@pytest.fixture
def quick_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is chosen from is made once for all tests of a process."""

    def made(provider: Provider, choice: Choice, left_out: list[LeftOut] | None) -> Iterator[Case]:
        asked = {name: getattr(choice, name) for name in ("operation", "direction", "status", "seed", "now")}
        return made_once(provider, **asked, left_out=left_out)

    monkeypatch.setattr(selection, "_made", made)
