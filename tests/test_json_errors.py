"""With `--json`, what ends a command is JSON too: one line on the error stream, for every command that has the option."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from specimen.cli import app
from tests.serving import run

NOWHERE = "http://127.0.0.1:9"
# For each command with `--json` how it fails, its exit code and a part of the sentence.
FAILING = {
    "ids": ("ids nobody --json", 2, "provider 'nobody'"),
    "faults": ("faults nobody --json", 2, "provider 'nobody'"),
    "rules": ("rules nobody --json", 2, "provider 'nobody'"),
    "watch": (f"watch kayle --url {NOWHERE} --session vs_x --header x --json", 2, "--header"),
    "proxy": (f"proxy nobody --target {NOWHERE} --port 0 --json", 2, "provider 'nobody'"),
    "check": ("check none.har kayle --json", 2, "none.har"),
    "pictures": ("pictures nobody ok --json", 2, "provider 'nobody'"),
    "ctl": (f"ctl --url {NOWHERE} --json clock", 3, "no server answers there"),
    "store info": ("store info memory --json", 2, "store 'memory'"),
    "webhooks listen": ("webhooks listen nobody --json", 2, "provider 'nobody'"),
    "webhooks attack": (f"webhooks attack nobody --url {NOWHERE} --json", 2, "provider 'nobody'"),
    "webhooks check": ("webhooks check none.har nobody --json", 2, "provider 'nobody'"),
}
# The commands of `ctl` take its options behind their names, too.
CTL = {
    "sessions": "", "create": "kayle", "show": "kayle vs_x", "patch": "kayle vs_x --fact a=b", "advance": "kayle vs_x",
    "transition": "kayle vs_x failed", "expire": "kayle vs_x", "delete": "kayle vs_x", "clock": "", "settings": "",
    "catalogue": "", "namespaces": "", "reset": "", "requests": "", "ask": "called", "faults": "", "webhooks": "kayle",
}  # fmt: skip
FAILING |= {
    f"ctl {name}": (f"ctl {name} {words} --url {NOWHERE} --json", 3, "no server answers there") for name, words in CTL.items()
}
NEVER_FAIL = {"providers"}


def with_json(command: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    """The names of the commands that have `--json`."""
    if any("--json" in one.opts for one in command.params):
        yield " ".join(path)
    for name, inner in getattr(command, "commands", {}).items():
        yield from with_json(inner, (*path, name))


def test_table__has_every_command() -> None:
    """No command with `--json` is left out."""
    assert set(with_json(typer.main.get_command(app))) == {*FAILING, *NEVER_FAIL}


@pytest.mark.parametrize("name", FAILING)
def test_mistake__is_one_line_of_json(name: str) -> None:
    """The sentence that stands there without `--json`, and the same exit code."""
    line, code, said = FAILING[name]
    done = CliRunner().invoke(app, line.split(), env={"COLUMNS": "200"})
    assert (done.exit_code, done.stdout) == (code, ""), done.output
    found = json.loads(done.stderr)
    assert done.stderr.count("\n") == 1
    assert found["exit_code"] == code
    assert said in found["detail"]
    plain = CliRunner().invoke(app, line.replace(" --json", "").split(), env={"COLUMNS": "200"})
    assert (plain.exit_code, plain.stderr) == (code, f"error: {found['detail']}\n")


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("ctl --json sessions --limit 0", 2, "0 is not in the range"),
        ("ctl --json transition kayle", 2, "session"),
        ("ids --jsn --json", 2, "--jsn"),
        ("nothing --json", 2, "nothing"),
    ],
)
def test_misspelt_command__too(line: str, code: int, said: str, tmp_path: Path) -> None:
    """What the command line itself refuses has the same form; without `--json` it is the usage text."""
    done = run(*line.split(), folder=tmp_path)
    found = json.loads(done.stderr)
    assert (done.returncode, done.stdout, found["exit_code"]) == (code, "", code)
    assert said in found["detail"]
    assert "specimen" in found["usage"]
    plain = run(*line.replace(" --json", "").split(), folder=tmp_path)
    assert (plain.returncode, plain.stderr.startswith("Usage: ")) == (code, True)


def test_bug__too(tmp_path: Path) -> None:
    """Exit code 70 says that Specimen itself failed, and where."""
    code = (
        "import sys; from specimen import cli, specs\n"
        "def broken(): raise RuntimeError('secret')\n"
        "specs.names = broken; sys.argv = ['specimen', 'faults', '--json']; cli.main()"
    )
    done = run("-c", code, folder=tmp_path, command=(sys.executable,))
    found = json.loads(done.stderr)
    assert (done.returncode, found["exit_code"]) == (70, 70)
    assert "This is a bug in Specimen" in found["detail"]
    assert "secret" not in done.stderr


@pytest.mark.parametrize("words", [("--help",), ("ids", "--json", "--help"), ("--version",), ("providers", "--json")])
def test_no_mistake__changes_nothing(words: tuple[str, ...], tmp_path: Path) -> None:
    """Help, the version and an answer end with 0 and say nothing on the error stream."""
    done = run(*words, folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout
