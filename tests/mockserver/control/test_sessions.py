"""Sessions steered by the control API are those that the vendor's operations show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from specimen import specs
from specimen.mockserver.app import App
from specimen.specs.core import json_pointer
from tests.mockserver.calling import ask_entry, frozen_app
from tests.mockserver.control.edges import found_in
from tests.mockserver.control.steering import control, created, path_of

STEP = 5


def read(app: App, session: dict[str, Any], namespace: str = "default") -> list[Any]:
    """The bodies of all reads of a session by the vendor's own operations."""
    mounted = app.mounted[session["provider"]]
    lifecycle = mounted.provider.lifecycle
    found = []
    for one in lifecycle.reads:
        if not one.fits(session["facts"]):
            continue
        text = json.dumps(mounted.table._request(one.operation, one.request, session["facts"].get("credential"), None))
        for name, value in session["ids"].items():
            text = text.replace(f"{{{name}}}", value).replace(f"%7B{name}%7D", value)
        for name, value in session["facts"].items():
            text = text.replace(f"{{{name}}}", str(value)).replace(f"%7B{name}%7D", str(value))
        answer = ask_entry(app, json.loads(text), Specimen_Namespace=namespace)
        assert answer.status_code == 200, answer.text
        found.append((one, answer.json()))
    assert found
    return found


def state_shown(app: App, session: dict[str, Any]) -> Any:
    """The status that the vendor's first read shows."""
    one, body = read(app, session)[0]
    return json_pointer.at(body, one.status)


def test_kayle__is_steered_to_each_end() -> None:
    """Advance follows the scenario, transition leaves it, and what is impossible names what is possible."""
    app = frozen_app("kayle")
    session = created(app, "kayle", scenario="ok")
    assert (session["state"], session["next"]) == ("created", "in_progress")
    advanced = control(app, "POST", path_of(session, "advance"))
    assert (advanced.status_code, advanced.json()["state"]) == (200, "in_progress")
    failed = control(
        app, "POST", path_of(session, "transition"), {"to": "failed", "facts": {"failure_code": "selfie_face_mismatch"}}
    )
    assert failed.json()["state"] == "failed"
    ((_, body),) = read(app, session)
    data = body["data"]
    assert (data["status"], data["failure_code"], data["liveness_tries_used"]) == ("failed", "selfie_face_mismatch", 3)
    refused = control(app, "POST", path_of(session, "transition"), {"to": "succeeded"})
    assert refused.status_code == 409
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["possible"] == {"states": ["cancelled"]}
    assert state_shown(app, session) == "failed"


def test_edges_of_an_operation__fail_nothing(tmp_path: Path) -> None:
    """A withdrawal that somebody else made is a note of `check`, and no violation."""
    app, provider = frozen_app("kayle"), specs.load("kayle")
    edges = [edge for edge in provider.lifecycle.transitions if edge.operation is not None]
    for edge in edges:
        _moved(app, _moved(app, created(app, "kayle"), edge.origin), edge.to)
    archive = control(app, "GET", "/requests/har?bodies=whole").json()
    assert len(edges) == 2
    found, _ = found_in(archive, provider, tmp_path / "log.har")
    assert [one for one in found if "severity='note'" not in one] == []


def _moved(app: App, session: dict[str, Any], to: str) -> dict[str, Any]:
    read(app, session)
    control(app, "POST", "/clock/forward", {"seconds": STEP})
    answer = control(app, "POST", path_of(session, "transition"), {"to": to})
    assert answer.status_code == 200, answer.text
    assert state_shown(app, session) == to
    moved: dict[str, Any] = answer.json()
    return moved


def test_patch__needs_the_version_that_was_read() -> None:
    """`If-Match` with an old ETag changes nothing."""
    app = frozen_app("kayle")
    session = created(app, "kayle")
    first = control(app, "GET", path_of(session)).headers["etag"]
    facts = {"facts": {"failure_code": "liveness_failed"}}
    assert control(app, "PATCH", path_of(session), facts, If_Match=first).status_code == 200
    assert control(app, "PATCH", path_of(session), facts, If_Match=first).status_code == 412
    assert control(app, "POST", path_of(session, "advance"), {}, If_Match=first).status_code == 412
    assert control(app, "DELETE", path_of(session), If_Match=first).status_code == 412
    assert control(app, "GET", path_of(session)).json()["state"] == "created"
    assert control(app, "PATCH", path_of(session), facts, If_Match="*").status_code == 200


def test_create__fixes_the_person() -> None:
    """Name and birth date of the request stand in the vendor's answer, and in the MRZ."""
    app = frozen_app("kyve")
    facts = {"given_names": "Ada", "family_name": "Łuczak", "birth_date": "1960-12-10", "locale": "pl_PL", "document": "passport"}
    session = created(app, "kyve", state="completed", facts=facts)
    fields = next(body["fields"] for one, body in read(app, session) if one.operation == "getVerification")
    assert (fields["given_names"], fields["family_name"], fields["birth_date"]) == ("Ada", "Łuczak", "1960-12-10")
    assert "LUCZAK<<ADA" in fields["document"]["mrz"][0]
    assert "601210" in fields["document"]["mrz"][1]
    refused = control(app, "POST", "/sessions", {"provider": "kyve", "facts": {"birth_date": "2020-01-01"}})
    assert refused.status_code == 400
    assert "expected a day from" in refused.json()["detail"]


def test_list__pages_and_filters() -> None:
    """Pages hold each session once, in the order of creation, across providers."""
    app = frozen_app("kayle", "predicate")
    made = [created(app, name)["id"] for name in ("kayle", "predicate", "kayle", "kayle")]
    seen, after = [], ""
    while True:
        page = control(app, "GET", f"/sessions?limit=2{after}").json()
        seen += [session["id"] for session in page["sessions"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert seen == [made[0], made[2], made[3], made[1]]
    control(app, "POST", f"/sessions/kayle/{made[2]}/advance")
    found = control(app, "GET", "/sessions?provider=kayle&state=in_progress").json()["sessions"]
    assert [session["id"] for session in found] == [made[2]]
    assert control(app, "GET", "/sessions?provider=nobody").status_code == 404
    assert control(app, "GET", "/sessions?after=x").status_code == 400


@pytest.mark.parametrize(
    ("query", "said", "kind", "one"),
    [
        ("state=suceeded", "state 'suceeded' is not there. Did you mean 'succeeded'?", "states", "succeeded"),
        ("provider=predicate&state=in_progress", "state 'in_progress' is not there.", "states", "pending"),
        ("scenario=succeded", "scenario 'succeded' is not there. Did you mean 'succeeded'?", "scenarios", "succeeded"),
        ("provider=predicate&scenario=abandoned-by-nobody", "scenario 'abandoned-by-nobody' is not there.", "scenarios", None),
    ],
)
def test_list__a_state_or_scenario_that_nobody_has_is_refused(query: str, said: str, kind: str, one: str | None) -> None:
    """A filter with a slip in its value would answer with no session; what any of the providers has is possible."""
    app = frozen_app("kayle", "predicate")
    answer = control(app, "GET", f"/sessions?{query}")
    assert answer.status_code == 400, answer.text
    assert answer.json()["detail"].startswith(said)
    found = answer.json()["possible"][kind]
    assert found == sorted(found)
    assert one is None or one in found


def test_list__filters_by_what_one_of_the_providers_has() -> None:
    """What kayle alone has finds its sessions only; an alias finds those of each provider's scenario."""
    app = frozen_app("kayle", "predicate")
    kayle, predicate = (created(app, name)["id"] for name in ("kayle", "predicate"))
    for query, ids in (("state=created", [kayle]), ("scenario=succeeded", [kayle]), ("scenario=ok", [kayle, predicate])):
        assert [one["id"] for one in control(app, "GET", f"/sessions?{query}").json()["sessions"]] == ids, query
    page = control(app, "GET", "/sessions?scenario=ok&limit=1").json()
    rest = control(app, "GET", f"/sessions?scenario=ok&after={page['next']}").json()
    assert [one["id"] for one in page["sessions"] + rest["sessions"]] == [kayle, predicate]


def test_other_ids__name_the_session_too() -> None:
    """A verification's id leads to its session."""
    app = frozen_app("kyve")
    session = created(app, "kyve")
    found = control(app, "GET", f"/sessions/kyve/{session['ids']['verification']}")
    assert found.json()["id"] == session["id"]


def test_catalogue_session__is_copied_when_it_is_steered() -> None:
    """Steering one copies it into the caller's namespace; forgotten, it is as before."""
    app = frozen_app("kayle")
    entry = next(one for one in app.mounted["kayle"].table.entries() if one["status"] == "created")
    session_id = entry["path"].rpartition("/")[2]
    path = f"/sessions/kayle/{session_id}"
    assert control(app, "POST", f"{path}/transition", {"to": "cancelled"}).json()["state"] == "cancelled"
    assert control(app, "GET", path, Specimen_Namespace="other").json()["state"] == "created"
    assert control(app, "DELETE", path).status_code == 204
    assert control(app, "GET", path).json()["state"] == "created"
    assert control(app, "DELETE", path).status_code == 404


def test_status_holds_and_scenario_goes_on() -> None:
    """A session made in a state stays there, one made in a scenario moves."""
    app = frozen_app("kayle", pace="10x")
    held, moving = created(app, "kayle", state="in_progress"), created(app, "kayle", scenario="succeeded")
    control(app, "POST", "/clock/forward", {"seconds": 60})
    assert control(app, "GET", path_of(held)).json()["state"] == "in_progress"
    assert control(app, "GET", path_of(moving)).json()["state"] == "succeeded"


def test_expire__ends_an_open_session() -> None:
    """Only an open one, and only of a vendor whose sessions expire."""
    app = frozen_app("kayle", "predicate")
    session = created(app, "kayle")
    assert control(app, "POST", path_of(session, "expire")).json()["state"] == "expired"
    assert control(app, "POST", path_of(session, "expire")).status_code == 409
    assert control(app, "POST", path_of(created(app, "predicate"), "expire")).status_code == 409
