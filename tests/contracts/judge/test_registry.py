"""Every rule of the design has an id in the rulebook, and every id a sentence, a mark and a source."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from specimen import specs
from specimen.contracts.judge import general_rules
from specimen.contracts.judge.registry import rulebook
from specimen.contracts.judge.severity import ERROR, MARKS, NOTE, WARNING
from specimen.specs import Provider

HERE = Path(__file__).parent
NAMES = [name for name in specs.names() if specs.load(name).is_builtin]
GENERAL = {rule.id: rule for rule in general_rules.RULES}
COMMENT = re.compile(r"^#\s+([A-Z]{3}-[0-9]{3}) (\(contracts/rules)?")


@pytest.fixture(params=NAMES)
def provider(request: pytest.FixtureRequest) -> Provider:
    """Each provider in turn."""
    return specs.load(request.param)


def table(provider: Provider) -> dict[str, Any]:
    """The design's sentences about a provider."""
    found: dict[str, Any] = yaml.safe_load((HERE / f"rules_{provider.name}.yaml").read_text(encoding="utf-8"))
    return found


def own(provider: Provider) -> dict[str, Any]:
    """A provider's rules without the general ones."""
    return {name: rule for name, rule in rulebook(provider).items() if name not in GENERAL}


def test_design__each_sentence_has_its_rules(provider: Provider) -> None:
    """A sentence without a rule is an allowance, or says why."""
    found = table(provider)
    assert len(found["design"]) == found["count"]
    for line in found["design"]:
        assert line["rules"] or line["why"], line
        for rule_id in line["rules"]:
            replaced = {name for rule in own(provider).values() for name in rule.replaces}
            assert rule_id in rulebook(provider) or rule_id in replaced, line


def test_design__marks_are_those_of_the_rules(provider: Provider) -> None:
    """What is assumed in the design is a note in the rulebook, what is implied a warning, all else an error."""
    rules = own(provider)
    for line in table(provider)["design"]:
        for rule_id in line["rules"]:
            if rule_id in rules and len(line["rules"]) == 1:
                assert rules[rule_id].mark == line["mark"], line


def test_design__each_rule_has_its_sentence(provider: Provider) -> None:
    """No rule stands in the rulebook that the table does not know."""
    found = table(provider)
    named = {rule_id for line in found["design"] for rule_id in line["rules"]} | set(found["further"])
    assert set(own(provider)) == named - set(GENERAL)


def test_rulebook__ids_are_without_gaps(provider: Provider) -> None:
    """Three letters of the provider's own, and numbers from 1 on."""
    ids = sorted(own(provider))
    prefix = ids[0][:3]
    assert ids == [f"{prefix}-{number:03}" for number in range(1, len(ids) + 1)]


def test_rulebook__prefixes_differ() -> None:
    """No two providers share an id."""
    prefixes = [next(iter(own(specs.load(name))))[:3] for name in NAMES]
    assert len({*prefixes, "GEN"}) == len(NAMES) + 1


def test_rulebook__general_ids_are_without_gaps() -> None:
    """Numbers from 1 on, in their order."""
    assert [rule.id for rule in general_rules.RULES] == [f"GEN-{number:03}" for number in range(1, len(general_rules.RULES) + 1)]


def test_rulebook__each_rule_is_whole(provider: Provider) -> None:
    """A sentence, a mark, a source; a reason if assumed, a quote if implied; replaced rules exist, none is replaced twice."""
    replaced = []
    for rule in rulebook(provider).values():
        assert rule.sentence, rule.id
        assert rule.sentence == rule.sentence.strip().rstrip("."), rule.id
        assert rule.mark in MARKS, rule.id
        assert rule.source, rule.id
        assert rule.mark != "A" or rule.reason, rule.id
        assert rule.mark != "I" or rule.quote, rule.id
        assert rule.severity == {"A": NOTE, "I": WARNING}.get(rule.mark, ERROR)
        replaced += rule.replaces
    assert set(replaced) <= set(GENERAL)
    assert len(set(replaced)) == len(replaced)
    assert not set(replaced) & set(rulebook(provider))


def test_rulebook__agrees_with_the_document(provider: Provider) -> None:
    """The comment at the top of openapi.yaml names the rules that the document cannot state, and no others."""
    text = (provider.folder / "openapi.yaml").read_text(encoding="utf-8")
    head = text[: text.index("openapi: 3.1")]
    lines = [match for line in head.splitlines() if (match := COMMENT.match(line))]
    named = {match[1] for match in lines if match[2]}
    assert named == {rule.id for rule in own(provider).values() if rule.check is not None}
    assert {match[1] for match in lines} <= set(own(provider))
    assert len({match[1] for match in lines}) == len(lines)
