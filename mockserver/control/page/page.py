"""Serves the page for people: who may see it, which of its parts is asked for, and what its forms do."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.types import Receive, Scope, Send

from specimen.fixtures.recipes.recipe import DEFAULT_NAMESPACE
from specimen.mockserver.control.api import ControlApi
from specimen.mockserver.control.call import Call
from specimen.mockserver.control.page import changes, views
from specimen.mockserver.control.page.actions import Actions
from specimen.mockserver.control.problems import ControlProblem
from specimen.mockserver.control.server import Server
from specimen.mockserver.http import request_body
from specimen.mockserver.http.dates import date_header
from specimen.mockserver.http.messages import Reply
from specimen.mockserver.http.request_body import Disconnected, RequestRejected
from specimen.mockserver.http.responses import send_reply
from specimen.mockserver.routing.pages import html
from specimen.mockserver.sessions.namespaces import is_namespace_name

PREFIX = "/_specimen/page"
_FOLDER = Path(__file__).parent
_MOST_FORM_BYTES, _MOST_FIELDS = 65_536, 50
_COOKIE_SECONDS = 12 * 3600
_STREAM_SECONDS = 300.0
_PARTS = {"sessions": views.sessions, "webhooks": views.webhooks}
_OF_NAMESPACE = {"clock": views.clock, "requests": views.requests, "faults": views.faults}


@dataclass(frozen=True, slots=True)
class _Visit:
    """A request for the page; `root` is put before its own paths, `origin` is where the vendors' paths begin."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    origin: str
    root: str

    @property
    def namespace(self) -> str:
        """The namespace that it shows."""
        name = self.query.get("ns", DEFAULT_NAMESPACE)
        return name if is_namespace_name(name) else DEFAULT_NAMESPACE

    @property
    def is_same_origin(self) -> bool:
        """Whether no page of another site has sent it, as far as the browser says; a proxy may speak TLS before the server."""
        origin = self.headers.get("origin")
        is_own = origin is None or urlsplit(origin).netloc in (self.headers.get("host", ""), urlsplit(self.origin).netloc)
        return is_own and self.headers.get("sec-fetch-site", "none") in ("none", "same-origin")


class Page:
    """The page of a server, over its control API."""

    def __init__(self, control: ControlApi, server: Server) -> None:
        self._control = control
        self._server = server
        self._templates = html.environment(_FOLDER / "templates")
        self._assets = html.Assets({**html.HTMX, **html.files("page.css", "page.js", folder=_FOLDER / "assets")})

    def is_asked_for(self, path: str, headers: Mapping[str, str]) -> bool:
        """Whether a request is for the page: for its own paths, or a browser's for the root or for a vendor's mount."""
        if path.startswith(f"{PREFIX}/"):
            return True
        return (path in ("", "/") or path[1:] in self._server.mounted) and html.prefers_html(headers.get("accept", ""))

    async def __call__(self, scope: Scope, receive: Receive, send: Send, headers: Mapping[str, str], origin: str) -> None:
        """Answers one request; `headers` have lower-case names."""
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), max_num_fields=None)[:_MOST_FIELDS])
        visit = _Visit(scope["method"], scope["path"].removeprefix(PREFIX), query, headers, origin, urlsplit(origin).path)
        is_unread = False
        try:
            reply = await self._answer(visit, receive)
        except ControlProblem as problem:
            reply = self._refusal(visit, problem.status, problem.detail)
        except RequestRejected as error:
            reply, is_unread = self._refusal(visit, 400, error.problem.detail), error.is_unread
        except Disconnected:
            return
        is_head = visit.method == "HEAD"
        dated = (date_header(self._server.namespaces.known(visit.namespace).clock.now()),)
        await send_reply(send, reply, dated, is_head=is_head, receive=receive, is_unread=is_unread)

    async def _answer(self, visit: _Visit, receive: Receive) -> Reply:
        self._control.security.check_host(visit.headers)
        path = visit.path
        if path[1:] in self._server.mounted:
            return html.page("", 303, headers={"Location": f"{visit.root}/?{urlencode({'vendor': path[1:]})}"})
        if path.startswith("/assets/") and visit.method in ("GET", "HEAD"):
            return self._assets.reply(path.removeprefix("/assets/")) or self._refusal(visit, 404, "There is no such file.")
        if path == "/login" and visit.method == "POST":
            return await self._login(visit, receive)
        if not self._is_known(visit.headers):
            return self._refusal(visit, 401, "This server is reached from other machines: its page needs the control token.")
        if visit.method in ("GET", "HEAD"):
            return await self._shown(visit)
        if visit.method != "POST" or not path.startswith("/do/"):
            return self._refusal(visit, 405, "The page's forms are sent with POST.")
        # A page of another site cannot send this header: it would need a preflight, which is never granted here.
        if visit.headers.get("hx-request") != "true" or not visit.is_same_origin:
            return self._refusal(visit, 403, "Only the page itself sends this form.")
        return await self._done(visit, path.removeprefix("/do/"), await self._form(visit, receive))

    # -- who may see it -------------------------------------------------------------------------------------------------

    def _cookie(self) -> tuple[str, str]:
        """The cookie of whoever knows the token; neither its name nor its value tells the token."""
        key = (self._control.security.token or "").encode()
        name = hmac.new(key, b"specimen page: name", sha256).hexdigest()[:8]
        return f"specimen_page_{name}", hmac.new(key, b"specimen page: value", sha256).hexdigest()

    def _is_known(self, headers: Mapping[str, str]) -> bool:
        if self._control.security.token is None:
            return True
        name, value = self._cookie()
        given = dict(part.strip().partition("=")[::2] for part in re.split("[;,]", headers.get("cookie", "")))
        return hmac.compare_digest(given.get(name, "").encode(), value.encode())

    async def _login(self, visit: _Visit, receive: Receive) -> Reply:
        if not visit.is_same_origin:
            return self._refusal(visit, 403, "Only the page itself sends this form.")
        form = await self._form(visit, receive)
        if self._control.security.token is not None and not self._control.security.is_token(form.get("token", "").strip()):
            return self._refusal(visit, 401, "This is not the control token.")
        name, value = self._cookie()
        cookie = f"{name}={value}; Path={visit.root}/; Max-Age={_COOKIE_SECONDS}; HttpOnly; SameSite=Strict"
        if visit.origin.startswith("https:"):
            cookie += "; Secure"
        return html.page("", 303, headers={"Location": f"{visit.root}/", "Set-Cookie": cookie})

    async def _form(self, visit: _Visit, receive: Receive) -> dict[str, str]:
        raw = request_body.read_available(dict(visit.headers), receive, _MOST_FORM_BYTES)
        if not isinstance(raw, bytes):
            seconds = self._server.settings.body_seconds
            raw = await request_body.read_remaining(raw, receive, most_bytes=_MOST_FORM_BYTES, seconds=seconds)
        return dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True)[:_MOST_FIELDS])

    # -- what it shows --------------------------------------------------------------------------------------------------

    async def _shown(self, visit: _Visit) -> Reply:
        path = visit.path
        if path in ("", "/"):
            return await self._run(visit, self._whole(visit))
        if path == "/events":
            return self._events(visit)
        part = path.removeprefix("/part/")
        if part in (*_PARTS, *_OF_NAMESPACE, "session"):
            return await self._run(visit, self._part(visit, part))
        return self._refusal(visit, 404, "The page has no such part.")

    async def _run(self, visit: _Visit, handler: Callable[[Call], Awaitable[Reply]]) -> Reply:
        reply = await self._control.run(handler, visit.namespace, visit.origin, {})
        return reply if reply.content_type == html.TYPE else self._refusal(visit, reply.status, _detail(reply))

    def _whole(self, visit: _Visit) -> Callable[[Call], Awaitable[Reply]]:
        async def shown(call: Call) -> Reply:
            name = views.first_mounted(call, visit.query.get("vendor", "")).provider.name
            asked = visit.query.get("session", "")
            session: dict[str, Any] = {"session": None}
            missing = ""
            if asked:
                try:
                    session = await views.session(call, name, asked)
                except ControlProblem as problem:
                    missing = problem.detail
            watcher = changes.Watcher(name, asked)
            seen = changes.as_text((await watcher.look(call)).body)
            return self._rendered(
                visit, "page.html", **views.vendor(call, name), **session, **await views.sessions(call, name),
                **await views.webhooks(call, name), **await views.requests(call), **await views.faults(call),
                **await views.clock(call), vendors=views.vendors(call), missing=missing, seen=seen,
                namespaces=list(await call.server.store.namespaces("", 50)), asked=asked,
            )  # fmt: skip

        return shown

    def _part(self, visit: _Visit, part: str) -> Callable[[Call], Awaitable[Reply]]:
        async def shown(call: Call) -> Reply:
            name, asked = visit.query.get("vendor", ""), visit.query.get("session", "")
            if part not in _OF_NAMESPACE:
                call.mounted(name)
            if part == "session":
                values: dict[str, Any] = {"session": None, "missing": ""}
                try:
                    values = {**await views.session(call, name, asked), "missing": ""} if asked else values
                except ControlProblem as problem:
                    values["missing"] = problem.detail
            else:
                values = await (_OF_NAMESPACE[part](call) if part in _OF_NAMESPACE else _PARTS[part](call, name))
            return self._rendered(visit, f"{part}.html", vendor={"name": name}, asked=asked, **values)

        return shown

    def _events(self, visit: _Visit) -> Reply:
        watcher = changes.Watcher(visit.query.get("vendor", ""), visit.query.get("session", ""))

        async def run(handler: Callable[[Call], Awaitable[Reply]]) -> Reply:
            return await self._control.run(handler, visit.namespace, visit.origin, {})

        stream = changes.stream(run, watcher, changes.from_text(visit.query.get("seen", "")), _STREAM_SECONDS)
        return Reply(200, None, {"X-Content-Type-Options": "nosniff"}, "text/event-stream", stream)

    def _rendered(self, visit: _Visit, template: str, *, status: int = 200, **values: Any) -> Reply:
        known = {"root": visit.root, "prefix": visit.root + PREFIX, "asset": self._assets.link, "ns": visit.namespace}
        known["origin"] = visit.origin
        return html.page(self._templates.get_template(template).render(**known, **values), status)

    def _refusal(self, visit: _Visit, status: int, detail: str) -> Reply:
        """The answer to a request that is refused: a notice for the page itself, else a page; with the form where 401."""
        if visit.headers.get("hx-request") == "true":
            return self._rendered(visit, "notice.html", status=status, is_error=True, text=detail, possible={})
        return self._rendered(visit, "refusal.html", status=status, text=detail, asks=status == 401)

    # -- what its forms do ----------------------------------------------------------------------------------------------

    async def _done(self, visit: _Visit, action: str, form: Mapping[str, str]) -> Reply:
        actions = Actions(self._control, self._server, visit.namespace, visit.origin)
        done = await actions.do(action, form)
        if done is None:
            return self._refusal(visit, 404, "The page has no such form.")
        status = done.reply.status
        if status >= 400:
            possible = _problem(done.reply).get("possible", {})
            text = _detail(done.reply)
            return self._rendered(visit, "notice.html", status=status, is_error=True, text=text, possible=possible)
        reply = self._rendered(visit, "notice.html", is_error=False, text=done.text, possible={})
        if done.show is None:
            reply.headers = {**reply.headers, "HX-Trigger": "specimen-changed"}
        else:
            vendor, session = done.show
            shown = {"vendor": vendor, **({"session": session} if session else {})}
            if visit.namespace != DEFAULT_NAMESPACE:
                shown["ns"] = visit.namespace
            reply.headers = {**reply.headers, "HX-Redirect": f"{visit.root}/?{urlencode(shown)}"}
        return reply


def _problem(reply: Reply) -> Mapping[str, Any]:
    """The members of a problem (RFC 9457)."""
    found = json.loads(reply.payload())
    return found if isinstance(found, dict) else {}


def _detail(reply: Reply) -> str:
    return str(_problem(reply).get("detail", "The control API refused."))
