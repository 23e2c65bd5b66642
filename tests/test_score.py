"""The score's machinery: every table is whole, a change breaks one thing, and what is counted is right."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import httpx
import pytest

from specimen import specs
from specimen.contracts.http.operation_matching import match
from specimen.mockserver.http.server import running
from tests.mockserver.calling import frozen_app
from tests.providers.provider_contract_tests import exchanges
from tests.score import result_store, scoring, table
from tests.score.__main__ import main
from tests.score.asgi import Answer, Call, Changed
from tests.score.changes import CLASSES, FIELDS, REQUESTS, Mutant, alter, drop, put
from tests.score.runs import CI, PLAIN, SMOKE, Outcome, Served, mutants, run, serving, subject
from tests.score.scoring import UNBROKEN, Job
from tests.score.variants import VARIANTS

NAMES = [name for name in specs.names() if specs.load(name).is_builtin]
# One of each class, and the conforming ones that are quickest to lose.
HANDFUL = {
    "idnow": ("no_credentials_read", "outcome_missing", "results_early", "terminal_left", "references_to_nothing"),
    "kyve": ("key_ignored",),
}
SHOWN = "2026-03-19T10:31:26.000Z"
VALID = {"idnow": ("more_fields", "chunked", "uuids_in_capitals"), "predicate": ("not_found_for_malformed",)}


def call(name: str, method: str, path: str, body: bytes = b"") -> Call:
    """A request to a provider."""
    return Call(specs.load(name), method, path, "", {}, body)


def test_tables__hold_enough_of_every_class() -> None:
    """At least 120 broken implementations in five classes, each provider in each class, and 15 conforming ones."""
    found = Counter((name, entry.kind) for name in NAMES for entry in mutants(name))
    assert sum(found.values()) >= 120
    assert set(found) == {(name, kind) for name in NAMES for kind in CLASSES}
    assert len(VARIANTS) >= 15


@pytest.mark.parametrize("name", NAMES)
def test_tables__names_are_unique_and_reasons_are_of_mutants(name: str) -> None:
    """A name stands for one mutant or variant; a reason for surviving belongs to a mutant."""
    names = Counter(entry.name for entry in (*mutants(name), *VARIANTS))
    assert max(names.values()) == 1
    known = {entry.name for entry in mutants(name)}
    assert {label for label in known if table.reason(name, label) != table.NO_REASON} <= known
    assert all(entry.broken and entry.broken[-1] != "." for entry in mutants(name))


@pytest.mark.parametrize("name", NAMES)
def test_changes__without_one_the_mock_answers_as_it_does(name: str) -> None:
    """What stands in front of the mock takes nothing away and adds nothing."""
    provider, app = specs.load(name), frozen_app(name, sse_max_seconds=0.05)

    async def nothing(asked, ask):
        return await ask(asked)

    wrapped = Changed(frozen_app(name, sse_max_seconds=0.05), provider, nothing)
    wrapped.mounted = wrapped.inner.mounted
    plain = Changed(app, provider)
    plain.mounted = app.mounted
    for one, other in zip(*(asyncio.run(exchanges(each, provider)) for each in (plain, wrapped)), strict=True):
        assert one.response.status_code == other.response.status_code
        assert one.response.content == other.response.content
        assert dict(one.response.headers) == dict(other.response.headers)


def test_edits__reach_every_place_that_a_pointer_means() -> None:
    """`*` stands for each entry; what is not there is left alone."""
    value = {"rows": [{"id": "a", "at": None}, {"id": "b", "at": 1}], "map": {"x": {"n": 1}, "y": {}}}
    asked = call(NAMES[0], "GET", "/")
    edits = [alter("/rows/*/at", str), put("/map/*/n", 2), drop("/rows/0/id"), drop("/none/id"), put("/none/id", 1)]
    for edit in (*edits, alter("/rows/9/id", str)):
        edit(value, asked)
    assert value == {"rows": [{"at": None}, {"id": "b", "at": "1"}], "map": {"x": {"n": 2}, "y": {"n": 2}}}


@pytest.mark.parametrize("name", NAMES)
def test_mutants__have_a_memory_for_each_run(name: str) -> None:
    """Two runs of one mutant know nothing of each other."""
    for entry in mutants(name):
        assert entry.make() is not entry.make(), entry.name


def test_calls__change_only_what_they_name() -> None:
    """An id in the path is replaced as it was sent, encoded."""
    asked = call("kayle", "GET", "/v1/sessions/a%7Bb")
    assert asked.parameters == {"id": "a{b"}
    assert asked.to("a{b", "c d").path == "/v1/sessions/c%20d"
    assert asked.path == "/v1/sessions/a%7Bb"
    assert match(asked.provider.document, "GET", asked.to("a{b", "c d").path) is not None


def test_variants__an_end_is_dated_after_the_last_delivery() -> None:
    """However many deliveries have moved the time of the last change before."""
    change = next(one for one in VARIANTS if one.name == "touched_by_deliveries").make()
    states = iter(["in_progress"] * 9 + [min(specs.load("kayle").lifecycle.terminal)] * 2)

    async def ask(_: Call) -> Answer:
        return Answer.of(200, {"data": {"id": "vs_1", "status": next(states), "updated_at": SHOWN}})

    async def shown() -> str:
        return (await change(call("kayle", "GET", "/v1/sessions/vs_1"), ask)).json["data"]["updated_at"]

    times = [asyncio.run(shown()) for _ in range(11)]
    assert times[:10] == sorted(set(times))
    assert times[9] == times[10]


def test_runs__a_handful_is_found_and_the_valid_are_not() -> None:
    """`smoke` finds a mutant of each class; neither the mock nor a conforming variant is found fault with."""
    with serving() as served:
        for name in {**HANDFUL, **VALID}:
            assert run(served, name, None, SMOKE, 1)[:2] == ((), ())
        for name, labels in HANDFUL.items():
            for label in labels:
                assert run(served, name, subject(name, label), SMOKE, 1).is_found, label
        for name, labels in VALID.items():
            for label in labels:
                assert run(served, name, subject(name, label), SMOKE, 1)[:2] == ((), ()), label


@pytest.mark.long("Schemathesis alone takes seconds; the table of the score has it")
def test_runs__schemathesis_alone_is_silent_and_finds() -> None:
    """It has its own checks, finds nothing in the mock and ends at the first finding."""
    with serving() as served:
        whole = run(served, "idnow", None, PLAIN, 1)
        broken = run(served, "idnow", subject("idnow", "no_credentials_read"), PLAIN, 1)
    assert not whole.is_found
    assert broken.is_found
    assert broken.requests <= whole.requests


def test_serving__tells_no_implementation_that_the_server_starts() -> None:
    """One that heard of it began to send its webhooks itself, in runs whose port had not come up before them."""
    served, asked = Served(), []

    async def implementation(scope: Any, _: Any, send: Any) -> None:
        asked.append(scope["type"])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    served.app = implementation
    with running(served) as url:  # type: ignore[arg-type]
        assert httpx.get(url, trust_env=False).status_code == 204
    assert asked == ["http"]


def test_runs__a_change_that_fails_is_no_finding() -> None:
    """A mistake in the table is reported, and changes nothing."""

    def make():
        async def change(asked, ask):
            return Answer.of(200, {}["nothing"])

        return change

    with serving() as served:
        found = run(served, "idnow", Mutant("mistaken", FIELDS, "the table", make), SMOKE, 1)
    assert not found.is_found
    assert found.mistake == "KeyError: 'nothing'"


def made_up() -> scoring.Results:
    """Two mutants of one class and seeds in which one of them is found by a note, or not at all."""
    first, second = _two()
    found, noted, nothing = Outcome(("GEN-1",), (), 9, 0.5), Outcome((), ("GEN-2",), 9, 0.5), Outcome((), (), 100, 2.0)
    results = {}
    for seed in (1, 2):
        results[Job("kayle", UNBROKEN, CI, seed)] = nothing
        results[Job("kayle", first, CI, seed)] = found
        results[Job("kayle", second, CI, seed)] = noted if seed == 1 else nothing
    return results


def _two() -> list[str]:
    return [entry.name for entry in mutants("kayle") if entry.kind == REQUESTS][:2]


def test_table__counts_seeds_and_names_survivors() -> None:
    """Median and range, with and without --strict; a survivor is one that some seed does not find."""
    results = made_up()
    row = next(entry for entry in scoring.rows(results) if entry.kind == REQUESTS)
    assert (row.count, row.strict, row.plain) == (2, (2, 1), (1, 1))
    assert scoring.survivors(results, CI) == {("kayle", _two()[1]): 1}
    text = table.markdown(results)
    assert "| request validation and auth | 2 | 1.5 (1–2) · 1 |" in text
    assert _two()[1] in text


def test_table__a_mutant_counts_only_where_the_mock_passes() -> None:
    """Where the unbroken mock is found fault with, nothing is counted, and it is a false alarm."""
    results = made_up()
    results[Job("kayle", UNBROKEN, CI, 2)] = Outcome((), ("KAY-001",), 100, 2.0)
    row = next(entry for entry in scoring.rows(results) if entry.kind == REQUESTS)
    assert row.strict == (2,)
    assert list(scoring.false_alarms(results)) == [Job("kayle", UNBROKEN, CI, 2)]


def test_table__says_how_many_seeds_each_suite_had() -> None:
    """One number where it is the same for all."""
    once = Outcome((), (), 1, 0.1)
    same = {Job("kayle", "", suite, seed): once for suite in (SMOKE, PLAIN) for seed in (1, 2)}
    assert "2 seeds: median" in table.markdown(same)
    fewer = {job: outcome for job, outcome in same.items() if (job.suite, job.seed) != (PLAIN, 2)}
    assert "`smoke` 2 seeds, Schemathesis alone 1 seed: median" in table.markdown(fewer)


def test_table__a_suite_has_the_seeds_in_which_the_mock_passed_it() -> None:
    """Where the mock fails one suite, that suite's seed is left out; it is not counted as nothing found."""
    results = made_up()
    for job, outcome in made_up().items():
        results[job._replace(suite=SMOKE)] = outcome
    results[Job("kayle", UNBROKEN, SMOKE, 2)] = Outcome((), ("KAY-001",), 100, 2.0)
    found = {row.suite: row.strict for row in scoring.rows(results) if row.kind == REQUESTS}
    assert found == {SMOKE: (2,), CI: (2, 1)}


def test_table__says_how_many_valid_runs_there_were() -> None:
    """A suite that met no variant says so, and without any variant there is no row."""
    results = made_up()
    nothing = Outcome((), (), 100, 2.0)
    assert "| false alarms, unbroken mock | | 0 in 2 runs |" in table.markdown(results)
    assert "conforming variants |" not in table.markdown(results)
    results[Job("kayle", UNBROKEN, PLAIN, 1)] = nothing
    results[Job("kayle", "pretty_json", CI, 1)] = Outcome(("GEN-1",), (), 9, 0.5)
    results[Job("kayle", "pretty_json", CI, 2)] = nothing
    results[Job("kyve", "chunked", CI, 1)] = nothing
    text = table.markdown(results)
    assert "| false alarms, unbroken mock | | 0 in 2 runs | 0 in 1 run |" in text
    assert "| false alarms, 2 conforming variants | | 1 in 3 runs | not run |" in text


def test_table__says_how_seconds_were_measured() -> None:
    """Seconds are those of runs with nothing beside them, and the table says so."""
    assert "one at a time, before the rest" in table.markdown(made_up())


def test_table__a_departing_variant_may_have_notes() -> None:
    """What departs from an assumption may be reported so; an error is a false alarm."""
    departing = next(entry.name for entry in VARIANTS if entry.departs)
    results = {Job("kayle", departing, SMOKE, 1): Outcome((), ("KAY-020",), 90, 1.0)}
    assert not scoring.false_alarms(results)
    results = {Job("kayle", departing, SMOKE, 1): Outcome(("KAY-001",), (), 90, 1.0)}
    assert scoring.false_alarms(results)


def scored(processes: int, suites: tuple[str, ...] = (SMOKE,)) -> tuple[scoring.Results, list[str]]:
    """Some mutants and a variant of one provider, in so many processes; the results, and what was reported, as it ended."""
    reported: list[str] = []
    found = scoring.score(
        ["idnow"], [1], only=frozenset({"no_credentials_read", "results_early", "chunked"}), suites=suites,
        processes=processes, tell=lambda *now: reported.append(now[2]),
    )  # fmt: skip
    return found, reported


@pytest.mark.long("runs `ci` on three implementations")
def test_score__runs_the_unbroken_mock_first_and_repeats_no_finding() -> None:
    """The mock is measured before the rest begins; what `smoke` finds with an error is not run again under `ci`."""
    found, reported = scored(1, (SMOKE, CI))
    assert reported[:2] == ["smoke idnow", "ci idnow"]
    assert found[Job("idnow", "no_credentials_read", SMOKE, 1)].errors
    assert found[Job("idnow", "no_credentials_read", CI, 1)] is found[Job("idnow", "no_credentials_read", SMOKE, 1)]
    assert len(reported) == len(found)


@pytest.mark.parametrize("suites", [(SMOKE,), (CI, PLAIN)], ids=str)
@pytest.mark.long("runs three implementations twice; that another one repeats its bytes is tested for each")
def test_score__is_the_same_in_any_number_of_processes(suites: tuple[str, ...]) -> None:
    """Neither the number of processes nor what ran before in one changes what is sent, found and shown first."""
    one, two = (scored(processes, suites)[0] for processes in (1, 2))
    assert list(one) == list(two)
    assert [entry._replace(seconds=0) for entry in one.values()] == [entry._replace(seconds=0) for entry in two.values()]


def test_score__a_run_that_raises_is_named() -> None:
    """The error says which suite, provider, mutant and seed; nothing else is waited for."""
    with pytest.raises(scoring.RunError, match=r"^smoke idnow no_such_mutant seed 1: StopIteration"):
        scoring.run_all([Job("idnow", "no_such_mutant", SMOKE, 1)], 1)


def test_score__a_process_that_ends_is_reported_with_its_run() -> None:
    """Where a process is killed, the error names what it may have been at."""
    jobs = [Job("idnow", label, SMOKE, 1) for label in ("", "chunked", "slower")]
    with pytest.raises(scoring.RunError, match=r"^a process ended in one of these runs: smoke idnow chunked seed 1$"):
        scoring.run_all(jobs, 1, lambda *_: [child.kill() for child in active_children()])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "chunkd"], "--only chunkd: no such mutant or variant of idnow. Did you mean 'chunked'?"),
        (["--jobs", "0"], "--jobs: expected 1 or more, not 0"),
        (["--seeds", "few"], "--seeds: expected a whole number, not few"),
        (["--out", "/none/such.json"], "--out /none/such.json: No such file or directory"),
    ],
)
def test_command__says_what_is_wrong_before_it_runs(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A mistake in an argument is reported at once, not after an hour."""
    with pytest.raises(SystemExit):
        main(["--provider", "idnow", *arguments])
    assert said in capsys.readouterr().err


GIVEN = ("--provider", "idnow", "--seeds", "1", "--suite", SMOKE, "--only", "chunked", "--jobs", "1")


def test_command__writes_every_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The table is printed, each run stands in the file, and --of prints the same table of the file."""
    out = tmp_path / "score.ndjson"
    assert main([*GIVEN, "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "| false alarms, 1 conforming variant | | 0 in 1 run |" in printed
    runs = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(run["label"], run["suite"], run["seed"]) for run in runs] == [("", SMOKE, 1), ("chunked", SMOKE, 1)]
    assert main(["--of", str(out)]) == 0
    assert capsys.readouterr().out == printed


def test_command__goes_on_where_it_was_stopped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the file holds is not run again; a line that was cut off is."""
    out = tmp_path / "score.ndjson"
    marked = Outcome((), (), 12345, 9.0)
    first, second = (Job("idnow", label, SMOKE, 1) for label in (UNBROKEN, "chunked"))
    code = result_store.fingerprint()
    out.write_text(result_store.line(first, marked, code) + result_store.line(second, marked, code)[:50])
    assert main([*GIVEN, "--out", str(out)]) == 0
    assert "| requests for a provider | | 12345 |" in capsys.readouterr().out
    _, found = result_store.read([out])
    assert found[first] == marked
    assert found[second].requests not in {0, 12345}


def test_command__keeps_what_ended_before_it_is_stopped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C says that the same command goes on, and what has ended is in the file already."""
    out = tmp_path / "score.ndjson"
    add = result_store.Kept.add

    def stopped(self: result_store.Kept, job: Job, outcome: Outcome) -> None:
        add(self, job, outcome)
        raise KeyboardInterrupt

    monkeypatch.setattr(result_store.Kept, "add", stopped)
    assert main([*GIVEN, "--out", str(out)]) == 130
    assert capsys.readouterr().err == f"stopped: the same command goes on from what {out} holds\n"
    assert list(result_store.read([out])[1]) == [Job("idnow", UNBROKEN, SMOKE, 1)]


@pytest.mark.long("runs Schemathesis three times; that no finding is repeated has a test of the score itself")
def test_command__a_copy_of_smokes_finding_is_not_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`ci` is not run on what `smoke` found; the file does not say that it was, and `--whole` then runs it."""
    out, label = tmp_path / "score.ndjson", "no_credentials_read"
    given = ["--provider", "idnow", "--seeds", "1", "--only", label, "--suite", SMOKE, "--suite", CI, "--jobs", "1"]
    assert main([*given, "--out", str(out)]) == 0
    table = capsys.readouterr().out
    ci = Job("idnow", label, CI, 1)
    kept_jobs = [json.loads(text)["label"] for text in out.read_text().splitlines() if json.loads(text)["suite"] == CI]
    assert kept_jobs == [UNBROKEN]
    assert result_store.read([out])[1][ci] == result_store.read([out])[1][ci._replace(suite=SMOKE)]
    assert main(["--of", str(out)]) == 0
    assert capsys.readouterr().out == table
    assert main([*given, "--whole", "--out", str(out)]) == 0
    assert result_store.read([out])[1][ci] != result_store.read([out])[1][ci._replace(suite=SMOKE)]


def test_command__prints_the_same_table_whatever_ended_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Runs of a file are put in order; a last line that was cut off is left out, and what is not whole is said."""
    files = [tmp_path / name for name in ("one.ndjson", "other.ndjson")]
    lines = [result_store.line(job, outcome, result_store.fingerprint()) for job, outcome in made_up().items()]
    files[0].write_text("".join(lines))
    files[1].write_text("".join(reversed(lines)) + lines[0][:40])
    printed = []
    for file in files:
        main(["--of", str(file)])
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    assert "Not whole" not in printed[0]
    files[0].write_text("".join(lines[:-1]))
    main(["--of", str(files[0])])
    assert "Not whole: `ci` has 3 of 4 runs of mutants." in capsys.readouterr().out


def test_command__says_what_it_cannot_make_a_table_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file without runs, and one with a mutant that is no more."""
    file = tmp_path / "score.ndjson"
    gone = result_store.line(Job("idnow", "long_gone", SMOKE, 1), Outcome((), (), 1, 1.0), result_store.fingerprint())
    for text, said in (("", "--of no run stands in it"), (gone, "idnow has no mutant or variant 'long_gone' any more")):
        file.write_text(text)
        with pytest.raises(SystemExit):
            main(["--of", str(file)])
        assert said in _said(capsys)


def test_kept__takes_nothing_after_the_code_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes begin again and again, with the code of the moment."""
    job, outcome = Job("idnow", UNBROKEN, SMOKE, 1), Outcome(("lone \ud800",), (), 1, 1.0)
    with result_store.Kept(tmp_path / "score.ndjson", result_store.fingerprint()) as file:
        file.add(job, outcome)
        monkeypatch.setattr(result_store, "_stamps", list)
        file.add(job._replace(seed=2), outcome)
        monkeypatch.setattr(result_store, "fingerprint", lambda: "0123456789ab")
        with pytest.raises(result_store.KeptError, match="the code changed while it was run"):
            file.add(job._replace(seed=3), outcome)
    _, found = result_store.read([tmp_path / "score.ndjson"])
    assert found == {job: outcome, job._replace(seed=2): outcome}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fcntl")
def test_kept__belongs_to_one_score_at_a_time(tmp_path: Path) -> None:
    """A second score on the same file is refused, and nothing is cut off under the first one's hands."""
    file, code = tmp_path / "score.ndjson", result_store.fingerprint()
    job, outcome = Job("idnow", UNBROKEN, SMOKE, 1), Outcome((), (), 1, 1.0)
    with result_store.Kept(file, code) as first:
        first.add(job, outcome)
        with pytest.raises(result_store.KeptError, match="another score is writing it"):
            result_store.Kept(file, code)
    with result_store.Kept(file, code) as second:
        assert second.results == {job: outcome}


def test_command__mixes_no_runs_of_different_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither does it go on from other code's runs, nor print two codes' runs in one table."""
    out, other = tmp_path / "score.ndjson", tmp_path / "other.ndjson"
    job, outcome = Job("idnow", UNBROKEN, SMOKE, 1), Outcome((), (), 1, 1.0)
    before = result_store.line(job, outcome, "0123456789ab")
    out.write_text(before)
    other.write_text(result_store.line(job, outcome, "ba9876543210"))
    with pytest.raises(SystemExit):
        main([*GIVEN, "--out", str(out)])
    code = result_store.fingerprint()
    assert f"--out {out}: holds runs of other code (0123456789ab; this is {code}): name another" in _said(capsys)
    assert out.read_text() == before
    with pytest.raises(SystemExit):
        main(["--of", str(out), "--of", str(other)])
    assert f"--of these are runs of different code: {out} (0123456789ab), {other} (ba9876543210)" in _said(capsys)


@pytest.mark.parametrize(
    "text", ["[1]\n", "not json\n", '{"label": ""}\n', "\xff\n", "no newline", '{"code": 404}', '{"code": "x"}\n']
)
def test_command__another_file_is_left_alone(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is something else is named, with its line, and keeps its content."""
    out = tmp_path / "notes.txt"
    out.write_text(text, encoding="latin-1")
    for option in ("--out", "--of"):
        with pytest.raises(SystemExit):
            main([*GIVEN, option, str(out)])
        assert f"{option} {out}:1: no run that --out wrote" in _said(capsys), option
    assert out.read_text(encoding="latin-1") == text


def test_kept__the_fingerprint_is_of_sources_alone(tmp_path: Path) -> None:
    """A changed, moved or new source changes it; what Python leaves beside the sources does not."""
    for source in result_store.SOURCES:
        place = tmp_path / source
        place.parent.mkdir(exist_ok=True)
        if place.suffix:
            place.write_text("")
        else:
            place.mkdir()
    seen = [result_store.fingerprint(tmp_path)]
    (tmp_path / "contracts/__pycache__").mkdir()
    (tmp_path / "contracts/__pycache__/a.pyc").write_text("compiled")
    assert result_store.fingerprint(tmp_path) == seen[0]
    for file, text in (("contracts/a.py", ""), ("contracts/a.py", "1"), ("tests/fuzzing.py", "1"), ("specs/a.yaml", "1")):
        (tmp_path / file).write_text(text)
        seen.append(result_store.fingerprint(tmp_path))
    (tmp_path / "contracts/a.py").rename(tmp_path / "contracts/b.py")
    seen.append(result_store.fingerprint(tmp_path))
    assert len(set(seen)) == len(seen)


def _said(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().err.replace("\n", " ")
