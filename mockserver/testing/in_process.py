"""Sends requests to the application in process, without a network."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from specimen.fixtures.recipes.recipe import PERSON_FACTS
from specimen.mockserver.app import App, Mounted
from specimen.mockserver.errors import InvalidPreference, did_you_mean
from specimen.mockserver.preferences.preferences import preference_names, scenario_named
from specimen.mockserver.routing.request_context import PERSON
from specimen.mockserver.sessions.catalogue.in_process import answered
from specimen.mockserver.sessions.service.creation import check_person
from specimen.mockserver.sessions.steering.facts import checked_facts

T = TypeVar("T")


def create(mounted: Mounted, app: App, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Creates a session by the provider's create request with preferences and facts of the person; the answer's JSON, and `id`.

    Raises:
        InvalidPreference: a preference is not possible, or there is none of that name.
        InvalidFact: a fact of the person has another form, or a person of that age holds no such document.
        RuntimeError: the mock did not create the session.
    """
    provider, lifecycle = mounted.provider, mounted.provider.lifecycle
    possible = (*preference_names(provider), *PERSON_FACTS)
    for name, value in wanted.items():
        if name not in possible:
            reason = f"there is no such preference. {did_you_mean(name, possible)}"
            raise InvalidPreference(name, _as_text(value)[:100], possible, reason)
    given = {name: value for name, value in wanted.items() if value is not None}
    person = checked_facts(provider, {name: value for name, value in given.items() if name in PERSON_FACTS})
    preferences = {name: value for name, value in given.items() if name not in PERSON_FACTS}
    check_person({**preferences, **person}, app.clock.now())
    scenario = preferences.get("scenario")
    entry = mounted.table.create_request(None if scenario is None else scenario_named(provider, scenario))
    # The facts go beside the header, which is sent with them always: a head without it may be answered as the last time.
    asked = [*(f'{name}="{_as_text(value)}"' for name, value in preferences.items()), *(("person",) if person else ())]
    headers = {**entry["headers"], **({"Prefer": ", ".join(asked)} if asked else {})}
    more = {PERSON: person} if person else {}
    status, body = completed(answered(app, entry["method"], entry["path"], headers, entry["body"], more))
    answer = json.loads(body)
    if status == 400 and "wish" in answer:
        raise InvalidPreference(answer["wish"], str(wanted.get(answer["wish"])), answer["possible"])
    if status >= 300:
        raise RuntimeError(f"{entry['method']} {entry['path']}: {status} {body.decode()}")
    found: Any = answer
    for part in lifecycle.create.session.split("/")[1:]:
        found = found[part]
    return {**answer, "id": found}


def send(app: App, method: str, path: str, headers: Mapping[str, str], body: Any) -> tuple[int, bytes]:
    """Status and body of the answer to a request in the form of the scenario requests; works inside a running loop too."""
    return completed(answered(app, method, path, headers, body))


def completed(coroutine: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns; works inside a running loop too."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


def _as_text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text.replace("\\", "\\\\").replace('"', '\\"')
