"""Datasets: the same lawful rows in any number of processes and shards, in files that are whole or not there."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import pickle
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet
from typer.testing import CliRunner

from specimen import specs
from specimen.cli import app
from specimen.contracts.judge.history import History
from specimen.contracts.judge.judge import observe
from specimen.fixtures.datasets import NOW, Row, Shard, dataset, files, row_generation, rows, write
from specimen.fixtures.datasets.mix import mixed, weights
from specimen.fixtures.primitives import times
from specimen.fixtures.recipes import session_histories
from specimen.specs import SpecimenError
from tests.living import exchange, invalid

NAMES = specs.names()
READS = [
    (name, operation)
    for name in NAMES
    for operation in dict.fromkeys(read.operation for read in specs.load(name).lifecycle.reads)
]


@pytest.fixture
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups of ten rows."""
    monkeypatch.setattr(row_generation, "GROUP_ROWS", 10)


def run(*words: str) -> Any:
    """The command, run to its end in this process."""
    return CliRunner().invoke(app, ["dataset", *words], env={"COLUMNS": "200"})


# -- rows ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "operation"), READS)
def test_rows__are_lawful(name: str, operation: str) -> None:
    """A sample keeps the document, the strict overlay and the judge's rules, and lies in the 90 days before `now`."""
    provider = specs.load(name)
    even = dict.fromkeys(provider.lifecycle.scenarios, 1.0)
    made = dataset(provider, 10**6, mix=even, seed=5, operation=operation)
    ids = set()
    for number in range(0, 10**6, 2503):
        row = made.row(number)
        assert not invalid(provider, operation, row.body), row
        course = next(one for one in made.mix.courses if one.scenario.name == row.scenario)
        moment = session_histories.snapshot(
            provider, course.scenario, seed=0, key="", created_at=row.created_at, steps=course.steps
        )
        named = {**moment.ids, **_shown_ids(name, row), next(iter(moment.ids)): row.session_id}
        read = exchange(provider, _with_ids(moment, named), operation, row.body)
        found = [one for one in observe(read, History()) if one.severity == "error"]
        assert not found, (row.scenario, found)
        assert NOW - row_generation.SPREAD <= row.created_at <= moment.now <= NOW
        ids.add(row.session_id)
    assert len(ids) == 400


def _shown_ids(name: str, row: Row) -> dict[str, str]:
    return {"verification": row.body["id"]} if name == "kyve" and row.operation == "getVerification" else {}


def _with_ids(moment: Any, ids: dict[str, str]) -> Any:
    from dataclasses import replace

    return replace(moment, ids=ids, id=next(iter(ids.values())))


@given(data=st.data())
def test_rows__shards_in_a_row_are_the_whole(data: st.DataObject) -> None:
    """Whatever the number of rows and of shards; no shard is more than a group larger than another."""
    count, parts = data.draw(st.integers(0, 10**7)), data.draw(st.integers(1, 200))
    made = dataset("kayle", count)
    groups = [made.groups(Shard(index, parts)) for index in range(1, parts + 1)]
    assert list(itertools.chain(*groups)) == list(range(-(-count // row_generation.GROUP_ROWS)))
    assert max(map(len, groups)) - min(map(len, groups)) <= 1
    assert sum(made.size(Shard(index, parts)) for index in range(1, parts + 1)) == count


@pytest.mark.usefixtures("small_groups")
def test_rows__depend_on_seed_and_number_only() -> None:
    """Not on how many there are, nor on the shard, nor on other rows; another seed gives others."""
    whole = list(rows("predicate", 47, seed=9))
    assert [row.row for row in whole] == list(range(47))
    assert list(rows("predicate", 1_000_000, seed=9, shard=(1, 25_000))) == whole[:40]
    assert [row for index in (1, 2, 3) for row in rows("predicate", 47, seed=9, shard=(index, 3))] == whole
    assert dataset("predicate", 47, seed=9).row(31) == whole[31]
    assert not {row.session_id for row in whole} & {row.session_id for row in rows("predicate", 47, seed=10)}


def test_rows__move_with_now() -> None:
    """The same people and ids' keys, another time."""
    later = NOW + 86_400_000
    first, second = next(rows("idnow", 1)), next(rows("idnow", 1, now=later))
    assert second.created_at - first.created_at == 86_400_000
    assert second.scenario == first.scenario


def test_dataset__goes_to_another_process() -> None:
    """What arrives makes the same rows."""
    made = dataset("neurovision", 10, mix={"failed": 2, "success": 1}, seed=3, now=NOW + 1000)
    assert pickle.loads(pickle.dumps(made)).row(7) == made.row(7)


# -- mix ----------------------------------------------------------------------------------------------------------


def test_mix__shares_are_kept() -> None:
    """Within four standard deviations; a state's share is spread evenly over the scenarios that end in it."""
    wanted = {"success": 8.0, "failed": 1.5, "expired": 0.5}
    provider, count = specs.load("neurovision"), 4000
    made = dataset(provider, count, mix=wanted, seed=1)
    states = Counter(made.mix.at(_share(made, number)).scenario.path[-1] for number in range(count))
    for name, weight in wanted.items():
        share = weight / 10
        assert abs(states[name] / count - share) < 4 * (share * (1 - share) / count) ** 0.5
    failed = [one for one in made.mix.courses if one.scenario.path[-1] == "failed"]
    assert len(failed) == sum(one.path[-1] == "failed" for one in provider.lifecycle.scenarios.values())
    assert len({one.scenario.name for one in made.mix.courses if one.scenario.path[-1] == "success"}) == 1


def _share(made: Any, number: int) -> float:
    course = made.mix
    seen: list[float] = []

    class Spy:
        courses = course.courses

        def at(self, share: float) -> Any:
            seen.append(share)
            return course.at(share)

    from dataclasses import replace

    replace(made, mix=Spy()).row(number)
    return seen[0]


def test_mix__weights_are_normalised_and_zero_is_never_drawn() -> None:
    """80 and 20 are 0.8 and 0.2."""
    assert list(rows("kayle", 50, mix={"succeeded": 80, "expired": 20})) == list(
        rows("kayle", 50, mix={"succeeded": 0.8, "expired": 0.2})
    )
    provider = specs.load("kayle")
    found = mixed(provider, {"expired": 0, "succeeded": 1e-9, "failed": 0})
    assert [one.scenario.name for one in found.courses] == ["succeeded"]
    assert found.at(0.0) == found.at(0.999_999_999_999_999_9) == found.courses[0]


def test_mix__alias_and_state_that_no_scenario_ends_in() -> None:
    """An alias is as good as a name; the first scenario that passes such a state is held there."""
    provider = specs.load("kyve")
    alias = next(one for one in provider.lifecycle.scenarios.values() if one.alias != one.name)
    assert {row.scenario for row in rows(provider, 5, mix={alias.alias: 1})} == {alias.name}
    ends = {one.path[-1] for one in provider.lifecycle.scenarios.values()}
    state = next(name for name in provider.lifecycle.states if name not in ends)
    made = list(rows(provider, 5, mix={state: 1}))
    assert {(row.state, row.body["status"]) for row in made} == {(state, state)}


def test_mix__usual() -> None:
    """Without one every scenario is there, and the happy path four times in five."""
    for name in NAMES:
        provider = specs.load(name)
        found = mixed(provider, None)
        assert [one.scenario.name for one in found.courses] == list(provider.lifecycle.scenarios)
        assert found.bounds[0] == pytest.approx(0.8)
        assert found.bounds[-1] == 1.0


@pytest.mark.parametrize("name", NAMES)
def test_mix__success_is_the_happy_path_of_every_vendor(name: str) -> None:
    """One command for all five, whatever each calls it."""
    provider = specs.load(name)
    (course,) = mixed(provider, {"success": 1.0}).courses
    assert course.scenario == provider.lifecycle.default
    assert course.steps == len(course.scenario.path) - 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sucess=1", "mix 'sucess': neurovision has no such scenario or state. Did you mean 'success'?"),
        ("success", "mix 'success': expected NAME=WEIGHT"),
        ("success=", "mix 'success=': expected a number"),
        ("success=a", "mix 'success=a': expected a number"),
        ("=1", "mix '=1': expected NAME=WEIGHT"),
        ("", "mix '': expected NAME=WEIGHT"),
        ("success=1,success=2", "mix 'success': it stands twice"),
        ("success=-0.1,failed=1", "mix 'success=-0.1': expected a weight of 0 or more"),
        ("success=nan", "mix 'success=nan': expected a weight of 0 or more"),
        ("success=inf", "mix 'success=inf': expected a weight of 0 or more"),
        ("success=0,failed=0", "mix: all weights are 0"),
        ("success=1e308,failed=1e308", "mix: the weights are too large"),
    ],
)
def test_mix__what_is_refused(text: str, message: str) -> None:
    """The message names the part, and what was expected."""
    with pytest.raises(SpecimenError) as told:
        dataset("neurovision", 1, mix=weights(text))
    assert str(told.value).startswith(message)


# -- files --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("small_groups")
@pytest.mark.parametrize("suffix", [".ndjson", ".ndjson.gz"])
def test_write__lines_of_shards_in_a_row_are_the_whole_file(tmp_path: Path, suffix: str) -> None:
    """Byte for byte, packed too, and twice the same."""
    path = tmp_path / f"whole{suffix}"
    assert write(path, "kyve", 47, seed=2) == 47
    parts = b""
    for index in range(1, 5):
        part = tmp_path / f"{index}{suffix}"
        write(part, "kyve", 47, seed=2, shard=(index, 4))
        parts += part.read_bytes()
    assert parts == path.read_bytes()
    write(path, "kyve", 47, seed=2, force=True)
    assert parts == path.read_bytes()
    text = gzip.decompress(parts) if suffix.endswith(".gz") else parts
    for line, row in zip(text.decode().splitlines(), rows("kyve", 47, seed=2), strict=True):
        told = json.loads(line)
        assert times.parse(told.pop("created_at")) == row.created_at
        assert told == {name: getattr(row, name) for name in ("row", "scenario", "state", "session_id", "operation", "body")}


@pytest.mark.parametrize(("name", "operation"), READS)
def test_write__parquet(tmp_path: Path, name: str, operation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every shard has the schema, also one that is empty; the body and its own fields agree."""
    monkeypatch.setattr(row_generation, "GROUP_ROWS", 10)
    path = tmp_path / "whole.parquet"
    write(path, name, 25, operation=operation)
    whole = parquet.ParquetFile(path)
    assert whole.metadata.num_row_groups == 3
    assert [whole.metadata.row_group(index).num_rows for index in range(3)] == [10, 10, 5]
    found = whole.read().to_pylist()
    parts = []
    for index in range(1, 6):
        part = tmp_path / f"{index}.parquet"
        write(part, name, 25, operation=operation, shard=(index, 5))
        assert parquet.read_schema(part) == whole.schema_arrow
        parts += parquet.read_table(part).to_pylist()
    assert parts == found
    pointer = {"kayle": "data"}.get(name)
    for told, row in zip(found, rows(name, 25, operation=operation), strict=True):
        assert (told["row"], told["scenario"], told["state"], told["session_id"]) == (
            row.row, row.scenario, row.state, row.session_id,
        )  # fmt: skip
        assert round(told["created_at"].timestamp() * 1000) == row.created_at
        assert json.loads(told["body"]) == row.body
        home = row.body[pointer] if pointer else row.body
        scalars = {key: value for key, value in home.items() if isinstance(value, (str, int, float, bool))}
        assert {key[5:]: value for key, value in told.items() if key.startswith("body_") and value is not None} == scalars


def test_write__a_provider_from_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own fields become columns too, in other processes as well."""
    monkeypatch.setenv(specs.SEARCH_PATH_VARIABLE, str(Path(__file__).parent.parent / "providers" / "external_provider"))
    path = tmp_path / "veritas.parquet"
    assert write(path, "veritas", 2 * row_generation.GROUP_ROWS, processes=2) == 2 * row_generation.GROUP_ROWS
    first = parquet.ParquetFile(path).read_row_group(0).slice(0, 1).to_pylist()[0]
    assert first["body_verdict"] == json.loads(first["body"])["check"]["verdict"] == first["state"]


@pytest.mark.parametrize("suffix", [".ndjson", ".parquet", ".ndjson.gz"])
def test_write__two_processes_write_what_one_writes(tmp_path: Path, suffix: str) -> None:
    """The same bytes; the first of three groups is told first."""
    one, two = tmp_path / f"one{suffix}", tmp_path / f"two{suffix}"
    told: list[tuple[int, int]] = []
    count = 2 * row_generation.GROUP_ROWS + 3
    write(one, "predicate", count, seed=4)
    write(two, "predicate", count, seed=4, processes=2, on_progress=lambda *at: told.append(at))
    assert one.read_bytes() == two.read_bytes()
    assert told == [(2000, count), (4000, count), (count, count)]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([one.name, two.name])


def test_write__an_existing_file_stays(tmp_path: Path) -> None:
    """Without --force; what stood there is not touched."""
    path = tmp_path / "a.ndjson"
    path.write_text("mine")
    with pytest.raises(SpecimenError, match="the file exists; choose another name, or replace it with --force"):
        write(path, "kayle", 1)
    assert path.read_text() == "mine"
    assert write(path, "kayle", 1, force=True) == 1
    assert json.loads(path.read_text())["row"] == 0


@pytest.mark.parametrize("suffix", [".ndjson", ".parquet"])
def test_write__a_failure_leaves_nothing(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a part of the file nor a temporary one, and what stood there stays."""
    path = tmp_path / f"a{suffix}"
    path.write_text("mine")
    monkeypatch.setattr(row_generation, "GROUP_ROWS", 10)

    def stop(written: int, _: int) -> None:
        if written == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(path, "kayle", 50, force=True, on_progress=stop)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    assert path.read_text() == "mine"


def test_write__without_pyarrow_lines_still_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install, before any row is made."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "specimen.fixtures.datasets.parquet", raising=False)
    with pytest.raises(SpecimenError, match=r"needs PyArrow, which is not installed: pip install 'specimen-kyc\[dataset\]'"):
        write(tmp_path / "a.parquet", "kayle", 5)
    assert not list(tmp_path.iterdir())
    assert write(tmp_path / "a.ndjson", "kayle", 5) == 5


# -- the command --------------------------------------------------------------------------------------------------


def test_command__writes_and_says_so(tmp_path: Path) -> None:
    """What it writes is what the function writes; nothing goes to standard output."""
    path, other = tmp_path / "a.ndjson", tmp_path / "b.ndjson"
    done = run(
        "neurovision", "--rows", "40", "--mix", "success=0.8,failed=0.2", "--seed", "7", "--now", "2026-02-01", "--out", str(path)
    )
    assert done.exit_code == 0, done.output
    assert done.stdout == ""
    assert "40 rows" in done.stderr
    write(other, "neurovision", 40, mix={"success": 0.8, "failed": 0.2}, seed=7, now=times.parse("2026-02-01"))
    assert path.read_bytes() == other.read_bytes()


def test_command__says_that_a_shard_has_no_row(tmp_path: Path) -> None:
    """A file without rows is no mistake, but it is told, and why."""
    path = tmp_path / "a.ndjson"
    done = run("kayle", "--rows", "10", "--shard", "3/16", "--out", str(path))
    assert done.exit_code == 0
    assert path.read_bytes() == b""
    assert "0 rows, 0.0 MB: none of the 10 rows is in shard 3/16, for shards begin at multiples of 2,000 rows" in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["neurovison", "--out", "a.ndjson"], "Did you mean 'neurovision'?"),
        (["kayle", "--out", "a.parq"], "Did you mean '.parquet'?"),
        (["kayle", "--out", ".parquet"], "name ends in"),
        (["kayle", "--out", "nowhere/a.ndjson"], "there is no folder"),
        (["kayle", "--out", "folder.ndjson"], "it is a folder"),
        (["kayle", "--out", "a.ndjson", "--mix", "x=1"], "no such scenario or state"),
        (["kayle", "--out", "a.ndjson", "--shard", "0/3"], "shard 0/3: expected K/N"),
        (["kayle", "--out", "a.ndjson", "--shard", "4/3"], "shard 4/3: expected K/N"),
        (["kayle", "--out", "a.ndjson", "--shard", "3"], "shard '3': expected K/N"),
        (["kayle", "--out", "a.ndjson", "--now", "soon"], "--now soon: expected a moment"),
        (["kayle", "--out", "a.ndjson", "--now", "1850-01-01T00:00:00Z"], "--now 1850-01-01T00:00:00Z: expected a moment from"),
        (["kayle", "--out", "a.ndjson", "--now", "1900-01-01"], "--now 1900-01-01: expected a moment from 2000"),
        (["kyve", "--out", "a.ndjson", "--operation", "getSesion"], "Did you mean 'getSession'?"),
        (["kyve", "--out", "a.ndjson", "--operation", "createSession"], "does not read the sessions of"),
        (["kayle", "--out", "a.ndjson", "--rows", "0"], "--rows"),
        (["kayle", "--out", "a.ndjson", "--processes", "0"], "--processes"),
    ],
)
def test_command__mistakes(words: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 2, one sentence, no file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.ndjson").mkdir()
    done = run(*words)
    assert done.exit_code == 2, done.output
    assert message in done.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder.ndjson"]


@pytest.mark.sample(1)
@pytest.mark.parametrize(("sent", "processes"), [(signal.SIGINT, 1), (signal.SIGINT, 2), (signal.SIGTERM, 2)])
def test_command__interrupted(sent: signal.Signals, processes: int, tmp_path: Path) -> None:
    """Ctrl-C, which reaches all its processes, and a request to end leave nothing behind, and print no traceback."""
    command = [sys.executable, "-m", "specimen", "dataset", "neurovision", "--rows", "1000000", "--processes", str(processes)]
    started = subprocess.Popen(
        [*command, "--out", str(tmp_path / "a.ndjson")], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 60
    while not any(entry.stat().st_size for entry in tmp_path.iterdir()):
        assert time.monotonic() < deadline
        assert started.poll() is None
        time.sleep(0.05)
    if sent == signal.SIGINT:
        os.killpg(started.pid, sent)
    else:
        started.send_signal(sent)
    _, told = started.communicate(timeout=60)
    assert started.returncode == 130
    assert told.splitlines() == ["stopped; nothing was written"]
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="children are listed in Linux's /proc")
def test_command__killed_leaves_no_process(tmp_path: Path) -> None:
    """What makes the rows ends with what writes them, however that ends."""
    command = [sys.executable, "-m", "specimen", "dataset", "neurovision", "--rows", "1000000", "--processes", "2"]
    started = subprocess.Popen([*command, "--out", str(tmp_path / "a.ndjson")], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not any(entry.stat().st_size for entry in tmp_path.iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    children = Path(f"/proc/{started.pid}/task/{started.pid}/children").read_text().split()
    assert len(children) >= 2
    started.kill()
    started.wait(20)
    while any(Path(f"/proc/{child}/cmdline").exists() and Path(f"/proc/{child}/cmdline").read_bytes() for child in children):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("suffix", [".ndjson", ".parquet"])
def test_command__a_full_disk_is_told(suffix: str, tmp_path: Path) -> None:
    """In one sentence; nothing is left."""
    limited = (
        "import resource, signal, runpy, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        " resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000));"
        " sys.argv = ['specimen', *sys.argv[1:]]; runpy.run_module('specimen', run_name='__main__')"
    )
    command = [sys.executable, "-c", limited, "dataset", "kayle", "--rows", "12000", "--out", str(tmp_path / f"a{suffix}")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2, done.stderr
    assert "cannot be written: File too large" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_command__help_shows_examples() -> None:
    """With the command's own words."""
    done = run("--help")
    assert done.exit_code == 0
    assert "specimen dataset neurovision" in done.stdout


def test_files__each_form_is_told() -> None:
    """The forms are those of the help."""
    assert list(files.FORMS) == [".parquet", ".ndjson", ".ndjson.gz"]
