"""The hosted pages over HTTP: their steps, their forms' tokens, their ends, and who may embed them."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import httpx
import pytest

from specimen import specs
from specimen.mockserver.app import App
from specimen.specs import SpecError
from specimen.specs.loading.lifecycle_loader import read_lifecycle
from tests.mockserver.calling import ask, forward, frozen_app

NAMES = specs.names()
BROWSER = {"Accept": "text/html"}
BACK = "https://shop.example/done?order=17"


@pytest.fixture
def app() -> App:
    """All providers under a still clock; sessions move when they are told to."""
    return frozen_app()


class Person:
    """Somebody who opens a session's page and sends its forms."""

    def __init__(self, app: App, vendor: str, session_id: str, query: str = "") -> None:
        self.app, self.vendor, self.id = app, vendor, session_id
        self.path = f"/{vendor}/_specimen/flow/{session_id}"
        self.page = ask(app, "GET", self.path + query, BROWSER)

    @property
    def state(self) -> str:
        """The state that the control API shows."""
        return ask(self.app, "GET", f"/_specimen/v1/sessions/{self.vendor}/{self.id}").json()["state"]  # type: ignore[no-any-return]

    @property
    def heading(self) -> str:
        """The page's heading."""
        return re.findall(r"<h1>(.*?)</h1>", self.page.text)[0]  # type: ignore[no-any-return]

    def token(self, do: str, outcome: str = "") -> str:
        """The token of one of the page's forms; of the first one, changed to that form's, where the page has none such."""
        form = f"{do}-{outcome}" if do == "outcome" else do
        found: list[str] = re.findall(r'name="token" value="([^"]+)"', self.page.text)
        return next((token for token in found if token.endswith(f".{form}")), f"{found[0].partition('.')[0]}.{form}")

    def sends(self, do: str, **fields: str) -> httpx.Response:
        """Sends a form of the page that is open, and opens where that leads."""
        data = {"token": self.token(do, fields.get("outcome", "")), "do": do, **fields}
        answer = ask(self.app, "POST", self.path, BROWSER, data=data)
        where = httpx.URL(f"http://x{self.path}").join(answer.headers.get("location", ""))
        self.page = ask(self.app, "GET", f"{where.raw_path.decode()}", BROWSER) if answer.status_code == 303 else answer
        return answer

    def goes_through(self) -> None:
        """Does every step up to the one at which the session ends."""
        while (step := re.search(r'name="do" value="(consent|document|selfie)"', self.page.text)) is not None:
            assert self.sends(step[1]).status_code == 303, self.page.text


def person(app: App, vendor: str, **body: Any) -> Person:
    """Somebody with the link of a new session."""
    made = ask(app, "POST", "/_specimen/v1/sessions", json={"provider": vendor, **body}).json()["session"]
    return Person(app, vendor, made["id"])


@pytest.mark.parametrize("vendor", NAMES)
def test_flow__leads_through_the_steps_to_each_outcome(vendor: str, app: App) -> None:
    """Consent, document, selfie, then each end and the first reason that is left: by the edges of the lifecycle."""
    provider = specs.load(vendor)
    hosted = provider.lifecycle.hosted
    for index, outcome in enumerate(hosted.outcomes):
        who = person(app, vendor)
        assert who.heading == "May we check who you are?"
        who.goes_through()
        assert who.heading == "How does it end?"
        form = who.page.text.partition(f'name="outcome" value="{index}"')[2].partition("</form>")[0]
        reasons = re.findall("<option>(.*?)</option>", form)
        assert bool(reasons) is (outcome.choice is not None)
        chosen = {"reason": reasons[0]} if reasons else {}
        assert who.sends("outcome", outcome=str(index), **chosen).status_code == 303, unescape(who.page.text)
        assert who.state == outcome.to
        if chosen:
            body = ask(app, "GET", f"/_specimen/v1/sessions/{vendor}/{who.id}").json()
            assert str(body["facts"][outcome.choice]) == reasons[0]


@pytest.mark.parametrize("vendor", [name for name in NAMES if specs.load(name).lifecycle.hosted.abandon])
def test_flow__is_given_up_at_any_step(vendor: str, app: App) -> None:
    """From the first page as from the last one."""
    abandon = specs.load(vendor).lifecycle.hosted.abandon
    early, late = person(app, vendor), person(app, vendor)
    late.goes_through()
    for who in (early, late):
        assert who.sends("abandon").status_code == 303
        assert who.state == abandon
        assert who.heading == "You are done"


def test_flow__goes_on_later(app: App) -> None:
    """Who closes the page and opens the link again is at the first step that the session has not done."""
    who = person(app, "kyve")
    who.sends("consent")
    assert who.state == "requires_input"
    again = Person(app, "kyve", who.id)
    assert again.heading == "Photograph your document"
    again.sends("document")
    assert again.state == "in_progress"
    assert Person(app, "kyve", who.id).heading == "Take a selfie"
    assert Person(app, "kyve", who.id, "?step=consent").heading == "Take a selfie", "no address leads back"
    assert Person(app, "kyve", person(app, "kyve").id, "?step=outcome").heading == "May we check who you are?"


def test_flow__reads_move_nothing(app: App) -> None:
    """A preview that opens the link, as messengers do, leaves the session as it is."""
    who = person(app, "kayle")
    for _ in range(3):
        Person(app, "kayle", who.id)
    assert ask(app, "HEAD", who.path).status_code == 200
    assert who.state == "created"


def test_flow__a_form_is_sent_once(app: App) -> None:
    """Sent twice, without its token, with another form's or session's or after an hour, it only shows where things are."""
    who, other = person(app, "kayle"), person(app, "kayle")
    first = who.page
    tokens = re.findall(r'name="token" value="([^"]+)"', first.text)
    assert len(tokens) == len(set(tokens)) == 2, "one for each form: to consent, and to give up"
    who.sends("consent")
    who.page = first
    again = who.sends("consent")
    assert (again.status_code, "sent before" in again.text) == (409, True)
    for token in ("", ".", ".abandon", "made-up.abandon", tokens[0], other.token("abandon"), "x" * 5000):
        assert ask(app, "POST", who.path, BROWSER, data={"token": token, "do": "abandon"}).status_code == 409
    assert who.state == "in_progress"
    old = person(app, "idnow")
    forward(app, 3_600_001)
    assert old.sends("abandon").status_code == 409
    assert old.state == "CREATED"


def test_flow__refuses_what_no_form_sends(app: App) -> None:
    """Unknown outcomes and reasons, and forms that are too large, are refused; the session stays where it is."""
    for fields in ({"outcome": "99"}, {"outcome": "-1"}, {"outcome": "²"}, {}, {"outcome": "1", "reason": "<script>"}):
        who = person(app, "kayle")
        who.goes_through()
        assert who.sends("outcome", **fields).status_code == 409
        assert "<script>" not in who.page.text.replace("<script defer", "")
        assert who.state == "in_progress"
    assert who.sends("nothing").status_code == 409
    assert ask(app, "POST", who.path, BROWSER, content=b"x" * 20_000).status_code == 400


def test_flow__shows_expiry_and_wrong_links(app: App) -> None:
    """A session whose time is over says so, and has no form; a link to none is a page for people and a problem for programs."""
    who = person(app, "kayle", pace="realtime", scenario="expired")
    forward(app, 3_600_000)
    late = Person(app, "kayle", who.id)
    assert late.heading == "This link has expired"
    assert "<form" not in late.page.text
    wrong = ask(app, "GET", "/kayle/_specimen/flow/vs_nobody", BROWSER)
    assert (wrong.status_code, "leads to no session" in wrong.text) == (404, True)
    assert ask(app, "GET", "/kayle/_specimen/flow/vs_nobody").headers["content-type"] == "application/problem+json"


def test_flow__leads_back_at_the_end(app: App) -> None:
    """To the redirect URL, with what the vendor adds."""
    body = {"redirectUrl": BACK, "state": "a&b"}
    path = "/idnow/api/v1/flows/0197c55f-5af6-7e3d-af9b-f2359b154be8/live/sessions"
    made = ask(app, "POST", path, {"Authorization": "Bearer idnow-token-specimen"}, json=body).json()
    who = Person(app, "idnow", made["sessionContext"]["sessionId"])
    who.goes_through()
    who.sends("outcome", outcome="0")
    assert f'href="{BACK}&amp;state=a%26b"' in who.page.text


def test_flow__waits_for_a_reviewer(app: App) -> None:
    """A person has nothing to do while a reviewer looks; who is asked to try again begins anew."""
    who = person(app, "kyve")
    who.goes_through()
    who.sends("outcome", outcome="2", reason="document_inspection")
    assert (who.state, who.heading) == ("requires_review", "We are having a look")
    assert "<form" not in who.page.text
    again = person(app, "predicate")
    again.goes_through()
    again.sends("outcome", outcome="2")
    assert (again.state, again.heading) == ("retry", "May we check who you are?")
    again.goes_through()
    again.sends("outcome", outcome="0")
    assert again.state == "completed"


def test_flow__keeps_its_namespace(app: App) -> None:
    """The link carries it, and the forms lead on in it."""
    headers = {"Specimen-Namespace": "mine"}
    made = ask(app, "POST", "/_specimen/v1/sessions", headers, json={"provider": "kayle"}).json()
    link = made["answer"]["data"]["verification_url"].removeprefix("http://127.0.0.1:8080")
    page = ask(app, "GET", link, BROWSER).text
    token = re.findall(r'name="token" value="([^"]+)"', page)[0]
    answer = ask(app, "POST", link, BROWSER, data={"token": token, "do": "consent"})
    assert answer.headers["location"] == "?specimen_ns=mine&step=document"
    shown = ask(app, "GET", f"/_specimen/v1/sessions/kayle/{made['session']['id']}", headers).json()
    assert shown["state"] == "in_progress"


@pytest.mark.parametrize("vendor", NAMES)
def test_flow__is_framed_where_the_vendors_is(vendor: str, app: App) -> None:
    """By a policy of its own; no script or style but the server's files."""
    page = person(app, vendor).page
    is_framed = specs.load(vendor).lifecycle.hosted.is_framed
    frames = "*" if is_framed else "'none'"
    assert f"frame-ancestors {frames}" in page.headers["content-security-policy"]
    assert ("x-frame-options" in page.headers) is not is_framed
    assert "access-control-allow-origin" not in page.headers
    assert re.findall(r"<script(?! defer src=)|<style|\sstyle=|\son[a-z]+=", page.text) == []
    for link in re.findall(r'(?:src|href)="\.\./(assets/[^"]+)"', page.text):
        assert ask(app, "GET", f"/{vendor}/_specimen/{link}").status_code == 200


def test_flow__messages_have_the_public_envelope(app: App) -> None:
    """Kyve's page posts type, version, session, mode and time, by the type of what has happened."""
    who = person(app, "kyve")

    def messages() -> list[Any]:
        return json.loads(unescape(re.findall(r'data-messages="([^"]*)"', who.page.text)[0]))  # type: ignore[no-any-return]

    first = messages()[0]
    assert first.pop("data")["status"] == "created"
    assert first == {
        "type": "kyc.ready", "version": 1, "session_id": who.id, "livemode": False, "emitted_at": "2026-03-19T10:31:06.000Z",
    }  # fmt: skip
    who.goes_through()
    assert [one["type"] for one in messages()] == ["kyc.status_changed", "kyc.resize"]
    who.sends("outcome", outcome="0")
    assert [one["type"] for one in messages()][-1] == "kyc.completed"
    assert person(app, "kayle").page.text.count('data-messages="[]"') == 1


def test_hosted__section_is_checked(tmp_path: Any) -> None:
    """A state or a choice that is not there is an error of the file, with what is there."""
    text = (specs.load("kayle").folder / "lifecycle.yaml").read_text(encoding="utf-8")
    for wrong, right in (("abandon: canceled", "abandon: cancelled"), ("choice: failure_cod}", "choice: failure_code}")):
        path = tmp_path / "lifecycle.yaml"
        path.write_text(text.replace(right, wrong, 1), encoding="utf-8")
        with pytest.raises(SpecError, match="Did you mean"):
            read_lifecycle(path)


@pytest.mark.parametrize("vendor", NAMES)
@pytest.mark.parametrize("query", ["", "?specimen_ns=other"])
def test_steps__show_the_sessions_own_pictures(vendor: str, query: str, app: App) -> None:
    """The document and the face are those that are drawn for this session, in its namespace."""
    pytest.importorskip("PIL")
    headers = {"Specimen-Namespace": "other"} if query else {}
    made = ask(app, "POST", "/_specimen/v1/sessions", headers, json={"provider": vendor}).json()["session"]
    who = Person(app, vendor, made["id"], query)
    who.path += query
    who.sends("consent")
    found = []
    for step, name in (("document", "document_front"), ("selfie", "selfie")):
        (link,) = re.findall(r'<img class="\w+" src="([^"]+)"', who.page.text)
        assert name in link
        target = httpx.URL(f"http://x/{vendor}/_specimen/flow/{made['id']}").join(unescape(link))
        picture = ask(app, "GET", target.raw_path.decode())
        assert (picture.status_code, picture.headers["content-type"]) == (200, "image/jpeg")
        found.append(picture.content)
        who.sends(step)
    assert found[0] != found[1]


def test_steps__without_pillow_show_a_sketch(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can draw, the pages keep their two sketches."""
    from specimen.mockserver.routing.pages import hosted_flow

    monkeypatch.setattr(hosted_flow, "find_spec", lambda name: None)
    who = person(app, "kayle")
    who.sends("consent")
    assert "assets/document.svg" in who.page.text
    assert "_specimen/images" not in who.page.text
