"""Reads and judges HAR 1.2 recordings of browsers, mitmproxy, Charles and Insomnia."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from specimen.contracts.http.content_encoding import Undecodable, decoded
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.http.header_values import whole_number
from specimen.contracts.http.operation_matching import match
from specimen.contracts.traffic.har_times import interval
from specimen.contracts.traffic.monitor import BaseUrl, JudgedExchange, Monitor, TrafficError
from specimen.contracts.traffic.other_recordings import other_document, other_format
from specimen.specs import Provider

# The rules that apply to an exchange without recorded bodies.
_OF_THE_HEAD = frozenset({"GEN-001", "GEN-002", "GEN-003"})
_CREDENTIALS_RULE = "GEN-008"
_NO_BODY = (204, 205, 304)
_LOADED = "Network Load"
# The mock's own recordings name the provider that a request reached, or null.
_PROVIDER = "_provider"
_MOST_ATTACHED_BYTES = 64 * 1024 * 1024


@dataclass
class Recording:
    """The exchanges of a file in the order of their answers, and why the other entries were skipped.

    `headless` are those exchanges (by identity) whose bodies were not recorded.
    """

    base_url: BaseUrl
    exchanges: list[Exchange] = field(default_factory=list)
    headless: set[int] = field(default_factory=set)
    skipped: Counter[str] = field(default_factory=Counter)
    entries: int = 0


def read_har(path: Path, provider: Provider, base_url: str | None = None) -> Recording:
    """Reads the exchanges with a provider from a HAR file; without `base_url` it is found by the documented paths.

    Raises:
        TrafficError: it is no HAR file, or no base URL can be found.
    """
    entries = _read_entries(path)
    base = BaseUrl.parse(base_url, "--base-url") if base_url is not None else find_base_url(entries, provider, path)
    recording = Recording(base, entries=len(entries))
    found = []
    last = 0.0
    for index, entry in enumerate(entries):
        try:
            exchange, why, is_headless = _exchange(_with_attachments(entry, path.parent), provider, base)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
            recording.skipped[f"an entry that is no HAR 1.2 entry ({type(error).__name__})"] += 1
            continue
        if exchange is None:
            recording.skipped[why] += 1
            continue
        # Tools write entries in the order of their requests, or of their answers; an entry without a time stays in place.
        last = float(exchange.at) or last
        found.append((last, index, exchange, is_headless))
    found.sort(key=lambda item: item[:2])
    recording.exchanges = [exchange for _, _, exchange, _ in found]
    recording.headless = {id(exchange) for _, _, exchange, is_headless in found if is_headless}
    return recording


def check(recording: Recording, monitor: Monitor) -> Iterator[JudgedExchange]:
    """Judges a recording in its order."""
    # Chrome leaves credentials out of what it exports: their absence means something only where another request shows some.
    shows_credentials = any(exchange.has_credentials for exchange in recording.exchanges)
    for exchange in recording.exchanges:
        if exchange.operation is None:
            yield monitor.skip(exchange, "no documented operation")
            continue
        left_out = frozenset() if shows_credentials else frozenset({_CREDENTIALS_RULE})
        only = _OF_THE_HEAD if id(exchange) in recording.headless else None
        yield monitor.judge(exchange, only=only, without=left_out)


def find_base_url(entries: list[Any], provider: Provider, path: Path) -> BaseUrl:
    """Returns the base URL at which most requests fit documented paths; the vendor's own host first.

    Raises:
        TrafficError: no request fits, or two base URLs do equally.
    """
    counts: Counter[str] = Counter()
    for entry in entries:
        try:
            if entry.get(_PROVIDER, "") is None:
                continue
            parts = urlsplit(entry["request"]["url"])
            method = str(entry["request"]["method"])
            origin = str(BaseUrl.parse(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"))
        except (KeyError, TypeError, ValueError, AttributeError, TrafficError):
            continue
        for cut in (at for at, char in enumerate(parts.path) if char == "/"):
            if match(provider.document, method, parts.path[cut:]) is not None:
                counts[origin + parts.path[:cut]] += 1
    vendors = {str(BaseUrl.parse(server["url"])) for server in provider.document.raw.get("servers", ()) if "://" in server["url"]}
    for url in counts:
        if url in vendors:
            return BaseUrl.parse(url)
    ranked = counts.most_common()
    if not ranked:
        raise TrafficError(
            f"{path}: none of its {len(entries)} requests is for a documented path of {provider.name}. "
            "Name the place with --base-url if the paths have a prefix, or choose the right provider."
        )
    best = [url for url, count in ranked if count == ranked[0][1]]
    if len(best) > 1:
        raise TrafficError(f"{path}: requests for {provider.name} go to {' and '.join(sorted(best))}. Name one with --base-url.")
    return BaseUrl.parse(best[0])


def _read_entries(path: Path) -> list[Any]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TrafficError(f"{path}: cannot be read: {error.strerror or error}.") from error
    other = other_format(content)
    if other is not None:
        raise TrafficError(f"{path}: {other}")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TrafficError(f"{path}: not UTF-8 at byte {error.start}. A HAR file is JSON in UTF-8.") from error
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        cut = " It seems to be cut off: record it again." if error.pos >= len(text.rstrip()) else ""
        raise TrafficError(f"{path}: no JSON at line {error.lineno}, column {error.colno}: {error.msg}.{cut}") from error
    except ValueError as error:
        raise TrafficError(f"{path}: JSON with a number of more digits than are read here.") from error
    except RecursionError as error:
        raise TrafficError(f"{path}: JSON that is nested too deeply.") from error
    other = other_document(value)
    if other is not None:
        raise TrafficError(f"{path}: {other}")
    log = value.get("log") if isinstance(value, Mapping) else None
    entries = log.get("entries") if isinstance(log, Mapping) else None
    if not isinstance(entries, list):
        raise TrafficError(f"{path}: no HAR file: expected an object with a list at log.entries.")
    return entries


def _exchange(entry: Any, provider: Provider, base: BaseUrl) -> tuple[Exchange | None, str, bool]:
    """Returns the exchange of an entry, or why it was skipped; and whether a body was not recorded."""
    request, response = entry["request"], entry["response"]
    below = base.below(request["url"])
    if below is None:
        return None, "another host or path", False
    if entry.get(_PROVIDER, "") is None:
        return None, "a request that reached no provider of the mock", False
    status = int(response["status"])
    if status < 200:
        return None, "no answer (blocked, aborted or a WebSocket)", False
    if status == 304:
        return None, "answered from a cache (304)", False
    if entry.get("_fromCache") or (entry.get("cache") or {}).get("beforeRequest"):
        return None, "answered from a cache", False
    if entry.get("_fetchType", _LOADED) != _LOADED:  # Safari's words: Memory Cache, Disk Cache, Service Worker
        return None, "answered from a cache (Safari's _fetchType)", False
    if entry.get("_fetchedViaServiceWorker") or response.get("_fetchedViaServiceWorker"):
        return None, "answered by a service worker", False
    method = str(request["method"]).upper()
    (below[0] + below[1] + method).encode()  # lone surrogates are in no request
    request_headers, response_headers = _headers(request), _headers(response)
    sent, is_request_complete = _request_body(request, request_headers)
    got, is_response_complete = _response_body(response, response_headers, method, status)
    times = interval(entry)
    request_headers.pop("content-encoding", None)  # bodies are recorded without it
    response_headers.pop("content-encoding", None)
    exchange = Exchange(
        provider=provider, method=method, path=below[0], query=below[1], request_headers=request_headers, request_body=sent,
        status=status, response_headers=response_headers, response_body=got, at=times.ended, began=times.began, seen_by="har",
        is_end_known=times.is_end_known,
    )  # fmt: skip
    return exchange, "", not (is_request_complete and is_response_complete)


def _with_attachments(entry: Any, folder: Path) -> Any:
    """An entry with the bodies that Playwright keeps in files beside the recording (`_file`)."""
    found: dict[str, Any] = dict(entry)
    for side, part in (("request", "postData"), ("response", "content")):
        body = found[side].get(part)
        if not isinstance(body, Mapping) or isinstance(body.get("text"), str):
            continue
        if isinstance(body.get("_file"), str):
            text = _attached(folder, body["_file"])
            if text is not None:
                found[side] = {**found[side], part: {**body, "text": text, "encoding": "base64", "size": len(text)}}
    return found


def _attached(folder: Path, name: str) -> str | None:
    """The bytes of a file in the folder, in base64; None where there is none, or it is no file of the recording's own folder."""
    path = folder / name
    try:
        if path.name != name or path.is_symlink() or path.stat().st_size > _MOST_ATTACHED_BYTES:
            return None
        return base64.b64encode(path.read_bytes()).decode()
    except (OSError, ValueError):
        return None


def _headers(message: Mapping[str, Any]) -> dict[str, str]:
    """Headers without HTTP/2's `:method` and its like; of several values under one name all."""
    found: dict[str, str] = {}
    for header in message.get("headers") or ():
        name, value = str(header["name"]).lower(), str(header.get("value") or "")
        if not name.startswith(":"):
            found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _request_body(request: Mapping[str, Any], headers: dict[str, str]) -> tuple[bytes, bool]:
    """The request's body, and whether it is all of it."""
    data = request.get("postData")
    if data:
        headers.setdefault("content-type", str(data.get("mimeType") or ""))
        if isinstance(data.get("text"), str) and (data["text"] or not data.get("params")):
            return _body_bytes(data, headers), True
        pairs = [(str(pair["name"]), str(pair.get("value") or "")) for pair in data.get("params") or ()]
        if pairs and headers["content-type"].startswith("application/x-www-form-urlencoded"):
            return urlencode(pairs).encode(), True
        return b"", False
    length = whole_number(headers.get("content-length"))
    size = request.get("bodySize")
    is_sent = length > 0 if length is not None else isinstance(size, (int, float)) and size > 0
    return b"", not is_sent


def _response_body(response: Mapping[str, Any], headers: dict[str, str], method: str, status: int) -> tuple[bytes, bool]:
    """The answer's body, and whether it is all of it."""
    content = response.get("content") or {}
    if content.get("mimeType") and content["mimeType"] != "x-unknown":
        headers.setdefault("content-type", str(content["mimeType"]))
    if isinstance(content.get("text"), str) and (content["text"] or not content.get("size")):
        return _body_bytes(content, headers), True
    if method == "HEAD" or status in _NO_BODY or headers.get("content-length") == "0":
        return b"", True
    size = content.get("size")
    if size == 0 and response.get("bodySize") in (0, None):
        return b"", True
    return b"?", False  # there was one: its type can be judged


def _body_bytes(content: Mapping[str, Any], headers: Mapping[str, str]) -> bytes:
    """A recorded text as bytes; some tools record compressed bytes as they came."""
    text: str = content["text"]
    if content.get("encoding") != "base64":
        return text.encode("utf-8", "surrogatepass")
    body = base64.b64decode("".join(text.split()), validate=True)
    encoding = headers.get("content-encoding")
    if encoding:
        try:
            return decoded(body, encoding)
        except Undecodable:
            return body  # most have decoded it already
    return body
