"""A rule that names a namespace is for that one alone, wherever it comes from."""

from __future__ import annotations

import pytest

from tests.mockserver.calling import ask, ask_entry, create_entry, frozen_app

RULES = (
    {"id": "of-one", "kind": "status", "status": 503, "match": {"namespace": "job-17"}},
    {"id": "of-all", "kind": "status", "status": 429, "match": {"operation": "createSession", "after": 1}},
)
CONTROL = "/_specimen/v1"


@pytest.mark.parametrize(("namespace", "statuses"), [("default", [201, 429]), ("job-17", [503, 503]), ("job-18", [201, 429])])
def test_file__limits_a_rule_to_a_namespace(namespace: str, statuses: list[int]) -> None:
    """The faults with which the server began are those of every new namespace, but for the ones that name another."""
    app = frozen_app("kyve", faults=RULES)
    for _ in range(2):  # as it began, and after a reset
        found = [ask_entry(app, create_entry(app, "kyve"), Specimen_Namespace=namespace).status_code for _ in statuses]
        assert found == statuses
        there = {"Specimen-Namespace": namespace}
        listed = ask(app, "GET", f"{CONTROL}/faults", there).json()["faults"]
        assert [one["id"] for one in listed] == (["of-one", "of-all"] if namespace == "job-17" else ["of-all"])
        assert ask(app, "POST", f"{CONTROL}/reset", there, json={}).status_code < 300


def test_control__takes_a_rule_of_the_namespace_it_is_added_to() -> None:
    """One that names another is refused: it would never be done there."""
    app = frozen_app("kyve")
    rule = {"kind": "reset", "match": {"namespace": "job-17"}}
    there = {"Specimen-Namespace": "job-17"}
    assert ask(app, "POST", f"{CONTROL}/faults", there, json=rule).status_code == 201
    for method, path, body in (("POST", "", rule), ("PUT", "/mine", rule), ("PUT", "", {"faults": [rule]})):
        refused = ask(app, method, f"{CONTROL}/faults{path}", json=body)
        assert (refused.status_code, refused.json()["possible"]) == (400, {"namespace": ["default"]}), refused.text
        assert "Specimen-Namespace: job-17" in refused.json()["detail"]
