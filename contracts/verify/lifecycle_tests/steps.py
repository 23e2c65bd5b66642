"""The guided walk through the lifecycle of a session: valid, invalid and repeated requests in a fixed order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from specimen.contracts.client.transport import Transport
from specimen.contracts.requests import request_discovery
from specimen.contracts.verify.drivers.driver import Driver
from specimen.contracts.verify.lifecycle_tests.negative_tests import SMOKE_REQUESTS
from specimen.contracts.verify.lifecycle_tests.session_tests import SessionTests

__all__ = ["SMOKE_REQUESTS", "Step", "Walk", "run_steps"]


@dataclass(frozen=True)
class Step:
    """One named part of the walk; `run` sends its requests."""

    name: str
    run: Callable[[], None]


class Walk(SessionTests):
    """The walk against one provider at one base URL.

    `most` limits the requests of all steps together (None: no limit).
    """

    def steps(self) -> Iterator[Step]:
        """The steps in their order; each must be run before the next one is taken."""
        for journey in self.driver.journeys(self._share()):
            yield Step(f"follow {journey.name}", lambda journey=journey: self._follow(journey))  # type: ignore[misc]
        if not self.transport.is_production:
            yield Step("a session with default values", self._default_session)
        if self.transport.other_headers:
            yield Step("a second credential", self._second_credential)
        yield Step("lists", self.lists)
        yield Step("a row of each list", self._listed_rows)
        if self.transport.is_production:
            return
        yield Step("valid bodies", self._bodies)
        yield Step("the caller's own key of a session", self._free)
        if self.most is None and self.driver.drives:
            yield Step("sessions in a fixed state", self._fixed_states)
        yield Step("values at their limits", self.limits)
        if self.most is None and self.driver.supports_prefer:
            yield Step("the caller's own key in every state", self.one_value_in_every_state)
        yield Step("repeated keys", self._keys)
        yield Step("operations that end a session", self._session_actions)
        yield from self._after_effects()
        if self.most is None and self.driver.drives:
            yield Step("lists after reads", self.lists_after_reads)
        if self.most is None:
            yield Step("whole lists", self.whole_lists)
        yield Step("other reads", self._other_reads)
        yield Step("credentials", self.without_credentials)
        yield Step("malformed requests without credentials", self.malformed_without_credentials)
        yield Step("unknown ids", self.unknown_ids)
        yield Step("unknown references", self.unknown_references)
        yield Step("malformed ids", self.malformed_ids)
        yield Step("another path value", self.elsewhere)
        yield Step("invalid requests", self.invalid_requests)
        yield Step("wrong methods", self.wrong_methods)
        if self.driver.supports_prefer:
            yield Step("documented answers", self.examples)

    def _after_effects(self) -> Iterator[Step]:
        """The steps that show what others left behind; not within a limit of requests."""
        if self.most is not None:
            return
        yield Step("refused creations", self.refused_creations)
        yield Step("optional values", self.optional_values)
        yield Step("values of which every letter counts", self.exact_values)
        yield Step("older sessions", self.older_sessions)
        yield Step("deletions", self.deletions)
        if self.driver.drives:
            yield Step("streams", self.streams_of_every_state)
        if self.driver.supports_prefer:
            yield Step("sessions with all values", self.full_sessions)
        if self.driver.drives:
            yield Step("repeated questions", self.repeated_questions)
        yield Step("texts that look like something else", self.other_texts)
        yield Step("one value alone", self.fewer_values)
        yield Step("bodies in other bytes", self.other_encodings)
        yield Step("two sessions of one key", self.two_of_one_key)
        yield Step("other values for a session", self.other_values_for_a_session)
        yield Step("questions about nothing", self.questions_about_nothing)
        yield Step("unknown ids without credentials", self.unknown_without_credentials)
        yield Step("pages of filters", self.pages_of_filters)
        yield Step("documented credentials", self.documented_credentials)
        yield Step("sessions of other places", self.other_places)
        yield Step("sessions that are still open", self.open_sessions)

    def _share(self) -> int:
        """The number of requests that the journeys may send: what the other steps leave, at least a third."""
        if self.most is None:
            return 10**9
        operations = len(self.provider.document.operations)
        others = (
            45
            + 9 * len(request_discovery.lists(self.provider))
            + 7 * len(request_discovery.session_actions(self.provider))
            + 2 * operations
        )
        others += 4 if self.transport.other_headers else 0
        others += 0 if self.transport.is_production else min(40, len(request_discovery.invalid_requests(self.provider, {})))
        return max(self.most * 34 // 100, min(self.most - others, self.most // 2))


def run_steps(
    sender: Transport, driver: Driver, *, is_short: bool, seed: int, on_step: Callable[[str], None] = lambda _: None
) -> None:
    """Runs the steps of the walk one after the other; `on_step` gets the name of each before it begins.

    `is_short` limits the requests, those that were sent before included, to `SMOKE_REQUESTS`.
    """
    for step in Walk(sender, driver, most=SMOKE_REQUESTS - sender.sent if is_short else None, seed=seed).steps():
        on_step(step.name)
        step.run()
