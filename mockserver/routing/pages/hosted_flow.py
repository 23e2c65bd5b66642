"""The vendor's own page for its users, as its lifecycle.yaml describes it: a person plays the user, and the session moves.

Each form carries a token of its own, which is good once, for one session and an hour of the mock's clock.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from starlette.types import Receive, Scope

from specimen.fixtures import recipes
from specimen.fixtures.pictures.facts import facts as picture_facts
from specimen.fixtures.primitives.times import iso_millis
from specimen.fixtures.recipes.recipe import NAMESPACE_PARAMETER
from specimen.fixtures.recipes.session_histories import expires_at
from specimen.mockserver.errors import Contradiction, InvalidFact
from specimen.mockserver.http import request_body
from specimen.mockserver.http.messages import Reply
from specimen.mockserver.routing.pages import html, images
from specimen.mockserver.sessions.service import Sessions
from specimen.mockserver.sessions.session import Session
from specimen.mockserver.sessions.session_record import Record
from specimen.mockserver.sessions.steering.steering import Steering
from specimen.specs import Provider
from specimen.specs.loading.lifecycle import Hosted

FLOW, ASSETS = "flow/", "assets/"
_TOKEN_SECONDS = 3600
_MOST_FORM_BYTES, _MOST_FIELDS = 16_384, 20
_LONGEST_TOKEN = 100
# What a step photographs, by the names of pictures that a person hands in.
_PHOTOGRAPHS = {"document": "document_front", "selfie": "selfie"}
_OUTCOME, _ABANDON = "outcome", "abandon"
_STALE = "This form was sent before, or is too old. Here is where the session is now."
_TEMPLATES = html.environment(html.FOLDER / "templates")
_FILES = html.Assets(html.files("hosted.css", "hosted.js", "document.svg", "selfie.svg", folder=html.FOLDER / "assets"))


@dataclass(slots=True)
class Visit:
    """A request for a hosted page: its path below `/_specimen/`, and how long its body may take, in seconds.

    `body` is kept once it was read: a request is answered anew where another process changed its namespace.
    """

    path: str
    scope: Scope
    receive: Receive
    headers: Mapping[str, str]
    body_seconds: float
    body: bytes | None = None

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters; of a repeated one the last counts."""
        return dict(parse_qsl(self.scope["query_string"].decode("latin-1"))[:_MOST_FIELDS])


def is_for(path: str) -> bool:
    """Whether a path below `/_specimen/` is one of these pages, or a file that they link to."""
    return path.startswith((FLOW, ASSETS))


async def answer(provider: Provider, sessions: Sessions, visit: Visit) -> Reply | None:
    """The page, the file, or what came of a form; None where there is no such thing, for a program.

    Raises:
        RequestRejected: a form that is too large, or not complete in time.
        Disconnected: the client disconnected.
    """
    method = visit.scope["method"]
    if visit.path.startswith(ASSETS):
        return _FILES.reply(visit.path.removeprefix(ASSETS)) if method in ("GET", "HEAD") else None
    session = await sessions.get(visit.path.removeprefix(FLOW), poll=False) if visit.path != FLOW else None
    if session is None:
        if method in ("GET", "HEAD", "POST") and html.prefers_html(visit.headers.get("accept", "")):
            frames = "*" if provider.lifecycle.hosted.is_framed else html.NOBODY
            return html.page(_rendered("wrong_link.html", provider), 404, frames=frames)
        return None
    page = _Page(provider, sessions, session, visit)
    if method == "POST":
        return await page.done()
    return await page.shown() if method in ("GET", "HEAD") else None


def _rendered(template: str, provider: Provider, **values: Any) -> str:
    shown = {"title": provider.lifecycle.title, "asset": lambda name: f"../{ASSETS}{_FILES.link(name)}", **values}
    return _TEMPLATES.get_template(template).render(**shown)


class _Page:
    """The page of one session."""

    def __init__(self, provider: Provider, sessions: Sessions, session: Session, visit: Visit) -> None:
        self._provider = provider
        self._lifecycle = provider.lifecycle
        self._hosted: Hosted = provider.lifecycle.hosted
        self._sessions = sessions
        self._session = session
        self._visit = visit

    # -- what it shows --------------------------------------------------------------------------------------------------

    async def shown(self, status: int = 200, notice: str = "") -> Reply:
        """The step at which the person is, or how the session ended."""
        session, hosted = self._session, self._hosted
        step = None if session.is_terminal or session.state in hosted.waits else self._step()
        ends_at = expires_at(self._lifecycle, session.created_at)
        lifetime = self._lifecycle.lifetime
        values = {
            "session": session,
            "step": step,
            "number": None if step is None else [*(entry.name for entry in hosted.steps), _OUTCOME].index(step) + 1,
            "count": len(hosted.steps) + 1,
            "outcomes": self._outcomes() if step == _OUTCOME else [],
            "photograph": self._photograph(step),
            "abandons": hosted.abandon is not None and self._leads_to(hosted.abandon),
            "waits": session.state in hosted.waits,
            "expired": lifetime is not None and session.state == lifetime.to,
            "description": self._lifecycle.states[session.state].description,
            "expires": None if ends_at is None else iso_millis(ends_at)[:19].replace("T", " "),
            "back": self._way_back(),
            "notice": notice,
            "messages": json.dumps(self._messages()),
            "commands": {} if hosted.messages is None or hosted.messages.cancel is None else {_ABANDON: hosted.messages.cancel},
            "action": self._query(),
            "key": _key,
            "token": "",
        }
        if step is not None and self._visit.scope["method"] != "HEAD":
            values["token"] = token = secrets.token_urlsafe(18)
            await self._sessions.set_value(f"hosted-page:{token}", session.id, _TOKEN_SECONDS)
        frames = "*" if hosted.is_framed else html.NOBODY
        return html.page(_rendered("hosted.html", self._provider, **values), status, frames=frames)

    def _step(self) -> str:
        """The step's name: the one that the address names, where the session can be there, else the next one."""
        steps, state = self._hosted.steps, self._session.state
        been = {event.state for event in self._session.events}
        first = 0
        for index, entry in enumerate(steps, 1):
            is_here = entry.to == state and state != self._lifecycle.initial
            if entry.to is not None and (is_here or (entry.to in been and not self._leads_to(entry.to) and entry.to != state)):
                first = index
        possible = [_OUTCOME]
        for entry in reversed(steps[first:]):
            # A step that moves the session is before all that follow it.
            possible = [entry.name] if entry.to is not None and self._leads_to(entry.to) else [entry.name, *possible]
        asked = self._visit.query.get("step")
        return asked if asked in possible else possible[0]

    def _photograph(self, step: str | None) -> str | None:
        """Where the picture is, relative to the page, that the step takes; None where nothing can draw it."""
        name, stated = _PHOTOGRAPHS.get(step or ""), picture_facts(self._provider)
        if name is None or find_spec("PIL") is None or recipes.picture(self._provider, self._session.snapshot, name) is None:
            return None
        path = stated.link.format(id=quote(self._session.ids[stated.id_name], safe=""), picture=name)
        query = self._query()
        return f"../{images.PREFIX}{path}{query if len(query) > 1 else ''}"

    def _leads_to(self, state: str) -> bool:
        here = self._session.state
        return self._lifecycle.is_edge(here, state) and self._lifecycle.transition(here, state).operation is None

    def _outcomes(self) -> list[dict[str, Any]]:
        """How the session can end from here, with the reasons that its answers so far leave open."""
        steering, found = self._steering(), []
        for index, entry in enumerate(self._hosted.outcomes):
            if self._leads_to(entry.to):
                left = (
                    [] if entry.choice is None else steering.values_left(self._session.record, entry.choice, self._sessions.now)
                )
                reasons = [str(value) for value in left]
                found.append({"index": index, "label": entry.label, "choice": entry.choice, "reasons": reasons})
        return found

    def _steering(self) -> Steering:
        return Steering(self._provider, self._sessions.defaults)

    def _way_back(self) -> str | None:
        """The URL that the person goes back to, with what the vendor adds; None where it is none of the web."""
        back = self._session.facts.get("redirect_url")
        if isinstance(back, str) and back.lower().startswith(("https://", "http://")) and urlsplit(back).netloc:
            return back
        return None

    def _messages(self) -> list[Any]:
        """What the page posts to the window that embeds it, in this order; `{height}` is filled in by the page."""
        messages = self._hosted.messages
        if messages is None:
            return []
        state = self._session.state
        types = [messages.loaded if "step" not in self._visit.query else messages.moved, messages.resized]
        if state in messages.ended:
            types.append(messages.ended[state])
        values = {**self._session.facts, "session": self._session.id, "state": state, "now": iso_millis(self._sessions.now)}
        return [_filled(messages.envelope, {**values, "type": name}) for name in types]

    def _query(self, step: str | None = None) -> str:
        """The page's own address, relative to itself: its query, with its namespace, and with a step."""
        kept = {name: value for name, value in self._visit.query.items() if name == NAMESPACE_PARAMETER}
        query = urlencode({**kept, **({} if step is None else {"step": step})})
        return f"?{query}"

    # -- what its forms do ----------------------------------------------------------------------------------------------

    async def done(self) -> Reply:
        """Moves the session as the form says, then leads to the next step."""
        form = await self._form()
        token, name, sessions = form.get("token", "")[:_LONGEST_TOKEN], form.get("do", ""), self._sessions
        page, _, of_form = token.partition(".")
        known = await sessions.value(f"hosted-page:{page}") if page and of_form == _key(name, form.get("outcome", "")) else None
        if known != self._session.id or not await sessions.is_first(f"hosted-form:{token}", _TOKEN_SECONDS):
            return await self.shown(409, _STALE)
        try:
            step = await self._stepped(name) if name in {entry.name for entry in self._hosted.steps} else None
            if step is None:
                await self._ended(name, form)
        except (Contradiction, InvalidFact) as error:
            return await self.shown(409, str(error))
        # Relative: it holds wherever the page is mounted, behind whatever proxy.
        return html.page("", 303, headers={"Location": self._query(step or "end")})

    async def _form(self) -> dict[str, str]:
        visit = self._visit
        if visit.body is None:
            raw = request_body.read_available(dict(visit.headers), visit.receive, _MOST_FORM_BYTES)
            if not isinstance(raw, bytes):
                seconds = visit.body_seconds
                raw = await request_body.read_remaining(raw, visit.receive, most_bytes=_MOST_FORM_BYTES, seconds=seconds)
            visit.body = raw
        return dict(parse_qsl(visit.body.decode("utf-8", "replace"), keep_blank_values=True)[:_MOST_FIELDS])

    async def _stepped(self, name: str) -> str:
        """Does a step, and gives the name of the next one."""
        names = [entry.name for entry in self._hosted.steps]
        index = names.index(name)
        to = self._hosted.steps[index].to
        if to is not None and to != self._session.state and self._leads_to(to):
            await self._moved(to, {})
        return [*names, _OUTCOME][index + 1]

    async def _ended(self, name: str, form: Mapping[str, str]) -> None:
        """Ends the session as the person chose, or gives up.

        Raises:
            Contradiction: it cannot end so.
        """
        if name == _ABANDON and self._hosted.abandon is not None:
            await self._moved(self._hosted.abandon, {})
            return
        number = form.get("outcome", "")
        if name != _OUTCOME or not number.isascii() or not number.isdigit() or int(number[:4]) >= len(self._hosted.outcomes):
            raise Contradiction("the page has no such form.", {})
        entry = self._hosted.outcomes[int(number[:4])]
        facts: dict[str, Any] = {}
        if entry.choice is not None and form.get("reason"):
            choice = self._lifecycle.choices[entry.choice]
            text = form["reason"]
            facts[entry.choice] = next((value for value in choice.values if str(value) == text), text)
        await self._moved(entry.to, facts)

    async def _moved(self, to: str, facts: Mapping[str, Any]) -> None:
        steering = self._steering()

        def change(record: Record, now: int) -> Record:
            return steering.transition(record, to, facts, now)

        moved = await self._sessions.steer(self._session, change)
        if moved is None:
            raise Contradiction("the session was forgotten meanwhile.", {})
        self._session = moved


def _key(name: str, outcome: Any) -> str:
    """What tells a form from the others of its page: the end of its token."""
    return f"{name}-{outcome}" if name == _OUTCOME else name


def _filled(value: Any, values: Mapping[str, Any]) -> Any:
    """An envelope with its placeholders filled; one that is the whole text keeps its value's type, `{height}` stays."""
    if isinstance(value, Mapping):
        return {name: _filled(entry, values) for name, entry in value.items()}
    if isinstance(value, str) and value.startswith("{") and value.endswith("}") and value != "{height}":
        return values.get(value[1:-1], False)
    return value
