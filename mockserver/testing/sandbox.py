"""The sandbox inside a test or a script: providers, clock, faults and request log of a mock in this process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

    from specimen.mockserver.app import App, Mounted
    from specimen.mockserver.control.client.clients import Client
    from specimen.mockserver.control.client.values import Exchange, Session

_URL = "http://127.0.0.1"


class MockClock:
    """The mock's clock, controlled by a test."""

    def __init__(self, mock: KycMock) -> None:
        self._mock = mock

    def now(self) -> int:
        """Milliseconds since the epoch."""
        return self._mock.app.clock.now()

    def forward(self, *, seconds: float = 0, minutes: float = 0, hours: float = 0, days: float = 0) -> None:
        """Moves the time forward for every provider; sessions move along.

        Raises:
            SettingError: the sum is negative.
        """
        step = timedelta(seconds=seconds, minutes=minutes, hours=hours, days=days)
        from specimen.mockserver.testing.in_process import completed

        completed(self._mock.app.forward(round(step.total_seconds() * 1000)))

    def set(self, now: str) -> None:
        """Sets the time (ISO 8601, UTC); back only while there is no session.

        Raises:
            ControlError: it is no time, or a past one.
        """
        self._mock.control.set_clock(now)

    def freeze(self) -> None:
        """Stops the time."""
        self._mock.control.freeze()

    def run(self) -> None:
        """Lets the time go on."""
        self._mock.control.run()


class MockFaults:
    """The mock's faults: `kyc_mock.faults.add("status", status=503, match={"count": 2})`."""

    def __init__(self, mock: KycMock) -> None:
        self._mock = mock

    def add(self, kind: str, *, match: Mapping[str, Any] | None = None, **what: Any) -> str:
        """Adds a fault, with the members of a faults file; returns its id.

        Raises:
            ControlError: there is no such kind, or it has no such member.
        """
        return self._mock.control.add_fault(kind, match=match, **what)

    def set(self, faults: str | Sequence[Mapping[str, Any]]) -> None:
        """Replaces all faults by rules, or by the preset of that name."""
        self._mock.control.set_faults(faults)

    def clear(self) -> None:
        """Removes all faults."""
        self._mock.control.clear_faults()


class MockWebhook:
    """An endpoint that a test has added: `keys` are what `specimen.webhooks.verify` needs."""

    def __init__(self, mock: KycMock, provider: str, shown: Mapping[str, Any]) -> None:
        self._mock = mock
        self._provider = provider
        self.id: str = shown["id"]
        self.keys: Mapping[str, Any] = shown["keys"]

    @property
    def attempts(self) -> list[Mapping[str, Any]]:
        """The log of its attempts, oldest first: request, answer, latency, next try."""
        found = self._mock.control.call("GET", f"/webhook-attempts/{self._provider}")["attempts"]
        return [one for one in found if one["endpoint"] == self.id]

    def remove(self) -> None:
        """Sends nothing more to it."""
        self._mock.control.call("DELETE", f"/webhooks/{self._provider}/{self.id}")


class MockWebhooks:
    """The mock's webhooks: `kyc_mock.webhooks.add("kyve", url)`."""

    def __init__(self, mock: KycMock) -> None:
        self._mock = mock

    def add(self, provider: str, url: str, *, faults: Sequence[str] = (), **more: Any) -> MockWebhook:
        """Sends a provider's webhooks to a target on this machine; `more` are further members of `POST /webhooks`.

        They are sent from a real port, which is started. A test that moves the clock gets what is due at once.

        Raises:
            ControlError: the provider sends none, or the target is not allowed.
        """
        _ = self._mock.url  # what sends runs there
        body = {"provider": provider, "url": url, "faults": list(faults), **more}
        return MockWebhook(self._mock, provider, self._mock.control.call("POST", "/webhooks", body=body))


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

        from specimen.mockserver.testing.transports import AsyncInProcessTransport

        base = _URL + self._mounted.provider.mount
        transport = AsyncInProcessTransport(self._mock.app)
        return httpx.AsyncClient(transport=transport, base_url=base, headers=self.headers, **options)

    def sync_client(self, **options: Any) -> httpx.Client:
        """An `httpx.Client` that calls the mock in process, as `client`."""
        import httpx

        from specimen.mockserver.testing.transports import InProcessTransport

        base = _URL + self._mounted.provider.mount
        return httpx.Client(transport=InProcessTransport(self._mock.app), base_url=base, headers=self.headers, **options)

    def create(self, scenario: str | None = None, **preferences: Any) -> dict[str, Any]:
        """Creates a session by the provider's documented create request; returns the answer's JSON and its `id`.

        Further arguments are preferences: `status="failed"`, `seed=7`, `pace="instant"`, or one of the provider's choices; and
        facts of the person: `given_names`, `family_name`, `birth_date` and `sex`.

        Raises:
            InvalidPreference: the provider has no such scenario, status or choice, or there is no such preference.
            InvalidFact: a fact of the person has another form, or a person of that age holds no such document.
        """
        from specimen.mockserver.testing.in_process import create

        return create(self._mounted, self._mock.app, {"scenario": scenario, **preferences})

    def session(self, session: str | Mapping[str, Any]) -> Session:
        """A session as it is now, by its id or by what `create` returned."""
        return self._mock.control.session(self.name, _id(session))

    def advance(self, session: str | Mapping[str, Any], **facts: Any) -> Session:
        """Moves a session to the next state of its scenario; facts narrow what its answers say there.

        Raises:
            ControlError: it is at its end, or a fact contradicts what it has shown.
        """
        return self._mock.control.advance(self.name, _id(session), **facts)

    def transition(self, session: str | Mapping[str, Any], to: str, **facts: Any) -> Session:
        """Moves a session to a state: `kyc_mock.kayle.transition(session, "failed", failure_code="liveness_failed")`.

        Raises:
            ControlError: it cannot move there, or a fact contradicts what it has shown.
        """
        return self._mock.control.transition(self.name, _id(session), to, **facts)

    def expire(self, session: str | Mapping[str, Any]) -> Session:
        """Ends a session's lifetime.

        Raises:
            ControlError: it does not expire, or no longer.
        """
        return self._mock.control.expire(self.name, _id(session))

    def ids(self) -> list[Mapping[str, Any]]:
        """The provider's entries of `specimen ids --json`."""
        return list(self._mounted.table.entries())


class KycMock:
    """The sandbox: `kyc_mock.kayle.create(scenario="liveness_failed")`, `kyc_mock.clock.forward(minutes=31)`."""

    def __init__(self, app: App, stack: ExitStack) -> None:
        self.app = app
        self.clock = MockClock(self)
        self.faults = MockFaults(self)
        self.webhooks = MockWebhooks(self)
        self._stack = stack
        self._url: str | None = None
        self._control: Client | None = None
        self._providers: dict[str, MockProvider] = {}

    @property
    def url(self) -> str:
        """The URL of a real port on this machine, started when first asked for."""
        if self._url is None:
            from specimen.mockserver.http.server import running

            self._url = self._stack.enter_context(running(self.app))
        return self._url

    @property
    def control(self) -> Client:
        """The control API, in process."""
        if self._control is None:
            import httpx

            from specimen.mockserver.control.client.clients import Client
            from specimen.mockserver.testing.transports import InProcessTransport

            http = self._stack.enter_context(httpx.Client(transport=InProcessTransport(self.app)))
            self._control = Client(_URL, token=self.app.control_token, http=http)
        return self._control

    def requests(self, **filters: Any) -> list[Exchange]:
        """The requests that came, oldest first; `filters` are those of `GET /requests`, such as `operation`."""
        return self.control.requests(**filters)

    def assert_called(self, **question: Any) -> None:
        """Requests came: `assert_called(operation="getSession", times=2, header="Idempotency-Key")`.

        Raises:
            AssertionError: they did not; the message shows the nearest ones.
        """
        __tracebackhide__ = True
        self.control.assert_called(**question)

    def assert_not_called(self, **of: Any) -> None:
        """No such request came.

        Raises:
            AssertionError: one did.
        """
        __tracebackhide__ = True
        self.control.assert_not_called(**of)

    def assert_polled(self, **question: Any) -> None:
        """Requests came often enough, never too fast and never after the end: `assert_polled(session=…, max_per_second=1)`.

        Raises:
            AssertionError: they did not.
        """
        __tracebackhide__ = True
        self.control.assert_polled(**question)

    def reset(self, scope: str = "namespace") -> None:
        """Resets all, or one part: sessions, requests, faults, clock."""
        self.control.reset(scope)

    def __getattr__(self, name: str) -> MockProvider:
        if name.startswith("_") or name not in self.app.mounted:
            raise AttributeError(f"the mock has no provider '{name}'; it has {', '.join(self.app.mounted)}")
        if name not in self._providers:
            self._providers[name] = MockProvider(self, name)
        return self._providers[name]


@contextmanager
def sandbox(**settings: Any) -> Iterator[KycMock]:
    """A sandbox of one's own, for unittest and scripts: `with specimen.sandbox(pace="manual") as mock:`.

    The settings are those of `specimen serve`; `pace` and `now` may be given as text.

    Raises:
        SettingError: one of them has an invalid value.
    """
    from specimen.fixtures.primitives import times
    from specimen.mockserver.app import build_app
    from specimen.mockserver.settings import Pace, Settings

    options = dict(settings)
    if isinstance(options.get("pace"), str):
        options["pace"] = Pace.parse(options["pace"])
    if isinstance(options.get("now"), str):
        options["now"] = times.parse(options["now"])
    if isinstance(options.get("providers"), list):
        options["providers"] = tuple(options["providers"])
    with ExitStack() as stack:
        yield KycMock(build_app(Settings(**options)), stack)


def _id(session: str | Mapping[str, Any]) -> str:
    return session if isinstance(session, str) else str(session["id"])
