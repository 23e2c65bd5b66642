"""What the README shows of commands' output is what they print."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from specimen import cli
from tests.serving import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def printed(*words: str) -> list[str]:
    """A command's lines."""
    done = CliRunner().invoke(cli.app, list(words), env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    return [line.rstrip() for line in done.stdout.splitlines()]


@pytest.mark.parametrize("command", ["providers", "payloads --summary"])
def test_tables__are_what_the_command_prints(command: str) -> None:
    """Line by line."""
    assert f"`{command}`" in README or f"specimen {command}" in README
    assert "\n".join(printed(*command.split())).strip() in README


def test_person__is_what_the_command_prints() -> None:
    """Each value that is quoted of the person that `specimen show` makes."""
    shown = README.partition("A part of what `specimen ")[2]
    command, _, rest = shown.partition("`")
    values = {text for text in rest.split("```")[1].split('"')[1::2] if text}
    assert len(values) > 20
    assert values <= set("\n".join(printed(*command.split())).split('"')[1::2])
