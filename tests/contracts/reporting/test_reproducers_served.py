"""The commands of findings in broken implementations, run in bash against them, show the same again."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from specimen import specs
from specimen.contracts.client.transport import Transport
from specimen.contracts.http.credentials import of_lifecycle
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.history import History
from specimen.contracts.judge.judge import observe
from specimen.contracts.judge.rule import Violation
from specimen.contracts.reporting.collector import Collector
from specimen.contracts.reporting.model import Sample
from specimen.contracts.reporting.samples import AGAIN, COURSE, IN_STATE, LISTED, STATE
from specimen.contracts.verify import runner
from specimen.contracts.verify.drivers.driver import PreferDriver
from specimen.contracts.verify.lifecycle_tests.steps import Walk
from tests.contracts.example_reports import BASE_URL, TOKEN, kayle, session_body
from tests.contracts.example_reports import exchange as example
from tests.contracts.judge.test_rules import NAMES
from tests.contracts.replaying import environment, is_explained, run, same
from tests.score.runs import Served, implementation, mutants, serving, subject

pytestmark = pytest.mark.skipif(shutil.which("curl") is None or shutil.which("bash") is None, reason="the commands need both")


@dataclass
class Recorder:
    """An application that keeps what it was asked and answered."""

    inner: Any
    provider: specs.Provider
    seen: list[Exchange] = field(default_factory=list)

    @property
    def settings(self) -> Any:
        """Those of what it passes requests to."""
        return self.inner.settings

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serves one request."""
        asked = bytearray()
        answer: dict[str, Any] = {"status": 0, "headers": {}, "body": b""}

        async def take() -> Any:
            message = await receive()
            asked.extend(message.get("body", b""))
            return message

        async def give(message: Any) -> None:
            if message["type"] == "http.response.start":
                shown = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in message["headers"]}
                answer.update(status=message["status"], headers=shown)
            else:
                answer["body"] += message.get("body", b"")
                if not message.get("more_body"):  # who has the whole answer looks here at once
                    self._keep(scope, bytes(asked), answer)
            await send(message)

        await self.inner(scope, take, give)
        if "kept" not in answer:  # a stream that its reader left
            self._keep(scope, bytes(asked), answer)

    def _keep(self, scope: Any, asked: bytes, answer: dict[str, Any]) -> None:
        answer["kept"] = True
        self.seen.append(
            Exchange(
                self.provider,
                scope["method"],
                scope["raw_path"].partition(b"?")[0].decode("latin-1").removeprefix(self.provider.mount),
                scope["query_string"].decode("latin-1"),
                {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
                asked,
                answer["status"],
                answer["headers"],
                answer["body"],
                time.time_ns() // 1_000_000,
                "walk",
            )
        )


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """A port behind which implementations change."""
    with serving() as found:
        yield found


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, int], Exchange]:
    """The exchange of each sample that a run makes, by its command and time: what the run knew of it."""
    found: dict[tuple[str, int], Exchange] = {}

    class Keeping(Collector):
        def _sample(self, exchange: Exchange, violation: Violation) -> Sample:
            sample = super()._sample(exchange, violation)
            found[sample.curl, sample.at] = exchange
            return sample

    monkeypatch.setattr(runner, "Collector", Keeping)
    return found


def judged_again(sample: Sample, meant: Exchange, app: Recorder) -> tuple[list[Violation], Exchange | None]:
    """What the judge says of the last answer of the commands, and that answer; None where there is none."""
    app.seen.clear()
    answer = run(sample, app.provider)
    if not app.seen or answer is None:
        return [], None
    *before, last = app.seen
    history, other = History(), environment(app.provider)["SPECIMEN_OTHER_TOKEN"]
    for one in before:
        is_other = bool(other) and any(other in value for value in one.request_headers.values())
        observe(replace(one, intent={"credentials": "other"} if is_other else {}), history)
    status, headers, body = answer
    now = replace(last, status=status, response_headers=headers, response_body=body, intent=meant.intent)
    return observe(now, history), now


@pytest.mark.sample(1)
@pytest.mark.parametrize(("name", "label"), [(name, entry.name) for name in NAMES for entry in mutants(name)])
def test_reproducer__shows_what_a_broken_implementation_did(
    name: str, label: str, served: Served, asked: dict[tuple[str, int], Exchange]
) -> None:
    """The first finding of each rule is seen again, or the report says why not, and that is true: see `is_explained`."""
    provider = specs.load(name)
    app = Recorder(implementation(provider, subject(name, label).make, 1), provider)
    served.app = app
    values = environment(provider)
    report = runner.verify(
        served.url + provider.mount, name, profile="smoke", auth=values["SPECIMEN_TOKEN"],
        other_auth=values["SPECIMEN_OTHER_TOKEN"] or None, strict=True, seed=1,
    )  # fmt: skip
    missed = []
    for entry in {one.violation.rule: one for one in reversed(report.found)}.values():
        sample = entry.example
        meant = asked[sample.curl, sample.at]
        seen, now = judged_again(sample, meant, app)
        if not same(entry.violation, seen) and not is_explained(entry.violation, sample, meant, now):
            missed.append("\n".join([str(entry.violation), *sample.after, sample.curl, *sample.needs, *map(str, seen)]))
    assert not missed, "\n\n".join(missed)


def test_reproducer__of_a_list_by_time_asks_for_the_new_session(served: Served) -> None:
    """What the whole walk asks of lists is asked again about a session that a service which was started anew makes then."""
    provider, make = specs.load("kayle"), subject("kayle", "times_exclusive").make
    values, url = environment(provider), served.url + provider.mount
    served.app = Recorder(implementation(provider, make, 1), provider)
    collector = Collector(provider, url, token=values["SPECIMEN_TOKEN"])
    sender = Transport(url, "kayle", headers=of_lifecycle(provider), seen=collector.judge)
    for step in Walk(sender, PreferDriver(sender), most=None).steps():
        step.run()
    sender.close()
    found = [one for one in collector.found if one.violation.rule == "KAY-027"]
    assert found
    for entry in found:
        anew = served.app = Recorder(implementation(provider, make, 1), provider)
        seen, _ = judged_again(entry.example, read({}), anew)
        assert same(entry.violation, seen), [*entry.example.after, entry.example.curl, *entry.example.needs]


def test_explanation__of_a_lost_reproducer_is_not_taken() -> None:
    """A reason that is untrue of a finding excuses nothing: one answer shows the fault, and the session is where it was."""
    broken = collected_read({"nfc_tries_used": -1})
    (found,) = [one.violation for one in broken.found if one.violation.rule == "GEN-005"]
    sample = next(one.example for one in broken.found if one.violation == found)
    whole, moved = read({"nfc_tries_used": 0}), read({"status": "in_progress"})
    meant = read({"nfc_tries_used": -1})
    for need in (AGAIN, COURSE, LISTED, STATE, f"{IN_STATE} 'created', which it may have left."):
        assert not is_explained(found, replace(sample, needs=(need,), after=()), meant, whole), need
    assert is_explained(found, replace(sample, needs=(f"{IN_STATE} 'created', which it may have left.",)), meant, moved)
    assert not is_explained(found, replace(sample, needs=()), meant, moved)


def read(values: dict[str, Any]) -> Exchange:
    """A read of a session that was just made, changed."""
    made = {"status": "created", "failure_code": None, "completed_at": None, **values}
    return example(session_body(**made))


def collected_read(values: dict[str, Any]) -> Collector:
    """A run that saw it."""
    collector = Collector(kayle(), BASE_URL, token=TOKEN)
    collector.judge(read(values))
    return collector
