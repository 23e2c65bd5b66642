"""A namespace is replaced by an import as a whole or not at all, and its time and versions go on."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from specimen import specs
from specimen.mockserver.app import App
from specimen.mockserver.sessions.catalogue.catalogue import Catalogue
from specimen.mockserver.sessions.store.codec import decode_record, encode_record
from specimen.mockserver.sessions.store.memory import MemoryStore
from specimen.mockserver.settings import Pace, Settings
from tests.mockserver.calling import NOW, frozen_app
from tests.mockserver.control.steering import control, created, path_of

FILE = "/namespaces/default"
# A session that is there without being created, under the same id after each end of the namespace.
CATALOGUED = Catalogue(specs.load("kayle"), 0).id_of("succeeded", "created")
FIRST, SECOND = ({"facts": {"failure_code": code}} for code in ("liveness_failed", "selfie_face_mismatch"))


def listed(app: App, **headers: str) -> list[str]:
    """The ids of a namespace's sessions."""
    return [one["id"] for one in control(app, "GET", "/sessions", **headers).json()["sessions"]]


def exported(*providers: str) -> dict[str, Any]:
    """A namespace of another server, with a session of each provider."""
    app = frozen_app("kayle", "kyve")
    for name in providers:
        created(app, name)
    found: dict[str, Any] = control(app, "GET", FILE).json()
    return found


def test_import__without_room_leaves_the_namespace_as_it_was() -> None:
    """The sessions that it replaces make room; what is still too much is refused before any of them is gone."""
    app = frozen_app("kayle", "kyve", most_sessions=4)
    for name in ("kayle", "kyve", "kayle"):
        created(app, name)
    before = listed(app)
    control(app, "POST", "/faults", {"kind": "reset", "match": {"operation": "cancelSession"}})
    refused = control(app, "PUT", FILE, exported("kayle", "kayle", "kayle", "kyve", "kyve"))
    assert (refused.status_code, "--most-sessions" in refused.text) == (507, True)
    assert listed(app) == before
    assert len(control(app, "GET", "/faults").json()["faults"]) == 1
    assert control(app, "PUT", FILE, exported("kayle", "kayle", "kayle", "kyve")).json() == {"sessions": 4}
    assert len(listed(app)) == 4
    elsewhere = {"Specimen_Namespace": "other"}
    assert control(app, "PUT", "/namespaces/other", exported("kayle"), **elsewhere).status_code == 507
    assert listed(app, **elsewhere) == []


def test_import__refuses_a_session_twice() -> None:
    """One of the two would be lost; the refusal names it, and the namespace stays."""
    app = frozen_app("kayle", "kyve")
    before = created(app, "kayle")["id"]
    file = exported("kayle")
    file["sessions"]["kayle"] *= 2
    refused = control(app, "PUT", FILE, file)
    assert refused.status_code == 400
    assert re.search(r"sessions/kayle: session 'vs_\w+' is there twice", refused.json()["detail"])
    assert listed(app) == [before]


def test_import__no_etag_comes_again() -> None:
    """A session of an import has a version that neither the file nor the namespace had, so that no old ETag fits it."""
    app = frozen_app("kayle")
    session = created(app, "kayle")
    seen = [control(app, "GET", path_of(session)).headers["etag"]]
    seen.append(control(app, "PATCH", path_of(session), FIRST).headers["etag"])
    file = control(app, "GET", FILE).json()
    seen.append(control(app, "PATCH", path_of(session), SECOND).headers["etag"])
    seen.append(control(app, "PATCH", path_of(session), FIRST).headers["etag"])
    for _ in range(2):
        assert control(app, "PUT", FILE, file).status_code == 200
        now = control(app, "GET", path_of(session)).headers["etag"]
        assert now not in seen
        for old in seen:
            assert control(app, "PATCH", path_of(session), SECOND, If_Match=old).status_code == 412
        seen.append(now)
    assert control(app, "PATCH", path_of(session), SECOND, If_Match=seen[-1]).status_code == 200
    assert control(app, "POST", path_of(session, "advance")).json()["state"] == "in_progress"


def test_reset__no_etag_comes_again_for_another_content() -> None:
    """Neither by an import of what was exported before a change, nor by a session that is created anew with the same id."""
    app = frozen_app("kayle")
    session = created(app, "kayle")
    file = control(app, "GET", FILE).json()
    seen = [control(app, "PATCH", path_of(session), facts).headers["etag"] for facts in (FIRST, SECOND)]
    assert control(app, "POST", "/reset").status_code == 204
    assert control(app, "PUT", FILE, file).status_code == 200
    assert control(app, "GET", path_of(session)).headers["etag"] not in seen
    for old in seen:
        assert control(app, "PATCH", path_of(session), SECOND, If_Match=old).status_code == 412
    seen.append(control(app, "GET", path_of(session)).headers["etag"])
    assert control(app, "POST", "/reset").status_code == 204
    assert created(app, "kayle", facts={"locale": "fr_FR"})["id"] == session["id"]
    assert control(app, "GET", path_of(session)).headers["etag"] not in seen


class Interrupted(MemoryStore):
    """A store in which another caller is quicker, once, than a change of a session."""

    meanwhile: Callable[[], None] | None = None

    async def swap(self, *arguments: Any) -> bool:
        """The next version, after what the other caller does."""
        await self._let_the_other_go_first()
        return await super().swap(*arguments)

    async def delete(self, *arguments: Any) -> bool:
        """Deletes, after what the other caller does."""
        await self._let_the_other_go_first()
        return await super().delete(*arguments)

    async def _let_the_other_go_first(self) -> None:
        other, self.meanwhile = self.meanwhile, None
        if other is not None:
            await asyncio.to_thread(other)


@pytest.mark.parametrize("ending", [("DELETE", ""), ("POST", "/reset")])
@pytest.mark.parametrize("change", ["PATCH", "DELETE"])
def test_if_match__holds_while_the_session_is_made_anew(change: str, ending: tuple[str, str]) -> None:
    """Between the read of a change and its end: the version is the same again, the content another, and nothing is lost."""
    store = Interrupted()
    app = App(Settings(providers=("kayle",), now=NOW, freeze=True, pace=Pace("manual")), [specs.load("kayle")], store)
    at, anew = f"/sessions/kayle/{CATALOGUED}", []
    etag = control(app, "PATCH", at, FIRST).headers["etag"]

    def other() -> None:
        method, path = ending
        assert control(app, method, path or at).status_code == 204
        anew.append(control(app, "PATCH", at, SECOND).headers["etag"])

    store.meanwhile = other
    answer = control(app, change, at, *([FIRST] if change == "PATCH" else []), If_Match=etag)
    assert (answer.status_code, anew) == (412, [control(app, "GET", at).headers["etag"]])
    assert anew != [etag]


def test_import__refuses_a_version_that_is_none() -> None:
    """Versions are counted from 1, up to what every store keeps."""
    app, file = frozen_app("kayle", "kyve"), exported("kayle")
    record = decode_record(base64.b64decode(file["sessions"]["kayle"][0]))
    for version in (0, 1 << 62, "1"):
        file["sessions"]["kayle"] = [base64.b64encode(encode_record(replace(record, version=version))).decode()]
        assert control(app, "PUT", FILE, file).status_code == 400


def test_reset__turns_no_time_back_under_a_session() -> None:
    """As setting the clock; the refusal says what helps, and without a session the clock begins anew."""
    app = frozen_app("kayle", "kyve")
    control(app, "POST", "/clock/forward", {"seconds": 1_000_000})
    session = created(app, "kyve")
    before = control(app, "GET", "/clock").json()
    refused = control(app, "POST", "/reset", {"scope": "clock"})
    assert refused.status_code == 409
    assert "Reset the namespace" in refused.json()["detail"]
    assert control(app, "GET", "/clock").json() == before
    elsewhere = control(app, "POST", "/reset", {"scope": "clock"}, Specimen_Namespace="other")
    assert elsewhere.status_code == 204
    assert control(app, "DELETE", path_of(session)).status_code == 204
    assert control(app, "POST", "/reset", {"scope": "clock"}).status_code == 204
    assert control(app, "GET", "/clock").json()["now"] == "2026-03-19T10:31:06.000Z"


def test_reset__of_a_clock_that_was_not_moved() -> None:
    """Where no time is turned back, sessions are no hindrance."""
    app = frozen_app("kayle")
    created(app, "kayle")
    assert control(app, "POST", "/reset", {"scope": "clock"}).status_code == 204
