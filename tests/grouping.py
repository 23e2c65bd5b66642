"""Says which tests one worker of pytest-xdist runs: those of a file, or of all files that share what is costly to make."""

from __future__ import annotations

from pathlib import Path

import pytest

# Fixtures of the session that take seconds to make.
_COSTLY = ("wheel", "core")
# Its tests share the catalogue of payloads, which a process makes once.
_TESTS = Path(__file__).parent
_CATALOGUE = _TESTS / "contracts" / "payloads"
# So do these the walks through all scenarios.
_WALKING = (_TESTS / "contracts" / "http" / "test_unknown_values.py", _TESTS / "contracts" / "verify" / "test_movement.py")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Groups what was collected, for `--dist loadgroup`."""
    if not config.pluginmanager.hasplugin("xdist"):
        return
    wanting = {item.path for item in items if {*_COSTLY} & {*getattr(item, "fixturenames", ())}}
    for item in items:
        item.add_marker(pytest.mark.xdist_group(group_of(item.path, is_wanting=item.path in wanting)))


def group_of(path: Path, *, is_wanting: bool) -> str:
    """The group of a file's tests."""
    if is_wanting:
        return "installed"
    if path in _WALKING:
        return "walks"
    return "catalogue" if path.is_relative_to(_CATALOGUE) else str(path.relative_to(_TESTS))
