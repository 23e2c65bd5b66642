"""A provider from outside adds files and edits none: it is found, listed, served, and keeps the promises of the others."""

from __future__ import annotations

import ast
import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from xml.etree import ElementTree as ET

import httpx
import pytest
from typer.testing import CliRunner

from specimen import cli, specs
from specimen.contracts.payloads import Choice, cases
from specimen.fixtures.primitives import times
from specimen.mockserver.app import build_app
from specimen.mockserver.settings import Settings
from specimen.specs import SpecError
from tests.providers.provider_contract_tests import at
from tests.scenario_exchanges import as_request
from tests.serving import ROOT, run, serving

FOLDER = next((ROOT / "tests" / "providers" / "external_provider").iterdir())
NAME = FOLDER.name
BUILT_IN = specs.names()
PACKAGES = ("specs", "fixtures", "mockserver", "contracts")
NOW = "2026-03-19T10:31:30Z"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder outside the repository that holds the provider's folder and nothing else."""
    found = tmp_path_factory.mktemp("outside")
    copied(found / NAME)
    return found


def copied(folder: Path) -> Path:
    """A copy of the provider's files."""
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def command(*arguments: str, root: Path, folder: Path) -> str:
    """What a command prints in a process of its own that finds the provider by `SPECIMEN_PATH`."""
    done = run(*arguments, folder=folder, PYTHONPATH=str(ROOT), SPECIMEN_PATH=str(root))
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


# -- listed and served ---------------------------------------------------------------------------------------------


def test_providers__lists_it_last(root: Path, tmp_path: Path) -> None:
    """`specimen providers` lists it after the built-in ones, as a table and as JSON."""
    lines = command("providers", root=root, folder=tmp_path).splitlines()
    assert [line.split()[0] for line in lines[1:]] == [*BUILT_IN, NAME]
    *_, last = json.loads(command("providers", "--json", root=root, folder=tmp_path))
    assert last["name"] == NAME
    assert last["mount"].startswith(f"/{NAME}/")
    assert last["operations"]
    assert last["scenarios"]


def test_show__prints_each_scenario(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`specimen show` gives each scenario's last state; the bytes depend on seed and time alone."""
    monkeypatch.setenv(specs.SEARCH_PATH_VARIABLE, str(root))
    lifecycle = specs.load(NAME).lifecycle
    for scenario in lifecycle.scenarios.values():
        shown = ["show", NAME, scenario.alias, "--seed", "7", "--now", NOW]
        text = command(*shown, root=root, folder=tmp_path)
        assert at(json.loads(text), lifecycle.reads[0].status) == scenario.path[-1]
        assert CliRunner().invoke(cli.app, shown).output == text


def test_payloads__have_answers_too(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The request before an answer has the credential that the document names, whatever its header is."""
    monkeypatch.setenv(specs.SEARCH_PATH_VARIABLE, str(root))
    found = list(cases(NAME, Choice(direction="response")))
    assert {case.direction for case in found} == {"response"}
    assert {case.verdict for case in found} >= {"accept", "reject"}


def test_serve__answers_in_every_status(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`specimen serve` answers what `specimen ids --json` lists: a session in each status, and each error."""
    monkeypatch.setenv(specs.SEARCH_PATH_VARIABLE, str(root))
    lifecycle = specs.load(NAME).lifecycle
    pointers = {read.operation: read.status for read in lifecycle.reads}
    entries = json.loads(command("ids", NAME, "--json", root=root, folder=tmp_path))["entries"]
    with serving("--now", NOW, folder=tmp_path, PYTHONPATH=str(ROOT), SPECIMEN_PATH=str(root)) as url, httpx.Client() as client:
        assert client.get(f"{url}/_specimen/health").json()["providers"] == [*BUILT_IN, NAME]
        seen = set()
        for entry in entries:
            answer = client.send(as_request(entry, url))
            assert answer.status_code == entry["expect_status"], entry
            if entry["status"] is not None:
                seen.add(at(answer.json(), pointers[entry["operation"]]))
                assert answer.headers["specimen-scenario"] == entry["scenario"]
        assert seen == set(lifecycle.states)
        assert client.get(f"{url}/{NAME}/openapi.json").json()["servers"][0]["url"].endswith(specs.load(NAME).mount)
        assert client.get(f"{url}/{NAME}/ui/").status_code == 200
    assert f"{url}/{NAME}/" in (tmp_path / "serve.log").read_text(encoding="utf-8")


def test_serve__alone_is_at_the_root(root: Path, tmp_path: Path) -> None:
    """Served alone it has the vendor's own paths; `--pace instant` moves a new session to the end that was asked for."""
    options = (NAME, "--pace", "instant", "--now", NOW)
    with serving(*options, folder=tmp_path, PYTHONPATH=str(ROOT), SPECIMEN_PATH=str(root)) as url, httpx.Client() as client:
        listed = client.get(f"{url}/_specimen/scenarios").json()["entries"]
        read = next(entry for entry in listed if entry["scenario"] is not None)
        own_path = read["path"].removeprefix(f"/{NAME}")
        assert client.get(url + own_path, headers=read["headers"]).content == client.send(as_request(read, url)).content
        checks = url + own_path.rpartition("/")[0]
        made = client.post(checks, headers=read["headers"], json={"reference": "specimen.bad.of-mine"})
        assert made.status_code == 201
        check = made.json()["check"]
        assert check["verdict"] == "waiting"
        later = client.get(f"{checks}/{check['id']}", headers=read["headers"]).json()["check"]
        assert (later["reference"], later["verdict"]) == ("specimen.bad.of-mine", "flagged")


# -- the same promises ---------------------------------------------------------------------------------------------

EVERY_PROVIDER = "tests/providers/test_every_provider.py"
SCHEMATHESIS = "tests/test_schemathesis.py"
HYPOTHESIS = ("-p", "_hypothesis_pytestplugin", "--hypothesis-profile", "quick")
# Golden files lie in the repository, where a provider from outside has none.
LEFT_OUT = {"test_golden_files__are_remade_byte_for_byte"}


@pytest.mark.parametrize(
    "suite", [EVERY_PROVIDER, pytest.param(SCHEMATHESIS, marks=pytest.mark.long("Schemathesis takes seconds"))]
)
def test_promises__are_those_of_the_built_in_ones(suite: str, root: Path, tmp_path: Path) -> None:
    """The very tests that run over the built-in providers run over this one, and pass; none is left out unsaid."""
    options = {"folder": ROOT, "command": (sys.executable, "-m", "pytest", *HYPOTHESIS), "PYTHONPATH": str(ROOT)}
    options["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # these tests need no other
    listed = run("--collect-only", suite, **options, SPECIMEN_PATH=str(root))
    tests = re.findall(r"::(\w+)\[([\w-]+)\]$", listed.stdout, re.MULTILINE)
    wanted = {test for test, case in tests if case == BUILT_IN[0]}
    assert wanted, listed.stdout
    assert {test for test, case in tests if case == NAME} == wanted

    report = tmp_path / "report.xml"
    chosen = [f"{suite}::{test}[{NAME}]" for test in sorted(wanted - LEFT_OUT)]
    done = run(*chosen, f"--junitxml={report}", **options, SPECIMEN_PATH=str(root), seconds=280)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    passed = [case.get("name") for case in ET.parse(report).iter("testcase") if not list(case.iter("skipped"))]
    assert sorted(passed) == sorted(test.partition("::")[2] for test in chosen)


# -- found by entry points -----------------------------------------------------------------------------------------


def distribution(site: Path, entry: str) -> Path:
    """A distribution as an installer leaves it, its package a provider's folder with an `__init__.py`; gives that folder."""
    package = copied(site / "acme_checks")
    (package / "__init__.py").touch()
    info = site / "acme_checks-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-checks\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[{specs.ENTRY_POINT_GROUP}]\n{entry}\n", encoding="utf-8")
    return package


def test_entry_point__is_found_in_this_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The entry point's name is the provider's, wherever its package lies and whatever that is called."""
    package = distribution(tmp_path, "acme = acme_checks")
    monkeypatch.syspath_prepend(tmp_path)
    try:
        assert specs.names() == (*BUILT_IN, "acme")
        provider = specs.load("acme")
        assert provider.folder == package
        assert not provider.is_builtin
        table = build_app(Settings(providers=("acme",), now=times.parse(NOW))).mounted["acme"].table
        assert {entry["path"].split("/")[1] for entry in table.entries()} == {"acme"}
    finally:
        sys.modules.pop("acme_checks", None)


def test_entry_point__is_served(tmp_path: Path) -> None:
    """An installed distribution's provider is listed and served by commands, without `SPECIMEN_PATH`."""
    site = tmp_path / "site"
    distribution(site, f"{NAME} = acme_checks")
    path = f"{ROOT}:{site}"
    done = run("ids", NAME, "--json", folder=tmp_path, PYTHONPATH=path)
    assert done.returncode == 0, done.stderr
    entries = json.loads(done.stdout)["entries"]
    with serving(NAME, folder=tmp_path, PYTHONPATH=path) as url, httpx.Client() as client:
        answers = [client.send(as_request(entry, url)).status_code for entry in entries]
    assert answers == [entry["expect_status"] for entry in entries]


def test_entry_point__does_not_replace_a_built_in_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A distribution cannot take a built-in provider's name."""
    distribution(tmp_path, f"{BUILT_IN[0]} = acme_checks")
    monkeypatch.syspath_prepend(tmp_path)
    try:
        assert specs.names() == BUILT_IN
        assert specs.load(BUILT_IN[0]).is_builtin
    finally:
        sys.modules.pop("acme_checks", None)


@pytest.mark.parametrize(
    ("module", "pattern"),
    [
        ("acme_cheks", r"'acme_cheks' cannot be imported: ModuleNotFoundError: No module named 'acme_cheks'"),
        ("json", r"'json' is no package whose folder holds openapi\.yaml and lifecycle\.yaml"),
        ("sys", r"'sys' is no package"),
    ],
)
def test_entry_point__that_leads_nowhere(module: str, pattern: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry point that cannot be imported, or is no provider, is named."""
    distribution(tmp_path, f"acme = {module}")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SpecError, match=f"^entry point {specs.ENTRY_POINT_GROUP} 'acme': {pattern}"):
        specs.names()


# -- broken files --------------------------------------------------------------------------------------------------

Change = Callable[[Path], object]


def replaced(filename: str, old: str, new: str) -> Change:
    """Changes a text in a file."""

    def change(folder: Path) -> None:
        text = (folder / filename).read_text(encoding="utf-8")
        assert old in text
        (folder / filename).write_text(text.replace(old, new), encoding="utf-8")

    return change


LISTING = "from specimen.fixtures.recipes.recipe import Listing"
FINDINGS = "from specimen.fixtures.recipes.recipe import Findings"
BROKEN: dict[str, tuple[Change, str, str]] = {
    "document that is no YAML": (replaced("openapi.yaml", "openapi: 3.1.0", "openapi: [3.1.0"), "openapi.yaml", "line "),
    "document of an old version": (replaced("openapi.yaml", "openapi: 3.1.0", "openapi: 3.0.3"), "openapi.yaml", r"OpenAPI 3\.1"),
    "reference to nowhere": (
        replaced("openapi.yaml", "schemas/Check'}", "schemas/Chek'}"),
        "openapi.yaml",
        r"there is no 'Chek'\. Did you mean 'Check'\?",
    ),
    "unknown key": (replaced("lifecycle.yaml", "initial:", "inital:"), "lifecycle.yaml", r"Did you mean 'initial'\?"),
    "missing state": (
        replaced("lifecycle.yaml", "to: flagged", "to: flaged"),
        "lifecycle.yaml",
        r"'flaged': no such state\. Did you mean 'flagged'\?",
    ),
    "missing operation": (
        replaced("lifecycle.yaml", "operation: createCheck\n", "operation: makeCheck\n"),
        "lifecycle.yaml",
        r"operation 'makeCheck' is not in openapi\.yaml\.",
    ),
    "operation without a handler": (
        replaced("handlers.py", '@operation("getCheck")\n', ""),
        "handlers.py",
        r"operation 'getCheck' has no handler\.",
    ),
    "handler without an operation": (
        replaced("handlers.py", '@operation("getCheck")', '@operation("seeCheck")'),
        "handlers.py",
        r"operation 'getCheck' has no handler\.",
    ),
    "recipe of an unknown operation": (
        replaced("recipe.py", '"getCheck": check', '"seeCheck": check'),
        "recipe.py",
        r"operation 'seeCheck' that is not in openapi\.yaml",
    ),
    "paths that are a list": (
        lambda folder: (folder / "openapi.yaml").write_text("openapi: 3.1.0\ninfo: {title: V, version: '1'}\npaths: []\n"),
        "openapi.yaml",
        r"/paths: \[\] is not of type \"object\"$",
    ),
    "parameter without a name": (
        replaced("openapi.yaml", "{name: check, in: path", "{in: path"),
        "openapi.yaml",
        r"/paths/~1checks",
    ),
    "path without its parameter": (
        replaced("openapi.yaml", "{name: check, in: path, required: true", "{name: chek, in: path, required: true"),
        "openapi.yaml",
        r"getCheck: its path has '\{check\}', that no parameter describes\.",
    ),
    "schema of an unknown type": (
        replaced("openapi.yaml", "reference: {type: string, minLength", "reference: {type: text, minLength"),
        "openapi.yaml",
        r"/properties/reference/type: \"text\" is not valid",
    ),
    "unknown key in a path": (
        replaced("openapi.yaml", "    get:\n", "    got: {}\n    get:\n"),
        "openapi.yaml",
        r"'got' was unexpected",
    ),
    "handlers that are no Python": (
        replaced("handlers.py", "return None", "return ("),
        "handlers.py",
        r"cannot be imported: SyntaxError: '\(' was never closed",
    ),
    "recipe that imports what is not there": (
        replaced("recipe.py", "from typing import Any", "import nothing_such"),
        "recipe.py",
        r"cannot be imported: ModuleNotFoundError: No module named 'nothing_such'",
    ),
    "list of an unknown operation": (
        replaced("recipe.py", "answers = {", f'{LISTING}\nlistings = {{"seeChecks": Listing(0, {{}})}}\nanswers = {{'),
        "recipe.py",
        r"operation 'seeChecks' that is not in openapi\.yaml",
    ),
    "findings of an unknown operation": (
        replaced("recipe.py", "answers = {", f'{FINDINGS}\nfindings = {{"seeCheck": Findings(check)}}\nanswers = {{'),
        "recipe.py",
        r"operation 'seeCheck' that is not in openapi\.yaml",
    ),
    "listings that are none": (
        replaced("recipe.py", "answers = {", 'listings = {"getCheck": check}\nanswers = {'),
        "recipe.py",
        r"`listings` is no dict from operationIds to Listing\.",
    ),
    "answers that are none": (
        replaced("recipe.py", '"getCheck": check', '"getCheck": None'),
        "recipe.py",
        r"`answers` is no dict from operationIds to Callable\.",
    ),
    "recipe without answers": (replaced("recipe.py", "answers = {", "replies = {"), "recipe.py", "has no `answers`"),
    "no handlers": (lambda folder: (folder / "handlers.py").unlink(), "handlers.py", r"the file is missing\."),
    "no recipe": (lambda folder: (folder / "recipe.py").unlink(), "recipe.py", r"the file is missing\."),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_file__is_named(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that states what cannot be raises `SpecError` with its path and the reason; `specimen serve` exits with 2."""
    change, filename, pattern = BROKEN[case]
    change(copied(tmp_path / NAME))
    monkeypatch.setenv(specs.SEARCH_PATH_VARIABLE, str(tmp_path))
    with pytest.raises(SpecError, match=pattern) as raised:
        build_app(Settings(providers=(NAME,)))
    assert raised.value.where.startswith(str(tmp_path / NAME / filename))
    for arguments in (("serve", NAME, "--port", "0"), ("serve", "--port", "0")):
        result = CliRunner().invoke(cli.app, arguments)
        assert result.exit_code == 2
        assert result.stdout == ""
        assert result.stderr == f"error: {raised.value}\n"


def test_broken_file__ends_a_command_without_a_traceback(tmp_path: Path) -> None:
    """In a process of its own: exit code 2, one sentence on stderr, nothing on stdout."""
    folder = copied(tmp_path / NAME)
    replaced("lifecycle.yaml", "title: Veritas", "titel: Veritas")(folder)
    done = run("providers", folder=tmp_path, PYTHONPATH=str(ROOT), SPECIMEN_PATH=str(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(rf"error: {re.escape(str(folder))}/lifecycle\.yaml: .*Did you mean 'title'\?.*\n", done.stderr)


# -- nothing in the house knows a provider's name ------------------------------------------------------------------


OWN_FOLDERS = {
    "fixtures/recipes",
    "fixtures/webhooks",
    "mockserver/providers",
    "contracts/judge/rules",
    "contracts/payloads/invalid_states",
}


def is_own(path: Path, name: str) -> bool:
    """Whether a Python file belongs to a provider: its recipe, handlers, rules or combinations, whole or in parts."""
    for one in (path, path.parent):  # a file, or a package of that name
        if one.parent.relative_to(ROOT).as_posix() in OWN_FOLDERS and re.fullmatch(rf"{name}(_\w+)?", one.stem) is not None:
            return True
    return False


def mentions(source: str, name: str) -> Iterator[int]:
    """Lines where Python source depends on a provider's name: a string without spaces that holds it, or an import of it.

    Docstrings and other sentences are prose.
    """
    word = re.compile(rf"(?<![a-z]){name}(?![a-z])", re.IGNORECASE)
    yield from (line for line, text in words(source) if word.search(text))


@cache
def words(source: str) -> tuple[tuple[int, str], ...]:
    """The strings without spaces and the imported names of Python source, each with its line; read once for all providers."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value.strip()
        elif isinstance(node, ast.alias):
            text = node.name
        elif isinstance(node, ast.ImportFrom):
            text = node.module or ""
        else:
            continue
        if " " not in text:
            found.append((node.lineno, text))
    return tuple(found)


@pytest.mark.parametrize("name", BUILT_IN)
def test_house__names_no_provider(name: str) -> None:
    """No list, table or branch outside a built-in provider's own files knows its name."""
    files = [*(ROOT / "specimen").glob("*.py"), *(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))]
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in files
        if not is_own(path, name)
        for line in mentions(path.read_text(encoding="utf-8"), name)
    ]
    assert len(files) > 50
    assert sum(is_own(path, name) for path in files) >= 2
    assert found == []


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ('"""Serves kyve."""\n\ndef f():\n    """As kyve does."""\n', []),
        ('NAMES = (\n    "kayle",\n    "kyve",\n)', [3]),
        ('if name == "kyve":\n    pass', [1]),
        ('match name:\n    case "kyve":\n        pass', [2]),
        ('TABLE = {"kyve": 1}', [1]),
        ('path = f"specs/kyve/{file}"', [1]),
        ("from specimen.fixtures.recipes import kyve", [1]),
        ("import specimen.mockserver.providers.kyve", [1]),
        ("from specimen.fixtures.recipes.kyve_templates import templates", [1]),
        ('title = "skyver"', []),
        ('help = "Such as kyve."', []),
    ],
)
def test_mentions__finds_code_not_prose(source: str, lines: list[int]) -> None:
    """The scan sees names in lists, branches, tables, paths and imports, and leaves sentences alone."""
    assert list(mentions(source, "kyve")) == lines


def test_repository__does_not_name_it() -> None:
    """Apart from its own folder, this file and the tests of judge and datasets, nothing in the repository knows it."""
    mine = (FOLDER, Path(__file__), ROOT / "tests" / "contracts", ROOT / "tests" / "fixtures" / "test_dataset.py")
    ignored = {"__pycache__", "build", "dist", "node_modules"}
    files = [
        path
        for path in ROOT.rglob("*")
        if path.is_file()
        and not ignored.intersection(path.relative_to(ROOT).parts)
        and not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
        and not any(path.is_relative_to(own) for own in mine)
    ]
    assert len(files) > 200
    assert [str(path) for path in files if NAME in path.name or NAME.encode() in path.read_bytes().lower()] == []
