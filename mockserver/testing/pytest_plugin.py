"""The pytest fixture `kyc_mock`: the sandbox inside a test, in process or on a real port."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from specimen.mockserver.testing.sandbox import KycMock


@pytest.fixture
def kyc_mock(request: pytest.FixtureRequest) -> Iterator[KycMock]:
    """A sandbox of this test's own: no other test or worker shares its sessions, clock or port.

    `@pytest.mark.kyc_mock(freeze=True, now="2026-03-01T12:00:00Z", pace="manual")` sets it; the names are those of
    `specimen serve`.
    """
    from specimen.mockserver.testing.sandbox import sandbox

    options: dict[str, Any] = {}
    for marker in reversed(list(request.node.iter_markers("kyc_mock"))):
        options.update(marker.kwargs)
    with sandbox(**options) as mock:
        yield mock


def pytest_configure(config: pytest.Config) -> None:
    """Registers the marker."""
    config.addinivalue_line("markers", "kyc_mock(**settings): settings of the `kyc_mock` fixture, as in `specimen serve`.")
