"""Requests as code: each language says the same request, also where its values hold what the language's syntax uses."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

from specimen import specs
from specimen.mockserver.app import build_app
from specimen.mockserver.control.page import snippets
from specimen.mockserver.control.page.snippets import Call
from specimen.mockserver.http.server import running
from specimen.mockserver.settings import Settings
from tests.mockserver.calling import NOW, frozen_app
from tests.node_tools import node_tools
from tests.serving import ROOT

AXIOS = "axios@1.13.2"
PLACEHOLDER = ROOT / "mockserver" / "routing" / "pages" / "specimen.png"
HOSTILE = 'it\'s "a" $(touch x) `y` \\ ${z} </script> é 中 \u2028'
CALLS = {
    "get": Call("GET", "http://127.0.0.1:8080/v1/x?limit=1&a='b'", {"Authorization": HOSTILE}),
    "post": Call("POST", "http://127.0.0.1:8080/v1/x", {"X": "1"}, {"name": HOSTILE, "list": [1, None, True, {"a": 0.5}]}),
    "form": Call("POST", "http://127.0.0.1:8080/v1/x", {"token": "t"}, None, (("images", "document.png", "image/png"),)),
}


@pytest.mark.parametrize("name", CALLS)
def test_curl__is_one_command(name: str) -> None:
    """A shell splits it into the words of the request."""
    call = CALLS[name]
    words = shlex.split(snippets.curl(call).replace("\\\n", ""))
    assert words[0] == "curl"
    assert words[-1] == call.url
    for header, value in call.headers.items():
        assert f"{header}: {value}" in words
    if call.body is not None:
        assert json.loads(words[words.index("-d") + 1]) == call.body
    for field, file, kind in call.files:
        assert words[words.index("-F") + 1] == f"{field}=@{file};type={kind}"


@pytest.mark.parametrize("name", CALLS)
def test_httpx__sends_the_request(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The program runs; what it asks httpx for is the request."""
    call, asked = CALLS[name], []
    (tmp_path / "document.png").write_bytes(b"png")
    monkeypatch.chdir(tmp_path)

    def request(*arguments: Any, **options: Any) -> httpx.Response:
        asked.append((arguments, options))
        return httpx.Response(200, json={})

    monkeypatch.setattr(httpx, "request", request)
    exec(compile(snippets.httpx(call), "snippet", "exec"), {})
    ((arguments, options),) = asked
    for _, (_, file, _) in options.get("files", []):
        file.close()
    assert arguments == (call.method, call.url)
    assert options["headers"] == call.headers
    assert options.get("json") == call.body
    assert len(options.get("files", ())) == len(call.files)


@pytest.mark.skipif(shutil.which("node") is None, reason="no Node on this machine")
@pytest.mark.parametrize("language", ["fetch", "axios"])
def test_javascript__is_a_program(language: str, tmp_path: Path) -> None:
    """Node takes all of them as modules."""
    for name, call in CALLS.items():
        path = tmp_path / f"{name}.mjs"
        path.write_text(snippets.LANGUAGES[language](call), encoding="utf-8")
        done = subprocess.run(["node", "--check", str(path)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_java__has_whole_strings() -> None:
    """Its strings are escaped as JSON's are, without what Java would read as the end of one."""
    code = snippets.java(CALLS["post"])
    assert json.dumps(json.dumps(CALLS["post"].body, separators=(",", ":"), ensure_ascii=False)) in code
    assert all(line.count('"') % 2 == 0 for line in code.replace("\\\\", "").replace('\\"', "").splitlines())


WHOLE = """{imports}
public class Main {{
    public static void main(String[] arguments) throws Exception {{
{body}
    }}
}}
"""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server of all vendors."""
    with running(build_app(Settings(now=NOW, freeze=True))) as found:
        yield found


def create_snippets(url: str, vendor: str) -> dict[str, str]:
    """The programs with which the page creates a session, by their languages."""
    page = httpx.get(url, params={"vendor": vendor}, headers={"Accept": "text/html"}, trust_env=False).text
    codes = re.findall(r'id="create-code-\d"[^>]*>(.*?)</pre>', page, re.DOTALL)
    return dict(zip(snippets.LANGUAGES, map(unescape, codes), strict=True))


def command(language: str, code: str, folder: Path) -> list[str]:
    """What runs a program that was pasted into a file of the folder."""
    if language == "curl":
        return ["sh", "-c", code]
    if language == "httpx":
        (folder / "program.py").write_text(code, encoding="utf-8")
        return [sys.executable, "program.py"]
    if language == "Java":
        lines = code.splitlines()
        imports, body = (
            "\n".join(line for line in lines if line.startswith("import ") is wanted) for wanted in (True, False)
        )
        (folder / "Main.java").write_text(WHOLE.format(imports=imports, body=body), encoding="utf-8")
        return ["java", "Main.java"]
    if language == "axios":
        (folder / "node_modules").symlink_to(node_tools("axios", AXIOS) / "node_modules")
    (folder / "program.mjs").write_text(code, encoding="utf-8")
    return ["node", "program.mjs"]


@pytest.mark.sample(1)  # a program takes up to 3 s
@pytest.mark.parametrize("language", snippets.LANGUAGES)
@pytest.mark.parametrize("vendor", specs.names())
def test_create__is_pasted_and_runs(vendor: str, language: str, url: str, tmp_path: Path) -> None:
    """The program that the page shows makes a session as it stands, with the files that it names beside it."""
    for name in ("document.png", "selfie.png"):
        (tmp_path / name).write_bytes(PLACEHOLDER.read_bytes())
    arguments = command(language, create_snippets(url, vendor)[language], tmp_path)
    if shutil.which(arguments[0]) is None:
        pytest.skip(f"no {arguments[0]} on this machine")
    before = session_count(url, vendor)
    done = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert re.match(r"\{" if language == "curl" else "20[01] ", done.stdout), done.stdout
    assert session_count(url, vendor) == before + 1


def session_count(url: str, vendor: str) -> int:
    """How many sessions of a vendor there are."""
    found = httpx.get(f"{url}/_specimen/v1/sessions", params={"provider": vendor, "limit": 1000}, trust_env=False).json()
    return sum(one["provider"] == vendor for one in found["sessions"])


@pytest.mark.parametrize("vendor", specs.names())
def test_read_request__reads_the_session(vendor: str) -> None:
    """The request that the page shows for a session's read is the catalogue's own, by that session's ids and facts."""
    app = frozen_app(vendor)
    mounted = app.mounted[vendor]
    entries = [entry for entry in mounted.table.entries() if entry["scenario"] is not None]
    reads = mounted.provider.lifecycle.reads
    for session_id, place in list(mounted.shared_state.catalogue.places())[:6]:
        record = mounted.shared_state.catalogue.record(session_id, "default", 0)
        assert record is not None
        ids = {next(iter(mounted.provider.lifecycle.ids)): session_id, **dict(key.split(":", 1) for key in record.keys)}
        for read in (read for read in reads if read.fits(place.scenario.facts)):
            made = mounted.table.read_request(read, ids, place.scenario.facts)
            assert made in [{name: entry[name] for name in made} for entry in entries if entry["operation"] == read.operation]
