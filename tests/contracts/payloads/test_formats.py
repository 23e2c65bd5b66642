"""Cases as a shell, another program and pytest get them."""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import os
import pty
import re
import subprocess
import sys
from collections import Counter

import httpx
import pytest
from typer.testing import CliRunner

from specimen import specs
from specimen.cli import app
from specimen.contracts.payloads import Choice, cases
from specimen.contracts.payloads.generate.kinds import kinds
from specimen.contracts.payloads.output.formats import as_json, as_ndjson, as_pytest
from specimen.contracts.payloads.output.listing import in_a_line
from specimen.contracts.payloads.output.summary import kind_lines
from tests.serving import ROOT, environment, serving

pytestmark = pytest.mark.usefixtures("quick_catalogue")
KEYS = [
    "id", "provider", "operation", "direction", "kind", "field", "value", "payload", "verdict", "expect_status", "rule",
    "rationale", "source", "tags",
]  # fmt: skip


def run(*words: str):
    """The command in this process."""
    return CliRunner().invoke(app, ["payloads", *words], env={"COLUMNS": "200"})


def bytes_of(payload) -> bytes:
    """A response's bytes as a reader of the JSON form makes them."""
    if isinstance(payload, dict) and set(payload) == {"$raw"}:
        return payload["$raw"].encode()
    if isinstance(payload, dict) and set(payload) == {"$base64"}:
        return base64.b64decode(payload["$base64"])
    if isinstance(payload, dict) and set(payload) == {"$gzip"}:
        return gzip.decompress(base64.b64decode(payload["$gzip"]))
    return json.dumps(payload).encode()


@pytest.mark.parametrize("name", specs.names())
def test_ndjson__each_line_holds_the_whole_case(name) -> None:
    """The fields that are promised, in their order, and the payload byte for byte where it is no plain JSON."""
    found = list(cases(name))[::4]
    lines = "".join(as_ndjson(found)).splitlines()
    assert len(lines) == len(found)
    for line, case in zip(lines, found, strict=True):
        value = json.loads(line)
        assert [key for key in value if key not in ("content_type", "made_with")] == KEYS
        assert value.get("made_with", {}) == case.made_with
        assert value["id"] == case.id
        if isinstance(case.payload, bytes):
            assert bytes_of(value["payload"]) == case.payload


def test_json__is_one_document() -> None:
    """With a version and the same cases."""
    found = list(cases("predicate", count=30))
    value = json.loads("".join(as_json(found)))
    assert value["version"] == 1
    assert value["cases"] == [json.loads(line) for line in as_ndjson(found)]


PARSER = """
import json
import jsonschema_rs
from specimen import specs

PROVIDER = specs.load("predicate")
CALLS = __file__ + ".calls"


def parse(operation, body):
    with open(CALLS, "a") as calls:
        calls.write("called\\n")
    value = json.loads(body.decode())  # RFC 8259, section 8.1: UTF-8
    found = PROVIDER.document.operations[operation]
    media = next(m for s, r in found.responses.items() if s < "300" for m in r.media)
    PROVIDER.schemas.validator(media.pointer).validate(value)
"""


def test_pytest__the_module_runs_as_it_is(tmp_path) -> None:
    """Against a served mock and a parser: every test passes, and with neither every test says why it skips."""
    module = tmp_path / "test_predicate_payloads.py"
    module.write_text(as_pytest(specs.load("predicate"), Choice(tags=("structure",), count=60)), encoding="utf-8")
    (tmp_path / "my_parser.py").write_text(PARSER, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(module)]
    root = str(ROOT)
    with serving("predicate", folder=tmp_path) as url:
        there = environment(
            PYTHONPATH=f"{root}:{tmp_path}", SPECIMEN_URL=f"{url}/predicate", SPECIMEN_PARSER="my_parser:parse",
        )  # fmt: skip
        done = subprocess.run(command, cwd=tmp_path, env=there, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    assert re.search(r"\b60 passed", done.stdout), done.stdout[-500:]
    answers = [case for case in cases("predicate", tags=("structure",), count=60) if case.direction == "response"]
    assert {case.verdict for case in answers} == {"accept", "reject", "either"}
    assert (tmp_path / "my_parser.py.calls").read_text(encoding="utf-8").count("called") == len(answers)
    alone = environment(PYTHONPATH=f"{root}:{tmp_path}", PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    done = subprocess.run([*command, "-rs"], cwd=tmp_path, env=alone, capture_output=True, text=True, timeout=120, check=False)
    assert "60 skipped" in done.stdout
    assert "SPECIMEN_URL names no implementation" in done.stdout
    assert "SPECIMEN_PARSER names no parser" in done.stdout


def test_command__writes_files_and_says_where(tmp_path) -> None:
    """Each format has its file; nothing else is written."""
    for form, name in (
        ("json", "kayle_payloads.json"),
        ("ndjson", "kayle_payloads.ndjson"),
        ("curl", "kayle_payloads.sh"),
        ("pytest", "test_kayle_payloads.py"),
    ):
        done = run("kayle", "--count", "5", "--direction", "request", "--format", form, "--out", str(tmp_path / "qa"))
        assert done.exit_code == 0, done.output
        assert (tmp_path / "qa" / name).stat().st_size > 100
    assert os.access(tmp_path / "qa" / "kayle_payloads.sh", os.X_OK)
    assert len(list((tmp_path / "qa").iterdir())) == 4


def test_command__replaces_no_file_unasked(tmp_path) -> None:
    """What stands there stays without --force, whatever the format."""
    for form, name in (("json", "kayle_payloads.json"), ("pytest", "test_kayle_payloads.py")):
        (tmp_path / name).write_text("mine", encoding="utf-8")
        words = ("kayle", "--operation", "getSession", "--count", "2", "--format", form, "--out", str(tmp_path))
        done = run(*words)
        assert done.exit_code == 2
        assert f"{name} exists there; choose another folder, or replace it with --force." in done.output
        assert (tmp_path / name).read_text(encoding="utf-8") == "mine"
        assert run(*words, "--force").exit_code == 0
        assert (tmp_path / name).stat().st_size > 100


def command(line: str, folder, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """A line of the shell in which `specimen` is the command, in a process of its own."""
    root = str(ROOT)
    line = line.replace("specimen ", f"{sys.executable} -m specimen ")
    there = environment(PYTHONPATH=root, **variables)
    return subprocess.run(["sh", "-c", line], cwd=folder, env=there, capture_output=True, timeout=60, check=False)


@pytest.mark.parametrize(
    "line",
    [
        "specimen payloads kyve --operation getVerification --kind 'names.*' --count 60",
        "specimen show neurovision document --seed 7 --locale ru_RU --now 2026-03-19T10:31:30Z",
    ],
)
def test_output__is_utf_8_whatever_the_locale(line, tmp_path) -> None:
    """The same bytes where Python would write ASCII or a code page."""
    plain = command(line, tmp_path)
    assert plain.returncode == 0, plain.stderr
    assert not plain.stdout.decode("utf-8").isascii()
    done = command(line, tmp_path, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stdout, done.stderr) == (0, plain.stdout, b"")


@pytest.mark.parametrize("words", ["--format json", "--format table", "--format pytest", "--list-kinds"])
@pytest.mark.parametrize(
    ("end", "text"),
    [("> /dev/full", "standard output cannot be written: No space left on device"), (">&-", "standard output is closed.")],
)
def test_output__that_cannot_be_written_is_reported(words, end, text, tmp_path) -> None:
    """One sentence, exit code 2, no traceback."""
    done = command(f"specimen payloads kayle --operation getSession --count 5 {words} {end}", tmp_path)
    assert done.returncode == 2
    assert text in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()
    assert "Exception ignored" not in done.stderr.decode()


def test_table__shows_each_case_in_a_line_with_its_reason() -> None:
    """For a person: by place, what must happen, the rule, the kind, the value with nothing invisible in it, and why."""
    done = run("kayle", "--format", "table", "--kind", "names.zero_width_space", "--kind", "structure.null", "--count", "40")
    assert done.exit_code == 0, done.output
    found = list(cases("kayle", kinds=["names.zero_width_space", "structure.null"], count=40))
    lines = [line for line in done.stdout.splitlines() if re.match("(accept|reject|either) ", line)]
    assert [line.split()[0] for line in lines] == [case.verdict for case in found]
    assert all(case.kind in line and case.rationale[:30] in line for line, case in zip(lines, found, strict=True))
    assert all(case.id.rpartition(":")[0] in done.stdout.splitlines() for case in found)
    assert "\u200b" not in done.stdout
    assert '"Ana\\u200bMaria"' in done.stdout
    assert f"{len(found)} cases" in done.stderr


def test_table__is_what_a_terminal_gets_and_a_pipe_does_not(tmp_path) -> None:
    """Who looks at a terminal gets the table, in colour; a program gets a line of JSON for each case."""
    root = str(ROOT)
    command = [sys.executable, "-m", "specimen", "payloads", "predicate", "--count", "3"]
    there = environment(PYTHONPATH=root, TERM="xterm-256color", COLUMNS="180")
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, cwd=tmp_path, env=there, stdout=theirs, stderr=subprocess.DEVNULL) as process:
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # Linux says so at the end
            while part := os.read(ours, 65536):
                shown += part
        assert process.wait(60) == 0
    os.close(ours)
    assert shown.count(b"\x1b[") > 3
    assert b'{"id":' not in shown
    piped = subprocess.run(command, cwd=tmp_path, env=there, capture_output=True, text=True, timeout=60, check=True)
    assert [json.loads(line)["provider"] for line in piped.stdout.splitlines()] == ["predicate"] * 3
    assert "\x1b" not in piped.stdout


def test_command__prints_the_same_bytes_twice() -> None:
    """For the same arguments."""
    first, second = run("idnow", "--count", "50", "--seed", "3"), run("idnow", "--count", "50", "--seed", "3")
    assert first.exit_code == 0
    assert first.stdout == second.stdout


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ((), "PROVIDER is missing"),
        (("kale",), "kale"),
        (("kayle", "--format", "jsn"), "Did you mean 'json'"),
        (("kayle", "--tag", "nothing"), "tag 'nothing': kayle has none."),
        (("kayle", "--tag", "structure", "--kind", "names.*"), "no case is left"),
        (("kayle", "--verdict", "maybe"), "verdict 'maybe'"),
        (("kayle", "--out", "{file}"), "expected a folder"),
        (("kayle", "--force"), "--force: it is for --out"),
        (("kayle", "--summary", "--out", "{file}"), "--out: counts are printed"),
        (("kayle", "--summary", "--format", "curl"), "--format curl: counts are printed"),
        (("kayle", "--summary", "--list-kinds"), "ask for one of them"),
        pytest.param(
            ("--summary", "--tag", "nothing"),
            "tag 'nothing': no provider has one",
            marks=pytest.mark.long("looks at every payload of every provider"),
        ),
        (("--summary", "--operation", "nothing"), "operation 'nothing'"),
        (("kayle", "--summary", "--tag", "structure", "--kind", "names.*"), "no case is left"),
        (("kayle", "--format", "table", "--out", "{file}"), "for people to read"),
    ],
)
def test_command__says_what_is_wrong(words, text, tmp_path) -> None:
    """One sentence, exit code 2, nothing written."""
    file = tmp_path / "file"
    file.write_text("mine", encoding="utf-8")
    done = run(*(word.format(file=file) for word in words))
    assert done.exit_code == 2
    assert text in done.output
    assert file.read_text(encoding="utf-8") == "mine"


def test_command__a_reader_that_has_seen_enough_is_no_error(tmp_path) -> None:
    """`specimen payloads kyve | head -1` ends without a word on the error stream."""
    command = f"{sys.executable} -m specimen payloads kyve | head -1"
    done = subprocess.run(
        ["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
        env=environment(PYTHONPATH=str(ROOT)),
    )  # fmt: skip
    assert done.stderr == ""
    assert json.loads(done.stdout)["provider"] == "kyve"


def test_summary__counts_every_case_once() -> None:
    """The rows of the families add up to all, and so do the verdicts."""
    lines = run("predicate", "--summary").stdout.splitlines()
    cells = {line.split("|")[1].strip(): line.split("|")[3].strip() for line in lines[2:]}

    def pair(text: str) -> tuple[int, int]:
        first, _, second = text.replace(",", "").partition(" · ")
        return int(first), int(second)

    total = pair(cells.pop("all"))
    verdicts = [pair(cells.pop(f"of these `{verdict}`")) for verdict in ("accept", "reject", "either")]
    assert tuple(map(sum, zip(*map(pair, cells.values()), strict=True))) == total
    assert tuple(map(sum, zip(*verdicts, strict=True))) == total
    assert sum(total) == len(list(cases("predicate")))


def test_summary__counts_what_is_chosen() -> None:
    """The options that choose cases choose what is counted; a provider without the operation has none of it."""
    wanted = {"operation": "register", "direction": "request", "verdict": "reject"}
    words = [word for name, value in wanted.items() for word in (f"--{name}", value)]
    value = json.loads(run("--summary", "--format", "json", "--kind", "structure", *words).stdout)
    found = [case.kind for case in cases("predicate", kinds="structure", **wanted)]
    assert value["version"] == 1
    assert {entry["kind"]: entry["cases"]["predicate"]["request"] for entry in value["kinds"]} == Counter(found)
    assert all(sum(entry["cases"]["kayle"].values()) == 0 for entry in value["kinds"])
    assert all(entry["verdicts"] == {"accept": 0, "reject": found.count(entry["kind"]), "either": 0} for entry in value["kinds"])


def test_list_kinds__has_a_line_for_each_with_its_reason() -> None:
    """As a table for people, and the same in JSON."""
    every = list(cases("predicate"))
    lines = run("predicate", "--list-kinds").stdout.splitlines()
    value = json.loads(run("predicate", "--list-kinds", "--format", "json").stdout)
    shown = {line.split()[0]: line for line in lines if "." in line.split("  ")[0]}
    assert set(shown) == {entry["kind"] for entry in value["kinds"]}
    for entry in value["kinds"]:
        of = [case for case in every if case.kind == entry["kind"]]
        assert {case.rationale for case in of} <= {entry["rationale"]}
        assert {case.verdict for case in of} <= set(entry["may_be"])
        assert list(entry) == ["kind", "family", "rationale", "source", "tags", "may_be"]
        assert ", ".join(entry["may_be"]) in shown[entry["kind"]]
        assert entry["rationale"].split()[0] in shown[entry["kind"]]


def test_kind_lines__wrap_at_the_width_of_a_terminal_alone() -> None:
    """No line is wider than the terminal, each reason is whole below its column, and what is piped has a line for each kind."""
    found = kinds([specs.load("predicate")], Choice()).values()
    whole, wrapped = list(kind_lines(found)), list(kind_lines(found, 120))
    assert len(whole) == len(found) + 1
    assert max(map(len, whole)) > 120 >= max(map(len, wrapped))
    column = whole[0].index("why")
    assert " ".join(line[column:] for line in wrapped) == " ".join(line[column:] for line in whole)
    assert list(kind_lines(found, column + 1)) == whole


def test_listing__shows_nothing_invisible() -> None:
    """What turns the direction of a text, controls a terminal or has no width is written as an escape."""
    marks = (0xAD, 0x61C, *range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x2070), 0xFEFF)
    for code in (*range(0x20), *range(0x7F, 0xA0), *marks):
        shown = in_a_line(f"a{chr(code)}b", 40)
        assert chr(code) not in shown
        assert shown.isprintable()
    done = run("kyve", "--format", "table", "--kind", "names.*", "--operation", "getVerification")
    assert done.exit_code == 0
    assert all(line.isprintable() for line in done.stdout.splitlines())


def test_sender__refuses_what_may_be_somebodys() -> None:
    """A host that is not this machine gets nothing unless it is named."""
    from specimen.contracts.payloads import Sender
    from specimen.specs import SpecimenError

    sent = []
    transport = httpx.MockTransport(lambda request: sent.append(request) or httpx.Response(200))
    with pytest.raises(SpecimenError, match=r"api\.kayle\.id is not this machine"):
        Sender(specs.load("kayle"), "https://api.kayle.id", transport=transport)
    assert sent == []
