"""Anonymizes recorded exchanges so that they can still be judged.

Values of the contract stay: see `Anonymizer`. All else is replaced by a pseudonym of the same format.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from specimen.contracts.anonymize.field_meanings import FieldMeanings, States
from specimen.contracts.anonymize.headers import BOUNDARY, masked_header
from specimen.contracts.anonymize.json_walk import Position, rewritten
from specimen.contracts.anonymize.schema_fields import SchemaLocation, described, text_prefixes
from specimen.contracts.http.exchange import Exchange, parsed
from specimen.contracts.http.multipart import Form
from specimen.contracts.http.sse import EVENT_STREAM, has_data
from specimen.contracts.judge.general_rules import RULES
from specimen.contracts.judge.history import History
from specimen.contracts.redaction.curl_command import method_of
from specimen.contracts.redaction.pseudonyms import Pseudonyms, unwrapped
from specimen.contracts.redaction.spec_terms import vocabulary
from specimen.contracts.redaction.values import name_beginnings, words
from specimen.specs import Operation, Provider
from specimen.specs.core.multipart import FormPart, write

# Meanings (specs/loading/field_semantics.py) without personal data; values of any other are always replaced.
_IMPERSONAL = frozenset({"moment", "session_id", "cursor", "percentage"})
# A time of the session by its name, which rules compare even where the document has no such field.
_TIMES = re.compile(r"(?:(?:created|updated|completed|closed|ended|finished)_?at|response_?time)", re.IGNORECASE)
_MOMENT = re.compile(r"\d{4}-?\d\d-?\d\d[Tt ]\d\d:?\d\d(?::?\d\d(?:[.,]\d{1,9})?)?(?:[Zz]|[+-]\d\d(?::?\d\d)?)?", re.ASCII)
_PERCENTAGE = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,4})?%")
_QUERY_NUMBER = re.compile(r"-?[0-9]{1,9}(?:\.[0-9]{1,9})?")
_ENDING = re.compile(r"[0-9]{1,3}")
_SEXES = ("female", "male")
_INSIDE = "Traceback (most recent call last)"
_LEAKS = next(rule for rule in RULES if rule.id == "GEN-007")
# The ways in which JSON is usually written.
_STYLES: tuple[dict[str, Any], ...] = (
    {"separators": (",", ":"), "ensure_ascii": False}, {"separators": (",", ":")}, {"ensure_ascii": False}, {},
)  # fmt: skip


class Anonymizer:
    """Replaces personal data in exchanges; pseudonyms depend on `secret`, made for one recording and thrown away.

    Of bodies, paths and queries this stays as it was:

    - true, false, null; numbers in fields that the document describes as numbers;
    - texts that the document lists as values, states, and the texts of its error examples, in fields that it describes;
    - moments in fields that it describes as such, or that are named as times of the session are; percentages;
    - ids of sessions in the form of lifecycle.yaml, in fields and parameters that hold them;
    - names of fields that the contract knows, and numbers behind the fixed part of a documented pattern of names;
    - paths' documented parts; of URLs the scheme, the port, this machine's names, and how long a signed link lasts.

    Fields that field_semantics.yaml says hold a person's, a document's or a wallet's data keep none of it, whatever it is.
    Of headers see `masked_headers`. Bodies that are neither JSON, nor a form, nor events are replaced by their size.
    """

    def __init__(self, provider: Provider, secret: bytes) -> None:
        self._provider = provider
        self._known = _known(provider)
        self._pseudonyms = Pseudonyms(secret, self._known.prefixes)

    def exchange(self, exchange: Exchange) -> Exchange:
        """Returns the exchange without personal data."""
        return replace(
            exchange,
            method=method_of(exchange),
            path=self.path(exchange),
            query=self.query(exchange),
            request_headers={name: self.header(name, value) for name, value in exchange.request_headers.items()},
            request_body=self._request(exchange),
            response_headers={name: self.header(name, value) for name, value in exchange.response_headers.items()},
            response_body=self._answer(exchange),
        )

    def header(self, name: str, value: str) -> str:
        """Anonymizes the value of a header."""
        return value if value in self._known.texts else masked_header(name.lower(), value, self._pseudonyms)

    def path(self, exchange: Exchange) -> str:
        """The path: of a documented one the parameters, of another all parts that no documented path has."""
        operation = exchange.operation
        if operation is None:
            segments = exchange.path.split("/")
            return "/".join(one if one in self._known.segments else self._pseudonyms.escaped(one) for one in segments)
        path = operation.path
        for name, value in exchange.parameters.items():
            path = path.replace("{" + name + "}", quote(self._parameter(operation, name, value, "path"), safe=""))
        return path

    def query(self, exchange: Exchange) -> str:
        """The query; names that the operation does not know are replaced too."""
        known = {entry.name for entry in exchange.operation.parameters if entry.location == "query"} if exchange.operation else ()
        pairs = parse_qsl(exchange.query, keep_blank_values=True)
        names = [name if name in known else self._pseudonyms.text(name) for name, _ in pairs]
        return urlencode([*zip(names, (self._parameter(exchange.operation, *pair, "query") for pair in pairs), strict=True)])

    def _request(self, exchange: Exchange) -> bytes:
        place = described(self._provider).request(exchange.operation)
        if exchange.request_form is not None:
            return self._form(exchange.request_form, place)
        return self._body(exchange.request_body, place, ("body",))

    def _answer(self, exchange: Exchange) -> bytes:
        operation, status, body = exchange.operation, exchange.status, exchange.response_body
        if exchange.response_type == EVENT_STREAM:
            place = described(self._provider).event(operation, status)
            events = b"".join(b"data: " + self._body(data.encode(), place).strip() + b"\n\n" for data in exchange.events)
            if events or not body.strip():
                return events
            return b"data: {}\n" if has_data(body) else b":\n\n"  # data in no event; comments alone: not a stream of nothing
        leaks = any(_LEAKS.findings(exchange, History()))
        return self._body(body, described(self._provider).answer(operation, status), leaks=leaks)

    def _body(self, body: bytes, place: SchemaLocation, prefix: tuple[str, ...] = (), *, leaks: bool = False) -> bytes:
        """Replaces the values of a JSON body; `leaks`: it shows the server's internals, and so does the replacement."""
        try:
            text = body.decode()
            value = parsed(text)
            anonymized = rewritten(value, self._known.position(place, prefix), self._name, self._leaf)
        except (UnicodeDecodeError, RecursionError):
            value, text = None, ""
        if value is None and text.strip() != "null":
            return body and f"[{len(body)} bytes, not recorded{f': {_INSIDE}' if leaks else ''}]".encode()
        if leaks and isinstance(anonymized, dict):
            anonymized["_specimen"] = _INSIDE
        return self._written(anonymized, value, text)

    def _written(self, anonymized: Any, value: Any, text: str) -> bytes:
        """Writes JSON in the style of the original, because rules compare bytes too."""
        style = next((one for one in _STYLES if json.dumps(value, **one) == text), None)
        ending = "" if style is not None else " " * self._pseudonyms.small(text)
        try:
            return (json.dumps(anonymized, **(style or _STYLES[0])) + ending).encode()
        except UnicodeEncodeError:  # half of a surrogate pair stays an escape: UTF-8 cannot hold it
            return (json.dumps(anonymized) + ending).encode()

    def _form(self, form: Form, place: SchemaLocation) -> bytes:
        """A form whose files are left out; one that cannot be read to its end has none afterwards either."""
        found, top = [], self._known.position(place, ("body",))
        for part in form.parts:
            field = top.field(part.name)
            shown = self._number_or_text(part.text, field.item() if "array" in field.place.kinds else field)
            filename, text = (None, shown) if part.filename is None else ("file", "a file")
            found.append(FormPart(self._name(part.name), filename, None, text.encode("utf-8", "replace")))
        body = write(found, BOUNDARY)
        end = f"--{BOUNDARY}--\r\n".encode()
        return body.removesuffix(end) + f"--{BOUNDARY}\r\n".encode() if form.error else body

    def _leaf(self, value: Any, at: Position) -> Any:
        """A value that is neither an object nor an array."""
        if isinstance(value, str):
            is_time = at.depth == 1 and _TIMES.fullmatch(at.name)
            if (at.name, value) in self._known.labels or (is_time and _MOMENT.fullmatch(value)):
                return value
            return self._text(value, at)
        if value is None or isinstance(value, bool) or (at.place.is_number and at.holds in (None, "percentage")):
            return 10**400 if isinstance(value, float) and value in (float("inf"), float("-inf")) else value
        return self._pseudonyms.number(value)

    def _text(self, value: str, at: Position) -> str:
        place, holds = at.place, at.holds
        if self._known.is_session(value, holds) and (holds in ("session_id", "cursor") or place.is_text):
            return value
        if holds is not None and holds not in _IMPERSONAL:
            return self._pseudonyms.text(value)
        if value in _SEXES:
            return self._pseudonyms.one_of(value, _SEXES)
        if holds == "moment" or place.is_moment:
            return value if _MOMENT.fullmatch(value) else self._pseudonyms.text(value)
        is_known = place.is_word(value) or (place.is_text and value in self._known.texts)
        is_percentage = (place.is_text or holds == "percentage") and _PERCENTAGE.fullmatch(value)
        return value if is_known or is_percentage else self._pseudonyms.text(value)

    def _number_or_text(self, value: str, at: Position) -> str:
        is_plain = at.place.is_number and at.holds is None and _QUERY_NUMBER.fullmatch(value)
        is_switch = "boolean" in at.place.kinds and value in ("true", "false", "True", "False")
        return value if is_plain or is_switch else self._text(value, at)

    def _parameter(self, operation: Operation | None, name: str, value: str, location: str) -> str:
        place = described(self._provider).parameter(operation, name, location)
        # What holds something in a documented parameter holds nothing in one that only has its name.
        where = (location, name) if place is not described(self._provider).unknown else None
        return self._number_or_text(value, self._known.position(place, where))

    def _name(self, key: str) -> str:
        if key in self._known.names:
            return key
        start = next((one for one in self._known.name_prefixes if key.startswith(one)), None)
        return key if start is not None and _ENDING.fullmatch(key[len(start) :]) else self._pseudonyms.text(key)


class _Known:
    """The terms of a provider's contract, collected once."""

    def __init__(self, provider: Provider) -> None:
        self.texts = vocabulary(provider)
        self.prefixes = text_prefixes(provider)
        self.name_prefixes = name_beginnings(provider.document.raw)
        named = [part for entry in provider.field_semantics.entries for part in entry.parts]
        chosen = [part[1:-1].partition("=") for part in named if part.startswith("[")]
        # What a list's members are chosen by: the title `Surname` is no person's surname.
        self.labels = frozenset((name, value) for name, _, value in chosen)
        self.names = words(provider) | {part for part in named if not part.startswith(("[", "*"))} | {one for *_, one in chosen}
        segments = {part for one in provider.document.operations.values() for part in one.path.split("/")}
        self.segments = frozenset(part for part in segments if "{" not in part)
        patterns = [(entry.parts, entry.holds) for entry in provider.field_semantics.entries]
        self.meanings = FieldMeanings([*patterns, *((where, "session_id") for where in _session_places(provider))])
        form = provider.lifecycle.ids.get("session")
        self._is_plain = form is not None and form.kind == "prefixed" and bool(form.prefix)
        self._session = re.compile(r"(?!)") if form is None else form.pattern

    def position(self, place: SchemaLocation, where: tuple[str, ...] | None) -> Position:
        """Where the walk of a value begins: at a place of the document, and `where` field_semantics.yaml names it, if at all."""
        states: States = frozenset() if where is None else self.meanings.reached(*where)
        return Position(place, self.meanings, states)

    def is_session(self, value: str, holds: str | None) -> bool:
        """Whether a text is a session's id, also malformed; a UUID only in a field for a session's id."""
        may_be = holds in ("session_id", "cursor") or (self._is_plain and holds in (None, "id"))
        return may_be and self._session.fullmatch(unwrapped(value)[1]) is not None


def _session_places(provider: Provider) -> list[tuple[str, ...]]:
    """Where ids of sessions stand by lifecycle.yaml: in answers, in paths, and in requests under `body`."""
    lifecycle = provider.lifecycle
    pointers = [lifecycle.create.session, *(read.id for read in lifecycle.reads if read.id is not None)]
    found = [tuple(pointer.split("/")[1:]) for pointer in pointers]
    for read in lifecycle.reads:
        body = read.request.body if isinstance(read.request.body, Mapping) else {}
        for location, values in (("path", read.request.path), ("body", body)):
            found += [(location, name) for name, value in values.items() if value == "{session}"]
    return found


@cache
def _known(provider: Provider) -> _Known:
    return _Known(provider)
