"""Plans a provider's collection from its catalogue, its lifecycle and its document."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from specimen.mockserver.sessions.catalogue.catalogue import Catalogue
from specimen.mockserver.sessions.catalogue.export.steps import BASE_URL, NAMESPACE, NAMESPACE_HEADER, Chapter, Collection, Step
from specimen.mockserver.sessions.catalogue.scenario_requests import ScenarioRequests
from specimen.specs import Provider
from specimen.specs.core.json_pointer import split
from specimen.specs.loading.error_bodies import error_code
from specimen.specs.loading.lifecycle import Scenario

# The created session of a flow goes one state further with every read.
_PACE = "pace=polls:1"


def plan(provider: Provider, url: str) -> Collection:
    """The collection of a provider that is served at `url`, which names the server without the provider's mount.

    Raises:
        SpecError: a request of lifecycle.yaml names an id or a scenario that there is not.
    """
    planner = _Planner(provider)
    variables = {BASE_URL: url.rstrip("/") + provider.mount, **dict(planner.credential.values())}
    chapters = (
        Chapter("Create and poll", tuple(planner.flows())),
        Chapter("Create each scenario", tuple(planner.creations())),
        Chapter("Catalogue", tuple(planner.catalogue())),
        Chapter("Answers and errors", tuple(planner.answers())),
    )
    return Collection(provider.name, provider.lifecycle.title, variables, _with_unique_names(chapters))


class _Planner:
    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.lifecycle = provider.lifecycle
        self.sessions = Catalogue(provider, 0)  # no id depends on the seed
        self.table = ScenarioRequests(provider, self.sessions)
        self.entries = list(self.table.entries())
        working = next(entry.headers for entry in self.lifecycle.credentials.values() if entry.fails is None)
        # By header: the name of its variable, and its value.
        self.credential = {
            header: ("credential" if number == 0 else f"credential_{number + 1}", value)
            for number, (header, value) in enumerate(working.items())
        }

    def flows(self) -> Iterator[Step]:
        """For the happy path and for each other end, a session is created and read until it is there."""
        ends: set[str] = set()
        for scenario in (self.lifecycle.default, *self.lifecycle.scenarios.values()):
            end = scenario.path[-1]
            if end not in ends and end != scenario.path[0]:
                ends.add(end)
                yield from self._flow(scenario)

    def creations(self) -> Iterator[Step]:
        """A session is created in each scenario, by the vendor's free field where it can ask for one."""
        for scenario in self.lifecycle.scenarios.values():
            yield self._creation(scenario, f"create {scenario.name}")

    def catalogue(self) -> Iterator[Step]:
        """Each session of the catalogue is read by each operation that shows it."""
        reads = {read.operation: read for read in self.lifecycle.reads}
        for entry in self.entries:
            if entry["scenario"] is not None:
                read = reads[entry["operation"]]
                equal = [] if read.status is None else [(split(read.status), entry["status"])]
                name = f"{entry['scenario']}: {entry['status']} ({entry['operation']})"
                yield self._step(name, entry, (entry["expect_status"],), tuple(equal))

    def answers(self) -> Iterator[Step]:
        """Each documented answer that a request can lead to, after the requests that have to come before."""
        for entry in self.entries:
            operation = self.provider.document.operations[entry["operation"]]
            if entry["scenario"] is None and not (operation.can_stream and entry["expect_status"] == 200):
                name = f"{entry['expect_status']} {entry['example']} ({entry['operation']})"
                for number, before in enumerate(entry["setup"], 1):
                    yield self._step(f"{name}, before it: {number}", before, self._successes(before["operation"]))
                yield self._step(name, entry, (entry["expect_status"],), self._code(entry))

    def _flow(self, scenario: Scenario) -> Iterator[Step]:
        last = [entry for entry in self.entries if (entry["scenario"], entry["status"]) == (scenario.name, scenario.path[-1])]
        read = next((one for one in self.lifecycle.reads if one.fits(scenario.facts) and one.status is not None), None)
        entry = next((one for one in last if read is not None and one["operation"] == read.operation), None)
        if read is None or read.status is None or entry is None:
            return
        created = self._creation(scenario, f"create to be {scenario.name}")
        prefer = ", ".join(filter(None, (created.headers.get("Prefer"), _PACE)))
        capture = ("session", split(self.lifecycle.create.session))
        yield replace(created, headers={**created.headers, "Prefer": prefer}, captures=(capture,))
        session = self.sessions.id_of(scenario.name)
        asked = json.loads(json.dumps({key: entry[key] for key in ("path", "body")}).replace(session, "{{session}}"))
        # The session is that of the working credential, also where the catalogue's belongs to another one.
        asked["headers"] = {**entry["headers"], **{name: value for name, (_, value) in self.credential.items()}}
        step = self._step(f"poll until {scenario.name}", {**entry, **asked}, (entry["expect_status"],))
        yield replace(step, until=(split(read.status), scenario.path[-1]), polls=len(scenario.path))

    def _creation(self, scenario: Scenario, name: str) -> Step:
        entry = self.table.create_in(scenario)
        return self._step(name, entry, self._successes(entry["operation"]))

    def _step(
        self,
        name: str,
        entry: Mapping[str, Any],
        statuses: tuple[int, ...],
        equal: tuple[tuple[tuple[str, ...], Any], ...] = (),
    ) -> Step:
        variables = {(header, value): "{{" + name + "}}" for header, (name, value) in self.credential.items()}
        headers = {header: variables.get((header, value), value) for header, value in entry["headers"].items()}
        headers[NAMESPACE_HEADER] = "{{" + NAMESPACE + "}}"
        path = entry["path"].removeprefix(self.provider.mount)
        return Step(name, entry["method"], path, headers, entry["body"], statuses, equal)

    def _successes(self, operation: str) -> tuple[int, ...]:
        responses = self.provider.document.operations[operation].responses
        return tuple(int(status) for status in responses if status.startswith("2") and status.isdigit())

    def _code(self, entry: Mapping[str, Any]) -> tuple[tuple[tuple[str, ...], Any], ...]:
        """Where the documented answer has an error code, its place and the code."""
        response = self.provider.document.operations[entry["operation"]].responses.get(str(entry["expect_status"]))
        for media in () if response is None else response.media:
            shown = media.examples.get(entry["example"])
            code = None if shown is None or entry["expect_status"] < 400 else error_code(shown)
            if code is not None and not code.startswith("["):  # a text that is a list of details is no constant
                return tuple((keys, code) for keys in _places(shown, code))[:1]
        return ()


def _places(value: Any, wanted: str, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of keys to a text in nested objects."""
    if isinstance(value, Mapping):
        for key, entry in value.items():
            yield from _places(entry, wanted, (*before, key))
    elif value == wanted:
        yield before


def _with_unique_names(chapters: tuple[Chapter, ...]) -> tuple[Chapter, ...]:
    """The same steps; those with the name of an earlier one are numbered from 2."""
    met: Counter[str] = Counter()
    found = []
    for chapter in chapters:
        steps = []
        for step in chapter.steps:
            met[step.name] += 1
            steps.append(step if met[step.name] == 1 else replace(step, name=f"{step.name} {met[step.name]}"))
        found.append(Chapter(chapter.name, tuple(steps)))
    return tuple(found)
