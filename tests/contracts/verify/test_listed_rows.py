"""A row of each list is read by its id, also one of a session that the walk did not make, and must say the same."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from specimen import specs
from specimen.contracts.reporting.model import Report
from specimen.contracts.requests import request_discovery
from specimen.contracts.verify.lifecycle_tests.listed_rows import ids_of, largest_page, to_read
from specimen.contracts.verify.runner import verify
from tests.contracts.servers import FOREIGN, Change, Place, is_home, place

LISTING = [name for name in specs.names() if request_discovery.lists(specs.load(name))]


def made_elsewhere(there: Place, name: str) -> str:
    """The id of a session that another client made."""
    create = specs.load(name).lifecycle.create
    made = httpx.post(f"{there.url}/v1/sessions", headers=there.auth, json=create.request.body)
    found: str = made.json()["data"]["id"] if name == "kayle" else made.json()["id"]
    return found


def changed_row(name: str, edit: Any) -> Change:
    """Lists whose rows are changed in one member."""

    def change(value: Any, reported: dict[str, Any]) -> Any:
        rows = (
            value.get("data") if reported["method"] == "GET" and reported["status"] == 200 and isinstance(value, dict) else None
        )
        for row in rows if isinstance(rows, list) else ():
            edit(row)
        return value

    assert name in LISTING
    return change


def verified(there: Place, name: str, **options: Any) -> Report:
    """A smoke run without a driver."""
    return verify(there.url, name, profile="smoke", auth=there.auth, driver="none", **options)


@pytest.mark.parametrize("name", LISTING)
def test_row_that_the_walk_did_not_make__is_read(name: str) -> None:
    """By each kind of read that takes what the row shows; the mock's answers agree."""
    with place(name) as there:
        foreign = made_elsewhere(there, name)
        found = verified(there, name)
        reads = [one for one in there.seen if one.method == "GET" and one.path.endswith(f"/sessions/{foreign}")]
    assert reads
    assert [(entry.violation.rule, entry.violation.pointer) for entry in found.found] == []
    assert foreign not in repr(found)


@pytest.mark.parametrize("name", LISTING)
def test_row_with_another_time_than_its_read__is_found(name: str) -> None:
    """Of sessions of others too, where the walk itself would have seen nothing."""
    foreign = ""

    def edit(row: dict[str, Any]) -> None:
        if foreign in (row.get("id"), row.get("session_id")):
            row["created_at"] = "2026-01-01T00:00:00.000Z"

    with place(name, change=changed_row(name, edit)) as there:
        foreign = made_elsewhere(there, name)
        found = verified(there, name)
    assert ("GEN-025", "created_at") in {(one.violation.rule, one.violation.pointer.rpartition("/")[2]) for one in found.found}


@pytest.mark.parametrize("name", LISTING)
def test_row_whose_id_no_read_takes__is_found(name: str) -> None:
    """A list that shows an id of the right form that is none."""

    def edit(row: dict[str, Any]) -> None:
        for key in ("id", "session_id"):
            if key in row:
                row[key] = row[key][:-1] + ("0" if row[key][-1] != "0" else "1")

    with place(name, change=changed_row(name, edit)) as there:
        found = verified(there, name)
    assert any(one.violation.operation in ("getSession", "getVerification") for one in found.errors), found.found


@pytest.mark.parametrize("require", [(), ("listSessions",)])
def test_production_host__is_asked_for_rows_of_a_list_that_was_named(require: tuple[str, ...]) -> None:
    """And for no other."""
    with place("kayle", host=FOREIGN) as there:
        foreign = made_elsewhere(there, "kayle")
        there.seen.clear()
        verified(there, "kayle", require=require, loopback=is_home, sleep=lambda _: None)
        paths = [one.path for one in there.seen]
    assert any(path.endswith(foreign) for path in paths) == bool(require)
    assert bool(paths) == bool(require)


def test_ids__are_known_by_their_names_and_forms() -> None:
    """A row of kyve is a verification, which names its session."""
    kyve, kayle = specs.load("kyve"), specs.load("kayle")
    assert ids_of(kyve, {"id": "ver_1", "session_id": "ses_1"}) == {"verification": "ver_1", "session": "ses_1"}
    assert ids_of(kayle, {"id": "vs_1", "status": "failed"}) == {"session": "vs_1"}
    assert ids_of(kyve, {"id": None, "name": "x"}) == {}
    assert to_read(kyve, None, (), 1) == []
    assert largest_page(request_discovery.lists(kayle)[0]) == {"limit": 100}
