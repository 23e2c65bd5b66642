"""The drivers of docs/drivers.md, as they stand there, lead a real backend through every state."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from specimen import specs
from specimen.contracts.reporting.model import PASSED, Report
from specimen.contracts.verify.runner import verify
from tests import documentation
from tests.reference_implementations import kayle, stored_kayle
from tests.reference_implementations.web import running

KAYLE = specs.load("kayle")
MOST_LINES = 20
SCRIPTS = {
    block.language: block.text
    for block in documentation.blocks()
    if block.page == "docs/drivers.md" and block.text.startswith("#!")
}


def verified(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> Report:
    """A smoke run against the backend over HTTP, with a script of the page as its driver."""
    database, command = folder / "kyc.db", folder / "session-in-state"
    command.write_text(text.replace("#!/usr/bin/env python3", f"#!{sys.executable}"))
    command.chmod(0o755)
    with running(stored_kayle.app(database)) as url:
        known = {
            "KYC_URL": url,
            "SPECIMEN_TOKEN": kayle.TOKEN,
            "KYC_DATABASE": str(database),
            "KYC_ADMIN_KEY": stored_kayle.ADMIN_KEY,
        }
        for name, value in known.items():
            monkeypatch.setenv(name, value)
        return verify(url, "kayle", profile="smoke", auth=kayle.TOKEN, driver=str(command))


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not there")
@pytest.mark.parametrize("language", ["python", "sh"])
def test_driver_of_the_page__leads_to_every_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    """With the exit code 0: nothing is found, and nothing was only said to be driven."""
    found = verified(tmp_path, monkeypatch, SCRIPTS[language])
    assert [(entry.violation, entry.example.curl) for entry in found.errors] == []
    assert found.remarks == ()
    assert set(found.reach.states.seen) == set(KAYLE.lifecycle.states)
    assert found.incomplete == ()
    assert found.exit_code == PASSED
    assert len(SCRIPTS[language].splitlines()) <= MOST_LINES


def test_driver_that_changes_nothing__is_inconclusive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's script without its UPDATE: the backend is sound, and its states were not seen."""
    lines = [line.replace("database.execute", "(lambda *_: None)") for line in SCRIPTS["python"].splitlines()]
    found = verified(tmp_path, monkeypatch, "\n".join(lines))
    assert found.exit_code == 4
    assert any("a session of --driver was driven to 'succeeded' and stayed 'created'" in why for why in found.incomplete)


def test_page__has_both_scripts() -> None:
    """One with SQL, one with an administrators' API."""
    assert set(SCRIPTS) == {"python", "sh"}
    assert "UPDATE sessions" in SCRIPTS["python"]
    assert "/admin/" in SCRIPTS["sh"]
