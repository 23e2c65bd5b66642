"""General rules on lists: what they show of the sessions that are known, and how their pages follow."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.checks.fields import read_of, state_of
from specimen.contracts.judge.history import History, same_caller
from specimen.contracts.judge.history.session_objects import session_objects
from specimen.contracts.judge.rule import EXAMINED, Examined, Finding, rule
from specimen.contracts.redaction.values import Words
from specimen.specs import Operation
from specimen.specs.loading.openapi import mark_of

SIZE = re.compile(r"(?:page_?)?(?:limit|size)|per_?page", re.IGNORECASE)
CURSOR = re.compile(r"starting_after|cursor|page_?token|after", re.IGNORECASE)
_NEXT = re.compile(r"next_?(?:cursor|page_?token)?", re.IGNORECASE)
_MORE = re.compile(r"has_?(?:more|next)", re.IGNORECASE)
_STATUS = re.compile(r"\w*status", re.IGNORECASE)
_MOST_BEFORE = 60
_FEWEST = 3


class Page:
    """An answer of a list: its rows, its size if it was asked for, its cursor, whether more follow, and what was filtered by."""

    def __init__(self, exchange: Exchange, operation: Operation) -> None:
        names = [entry.name for entry in operation.parameters if entry.location == "query"]
        asked = exchange.queries
        body = exchange.response_json
        nodes = [body, *body.values()] if isinstance(body, Mapping) else []
        members = {name: value for node in nodes if isinstance(node, Mapping) for name, value in node.items()}
        size = next((asked[name] for name in names if SIZE.fullmatch(name) and name in asked), "")
        self.exchange = exchange
        self.rows = [shown.id for shown in session_objects(exchange)]
        self.size = int(size) if size.isascii() and size.isdigit() and len(size) < 6 else None
        self.has_size = bool(size)
        self.cursor = next((asked[name] for name in names if CURSOR.fullmatch(name) and name in asked), None)
        self.next = next((value for name, value in members.items() if _NEXT.fullmatch(name) and isinstance(value, str)), None)
        self.more = next((value for name, value in members.items() if _MORE.fullmatch(name) and isinstance(value, bool)), None)
        self.filters = {name: value for name, value in asked.items() if not SIZE.fullmatch(name) and not CURSOR.fullmatch(name)}
        self.limits = [
            (f"/{outer}/{name}", value)
            for outer, node in (body.items() if isinstance(body, Mapping) else ())
            for name, value in (node.items() if isinstance(node, Mapping) else ())
            if SIZE.fullmatch(name) and isinstance(value, int)
        ]

    @property
    def is_last(self) -> bool:
        """Whether the answer says that nothing follows."""
        return self.more is False or (self.more is None and self.next is None)


def _page(exchange: Exchange) -> Page | None:
    operation = exchange.operation
    reads = {read.operation for read in exchange.provider.lifecycle.reads}
    is_list = operation is not None and operation.part is None and operation.is_safe  # lists of a part have no sessions
    is_list = is_list and operation is not None and operation.id not in reads and "{" not in operation.path
    if not is_list or operation is None or not exchange.is_success or exchange.has_preference:
        return None
    return Page(exchange, operation)


def _before(page: Page, history: History) -> Iterator[Page]:
    """The pages that the same caller got of the same list before, latest first."""
    operation = page.exchange.operation
    for one in reversed(history.calls(operation.id)[-_MOST_BEFORE:] if operation is not None else ()):
        if one.is_success and not one.has_preference and same_caller(one, page.exchange) and operation is not None:
            yield Page(one, operation)


@rule(
    "GEN-043",
    "a page that was promised has entries",
    mark="I",
    source="names of the fields",
    quote="Whether there are more items available after this page.",
)
def promised_pages_have_entries(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """Where a page says that there are more, the next one begins with one of them."""
    page = _page(exchange)
    if page is None or page.cursor is None:
        return
    for earlier in _before(page, history):
        if earlier.next != page.cursor or earlier.filters != page.filters or earlier.more is False:
            continue
        yield EXAMINED
        if not page.rows:
            yield Finding("", "the entries that the page before it promised", Words("none"))
        return


@rule(
    "GEN-044",
    "the size that a page shows is the one that was asked for, or the documented default",
    mark="I",
    source="OpenAPI 3.1, Schema Object, default",
    quote="GET /v1/verifications?status=requires_review&limit=50",
)
def sizes_are_answered(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """And without a size, a page has no more entries than the default."""
    page = _page(exchange)
    operation = exchange.operation
    if page is None or operation is None:
        return
    entry = next((one for one in operation.parameters if one.location == "query" and SIZE.fullmatch(one.name)), None)
    default = entry.schema.get("default") if entry is not None else None
    wanted = page.size if page.has_size else default if isinstance(default, int) else None
    if wanted is None or entry is None or wanted > entry.schema.get("maximum", wanted):
        return
    document = exchange.provider.document
    is_assumed = not page.has_size and "A" in (mark_of(document.at(entry.pointer.rpartition("/")[0])), mark_of(entry.schema))
    for pointer, shown in page.limits:
        yield EXAMINED
        if shown != wanted:
            yield Finding(pointer, f"{wanted}", shown, is_assumed)
            return
    if not page.has_size and page.rows:
        yield EXAMINED
        if len(page.rows) > wanted:
            yield Finding("", f"at most {wanted} entries, the default", Words(f"{len(page.rows)}"), is_assumed)


@rule(
    "GEN-045",
    "a list shows as many entries as it has room and filter for",
    mark="I",
    source="lists of the vendor's page",
    quote="GET /v1/verifications?status=requires_review&limit=50",
)
def pages_are_full(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """What a list with the same filter showed before is not fewer now; a session that has ended keeps its place in it.

    Sessions that may still move may leave a list that asks for their status.
    """
    page = _page(exchange)
    if page is None or page.cursor is not None or not _only_grows(page):
        return
    earlier = next((one for one in _before(page, history) if one.filters == page.filters and one.cursor is None), None)
    if earlier is None or not earlier.rows or page.size == 0:
        return
    yield EXAMINED
    room = min(len(earlier.rows), page.size) if page.size is not None else len(earlier.rows) if not page.has_size else 0
    if not page.has_size and earlier.has_size:
        room = 1
    if len(page.rows) < room:
        yield Finding("", f"at least {room} entries, as before", Words(f"{len(page.rows)}"))
    elif page.more is False and page.size is not None and len(earlier.rows) > len(page.rows):
        yield Finding("", "more to follow, for a longer page had more", Words("the last page"))


def _only_grows(page: Page) -> bool:
    terminal = page.exchange.provider.lifecycle.terminal
    return all(_STATUS.fullmatch(name) and value in terminal for name, value in page.filters.items())


@rule(
    "GEN-046",
    "a session that has ended is in each list that shows all of its kind",
    mark="I",
    source="lists of the vendor's page",
    quote="List … Detail",
)
def ended_sessions_are_listed(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """In a list of all sessions, or of those in its state, that is whole: it begins without a cursor and nothing follows."""
    page = _page(exchange)
    if page is None or page.cursor is not None or not page.is_last or not _only_grows(page) or page.more is None:
        return
    lifecycle = exchange.provider.lifecycle
    wanted = next(iter(page.filters.values()), None)
    leaves = {edge.origin for edge in lifecycle.transitions if edge.operation is not None}
    shown = set(page.rows)
    for read in lifecycle.reads:
        latest: dict[str, Exchange] = {}
        for one in history.calls(read.operation):
            if one.is_success and read.id is not None and same_caller(one, exchange):
                latest.update((session.id, one) for session in session_objects(one))
        if not _lists_these(page, history, set(latest)):
            continue
        for session, one in latest.items():
            state = state_of(one) if read_of(one) is not None else None
            if state not in lifecycle.terminal - leaves or (wanted is not None and state != wanted):
                continue
            yield EXAMINED
            if session not in shown:
                yield Finding("", f"a session that was read as '{state}'", Words(f"{len(shown)} others"))
                return


def _lists_these(page: Page, history: History, sessions: set[str]) -> bool:
    """Whether the list shows, or showed, sessions under the ids that a read shows."""
    return bool(set(page.rows) & sessions) or any(set(one.rows) & sessions for one in _before(page, history))


@rule(
    "GEN-063",
    "a page shows what follows its cursor, and leaves out nothing between its entries",
    mark="I",
    source="lists of the vendor's page",
    quote="GET /v1/verifications?status=requires_review&limit=50",
)
def pages_leave_nothing_out(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """By a list of everything that the same caller got before: of sessions that have ended, as they were shown there.

    An entry belongs behind the cursor, before the next entry, and, where nothing follows, behind the last one.
    """
    page = _page(exchange)
    if page is None or not all(_STATUS.fullmatch(name) for name in page.filters) or page.size == 0:
        return
    for whole in _before(page, history):
        if whole.filters or whole.cursor is not None or len(whole.rows) < _FEWEST:
            continue
        wanted = _wanted(whole, page)
        shown = [*([page.cursor] if page.cursor is not None else []), *page.rows]
        places = [whole.rows.index(row) for row in shown if row in whole.rows]
        if page.cursor is not None and page.cursor not in whole.rows:
            return
        yield EXAMINED
        if page.cursor is not None and any(place <= places[0] for place in places[1:]):
            yield Finding("", "entries that a list of everything showed behind the cursor", Words("one before it"))
            return
        if places != sorted(places):
            return
        begin = places[0] if page.cursor is not None else -1
        end = len(whole.rows) if page.more is False else places[-1] if places else -1
        missing = [row for index, row in enumerate(whole.rows) if begin < index < end and row in wanted and row not in page.rows]
        if missing and (page.cursor is not None or not page.filters or page.rows):
            yield Finding("", "an entry that a list of everything showed there", Words(f"{len(page.rows)} others"))
        return


def _wanted(whole: Page, page: Page) -> set[str]:
    """The sessions of a list that a page's filter lets through, and that will not have moved since."""
    lifecycle = page.exchange.provider.lifecycle
    leaves = {edge.origin for edge in lifecycle.transitions if edge.operation is not None}
    status = next((read.status.rpartition("/")[2] for read in lifecycle.reads if read.status is not None), "status")
    states = {shown.id: shown.members.get(status) for shown in session_objects(whole.exchange)}
    asked = next(iter(page.filters.values()), None)
    ended = lifecycle.terminal - leaves
    return {row for row, state in states.items() if (state in ended or asked is None) and asked in (None, state)}
