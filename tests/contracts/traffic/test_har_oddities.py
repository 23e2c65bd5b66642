"""Recordings of nobody's making: each entry is read or skipped with its reason, and nothing raises."""

from __future__ import annotations

import base64
import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from specimen import specs
from specimen.contracts.reporting.formats.registry import render
from specimen.contracts.traffic.har_reader import check, read_har
from specimen.contracts.traffic.monitor import Monitor, TrafficError

FOLDER = Path(__file__).parent / "har"
TOOLS = {"chrome": "kayle", "firefox": "kayle", "mitmproxy": "kyve", "charles": "neurovision", "insomnia": "idnow"}
RECORDINGS = {tool: json.loads((FOLDER / f"{tool}.har").read_text(encoding="utf-8-sig")) for tool in TOOLS}
SKIPPED = "an entry that is no HAR 1.2 entry"


def _entry(**changes: Any) -> dict[str, Any]:
    """Firefox's first entry for kayle, changed."""
    found: dict[str, Any] = copy.deepcopy(RECORDINGS["firefox"]["log"]["entries"][0])
    for place, value in changes.items():
        *way, last = place.split("__")
        node = found
        for step in way:
            node = node[step]
        node[last] = value
    return found


def _read(folder: Path, *entries: Any) -> Any:
    path = folder / "it.har"
    path.write_text(json.dumps({"log": {"entries": list(entries)}}), encoding="utf-8")
    return read_har(path, specs.load("kayle"), "https://api.kayle.id")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"_fetchType": "Memory Cache"}, "answered from a cache (Safari's _fetchType)"),
        ({"_fetchType": "Service Worker"}, "answered from a cache (Safari's _fetchType)"),
        ({"response___fetchedViaServiceWorker": True}, "answered by a service worker"),
        ({"time": float("inf")}, f"{SKIPPED} (ValueError)"),
        ({"response__status": float("inf")}, f"{SKIPPED} (OverflowError)"),
        ({"response__status": "²"}, f"{SKIPPED} (ValueError)"),
        ({"request__url": "https://api.kayle.id/v1/\ud800"}, f"{SKIPPED} (UnicodeEncodeError)"),
        ({"response__headers": 5}, f"{SKIPPED} (TypeError)"),
        ({"response__content": []}, None),
    ],
)
def test_oddities__are_skipped_with_their_reason(changes: dict[str, Any], why: str | None, tmp_path: Path) -> None:
    """What no network answered, and what is no entry, is counted and not judged."""
    found = _read(tmp_path, _entry(**changes))
    assert dict(found.skipped) == ({why: 1} if why else {})
    assert len(found.exchanges) == (why is None)


def test_safari__entries_from_the_network_are_read(tmp_path: Path) -> None:
    """Its word for those is another."""
    assert len(_read(tmp_path, _entry(_fetchType="Network Load")).exchanges) == 1


def test_playwright__attached_bodies_are_read(tmp_path: Path) -> None:
    """A body in a file beside the recording is the answer's; one elsewhere is left alone."""
    body = base64.b64decode(base64.b64encode(b'{"data": null}'))
    (tmp_path / "abc.json").write_bytes(body)
    for name, expected in (("abc.json", body), ("../abc.json", b"?"), ("none.json", b"?"), ("/etc/passwd", b"?"), ("\x00", b"?")):
        found = _read(tmp_path, _entry(response__content={"mimeType": "application/json", "size": 14, "_file": name}))
        assert [one.response_body for one in found.exchanges] == [expected]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n{}", "curl -i"),
        (b"* Trying\n> GET / HTTP/1.1", "curl -v"),
        (b"PK\x03\x04abc", "Unpack it"),
        (b"7264:9:websocket", "hardump"),
        (b'{"info": {"_postman_id": "postman"}, "item": []}', "Postman"),
        (b'{"_type": "export", "__export_format": 4}', "Insomnia"),
        (b"type: collection.insomnia.rest/5.0\nname: kyc\n", "Insomnia"),
        (b'\xef\xbb\xbftype: "collection.insomnia.rest/5.0"\r\n', "Insomnia"),
        (b"name: kyc\nmeta:\n  id: wrk_1\ntype: environment.insomnia.rest/5.0\n", "Insomnia"),
        (b'{"log": {"entries": [' + b"9" * 5000 + b"]}}", "more digits"),
    ],
)
def test_other_files__are_named(content: bytes, text: str, tmp_path: Path) -> None:
    """What else is at hand is no recording, and the sentence says how to get one."""
    path = tmp_path / "it.har"
    path.write_bytes(content)
    with pytest.raises(TrafficError, match=text):
        read_har(path, specs.load("kayle"))


ODD = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | st.text(max_size=20) | st.sampled_from(
    [[], {}, [None], {"name": None}, "\ud800", "1e999", "²", "http://[", "gzip, gzip, gzip", "base64", "Memory Cache", [[]]]
)  # fmt: skip


@pytest.mark.hypothesis
@settings(suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data(), tool=st.sampled_from(sorted(TOOLS)), count=st.integers(1, 6))
def test_fuzzed__never_raises(data: st.DataObject, tool: str, count: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Any values at any places of five tools' recordings are judged and reported, or refused with a sentence."""
    recording = copy.deepcopy(RECORDINGS[tool])
    for _ in range(count):
        node: Any = recording["log"]["entries"]
        while True:
            keys = sorted(node) if isinstance(node, dict) else range(len(node))
            if not keys:
                break
            key = data.draw(st.sampled_from(keys))
            inner = node[key]
            if not isinstance(inner, (dict, list)) or not inner or data.draw(st.integers(0, 5)) == 0:
                node[key] = data.draw(ODD)
                break
            node = inner
    path = tmp_path_factory.getbasetemp() / "fuzzed.har"
    path.write_text(json.dumps(recording), encoding="utf-8")
    provider = specs.load(TOOLS[tool])
    try:
        found = read_har(path, provider)
    except TrafficError:
        return
    monitor = Monitor(provider, str(found.base_url), counts_coverage=True)
    list(check(found, monitor))
    assert render(monitor.report("check"), "json")
