"""IDnow: order in time, references to data blocks, what the path and the creation asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.checks import fields, pagination
from specimen.contracts.judge.history import History
from specimen.contracts.judge.rule import EXAMINED, Examined, Finding, rule
from specimen.specs.core.json_pointer import at

PAGE = "Get session results"


@rule("IDN-003", "the id of each reference is the dataBlockId of a data block of that type", source=f"{PAGE}, Response, results")
def references_lead_somewhere(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """The data blocks, read after the session, hold all that it refers to; read before it, at least none of another type."""
    if fields.is_read(exchange, "listDatablocks"):
        blocks = _types(exchange)
        for kind, block_id in _references(next(reversed(_same_session(exchange, history, "getSession")), None)):
            yield EXAMINED
            if blocks.get(block_id) != kind:
                yield Finding("/dataBlocks", "a data block of its type for each reference of the session", [*blocks])
                return
    elif fields.is_read(exchange, "getSession"):
        known = {key: kind for one in _same_session(exchange, history, "listDatablocks") for key, kind in _types(one).items()}
        for kind, block_id in _references(exchange):
            if block_id not in known:
                continue
            yield EXAMINED
            if known[block_id] != kind:
                yield Finding(f"/results/{kind}/id", "the dataBlockId of a data block of that type", block_id)


@rule(
    "IDN-010",
    "createdAt, startedAt, completedAt and updatedAt follow one another",
    mark="I",
    source=f"{PAGE}, Response",
    quote="timestamp when session was created … when processing started … of last update … when session reached a terminal state",
)
def times_are_in_order(exchange: Exchange, history: History) -> Iterable[Finding | Examined]:
    """What is absent or null is passed over."""
    return fields.in_order(("/createdAt", "/startedAt", "/completedAt", "/updatedAt"), "getSession")(exchange, history)


@rule(
    "IDN-011",
    "a later read never has an earlier updatedAt",
    mark="I",
    source=f"{PAGE}, Response",
    quote="timestamp of last update",
    replaces=("GEN-012",),
)
def updates_go_on(exchange: Exchange, history: History) -> Iterable[Finding | Examined]:
    """Time runs forward."""
    return fields.never_less(("/updatedAt",), "getSession")(exchange, history)


@rule(
    "IDN-012",
    "a terminal state is never left",
    mark="I",
    source=f"{PAGE}, Response, sessionStatus",
    quote="when session reached a terminal state (COMPLETED, ERROR, ABORTED, or EXPIRED)",
    replaces=("GEN-010",),
)
def terminal_stays(exchange: Exchange, history: History) -> Iterable[Finding | Examined]:
    """COMPLETED, ABORTED, EXPIRED and ERROR are ends."""
    return fields.terminal_stays("getSession")(exchange, history)


@rule("IDN-013", "sessionId and environment are those in the path", source=f"{PAGE}, Path parameters", replaces=("GEN-014",))
def path_is_echoed(exchange: Exchange, history: History) -> Iterable[Finding | Examined]:
    """An answer is about the requested session. The page's own curl and answer show two ids; an answer has one."""
    return fields.echoes({"/sessionId": "sessionId", "/environment": "environment"}, "getSession")(exchange, history)


@rule(
    "IDN-019",
    "lastStep stays once a step ran",
    mark="I",
    source=f"{PAGE}, Response, lastStep",
    quote="present whenever at least one step has been executed",
)
def step_stays(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """Whatever becomes of the session."""
    earlier = history.reads(exchange)[-1:] if fields.is_read(exchange, "getSession") else ()
    if not any(at(one.response_json, "/lastStep") is not None for one in earlier):
        return
    yield EXAMINED
    if at(exchange.response_json, "/lastStep") is None:
        yield Finding("/lastStep", "the last step, for one was shown before", None)


@rule(
    "IDN-020",
    "the results of a session that has ended refer to each type of data block that it has",
    mark="I",
    source=f"{PAGE}, Notes",
    quote="Once terminal (COMPLETED, ERROR, ABORTED, or EXPIRED), it contains a record of datablock references",
)
def results_are_whole(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """However it ended. What was deleted since may have no reference.

    The page speaks of output, and a step may store what is none: of a type that no session of the run refers to, its absence
    is a note, where others are referred to or the flow did not come to its end.
    """
    if fields.is_read(exchange, "listDatablocks"):
        session, blocks = next(reversed(_same_session(exchange, history, "getSession")), None), exchange
    elif fields.is_read(exchange, "getSession"):
        session, found = exchange, next(reversed(_same_session(exchange, history, "listDatablocks")), None)
        if found is None:
            return
        blocks = found
    else:
        return
    if session is None or fields.state_of(session) not in exchange.provider.lifecycle.terminal:
        return
    kinds = {kind for kind, _ in _references(session)}
    known = {block_id for _, block_id in _references(session)}
    others = (block for block in _blocks(blocks) if block.get("dataBlockId") not in known and block.get("status") != "DELETED")
    stored = {block.get("type") for block in others}
    if _blocks(blocks):
        yield EXAMINED
    if stored - kinds:
        outputs = {kind for read in history.calls("getSession") for kind, _ in _references(read)}
        is_said = bool((stored - kinds) & outputs) or (not kinds and fields.state_of(session) == "COMPLETED")
        wanted = "a reference for each type of data block"
        yield Finding("" if exchange is blocks else "/results", wanted, [*kinds], is_assumed=not is_said)


@rule(
    "IDN-021",
    "no step that made a data block came after lastStep",
    mark="I",
    source=f"{PAGE}, Response, lastStep",
    quote="Information about the last executed step",
)
def last_step_is_the_last(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """Of a session that has ended: by the clock of the steps that made its data blocks; the first step makes none."""
    if not fields.is_read(exchange, "getSession") or fields.state_of(exchange) not in exchange.provider.lifecycle.terminal:
        return
    listed = next(reversed(_same_session(exchange, history, "listDatablocks")), None)
    makers = [] if listed is None else [at(block, "/createdBy") for block in _blocks(listed)]
    clocks = {
        one["stepId"]: one["clock"] for one in makers if isinstance(at(one, "/stepId"), str) and _is_count(at(one, "/clock"))
    }
    shown, kind = at(exchange.response_json, "/lastStep/stepId"), at(exchange.response_json, "/lastStep/stepType")
    if not clocks or shown is None:
        return
    yield EXAMINED
    latest = max(clocks.values())
    is_before = shown in clocks and clocks[shown] < latest
    if is_before or (kind == "START" and shown not in clocks):
        yield Finding("/lastStep/stepId", "the last step, not one that others followed", shown)


@rule(
    "IDN-022",
    "the clock of data blocks grows with the steps that made them",
    mark="P",
    source="IDnow platform docs, Get data blocks, Response, createdBy.clock",
)
def clocks_grow(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """Two steps never have one count, and what was made later was not made by an earlier one."""
    if not fields.is_read(exchange, "listDatablocks"):
        return
    made = [(fields.epoch_seconds(block.get("createdAt")), at(block, "/createdBy")) for block in _blocks(exchange)]
    known = [
        (seconds, str(by["stepId"]), by["clock"])
        for seconds, by in made
        if isinstance(at(by, "/stepId"), str) and _is_count(at(by, "/clock")) and seconds is not None
    ]
    if len({step for _, step, _ in known}) < 2:
        return
    yield EXAMINED
    for seconds, step, clock in known:
        for other_seconds, other, other_clock in known:
            is_one_moment = clock == other_clock and seconds == other_seconds  # the same step under two names
            if step == other or is_one_moment:
                continue
            if clock == other_clock or (seconds > other_seconds and clock < other_clock):
                index = next(index for index, block in enumerate(_blocks(exchange)) if at(block, "/createdBy/stepId") == step)
                yield Finding(f"/dataBlocks/{index}/createdBy/clock", "a count that grows with each step", clock)
                return


@rule(
    "IDN-023",
    "a data block that was listed stays in the list as it was",
    mark="I",
    source="IDnow platform docs, Get data blocks, Response, status",
    quote="Fetch full datablock content via GET /v1/{environment}/sessions/{sessionId}/datablocks.",
)
def blocks_stay(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """Its type, its maker and its time; what is deleted says so in its status and may have no content."""
    earlier = history.reads(exchange)[-1:] if fields.is_read(exchange, "listDatablocks") else ()
    before = {str(block.get("dataBlockId")): block for one in earlier for block in _blocks(one)}
    if not before:
        return
    yield EXAMINED
    if before.keys() - _types(exchange).keys():
        yield Finding("/dataBlocks", "each data block that was listed before", [*_types(exchange)])
        return
    for index, block in enumerate(_blocks(exchange)):
        was = before.get(str(block.get("dataBlockId")), {})
        for name in ("type", "createdAt", "createdBy"):
            if was.get(name) is not None and name in block and not fields.same_value(was[name], block[name]):
                yield Finding(f"/dataBlocks/{index}/{name}", "what it was listed with before", block[name])
                return
        if was.get("content") is not None and block.get("content") is None and block.get("status") == "STORED":
            yield Finding(f"/dataBlocks/{index}/content", "its content, which is stored", None)
            return


@rule(
    "IDN-024",
    "a session with a last step or with results has started",
    mark="I",
    source=f"{PAGE}, Response, startedAt",
    quote="when processing started (null if not started) … present whenever at least one step has been executed",
)
def executed_means_started(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """Steps are executed by processing; of RUNNING and COMPLETED IDN-017 speaks."""
    body = exchange.response_json
    if not fields.is_read(exchange, "getSession") or at(body, "/sessionStatus") not in ("ABORTED", "EXPIRED", "ERROR"):
        return
    if "startedAt" not in body or not (body.get("lastStep") or body.get("results")):
        return
    yield EXAMINED
    if body["startedAt"] is None:
        yield Finding("/startedAt", "a time, for a step has been executed", None)


@rule("IDN-015", "subjectId is the one given when the session was created", source=f"{PAGE}, Response, subjectId")
def subject_is_kept(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """The original value of the metadata."""
    if not fields.is_read(exchange, "getSession"):
        return
    made = fields.made_by(exchange, history)
    asked = None if made is None else at(made.declared_json, "/metadata/subjectId")
    shown = at(exchange.response_json, "/subjectId")
    # A mock may have been asked for a scenario in that very field.
    if not isinstance(asked, str):
        return
    yield EXAMINED
    if shown != asked:
        yield Finding("/subjectId", "the subjectId of the creation", shown)


@rule(
    "IDN-016",
    "data blocks are listed oldest first",
    mark="A",
    source="IDnow platform docs, Get data blocks, Response",
    reason="the page shows a list without naming its order",
)
def blocks_are_in_order(exchange: Exchange, history: History) -> Iterable[Finding | Examined]:
    """By createdAt; those of one step have one time."""
    return pagination.ascending("listDatablocks", "createdAt", "/dataBlocks")(exchange, history)


def _same_session(exchange: Exchange, history: History, operation: str) -> list[Exchange]:
    """Earlier reads by another operation of the session and the environment in the path."""
    asked = exchange.parameters
    by_id = history.of(f"read {operation} {asked.get('sessionId')}")
    by_path = history.of(f"read {operation} " + "/".join(f"{name}={value}" for name, value in sorted(asked.items())))
    return [one for one in (*by_id, *by_path) if one.parameters == asked]


def _references(exchange: Exchange | None) -> list[tuple[str, str]]:
    results = None if exchange is None else at(exchange.response_json, "/results")
    found = [(kind, at(reference, "/id")) for kind, reference in results.items()] if isinstance(results, Mapping) else []
    return [(kind, block_id) for kind, block_id in found if isinstance(block_id, str)]


def _types(exchange: Exchange) -> dict[str, Any]:
    found = (block for block in _blocks(exchange) if isinstance(block.get("dataBlockId"), str))
    return {block["dataBlockId"]: block.get("type") for block in found}


def _blocks(exchange: Exchange) -> list[Mapping[str, Any]]:
    blocks = at(exchange.response_json, "/dataBlocks")
    return [block for block in blocks if isinstance(block, Mapping)] if isinstance(blocks, list) else []


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
