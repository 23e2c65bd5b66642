"""IDnow: each rule of contracts/judge/rules with what breaks it, and a general rule that can be shown here."""

from __future__ import annotations

from typing import Any

from specimen.contracts.http.exchange import Exchange
from tests.contracts.golden_exchanges import REMOVED, Mutant, Stage, changed

SESSION, BLOCKS = "getSession", "listDatablocks"
EARLIER = "2026-03-19T09:00:00.000Z"
LATER = "2026-03-19T10:31:31.000Z"


def second(stage: Stage, values: dict[str, Any], state: str = "COMPLETED") -> list[Exchange]:
    """A session read twice, the second time with other values."""
    first = stage.read(state=state, operation=SESSION)
    return [first, changed(first, values)]


def made(stage: Stage) -> list[Exchange]:
    """A session with a subject, and a read of it."""
    first = stage.ask(
        "createSession", path={"flowId": "flow-1", "environment": "live"}, body={"metadata": {"subjectId": "customer-1"}}
    )
    path = {"environment": "live", "sessionId": first.response_json["sessionContext"]["sessionId"]}
    return [first, stage.ask(SESSION, path=path)]


def crossed(stage: Stage) -> list[Exchange]:
    """A reference to a block of another type."""
    blocks, session = stage.read(operation=BLOCKS), stage.read(operation=SESSION)
    one, other, *_ = session.response_json["results"]
    wrong = session.response_json["results"][other]["id"]
    return [blocks, changed(session, {f"/results/{one}/id": wrong})]


def twice(stage: Stage) -> Exchange:
    """The last data block once more."""
    found = stage.read(operation=BLOCKS)
    blocks = found.response_json["dataBlocks"]
    return changed(found, {"/dataBlocks": [*blocks, blocks[-1]]})


def created_otherwise(stage: Stage) -> list[Exchange]:
    """A read that shows another time of creation than the creation."""
    first, then = made(stage)
    return [first, changed(then, {"/createdAt": EARLIER})]


def other_state(stage: Stage) -> list[Exchange]:
    """A read that shows another state than the creation sent."""
    path = {"flowId": "flow-1", "environment": "live"}
    first = stage.ask("createSession", path=path, body={"state": "csrf-1"})
    session = {"environment": "live", "sessionId": first.response_json["sessionContext"]["sessionId"]}
    return [first, changed(stage.ask(SESSION, path=session), {"/state": "csrf-2"})]


def created_again(stage: Stage) -> list[Exchange]:
    """Two creations of which the second answers the first one's session."""
    path = {"flowId": "flow-1", "environment": "live"}
    first, second = (stage.ask("createSession", path=path, body={}) for _ in range(2))
    return [first, changed(second, {"/sessionContext/sessionId": first.response_json["sessionContext"]["sessionId"]})]


def left_out(stage: Stage) -> list[Exchange]:
    """Another session refers to its blocks, and an ended one leaves out one of its types."""
    done = stage.read("aborted", operation=SESSION)
    first = next(iter(done.response_json["results"]))
    left = changed(done, {f"/results/{first}": REMOVED})
    return [stage.read("rejected", operation=SESSION), stage.read("aborted", operation=BLOCKS), left]


def another_version(stage: Stage) -> list[Exchange]:
    """A read that shows another version of the flow than the creation."""
    first, then = made(stage)
    return [first, changed(then, {"/flowVersion": first.response_json["flowVersion"] + 1})]


MUTANTS = (
    Mutant("GEN-070", "an outcome in capitals", lambda stage: [changed(stage.read(operation=SESSION), {"/outcome": "ACCEPTED"})]),
    Mutant(
        "IDN-022",
        "a clock that stands",
        lambda stage: [
            changed(
                found := stage.read(operation=BLOCKS),
                {f"/dataBlocks/{index}/createdBy/clock": 1 for index in range(len(found.response_json["dataBlocks"]))},
            )
        ],
    ),
    Mutant(
        "IDN-023",
        "a data block is gone",
        lambda stage: [
            found := stage.read(operation=BLOCKS),
            changed(found, {"/dataBlocks": found.response_json["dataBlocks"][1:]}),
        ],
    ),
    Mutant(
        "IDN-023",
        "another step made a data block",
        lambda stage: [
            found := stage.read(operation=BLOCKS),
            changed(found, {"/dataBlocks/0/createdBy/stepId": "step_comparison_009"}),
        ],
    ),
    Mutant(
        "IDN-023",
        "the content of a stored data block is gone",
        lambda stage: [found := stage.read(operation=BLOCKS), changed(found, {"/dataBlocks/0/content": None})],
    ),
    Mutant(
        "IDN-024",
        "steps of a session that was not started",
        lambda stage: [changed(stage.read("aborted", operation=SESSION), {"/startedAt": None})],
    ),
    Mutant(
        "GEN-021",
        "started later",
        lambda stage: second(
            stage, {"/startedAt": "2026-03-19T10:31:59.000Z", "/updatedAt": "2026-03-19T10:32:00.000Z"}, "RUNNING"
        ),
    ),
    Mutant("GEN-066", "changed tomorrow", lambda stage: second(stage, {"/updatedAt": "2026-03-20T10:31:30.000Z"}, "RUNNING")[1:]),
    Mutant("GEN-025", "another version of the flow than it was made with", another_version),
    Mutant(
        "IDN-003",
        "a block is missing",
        lambda stage: [stage.read(operation=SESSION), changed(stage.read(operation=BLOCKS), {"/dataBlocks/0": REMOVED})],
    ),
    Mutant(
        "IDN-003",
        "a block has another type",
        lambda stage: [stage.read(operation=SESSION), changed(stage.read(operation=BLOCKS), {"/dataBlocks/0/type": "selfie"})],
    ),
    Mutant("IDN-003", "a reference to a block of another type", crossed),
    Mutant(
        "IDN-010",
        "started before it was made",
        lambda stage: [changed(stage.read(operation=SESSION), {"/startedAt": EARLIER})],
    ),
    Mutant(
        "IDN-010",
        "ended after its last change",
        lambda stage: [changed(stage.read(operation=SESSION), {"/completedAt": LATER})],
    ),
    Mutant("IDN-011", "changed earlier", lambda stage: [second(stage, {"/updatedAt": LATER})[1], second(stage, {})[0]]),
    Mutant(
        "IDN-012", "an end becomes another", lambda stage: second(stage, {"/sessionStatus": "ERROR", "/outcome": "NO_OUTCOME"})
    ),
    Mutant("IDN-013", "another session", lambda stage: [changed(stage.read(operation=SESSION), {"/sessionId": "other"})]),
    Mutant("IDN-013", "another environment", lambda stage: [changed(stage.read(operation=SESSION), {"/environment": "staging"})]),
    Mutant("IDN-015", "another subject", lambda stage: [(found := made(stage))[0], changed(found[1], {"/subjectId": "x"})]),
    Mutant("GEN-042", "a block twice", lambda stage: [twice(stage)]),
    Mutant(
        "IDN-016",
        "the newest block first",
        lambda stage: [changed(stage.read(operation=BLOCKS), {"/dataBlocks/0/createdAt": LATER})],
        also=("IDN-022",),
    ),
    Mutant("GEN-021", "another end", lambda stage: second(stage, {"/completedAt": "2026-03-19T10:31:29.000Z"})),
    Mutant("GEN-025", "another creation than it was made with", created_otherwise),
    Mutant("GEN-026", "another state than was sent", other_state),
    Mutant(
        "IDN-019",
        "the last step is gone",
        lambda stage: [found := stage.read("aborted", operation=SESSION), changed(found, {"/lastStep": REMOVED})],
    ),
    Mutant("GEN-027", "an end that changes", lambda stage: second(stage, {"/lastStep/verdict": "failed"})),
    Mutant("GEN-028", "another flow", lambda stage: second(stage, {"/flowId": "flow-2"}, "RUNNING")),
    Mutant("GEN-013", "another creation", lambda stage: second(stage, {"/createdAt": EARLIER})),
    Mutant(
        "GEN-048",
        "a block of the day after its session",
        lambda stage: [
            stage.read(operation=SESSION),
            changed(stage.read(operation=BLOCKS), {"/dataBlocks/4/createdAt": "2026-03-20T10:31:30.000Z"}),
        ],
    ),
    Mutant("GEN-034", "a creation answers the session before", created_again),
    Mutant(
        "IDN-020",
        "an ended session refers to none of its blocks",
        lambda stage: [stage.read(operation=BLOCKS), changed(stage.read(operation=SESSION), {"/results": {}})],
    ),
    Mutant("IDN-020", "a type that another session refers to", left_out),
    Mutant(
        "IDN-021",
        "the first step is said to be the last",
        lambda stage: [
            stage.read(operation=BLOCKS),
            changed(stage.read(operation=SESSION), {"/lastStep/stepId": "step_start_001", "/lastStep/stepType": "START"}),
        ],
    ),
)
