"""What `pip install specimen-kyc` brings is small and does without the extras; what an extra brings is named by its line."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from specimen import specs
from tests.environments import OURS, brought, size, top_level
from tests.serving import run, serving

CONTRACTS = "pip install 'specimen-kyc[contracts]'"
HAR = Path(__file__).parent / "contracts" / "traffic" / "har" / "chrome.har"
TOKEN = "kk_live_specimen"
# What a distribution of another name is imported as; a stray `test` or `docs` has no place here.
NAMES = {
    "python-multipart": {"multipart", "python_multipart"},
    "pyyaml": {"yaml", "_yaml"},
    "attrs": {"attr", "attrs"},
    "rpds-py": {"rpds"},
    "markdown-it-py": {"markdown_it"},
    "mdurl": {"mdurl"},
}
# Names that a project's own folders have every day.
OURS_TO_AVOID = {"test", "tests", "docs", "examples", "scripts", "src", "specs", "fixtures", "mockserver", "contracts"}


def specimen(core: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of the environment without extras."""
    return run(*arguments, folder=folder, command=[str(core.parent / "specimen")])


def script(core: Path, folder: Path, *lines: str) -> subprocess.CompletedProcess[str]:
    """A Python program there."""
    return run("-c", "\n".join(lines), folder=folder, command=[str(core)])


# -- what it brings ------------------------------------------------------------------------------------------------


def test_core__is_small() -> None:
    """At most 42 distributions and 130 MB, with Specimen itself, pip and setuptools, which an environment has from the start."""
    found = brought([OURS])
    assert len({*found, OURS, "pip", "setuptools"}) <= 42, sorted(found)
    assert sum(map(size, found.values())) < 90e6  # Specimen takes 9 MB, pip and setuptools some 25


def test_core__has_no_extras(core: Path, tmp_path: Path) -> None:
    """Neither pytest nor what the extras bring is there: what follows is proved without them."""
    extras = ("Crypto", "hypothesis", "openapi_core", "openapi_spec_validator", "pyarrow", "redis", "schemathesis")
    names = (*extras, "PIL", "pytest", "swagger_ui")
    done = script(core, tmp_path, "from importlib.util import find_spec", f"print([n for n in {names} if find_spec(n)])")
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_core__installs_no_stray_package(core: Path, tmp_path: Path) -> None:
    """Each distribution adds the import package that bears its name, or one that is known here."""
    for name, given in brought([OURS]).items():
        entries = {entry.removesuffix(".py").partition(".cpython")[0] for entry in top_level(given)}
        assert entries <= {name.replace("-", "_"), *NAMES.get(name, ())}, name
        assert not entries & OURS_TO_AVOID, name
    code = "import importlib.metadata as m; print({f.parts[0] for f in m.distribution('specimen-kyc').files} - {'..'})"
    assert script(core, tmp_path, code).stdout.count("'") == 4  # specimen and its metadata


@pytest.mark.parametrize("extra", ["contracts", "dataset", "pictures", "redis", "tls", "webhooks", "all"])
def test_extra__is_there(extra: str) -> None:
    """Each brings what the core goes without."""
    wanted = {
        "contracts": {"schemathesis", "hypothesis", "openapi-core"},
        "dataset": {"pyarrow", "pycryptodome"},
        "pictures": {"pillow", "uharfbuzz"},
        "redis": {"redis", "hiredis"},
        "tls": {"trustme"},
        "webhooks": {"joserfc", "cryptography"},
        "all": {"schemathesis", "hypothesis", "openapi-core", "pyarrow", "pycryptodome", "pillow", "redis", "hiredis"},
    }
    assert wanted[extra] <= brought([f"{OURS}[{extra}]"]).keys() - brought([OURS]).keys()


# -- what works without --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["verify", "--help"],
        ["providers"],
        ["show", "kayle", specs.load("kayle").lifecycle.default.name],
        ["ids"],
        ["rules"],
        ["payloads", "kayle", "--count", "5", "--format", "json"],
        ["payloads", "kayle", "--count", "5", "--format", "curl", "--direction", "request"],
        ["dataset", "kayle", "--rows", "5", "--out", "rows.ndjson"],
        ["verify", "kayle", "--url", "http://127.0.0.1:1", "--dry-run"],
    ],
    ids=" ".join,
)
def test_core__command(arguments: Sequence[str], core: Path, tmp_path: Path) -> None:
    """Prints, and complains of nothing."""
    done = specimen(core, tmp_path, *arguments)
    assert (done.returncode, [line for line in done.stderr.splitlines() if "Error" in line]) == (0, [])


def test_core__serves_and_judges(core: Path, tmp_path: Path) -> None:
    """`serve`, `verify --profile smoke`, `watch` and the client of `kyc_contract` need no extra."""
    command = [str(core.parent / "specimen")]
    with serving("kayle", folder=tmp_path, command=command) as url:
        base = f"{url}/kayle"
        smoke = specimen(core, tmp_path, *("verify", "kayle", "--url", base, "--token", TOKEN, "--profile", "smoke"))
        assert smoke.returncode == 0, smoke.stdout + smoke.stderr
        path, session = ended(core, tmp_path)
        watch = specimen(core, tmp_path, *("watch", "kayle", "--url", base, "--token", TOKEN, "--session", session))
        assert watch.returncode == 0, watch.stdout + watch.stderr
        judged = script(
            core,
            tmp_path,
            "from specimen import specs",
            "from specimen.contracts.traffic.http_clients import client",
            "from specimen.contracts.traffic.listener import Listener",
            "from specimen.contracts.traffic.monitor import BaseUrl, Monitor",
            "bench = Monitor(specs.load('kayle'))",
            f"with client(Listener(bench, BaseUrl.parse({base!r})), headers={{'Authorization': 'Bearer {TOKEN}'}}) as caller:",
            f"    caller.get({url + path!r})",
            "print(bench.exchanges, bench.errors, bench.notes)",
        )
    assert (judged.stdout, judged.stderr) == ("1 {} {}\n", "")


def ended(core: Path, folder: Path) -> tuple[str, str]:
    """Path and id of a kayle session that has ended."""
    entries = json.loads(specimen(core, folder, "ids", "--json").stdout)["entries"]
    path = next(one["path"] for one in entries if one["provider"] == "kayle" and one["status"] == "succeeded")
    return path, path.rpartition("/")[2]


# -- what an extra is needed for -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "what", "package", "extra"),
    [
        (["--store", "redis://127.0.0.1:1/0"], "store 'redis://…'", "redis-py", "redis"),
        (["--tls-self-signed", "--tls-ca", "ca.pem"], "--tls-self-signed", "trustme", "tls"),
    ],
)
def test_serve__says_which_extra_is_missing(
    arguments: list[str], what: str, package: str, extra: str, core: Path, tmp_path: Path
) -> None:
    """In one line, with exit code 2."""
    done = specimen(core, tmp_path, "serve", "kayle", "--port", "0", *arguments)
    line = f"error: {what} needs {package}, which is not installed: pip install 'specimen-kyc[{extra}]'"
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(line), done.stderr


@pytest.mark.parametrize("profile", ["ci", "nightly"])
def test_verify__says_which_extra_is_missing(profile: str, core: Path, tmp_path: Path) -> None:
    """Before anything is sent (nobody listens at that port), in one line, with exit code 2."""
    done = specimen(core, tmp_path, "verify", "kayle", "--url", "http://127.0.0.1:1", "--profile", profile)
    line = f"error: profile {profile} needs Schemathesis, which is not installed: {CONTRACTS}, or take --profile smoke.\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", line)


@pytest.mark.parametrize("command", ["check", "proxy", "verify"])
def test_second_opinion__says_which_extra_is_missing(command: str, core: Path, tmp_path: Path) -> None:
    """Before anything is read, sent or listened for."""
    arguments = {
        "check": [str(HAR), "kayle"],
        "proxy": ["kayle", "--target", "http://127.0.0.1:1", "--port", "0"],
        "verify": ["kayle", "--url", "http://127.0.0.1:1", "--profile", "smoke"],
    }
    done = specimen(core, tmp_path, command, *arguments[command], "--second-opinion")
    line = f"error: --second-opinion needs openapi-core, which is not installed: {CONTRACTS}\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", line)


def test_dataset__says_which_extra_is_missing(core: Path, tmp_path: Path) -> None:
    """Parquet needs PyArrow; nothing is left behind."""
    done = specimen(core, tmp_path, "dataset", "kayle", "--rows", "5", "--out", "rows.parquet")
    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install 'specimen-kyc[dataset]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.glob("*.parquet*")) == []


def test_strategy__says_which_extra_is_missing(core: Path, tmp_path: Path) -> None:
    """An import of `strategy` fails as an import does, with the line in it; the rest of the room works."""
    done = script(
        core,
        tmp_path,
        "from specimen.contracts.payloads import Choice, cases",
        "print(len(list(cases('kayle', Choice(count=3)))))",
        "try:",
        "    from specimen.contracts.payloads import strategy",
        "except ImportError as error:",
        "    print(error)",
    )
    assert done.stderr == ""
    assert done.stdout == f"3\nstrategy needs Hypothesis, which is not installed: {CONTRACTS}\n"
