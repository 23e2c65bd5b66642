"""The commands that take values from an answer give what the judge would."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from specimen.contracts.judge.checks.precision import shifted
from specimen.contracts.reporting.answer_values import shift


@pytest.mark.skipif(shutil.which("bash") is None or shutil.which("python3") is None, reason="the commands need both")
@pytest.mark.parametrize("units", [-1, 1])
@pytest.mark.parametrize(
    "text",
    ["2026-12-31T23:59:59.999Z", "2026-03-01T00:00:00Z", "2026-03-19T10:31:06.000000Z", "2026-03-19T10:31:06.120+01:00"],
)
def test_shift__prints_the_moment_beside_one_in_its_form(text: str, units: int) -> None:
    """Over the end of a year too, with as many digits, and at its own offset."""
    command = shift(text, units, "SPECIMEN_CREATED_AT")
    assert command is not None
    done = subprocess.run(["bash", "-c", f"SPECIMEN_CREATED_AT={text}; {command}"], capture_output=True, text=True, check=True)
    assert done.stdout == f"{shifted(text, units)}\n"


@pytest.mark.parametrize("text", ["2026-03-19T10:31:06.12Z", "2026-03-19T10:31Z", "2026-03-19T10:31:06+00:00", "kayle"])
def test_shift__leaves_other_forms_alone(text: str) -> None:
    """Python would print them in another form."""
    assert shift(text, 1, "SPECIMEN_CREATED_AT") is None
