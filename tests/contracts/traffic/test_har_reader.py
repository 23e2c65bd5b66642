"""Recordings of five tools, judged offline, and files that are no recordings."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from specimen import specs
from specimen.contracts.cli.traffic import register
from specimen.contracts.http.content_encoding import Undecodable, acceptable, decoded
from specimen.contracts.traffic.har_reader import check, find_base_url, read_har
from specimen.contracts.traffic.monitor import BaseUrl, Monitor, TrafficError
from specimen.specs.loading.openapi import read_document

FOLDER = Path(__file__).parent / "har"
# The recordings stay as they are, whatever ids the mock gives today.
URL: str = json.loads((FOLDER / "firefox.har").read_text(encoding="utf-8"))["log"]["entries"][0]["request"]["url"]


def _judged(path: Path, provider: str, base_url: str | None = None) -> tuple[Any, Monitor]:
    facts = specs.load(provider)
    recording, bench = read_har(path, facts, base_url), Monitor(facts)
    list(check(recording, bench))
    return recording, bench


@pytest.mark.parametrize(
    ("tool", "provider", "base", "exchanges", "skipped", "headless"),
    [
        ("chrome", "kayle", "https://api.kayle.id", 4, 4, 1),
        ("firefox", "kayle", "https://api.kayle.id", 4, 1, 1),
        ("mitmproxy", "kyve", "https://ident.example:8443/kyc", 2, 0, 0),
        ("charles", "neurovision", "https://api.neuro-vision.ru/v1", 1, 1, 0),
        ("insomnia", "idnow", "http://localhost:3000", 2, 0, 0),
    ],
)
def test_tools(tool: str, provider: str, base: str, exchanges: int, skipped: int, headless: int) -> None:
    """Each tool's form is read: places found, other hosts counted, bodies that were left out known as such."""
    recording, bench = _judged(FOLDER / f"{tool}.har", provider)
    assert str(recording.base_url) == base
    assert (bench.exchanges, recording.skipped.total(), len(recording.headless)) == (exchanges, skipped, headless)
    broken = [(one.rule, one.pointer) for one in bench.errors]
    assert broken == ([("IDN-013", "/environment")] if tool == "insomnia" else [])


def test_order__of_time() -> None:
    """Entries are judged in the order of their answers, whatever the file's order and offsets are."""
    recording, _ = _judged(FOLDER / "firefox.har", "kayle")
    times = [exchange.at for exchange in recording.exchanges]
    assert times == sorted(times)
    states = [exchange.response_json["data"]["status"] for exchange in recording.exchanges if exchange.response_json]
    assert states == ["created", "in_progress", "succeeded"]


def test_order__wrong_in_time(tmp_path: Path) -> None:
    """A terminal state that is left in time is found, though the file has it the other way round."""

    def change(entries: list[Any]) -> None:
        entries[0]["startedDateTime"], entries[2]["startedDateTime"] = (
            entries[2]["startedDateTime"],
            entries[0]["startedDateTime"],
        )

    _, bench = _judged(_changed(tmp_path, "firefox", change), "kayle")
    assert "KAY-016" in {one.rule for one in bench.errors}


def _changed(folder: Path, tool: str, change: Callable[[list[Any]], Any]) -> Path:
    value = json.loads((FOLDER / f"{tool}.har").read_bytes().decode("utf-8-sig"))
    change(value["log"]["entries"])
    path = folder / f"{tool}.har"
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def test_credentials__left_out_by_the_tool() -> None:
    """Chrome exports no credentials: their lack is no violation unless another request shows some."""
    recording, bench = _judged(FOLDER / "chrome.har", "kayle")
    assert not any(exchange.has_credentials for exchange in recording.exchanges)
    assert bench.errors == {}


def test_credentials__missing_beside_others(tmp_path: Path) -> None:
    """A request without credentials that is answered is a violation where others show theirs."""

    def change(entries: list[Any]) -> None:
        entries[0]["request"]["headers"] = entries[0]["request"]["headers"][:2]

    _, bench = _judged(_changed(tmp_path, "firefox", change), "kayle")
    assert [one.rule for one in bench.errors] == ["GEN-008"]


def _in_base64(content: Any) -> Any:
    return {**content, "text": base64.encodebytes(content["text"].encode()).decode(), "encoding": "base64"}


@pytest.mark.parametrize(
    "change",
    [
        lambda e: e.pop("time"),
        lambda e: e.pop("startedDateTime"),
        lambda e: e.update(startedDateTime="yesterday", time=-1),
        lambda e: e["response"]["headers"].extend([{"name": ":status", "value": "200"}, {"name": "X", "value": None}]),
        lambda e: e["response"].update(content=_in_base64(e["response"]["content"])),
        lambda e: e["response"].update(headers=[]),
        lambda e: e["request"].update(bodySize=-1, postData={"mimeType": "", "text": "", "params": []}),
        lambda e: e["request"].update(url=URL.replace("https://api.kayle.id/", "https://API.kayle.id:443/") + "?utm=1#part"),
        lambda e: e.update(cache=None, timings=None, _webSocketMessages=[], unknown={"x": 1}),
        lambda e: e["request"].pop("queryString"),
        lambda e: e["request"].update(headers=[{"name": "AUTHORIZATION", "value": "Bearer another-token"}]),
    ],
)  # fmt: skip
def test_forms__that_occur(tmp_path: Path, change: Callable[[Any], Any]) -> None:
    """What tools leave out, add or write otherwise changes no verdict."""
    path = _changed(tmp_path, "firefox", lambda entries: change(entries[2]))
    recording, bench = _judged(path, "kayle")
    assert bench.errors == {}
    assert (bench.exchanges, recording.skipped.total()) == (4, 1)


@pytest.mark.parametrize(
    "change", [lambda e: e.pop("request"), lambda e: e["response"].update(status="many"), lambda e: e["request"].update(url=7),
               lambda e: e["response"].update(content={"text": "!", "encoding": "base64", "size": 1}), lambda e: e.clear()]
)  # fmt: skip
def test_forms__that_are_broken(tmp_path: Path, change: Callable[[Any], Any]) -> None:
    """One entry that is none is counted, and the others are judged."""
    recording, bench = _judged(_changed(tmp_path, "firefox", lambda entries: change(entries[2])), "kayle")
    assert bench.errors == {}
    assert bench.exchanges == 3
    assert any("no HAR 1.2 entry" in why for why in recording.skipped)


def test_body__missing_is_not_empty(tmp_path: Path) -> None:
    """An exchange without its body is held to status and content type."""

    def change(entries: list[Any]) -> None:
        entries[4]["response"]["status"] = 418

    _, bench = _judged(_changed(tmp_path, "firefox", change), "kayle")
    assert [one.rule for one in bench.errors] == ["GEN-001"]


def test_base_url__prefix_and_port(tmp_path: Path) -> None:
    """The documented paths are found behind any prefix, or where --base-url says."""

    def move(entries: list[Any]) -> None:
        for entry in entries:
            entry["request"]["url"] = entry["request"]["url"].replace("https://api.kayle.id", "http://[::1]:8080/a/b")

    path = _changed(tmp_path, "firefox", move)
    assert str(_judged(path, "kayle")[0].base_url) == "http://[::1]:8080/a/b"
    assert _judged(path, "kayle", "http://[::1]:8080/a/b/")[1].exchanges == 4
    assert _judged(path, "kayle", "http://[::1]:8080")[1].unjudged == {"no documented operation": 4}
    assert _judged(path, "kayle", "http://other.example")[0].skipped.total() == 5


def test_base_url__two_places() -> None:
    """Two places that fit equally are a question to the user; the vendor's own host is none."""
    entries = [{"request": {"method": "GET", "url": f"https://{host}/v1/sessions/x"}} for host in ("a.example", "b.example")]
    with pytest.raises(TrafficError, match=r"https://a\.example and https://b\.example.*--base-url"):
        find_base_url(entries, specs.load("kayle"), Path("x.har"))
    entries.append({"request": {"method": "GET", "url": URL}})
    # Read anew: a mock in the same process leaves its own servers in the shared document.
    facts = specs.load("kayle")
    fresh = replace(facts, document=read_document(facts.folder / "openapi.yaml"))
    assert str(find_base_url(entries, fresh, Path("x.har"))) == "https://api.kayle.id"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no JSON at line 1"),
        (b'{"log": {"entries": [', "cut off"),
        (b"\xff\xfe{", "not UTF-8 at byte 0"),
        (b"[]", "expected an object with a list at log.entries"),
        (b'{"log": {"entries": {}}}', "expected an object with a list at log.entries"),
        (b'{"log": {"entries": []}}', "none of its 0 requests"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"log": {"entries": [1, null, {"request": {}}]}}', "none of its 3 requests"),
    ],
)
def test_files__broken(tmp_path: Path, content: bytes, words: str) -> None:
    """A file that is no recording is one sentence with the place."""
    path = tmp_path / "x.har"
    path.write_bytes(content)
    with pytest.raises(TrafficError, match=words.replace(".", r"\.")) as caught:
        read_har(path, specs.load("kayle"))
    assert str(path) in str(caught.value)


def test_files__missing(tmp_path: Path) -> None:
    """A file that is not there says so."""
    with pytest.raises(TrafficError, match="cannot be read"):
        read_har(tmp_path / "no.har", specs.load("kayle"))
    with pytest.raises(TrafficError, match="cannot be read"):
        read_har(tmp_path, specs.load("kayle"))


def _run(*arguments: str) -> Any:
    app = typer.Typer()
    register(app)
    app.command()(lambda: None)
    return CliRunner().invoke(app, ["check", *arguments])


def test_command() -> None:
    """The command tells what was skipped and found; exit codes 0, 1, 2 and 4."""
    result = _run(str(FOLDER / "chrome.har"), "kayle")
    assert result.exit_code == 0
    assert "2 skipped: another host or path" in result.output
    assert "4 of 8 entries are for https://api.kayle.id: no violations" in result.output
    broken = _run(str(FOLDER / "insomnia.har"), "idnow")
    assert broken.exit_code == 1
    assert "violation IDN-013" in broken.output
    assert "\x1b" not in broken.output
    assert _run(str(FOLDER / "chrome.har"), "kayel").exit_code == 2
    assert _run(str(FOLDER / "chrome.har"), "kayle", "--base-url", "http://nowhere.example").exit_code == 4


def test_command__json() -> None:
    """With --json all of it is one document."""
    result = _run(str(FOLDER / "insomnia.har"), "idnow", "--json")
    value = json.loads(result.output)
    assert (value["exit_code"], value["entries"], value["exchanges"], value["base_url"]) == (1, 2, 2, "http://localhost:3000")
    assert [one["rule"] for one in value["violations"]] == ["IDN-013"]


@pytest.mark.parametrize(
    ("base", "url", "below"),
    [
        ("https://a.example", "https://a.example/v1?x=%20", ("/v1", "x=%20")),
        ("https://a.example/", "https://a.example", ("/", "")),
        ("https://a.example/v1", "https://a.example/v12", None),
        ("https://a.example/v1", "https://a.example/v1", ("/", "")),
        ("https://a.example:443", "https://A.EXAMPLE/x%2Fy", ("/x%2Fy", "")),
        ("https://a.example", "http://a.example/", None),
        ("https://a.example", "https://a.example.evil.example/", None),
        ("https://a.example", "https://a.example@evil.example/", None),
        ("https://bücher.example", "https://xn--bcher-kva.example/", ("/", "")),
        ("https://a.example", "https://a.example:99999/", None),
        ("https://a.example", "https://[", None),
    ],
)
def test_base_url__below(base: str, url: str, below: tuple[str, str] | None) -> None:
    """Which URLs are below a base URL, and where."""
    assert BaseUrl.parse(base).below(url) == below


def test_encodings() -> None:
    """Broken, unknown and too large bodies are refused; what is accepted can be decoded."""
    import gzip
    import zlib

    assert decoded(gzip.compress(b"a") + gzip.compress(b"b"), "GZIP") == b"ab"
    assert decoded(zlib.compress(b"abc")[2:-4], "deflate") == b"abc"
    assert decoded(b"", "gzip") == b""
    for body, encoding in (
        (b"no", "gzip"),
        (gzip.compress(b"abc")[:-4], "gzip"),
        (b"x", "rot13"),
        (gzip.compress(b"a" * 99), "gzip"),
    ):
        with pytest.raises(Undecodable):
            decoded(body, encoding, most_bytes=50)
    assert acceptable("rot13, br;q=0, gzip;q=0.5, *") in ("gzip;q=0.5", "br;q=0, gzip;q=0.5")
    assert acceptable("rot13") == "identity"
