"""What the loader says of files that state what cannot be: where, what, and what to do."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from specimen import specs
from specimen.specs.core.errors import SpecError, did_you_mean
from specimen.specs.core.yaml_files import read_yaml
from tests.mockserver import dummy_provider

Change = Callable[[dict[str, Any]], Any]


def _scenario(path: list[str], alias: str = "x") -> dict[str, Any]:
    return {"alias": alias, "summary": "A way.", "path": path, **dummy_provider.SOURCE}


LIFECYCLES: dict[str, tuple[Change, str]] = {
    "unknown key at the top": (
        lambda data: data.update(titel="Atlas"),
        r"top level: .*Unknown key 'titel'\. Did you mean 'title'\?",
    ),
    "unknown key of a state": (
        lambda data: data["states"]["done"].update(terminl=True),
        r"states/done: .*Unknown key 'terminl'\. Did you mean 'terminal'\?",
    ),
    "unknown key of a transition": (
        lambda data: data["transitions"][0].update(second=3),
        r"transitions/0: .*Unknown key 'second'\. Did you mean 'seconds'\?",
    ),
    "unknown key of a request": (
        lambda data: data["create"]["request"].update(bodi={}),
        r"create/request: .*Unknown key 'bodi'\. Did you mean 'body'\?",
    ),
    "unknown key of an error": (
        lambda data: data["errors"].update(
            bad_request={"operation": "getRecord", "status": 400, "request": {}, "kind": 1, **dummy_provider.SOURCE}
        ),
        r"errors/bad_request: .*Unknown key 'kind'\. Possible: .*operation",
    ),
    "missing key": (lambda data: data.pop("initial"), r"top level: \"initial\" is a required property"),
    "value of the wrong type": (
        lambda data: data["transitions"][0].update(seconds="long"),
        r"transitions/0/seconds: \"long\" is not of type \"number\"",
    ),
    "unknown mark": (lambda data: data["states"]["done"].update(mark="X"), r"states/done/mark: \"X\" is not one of"),
    "unknown kind of id": (lambda data: data["ids"]["record"].update(kind="uuid9"), r"ids/record/kind: \"uuid9\" is not one of"),
    "prefixed id without a length": (lambda data: data["ids"]["receipt"].pop("length"), r"ids/receipt: \"length\" is a required"),
    "alias too long": (
        lambda data: data["scenarios"]["done"].update(alias="thirteenchars"),
        r"scenarios/done/alias: \"thirteenchars\" does not match",
    ),
    "transition to a missing state": (
        lambda data: data["transitions"][2].update(to="don"),
        r"transition to 'don': 'don': no such state\. Did you mean 'done'\?",
    ),
    "transition from a missing state": (
        lambda data: data["transitions"][2].update({"from": "bussy"}),
        r"transition from 'bussy': 'bussy': no such state\. Did you mean 'busy'\?",
    ),
    "transition out of a terminal state": (
        lambda data: data["transitions"].append(
            {"from": "done", "to": "bad", "cause": "regret", "seconds": 1, **dummy_provider.SOURCE}
        ),
        r"transition 'done' to 'bad': 'done' is terminal, so nothing leaves it\.",
    ),
    "initial state missing": (lambda data: data.update(initial="opn"), r"initial: 'opn': no such state\. Did you mean 'open'\?"),
    "lifetime to a missing state": (
        lambda data: data["lifetime"].update(to="lapst"),
        r"lifetime: 'lapst': no such state\. Did you mean 'lapsed'\?",
    ),
    "lifetime over no edge": (
        lambda data: data["lifetime"].update(to="done"),
        r"lifetime: 'open' to 'done' is no transition\.",
    ),
    "scenario through an illegal edge": (
        lambda data: data["scenarios"].update(leap=_scenario(["open", "done"])),
        r"scenarios/leap: 'open' to 'done' is no transition\. Possible: bad, busy, lapsed\.",
    ),
    "scenario through a missing state": (
        lambda data: data["scenarios"].update(lost=_scenario(["open", "bussy"])),
        r"scenarios/lost: 'bussy': no such state\. Did you mean 'busy'\?",
    ),
    "scenario that begins elsewhere": (
        lambda data: data["scenarios"].update(late=_scenario(["busy", "done"])),
        r"scenarios/late: 'busy': no such first state\. Possible: open\.",
    ),
    "duplicated alias": (
        lambda data: data["scenarios"].update(twin=_scenario(["open", "bad"], "ok")),
        r"scenarios/twin: alias 'ok' is taken by scenario 'done'\.",
    ),
    "wrong credential of an error": (
        lambda data: data["errors"].update(
            who={"operation": "getRecord", "status": 401, "request": {}, "credential": "liv", **dummy_provider.SOURCE}
        ),
        r"errors/who: 'liv': no such credential\. Did you mean 'live'\?",
    ),
    "wrong credential of a setup": (
        lambda data: data["errors"].update(
            who={
                "operation": "getRecord",
                "status": 401,
                "request": {},
                "setup": [{"operation": "makeRecord", "request": {}, "credential": "odl"}],
                **dummy_provider.SOURCE,
            }
        ),
        r"errors/who: 'odl': no such credential\. Did you mean 'old'\?",
    ),
    "operation missing from the document": (
        lambda data: data["create"].update(operation="makeRecrod"),
        r"operation 'makeRecrod' is not in openapi\.yaml\. Did you mean 'makeRecord'\?",
    ),
    "credential that fails with no example": (
        lambda data: data["credentials"]["old"].update(fails="lokced"),
        r"credentials/old: fails with 'lokced', which no operation has as an example\. Did you mean 'locked'\?",
    ),
    "read of a missing operation": (
        lambda data: data["reads"][0].update(operation="seeRecord"),
        r"operation 'seeRecord' is not in openapi\.yaml\. Did you mean 'getRecord'\?",
    ),
    "setup of a missing operation": (
        lambda data: data["errors"].update(
            who={
                "operation": "getRecord",
                "status": 401,
                "request": {},
                "setup": [{"operation": "makeRecords", "request": {}}],
                **dummy_provider.SOURCE,
            }
        ),
        r"operation 'makeRecords' is not in openapi\.yaml\. Did you mean 'makeRecord'\?",
    ),
}


@pytest.mark.parametrize("case", LIFECYCLES)
def test_lifecycle_file__error_says_where_and_what(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each mistake in lifecycle.yaml names the file, the place in it, and the remedy."""
    change, pattern = LIFECYCLES[case]
    data = dummy_provider.lifecycle()
    change(data)
    with pytest.raises(SpecError, match=pattern) as raised:
        dummy_provider.load(monkeypatch, tmp_path, dummy_provider.document(), data)
    assert str(raised.value).startswith(str(tmp_path / "atlas" / "lifecycle.yaml"))


DOCUMENTS: dict[str, tuple[Change, str]] = {
    "not OpenAPI 3.1": (lambda data: data.update(openapi="3.0.3"), r"expected an OpenAPI 3\.1 document"),
    "no operationId": (
        lambda data: data["paths"]["/records"]["post"].pop("operationId"),
        r"/paths/~1records/post: an operationId is missing\.",
    ),
    "operationId twice": (
        lambda data: data["paths"]["/records"]["post"].update(operationId="getRecord"),
        r"the operationId 'getRecord' stands twice\.",
    ),
    "$ref to nowhere": (
        lambda data: data["paths"]["/records"]["post"]["responses"].update({"409": {"$ref": "#/components/responses/Timeout"}}),
        r"/components/responses/Timeout: there is no 'Timeout'\. Did you mean 'RequestTimeout'\?",
    ),
    "$ref to another file": (
        lambda data: data["paths"]["/records"]["post"]["responses"].update({"409": {"$ref": "other.yaml#/x"}}),
        r"/paths/~1records/post/responses/409: \$ref 'other\.yaml#/x' leads nowhere in this file\.",
    ),
    "$ref in a circle": (
        lambda data: (
            data["components"]["responses"].update(
                {"A": {"$ref": "#/components/responses/B"}, "B": {"$ref": "#/components/responses/A"}},
            )
            or data["paths"]["/records"]["post"]["responses"].update({"409": {"$ref": "#/components/responses/A"}})
        ),
        r"\$ref '#/components/responses/A' leads nowhere in this file\.",
    ),
    "schema $ref to nowhere": (
        lambda data: data["paths"]["/records"]["post"]["requestBody"]["content"]["application/json"].update(
            schema={"$ref": "#/components/schemas/Missing"}
        ),
        r"/components/schemas/Missing: there is no 'Missing'\.",
    ),
    "account-dependent in words": (
        lambda data: data["paths"]["/records"]["post"]["responses"].update(
            {"403": {"description": "Not allowed.", "x-account-dependent": "yes"}}
        ),
        r"/paths/~1records/post/responses/403: x-account-dependent is true or false, not 'yes'\.",
    ),
    "other content types that are read": (
        lambda data: data["paths"]["/records"]["post"]["requestBody"].update({"x-other-content-types": "read"}),
        r"/paths/~1records/post/requestBody: x-other-content-types is `ignored` or is left out, not 'read'\.",
    ),
}


def test_document__answers_of_the_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A status, or one error code of a status, may be marked as one that any valid request may meet."""
    data = dummy_provider.document()
    responses = data["paths"]["/records"]["post"]["responses"]
    responses["403"] = {"description": "Not allowed.", "x-account-dependent": True}
    examples = {
        "frozen": {"x-account-dependent": True, "value": {"error": {"code": "frozen"}}},
        "malformed": {"value": {"error": {"code": "malformed"}}},
    }
    responses["409"] = {"description": "Refused.", "content": {"application/json": {"examples": examples}}}
    found = next(
        operation.responses
        for operation in dummy_provider.load(monkeypatch, tmp_path, data).document.operations.values()
        if "409" in operation.responses
    )
    reported = {name: [(one.code, one.reason) for one in found[name].account_refusals] for name in ("403", "409")}
    assert reported == {"403": [(None, "Not allowed.")], "409": [("frozen", "frozen")]}
    assert found["403"].account_refusal({"any": "body"}) is not None
    assert found["409"].account_refusal({"error": {"code": "malformed"}}) is None


def test_document__answers_of_the_account_that_share_a_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The field that the body blames tells them from others; where errors have no codes, the message does."""
    data = dummy_provider.document()
    responses = data["paths"]["/records"]["post"]["responses"]

    def invalid(field: str) -> dict[str, Any]:
        return {"error": {"code": "invalid", "message": "No.", "fields": [{"field": field}]}}

    marked = {"x-account-dependent": True}
    examples = {"plan": {**marked, "value": invalid("plan")}, "name": {"value": invalid("name")}}
    responses["422"] = {"description": "Refused.", "content": {"application/json": {"examples": examples}}}
    examples = {"host": {**marked, "value": {"message": "This host is not allowed."}}, "form": {"value": {"message": "No JSON."}}}
    responses["400"] = {"description": "Refused.", "content": {"application/json": {"examples": examples}}}
    document = dummy_provider.load(monkeypatch, tmp_path, data).document
    found = next(one.responses for one in document.operations.values() if "422" in one.responses and "400" in one.responses)
    assert found["422"].account_refusal(invalid("plan")) is not None
    assert found["422"].account_refusal(invalid("name")) is None
    assert found["400"].account_refusal({"message": "This host is not allowed."}) is not None
    assert found["400"].account_refusal({"message": "No JSON."}) is None


@pytest.mark.parametrize("case", DOCUMENTS)
def test_document__error_says_where_and_what(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each mistake in openapi.yaml names the file, the place in it, and the remedy."""
    change, pattern = DOCUMENTS[case]
    data = dummy_provider.document()
    change(data)
    with pytest.raises(SpecError, match=pattern) as raised:
        dummy_provider.load(monkeypatch, tmp_path, data)
    assert str(raised.value).startswith(str(tmp_path / "atlas" / "openapi.yaml"))


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("a: 1\nb: 2\na: 3\n", "the key 'a' stands twice.*line 3"),
        ("a:\n  b: 1\n  b: 2\n", "the key 'b' stands twice.*line 3"),
        ("a: [1, 2\n", "line"),
        ("a: !!python/object:os.system x\n", "could not determine a constructor"),
        ("a: !!python/tuple [x]\n", "could not determine a constructor"),
        ("a: 1\nb: &b [1, *b]\n", "a value holds itself.*line 2"),
    ],
)
def test_yaml__bad_file(text: str, pattern: str, tmp_path: Path) -> None:
    """A YAML file with a repeated key, a syntax error or a Python tag is refused with its line."""
    path = tmp_path / "file.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError, match=pattern) as raised:
        read_yaml(path)
    assert raised.value.where == str(path)


def test_yaml__not_utf8(tmp_path: Path) -> None:
    """A file that is not UTF-8 is refused, not guessed."""
    path = tmp_path / "file.yaml"
    path.write_bytes(b"a: \xff\xfe\n")
    with pytest.raises(SpecError, match="utf-8"):
        read_yaml(path)


def test_yaml__plain_json_values(tmp_path: Path) -> None:
    """Timestamps stay text, keys become text, and merge keys or anchors keep working as YAML's JSON part."""
    path = tmp_path / "file.yaml"
    path.write_text("at: 2026-01-02T03:04:05Z\nday: 2026-01-02\n200: ok\nbase: &b {x: 1}\nsame: *b\n", encoding="utf-8")
    assert read_yaml(path) == {
        "at": "2026-01-02T03:04:05Z",
        "day": "2026-01-02",
        "200": "ok",
        "base": {"x": 1},
        "same": {"x": 1},
    }


def test_yaml__kinds_of_scalars(tmp_path: Path) -> None:
    """Numbers, truth values and nulls are what YAML says; in quotes all is text."""
    path = tmp_path / "file.yaml"
    path.write_text('- [1, -0x10, 1.5, .inf, true, no, null, ~]\n- ["1", \'true\', "", plain]\n-\n', encoding="utf-8")
    assert read_yaml(path) == [[1, -16, 1.5, float("inf"), True, False, None, None], ["1", "true", "", "plain"], None]


def test_missing_file__is_a_spec_error(tmp_path: Path) -> None:
    """A file that is not there is named."""
    with pytest.raises(SpecError, match="No such file"):
        read_yaml(tmp_path / "none.yaml")


def test_search_path__wrong_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part of SPECIMEN_PATH that is no folder is named."""
    monkeypatch.setenv(specs.SEARCH_PATH_VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(SpecError, match=rf"^SPECIMEN_PATH: '{re.escape(str(tmp_path))}/nowhere' is not a folder\.$"):
        specs.names()


def test_search_path__folder_without_providers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that holds no provider is a mistake, not an empty list."""
    monkeypatch.setenv(specs.SEARCH_PATH_VARIABLE, str(tmp_path))
    with pytest.raises(SpecError, match=r"holds no folder with openapi\.yaml and lifecycle\.yaml"):
        specs.names()


def test_search_path__a_root_or_a_provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SPECIMEN_PATH takes folders of providers and a provider's own folder, several of them."""
    built_in = specs.names()
    one, other = dummy_provider.write(tmp_path / "a", name="atlas"), dummy_provider.write(tmp_path / "b", name="boreas")
    monkeypatch.setenv(specs.SEARCH_PATH_VARIABLE, f"{one.parent}{os.pathsep}{other}")
    assert specs.names() == (*built_in, "atlas", "boreas")
    assert specs.load("boreas").folder == other
    assert not specs.load("boreas").is_builtin


def test_search_path__built_in_names_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder outside does not take the place of a built-in provider."""
    name = specs.names()[0]
    dummy_provider.write(tmp_path, name=name)
    monkeypatch.setenv(specs.SEARCH_PATH_VARIABLE, str(tmp_path))
    assert specs.load(name).is_builtin


def test_load__unknown_provider() -> None:
    """An unknown provider gets the nearest name."""
    name = specs.names()[0]
    with pytest.raises(SpecError, match=rf"provider '{name}x': there is none\. Did you mean '{name}'\?"):
        specs.load(name + "x")


@pytest.mark.parametrize("name", specs.names())
def test_load__frozen(name: str) -> None:
    """What is loaded cannot be changed: mappings are read-only, values are tuples, loading twice gives the same."""
    provider = specs.load(name)
    assert specs.load(name) is provider
    lifecycle = provider.lifecycle
    assert isinstance(lifecycle.states, MappingProxyType)
    assert isinstance(lifecycle.scenarios, MappingProxyType)
    with pytest.raises(TypeError):
        lifecycle.default.facts["x"] = 1  # type: ignore[index]
    with pytest.raises(AttributeError):
        lifecycle.default.path = ()  # type: ignore[misc]


def test_lifecycle__through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A state's first scenario, the default scenario, edges and terminal states are read in the file's order."""
    lifecycle = dummy_provider.load(monkeypatch, tmp_path).lifecycle
    assert lifecycle.default.name == "done"
    assert lifecycle.terminal == {"done", "bad", "lapsed"}
    found = lifecycle.through("bad")
    assert found is not None
    assert found.name == "bad"
    assert lifecycle.through("nowhere") is None
    assert lifecycle.is_edge("open", "busy")
    assert not lifecycle.is_edge("busy", "open")
    assert lifecycle.transition("busy", "done").cause == "finished"


def test_did_you_mean__lists_what_is_possible() -> None:
    """Without a near value the sentence lists all, and says so when there is nothing."""
    assert did_you_mean("xyz", ["b", "a"]) == "Possible: a, b."
    assert did_you_mean("xyz", []) == "Possible: nothing."
