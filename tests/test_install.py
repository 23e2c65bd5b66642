"""The built wheel works on its own, from another directory; `constraints.txt` pins the whole tree."""

from __future__ import annotations

import json
import re
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath

import httpx
import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from specimen import specs, vendor
from tests import golden
from tests.environments import OURS, add, made
from tests.providers.provider_contract_tests import at
from tests.scenario_exchanges import as_request
from tests.serving import ROOT, run, serving

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PYTHONS = ("3.11", "3.12", "3.13")
PACKAGES = ("specs", "fixtures", "mockserver", "contracts")
VENDOR = "specimen/vendor/"


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts' folder of an environment that holds the wheel and pytest."""
    python = made(tmp_path_factory.mktemp("installed") / "venv", [OURS, "pytest"])
    add(python, str(wheel))
    return python.parent


# -- what travels --------------------------------------------------------------------------------------------------


# Pages, their styles and scripts, and the licences of the fonts.
PAGES = (".html", ".css", ".js", ".svg", ".txt")


def test_wheel__holds_the_packages_and_nothing_else(wheel: Path) -> None:
    """No tests, no CI, no caches: the four packages, the front door and the metadata."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    information = f"specimen_kyc-{PROJECT['version']}.dist-info"
    assert wheel.name == f"specimen_kyc-{PROJECT['version']}-py3-none-any.whl"
    assert {PurePosixPath(name).parts[0] for name in names} == {"specimen", information}
    carried = [name for name in names if not name.startswith(information)]
    ours = [name for name in carried if not name.startswith(VENDOR) or name.endswith(".py")]
    assert {PurePosixPath(name).suffix for name in ours} - {".typed"} == {".py", ".yaml", ".json", ".png", *PAGES}
    assert [name for name in carried if re.search(r"(^|/)(\.|__pycache__|tests?(/|$)|test_|conftest)", name)] == []
    licenses = f"{information}/licenses"
    assert {f"{licenses}/LICENSE", f"{licenses}/specimen/vendor/swagger-ui/LICENSE"} <= set(names)


def test_wheel__holds_every_file_of_the_packages(wheel: Path) -> None:
    """Modules, documents, lifecycles, templates and golden files: all that lies in the packages' folders."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for package in PACKAGES:
        lying = {
            path.relative_to(ROOT).as_posix()
            for path in (ROOT / package).rglob("*.*")
            if path.is_file() and path.suffix in {".py", ".yaml", ".json", ".png"}
        }
        assert sorted(f"specimen/{name}" for name in lying if f"specimen/{name}" not in names) == []
    assert "specimen/specs/loading/file_schemas/lifecycle.schema.yaml" in names
    listed = tomllib.loads((vendor.FOLDER / "vendor.toml").read_text(encoding="utf-8"))
    assert {f"{VENDOR}{folder}/{file}" for folder, entry in listed.items() for file in entry["sha256"]} <= names
    for name in specs.names():
        assert {f"specimen/specs/{name}/openapi.yaml", f"specimen/specs/{name}/lifecycle.yaml"} <= names
        scenarios = specs.load(name).lifecycle.scenarios
        assert {f"specimen/fixtures/golden/{name}/{scenario}.json" for scenario in scenarios} <= names
    assert {f"specimen/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / "specs").glob("*/templates.yaml")} <= names


def test_wheel__says_what_it_needs(wheel: Path) -> None:
    """Its metadata has the project's dependencies, the command and the pytest plugin."""
    with zipfile.ZipFile(wheel) as archive:
        (folder,) = {name.partition("/")[0] for name in archive.namelist() if ".dist-info/" in name}
        metadata = archive.read(f"{folder}/METADATA").decode()
        entries = archive.read(f"{folder}/entry_points.txt").decode()
    needed = {
        str(Requirement(line)) for line in re.findall(r"^Requires-Dist: (.*)$", metadata, re.MULTILINE) if "extra ==" not in line
    }
    assert needed == {str(Requirement(line)) for line in PROJECT["dependencies"]}
    assert "Requires-Python: >=3.11\n" in metadata
    assert "[console_scripts]\nspecimen = specimen.cli:main\n" in entries
    assert "[pytest11]\nspecimen = specimen.mockserver.testing.pytest_plugin\n" in entries


# -- and works there -----------------------------------------------------------------------------------------------


def test_installed__is_not_the_source(installed: Path, tmp_path: Path) -> None:
    """The environment runs the wheel's modules, not the repository's."""
    modules = ", ".join(f"specimen.{name}" for name in PACKAGES)
    code = f"import specimen, {modules}; print(*(m.__file__ for m in (specimen, {modules})), sep='\\n')"
    done = run("-c", code, folder=tmp_path, command=[str(installed / Path(sys.executable).name)])
    assert done.returncode == 0, done.stderr
    assert all(Path(line).is_relative_to(installed.parent) for line in done.stdout.splitlines()), done.stdout


def test_installed__version(installed: Path, tmp_path: Path) -> None:
    """`specimen --version` is the project's version."""
    done = run("--version", folder=tmp_path, command=[str(installed / "specimen")])
    assert (done.returncode, done.stdout, done.stderr) == (0, f"specimen {PROJECT['version']}\n", "")


@pytest.mark.parametrize("name", specs.names())
def test_installed__show(name: str, installed: Path, tmp_path: Path) -> None:
    """`specimen show` prints what the source prints for the same seed and time: what it reads is in the wheel."""
    provider = specs.load(name)
    scenario = provider.lifecycle.default
    done = run(
        *("show", name, scenario.name, "--seed", str(golden.SEED), "--now", "2026-03-19T10:31:30Z"),
        folder=tmp_path,
        command=[str(installed / "specimen")],
    )
    assert (done.returncode, done.stderr) == (0, "")
    last = json.loads(golden.golden(provider, scenario.name))["steps"][-1]
    assert json.loads(done.stdout) == next(iter(last["answers"].values()))


def test_installed__serves_what_ids_lists(installed: Path, tmp_path: Path) -> None:
    """`specimen ids --json` and `specimen serve` from another directory: one session of each provider in each status."""
    command = [str(installed / "specimen")]
    done = run("ids", "--json", folder=tmp_path, command=command)
    assert (done.returncode, done.stderr) == (0, "")
    reported = json.loads(done.stdout)
    assert reported["version"] == 1
    firsts = {
        (entry["provider"], entry["status"]): entry for entry in reversed(reported["entries"]) if entry["status"] is not None
    }
    assert firsts.keys() == {(name, state) for name in specs.names() for state in specs.load(name).lifecycle.states}
    with serving(folder=tmp_path, command=command) as url, httpx.Client() as client:
        assert client.get(f"{url}/_specimen/health").json()["version"] == PROJECT["version"]
        for (name, state), entry in firsts.items():
            answer = client.send(as_request(entry, url))
            assert answer.status_code == entry["expect_status"]
            pointer = {read.operation: read.status for read in specs.load(name).lifecycle.reads}[entry["operation"]]
            assert pointer is None or at(answer.json(), pointer) == state
        for name in specs.names():
            for page in ("openapi.json", "openapi.yaml", "ui/"):
                assert client.get(f"{url}/{name}/{page}").status_code == 200


def test_installed__pytest_plugin(installed: Path, tmp_path: Path) -> None:
    """`kyc_mock` is there for a test of somebody else's, without an import."""
    name = specs.names()[0]
    test = f"""
def test_theirs(kyc_mock):
    assert kyc_mock.{name}.create()["id"]
    assert kyc_mock.{name}.url.startswith("http")
"""
    (tmp_path / "test_theirs.py").write_text(test, encoding="utf-8")
    python = str(installed / Path(sys.executable).name)
    done = run("-p", "no:cacheprovider", "-q", folder=tmp_path, command=[python, "-m", "pytest"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


# -- what is pinned ------------------------------------------------------------------------------------------------


def pins() -> dict[str, str]:
    """The versions in `constraints.txt` by normalised name."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    found = (line.partition("==") for line in lines if line and not line.startswith("#"))
    return {canonicalize_name(name): version for name, _, version in found}


def needed(requirement: Requirement, extra: str) -> bool:
    """Whether a requirement holds on this machine under any Python that we support."""
    marker = requirement.marker
    return marker is None or any(
        marker.evaluate({"python_version": python, "python_full_version": f"{python}.9", "extra": extra}) for python in PYTHONS
    )


def tree() -> Iterator[Requirement]:
    """What `specimen-kyc[dev]` and the build need, and what those need, as the installed distributions say."""
    waiting = [Requirement(line) for line in [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]]
    waiting = [requirement for requirement in waiting if needed(requirement, "")]
    seen = set()
    while waiting:
        requirement = waiting.pop()
        if requirement.name != OURS:
            yield requirement
        for extra in ("", *requirement.extras):
            key = canonicalize_name(requirement.name), extra
            if key not in seen:
                seen.add(key)
                waiting += [found for found in requirements(requirement.name) if needed(found, extra)]


def requirements(name: str) -> list[Requirement]:
    """What an installed distribution requires; nothing where it is for another Python."""
    try:
        return [Requirement(line) for line in distribution(name).requires or ()]
    except PackageNotFoundError:
        return []


def test_constraints__pin_the_whole_tree_and_nothing_else() -> None:
    """Every distribution that an installation of `specimen-kyc[dev]` brings has its pin, within what is asked for."""
    pinned, wanted = pins(), list(tree())
    assert sorted({canonicalize_name(requirement.name) for requirement in wanted} ^ pinned.keys()) == []
    wrong = [
        f"{entry}: {pinned[canonicalize_name(entry.name)]}"
        for entry in wanted
        if pinned[canonicalize_name(entry.name)] not in entry.specifier
    ]
    assert wrong == []


def test_constraints__hold_versions_only() -> None:
    """One `name==version` a line, each once: no address, no index, no option, no hash."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not re.fullmatch(r"#.*|[A-Za-z0-9][A-Za-z0-9._-]*==[0-9][0-9a-z.]*", line)] == []
    assert [line for line in lines if re.search(r"://|@|(^|\s)-", line)] == []
    names = [canonicalize_name(line.partition("==")[0]) for line in lines if not line.startswith("#")]
    assert len(names) == len(set(names)) > 50


def test_constraints__pytest_stays_below_9_2() -> None:
    """Both the range of the development extra and the pin."""
    (asked,) = (entry for entry in map(Requirement, PROJECT["optional-dependencies"]["dev"]) if entry.name == "pytest")
    assert "9.2" not in asked.specifier
    assert "9.1" in asked.specifier
    assert pins()["pytest"] in SpecifierSet("<9.2")
