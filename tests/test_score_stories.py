"""The later sets of broken implementations: each changes the answers of the operations that it is about, and of no other."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from specimen import specs
from specimen.contracts.http.operation_matching import match
from specimen.mockserver.app import App
from specimen.specs import Provider
from tests.answer_differences import Recorder
from tests.mockserver.calling import frozen_app
from tests.scenario_exchanges import as_request, in_process
from tests.score.asgi import Change, Changed
from tests.score.runs import EIGHTH, FIFTH, FOURTH, NINTH, SEVENTH, SIXTH, UNSEEN, mutants
from tests.stories import eighth, fifth, fourth, ninth, seventh, sixth, unseen

NAMES = [name for name in specs.names() if specs.load(name).is_builtin]
HEADERS = ("content-type", "kyc-request-id")
TOLD = {UNSEEN: unseen, FOURTH: fourth, FIFTH: fifth, SIXTH: sixth, SEVENTH: seventh, EIGHTH: eighth, NINTH: ninth}
PAIRS = [(of, name) for of in TOLD for name in NAMES]
# What a client sees of an answer.
Seen = tuple[int, tuple[str | None, ...], bytes]


class Tape(Recorder):
    """Keeps the requests that it sends, so that another implementation gets the same bytes."""

    def __init__(self, client: httpx.AsyncClient, provider: Provider) -> None:
        super().__init__(client, provider, None)
        self.requests: list[httpx.Request] = []

    async def send(self, request: httpx.Request) -> Any:
        """The JSON value of the answer."""
        request.read()
        self.requests.append(request)
        return await super().send(request)


async def told(app: App, of: str, name: str) -> list[httpx.Request]:
    """The requests of a provider's catalogue, and then of its story of a set, as the unbroken mock's answers make them."""
    # Its clock moves with the requests, and ids come from the clock: without a change, answers are those of the replay.
    wrapped = Changed(app, specs.load(name))
    async with in_process(wrapped) as client:  # type: ignore[arg-type]
        tape = Tape(client, specs.load(name))
        for entry in app.mounted[name].table.entries():
            if "Prefer" not in entry["headers"]:
                for step in (*entry["setup"], entry):
                    await tape.send(as_request(step))
        await TOLD[of].STORIES[name](tape.do)
    return tape.requests


async def replayed(name: str, requests: list[httpx.Request], change: Change | None) -> list[Seen]:
    """What an implementation answers to the requests."""
    wrapped = Changed(frozen_app(name), specs.load(name), change)
    seen: list[Seen] = []
    async with in_process(wrapped) as client:  # type: ignore[arg-type]
        for request in requests:
            again = client.build_request(request.method, request.url, headers=request.headers, content=request.content)
            answer = await client.send(again)
            shown = tuple(answer.headers.get(header) for header in HEADERS)
            seen.append((answer.status_code, shown, answer.content))
    assert wrapped.mistake is None
    return seen


def operation(provider: Provider, request: httpx.Request) -> str:
    """The id of a request's operation."""
    path = request.url.raw_path.partition(b"?")[0].decode().removeprefix(provider.mount)
    found = match(provider.document, request.method, path)
    assert found is not None, path
    return found.operation.id


Sound = dict[tuple[str, str], tuple[list[httpx.Request], list[Seen]]]


@pytest.fixture(scope="module")
def sound() -> Sound:
    """The requests to each provider for each set, with the unbroken mock's answers."""
    found: Sound = {}
    for of, name in PAIRS:
        requests = asyncio.run(told(frozen_app(name), of, name))
        found[of, name] = requests, asyncio.run(replayed(name, requests, None))
    return found


@pytest.mark.parametrize(("of", "name"), PAIRS)
def test_unbroken__answers_the_same_bytes_again(of: str, name: str, sound: Sound) -> None:
    """Whatever differs is the defect, and every operation is asked."""
    requests, answers = sound[of, name]
    assert asyncio.run(replayed(name, requests, None)) == answers
    provider = specs.load(name)
    assert {operation(provider, request) for request in requests} == set(provider.document.operations)


@pytest.mark.parametrize(("of", "name"), PAIRS)
def test_table__names_every_defect(of: str, name: str) -> None:
    """None is left out, and none is there that is not in the set."""
    assert list(TOLD[of].DIFFERS[name]) == [entry.name for entry in mutants(name, of)]


@pytest.mark.sample(6)
@pytest.mark.parametrize(("of", "name", "label"), [(of, name, label) for of, name in PAIRS for label in TOLD[of].DIFFERS[name]])
def test_defect__changes_its_operations_alone(of: str, name: str, label: str, sound: Sound) -> None:
    """The same requests are answered otherwise where the defect is, and alike elsewhere."""
    entry = next(entry for entry in mutants(name, of) if entry.name == label)
    requests, answers = sound[of, name]
    seen = asyncio.run(replayed(name, requests, entry.make()))
    provider = specs.load(name)
    values = zip(requests, answers, seen, strict=True)
    differing = {operation(provider, request) for request, before, now in values if _value(before) != _value(now)}
    assert differing == set(TOLD[of].DIFFERS[name][label].split())


def _value(answer: Seen) -> Any:
    """An answer whose JSON is compared by its values: a change that touches nothing may still spell it otherwise."""
    status, headers, content = answer
    parsed = httpx.Response(status, content=content)
    try:
        return status, headers, parsed.json()
    except ValueError:
        return status, headers, content
