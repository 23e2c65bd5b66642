"""Which rules the coverage counts as exercised."""

from __future__ import annotations

import cProfile
import json
import pstats
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specimen import specs
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.history import History
from specimen.contracts.judge.judge import examine, observe
from specimen.contracts.judge.registry import rulebook
from specimen.contracts.judge.rule import Finding, Violation
from specimen.contracts.reporting import collector as collector_module
from specimen.contracts.reporting.collector import Collector
from specimen.contracts.reporting.coverage import rule_coverage
from specimen.contracts.reporting.coverage.counter import CoverageCounter
from specimen.contracts.reporting.coverage.schema_rules import is_about, rules_at
from specimen.specs.loading.schemas import rules
from tests.contracts.example_reports import STARTED_AT, exchange, kayle, session_body
from tests.contracts.response_mutations import broken

MOMENTS = st.sampled_from(["2026-01-01T00:00:00Z", "1990-05-06", "2999-01-01T00:00:00.000+02:00", "text", ""])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | MOMENTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["data", "status", "id", "created_at"]), inner),
    max_leaves=20,
)


def examples(provider: specs.Provider) -> list[Exchange]:
    """An exchange for every named example of every operation."""
    found = []
    for operation in provider.document.operations.values():
        path = operation.path
        for parameter in operation.parameters:
            path = path.replace("{" + parameter.name + "}", "x")
        for status, response in operation.responses.items():
            for media in response.media:
                for value in media.examples.values():
                    headers = {"content-type": media.content_type}
                    body = json.dumps(value).encode()
                    found.append(
                        Exchange(
                            provider, operation.method.upper(), path, "", {}, b"", int(status), headers, body, STARTED_AT, "walk"
                        )
                    )
    return found


@pytest.mark.parametrize("name", specs.names())
def test_reach__the_examples_of_the_document_exercise_its_schema_rules(name) -> None:
    """Every rule that stands in a schema has an example whose answer it is about."""
    provider = specs.load(name)
    counter = Collector(provider)
    for one in examples(provider):
        counter.judge(one)
    reach = counter.reach()
    assert reach.operations.missed == ()
    assert {"GEN-001", "GEN-002", "GEN-005", "GEN-006"} <= set(reach.rules.hit)
    assert len(reach.rules.hit) >= 12


@pytest.mark.parametrize("name", specs.names())
def test_broken__rules_take_whatever_an_answer_is(name) -> None:
    """However wrong an answer is, judging it says so and never fails."""
    provider = specs.load(name)
    history = History()
    tried = 0
    for one in examples(provider):
        observe(one, history)
        for wrong in broken(one):
            observe(wrong, history)
            tried += wrong is not one
    assert tried > 20


@given(body=JSON, status=st.sampled_from([200, 201, 204, 400, 404, 500]))
def test_broken__takes_any_json(body, status) -> None:
    """Whatever JSON an answer is, it can be broken, and counted."""
    one = exchange(body, status=status)
    assert any(wrong is one for wrong in broken(one))  # rules that its own answer breaks are found as well
    counter, history = Collector(kayle()), History()
    for again in (one, one):
        counter.judge(again)
        observe(again, history)


DEEP = {
    "lists": b"[" * 900 + b"]" * 900,
    "objects": b'{"a":' * 700 + b"1" + b"}" * 700,
    "endless": b"[" * 100_000,
    "no text": b"\xff",
    "nothing": b"",
}


@pytest.mark.parametrize("body", DEEP.values(), ids=DEEP)
def test_broken__takes_what_is_nested_deep_or_no_json(body) -> None:
    """An answer made to overflow a reader is counted like any other."""
    counter = Collector(kayle())
    counter.judge(exchange(response_body=body))
    assert counter.reach().operations.hit == ("getSession",)


def test_broken__takes_thousands_of_times() -> None:
    """A long list of sessions has more times than there are years."""
    many = {"data": [session_body()["data"]] * 3000, "pagination": {}, "error": None}
    assert len(list(broken(exchange(many, path="/v1/sessions")))) > 10


def pointer_of(one: Exchange) -> str | None:
    """The schema of an exchange's answer."""
    response = one.operation.responses.get(str(one.status)) if one.operation is not None else None
    media = response.content(one.response_type) if response is not None else None
    return None if media is None else media.pointer


@pytest.mark.parametrize("name", specs.names())
def test_schema_rules__each_is_found_where_it_stands(name) -> None:
    """Every rule of the document is on the way to the schema of some answer."""
    provider = specs.load(name)
    answers = [answer for one in provider.document.operations.values() for answer in one.responses.values()]
    pointers = {media.pointer for answer in answers for media in answer.media if media.pointer is not None}
    found = {rule for pointer in pointers for rule in rules_at(provider, pointer)}
    assert found == {node["title"].partition(" ")[0] for node in rules(provider.document.raw)} != set()


@pytest.mark.parametrize("name", specs.names())
def test_schema_rules__one_that_is_broken_is_about_the_answer(name) -> None:
    """Whatever the validators find broken, its `if` holds."""
    provider, tried = specs.load(name), set[str]()
    for one in examples(provider):
        pointer = pointer_of(one)
        for wrong in broken(one) if pointer is not None else ():
            if pointer_of(wrong) == pointer:
                found = rules_at(provider, pointer) & examine(wrong, History()).examined
                assert all(is_about(provider, pointer, rule, wrong.response_json) for rule in found)
                tried |= found
    assert tried


@pytest.mark.parametrize(
    ("condition", "about", "not_about"),
    [
        ({"if": {"required": ["a"]}, "then": {"required": ["b"]}}, {"a": 1, "b": 1}, {"b": 1}),
        ({"if": {"required": ["a"]}, "else": {"required": ["b"]}}, {"b": 1}, {"a": 1}),
        ({"if": {"required": ["a"]}, "then": {"required": ["b"]}, "else": {"required": ["c"]}}, {"c": 1}, None),
        ({"required": ["b"]}, {"b": 1}, None),
    ],
)
def test_schema_rules__are_about_what_their_if_says(condition, about, not_about) -> None:
    """In a list of entries, beside what is no rule, behind a reference; an empty list is nothing that a rule speaks of."""
    entry = {"type": "object", "required": ["n"], "allOf": [{"title": "ABC-001 b follows a", **condition}, {"minProperties": 9}]}
    raw = {"x": {"properties": {"rows": {"items": {"$ref": "#/y"}}}}, "y": {**entry, "properties": {"in": {"$ref": "#/y"}}}}
    provider = replace(kayle(), document=specs.Document(raw, kayle().document.path))
    assert rules_at(provider, "/x") == {"ABC-001"}
    assert is_about(provider, "/x", "ABC-001", {"rows": [about]})
    assert not is_about(provider, "/x", "ABC-001", {"rows": []})
    if not_about is not None:
        assert not is_about(provider, "/x", "ABC-001", {"rows": [not_about]})


def test_reach__schema_rules_are_worked_out_once_per_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long a run is, a few answers of a kind are asked which rules of the schema they are about."""
    asked: list[str] = []
    monkeypatch.setattr(rule_coverage, "is_about", lambda *arguments: bool(asked.append(arguments[2])))
    counter = Collector(kayle())
    for at in range(200):
        counter.judge(replace(exchange(), at=at))
    assert asked
    assert max(Counter(asked).values()) <= 5


def test_reach__a_longer_answer_of_a_kind_is_looked_at_again() -> None:
    """Empty lists tell nothing of the rules on entries, however many came first."""
    rule, empty = "KAY-004", {"data": [], "pagination": {"next_cursor": None, "has_more": False}, "error": None}
    full = {**empty, "data": [session_body(status="succeeded", completed_at="2026-03-19T10:31:30.000Z")["data"]]}
    lists = [answered("kayle", "GET", "/v1/sessions", empty, at=at) for at in range(10)]
    assert rule not in exercised("kayle", lists)
    assert rule in exercised("kayle", [*lists, answered("kayle", "GET", "/v1/sessions", full, at=10)])


def test_reach__a_broken_rule_is_exercised() -> None:
    """What was found is never among what could not be found, not even where it was judged elsewhere."""
    counter = Collector(kayle())
    fired = next(rule for rule in rulebook(kayle()) if rule not in counter.reach().rules.seen)
    rule = rulebook(kayle())[fired]
    counter.add(exchange(status=404), [Violation.of(rule, exchange(), Finding("", "something else", None))])
    assert fired in counter.reach().rules.seen


@pytest.mark.parametrize("name", specs.names())
def test_reach__no_finding_contradicts_it(name) -> None:
    """Whatever answers the mutants of the examples give, each rule that is broken counts as exercised."""
    counter = Collector(specs.load(name))
    for one in examples(specs.load(name)):
        for wrong in broken(one):
            counter.judge(wrong)
    assert {entry.violation.rule for entry in counter.found} <= set(counter.reach().rules.seen)


def test_reach__what_came_later_exercises_nothing_earlier() -> None:
    """A rule is examined by what was known when an exchange came."""
    once, twice = Collector(kayle()), Collector(kayle())
    once.judge(exchange())
    twice.judge(exchange())
    twice.judge(exchange())
    assert "KAY-014" not in once.reach().rules.seen
    assert "KAY-014" in twice.reach().rules.seen
    assert once.reach() == once.reach()


def answered(name, method, path, answer, *, query="", status=200, at=0, intent=()) -> Exchange:
    """An exchange with an API."""
    body, sent = json.dumps(answer).encode(), {"authorization": "Bearer token"}
    headers = {"content-type": "application/json"}
    return Exchange(
        specs.load(name), method, path, query, sent, b"", status, headers, body, STARTED_AT + at, "walk", dict(intent)
    )


def lists(name: str, path: str, *queries: str) -> list[Exchange]:
    """The document's own example of a list, as the answer to some queries."""
    operation = next(one for one in specs.load(name).document.operations.values() if (one.method, one.path) == ("get", path))
    answer = next(iter(operation.responses["200"].media[0].examples.values()))
    return [answered(name, "GET", path, answer, query=query, at=at) for at, query in enumerate(queries)]


def exercised(name: str, exchanges: list[Exchange]) -> tuple[str, ...]:
    """The rules that count as exercised by exchanges."""
    counter = Collector(specs.load(name))
    for one in exchanges:
        counter.judge(one)
    return counter.reach().rules.seen


PAGES = ["", "status=created", "starting_after=x", "status=created&starting_after=x"]
TIMES = ["created_from=text", "created_to=text", "created_from=text&created_to=text", "created_from=text&limit=9"]


@pytest.mark.parametrize(
    ("name", "path", "rule", "others", "query"),
    [
        ("kyve", "/v1/verifications", "KYV-007", PAGES, "limit=1"),
        ("kayle", "/v1/sessions", "KAY-019", PAGES, "limit=1"),
        ("kayle", "/v1/sessions", "KAY-021", TIMES, "created_from=2000-01-01T00:00:00Z&status=created"),
    ],
)
def test_reach__what_was_asked_for_late_counts(name, path, rule, others, query) -> None:
    """However many lists were asked for in another way before, the one that a rule is about counts."""
    assert rule not in exercised(name, lists(name, path, *others))
    assert rule in exercised(name, lists(name, path, *others, query))


def test_reach__a_refusal_could_have_shown_the_session_that_was_asked_for() -> None:
    """Rules about a session in another place are exercised by a refusal of that session, not of any."""
    ids = [f"20e206ad-bfc7-4e7e-afa4-6d923fb68de{number}" for number in range(3)]
    operation = specs.load("predicate").document.operations["getStatus"]
    example = next(iter(operation.responses["200"].media[0].examples.values()))

    def read(kind, session, at, status=200, **intent):
        path = operation.path.replace("{type}", kind).replace("{sessionId}", session)
        body = {**example, "sessionId": session} if status == 200 else {"error": "Session not found"}
        return answered("predicate", "GET", path, body, status=status, at=at, intent=intent)

    seen = [read("individual", session, at) for at, session in enumerate(ids)]
    seen += [read("individual", unknown, 5, 404, about=unknown) for unknown in "abcd"]
    assert "PRE-009" not in exercised("predicate", seen)
    assert "PRE-009" in exercised("predicate", [*seen, read("business", ids[0], 9, 404)])


STATES = ("created", "in_progress", "in_progress", "succeeded")


def test_reach__costs_a_tenth_of_judging_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is reached is noted and reported by few calls of functions, counted by the profiler."""
    calls = {"judge": 0, "coverage": 0}

    def counted(name, function):
        def call(*arguments, **options):
            profile = cProfile.Profile()
            found = profile.runcall(function, *arguments, **options)
            calls[name] += pstats.Stats(profile).total_calls
            return found

        return call

    first = Collector(kayle())
    for state in STATES:
        first.judge(exchange(session_body(status=state)))  # what is compiled once
    monkeypatch.setattr(collector_module, "examine", counted("judge", examine))
    monkeypatch.setattr(CoverageCounter, "add", counted("coverage", CoverageCounter.add))
    monkeypatch.setattr(CoverageCounter, "result", counted("coverage", CoverageCounter.result))
    counter = Collector(kayle())
    for state in STATES:
        counter.judge(exchange(session_body(status=state)))
    assert counter.reach().rules.seen == first.reach().rules.seen
    assert 0 < calls["coverage"] * 10 <= calls["judge"], calls
