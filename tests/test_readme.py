"""What the README and the pages of docs/ say of commands and their output is so."""

from __future__ import annotations

import importlib
import re
import shlex
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.exceptions import TyperException
from typer.testing import CliRunner

from specimen import specs
from specimen.cli import app
from specimen.contracts.judge.registry import rulebook
from tests import documentation, prism
from tests.bench.report import COLUMNS
from tests.documentation import CommandLine, pages
from tests.score import runs
from tests.score.changes import CLASSES
from tests.serving import ROOT, run, serving

MOST_LINES = 150
MY_APP = """
import httpx, pytest

class my_app:
    def __init__(self, base_url):
        self.base_url = base_url

    def status_of(self, session):
        headers = {"Authorization": "Bearer kk_live_specimen"}
        return httpx.get(f"{self.base_url}/v1/sessions/{session}", headers=headers).json()["data"]["status"]
"""
# Commands that print at once what they show; the others have a test of their own.
PRINT_AT_ONCE = ("providers", "payloads", "rules", "ids", "show")
CONSOLE = {block.text: block for block in documentation.blocks("console")}
COMMANDS = typer.main.get_command(app)


def printed(*words: str, **variables: str) -> list[str]:
    """A command's lines."""
    done = CliRunner().invoke(app, list(words), env={"COLUMNS": "240", **variables})
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    return [line.rstrip() for line in done.output.splitlines()]


def assert_excerpt(shown: str, lines: Sequence[str]) -> None:
    """Every line of an excerpt is among the lines, in their order; `…` stands for what was left out."""
    rest = iter(" ".join(line.split()) for line in lines)
    for line in shown.splitlines():
        pattern = re.compile(re.escape(" ".join(line.split())).replace("…", ".*"))
        assert any(pattern.fullmatch(candidate) for candidate in rest), f"not printed, or not there: {line}"


def table(page: str, head: str) -> list[list[str]]:
    """The rows of the table of a page whose first line begins so, cell by cell."""
    lines = pages()[page].splitlines()
    first = next(index for index, line in enumerate(lines) if line.startswith(head))
    rows = []
    for line in lines[first:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line[1:-1].split("|")])
    return rows


def test_readme__is_short() -> None:
    """Whoever wants more follows a link."""
    assert len(pages()["README.md"].splitlines()) <= MOST_LINES


def test_readme__links_to_every_page() -> None:
    """Nothing in docs/ is found by chance alone."""
    linked = {link.partition("#")[0] for link in documentation.links("README.md")}
    assert linked >= set(pages()) - {"README.md"}


@pytest.mark.parametrize("page", pages())
def test_links__lead_somewhere(page: str) -> None:
    """The file is there, and so is the heading."""
    for link in documentation.links(page):
        path, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.is_file(), f"{page}: {link}"
        assert not anchor or anchor in documentation.anchors(target), f"{page}: {link}"


def parsed(line: CommandLine) -> None:
    """Lets the command line itself read a line, and runs nothing."""
    arguments = list(line.arguments)
    context: Any = COMMANDS.make_context("specimen", [], resilient_parsing=True)
    if arguments[0].startswith("-"):
        assert arguments[0] in {name for parameter in COMMANDS.get_params(context) for name in parameter.opts}
        return
    context.resilient_parsing = False  # no arguments would have printed the help
    name, command, rest = COMMANDS.resolve_command(context, arguments)
    if rest != ["--help"]:
        command.make_context(name, rest)


@pytest.mark.parametrize("line", list(documentation.command_lines()), ids=str)
def test_command_lines__are_taken(line: CommandLine) -> None:
    """Command, options and their values are there; in a sentence, what must be given may be left out."""
    try:
        parsed(line)
    except TyperException as error:
        if line.is_whole or type(error).__name__ not in {"MissingParameter", "BadOptionUsage"}:
            raise


def test_command_lines__are_found() -> None:
    """Those of shells, of pipelines and of sentences; a wrong one is reported."""
    found = list(documentation.command_lines())
    assert {line.arguments[0] for line in found} >= {command for command in COMMANDS.commands if command != "check"}
    assert {line.page for line in found if line.is_whole} >= {"README.md", "docs/judge.md", "docs/ci.md", "docs/payloads.md"}
    for wrong in (("verfy", "kayle"), ("verify", "kayle", "--url", "http://a", "--strickt"), ("serve", "--port", "x")):
        with pytest.raises(TyperException):
            parsed(CommandLine("", wrong, is_whole=True))


@pytest.mark.parametrize("block", list(documentation.blocks("python")), ids=lambda block: block.page)
def test_python__compiles(block: documentation.Block) -> None:
    """What is to be copied has no mistake in its syntax."""
    compile(textwrap.dedent(block.text), block.page, "exec")


def test_python__of_the_fixtures_passes(tmp_path) -> None:
    """Both tests of docs/tests.md, as somebody's own, with an application that shows a session's status."""
    shown = [one.text for one in documentation.blocks("python") if one.page == "docs/tests.md" and "def test_" in one.text]
    assert len(shown) == 2
    assert shown[0] in [block.text for block in documentation.blocks("python") if block.page == "README.md"]
    with serving(folder=tmp_path) as url:
        text = "\n".join([MY_APP, *shown]).replace("http://127.0.0.1:8080", url)
        (tmp_path / "test_mine.py").write_text(text, encoding="utf-8")
        done = run("-p", "no:cacheprovider", "-q", "test_mine.py", folder=tmp_path, command=(sys.executable, "-m", "pytest"))
    assert "2 passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            text, id=block.page, marks=[pytest.mark.long("makes all answers of an operation")] if " payloads " in text else []
        )
        for text, block in CONSOLE.items()
        if text.split()[2] in PRINT_AT_ONCE
    ],
)
def test_excerpt__is_what_the_command_prints(text: str) -> None:
    """Line by line, but for what `…` stands for."""
    command, shown = text.replace("\\\n", " ").split("\n", 1)
    assert_excerpt(shown, printed(*shlex.split(command)[2:]))


def test_excerpts__all_have_a_test() -> None:
    """Those that print at once, and the one of verify."""
    commands = [re.findall(r"(?<!\S)specimen (\w+)", text)[0] for text in CONSOLE]
    assert sorted(set(commands) - set(PRINT_AT_ONCE)) == ["verify"]


def test_excerpt__of_verify_is_what_it_prints() -> None:
    """A backend that is broken as the README says."""
    (text,) = [text for text in CONSOLE if "specimen verify" in text]
    command, shown = text.split("\n", 1)
    assert CONSOLE[text].page == "README.md"
    variable, _, *words = shlex.split(command.removeprefix("$ "))
    with runs.serving() as served:
        served.app = runs.implementation(specs.load("kayle"), runs.subject("kayle", "completed_at_missing").make, seed=1)
        url = served.url
        lines = printed(*(word.replace("http://127.0.0.1:8000", url) for word in words), **dict([variable.split("=")]))
    assert_excerpt(shown, [line.replace(url, "http://127.0.0.1:8000") for line in lines])


def test_excerpt__of_serve_is_what_it_prints(tmp_path) -> None:
    """The block of one vendor."""
    (block,) = [block for block in documentation.blocks("") if block.text.startswith("Kayle ID\n")]
    with serving(folder=tmp_path) as url:
        lines = (tmp_path / "serve.log").read_text(encoding="utf-8").splitlines()
    assert_excerpt(block.text, [line.replace(url, "http://127.0.0.1:8080") for line in lines])


def test_person__is_what_the_command_prints() -> None:
    """Each value that is quoted of the person that `specimen show` makes."""
    shown = pages()["docs/outcomes.md"].partition("A part of what `specimen ")[2]
    command, _, rest = shown.partition("`")
    values = {text for text in rest.split("```")[1].split('"')[1::2] if text}
    assert len(values) > 20
    assert values <= set("\n".join(printed(*command.split())).split('"')[1::2])


@pytest.mark.long("makes every payload of every provider")
def test_table_of_payloads__is_what_the_command_prints() -> None:
    """Line by line; the README's number is no more than there are."""
    page = pages()["docs/payloads.md"]
    assert "`specimen payloads --summary`" in page
    assert "\n".join(printed("payloads", "--summary")).strip() in page
    (row,) = [cells for cells in table("docs/payloads.md", "| cases in") if cells[0] == "all"]
    count = sum(int(number.replace(",", "")) for cell in row[2:] for number in cell.split(" · "))
    (claimed,) = re.findall(r"More than ([\d,]+) of them", pages()["README.md"])
    assert int(claimed.replace(",", "")) <= count


def test_table_of_the_score__counts_the_mutants_that_there_are() -> None:
    """By class, and in all."""
    rows = {cells[0]: cells[1] for cells in table("docs/strength.md", "| mutants found")}
    mutants = [mutant for name in specs.names() for mutant in runs.mutants(name)]
    assert {kind: rows[kind] for kind in CLASSES} == {
        kind: str(sum(mutant.kind == kind for mutant in mutants)) for kind in CLASSES
    }
    assert rows["all"] == str(len(mutants))
    assert f"({len(mutants)} mutants" in pages()["docs/strength.md"]


def test_table_of_prism__has_rules_that_there_are() -> None:
    """Each with its sentence, and with what was reviewed of it."""
    rows = table("docs/strength.md", "| | rule")[2:]
    assert len(rows) > 30
    for provider, rule, promise, _, _, what in rows:
        found = rulebook(specs.load(provider))[rule.removesuffix(" (note)")]
        assert promise == found.sentence
        assert what == prism.REVIEWED[found.id]


def test_table_of_speed__has_the_columns_of_the_bench() -> None:
    """It was printed by `make bench-peers`."""
    assert table("docs/speed.md", "| What | Server")[0] == list(COLUMNS)


ROOMS = ("specs", "fixtures", "mockserver", "contracts")
INTERNAL = {
    "specimen.contracts.judge.history",
    "specimen.mockserver.app",
    "specimen.mockserver.sessions.service",
    "specimen.mockserver.sessions.store",
    "specimen.mockserver.sessions.store.memory",
    "specimen.mockserver.sessions.store.redis",
    "specimen.mockserver.sessions.store.sqlite",
}  # rooms that only others of ours use


def public() -> dict[str, list[str]]:
    """Modules and their names, as the reference lists them."""
    rows = re.findall(r"^\| `(specimen\.[a-z_.]+)`: ([^|]*)\|", pages()["docs/reference.md"], re.MULTILINE)
    return {module: re.findall(r"`(\w+)`", names) for module, names in rows}


@pytest.mark.parametrize("module", public())
def test_reference__names_what_there_is(module: str) -> None:
    """Every public name of a room, and no other; each can be imported."""
    found = importlib.import_module(module)
    assert public()[module] == found.__all__
    assert [name for name in found.__all__ if getattr(found, name, None) is None] == []
    with pytest.raises(AttributeError, match="has no attribute 'nothing_such'"):
        _ = found.nothing_such


def test_reference__lists_every_room_with_public_names() -> None:
    """A room whose `__init__` has an `__all__` stands in the reference."""
    texts = {path.parent: path.read_text(encoding="utf-8") for room in ROOMS for path in (ROOT / room).rglob("__init__.py")}
    said = {f"specimen.{'.'.join(folder.relative_to(ROOT).parts)}" for folder, text in texts.items() if "__all__ =" in text}
    assert said - INTERNAL == {module for module in public() if (ROOT / Path(*module.split(".")[1:])).is_dir()}
