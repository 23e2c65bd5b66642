"""`specimen faults`, and the options of `specimen serve` that are about faults and the control API."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import jsonschema_rs

from specimen import specs
from specimen.mockserver.preferences.faults import rules
from specimen.mockserver.preferences.faults.drifts import drifts_of
from tests.serving import run, serving

KAYLE = {"Authorization": "Bearer kk_live_specimen"}


def test_faults__lists_kinds_and_drifts(tmp_path: Path) -> None:
    """As a table, as JSON and as a schema for editors."""
    table = run("faults", "kayle", folder=tmp_path).stdout
    listed = json.loads(run("faults", "--json", folder=tmp_path).stdout)
    assert [kind["kind"] for kind in listed["kinds"]] == list(rules.kinds())
    assert set(listed["drifts"]) == set(specs.names())
    magic = run("faults", "predicate", "--magic", "status:503", folder=tmp_path).stdout.strip()
    assert json.loads(run("faults", "--magic", "status:503", "--json", folder=tmp_path).stdout)["predicate"] == magic
    assert magic.startswith("0x")
    assert "there is none" in run("faults", "predicate", "--magic", "rest", folder=tmp_path).stderr
    for name in (*rules.kinds(), *rules.presets(), *drifts_of(specs.load("kayle"))):
        assert name in table
    schema = json.loads(run("faults", "--schema", folder=tmp_path).stdout)
    assert jsonschema_rs.Draft202012Validator(schema).is_valid({"faults": rules.presets()["chaos"]})


def test_serve__with_a_file_of_faults_and_without_control(tmp_path: Path) -> None:
    """The faults are done in every namespace; the control API is not there."""
    file = tmp_path / "faults.json"
    file.write_text(
        json.dumps({"faults": [{"kind": "status", "status": 503, "match": {"operation": "listSessions"}}]}), encoding="utf-8"
    )
    with serving("kayle", "--faults", str(file), "--no-control", folder=tmp_path) as url:
        for namespace in ("default", "other"):
            headers = {**KAYLE, "Specimen-Namespace": namespace}
            assert httpx.get(f"{url}/kayle/v1/sessions", headers=headers).status_code == 503
        assert httpx.get(f"{url}/_specimen/v1/clock").status_code == 404
    file.write_text('{"faults": [{"kind": "explode"}]}', encoding="utf-8")
    done = run("serve", "--port", "0", "--faults", str(file), folder=tmp_path)
    assert done.returncode == 2
    assert 'fault kind "explode": there is none' in done.stderr


def test_serve__prints_a_token_where_others_reach_it(tmp_path: Path) -> None:
    """Beyond loopback a token is made, printed once, and needed."""
    with serving("kayle", "--host", "0.0.0.0", folder=tmp_path) as url:
        log = (tmp_path / "serve.log").read_text(encoding="utf-8")
        token = log.partition("(bearer token ")[2].partition(")")[0]
        assert len(token) >= 32
        assert httpx.get(f"{url}/_specimen/v1/clock").status_code == 401
        assert httpx.get(f"{url}/_specimen/v1/clock", headers={"Authorization": f"Bearer {token}"}).status_code == 200
        assert "frozen" in run("ctl", "--url", url, "--token", token, "--json", "clock", folder=tmp_path).stdout
