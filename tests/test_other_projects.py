"""Specimen beside a project that has packages of the same names as its rooms: each imports its own."""

from __future__ import annotations

import itertools
import sys
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.environments import OURS, add, built, copied, made
from tests.serving import run

# A room's name, and modules in it that Specimen has too, or had.
PACKAGES = {
    "specs": ("errors", "core", "loading"),
    "fixtures": ("times", "recipes", "people"),
    "mockserver": ("app", "errors", "settings", "testing"),
    "contracts": ("judge", "pytest_plugin", "payloads", "traffic"),
}
NEEDED = [f"{OURS}[contracts]", "pytest", "pytest-xdist"]
INI = """[pytest]
pythonpath = .
addopts = -p no:cacheprovider -p no:faker -p no:anyio -p no:schemathesis
filterwarnings = error
"""
THEIRS = "\n".join(
    f"from {package} import {module} as {package}_{module}" for package, modules in PACKAGES.items() for module in modules
)
SPECIMEN = """import specimen.cli
from specimen import specs as specimen_specs
from specimen.contracts.payloads import strategy
from specimen.contracts.verify.runner import verify
from specimen.fixtures.datasets import rows
from specimen.mockserver.app import build_app
"""
TESTS = """
import shutil
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings


def test_imports_are_the_projects_own():
    own = [value for name, value in globals().items() if name.split("_")[0] in ("specs", "fixtures", "mockserver", "contracts")]
    assert len(own) == {count}
    assert all(module.OWNER == "the project" for module in own)


def test_kyc_mock(kyc_mock):
    assert kyc_mock.kayle.create()["id"]


@pytest.fixture
def vendor(kyc_mock):
    return kyc_mock.kayle.url


@pytest.mark.kyc_contract("kayle", url="vendor")
def test_kyc_contract(kyc_contract, kyc_mock):
    answer = kyc_contract.client(headers=kyc_mock.kayle.headers).post("/v1/sessions", json={{}})
    assert answer.status_code == 200
    assert kyc_contract.exchanges == 1


@settings(max_examples=3, database=None, deadline=None, suppress_health_check=list(HealthCheck))
@given(session=strategy("kayle.getSession.response", status="failed"))
def test_strategy(session):
    assert session["data"]["status"] == "failed"


def test_dataset():
    assert [row.row for row in rows("kyve", 2)] == [0, 1]


def test_command():
    for command in ([sys.executable, "-m", "specimen"], [shutil.which("specimen", path={scripts!r})]):
        done = subprocess.run([*command, "providers"], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert "kayle" in done.stdout
"""


class Case(NamedTuple):
    """One way to have Specimen installed and to run the project's tests."""

    install: str
    mode: str
    first: str
    packages: str
    workers: int


# Each pair of values of two columns stands in some row.
CASES = [
    Case("wheel", "prepend", "project", "regular", 0),
    Case("wheel", "importlib", "specimen", "namespace", 2),
    Case("editable", "prepend", "specimen", "regular", 2),
    Case("editable", "importlib", "project", "namespace", 0),
    Case("wheel", "prepend", "specimen", "namespace", 0),
    Case("editable", "importlib", "specimen", "regular", 0),
    Case("wheel", "importlib", "project", "regular", 2),
    Case("editable", "prepend", "project", "namespace", 2),
]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in which git made no symbolic links (`core.symlinks=false`): text files stand in their places."""
    place = copied(tmp_path_factory.mktemp("checkout") / "specimen-kyc")
    links = [path for path in (place / "specimen").iterdir() if path.is_symlink()]
    assert {path.name for path in links} == set(PACKAGES)
    for path in links:
        target = path.readlink().as_posix()
        path.unlink()
        path.write_text(target, encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def pythons(wheel: Path, checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An environment with the wheel, and one with `pip install -e .` of the checkout without symbolic links."""
    of_wheel = made(tmp_path_factory.mktemp("wheel") / "venv", NEEDED)
    add(of_wheel, str(wheel))
    of_checkout = made(tmp_path_factory.mktemp("editable") / "venv", [*NEEDED, "hatchling", "editables"])
    add(of_checkout, "--no-build-isolation", "-e", str(checkout))
    return {"wheel": of_wheel, "editable": of_checkout}


def project(folder: Path, python: Path, case: Case) -> None:
    """Writes a project with packages of its own and a test module that imports theirs and ours in one order."""
    for package, modules in PACKAGES.items():
        (folder / package).mkdir()
        if case.packages == "regular":
            (folder / package / "__init__.py").write_text("", encoding="utf-8")
        for module in modules:
            (folder / package / f"{module}.py").write_text('OWNER = "the project"\n', encoding="utf-8")
    (folder / "pytest.ini").write_text(INI, encoding="utf-8")
    first, second = (THEIRS, SPECIMEN) if case.first == "project" else (SPECIMEN, THEIRS)
    tests = TESTS.format(count=sum(map(len, PACKAGES.values())), scripts=str(python.parent))
    (folder / "tests").mkdir()
    (folder / "tests" / "test_project.py").write_text(f"{first}\n{second}\n{tests}", encoding="utf-8")


def test_cases__cover_each_pair_of_values() -> None:
    """What only two columns together bring to light is tried."""
    for one, other in itertools.combinations(range(len(Case._fields)), 2):
        assert len({(case[one], case[other]) for case in CASES}) == 4


@pytest.mark.sample(1)
@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case)))
def test_project__has_its_own_packages(case: Case, pythons: dict[str, Path], tmp_path: Path) -> None:
    """The command, both fixtures, `strategy` and `dataset` work, warnings are errors, and the project imports its own."""
    python = pythons[case.install]
    project(tmp_path, python, case)
    options = ["--import-mode", case.mode, "-n", str(case.workers)]
    done = run(*options, folder=tmp_path, command=[str(python), "-m", "pytest"], seconds=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 passed" in done.stdout


@pytest.mark.parametrize("install", ["wheel", "editable"])
def test_package__has_its_names_and_types_in_each_installation(install: str, pythons: dict[str, Path], tmp_path: Path) -> None:
    """`specimen.sandbox` is there, a name that is not says so, and type checkers find the marker of PEP 561."""
    code = """
import importlib.resources, importlib.util, pathlib, specimen
with specimen.sandbox(providers=["kayle"]) as mock:
    assert mock.kayle.create()["id"]
assert specimen.__all__ == ["sandbox"]
assert not hasattr(specimen, "sandbux")
assert (pathlib.Path(importlib.util.find_spec("specimen").origin).parent / "py.typed").is_file()
"""
    done = run("-c", code, folder=tmp_path, command=[str(pythons[install])])
    assert (done.returncode, done.stderr) == (0, "")


def test_checkout__without_symbolic_links_builds_the_same_wheel(wheel: Path, checkout: Path, tmp_path: Path) -> None:
    """The same names with the same bytes; so does a source distribution."""
    done = run(folder=checkout, command=(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path)))
    assert done.returncode == 0, done.stdout + done.stderr
    (source,) = tmp_path.glob("*.tar.gz")
    unpacked = run("-xzf", str(source), folder=tmp_path, command=["tar"])
    assert unpacked.returncode == 0, unpacked.stderr
    expected = contents(wheel)
    for repository in (checkout, tmp_path / source.name.removesuffix(".tar.gz")):
        found = contents(built(repository, tmp_path / f"of-{repository.name}"))
        assert found.keys() == expected.keys()
        assert [name for name in found if found[name] != expected[name]] == []


def contents(wheel: Path) -> dict[str, bytes]:
    """A wheel's files."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of PyPI's `fixtures`, a test library of that import name."""
    folder = tmp_path_factory.mktemp("library")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--no-deps", "-d", str(folder), "fixtures")
    done = run(folder=folder, command=pip, seconds=120)
    if done.returncode != 0:
        pytest.skip(f"PyPI cannot be reached: {done.stderr.strip().splitlines()[-1]}")
    (found,) = folder.glob("*.whl")
    return found


@pytest.mark.sample(1)
@pytest.mark.parametrize("order", ["specimen first", "library first"])
@pytest.mark.parametrize("leaves", [OURS, "fixtures"])
def test_library__named_fixtures_stays_whole(order: str, leaves: str, wheel: Path, library: Path, tmp_path: Path) -> None:
    """Installed in either order neither overwrites a file, and the one that stays works when the other is uninstalled."""
    python = made(tmp_path / "venv", [OURS])
    for one in (wheel, library) if order == "specimen first" else (library, wheel):
        add(python, str(one))
    assert whole(python, tmp_path) == {OURS: True, "fixtures": True}
    pip = (sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check", "uninstall", "--yes", leaves)
    done = run(folder=tmp_path, command=pip)
    assert done.returncode == 0, done.stderr
    (stays,) = {OURS, "fixtures"} - {leaves}
    assert whole(python, tmp_path) == {stays: True}
    if stays == OURS:
        shown = run("providers", folder=tmp_path, command=[str(python), "-m", "specimen"])
        assert (shown.returncode, shown.stderr) == (0, "")


def whole(python: Path, folder: Path) -> dict[str, bool]:
    """Which of the two distributions are installed, and whether each file of theirs has the hash that was recorded for it."""
    code = f"""
import base64, hashlib, importlib.metadata as metadata
for name in ({OURS!r}, "fixtures"):
    try:
        files = [file for file in metadata.distribution(name).files if file.hash]
    except metadata.PackageNotFoundError:
        continue
    digests = (hashlib.new(file.hash.mode, file.locate().read_bytes()).digest() for file in files)
    hashes = [base64.urlsafe_b64encode(digest).decode().rstrip("=") for digest in digests]
    print(name, hashes == [file.hash.value for file in files])
"""
    done = run("-c", code, folder=folder, command=[str(python)])
    assert done.returncode == 0, done.stderr
    return {name: value == "True" for name, value in map(str.split, done.stdout.splitlines())}
