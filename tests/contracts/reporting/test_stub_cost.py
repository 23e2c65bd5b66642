"""What is done for a finding is bounded, however often it is seen: counted, not timed."""

from __future__ import annotations

import pytest

from specimen.contracts.reporting import samples
from specimen.contracts.reporting.collector import Collector
from specimen.contracts.reporting.samples import Sampler
from specimen.contracts.verify import verify
from tests import stub_cost
from tests.contracts.example_reports import BASE_URL, exchange, kayle, session_body


class Counts:
    """Counts the calls of methods that go on as they are."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.calls: dict[str, int] = {}

    def of(self, owner: type, name: str) -> None:
        """Counts a method's calls from now on."""
        plain = getattr(owner, name)
        self.calls[name] = 0

        def counted(*arguments, **options):
            self.calls[name] += 1
            return plain(*arguments, **options)

        self._monkeypatch.setattr(owner, name, counted)


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> Counts:
    """Counts of samples, of redactions, and of trials of a rule on fewer exchanges."""
    found = Counts(monkeypatch)
    for owner, name in ((Sampler, "commands"), (Sampler, "_fires"), (Collector, "_clean")):
        found.of(owner, name)
    return found


@pytest.mark.parametrize("name", stub_cost.STUBS)
def test_verify__does_the_costly_once_for_a_finding(name: str, counts: Counts) -> None:
    """A broken service has one sample for each finding, and few redactions for what is seen hundreds of times."""
    with stub_cost.target(name) as url:
        report = verify(url, stub_cost.PROVIDER, profile="smoke", auth={"Authorization": f"Bearer {stub_cost.TOKEN}"})
    seen = sum(entry.count for entry in report.found)
    assert seen > 2 * len(report.found) > 0
    assert counts.calls["commands"] == len(report.found)
    assert counts.calls["_clean"] <= 1.5 * len(report.found)
    assert counts.calls["_fires"] <= samples._MOST_TRIES * len(report.found)


def test_collector__redacts_what_is_seen_again_no_more(counts: Counts) -> None:
    """The same violation a hundred times is redacted once, and counted a hundred times."""
    collector = Collector(kayle(), BASE_URL)
    one = exchange(session_body(status="half"))
    for _ in range(100):
        collector.judge(one)
    assert {entry.count for entry in collector.found} >= {100}
    assert counts.calls["_clean"] == len(collector.found)


def test_sampler__leaves_out_earlier_exchanges_a_bounded_number_of_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that rests on everything before it, and would be tried on every part of it, is tried so often and no more."""
    sampler = Sampler(kayle(), BASE_URL, {}, frozenset())
    for index in range(400):
        sampler.memory.receive(exchange(at=index))
    tried: list[int] = []

    def fires(_, __, ___, earlier) -> bool:
        tried.append(len(earlier))
        return len(earlier) == 400

    monkeypatch.setattr(Sampler, "_fires", fires)
    monkeypatch.setattr(Sampler, "_stands_alone", lambda *_: False)
    last = exchange(session_body(status="half"))
    collector = Collector(kayle(), BASE_URL)
    (violation, *_) = collector.judge(last)
    tried.clear()
    kept = sampler._earlier(last, violation)
    assert kept is not None
    assert len(kept) == 400
    assert len(tried) <= samples._MOST_TRIES + 1
