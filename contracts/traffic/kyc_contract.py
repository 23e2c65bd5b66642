"""Clients of one test, and the violations of their exchanges."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from specimen.contracts.traffic.pytest_baseline import known_failures

if TYPE_CHECKING:
    import httpx
    import requests

    from specimen.contracts.judge.rule import Violation
    from specimen.contracts.reporting.model import Report
    from specimen.contracts.traffic.listener import Listener

Client = TypeVar("Client")


class ClientFactory(Generic[Client]):
    """Makes clients of one kind whose exchanges are judged."""

    def __init__(self, listener: Callable[..., Listener], make: Callable[..., Client]) -> None:
        self._listener, self._make = listener, make

    def __call__(
        self,
        provider: str | None = None,
        *,
        url: str | None = None,
        fail_on: str | None = None,
        strict: bool | None = None,
        baseline: str | Path | None = None,
        **options: Any,
    ) -> Client:
        """Makes a client; `options` are those of its library.

        Provider and URL may be left out where the marker names them. `fail_on` is the least severity that
        fails: error, warning or note; `strict` is the same as note. `baseline` is a file of known failures, which fail nothing.

        Raises:
            SpecimenError: there is no such provider, or no URL, or the baseline is invalid.
        """
        return self._make(self._listener(provider, url, fail_on, strict, baseline), **options)


class KycContract:
    """Makes clients, and keeps the violations of their exchanges.

    `baseline` is a file of known failures, relative to `folder`, in place of that of the provider among `baselines`.
    """

    def __init__(
        self,
        provider: str | None = None,
        url: str | None = None,
        *,
        fail_on: str | None = None,
        strict: bool | None = None,
        baseline: str | Path | None = None,
        baselines: tuple[Path, ...] = (),
        folder: Path | None = None,
    ) -> None:
        self._baseline, self._baselines, self._folder = baseline, baselines, folder or Path()
        self._provider = provider
        self._url = url
        self._fail_on, self._strict = fail_on, strict
        self._stack = ExitStack()
        self._listeners: dict[tuple[str, str, str, Path | None], Listener] = {}
        self._reported: set[Violation] = set()

    @property
    def client(self) -> ClientFactory[httpx.Client]:
        """Makes an `httpx.Client` with `url` as its base URL; `options` are those of httpx, such as `headers` or `transport`."""

        def make(listener: Listener, **options: Any) -> httpx.Client:
            from specimen.contracts.traffic import http_clients

            return self._stack.enter_context(http_clients.client(listener, **options))

        return ClientFactory(self._listener, make)

    @property
    def async_client(self) -> ClientFactory[httpx.AsyncClient]:
        """Makes the same as an `httpx.AsyncClient`; close it in the loop that it is used in."""

        def make(listener: Listener, **options: Any) -> httpx.AsyncClient:
            from specimen.contracts.traffic import http_clients

            return http_clients.async_client(listener, **options)

        return ClientFactory(self._listener, make)

    @property
    def requests_session(self) -> ClientFactory[requests.Session]:
        """Makes the same as a `requests.Session`, whose URLs may be paths below `url`; requests must be installed."""

        def make(listener: Listener) -> requests.Session:
            from specimen.contracts.traffic import http_clients

            return self._stack.enter_context(http_clients.requests_session(listener))

        return ClientFactory(self._listener, make)

    @property
    def violations(self) -> list[Violation]:
        """The violations so far that fail the test, the first of each kind."""
        return [violation for violation, _ in self._errors()]

    @property
    def notes(self) -> list[Violation]:
        """The violations that are reported and fail no test."""
        return [violation for listener in self._listeners.values() for violation in listener.monitor.notes]

    @property
    def reports(self) -> list[Report]:
        """What was found so far with each client's provider, URL and baseline, where it has one."""
        monitors = [listener.monitor for listener in self._listeners.values()]
        return [monitor.report("pytest") for monitor in monitors if monitor.baseline is not None]

    @property
    def exchanges(self) -> int:
        """The number of recorded exchanges."""
        return sum(listener.monitor.exchanges for listener in self._listeners.values())

    @property
    def place(self) -> str:
        """The provider and the URL of the marker."""
        return f"{self._provider} at {self._url}"

    def judge_all(self) -> None:
        """Judges what the test exchanges with the marker's URL, through any client of httpx or requests."""
        from specimen.contracts.traffic import http_clients

        self._stack.enter_context(http_clients.judging_all(self._listener(None, None, None, None, None)))

    def close(self) -> None:
        """Closes the clients."""
        self._stack.close()

    def complaint(self) -> str:
        """Returns the text of the violations since the last call; empty for none."""
        new = [(violation, count) for violation, count in self._errors() if violation not in self._reported]
        self._reported.update(violation for violation, _ in new)
        return _as_text(new) + self._expired({violation for violation, _ in new})

    def _expired(self, new: set[Violation]) -> str:
        """Why violations count that an expired entry of a baseline matches."""
        if not new:
            return ""
        from specimen.contracts.reporting.known_failures import expired_text

        found = [known for report in self.reports for known in report.expired if known.found.violation in new]
        texts = list(dict.fromkeys(expired_text(known.entry) for known in found))
        return "\n\n" + "\n".join(texts) if texts else ""

    def _errors(self) -> list[tuple[Violation, int]]:
        return [found for listener in self._listeners.values() for found in listener.monitor.errors.items()]

    def _listener(
        self, provider: str | None, url: str | None, fail_on: str | None, strict: bool | None, baseline: str | Path | None
    ) -> Listener:
        from specimen import specs
        from specimen.contracts.judge.severity import fail_level
        from specimen.contracts.traffic.listener import Listener
        from specimen.contracts.traffic.monitor import BaseUrl, Monitor, TrafficError

        name, place = provider or self._provider, url or self._url
        if name is None or place is None:
            lacks = "provider" if name is None else "url"
            raise TrafficError(f"kyc_contract: no {lacks}. Give it to the client or to the marker: ('kayle', url='http://…').")
        if fail_on is None and strict is None:
            fail_on, strict = self._fail_on, self._strict
        given = baseline if baseline is not None else self._baseline
        file = None if given is None else self._folder / given
        key = (name, place, fail_level(fail_on, strict=bool(strict)), file)
        if key not in self._listeners:
            base = BaseUrl.parse(place, "kyc_contract url")
            known = known_failures(name, file, self._baselines)
            self._listeners[key] = Listener(Monitor(specs.load(name), str(base), fail_on=key[2], baseline=known), base)
        return self._listeners[key]


def _as_text(found: list[tuple[Violation, int]]) -> str:
    """Formats violations by rule: its sentence and source, then a line for each field with its count."""
    if not found:
        return ""
    lines = [f"{len(found)} violation{'s'[: len(found) > 1]} of the contract:"]
    last = None
    for one, count in found:
        if one.rule != last:
            lines += ["", f"{one.rule} {one.sentence}  ({one.source or 'the document'})"]
            last = one.rule
        where = f"{one.operation} {one.status}" + (f" {one.pointer}" if one.pointer else "")
        times = f" ({count} times)" if count > 1 else ""
        lines.append(f"  {where}: expected {one.expected}, got {one.got}{times}")
    return "\n".join(lines)
