"""Which cases are given."""

from __future__ import annotations

import re

import pytest

from specimen import specs
from specimen.contracts.payloads import Choice, cases
from specimen.contracts.payloads.generate.patterns import check_words
from specimen.specs import SpecimenError

pytestmark = pytest.mark.usefixtures("quick_catalogue")


def ids(**wanted) -> list[str]:
    """Of the cases that are chosen."""
    return [case.id for case in cases("kayle", **wanted)]


def test_cases__what_is_chosen_is_a_part_of_all_in_their_order() -> None:
    """Direction, verdict, tag, field and kind narrow the catalogue and change nothing of it."""
    every = list(cases("kayle"))
    for wanted in (
        {"direction": "request"},
        {"verdict": "reject"},
        {"tags": ["structure"]},
        {"fields": ["/data/redirect_url"]},
        {"fields": ["created_at"]},
        {"fields": ["data.redirect_url"]},
        {"fields": ["."]},
        {"kinds": ["structure.null"]},
        {"kinds": ["structure"]},
        {"kinds": ["names.*", "dates.moment_?ear_*"]},
        {"direction": "response", "verdict": "accept", "tags": ["structure"]},
    ):
        choice = Choice(**wanted)
        direction = wanted.get("direction")
        expected = [case.id for case in every if choice.takes(case) and direction in (None, case.direction)]
        assert expected
        assert len(expected) < len(every)
        assert ids(**wanted) == expected


def test_cases__a_field_is_itself_what_is_below_it_or_a_name() -> None:
    """A pointer means that place and those inside; a plain name means every field so called."""
    below = {case.field for case in cases("kayle", fields=["/data/share_fields"])}
    assert "/data/share_fields" in below
    assert all(field == "/data/share_fields" or field.startswith("/data/share_fields/") for field in below)
    named = {case.field for case in cases("kayle", fields=["created_at"])}
    assert {"/data/created_at", "/data/0/created_at"} <= named
    assert all("created_at" in field.split("/") for field in named)


def test_cases__a_field_may_be_written_as_ids_have_it() -> None:
    """`data.status` is `/data/status`."""
    for dotted, pointer in (("data.0.share_fields", "/data/0/share_fields"), ("data.0.created_at", "/data/0/created_at")):
        assert ids(operation="listSessions", fields=[dotted]) == ids(operation="listSessions", fields=[pointer]) != []


def test_cases__the_whole_body_is_a_field() -> None:
    """Asked for as a dot, which ids have, or as a slash: cases of the whole answer and of nothing in it."""
    found = list(cases("kayle", operation="getSession", fields="/"))
    assert {case.field for case in found} == {""}
    expected = [case.id for case in cases("kayle", operation="getSession") if case.field == ""]
    assert [case.id for case in found] == ids(operation="getSession", fields=".") == expected


def test_cases__a_family_and_a_pattern_are_kinds() -> None:
    """All of the family, and all that fit."""
    every = list(cases("kayle", operation="listSessions"))
    assert ids(operation="listSessions", kinds="structure") == [c.id for c in every if c.kind.startswith("structure.")]
    assert ids(operation="listSessions", kinds="*.null*") == [c.id for c in every if c.kind.partition(".")[2].startswith("null")]


def test_cases__a_text_is_one_word() -> None:
    """Not a sequence of letters."""
    for name, word in (("tags", "structure"), ("kinds", "structure"), ("fields", "created_at")):
        assert Choice(**{name: word}) == Choice(**{name: [word]})
    assert ids(operation="getSession", tags="structure") != []


def test_cases__keywords_beside_a_choice_change_it() -> None:
    """They are not overlooked."""
    found = list(cases("kayle", Choice(direction="response", count=5), verdict="reject"))
    assert {(case.direction, case.verdict) for case in found} == {("response", "reject")}
    assert len(found) == 5


def test_cases__every_word_of_a_case_is_known() -> None:
    """Its tags, its kind, its field in both forms: nothing of the catalogue is refused."""
    for name in ("kayle", "predicate"):
        every = list(cases(name, count=300))
        words = {
            "tags": {tag for case in every for tag in case.tags},
            "kinds": {case.kind for case in every},
            "fields": {case.field or "/" for case in every} | {case.id.split(":")[1] for case in every},
        }
        check_words([specs.load(name)], **{what: sorted(some) for what, some in words.items()})


def test_cases__a_count_takes_some_of_every_family() -> None:
    """Few cases still show each family that there is."""
    families = {case.kind.partition(".")[0] for case in cases("kayle")}
    some = list(cases("kayle", count=3 * len(families)))
    assert len(some) == 3 * len(families)
    assert {case.kind.partition(".")[0] for case in some} == families
    few = {"operation": "getSession", "direction": "request"}
    assert ids(count=10**9, **few) == ids(**few)


def test_cases__a_status_gives_every_kind_in_that_state() -> None:
    """Answers about failed sessions only, and no request."""
    found = list(cases("kayle", status="failed"))
    assert found
    assert {case.state for case in found} == {"failed"}
    assert {case.direction for case in found} == {"response"}


def test_cases__another_seed_is_another_person_in_the_same_cases() -> None:
    """The ids stay; the payloads differ."""
    first = list(cases("kyve", operation="getVerification", direction="response"))
    other = list(cases("kyve", operation="getVerification", direction="response", seed=5))
    plain = {case.id: case.payload for case in other}
    assert len({case.id for case in first} & set(plain)) > 0.9 * len(first)
    assert any(case.payload != plain[case.id] for case in first if case.id in plain)


@pytest.mark.sample(3)
@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        ({"operation": "getSesion"}, "Did you mean 'getSession'?"),
        ({"direction": "answer"}, "direction 'answer'"),
        ({"verdict": "acept"}, "Did you mean 'accept'?"),
        ({"status": "done"}, "status 'done'"),
        ({"count": 0}, "count 0"),
        ({"direction": "request", "status": "failed"}, "a request has none"),
        ({"tags": ["structur"]}, "tag 'structur': kayle has none. Did you mean 'structure'?"),
        ({"tags": ["structure", "encodin"]}, "tag 'encodin': kayle has none. Did you mean 'encoding'?"),
        ({"kinds": ["structure.nul"]}, "kind 'structure.nul': kayle has none. Did you mean 'structure.null'"),
        ({"kinds": ["structure.null", "qqq"]}, "kind 'qqq': kayle has none. The families of kinds are names, "),
        ({"kinds": "qqq.*"}, "The families of kinds are names, "),
        ({"fields": ["/data/stats"]}, "field '/data/stats': kayle has none. Nearest: /data/status, "),
        ({"fields": ["stats", "id"]}, "field 'stats': kayle has none. Nearest: status, "),
    ],
)
def test_cases__what_cannot_be_is_said(wanted, text) -> None:
    """One sentence that names the value and what is possible."""
    with pytest.raises(SpecimenError, match=re.escape(text)):
        list(cases("kayle", **wanted))


def test_cases__an_unknown_provider_is_said() -> None:
    """As everywhere."""
    with pytest.raises(SpecimenError, match="kale"):
        cases("kale").__next__()


def test_contents__patterns_lead_somewhere() -> None:
    """Every pattern of every field_semantics.yaml fits a field of some valid payload: no fact is about nothing."""
    from specimen.contracts.payloads.model.valid_payloads import requests, responses

    for name in specs.names():
        provider = specs.load(name)
        left = set(provider.field_semantics.entries)
        for operation in provider.document.operations.values():
            for base in (*requests(provider, operation), *responses(provider, operation)):
                for place in base.places():
                    left -= {entry for entry in left if entry.fits(place.parts, base.payload)}
        assert not left, (name, sorted("/".join(entry.parts) for entry in left))
