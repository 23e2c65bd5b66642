"""Python of an outside provider that cannot be used ends every command that reads it with one sentence and exit code 2."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from typer.testing import CliRunner

from specimen import cli, specs
from specimen.contracts.traffic.monitor import BaseUrl, Monitor
from specimen.contracts.traffic.proxy import server
from specimen.contracts.traffic.proxy.proxy import build_proxy
from specimen.specs import SpecError
from specimen.specs.core.plugin_loading import load_file
from tests.contracts.targets import serving
from tests.serving import ROOT, run

FOLDER = next((ROOT / "tests" / "providers" / "external_provider").iterdir())
NAME = FOLDER.name
# Nothing listens there: what a command says of the files comes before it asks anybody.
NOBODY = "http://127.0.0.1:9"

COMMANDS: dict[str, tuple[str, ...]] = {
    "serve": ("serve", NAME, "--port", "0"),
    "show": ("show", NAME, "{scenario}"),
    "dataset": ("dataset", NAME, "--rows", "1", "--out", "{folder}/rows.ndjson"),
    "payloads": ("payloads", NAME, "--format", "ndjson"),
    "rules": ("rules", NAME),
    "verify": ("verify", NAME, "--url", NOBODY, "--profile", "smoke"),
    "check": ("check", "{folder}/empty.har", NAME, "--base-url", NOBODY),
    "watch": ("watch", NAME, "--url", NOBODY, "--session", "x"),
    "proxy": ("proxy", NAME, "--target", NOBODY, "--port", "0"),
}
READERS = {
    "recipe.py": ("serve", "show", "dataset", "payloads"),
    "handlers.py": ("serve",),
    "rules.py": ("rules", "verify", "check", "watch", "proxy", "payloads"),
    "states.py": ("payloads",),
}


def text(source: str | bytes) -> Callable[[Path], object]:
    """Puts that into a file."""
    return lambda path: path.write_bytes(source if isinstance(source, bytes) else source.encode())


# What is wrong with a file, and what the sentence says after the file's path.
BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "raises": (text("import os\nraise ValueError('two\\nlines')\n"), r"cannot be imported: ValueError: two\\nlines \(line 2\)"),
    "raises without a word": (text("raise KeyError\n"), r"cannot be imported: KeyError \(line 1\)"),
    "ends the process": (text("import sys\nsys.exit(0)\n"), r"cannot be imported: SystemExit: 0 \(line 2\)"),
    "is no Python": (text("answers = (\n"), r"cannot be imported: SyntaxError: '\(' was never closed \(\w+\.py, line 1\)"),
    "is no text": (text(b"a = '\xff'\n"), r"cannot be imported: SyntaxError: .+"),
    "imports what is not there": (text("import nothing_such\n"), r"cannot be imported: ModuleNotFoundError: .+ \(line 1\)"),
    "is a folder": (Path.mkdir, r"is a folder; expected a Python file\."),
    "is a link to nowhere": (lambda path: path.symlink_to(path.parent / "gone"), r"the file is missing\."),
}


def broken(folder: Path, filename: str, change: Callable[[Path], object]) -> Path:
    """A copy of the provider in a folder, one file of it changed; gives that file."""
    shutil.copytree(FOLDER, folder / NAME, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "empty.har").write_text(json.dumps({"log": {"version": "1.2", "entries": []}}), encoding="utf-8")
    path = folder / NAME / filename
    path.unlink(missing_ok=True)
    change(path)
    return path


def arguments(command: str, folder: Path) -> list[str]:
    """A command's words, filled in."""
    scenario = specs.load(NAME).lifecycle.default.name
    return [word.format(folder=folder, scenario=scenario) for word in COMMANDS[command]]


def sentence(command: str, folder: Path) -> str:
    """What a command says when it ends with exit code 2; nothing goes to standard output."""
    if command == "proxy":  # in a process of its own: it would go on for ever
        done = run(*arguments(command, folder), folder=folder, seconds=20, PYTHONPATH=str(ROOT), SPECIMEN_PATH=str(folder))
        assert (done.returncode, done.stdout) == (2, ""), done.stderr
        return done.stderr
    result = CliRunner().invoke(cli.app, arguments(command, folder))
    assert result.exit_code == 2, (command, result.exception, result.output)
    assert result.stdout == ""
    return result.stderr


@pytest.mark.parametrize("filename", READERS)
@pytest.mark.parametrize("case", BROKEN)
def test_file__is_named_by_every_command_that_reads_it(
    case: str, filename: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that cannot be imported, for whatever reason, is named in one sentence, by each command of one that exits."""
    change, pattern = BROKEN[case]
    path = broken(tmp_path, filename, change)
    monkeypatch.setenv(specs.SEARCH_PATH_VARIABLE, str(tmp_path))
    for command in READERS[filename] if case == "ends the process" else READERS[filename][:1]:
        said = sentence(command, tmp_path)
        assert re.fullmatch(rf"error: {re.escape(str(path))}: {pattern}\n", said), (command, said)


def test_command__that_reads_no_python_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`providers` and `ids` read the documents alone."""
    for filename in READERS:
        broken(tmp_path / filename, filename, text("raise SystemExit(1)\n"))
        monkeypatch.setenv(specs.SEARCH_PATH_VARIABLE, str(tmp_path / filename))
        for command in (["providers"], ["ids", NAME]):
            assert CliRunner().invoke(cli.app, command).exit_code == 0


# -- modules that can be imported, and hold what cannot be used ------------------------------------------------------

RULE = "from specimen.contracts.judge.rule import Finding, rule\n"
STATE = "from specimen.contracts.payloads.model.invalid_combinations import State\n"
HANDLERS = (FOLDER / "handlers.py").read_text(encoding="utf-8")
UNUSABLE: dict[str, tuple[str, str, str]] = {
    "rule id twice": (
        "rules.py",
        RULE + "".join(f'@rule("VER-901", "One.", source="page")\ndef {name}(exchange, history): ...\n' for name in ("a", "b")),
        r"rule 'VER-901' stands twice: a and b\.",
    ),
    "rule of everybody": (
        "rules.py",
        RULE + '@rule("GEN-001", "One.", source="page")\ndef a(exchange, history): ...\n',
        r"rule 'GEN-001' is a general rule; give it an id of your own and name it in `replaces`\.",
    ),
    "rule id that is no text": (
        "rules.py",
        RULE + '@rule(7, "One.", source="page")\ndef a(exchange, history): ...\n',
        r"rule 7: its id is int; expected text\.",
    ),
    "rule without a sentence": (
        "rules.py",
        RULE + '@rule("VER-901", None, source="page")\ndef a(exchange, history): ...\n',
        r"rule 'VER-901': its sentence is NoneType; expected text\.",
    ),
    "unknown mark": (
        "rules.py",
        RULE + '@rule("VER-901", "One.", mark="X", source="page")\ndef a(exchange, history): ...\n',
        r"rule 'VER-901': mark 'X'; expected one of D, P, I, A\.",
    ),
    "replaces that is one text": (
        "rules.py",
        RULE + '@rule("VER-901", "One.", source="page", replaces="GEN-001")\ndef a(exchange, history): ...\n',
        r"rule 'VER-901': `replaces` is str; expected a tuple of rule ids\.",
    ),
    "replaces what is not there": (
        "rules.py",
        RULE + '@rule("VER-901", "One.", source="page", replaces=("GEN-01",))\ndef a(exchange, history): ...\n',
        r"rule 'VER-901': replaces 'GEN-01'; there is no such general rule\. Did you mean 'GEN-\d+'\?",
    ),
    "rule that is no function": ("rules.py", RULE + 'rule("VER-901", "One.", source="page")(7)\n', r"cannot be imported: .+"),
    "no table of combinations": ("states.py", "", r"has no `STATES`: a tuple of State\."),
    "table that is none": ("states.py", "STATES = 7\n", r"`STATES` is int; expected a tuple of State\."),
    "combination that is none": ("states.py", "STATES = (7,)\n", r"`STATES` has int; expected State\."),
    "combination of no rule": (
        "states.py",
        STATE + 'STATES = (State("odd", "GEN-05", {}, None, {"/a": 1}, "Because."),)\n',
        r"state 'odd': there is no rule 'GEN-05'\. Did you mean 'GEN-\d+'\?",
    ),
    "combination of no operation": (
        "states.py",
        STATE + 'STATES = (State("odd", "GEN-005", {"getChek": ""}, None, {"/a": 1}, "Because."),)\n',
        r"state 'odd': operation 'getChek' is not in openapi\.yaml\. Did you mean 'getCheck'\?",
    ),
    "combination of no state": (
        "states.py",
        STATE + 'STATES = (State("odd", "GEN-005", {"getCheck": ""}, ("waitin",), {"/a": 1}, "Because."),)\n',
        r"state 'odd': lifecycle\.yaml has no state 'waitin'\. Did you mean 'waiting'\?",
    ),
    "combination twice": (
        "states.py",
        STATE + 'STATES = (State("odd", "GEN-005", {"getCheck": ""}, None, {"/a": 1}, "Because."),) * 2\n',
        r"state 'odd' of rule 'GEN-005' stands twice\.",
    ),
    "two handlers": (
        "handlers.py",
        HANDLERS + '\n\n@operation("getCheck")\ndef again(request, sessions): ...\n',
        r"operation 'getCheck' has two handlers: again and \w+\.",
    ),
    "finish that is none": ("handlers.py", HANDLERS + "\n\nfinish = 7\n", r"`finish` is int; expected a function\."),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_module__that_holds_what_cannot_be_used(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that can be imported and states what cannot be is named, with what stands there and what should."""
    filename, source, pattern = UNUSABLE[case]
    path = broken(tmp_path, filename, text(source))
    monkeypatch.setenv(specs.SEARCH_PATH_VARIABLE, str(tmp_path))
    said = sentence(READERS[filename][0], tmp_path)
    assert re.fullmatch(rf"error: {re.escape(str(path))}: {pattern}\n", said), said


FAILING = {
    "raises": ("    raise ValueError(exchange.path)\n", r"rule 'VER-901' fails with ValueError \(line 4\)\."),
    "gives nothing": ("    return None\n", r"rule 'VER-901' fails with TypeError( \(line \d+\))?\."),
    "gives what is no finding": ("    yield 'odd'\n", r"rule 'VER-901' gives str; expected Finding or EXAMINED\."),
}


@pytest.mark.parametrize("case", FAILING)
def test_rule__that_fails_while_it_judges(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule's function that raises, or gives what is no finding, is a mistake in a file, no violation; no value is reported."""
    body, pattern = FAILING[case]
    source = f'{RULE}@rule("VER-901", "One.", source="page")\ndef a(exchange, history):\n{body}'
    path = broken(tmp_path, "rules.py", text(source))
    entry = {
        "startedDateTime": "2026-03-19T10:31:30Z",
        "request": {"method": "GET", "url": f"{NOBODY}/checks/secret", "headers": []},
        "response": {"status": 200, "headers": [], "content": {"mimeType": "application/json", "text": "{}"}},
    }
    (tmp_path / "empty.har").write_text(json.dumps({"log": {"version": "1.2", "entries": [entry]}}), encoding="utf-8")
    monkeypatch.setenv(specs.SEARCH_PATH_VARIABLE, str(tmp_path))
    result = CliRunner().invoke(cli.app, arguments("check", tmp_path))
    assert result.exit_code == 2, (result.exception, result.output)
    assert re.fullmatch(rf"error: {re.escape(str(path))}: {pattern}\n", result.stderr), result.stderr


FAILING_RECIPES = {
    "raises": ("def check(m):\n    raise ValueError('odd')\n", r"fails with ValueError: odd \(line 2\)\."),
    "raises at the read": (
        "from specimen.fixtures.recipes.recipe import Moving\ndef check(m):\n    return {'now': Moving(lambda now: now / 0)}\n",
        r"fails with ZeroDivisionError: division by zero \(line 3\)\.",
    ),
}


@pytest.mark.parametrize("command", ["show", "dataset", "payloads"])
@pytest.mark.parametrize("case", FAILING_RECIPES)
def test_recipe__that_fails_while_it_runs(case: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recipe that raises is a mistake in a file: one sentence with the operation and the line."""
    source, pattern = FAILING_RECIPES[case]
    path = broken(tmp_path, "recipe.py", text(f"{source}answers = {{'createCheck': check, 'getCheck': check}}\n"))
    monkeypatch.setenv(specs.SEARCH_PATH_VARIABLE, str(tmp_path))
    result = CliRunner().invoke(cli.app, arguments(command, tmp_path))  # `payloads` has printed requests before
    assert result.exit_code == 2, (result.exception, result.output)
    said = result.stderr
    assert re.fullmatch(rf"error: {re.escape(str(path))}: answers\['\w+Check'\] {pattern}\n", said), said


def test_findings__that_fail_while_a_dataset_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What reads the checks for a dataset is code of the file too: the sentence names it, and the line."""
    source = """from specimen.fixtures.recipes.recipe import Findings
def check(m):
    return {"ok": True, "check": {"id": m.id, "verdict": m.state}}
answers = {"createCheck": check, "getCheck": check}
findings = {"getCheck": Findings(lambda body: body["checks"])}
"""
    path = broken(tmp_path, "recipe.py", text(source))
    monkeypatch.setenv(specs.SEARCH_PATH_VARIABLE, str(tmp_path))
    result = CliRunner().invoke(cli.app, [*arguments("dataset", tmp_path), "--columns", "checks"])
    assert result.stderr == f"error: {path}: findings['getCheck'].read fails with KeyError: 'checks' (line 5).\n", result.output


def test_rule__that_fails_in_the_proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every answer passes unchanged, streams too; the mistake is reported once, and is there when the proxy has ended."""
    source = f'{RULE}@rule("VER-901", "One.", source="page")\ndef a(exchange, history):\n    raise ValueError(exchange.path)\n'
    path = broken(tmp_path, "rules.py", text(source))
    monkeypatch.setenv(specs.SEARCH_PATH_VARIABLE, str(tmp_path))

    async def answer(request: Request) -> Response:
        kind = request.path_params["kind"]
        return StreamingResponse(iter([b"data: 1\n\n"]), media_type="text/event-stream") if kind == "stream" else Response(kind)

    said: list[object] = []
    with serving(Starlette(routes=[Route("/checks/{kind}", answer)])) as url:
        target = BaseUrl.parse(url)
        app = build_proxy(Monitor(specs.load(NAME)), target, on_result=said.append)
        with serving(app) as proxy, httpx.Client(trust_env=False) as client:
            answers = [client.get(f"{proxy}/checks/{kind}") for kind in ("one", "stream", "two", "stream")]
    assert [(one.status_code, one.text) for one in answers] == [
        (200, "one"),
        (200, "data: 1\n\n"),
        (200, "two"),
        (200, "data: 1\n\n"),
    ]
    sentences = [one for one in said if isinstance(one, str)]
    assert sentences == [f"{path}: rule 'VER-901' fails with ValueError (line 4)."] == [str(app.state.proxy.mistake)]


def test_proxy__ends_with_2_where_a_rule_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exit code of the command is that of a mistake in a file."""
    source = f'{RULE}@rule("VER-901", "One.", source="page")\ndef a(exchange, history):\n    raise ValueError(exchange.path)\n'
    broken(tmp_path, "rules.py", text(source))
    monkeypatch.setenv(specs.SEARCH_PATH_VARIABLE, str(tmp_path))

    def once(app: Starlette, *_: object) -> None:
        with serving(app) as proxy, httpx.Client(trust_env=False) as client:
            assert client.get(f"{proxy}/checks/one").text == "one"

    monkeypatch.setattr(server, "serve", once)  # else it would go on until a signal
    with serving(Starlette(routes=[Route("/checks/one", lambda _: Response("one"))])) as url:
        result = CliRunner().invoke(cli.app, ["proxy", NAME, "--target", url, "--port", "0"])
    assert result.exit_code == 2, result.output
    assert result.stderr.count("VER-901") == 1


@pytest.mark.parametrize("filename", READERS)
def test_file__interrupted_is_no_mistake_of_the_file(filename: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while a provider's file is imported ends the command as an interrupt does, and names no file."""
    path = broken(tmp_path, filename, text("raise KeyboardInterrupt\n"))
    monkeypatch.setenv(specs.SEARCH_PATH_VARIABLE, str(tmp_path))
    result = CliRunner().invoke(cli.app, arguments(READERS[filename][0], tmp_path))
    assert result.exit_code == 130, (result.exception, result.output)
    assert str(path) not in result.output


def test_load_file__leaves_nothing_of_a_file_that_fails(tmp_path: Path) -> None:
    """The module that was known by the name stays; a new one does not."""
    import sys

    good, bad = tmp_path / "good.py", tmp_path / "bad.py"
    good.write_text("VALUE = 1\n", encoding="utf-8")
    bad.write_text("VALUE = 2\nraise RuntimeError\n", encoding="utf-8")
    with pytest.raises(SpecError):
        load_file(bad, "_specimen_test_module")
    assert "_specimen_test_module" not in sys.modules
    kept = load_file(good, "_specimen_test_module")
    try:
        with pytest.raises(SpecError):
            load_file(bad, "_specimen_test_module")
        assert sys.modules["_specimen_test_module"] is kept
    finally:
        del sys.modules["_specimen_test_module"]
