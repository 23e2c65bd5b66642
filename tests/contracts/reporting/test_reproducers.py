"""The commands of a finding, run in bash, show it again; or the report says why they cannot."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace

import pytest

from specimen import specs
from specimen.contracts.reporting.model import Found
from tests.contracts.golden_exchanges import Mutant, Stage
from tests.contracts.judge.test_rules import cases, mutants
from tests.contracts.replaying import Replies, again, collected, replying, same

pytestmark = pytest.mark.skipif(shutil.which("curl") is None or shutil.which("bash") is None, reason="the commands need both")


@pytest.fixture(scope="module")
def replies() -> Iterator[Replies]:
    """A server for recordings."""
    with replying() as found:
        yield found


def found_by(name: str, mutant: Mutant, replies: Replies) -> Found:
    """A mutant's finding, as a run of ours has it; the server then gives what the run saw."""
    provider = specs.load(name)
    exchanges = [replace(one, seen_by="walk") for one in mutant.make(Stage(provider))]
    collector = collected(provider, replies.url, exchanges)
    replies.record(exchanges)
    return next(entry for entry in collector.found if entry.violation.rule == mutant.rule)


@pytest.mark.sample(3)
@pytest.mark.parametrize(("name", "index"), list(cases()))
def test_reproducer__shows_a_mutants_finding_again(name: str, index: int, replies: Replies) -> None:
    """The commands ask what the run asked, in the same order, and the judge says the same of the answers."""
    mutant = mutants(name)[index]
    entry = found_by(name, mutant, replies)
    seen = again(entry.example, replies, specs.load(name))
    reported = [str(entry.violation), *entry.example.after, entry.example.curl, *entry.example.needs, *map(str, seen)]
    assert same(entry.violation, seen), "\n".join(reported)
