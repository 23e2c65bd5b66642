"""Why a request that was sent has no answer that can be judged."""

from __future__ import annotations

from typing import Final

CLOSED: Final = "closed"
TIMEOUT: Final = "timeout"
TOO_LARGE: Final = "too large"
UNREADABLE: Final = "unreadable"

SENTENCES: Final = {
    CLOSED: "a connection that ended without a whole answer",
    TIMEOUT: "no whole answer in time",
    TOO_LARGE: "an answer that is larger than what is read here: it was not judged",
    UNREADABLE: "an answer that its Content-Encoding does not decode",
}
# A slow answer, or one larger than we read, breaks no documented promise: it is a note.
ARE_NOTES: Final = frozenset({TIMEOUT, TOO_LARGE})
# No answer at all: requests in flight end so when a service stops.
ARE_SILENT: Final = frozenset({CLOSED, TIMEOUT})
