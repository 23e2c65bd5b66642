"""`make test-versions`: which ends of the allowed versions it tries. That it passes needs a registry, and is not tested here."""

from __future__ import annotations

import pytest

from tests.versions import LOWEST, NEWEST, wanted


@pytest.mark.parametrize(
    ("arguments", "expected"), [([], [LOWEST, NEWEST]), ([LOWEST], [LOWEST]), ([NEWEST], [NEWEST])], ids=["both", LOWEST, NEWEST]
)
def test_versions__tries_both_ends_unless_one_is_named(arguments: list[str], expected: list[str]) -> None:
    """Without a name, as `make test-versions` calls it, it ended with an argument error."""
    assert wanted(arguments) == expected


def test_versions__refuses_another_end(capsys: pytest.CaptureFixture[str]) -> None:
    """With the names that there are."""
    with pytest.raises(SystemExit) as refused:
        wanted(["oldest"])
    assert refused.value.code == 2
    assert f"'{LOWEST}', '{NEWEST}'" in capsys.readouterr().err
