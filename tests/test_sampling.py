"""What `make test` leaves to `make test-long`: never all of a kind, and nothing without a reason."""

from __future__ import annotations

import itertools
import re
import sys
from pathlib import Path

import pytest

from specimen import specs
from tests.sampling import COLLECTED, Function, Variant, mistakes, provider_of, sampled
from tests.serving import ROOT, run

NAMES = specs.names()


def test_make_test__runs_some_of_each_function_and_of_each_provider(request: pytest.FixtureRequest) -> None:
    """Of what this run collected: a function that is long as a whole says why, any other keeps all its providers."""
    assert list(mistakes(request.config.stash[COLLECTED])) == []


def test_mistakes__are_named() -> None:
    """A provider of which nothing is left, and a long test without a reason."""
    reported = list(
        mistakes(
            {
                "a.py::test_whole": Function(quick=[*NAMES, None]),
                "a.py::test_sampled": Function({"a sample"}, quick=[*NAMES], long=[*NAMES, None]),
                "a.py::test_long": Function({"takes minutes"}, long=[*NAMES]),
                "a.py::test_unexplained": Function({""}, long=[None]),
                "a.py::test_lost": Function({"a sample"}, quick=[NAMES[0]], long=[NAMES[0], NAMES[1]]),
            }
        )
    )
    assert reported == [
        "a.py::test_unexplained: expected a reason, pytest.mark.long('why')",
        f"a.py::test_lost: `make test` runs it for ['{NAMES[0]}'] and not for ['{NAMES[1]}']",
    ]


def test_sample__holds_every_provider_and_does_not_depend_on_the_order() -> None:
    """So that workers, and runs of parts of the tests, choose the same."""
    variants = [Variant(provider, f"{provider}-{index}") for index, provider in itertools.product(range(7), [*NAMES, None])]
    kept = sampled(variants, 2)
    assert kept == sampled(reversed(variants), 2)
    assert sorted(str(one.provider) for one in variants if one.label in kept) == sorted([*map(str, NAMES), "None"] * 2)
    assert {label.rpartition("-")[2] for label in kept} > {"0"}, "not the first ones only"


def test_sample__shows_as_many_values_as_it_can() -> None:
    """Of seven answers for each provider, two of each provider show all."""
    variants = [
        Variant(provider, f"{provider}-{index}", frozenset({provider, index})) for provider in NAMES for index in range(7)
    ]
    kept = sampled(variants, 2)
    assert len(kept) == 2 * len(NAMES)
    assert {label.rpartition("-")[2] for label in kept} == {str(index) for index in range(7)}


def test_provider__is_a_parameter_or_a_word_of_the_label() -> None:
    """Where neither names one, the variant is no provider's."""
    first, second = NAMES[:2]
    assert provider_of({"name": first, "operation": "x"}, f"{first}-x", NAMES) == first
    assert provider_of({"case": object()}, f"{second} getSession]", NAMES) == second
    assert provider_of({"case": object()}, f"x{second}x]", NAMES) is None


SAMPLED = """
import pytest


@pytest.mark.sample(2)
@pytest.mark.parametrize("value", range(9))
def test_many(value): ...


@pytest.mark.long("because")
def test_long(): ...


def test_quick(): ...
"""
BUSY = """
import time


def test_busy():
    while time.process_time() < 4:
        ...
"""


def theirs(text: str, folder: Path, *arguments: str) -> tuple[set[str], str]:
    """Tests of somebody's, run with our plug-ins and xdist alone: those that passed, and what was printed."""
    (folder / "test_theirs.py").write_text(text, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n long: x\n sample: x\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-rA", "-p", "xdist", "-p", "tests.sampling", "-p", "tests.cpu_time"]
    done = run(*arguments, folder=folder, command=command, PYTHONPATH=str(ROOT), PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    assert done.returncode == 0, done.stdout + done.stderr
    return set(re.findall(r"^PASSED \S+::(\S+)$", done.stdout, re.MULTILINE)), done.stdout


def test_marks__part_the_tests_in_two(tmp_path: Path) -> None:
    """`not long` and `long` are all, and nothing runs in both."""
    whole, quick, long = (theirs(SAMPLED, tmp_path, *chosen)[0] for chosen in ([], ["-m", "not long"], ["-m", "long"]))
    assert len(whole) == 11
    assert quick | long == whole
    assert not quick & long
    assert "test_quick" in quick
    assert len(quick) == 3


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell what ended processes used")
def test_cpu_time__counts_workers(tmp_path: Path) -> None:
    """Four seconds of a worker's are a fifteenth of a minute, and more than the first process needs."""
    _, printed = theirs(BUSY, tmp_path, "-n", "1")
    (reported,) = re.findall(r"^([\d.]+) CPU-minutes", printed, re.MULTILINE)
    assert float(reported) > 0.06
