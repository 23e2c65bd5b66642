"""Rules about refusals: which requests are refused, and which are not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.checks.account_refusals import is_account_dependent
from specimen.contracts.judge.checks.fields import MALFORMED_ID, asked_id, read_of
from specimen.contracts.judge.checks.shown_sessions import shows_session
from specimen.contracts.judge.history import History, read_subject, same_caller
from specimen.contracts.judge.kind import CONSISTENCY, REFUSAL, SAFETY
from specimen.contracts.judge.rule import EXAMINED, Examined, Finding, rule
from specimen.contracts.judge.validation.request_validation import may_mean_nothing, readers_differ, request_errors
from specimen.contracts.redaction.curl_command import OWN
from specimen.contracts.redaction.values import Words
from specimen.specs import Operation

_MALFORMED = frozenset({400, 422})
_MOST_CALLS = 20
_ACCEPTED = 202  # what was asked for may still be to come


@rule(
    "GEN-008", "nothing is answered without credentials", mark="D", source="OpenAPI 3.1, Security Requirement Object", kind=SAFETY
)
def credentials_are_needed(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """A secured operation answers nothing to who shows no credentials."""
    if not _is_secured(exchange) or exchange.has_credentials:
        return
    yield EXAMINED
    if exchange.is_success:
        yield Finding("", "a refusal of a request without credentials", exchange.status)


@rule(
    "GEN-009",
    "an id that is almost right is refused",
    mark="P",
    source="RFC 9562, section 4; contracts of the id's pattern",
    kind=REFUSAL,
)
def malformed_ids_are_refused(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """An id in braces, as a URN, or with white space at an end does not find the session; a note where any text may be one."""
    asked = asked_id(exchange)
    if not isinstance(asked, str) or not MALFORMED_ID.fullmatch(asked):
        return
    yield EXAMINED
    if read_subject(exchange) is not None:
        yield Finding("", "a refusal", exchange.status, is_assumed=_any_text_is_an_id(exchange))


@rule(
    "GEN-015",
    "a request that breaks the documented schema is refused",
    mark="D",
    source="OpenAPI 3.1, Parameter and Request Body Object",
    kind=REFUSAL,
)
def invalid_requests_are_refused(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """What the document forbids is not answered with success; what only we forbid makes a note."""
    is_refused = exchange.status in _MALFORMED
    if is_refused and exchange.intent.get("invalid"):
        yield EXAMINED
    # Of a refused request its sender knows; only what others sent is looked at.
    if exchange.operation is None or not (exchange.is_success or (is_refused and exchange.seen_by not in OWN)):
        return
    broken = request_errors(exchange)
    if not broken:
        return
    yield EXAMINED
    # Some vendors answer "not found" with 200: a read that shows no session accepted nothing.
    if is_refused or (read_of(exchange) is not None and read_subject(exchange) is None):
        return
    worst = min(broken, key=lambda fault: fault.is_assumed)
    yield Finding("", f"a refusal: {worst.sentence}", exchange.status, worst.is_assumed)


@rule(
    "GEN-016",
    "a valid request is not refused as malformed",
    mark="D",
    source="OpenAPI 3.1, Parameter and Request Body Object",
    kind=CONSISTENCY,
)
def valid_requests_are_accepted(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """A request that its sender knows to be valid gets no 400 or 422; a note where its values may mean nothing.

    A refusal that the document ties to the account says nothing of the request.
    """
    if not exchange.intent.get("valid") or readers_differ(exchange):
        return
    is_refused = exchange.status in _MALFORMED
    if is_refused and (is_account_dependent(exchange) or request_errors(exchange)):
        return
    yield EXAMINED
    if is_refused:
        yield Finding("", "an answer other than 400 or 422", exchange.status, may_mean_nothing(exchange))


@rule(
    "GEN-017",
    "nothing is answered to unknown credentials",
    mark="P",
    source="OpenAPI 3.1, Security Requirement Object",
    kind=SAFETY,
)
def credentials_are_checked(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """A secured operation answers nothing to a caller with invalid credentials."""
    if not _is_secured(exchange) or exchange.intent.get("credentials") != "unknown":
        return
    yield EXAMINED
    if exchange.is_success:
        yield Finding("", "a refusal of unknown credentials", exchange.status)


@rule(
    "GEN-069",
    "a credential that is taken before and after is taken in between",
    mark="I",
    source="authentication of the vendor's page",
    quote='Without a token (neither in the header nor in the body), the request will return "access denied"',
)
def credentials_stay_good(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """By the same operation; one that is no longer taken may have expired."""
    operation = exchange.operation
    if operation is None or not _is_secured(exchange) or not exchange.is_success or exchange.has_preference:
        return
    calls = [one for one in history.calls(operation.id)[-_MOST_CALLS:] if one.has_credentials and same_caller(one, exchange)]
    taken = next((index for index, one in enumerate(calls) if one.is_success), len(calls))
    if len(calls) - taken < 2 or "credentials" in exchange.intent:
        return
    yield EXAMINED
    if any(one.status == 401 for one in calls[taken:]):
        yield Finding("", "success each time, for the credential is good", Words("a 401 between two successes"))


@rule("GEN-018", "an unknown id finds no session", mark="P", source="RFC 9110, section 15.5.5, 404 Not Found")
def unknown_ids_find_nothing(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """A well-formed id that the service did not issue is answered with a refusal; and one that this session was not given."""
    is_asked = exchange.intent.get("unknown_id") or exchange.intent.get("foreign_id")
    if exchange.operation is None or not is_asked:
        return
    yield EXAMINED
    if not exchange.is_success or not shows_session(exchange):
        return
    if exchange.intent.get("unknown_id"):
        yield Finding("", "a refusal of an unknown id", exchange.status)
    elif exchange.intent.get("foreign_id"):
        yield Finding("", "a refusal of an id that is not this session's", exchange.status, mark="I")


@rule(
    "GEN-020",
    "a session is found in its own place only",
    mark="I",
    source="path parameters of the operation",
    quote="path parameters",
)
def sessions_stay_in_their_place(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """Under another type or environment the id leads nowhere."""
    if not exchange.intent.get("elsewhere"):
        return
    yield EXAMINED
    if exchange.is_success and shows_session(exchange):
        yield Finding("", "a refusal", exchange.status)


@rule("GEN-071", "what was deleted is found no more", mark="P", source="RFC 9110, section 9.3.5, DELETE")
def deleted_is_gone(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """Neither by its id nor in the list that it was in, by the caller who deleted it."""
    operation = exchange.operation
    if operation is None or operation.method != "get" or not exchange.is_success or exchange.has_preference:
        return
    for deletion in _deletions_in(operation, exchange):
        gone = {
            one.parameters.get(_last_parameter(deletion))
            for one in history.calls(deletion.id)
            if one.is_success and one.status != _ACCEPTED and not one.has_preference and same_caller(one, exchange)
        }
        is_one = deletion.path == operation.path
        rows = {"": exchange.parameters.get(_last_parameter(deletion))} if is_one else _listed_ids(exchange.response_json)
        if gone and rows:
            yield EXAMINED
        for pointer, shown in rows.items() if gone else ():
            if shown in gone:
                yield Finding(pointer, "nothing that was deleted", Words("what a call before deleted"))
                return


def _deletions_in(operation: Operation, exchange: Exchange) -> Iterator[Operation]:
    """The operations that delete what an operation shows, or an entry of what it lists."""
    for one in exchange.provider.document.operations.values():
        if one.method == "delete" and one.path.endswith("}") and operation.path in (one.path, one.path.rpartition("/")[0]):
            yield one


def _last_parameter(operation: Operation) -> str:
    return operation.path.rpartition("{")[2].removesuffix("}")


def _listed_ids(body: object) -> Mapping[str, object]:
    """The ids of the entries of a list that is the body, or a member of it, by their pointers."""
    members = body.items() if isinstance(body, dict) else ()
    lists = {"": body} if isinstance(body, list) else {f"/{key}": value for key, value in members}
    return {
        f"{pointer}/{index}/id": entry["id"]
        for pointer, rows in lists.items()
        for index, entry in enumerate(rows if isinstance(rows, list) else ())
        if isinstance(entry, dict) and isinstance(entry.get("id"), str)
    }


def _is_secured(exchange: Exchange) -> bool:
    return exchange.operation is not None and bool(exchange.operation.security)


def _any_text_is_an_id(exchange: Exchange) -> bool:
    """Whether the document gives the id in the path no form: then no page says which texts are none."""
    placed = [entry for entry in exchange.operation.parameters if entry.location == "path"] if exchange.operation else []
    read = read_of(exchange)
    placeholders = {f"{{{name}}}" for name in exchange.provider.lifecycle.ids}
    named = {name for name, value in read.request.path.items() if value in placeholders} if read is not None else set()
    return any(entry.name in named and not {"pattern", "format", "enum"} & entry.schema.keys() for entry in placed)
