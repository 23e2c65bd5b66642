"""Collections for other tools hold what the catalogue and the documents hold, and those tools run them green."""

from __future__ import annotations

import ast
import asyncio
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from typer.testing import CliRunner

from specimen import specs
from specimen.cli import app as command_line
from specimen.mockserver.app import build_app
from specimen.mockserver.sessions.catalogue.export.formats import FORMATS
from specimen.mockserver.sessions.catalogue.export.planning import plan
from specimen.mockserver.sessions.catalogue.export.steps import Collection, Step
from specimen.mockserver.sessions.catalogue.scenario_requests import encoded_body
from specimen.mockserver.settings import Settings
from tests.exporting import locust, node_tools
from tests.node_tools import node_tools as node_tools_of
from tests.serving import serving

URL = "http://127.0.0.1:8080"
NAMES = list(specs.names())
HTTPYAC = "httpyac@6.16.7"
REASON = "runs every step of a provider by a tool that npm or pip installs: 5 to 20 s"


def planned(name: str) -> Collection:
    """The collection of a provider."""
    return plan(specs.load(name), URL)


@pytest.mark.parametrize("name", NAMES)
def test_plan__has_every_scenario_state_and_error(name: str) -> None:
    """Nothing of the catalogue is left out but open streams, whose answer does not end."""
    provider = specs.load(name)
    _, creations, catalogue, answers = planned(name).chapters
    assert len(creations.steps) == len(provider.lifecycle.scenarios)
    shown = {step.name.partition(" (")[0] for step in catalogue.steps}
    assert shown == {f"{one.name}: {state}" for one in provider.lifecycle.scenarios.values() for state in one.path}
    operations = provider.document.operations
    wanted = [
        one for one in provider.lifecycle.errors.values() if not (one.status == 200 and operations[one.operation].can_stream)
    ]
    assert len([step for step in answers.steps if ", before it" not in step.name]) == len(wanted)


@pytest.mark.parametrize("name", NAMES)
def test_plan__has_a_flow_to_every_end(name: str) -> None:
    """The happy path comes first, and each state in which a scenario ends is polled for."""
    provider = specs.load(name)
    flows = planned(name).chapters[0].steps
    ends = [step.until[1] for step in flows if step.until is not None]
    assert ends[0] == provider.lifecycle.default.path[-1]
    assert set(ends) >= {one.path[-1] for one in provider.lifecycle.scenarios.values() if len(one.path) > 1}
    assert len({step.name for step in planned(name).steps}) == len(planned(name).steps)


@pytest.mark.parametrize("name", NAMES)
def test_plan__writes_no_working_credential_into_a_step(name: str) -> None:
    """It is a variable; other credentials, which belong to an error or a scenario, are not."""
    collection = planned(name)
    (credential,) = [value for key, value in collection.variables.items() if key == "credential"]
    assert all(credential not in step.headers.values() for step in collection.steps)


def filled(text: str, values: dict[str, str]) -> str:
    """A text with its variables."""
    return re.sub(r"\{\{(\w+)\}\}", lambda match: values[match[1]], text)


def at(value: object, keys: tuple[str, ...]) -> object:
    """The value at a path of keys."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


async def wrong(name: str) -> list[str]:
    """What a served mock answers in another way than the first two chapters and the last expect."""
    collection = planned(name)
    values = {**collection.variables, "base_url": urlsplit(collection.variables["base_url"]).path, "namespace": "one"}
    found = []
    steps = [step for chapter in (*collection.chapters[:2], collection.chapters[3]) for step in chapter.steps]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(build_app(Settings())), base_url=URL) as client:
        for step in steps:
            for _ in range(step.polls):
                answer = await client.request(step.method, **sent(step, values))
            shown = answer.json() if answer.headers.get("content-type", "").endswith("json") else None
            expected = [*step.equal, *([step.until] if step.until else [])]
            if answer.status_code not in step.statuses or any(at(shown, keys) != value for keys, value in expected):
                found.append(f"{step.name}: {answer.status_code} {answer.text[:200]}")
            values |= {variable: str(at(shown, keys)) for variable, keys in step.captures}
    return found


def sent(step: Step, values: dict[str, str]) -> dict[str, object]:
    """A step as arguments of httpx."""
    content, content_type = encoded_body(step.body)
    headers = {"Content-Type": content_type, **step.headers} if content_type else dict(step.headers)
    headers = {key: filled(value, values) for key, value in headers.items()}
    body = content if content_type.startswith("multipart") else filled(content.decode(), values).encode()
    return {"url": filled("{{base_url}}" + step.path, values), "headers": headers, "content": body}


@pytest.mark.parametrize("name", NAMES)
def test_plan__is_what_the_mock_answers(name: str) -> None:
    """Flows end where they say, and every creation and documented answer is as expected."""
    assert asyncio.run(wrong(name)) == []


# -- forms --------------------------------------------------------------------------------------------------------


def leaves(items: list[dict[str, object]]) -> Iterator[dict[str, object]]:
    """The requests of a Postman collection's folders."""
    for item in items:
        yield from leaves(item["item"]) if "item" in item else [item]


def test_postman__is_a_collection_of_version_2_1() -> None:
    """Each request has a method, an address of the base URL, a script of tests; an uploaded file lies beside."""
    for name in NAMES:
        found = FORMATS["postman"](planned(name))
        document = json.loads(found[f"{name}.postman_collection.json"])
        assert document["info"]["schema"].endswith("/v2.1.0/collection.json")
        requests = list(leaves(document["item"]))
        assert len(requests) == len(planned(name).steps)
        for item in requests:
            assert item["request"]["url"]["raw"].startswith("{{base_url}}/")
            assert item["event"][0]["script"]["exec"]
            form = item["request"].get("body", {}).get("formdata", [])
            assert all(part["src"] in found for part in form if part["type"] == "file")
        environment = json.loads(found[f"{name}.postman_environment.json"])
        assert {one["key"] for one in environment["values"]} == {"base_url", "credential"}


def test_bruno__has_a_file_for_each_step() -> None:
    """Blocks begin and end in the first column, and nothing else does."""
    found = FORMATS["bruno"](planned("kayle"))
    texts = {path: text.decode() for path, text in found.items() if path.endswith(".bru")}
    requests = [path for path in texts if "/environments/" not in path and not path.endswith("folder.bru")]
    assert len(requests) == len(planned("kayle").steps)
    for text in texts.values():
        edges = [line for line in text.splitlines() if line and not line.startswith("  ")]
        assert all(re.fullmatch(r"[a-z:-]+ \{", line) for line in edges[::2])
        assert set(edges[1::2]) == {"}"}


def test_http__has_a_request_line_under_each_name() -> None:
    """`### name`, the request, an empty line, a handler; all environments' variables and no others are used."""
    for name in NAMES:
        found = FORMATS["http"](planned(name))
        text = found[f"{name}/{name}.http"].decode()
        _, *requests = re.split(r"^### ", text, flags=re.MULTILINE)
        assert len(requests) == sum(step.polls for step in planned(name).steps)
        assert all(re.match(r".+\n[A-Z]+ \{\{base_url\}\}/\S*\n", request) for request in requests)
        assert all(request.count("\n\n> {%\n") == 1 and request.rstrip().split("%}")[0] for request in requests)
        known = {*json.loads(found[f"{name}/http-client.env.json"])["local"], "session"}
        assert set(re.findall(r"\{\{(\w+)\}\}", text)) == known
        assert all(f"{name}/{place}" in found for place in re.findall(r"^< \./(\S+)$", text, re.MULTILINE))


def test_scripts__can_be_read(tmp_path: Path) -> None:
    """Locust's script is Python; k6's is JavaScript as far as Node can tell; the steps beside them are those of the plan."""
    for name, script in (("locust", "kyve_locust.py"), ("k6", "kyve.js")):
        found = FORMATS[name](planned("kyve"))
        assert set(found) == {script, "kyve.steps.json"}
        steps = [step for chapter in json.loads(found["kyve.steps.json"])["chapters"] for step in chapter["steps"]]
        assert len(steps) == len(planned("kyve").steps)
        assert b"STEPS_FILE" not in found[script]
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    for name in NAMES:
        ast.parse(FORMATS["locust"](planned(name))[f"{name}_locust.py"])
        (tmp_path / f"{name}.mjs").write_bytes(FORMATS["k6"](planned(name))[f"{name}.js"])
        done = subprocess.run([node, "--check", f"{name}.mjs"], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


# -- the command --------------------------------------------------------------------------------------------------


def export(*arguments: str) -> tuple[int, str]:
    """The exit code of `specimen export` and what it printed."""
    done = CliRunner().invoke(command_line, ["export", *arguments])
    return done.exit_code, done.output


def test_command__replaces_no_foreign_file(tmp_path: Path) -> None:
    """Its own files may be there already; another one is replaced by --force alone, and else nothing is written."""
    assert export("http", "kayle", "--out", str(tmp_path))[0] == 0
    assert export("http", "kayle", "--out", str(tmp_path))[0] == 0
    (tmp_path / "kayle" / "kayle.http").write_text("mine")
    (tmp_path / "kayle" / "http-client.env.json").unlink()
    code, said = export("http", "kayle", "--out", str(tmp_path))
    assert (code, "--force" in said) == (2, True)
    assert [path.name for path in (tmp_path / "kayle").iterdir()] == ["kayle.http"]
    assert export("http", "kayle", "--out", str(tmp_path), "--force")[0] == 0
    assert (tmp_path / "kayle" / "kayle.http").read_text() != "mine"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["postmen"], "postman"),
        (["http", "kyle"], "kayle"),
        (["http", "kayle", "--url", "ftp://x"], "--url"),
        (["http", "kayle", "--url", "http://[x"], "--url"),
        (["http", "kayle", "--out", "/dev/null/x"], "--out"),
    ],
)
def test_command__says_what_is_wrong(arguments: list[str], said: str) -> None:
    """A mistake is a sentence and exit code 2."""
    code, output = export(*arguments)
    assert (code, said in output) == (2, True)


# -- the tools themselves -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server of all providers."""
    with serving(folder=tmp_path_factory.mktemp("served")) as url:
        yield url


def green(folder: Path, *command: str | Path) -> str:
    """What a tool printed that ended with 0."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return done.stdout + done.stderr


@pytest.mark.long(REASON)
@pytest.mark.parametrize("name", NAMES)
def test_newman__is_green_twice(name: str, served: str, tmp_path: Path) -> None:
    """The second run on the same server finds nothing of the first."""
    tools = node_tools()
    if tools is None:
        pytest.skip("npm is missing, or cannot install newman")
    assert export("postman", name, "--out", str(tmp_path), "--url", served)[0] == 0
    files = (f"{name}.postman_collection.json", "-e", f"{name}.postman_environment.json")
    for _ in range(2):
        report = ("--reporters", "json", "--reporter-json-export", "report.json")
        green(tmp_path, tools / "newman", "run", *files, *report)
        stats = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["run"]["stats"]
        assert stats["requests"]["total"] >= len(planned(name).steps)
        assert stats["assertions"]["failed"] == 0


@pytest.mark.long(REASON)
@pytest.mark.parametrize("name", NAMES)
def test_bruno__is_green(name: str, served: str, tmp_path: Path) -> None:
    """Bruno's command line runs all folders."""
    tools = node_tools()
    if tools is None:
        pytest.skip("npm is missing, or cannot install Bruno's command line")
    assert export("bruno", name, "--out", str(tmp_path), "--url", served)[0] == 0
    bru = (tools / "bru", "run", "-r", "--env", "local", "--sandbox", "developer", "--reporter-json", "report.json")
    green(tmp_path / name, *bru)
    (report,) = json.loads((tmp_path / name / "report.json").read_text(encoding="utf-8"))
    assert report["summary"]["totalRequests"] >= len(planned(name).steps)
    assert report["summary"]["failedTests"] == 0


@pytest.mark.long(REASON)
@pytest.mark.parametrize("name", NAMES)
def test_httpyac__is_green(name: str, served: str, tmp_path: Path) -> None:
    """HttpYac sends every request of an HTTP file, and all its tests hold."""
    tools = node_tools_of("http", HTTPYAC)
    assert export("http", name, "--out", str(tmp_path), "--url", served)[0] == 0
    command = (tools / "node_modules" / ".bin" / "httpyac", "send", f"{name}.http", "--all", "-e", "local", "--json")
    report = tmp_path / "report.json"
    with report.open("wb") as file:  # into a pipe it writes no more than 128 KiB
        ended = subprocess.run([*command, "--output", "none"], cwd=tmp_path / name, stdout=file, timeout=300, check=False)
    summary = json.loads(report.read_text(encoding="utf-8"))["summary"]
    assert ended.returncode == 0, summary
    assert summary["successRequests"] == summary["totalRequests"] == sum(step.polls for step in planned(name).steps)
    assert summary["successTests"] == summary["totalTests"] > summary["totalRequests"]


@pytest.mark.long(REASON)
@pytest.mark.parametrize("name", NAMES)
def test_locust__is_green(name: str, served: str, tmp_path: Path) -> None:
    """One user makes one pass without a failure."""
    command = locust()
    if command is None:
        pytest.skip("pip cannot install Locust")
    assert export("locust", name, "--out", str(tmp_path), "--url", served)[0] == 0
    flags = ("--headless", "--users", "1", "--passes", "1", "--only-summary", "--json")
    printed = green(tmp_path, command, "-f", f"{name}_locust.py", *flags)
    assert {step.name for step in planned(name).steps} == set(re.findall(r'"name": "([^"]+)"', printed))
