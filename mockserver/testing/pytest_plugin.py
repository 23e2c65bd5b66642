"""The pytest fixture `kyc_mock`: the sandbox inside a test, in process or on a real port."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

if TYPE_CHECKING:
    import httpx

    from specimen.mockserver.app import App, Mounted


class MockClock:
    """The mock's clock, controlled by a test."""

    def __init__(self, app: App) -> None:
        self._app = app

    def now(self) -> int:
        """Milliseconds since the epoch."""
        return self._app.clock.now()

    def forward(self, *, seconds: float = 0, minutes: float = 0, hours: float = 0, days: float = 0) -> None:
        """Moves the time forward for every provider; sessions move along.

        Raises:
            SettingError: the sum is negative.
        """
        step = timedelta(seconds=seconds, minutes=minutes, hours=hours, days=days)
        self._app.clock.forward(round(step.total_seconds() * 1000))
        for mounted in self._app.mounted.values():
            mounted.shared_state.notify()


class MockProvider:
    """One provider of the mock: its URL, clients, and sessions created on demand."""

    def __init__(self, mock: KycMock, name: str) -> None:
        self._mock = mock
        self._mounted: Mounted = mock.app.mounted[name]
        self.name = name

    @property
    def url(self) -> str:
        """The base URL on a real port, started when first asked for."""
        return self._mock.url + self._mounted.provider.mount

    @property
    def headers(self) -> dict[str, str]:
        """Valid credentials."""
        entry = next(one for one in self._mounted.provider.lifecycle.credentials.values() if one.fails is None)
        return dict(entry.headers)

    def client(self, **options: Any) -> httpx.AsyncClient:
        """An `httpx.AsyncClient` that calls the mock in process, with credentials and the base URL set."""
        import httpx

        transport = httpx.ASGITransport(app=cast("Any", self._mock.app))
        base = "http://127.0.0.1" + self._mounted.provider.mount
        return httpx.AsyncClient(transport=transport, base_url=base, headers=self.headers, **options)

    def create(self, scenario: str | None = None, **preferences: Any) -> dict[str, Any]:
        """Creates a session by the provider's documented create request; returns the answer's JSON and its `id`.

        Further arguments are preferences: `status="failed"`, `seed=7`, `pace="instant"`, or one of the provider's choices.

        Raises:
            InvalidPreference: the provider has no such scenario, status or choice.
        """
        from specimen.mockserver.testing.in_process import create

        return create(self._mounted, self._mock.app, {"scenario": scenario, **preferences})

    def ids(self) -> list[Mapping[str, Any]]:
        """The provider's entries of `specimen ids --json`."""
        return list(self._mounted.table.entries())


class KycMock:
    """The sandbox: `kyc_mock.kayle.create(scenario="failed")`, `kyc_mock.clock.forward(minutes=31)`."""

    def __init__(self, app: App, stack: ExitStack) -> None:
        self.app = app
        self.clock = MockClock(app)
        self._stack = stack
        self._url: str | None = None
        self._providers: dict[str, MockProvider] = {}

    @property
    def url(self) -> str:
        """The URL of a real port on this machine, started when first asked for."""
        if self._url is None:
            from specimen.mockserver.http.server import running

            self._url = self._stack.enter_context(running(self.app))
        return self._url

    def __getattr__(self, name: str) -> MockProvider:
        if name.startswith("_") or name not in self.app.mounted:
            raise AttributeError(f"the mock has no provider '{name}'; it has {', '.join(self.app.mounted)}")
        if name not in self._providers:
            self._providers[name] = MockProvider(self, name)
        return self._providers[name]


@pytest.fixture
def kyc_mock(request: pytest.FixtureRequest) -> Iterator[KycMock]:
    """A sandbox of this test's own: no other test or worker shares its sessions, clock or port.

    `@pytest.mark.kyc_mock(freeze=True, now="2026-03-01T12:00:00Z", pace="manual")` sets it; the names are those of
    `specimen serve`.
    """
    from specimen.fixtures.primitives import times
    from specimen.mockserver.app import build_app
    from specimen.mockserver.settings import Pace, Settings

    options: dict[str, Any] = {}
    for marker in reversed(list(request.node.iter_markers("kyc_mock"))):
        options.update(marker.kwargs)
    if isinstance(options.get("pace"), str):
        options["pace"] = Pace.parse(options["pace"])
    if isinstance(options.get("now"), str):
        options["now"] = times.parse(options["now"])
    with ExitStack() as stack:
        yield KycMock(build_app(Settings(**options)), stack)


def pytest_configure(config: pytest.Config) -> None:
    """Registers the marker."""
    config.addinivalue_line("markers", "kyc_mock(**settings): settings of the `kyc_mock` fixture, as in `specimen serve`.")
