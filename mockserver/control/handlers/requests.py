"""The request log: listed, exported, asked about, cleared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specimen.mockserver.control.call import Call, Handler
from specimen.mockserver.control.problems import ControlProblem, not_there
from specimen.mockserver.errors import did_you_mean
from specimen.mockserver.http.messages import Reply
from specimen.mockserver.sessions.namespaces import BEGAN
from specimen.mockserver.sessions.request_log import har, questions
from specimen.mockserver.sessions.request_log.filters import Filter
from specimen.mockserver.sessions.request_log.har import Shown

_NAMES = ("provider", "operation", "session", "method", "path", "status", "fault", "has_problem")
# Members of a question that one request more could make a no.
_ABOUT_ALL = ("times", "at_most", "header", "max_per_second", "never_after_end")
# What a question can ask besides which requests it is about.
_ASKED = ("times", "at_least", "at_most", "header", "max_per_second", "never_after_end")
_MEMBERS = {
    "called": ("at_least", "at_most", "header", "times"),
    "not_called": (),
    "polled": ("at_least", "header", "max_per_second", "never_after_end"),
}
CLEARED = "log_after"


async def list_requests(call: Call) -> Reply:
    """A page of the log, oldest first."""
    wanted, limit, after = _filter(call, call.query), call.query["limit"], call.query.get("after", 0)
    entries = [one.entry for one in await _entries(call)]
    # Processes that share a store number what they hand over, and not in the order of the answers.
    known = next((place + 1 for place, entry in enumerate(entries) if entry["number"] == after), None)
    rest = [entry for entry in entries if entry["number"] > after] if known is None else entries[known:]
    found = [entry for entry in rest if not wanted.misses(entry)]
    return Reply(200, {"requests": found[:limit], "next": found[limit - 1]["number"] if len(found) > limit else None})


async def export_requests(call: Call) -> Reply:
    """The log as an HTTP Archive."""
    return Reply(200, har.archive(await _entries(call), call.origin, whole=call.query.get("bodies") == "whole"))


async def ask_requests(call: Call) -> Reply:
    """Whether requests came as they should."""
    body = call.body
    _check_members(body)
    wanted = _filter(call, body.get("of", {}))
    entries = [one.entry for one in await _entries(call)]
    if body["question"] == "not_called":
        answer = questions.not_called(entries, wanted)
    elif body["question"] == "called":
        options = {name: body.get(name) for name in ("times", "at_least", "at_most", "header")}
        answer = questions.called(entries, wanted, **options)
    else:
        answer = questions.polled(
            entries,
            wanted,
            max_per_second=body.get("max_per_second"),
            at_least=body.get("at_least", 1),
            header=body.get("header"),
            reads=_reads(call),
            never_after_end=body.get("never_after_end", False),
        )
    answer = questions.as_far_as_known(
        answer,
        is_on=call.log.is_on,
        has_dropped=call.log.has_dropped(call.namespace.name, len(entries)),
        is_about_all=body["question"] == "not_called" or any(_is_asked(body.get(name)) for name in _ABOUT_ALL),
    )
    return Reply(200, {"passed": answer.passed, "message": answer.message, "count": answer.asked})


def _is_asked(value: Any) -> bool:
    return value is not None and value is not False


async def clear_requests(call: Call) -> Reply:
    """Nothing; the namespace's entries are gone."""
    await clear(call)
    return Reply(204)


async def clear(call: Call) -> None:
    """Forgets the entries of the namespace."""
    last = await call.log.clear(call.namespace.name)
    if call.server.store.is_shared:
        call.namespace = await call.server.namespaces.change(call.namespace.name, lambda _: {CLEARED: last})


async def _entries(call: Call) -> list[Shown]:
    document = call.namespace.document
    return await call.log.entries(call.namespace.name, document.get(CLEARED, 0), document.get(BEGAN, 0))


def _check_members(body: Mapping[str, Any]) -> None:
    """Checks that a question is asked about all that it says.

    Raises:
        ControlProblem: a member is one of another question, or two contradict each other.
    """
    question, possible = body["question"], _MEMBERS[body["question"]]
    stray = next((name for name in _ASKED if name not in possible and _is_asked(body.get(name))), None)
    if stray is not None:
        what = f"{stray}: a question about '{question}' has no such member. {did_you_mean(stray, possible)}"
        raise ControlProblem(400, what, {"members": possible})
    both = [name for name in ("at_least", "at_most") if name in body]
    if "times" in body and both:
        raise ControlProblem(400, f"times: says exactly how often; leave out {' and '.join(both)}.")
    if len(both) == 2 and body["at_least"] > body["at_most"]:
        raise ControlProblem(400, f"at_least: {body['at_least']} is more than at_most, {body['at_most']}.")


def _filter(call: Call, asked: Mapping[str, Any]) -> Filter:
    """The filter that a caller asks for.

    Raises:
        ControlProblem: no served provider has that name, or that operation; no request could ever fit.
    """
    name, operation = asked.get("provider"), asked.get("operation")
    mounted = [call.mounted(one) for one in (call.server.mounted if name is None else (name,))]
    operations = {one for entry in mounted for one in entry.provider.document.operations}
    if operation is not None and operation not in operations:
        raise not_there("operation", operation, operations)
    return Filter(**{name: asked[name] for name in _NAMES if name in asked})


def _reads(call: Call) -> dict[tuple[str, str], questions.End]:
    """The reads by provider and operation, with where an answer shows the status, and which ones are the end."""
    found = {}
    for name in call.server.mounted:
        lifecycle = call.mounted(name).provider.lifecycle
        for read in lifecycle.reads:
            found[name, read.operation] = questions.End(read.status or "", lifecycle.terminal)
    return found


HANDLERS: Mapping[str, Handler] = {
    "listRequests": list_requests,
    "exportRequests": export_requests,
    "askRequests": ask_requests,
    "clearRequests": clear_requests,
}
