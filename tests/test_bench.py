"""The benchmark's machinery, in runs of a second; nothing here asserts how fast anything is."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from specimen.fixtures.datasets import dataset
from tests.bench import generation, inprocess, load, report, servers, shapes, startup
from tests.bench.load import ROOT, Run, Work
from tests.bench.machine import BenchError, Cores, pinned, resident_bytes
from tests.bench.processes import READY, serving
from tests.bench.targets import CASES, create_request

CORES = Cores.found()


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, run to its end."""
    command = [sys.executable, "-m", "tests.bench", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def counterpart(kind: str, provider: str, folder: Path):
    """A counterpart server that sends `{}`."""
    answer = folder / "answer"
    answer.write_bytes(b"{}")
    return serving([sys.executable, "-m", "tests.bench.servers", kind, provider, "200", str(answer), READY], None, folder)


def tools(folder: Path, connections: int = load.CONNECTIONS) -> list[load.Tool]:
    """Both load tools where there are two."""
    found = load.tool(folder, connections)
    return [found] if isinstance(found, load.Client) else [found, load.Client(connections)]


class Counting(BaseHTTPRequestHandler):
    """Answers, and keeps the ports of the connections that asked."""

    protocol_version = "HTTP/1.1"
    ports: set[int]

    def do_GET(self) -> None:
        """Answers a request."""
        self.ports.add(self.client_address[1])
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Prints nothing."""


@pytest.mark.parametrize("connections", [1, 5])
def test_load__as_many_connections_as_it_was_made_for(tmp_path, connections):
    """Each of them asks."""
    for tool in tools(tmp_path, connections):
        seen = type("Seen", (Counting,), {"ports": set()})
        with ThreadingHTTPServer(("127.0.0.1", 0), seen) as server:
            Thread(target=server.serve_forever, daemon=True).start()
            run = tool.run(f"http://127.0.0.1:{server.server_port}", Work("GET", "/", {}), 1)
            server.shutdown()
        assert run.errors == 0
        assert len(seen.ports) == connections


def test_bench__one_case_end_to_end():
    """The command measures bare, stock and mock, and says what it ran on."""
    done = bench("--seconds", "1", "--rounds", "1", "--only", "kyve", "--json")
    assert done.returncode == 0, done.stderr
    reported = json.loads(done.stdout)
    assert len(reported["rows"]) == 3
    bare, mock = reported["rows"][0], reported["rows"][2]
    assert bare["answer_bytes"] == mock["answer_bytes"] > 500
    assert mock["target"]["text"] == "≥ 0.30 of bare"
    assert all(row["runs"][0]["requests_per_second"] > 0 and row["errors"] == 0 for row in reported["rows"])
    assert any("connections" in note for note in reported["notes"])


@pytest.mark.long("starts each server; the table has a test of its own")
def test_bench__markdown_for_the_readme():
    """The start and the live sessions are rows of the same table."""
    done = bench("--rounds", "1", "--only", "start", "--only", "sessions", "--sessions", "200", "--markdown")
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("|")]
    assert len(lines) == 4
    assert {line.count("|") for line in lines} == {len(report.COLUMNS) + 1}
    assert "start to first answer" in lines[2]
    assert "200 live kayle sessions" in lines[3]
    assert "before" in done.stdout


def test_row_rates__against_a_checkout():
    """Both checkouts have a rate, and a ratio beside them."""
    command = [sys.executable, "-m", "tests.bench.row_rates", "--only", "predicate", "--rounds", "1", "--against"]
    done = subprocess.run([*command, str(ROOT)], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    name, *rates, ratio = next(line for line in done.stdout.splitlines() if "predicate" in line).split()
    assert name == "predicate"
    assert all(int(rate.replace(",", "")) > 0 for rate in rates)
    assert len(rates) == 2
    assert float(ratio) > 0


def test_streams__have_a_row_for_each_create():
    """Creates beside open streams, and without, have a cost each; the streams send nothing meanwhile, or the command fails."""
    command = [sys.executable, "-m", "tests.bench.streams", "--streams", "5", "--rounds", "2", "--creates", "32"]
    command += ["--stores", "memory"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    head, _, *rows = [line.strip("|").split("|") for line in done.stdout.splitlines()]
    assert head[4].strip() == "5 streams"
    assert [row[2].strip() for row in rows] == ["predicate register", "kyve createSession"]
    assert all(int(cell.removesuffix("µs ")) > 0 for row in rows for cell in row[3:5])


def test_stores__measure_servers_beside_the_store():
    """The table has the store's own figures, also beside a small store, and those of one worker, two, and two servers apart."""
    command = [sys.executable, "-m", "tests.bench.stores", "--stores", "sqlite"]
    command += ["--sizes", "1000", "--requests", "50", "--rounds", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    rows = dict(line.strip("| ").split(" | ") for line in done.stdout.splitlines()[2:])
    assert int(rows["kayle GET session"].removesuffix(" µs")) > 0
    assert int(rows["server, 1 worker: kayle GET"].removesuffix(" µs")) > 0
    for title in ("server, 2 workers: kayle GET", "2 servers, a store each: kayle GET"):
        cost, ratio = rows[title].partition(" × one")[0].split(" µs, ")
        assert int(cost) > 0
        assert float(ratio) > 0
    cost, ratio = rows["1,000: kayle GET, each of another session"].removesuffix(" × in a store of 1,000").split(" µs, ")
    assert int(cost) > 0
    assert float(ratio) > 0


@pytest.mark.long("makes sessions with each maker for seconds; the command end to end has a test above")
def test_bench__generation():
    """Each maker has a rate, ours leads polyfactory, and the dataset its memory; the table has a column for each."""
    done = bench("--rounds", "1", "--only", "generation", "--rows", "2000", "--json")
    assert done.returncode == 0, done.stderr
    reported = json.loads(done.stdout)
    assert reported["rows"] == []
    figures = reported["generation"]
    counted = [] if importlib.util.find_spec("duckdb") is None else ["countries of 2,000 rows counted"]
    assert any("DuckDB is not installed" in note for note in reported["notes"]) == (not counted)
    assert [figure["what"] for figure in figures] == [
        *["neurovision success"] * 4, *["predicate completed"] * 4, "2,000 neurovision rows to Parquet", *counted,
    ]  # fmt: skip
    assert all(figure["sessions_per_second"] > 0 for figure in figures)
    assert figures[1]["ours_is_times_as_fast"] > 1
    assert figures[8]["memory_bytes"] > 10e6
    assert figures[0]["target"]["text"] == "≥ 5,000/s"
    shown = [generation.Figure("a", "b", [1000.0, 3000.0, 2000.0], 5_000_000, 2.5, report.Target("≥ 1", False))]
    assert shown[0].cells() == ("a", "b", "2,000", "500 µs", "2.5×", "5 MB", "≥ 1", "no")
    assert {line.count("|") for line in generation.markdown(shown)} == {len(generation.COLUMNS) + 1}
    assert generation.grid(shown).row_count == 1
    assert generation.Figure("a", "b", [4e6]).cells()[2:4] == ("4,000,000", "250 ns")


@pytest.mark.long("starts a process for each distribution")
def test_startup__has_a_row_for_each_distribution_with_plugins(tmp_path: Path):
    """A help text, a run without plugins, what each adds, and all; ours has a target."""
    rows, notes = startup.measured(tmp_path, lambda _: None, runs=1)
    assert [row.what for row in rows[:2]] == ["specimen --help", "an empty pytest run"]
    assert {"+ specimen-kyc", "+ schemathesis", "+ Faker", "+ hypothesis", "+ anyio"} <= {row.server for row in rows}
    assert [row.server for row in rows if row.target] == ["processor time", "+ specimen-kyc"]
    assert all(row.seconds > 0 for row in (rows[0], rows[1], rows[-1]))
    assert "medians of 1" in notes[0]


def test_shapes__others_make_the_same_fields():
    """Polyfactory's and Faker's bodies have the fields of ours, in lists of the same length, and are not constant."""
    for name, scenario in (("neurovision", "success"), ("predicate", "completed")):
        body = dataset(name, 1, mix={scenario: 1}).row(0).body
        for make in (shapes.polyfactory_maker(body), shapes.faker_maker(body, weighted=False)):
            first, second = make(), make()
            assert outline(first) == outline(second) == outline(body)
            assert first != second


def outline(value):
    """The names and lengths of a body."""
    if isinstance(value, dict):
        return {key: outline(inner) for key, inner in value.items()}
    return [outline(inner) for inner in value] if isinstance(value, (list, tuple)) else None


def test_load__every_tool_counts_answers_and_errors(tmp_path):
    """Answers are counted, and those of 400 and above told apart; each request has a new value in the unique header."""
    folder = tmp_path
    case = next(case for case in CASES if case.provider_name == "kyve")
    request = Work.of(create_request(case.provider), case.unique)
    with counterpart("bare", "kyve", folder) as server, counterpart("stock", "kyve", folder) as other:
        for tool in tools(folder):
            run = tool.run(server.url, request, 1)
            assert run.requests > 0
            assert run.errors == 0
            assert 0 < run.p50 <= run.p99 < run.seconds
            refused = tool.run(other.url, Work("GET", "/nothing", {}), 1)
            assert refused.errors > 0
    script = "\n".join(load.lua(request))
    assert '"Idempotency-Key"' in script


def test_servers__stock_connexion_takes_each_document(tmp_path):
    """The downgraded documents load in stock Connexion, which answers the constant, and 401 without credentials."""
    for case in CASES:
        work = case.work(lambda _, case=case: (200, answered(case.provider_name)))
        with counterpart("stock", case.provider_name, tmp_path) as server:
            assert server.send(work) == (200, b"{}"), case.title
            bare = {name: value for name, value in work.headers.items() if name == "Content-Type"}
            assert server.send(Work(work.method, work.path, bare, work.body))[0] == 401, case.title


def answered(provider_name: str) -> bytes:
    """A create answer, as far as the benchmark reads it."""
    kayle = "vs_" + "a" * 64
    return json.dumps({"data": {"id": kayle}, "sessionId": "d0c3e1fc-e6a4-11f0-af6a-65ced68c8a7f", "id": "ses_x"}).encode()


def test_processes__a_server_that_fails_is_reported(tmp_path):
    """The error repeats what the server said."""
    with (
        pytest.raises(BenchError, match="broken on purpose"),
        serving([sys.executable, "-c", "import sys; sys.exit('broken on purpose')"], None, tmp_path),
    ):
        pass


def test_processes__a_server_ends_with_its_context(tmp_path):
    """Its process is gone, also when the context ends by an interrupt."""
    with contextlib.suppress(KeyboardInterrupt), counterpart("bare", "kayle", tmp_path) as server:
        assert resident_bytes(server.pid)
        raise KeyboardInterrupt
    with pytest.raises(OSError, match="refused"):
        server.send(Work("GET", "/", {}))


def test_machine__pinning_is_undone():
    """A thread may use all its cores again when the context ends."""
    with pinned(CORES.server):
        inside = Cores.found()
    assert CORES.server is None or inside.count == 1
    assert Cores.found() == CORES


def test_inprocess__sessions_are_made_and_profiles_reported():
    """Sessions are made through the API; a profile names functions and no folders."""
    reported = inprocess.live_sessions(20)
    assert reported["sessions"] == 20
    assert "repeated_request.py" in inprocess.profiled("kayle", 50)
    assert str(ROOT) not in inprocess.profiled("kyve", 50)


def test_report__medians_and_cells():
    """A row shows medians, errors and whether its target was met."""
    runs = [Run(100, 1.0, 0, 0.001, 0.2), Run(300, 1.0, 2, 0.0001, 0.004), Run(200, 1.0, 0, 0.01, 0.01)]
    row = report.Row("a", "b", runs, [0.5, None, 0.4], memory=5_000_000, answer=1234, target=report.Target("≥ 1", False))
    assert row.cells() == ("a", "b (2 errors)", "200", "1.0 ms", "10.0 ms", "3.5 ms", "5 MB", "1,234 B", "", "≥ 1", "no")
    assert report.markdown([row], ["note"]).endswith("- note")
    assert report.grid([row]).row_count == 1


def test_servers__bare_app_reads_the_whole_body():
    """The bare function does what an application must: it takes all of the body before it answers."""
    import asyncio

    messages = [{"type": "http.request", "body": b"1", "more_body": True}, {"type": "http.request", "body": b"2"}]
    sent = []

    async def receive():
        return messages.pop(0)

    async def send(message):
        sent.append(message)

    asyncio.run(servers.bare_app(201, b"{}")({"type": "http"}, receive, send))
    assert not messages
    assert (sent[0]["status"], sent[1]["body"]) == (201, b"{}")
