"""The pytest fixture `kyc_contract`: clients whose exchanges must keep a vendor's contract."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from specimen.contracts.traffic.pytest_baseline import OPTION, configured, known_failures, print_baselines, properties_of

if TYPE_CHECKING:
    import httpx
    import requests

    from specimen.contracts.judge.rule import Violation
    from specimen.contracts.reporting.model import Report
    from specimen.contracts.traffic.http_clients import Listener

_MARKER = "kyc_contract"
_KEY = pytest.StashKey["KycContract"]()
_NOTE = "kyc_contract_note"
_UNHEARD = "kyc_contract_unheard"
_MARKER_HELP = (
    "kyc_contract(provider, url=…, fail_on='warning', baseline=…): what the test exchanges with that URL (or the fixture of that "
    "name) through httpx or requests must keep the provider's contract, but for the known failures of a file."
)


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
        self._told: set[Violation] = set()

    def client(
        self,
        provider: str | None = None,
        *,
        url: str | None = None,
        fail_on: str | None = None,
        strict: bool | None = None,
        baseline: str | Path | None = None,
        **options: Any,
    ) -> httpx.Client:
        """An `httpx.Client` with `url` as its base URL; `options` are those of httpx, such as `headers` or `transport`.

        Provider and URL may be left out where the marker names them. `fail_on` is the least severity that
        fails: error, warning or note; `strict` is the same as note. `baseline` is a file of known failures, which fail nothing.

        Raises:
            SpecimenError: there is no such provider, or no URL, or the baseline is invalid.
        """
        from specimen.contracts.traffic import http_clients

        return self._stack.enter_context(http_clients.client(self._listener(provider, url, fail_on, strict, baseline), **options))

    def async_client(
        self,
        provider: str | None = None,
        *,
        url: str | None = None,
        fail_on: str | None = None,
        strict: bool | None = None,
        baseline: str | Path | None = None,
        **options: Any,
    ) -> httpx.AsyncClient:
        """The same as an `httpx.AsyncClient`; close it in the loop that it is used in."""
        from specimen.contracts.traffic import http_clients

        return http_clients.async_client(self._listener(provider, url, fail_on, strict, baseline), **options)

    def requests_session(
        self,
        provider: str | None = None,
        *,
        url: str | None = None,
        fail_on: str | None = None,
        strict: bool | None = None,
        baseline: str | Path | None = None,
    ) -> requests.Session:
        """The same as a `requests.Session`, whose URLs may be paths below `url`; requests must be installed."""
        from specimen.contracts.traffic import http_clients

        return self._stack.enter_context(http_clients.requests_session(self._listener(provider, url, fail_on, strict, baseline)))

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

    def hear_all(self) -> None:
        """Judges what the test exchanges with the marker's URL, through any client of httpx or requests."""
        from specimen.contracts.traffic import http_clients

        self._stack.enter_context(http_clients.hearing_all(self._listener(None, None, None, None, None)))

    def close(self) -> None:
        """Closes the clients."""
        self._stack.close()

    def complaint(self) -> str:
        """Returns the text of the violations since the last call; empty for none."""
        new = [(violation, count) for violation, count in self._errors() if violation not in self._told]
        self._told.update(violation for violation, _ in new)
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
        from specimen.contracts.traffic.http_clients import Listener
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


@pytest.fixture
def kyc_contract(request: pytest.FixtureRequest) -> Iterator[KycContract]:
    """Clients whose exchanges are judged: `client = kyc_contract.client("kayle", url="http://127.0.0.1:8000")`.

    At its end the test fails if one broke the vendor's contract. `async_client` and `requests_session` are like it;
    `@pytest.mark.kyc_contract("kayle", url=…, strict=True)` sets what they use and judges other clients' exchanges too.
    """
    marker = request.node.get_closest_marker(_MARKER)
    contract = _of_marker(marker, request) if marker is not None else KycContract(**configured(request))
    request.node.stash[_KEY] = contract
    try:
        if marker is not None:
            contract.hear_all()
        yield contract
    finally:
        contract.close()
        complaint = contract.complaint()
        for note in contract.notes:
            request.node.user_properties.append((_NOTE, _line(note)))
        request.node.user_properties += properties_of(contract.reports)
        if marker is not None and not contract.exchanges:
            request.node.user_properties.append((_UNHEARD, contract.place))
    if complaint:
        pytest.fail(complaint, pytrace=False)


def _of_marker(marker: pytest.Mark, request: pytest.FixtureRequest) -> KycContract:
    if len(marker.args) != 1 or set(marker.kwargs) - {"url", "strict", "fail_on", "baseline"}:
        raise pytest.UsageError(
            f"{request.node.nodeid}: expected @pytest.mark.kyc_contract('kayle', url='http://…', fail_on='warning')."
        )
    url = marker.kwargs.get("url")
    if isinstance(url, str) and "://" not in url:
        url = str(request.getfixturevalue(url))
    if url is None:
        raise pytest.UsageError(f"{request.node.nodeid}: the marker kyc_contract has no url, and no name of a fixture as url.")
    given: dict[str, Any] = {name: marker.kwargs.get(name) for name in ("fail_on", "strict", "baseline")}
    return KycContract(marker.args[0], url, **given, **configured(request))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Fails a test whose exchanges broke a contract; adds the text where it fails for another reason."""
    try:
        result = yield
    except BaseException:
        contract = item.stash.get(_KEY, None)
        if contract is not None and (complaint := contract.complaint()):
            item.add_report_section("call", "kyc_contract", complaint)
        raise
    contract = item.stash.get(_KEY, None)
    if contract is not None and (complaint := contract.complaint()):
        pytest.fail(complaint, pytrace=False)
    return result


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Gives the fixture to each test with the marker."""
    for item in items:
        names = getattr(item, "fixturenames", None)
        if names is not None and item.get_closest_marker(_MARKER) is not None and "kyc_contract" not in names:
            names.insert(0, "kyc_contract")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Shows the notes of all tests, those of xdist's workers too, and the marked tests that passed with nothing judged.

    Of a baseline it shows the known failures, and the entries that no test matched, although one could have.
    """
    notes: dict[str, set[str]] = {}
    unheard: dict[str, str] = {}
    passed = {report.nodeid for report in terminalreporter.stats.get("passed", ())}
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name == _NOTE:
                    notes.setdefault(str(value), set()).add(report.nodeid)
                elif name == _UNHEARD and report.nodeid in passed:
                    unheard[report.nodeid] = str(value)
    if unheard:
        terminalreporter.section("kyc_contract: nothing was judged")
        for nodeid, place in sorted(unheard.items()):
            terminalreporter.line(f"{nodeid}: no exchange with {place} was heard. Is that the URL that it uses?")
    print_baselines(terminalreporter)
    if notes:
        terminalreporter.section("notes of kyc_contract: broken rules that fail no test")
        for text, tests in sorted(notes.items()):
            terminalreporter.line(f"{text} ({len(tests)} test{'s'[: len(tests) > 1]})")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the option of the configuration."""
    parser.addini(OPTION, "Files of known failures, one for each provider, that fail no test of kyc_contract.", "paths")


def pytest_configure(config: pytest.Config) -> None:
    """Registers the marker."""
    config.addinivalue_line("markers", _MARKER_HELP)


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


def _line(violation: Violation) -> str:
    from specimen.contracts.traffic.monitor import as_text

    return as_text(violation)
