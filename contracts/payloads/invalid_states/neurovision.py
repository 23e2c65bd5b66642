"""Neuro-Vision: tasks, checks, tries, sums and times that do not go with one another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specimen.contracts.payloads.model.invalid_combinations import Made, NotHere, State, earlier, later, value_at
from specimen.contracts.payloads.model.mutations import ABSENT

READ = {"getSessionStatus": ""}
SESSION = {**READ, "processImages": ""}
MILLISECOND = 0.001

DOCUMENT, SELFIE, FACES = (f"/results/[type={kind}]" for kind in ("document", "selfie", "faces"))
TASKS = {"document": DOCUMENT, "selfie": SELFIE, "faces": FACES}
FRAUD = f"{SELFIE}/checks/[caption=fraud]/items"
AGE, GENDER = f"{FRAUD}/[caption=isAgeMismatch]", f"{FRAUD}/[caption=isGenderMismatch]"
MATCH = f"{FACES}/checks/0/items/0"
DECIDED = ("success", "failed")
# The documented fields of a finished task.
FIELDS = {
    DOCUMENT: ("docName", "tries", "startedAt", "isBackSide", "countryCode", "ocr", "images", "imagesFull", "imageObjects"),
    SELFIE: ("docName", "tries", "withDoc", "faceSelfie", "faceDoc", "images", "imagesFull"),
}


def tasks(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Made:
    """Every task, changed."""
    return lambda session: [change(task) for task in value_at(session, "/results")]


def every_task(status: str) -> Made:
    """Every task with this status."""
    return tasks(lambda task: {**task, "status": status})


def without(kind: str) -> Made:
    """The tasks but for those of a type; where there are faces, for otherwise nothing is compared."""

    def made(session: Any) -> Any:
        value_at(session, FACES)
        return [task for task in value_at(session, "/results") if task.get("type") != kind]

    return made


def passed(task: dict[str, Any]) -> dict[str, Any]:
    """A task that says of nothing that it failed, but for its own status."""
    checks = [
        {**check, "items": [{**item, "status": "success"} for item in check.get("items", ())]} for check in task.get("checks", ())
    ]
    return {**task, "errors": [], **({"checks": checks} if "checks" in task else {})}


def less_than_the_sum(session: Any) -> float:
    """Less than what the tasks spent together, and no less than any of them."""
    parts = [task.get("spent", 0) for task in value_at(session, "/results")]
    if sum(parts) - 0.02 < max(parts):
        raise NotHere("/spent")
    return round(float(sum(parts)) - 0.02, 3)


def less_than_a_task(session: Any) -> float:
    """No time, where a task spent some."""
    if max(task.get("spent", 0) for task in value_at(session, "/results")) < 0.1:
        raise NotHere("/spent")
    return 0.0


STATES = (
    # The session and its tasks.
    *(
        State(
            f"success-with-{task}-{status}", "NEU-001", READ, ("success",), {f"{pointer}/status": status},
            "The session succeeded and one of its tasks did not: who looks at the session alone lets an unverified person in.",
        )
        for task, pointer in TASKS.items()
        for status in ("failed", "processing", "idle")
    ),
    State(
        "shown-as-success", "NEU-001", READ, ("idle", "processing", "failed"), {"/status": "success"},
        "The status moved to success, and the tasks say otherwise.",
    ),
    State(
        "failed-with-every-task-well", "NEU-002", READ, ("failed",), {"/results": every_task("success")},
        "Refused, and no task says why.",
    ),
    State(
        "failed-without-tasks", "NEU-002", READ, ("failed",), {"/results": []},
        "Refused without any task: a rule on each of none is kept by nothing.",
    ),
    State(
        "shown-as-failed", "NEU-002", READ, ("idle", "processing", "success"), {"/status": "failed"},
        "The status moved to failed, and no task did.",
    ),
    State(
        "failed-without-reason", "NEU-003", READ, ("failed",), {"/errors": [], "/results": tasks(passed)},
        "A task failed; neither errors nor a check say why: there is no reason to show the customer.",
    ),
    *(
        State(
            f"idle-with-{task}-{status}", "NEU-004", SESSION, ("idle",),
            {f"{TASKS[task]}/status": status, **({f"{TASKS[task]}/tries": 1} if status in DECIDED else {})},
            "Nothing has started, and a task is already on its way.",
        )
        for task in ("document", "selfie")
        for status in ("processing", "success", "failed")
    ),
    State(
        "idle-with-time-spent", "NEU-004", SESSION, ("idle",), {"/spent": 1.5},
        "Nothing has started, and time was spent on it.",
    ),
    *(
        State(
            f"processing-with-every-task-{status}", "NEU-005", READ, ("processing",), {"/results": every_task(status)},
            "Every task is over and the session is not: who polls waits for ever.",
        )
        for status in DECIDED
    ),
    State(
        "shown-as-processing", "NEU-005", READ, DECIDED, {"/status": "processing", "/secondsToLive": 9},
        "A stale status over tasks that are all over.",
    ),
    # What is left of its life.
    *(
        State(
            f"expired-with-{seconds}-seconds", "NEU-006", READ, ("expired",), {"/secondsToLive": seconds},
            "Expired, and time is left: who goes by the seconds tries again and is refused.",
        )
        for seconds in (1, 1800)
    ),
    State(
        "open-without-seconds", "NEU-007", SESSION, ("idle", "processing"), {"/secondsToLive": 0},
        "No time is left, and the session is still open.",
    ),
    # Faces.
    *(
        State(
            f"faces-without-{task}", "NEU-008", READ, DECIDED, {"/results": without(task)},
            "Two faces were compared, and one of the two pictures is not there.",
        )
        for task in ("document", "selfie")
    ),
    State(
        "faces-alone", "NEU-008", READ, ("success",),
        {"/results": lambda session: [value_at(session, FACES)]},
        "Two faces were compared, and neither picture is there.",
    ),
    State(
        "faces-not-compared", "NEU-009", READ, DECIDED, {"/results": without("faces")},
        "A document and a selfie, and no check compares them.",
    ),
    *(
        State(
            f"match-{name}", "NEU-013", READ, DECIDED, {f"{MATCH}/value": value},
            "The match is documented as a percentage: another writing of it is compared as text, or as a hundredth of it.",
        )
        for name, value in (
            ("above-a-hundred", "101%"), ("negative", "-1%"), ("without-sign", "92"), ("fraction", "0.92"), ("comma", "92,5%"),
            ("spaced", "92 %"), ("empty", ""), ("word", "high"),
        )
    ),
    *(
        State(
            f"match-of-{name}", "NEU-013", READ, DECIDED, {f"{MATCH}/images": images},
            "A comparison is between two pictures.",
        )
        for name, images in (
            ("one-image", lambda session: value_at(session, f"{MATCH}/images")[:1]),
            ("three-images", lambda session: [*value_at(session, f"{MATCH}/images"), "https://media.example/third.jpg"]),
            ("no-images", []),
        )
    ),
    *(
        State(
            f"match-without-{field}", "NEU-026", READ, DECIDED, {f"{MATCH}/{field}": ABSENT},
            "A comparison without its result or its pictures cannot be shown or checked.",
        )
        for field in ("value", "images")
    ),
    # Tries.
    *(
        State(
            f"{tries}-tries-{name}", "NEU-010", READ, DECIDED, {f"{DOCUMENT}/tries": tries, f"{DOCUMENT}/history": history},
            "The number of tries and the entries of their history tell of two different sessions.",
        )
        for tries, name, history in (
            (1, "with-an-entry", [{}]), (2, "without-entries", []), (2, "with-two-entries", [{}] * 2),
            (2, "without-history", ABSENT), (3, "with-one-entry", [{}]), (4, "with-two-entries", [{}] * 2),
            (5, "with-five-entries", [{}] * 5), (6, "with-two-entries", [{}] * 2), (50, "with-fifty-entries", [{}] * 50),
        )
    ),
    *(
        State(
            f"{task}-untried", "NEU-031", READ, DECIDED, {f"{TASKS[task]}/tries": 0},
            "A task succeeded or failed at no attempt at all.",
        )
        for task in ("document", "selfie")
    ),
    # Fraud checks with a value.
    *(
        State(
            f"age-{name}", "NEU-014", READ, DECIDED, {f"{AGE}/value": value},
            "The years between the selfie and the document are a number; a text is compared letter by letter.",
        )
        for name, value in (("as-text", "15"), ("as-an-empty-text", ""))
    ),
    *(
        State(
            f"gender-{name}", "NEU-015", READ, DECIDED, {f"{GENDER}/value": value},
            "The check says whom it saw, as a word.",
        )
        for name, value in (("as-a-number", 1), ("empty", ""))
    ),
    *(
        State(
            f"{name}-left-out", "NEU-027", READ, DECIDED, {f"{pointer}/value": ABSENT},
            "The check failed or passed, and what it measured is not reported.",
        )
        for name, pointer in (("age", AGE), ("gender", GENDER))
    ),
    *(
        State(
            f"gender-{name}", "NEU-016", READ, DECIDED, {f"{GENDER}/value": value},
            "Another value than the two documented ones.",
        )
        for name, value in (("feminine", "feminine"), ("capitals", "FEMALE"), ("letter", "F"), ("unknown", "unknown"))
    ),
    # What a finished task shows.
    *(
        State(
            f"{task}-without-{field.lower()}", "NEU-021", READ, DECIDED, {f"{TASKS[task]}/{field}": ABSENT},
            "A task is over, and one of its documented fields is not there.",
        )
        for task in ("document", "selfie")
        for field in FIELDS[TASKS[task]]
    ),
    # Sums and times.
    State(
        "spent-less-than-tasks", "NEU-011", READ, ("processing", "success", "failed"), {"/spent": less_than_the_sum},
        "The whole is less than its parts: who is billed by it pays too little.",
    ),
    State(
        "spent-nothing", "NEU-032", READ, ("processing", "success", "failed"), {"/spent": less_than_a_task},
        "The tasks spent time, the session none: a sum that was not made.",
    ),
    State(
        "spent-a-day", "NEU-029", READ, DECIDED, {"/spent": 86_400},
        "More seconds than have passed, as milliseconds make it: who is billed by it pays a thousandfold.",
    ),
    State(
        "task-started-before-session", "NEU-012", READ, ("processing", "success", "failed"),
        {f"{DOCUMENT}/startedAt": earlier("/createdAt", MILLISECOND)},
        "A task of a session that did not exist yet: clocks of two machines.",
    ),
    State(
        "task-started-after-answer", "NEU-012", READ, ("processing", "success", "failed"),
        {f"{DOCUMENT}/startedAt": later("/responseTime", MILLISECOND)},
        "A task that will start after it was reported: a wrong time zone.",
    ),
    State(
        "answered-before-created", "NEU-012", SESSION, ("idle", "processing", "success", "failed", "exception", "expired"),
        {"/responseTime": earlier("/createdAt", MILLISECOND)},
        "The answer is older than the session in it.",
    ),
)  # fmt: skip
