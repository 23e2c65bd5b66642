"""The catalogue is the same for everybody: on any machine, in any order, and for other people in its payloads."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import pytest

from specimen import specs
from specimen.contracts.payloads import cases
from specimen.contracts.payloads.output.formats import as_ndjson
from tests.contracts.payloads.catalogues import catalogue
from tests.contracts.payloads.known_ids import known
from tests.serving import ROOT, environment

_DIGEST = """
import hashlib, sys
from specimen.contracts.payloads import cases
from specimen.contracts.payloads.output.formats import as_ndjson
for name in sys.argv[1:]:
    text = "".join(as_ndjson(cases(name)))
    print(name, hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest())
"""


@pytest.mark.parametrize(
    "names", [specs.names()[-1:], pytest.param(specs.names(), marks=pytest.mark.long("makes every catalogue twice"))], ids=len
)
def test_catalogue__has_the_same_bytes_in_another_process(names: tuple[str, ...]) -> None:
    """Byte for byte, whatever the order of Python's sets there."""
    root = str(ROOT)
    done = subprocess.run(
        [sys.executable, "-c", _DIGEST, *names], capture_output=True, text=True, timeout=300, check=True,
        env=environment(PYTHONPATH=root, PYTHONHASHSEED="4711"),
    )  # fmt: skip
    there = dict(line.split() for line in done.stdout.splitlines())
    here = {name: digest("".join(as_ndjson(catalogue(name).cases))) for name in names}
    assert there == here


@pytest.mark.parametrize("name", specs.names())
def test_ids__are_those_of_every_version(name) -> None:
    """A case keeps its id for ever: who excludes one by its id, or compares two runs, goes by it."""
    now = {case.id for case in catalogue(name).cases}
    lost = known(name) - now
    assert not lost, f"{len(lost)} ids are gone: {sorted(lost)[:5]}"
    new = now - known(name)
    assert not new, f"{len(new)} ids are new: {sorted(new)[:5]}; `python -m tests.contracts.payloads.known_ids` records them"


def digest(text: str) -> str:
    """What tells two texts apart."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@pytest.mark.long("makes every catalogue once more; `make test` has this law for one operation, in test_choosing.py")
@pytest.mark.parametrize("name", specs.names())
def test_ids__are_the_same_for_other_people(name) -> None:
    """Another seed changes who is in the payloads, and neither which cases there are nor what must happen to them.

    But for a few kinds of MRZ that need a certain letter or length in the number that the person's card happens to have.
    """
    here = {case.id: (case.kind, case.verdict, case.rule, case.expect_status) for case in catalogue(name).cases}
    there = {case.id: (case.kind, case.verdict, case.rule, case.expect_status) for case in cases(name, seed=7)}
    assert {case: here[case] for case in here.keys() & there.keys()} == {case: there[case] for case in here.keys() & there.keys()}
    lucky = here.keys() ^ there.keys()
    assert {case for case in lucky if ":mrz." not in case} == set()
    assert len(lucky) < len(here) / 200


@pytest.mark.long("makes every catalogue once more, in parts; `make test` has this law for choices, in test_choosing.py")
@pytest.mark.parametrize("name", specs.names())
def test_cases__do_not_depend_on_what_was_made_before(name) -> None:
    """Each operation and direction alone, the last first, gives its part of the whole."""
    every = catalogue(name).cases
    operations = specs.load(name).document.operations.values()
    for operation in reversed([one.id for one in operations if one.part is None]):  # the whole has those alone
        for direction in ("response", "request"):
            whole = [case for case in every if (case.operation, case.direction) == (operation, direction)]
            alone = list(cases(name, operation=operation, direction=direction))
            assert "".join(as_ndjson(alone)) == "".join(as_ndjson(whole))
