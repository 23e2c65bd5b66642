"""IDnow: results, outcomes, steps and times that do not go with the session's status; data blocks that were deleted."""

from __future__ import annotations

from specimen.contracts.payloads.model.invalid_combinations import State, earlier, later, same, value_at
from specimen.contracts.payloads.model.mutations import ABSENT

READ = {"getSession": ""}
BLOCKS = {"listDatablocks": ""}
MILLISECOND = 0.001

STARTED = ("RUNNING",)
OPEN = ("CREATED", "RUNNING")
BROKEN_OFF = ("ABORTED", "EXPIRED", "ERROR")
OVER = ("COMPLETED", *BROKEN_OFF)
EVERY = (*OPEN, *OVER)
REFERENCE = {"type": "dataBlock", "id": "019d05a4-9029-72ff-b962-f373bc1d9291"}
STEP = {"stepId": "step_start_001", "stepType": "START", "stepDescription": "Session initialization", "verdict": "success"}
BLOCK = "/dataBlocks/0"

STATES = (
    # Results.
    State(
        "results-too-early", "IDN-001", READ, OPEN, {"/results": {"basicIdentity": REFERENCE}},
        "Results of a session that is not over: who reads them decides on half of the checks.",
    ),
    State(
        "results-left-out", "IDN-001", READ, EVERY, {"/results": ABSENT},
        "Empty is documented as an empty object: code that goes through its names fails on nothing.",
    ),
    *(
        State(
            f"completed-shown-as-{status.lower()}", "IDN-001", READ, ("COMPLETED",),
            {"/sessionStatus": status, "/outcome": "NO_OUTCOME", "/completedAt": ABSENT, **more},
            "A stale status over the results of a session that ended.",
        )
        for status, more in (("RUNNING", {}), ("CREATED", {"/startedAt": None, "/lastStep": ABSENT}))
    ),
    *(
        State(
            name, "IDN-002", READ, ("COMPLETED", "ABORTED"), {"/results/basicIdentity": reference},
            "A reference that leads to no data block: what the session found cannot be fetched.",
        )
        for name, reference in (
            ("reference-without-id", {"type": "dataBlock"}),
            ("reference-without-type", lambda shown: {"id": value_at(shown, "/results/basicIdentity/id")}),
            ("reference-of-another-type", {**REFERENCE, "type": "document"}),
        )
    ),
    # When it ended.
    State(
        "open-with-end", "IDN-004", READ, OPEN, {"/completedAt": same("/updatedAt")},
        "Who takes the time for the sign of the end stops polling too early.",
    ),
    State(
        "over-without-end", "IDN-005", READ, OVER, {"/completedAt": ABSENT},
        "Code that sorts or deletes by the end of the session finds none.",
    ),
    State(
        "running-shown-as-completed", "IDN-005", READ, STARTED, {"/sessionStatus": "COMPLETED", "/outcome": "accepted"},
        "The status moved on before the rest of the record did: two writes that should have been one.",
    ),
    *(
        State(
            f"shown-as-{status.lower()}", "IDN-005", READ, OPEN, {"/sessionStatus": status},
            "An end without its time: the status moved on before the rest of the record did.",
        )
        for status in BROKEN_OFF
    ),
    # What ran.
    State(
        "created-and-started", "IDN-006", READ, ("CREATED",), {"/startedAt": same("/createdAt")},
        "A session that waits for its user shows a start: who measures the user's time measures nothing.",
    ),
    State(
        "running-shown-as-created", "IDN-006", READ, STARTED, {"/sessionStatus": "CREATED", "/lastStep": ABSENT},
        "A stale status: the start that followed it is already there.",
    ),
    State(
        "created-with-step", "IDN-007", READ, ("CREATED",), {"/lastStep": STEP},
        "A step ran in a session that was not opened.",
    ),
    State(
        "running-shown-as-created-with-step", "IDN-007", READ, STARTED, {"/sessionStatus": "CREATED", "/startedAt": None},
        "A stale status: the step that followed it is already there.",
    ),
    # What came of it.
    *(
        State(
            f"outcome-{outcome}-too-early", "IDN-008", READ, (*OPEN, *BROKEN_OFF), {"/outcome": outcome},
            "A decision of a flow that did not run to its end: who looks at the outcome alone opens the account.",
        )
        for outcome in ("accepted", "rejected")
    ),
    *(
        State(
            f"completed-shown-as-{status.lower()}", "IDN-008", READ, ("COMPLETED",), {"/sessionStatus": status},
            "The facts of a session that was decided under the status of one that broke off.",
        )
        for status in BROKEN_OFF
    ),
    State(
        "completed-undecided", "IDN-009", READ, ("COMPLETED",), {"/outcome": "NO_OUTCOME"},
        "Over, and nothing decided: a branch for accepted and one for rejected do not cover it.",
    ),
    State(
        "shown-as-completed", "IDN-009", READ, BROKEN_OFF, {"/sessionStatus": "COMPLETED"},
        "The facts of a session that broke off under the status of one that was decided.",
    ),
    # Times, each pair that can stand beside one another.
    State(
        "started-before-created", "IDN-010", READ, (*STARTED, *OVER), {"/startedAt": earlier("/createdAt", MILLISECOND)},
        "The user's waiting time comes out negative.",
    ),
    State(
        "updated-before-created", "IDN-010", READ, ("CREATED",), {"/updatedAt": earlier("/createdAt", MILLISECOND)},
        "A change before there was anything to change: clocks of two machines.",
    ),
    State(
        "updated-before-started", "IDN-010", READ, STARTED, {"/updatedAt": earlier("/startedAt", MILLISECOND)},
        "The start is a change: who asks for everything changed since a time misses it.",
    ),
    State(
        "completed-before-started", "IDN-010", READ, OVER, {"/completedAt": earlier("/startedAt", MILLISECOND)},
        "How long the user took comes out negative.",
    ),
    State(
        "completed-before-created", "IDN-010", READ, OVER,
        {"/startedAt": earlier("/createdAt", MILLISECOND), "/completedAt": earlier("/createdAt", MILLISECOND)},
        "Started and over before it was made.",
    ),
    State(
        "completed-after-updated", "IDN-010", READ, OVER, {"/completedAt": later("/updatedAt", MILLISECOND)},
        "The end is a change: who asks for everything changed since a time misses it.",
    ),
    State(
        "completed-tomorrow", "IDN-010", READ, OVER, {"/completedAt": later("/updatedAt", 86_400)},
        "An end in the future, as a wrong time zone makes it.",
    ),
    # What must have happened by then.
    State(
        "not-started", "IDN-017", READ, (*STARTED, "COMPLETED"), {"/startedAt": None},
        "It ran and was never started: how long the user took cannot be told.",
    ),
    State(
        "completed-without-step", "IDN-018", READ, ("COMPLETED",), {"/lastStep": ABSENT},
        "A flow that ran to its end, and no step that was its last.",
    ),
    State(
        "start-left-out", "IDN-025", READ, ("CREATED",), {"/startedAt": ABSENT},
        "Null is documented for what has not started: a reader that looks for the field finds none.",
    ),
    # Data blocks.
    State(
        "deleted-with-content", "IDN-014", BLOCKS, ("COMPLETED", "ABORTED"), {f"{BLOCK}/status": "DELETED"},
        "Personal data that is said to be deleted is still answered.",
    ),
    State(
        "deleted-with-empty-content", "IDN-014", BLOCKS, None, {f"{BLOCK}/status": "DELETED", f"{BLOCK}/content": {}},
        "Deleted is documented as null; an empty object may as well be a block in which nothing was found.",
    ),
    State(
        "blocks-newest-first", "IDN-016", BLOCKS, ("COMPLETED", "ERROR"),
        {"/dataBlocks": lambda body: value_at(body, "/dataBlocks")[::-1]},
        "Who takes the last block of a type for the newest takes the first try.",
    ),
)  # fmt: skip
