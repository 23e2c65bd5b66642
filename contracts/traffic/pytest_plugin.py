"""The pytest fixture `kyc_contract`: clients whose exchanges must keep a vendor's contract."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from specimen.contracts.traffic.kyc_contract import KycContract
from specimen.contracts.traffic.pytest_baseline import OPTION, configured, print_baselines, properties_of

if TYPE_CHECKING:
    from specimen.contracts.judge.rule import Violation

_MARKER = "kyc_contract"
_KEY = pytest.StashKey[KycContract]()
_NOTE = "kyc_contract_note"
_NOTHING_JUDGED = "kyc_contract_nothing_judged"
_MARKER_HELP = (
    "kyc_contract(provider, url=…, fail_on='warning', baseline=…): what the test exchanges with that URL (or the fixture of that "
    "name) through httpx, requests, aiohttp or urllib3 must keep the provider's contract, but for the known failures of a file."
)


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
            contract.judge_all()
        yield contract
    finally:
        contract.close()
        complaint = contract.complaint()
        for note in contract.notes:
            request.node.user_properties.append((_NOTE, _line(note)))
        request.node.user_properties += properties_of(contract.reports)
        if marker is not None and not contract.exchanges:
            request.node.user_properties.append((_NOTHING_JUDGED, contract.place))
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
    unjudged: dict[str, str] = {}
    passed = {report.nodeid for report in terminalreporter.stats.get("passed", ())}
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name == _NOTE:
                    notes.setdefault(str(value), set()).add(report.nodeid)
                elif name == _NOTHING_JUDGED and report.nodeid in passed:
                    unjudged[report.nodeid] = str(value)
    if unjudged:
        terminalreporter.section("kyc_contract: nothing was judged")
        for nodeid, place in sorted(unjudged.items()):
            terminalreporter.line(f"{nodeid}: no exchange with {place} was seen. Is that the URL that it uses?")
        terminalreporter.line(
            "Judged are httpx, requests, aiohttp and urllib3, in this process. For another client or process put `specimen "
            "proxy` between, and give it the proxy's address."
        )
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


def _line(violation: Violation) -> str:
    from specimen.contracts.traffic.monitor import as_text

    return as_text(violation)
