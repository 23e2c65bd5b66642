"""A client generated from each provider's served document reads sessions in every status from the running server."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from specimen import specs
from specimen.fixtures.primitives import times
from specimen.mockserver.app import App, build_app
from specimen.mockserver.http.server import running
from specimen.mockserver.settings import Settings
from specimen.specs import Provider
from tests.generated_clients import GeneratedClient, at, differences, download, generate, imported, plain

NOW = times.parse("2026-03-19T10:31:30Z")


@dataclass(frozen=True)
class Served:
    """A provider's mock on a port, and the client generated from its document."""

    provider: Provider
    app: App
    complaints: list[str]
    client: GeneratedClient

    @property
    def entries(self) -> list[dict]:
        """The entries of the wishes table that read a session."""
        return [entry for entry in self.app.mounted[self.provider.name].table.entries() if entry["scenario"] is not None]


@pytest.fixture(scope="module", params=specs.names())
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Each provider in turn, its clock frozen."""
    provider = specs.load(request.param)
    folder = tmp_path_factory.mktemp("client")
    package = folder / f"client_of_{provider.name}"
    app = build_app(Settings(providers=(provider.name,), now=NOW, freeze=True))
    with running(app) as url:
        document = download(f"{url}/{provider.name}/openapi.json?for=clients", folder / "openapi.json")
        complaints = generate(document, package)
        with imported(package) as module, contextlib.closing(GeneratedClient(module, provider, url)) as client:
            yield Served(provider, app, complaints, client)


def test_generation__leaves_nothing_out(served: Served) -> None:
    """The generator understands all of the document and makes a function for each operation."""
    assert served.complaints == []
    assert set(served.client.operations) == {plain(name) for name in served.provider.document.operations}


def test_reads__in_every_state_show_the_status_and_lose_no_field(served: Served) -> None:
    """Each way to read a session, in each state: the model's status is the announced one, its JSON what was sent."""
    pointers = {read.operation: read.status for read in served.provider.lifecycle.reads}
    broken, seen = [], set()
    for entry in served.entries:
        label = f"{entry['operation']} {entry['scenario']}@{entry['status']}"
        response = served.client.call(entry)
        if response.status_code != entry["expect_status"]:
            broken.append(f"{label}: {response.status_code}")
            continue
        broken += [f"{label}: {difference}" for difference in differences(response)]
        pointer = pointers[entry["operation"]]
        if pointer is not None and (shown := at(response.parsed, pointer)) != entry["status"]:
            broken.append(f"{label}: the model shows {shown}")
        seen.add((entry["operation"], entry["status"]))
    assert not broken, f"{len(broken)} broken:\n" + "\n".join(broken[:25])
    assert seen == {(operation, state) for operation in pointers for state in served.provider.lifecycle.states}


def test_create__makes_a_session_that_the_client_reads(served: Served) -> None:
    """The smallest create request, sent by the client, gives an id by which the client finds the new session."""
    lifecycle, mounted = served.provider.lifecycle, served.app.mounted[served.provider.name]
    created = served.client.call(mounted.table.create_request(lifecycle.default))
    assert created.status_code in (200, 201)
    assert list(differences(created)) == []
    session_id = str(at(created.parsed, lifecycle.create.session))
    assert session_id not in dict(mounted.shared_state.catalogue.places())
    read = lifecycle.reads[0]
    wanted = (read.operation, lifecycle.default.name, lifecycle.initial)
    entry = next(entry for entry in served.entries if (entry["operation"], entry["scenario"], entry["status"]) == wanted)
    known = mounted.shared_state.catalogue.id_of(lifecycle.default.name, lifecycle.initial)
    found = served.client.call(json.loads(json.dumps(entry).replace(known, session_id)))
    assert session_id in found.content.decode()
    assert at(found.parsed, read.status) == lifecycle.initial
