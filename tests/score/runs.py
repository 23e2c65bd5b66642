"""One run of a suite against one implementation: what it found, in how many requests and how long."""

from __future__ import annotations

import contextlib
import importlib
import time
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import schemathesis
from schemathesis.engine import Status, events, from_schema

from specimen import specs
from specimen.contracts.judge.severity import SEVERITIES
from specimen.contracts.reporting.model import Report
from specimen.contracts.verify.runner import verify
from specimen.mockserver.app import build_app
from specimen.mockserver.http.server import running
from specimen.mockserver.settings import Settings
from specimen.specs import Provider
from tests.fuzzing import configuration, credentials
from tests.score.asgi import Change, Changed
from tests.score.changes import Make, Mutant
from tests.score.mutants import senders
from tests.score.mutants.disagreements import DISAGREEMENTS
from tests.score.mutants.page_sentences import PAGE_SENTENCES
from tests.score.mutants.situations import SITUATIONS
from tests.score.variants import VARIANTS, Variant
from tests.score.watched import Watched

SMOKE, CI, PLAIN = "smoke", "ci", "schemathesis"
SUITES = (SMOKE, CI, PLAIN)
OWN, INDEPENDENT, HELDOUT, UNSEEN = "own", "independent", "heldout", "unseen"
FOURTH, FIFTH, SIXTH, SEVENTH, EIGHTH, NINTH = "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"
SENDERS = "senders"
SETS = {
    OWN: "tests.score.mutants",
    INDEPENDENT: "tests.score.independent",
    HELDOUT: "tests.score.heldout",
    UNSEEN: "tests.score.unseen",
    FOURTH: "tests.score.fourth",
    FIFTH: "tests.score.fifth",
    SIXTH: "tests.score.sixth",
    SEVENTH: "tests.score.seventh",
    EIGHTH: "tests.score.eighth",
    NINTH: "tests.score.ninth",
    SENDERS: "tests.score.mutants.senders",
}
# Sets by somebody who does not know the rules.
OUTSIDE = (INDEPENDENT, HELDOUT, UNSEEN, FOURTH, FIFTH, SIXTH, SEVENTH, EIGHTH, NINTH)


class Outcome(NamedTuple):
    """What a suite found. `errors` (and warnings) count without --strict, `notes` with it only; each names a rule or a check.

    `mistake`: what failed in the change itself, which then changed nothing.
    """

    errors: tuple[str, ...]
    notes: tuple[str, ...]
    requests: int
    seconds: float
    mistake: str = ""

    @property
    def is_found(self) -> bool:
        """Whether anything was found that counts under --strict."""
        return bool(self.errors or self.notes)


def mutants(name: str, of: str = OWN) -> tuple[Mutant, ...]:
    """The broken implementations of a provider: the rules' author's `own`, a set of `OUTSIDE`, or those that send wrongly."""
    if of == SENDERS:
        return senders.MUTANTS.get(name, ())
    found: tuple[Mutant, ...] = importlib.import_module(f"{SETS[of]}.{name}").MUTANTS
    more = (DISAGREEMENTS, PAGE_SENTENCES, SITUATIONS) if of == OWN else ()
    return (*found, *(entry for table in more for entry in table.get(name, ())))


def every_mutant(name: str) -> tuple[Mutant, ...]:
    """The broken implementations of a provider, of all sets."""
    return tuple(entry for of in SETS for entry in mutants(name, of))


def subject(name: str, label: str) -> Mutant | Variant:
    """A mutant of any set or a conforming variant of a provider by its name."""
    return next(entry for entry in (*every_mutant(name), *VARIANTS, *senders.VARIANTS) if entry.name == label)


class Served:
    """A port of this process behind which implementations change."""

    def __init__(self) -> None:
        self.app: Any = None
        self.settings = Settings()
        self.url = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serves one request by the implementation of the moment.

        None of them is told of the server's own start, which may come after the first was put here: it would begin to send.
        """
        if scope["type"] == "lifespan":
            raise NotImplementedError("the port outlives each implementation")  # as ASGI wants it said
        await self.app(scope, receive, send)


@contextlib.contextmanager
def serving() -> Iterator[Served]:
    """The port, while the context lasts."""
    served = Served()
    with running(served) as served.url:  # type: ignore[arg-type]
        yield served


def implementation(provider: Provider, make: Make | None, seed: int, chunk_bytes: int = 0) -> Changed:
    """The mock behind a change, with a clock that moves with the requests alone, so that a run can be repeated."""
    now = time.time_ns() // 1_000_000  # the judge compares with the machine's time
    settings = Settings(providers=(provider.name,), now=now, freeze=True, seed=seed, sse_max_seconds=0.05)
    change: Change | None = None if make is None else make()
    return Changed(build_app(settings), provider, change, chunk_bytes)


def run(served: Served, name: str, entry: Mutant | Variant | None, suite: str, seed: int) -> Outcome:
    """A suite's run against a mutant, a variant, or (None) the unbroken mock."""
    provider = specs.load(name)
    chunk_bytes = entry.chunk_bytes if isinstance(entry, Variant) else 0
    app = implementation(provider, None if entry is None else entry.make, seed, chunk_bytes)
    if suite == PLAIN:
        return _checked(app, _plain(app, provider, seed))
    served.app = app
    report = verify(
        served.url + provider.mount, name, profile=suite, auth=_auth(provider), other_auth=_other_auth(provider), strict=True,
        seed=seed, webhooks=None if entry is None or entry.sends is None else Watched(app, entry.sends),
    )  # fmt: skip
    return _checked(app, _outcome(report))


def _checked(app: Changed, outcome: Outcome) -> Outcome:
    mistake = app.mistake
    return outcome if mistake is None else outcome._replace(mistake=f"{type(mistake).__name__}: {mistake}")


def _auth(provider: Provider) -> dict[str, str]:
    return dict(next(entry.headers for entry in provider.lifecycle.credentials.values() if entry.fails is None))


def _other_auth(provider: Provider) -> dict[str, str] | None:
    """The credential that is for other sessions and differs in nothing else: in its mode or in its organization."""
    good = [entry for entry in provider.lifecycle.credentials.values() if entry.fails is None]
    first = good[0].facts
    differing = ({name for name in {*first, *entry.facts} if first.get(name) != entry.facts.get(name)} for entry in good)
    pairs = zip(good, differing, strict=True)
    return next((dict(entry.headers) for entry, names in pairs if names in ({"livemode"}, {"organization"})), None)


def _outcome(report: Report) -> Outcome:
    by_severity: dict[str, dict[str, None]] = {severity: {} for severity in SEVERITIES}
    for entry in report.found:
        found = entry.violation
        by_severity[found.severity].setdefault(f"{found.rule} {found.operation} {found.pointer}".strip())
    if report.unreachable is not None:
        by_severity["error"].setdefault("unreachable")
    counted = (*by_severity["error"], *by_severity["warning"])
    return Outcome(counted, tuple(by_severity["note"]), report.requests, report.seconds)


def _plain(app: Changed, provider: Provider, seed: int) -> Outcome:
    """Schemathesis with its own checks and settings that find nothing in the mock; stops at the first finding.

    Requests are then those of the scenarios that ended.
    """
    settings = {**configuration(provider), "seed": seed}
    settings["auth"] = {"openapi": credentials(provider)}
    started = time.monotonic()
    found: dict[str, None] = {}
    requests = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own dependencies
        schema = schemathesis.openapi.from_dict(
            provider.document.served(provider.mount), config=schemathesis.Config.from_dict(settings)
        )
        schema.app = app
        stream = from_schema(schema).execute()
        for event in stream:
            if found:
                continue  # the engine is a thread, which sends some more before it stops
            if isinstance(event, events.ScenarioFinished):
                requests += len(event.recorder.interactions)
                for outcomes in event.recorder.checks.values():
                    for outcome in outcomes:
                        if outcome.status is Status.FAILURE:
                            found.setdefault(f"{outcome.name} {event.recorder.label}")
            elif isinstance(event, (events.NonFatalError, events.FatalError)):
                found.setdefault(f"{type(event).__name__}")
            if found:
                stream.stop()
    return Outcome(tuple(found), (), requests if found else app.requests, time.monotonic() - started)
