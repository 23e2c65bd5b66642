"""Recognizes recordings that are no HAR files, and says how to make one of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# They leave out what a judge needs: a collection has no times, `curl -i` no request. Each tool writes HAR, or can be recorded.
_PROXY = "record it anew with `specimen proxy --har`."
_INSOMNIA = "an Insomnia export of requests. Export as HAR (Preferences, Data), which has the answers."
# Since version 5 in YAML, with the type at the top.
_HEAD_BYTES = 4096
_INSOMNIA_YAML = re.compile(rb"""^(?:\xef\xbb\xbf)?type: *["']?[a-z.]*\binsomnia\.rest/""", re.MULTILINE)
_FLOWS = re.compile(rb"[0-9]{1,9}:[0-9]{1,9}:")



def other_format(content: bytes) -> str | None:
    """Returns a sentence for a file that another tool writes; None where it is not known."""
    if content.startswith(b"PK\x03\x04"):
        return "a ZIP archive. Unpack it, and check the .har file in it; bodies beside it are read."
    if content.startswith((b"HTTP/1.", b"HTTP/2", b"HTTP/3")):
        return f"an answer as `curl -i` prints it, without its request: {_PROXY}"
    if content.startswith((b"> ", b"* ")):
        return f"what `curl -v` prints, which is no recording: {_PROXY}"
    if _INSOMNIA_YAML.search(content, 0, _HEAD_BYTES):
        return _INSOMNIA
    if _FLOWS.match(content):
        return "flows of mitmproxy. Export them: `mitmdump -nr FILE --set hardump=flows.har`."
    return None


def other_document(value: Any) -> str | None:
    """Returns a sentence for the JSON of another tool; None where it is not known."""
    if not isinstance(value, Mapping) or isinstance(value.get("log"), Mapping):
        return None
    info = value.get("info")
    if isinstance(info, Mapping) and "postman" in str(info.get("schema", info.get("_postman_id", ""))).lower():
        return f"a Postman collection, whose examples have no times and may be edited: {_PROXY}"
    if value.get("_type") == "export" or str(value.get("type", "")).startswith("collection.insomnia"):
        return _INSOMNIA
    return None
