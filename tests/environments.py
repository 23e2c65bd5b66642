"""Fresh virtual environments, made without a network: each holds what a `pip install` of some requirements brings."""

from __future__ import annotations

import shutil
import sys
import venv
from collections.abc import Iterable, Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.serving import ROOT, run

SCRIPTS = "Scripts" if sys.platform == "win32" else "bin"
OURS = "specimen-kyc"


def brought(requirements: Iterable[str]) -> dict[str, Distribution]:
    """What pip would install for some requirements on this machine, out of what is installed here; without Specimen itself."""
    found: dict[str, Distribution] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [Requirement(line) for line in requirements]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        for extra in ("", *requirement.extras):
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            try:
                given = distribution(name)
            except PackageNotFoundError as error:
                raise AssertionError(f"{requirement} is not installed here") from error
            if name != OURS:
                found[name] = given
            lines = (Requirement(line) for line in given.requires or ())
            waiting += [line for line in lines if line.marker is None or line.marker.evaluate({"extra": extra})]
    return found


def top_level(given: Distribution) -> set[str]:
    """The entries that a distribution has in site-packages, without its metadata."""
    firsts = {PurePosixPath(file).parts[0] for file in given.files or ()}
    return {name for name in firsts if not name.endswith(".dist-info") and name not in ("..", "__pycache__")}


def size(given: Distribution) -> int:
    """The bytes of a distribution's files, compiled modules too."""
    return sum(path.stat().st_size for file in given.files or () if (path := Path(str(file.locate()))).is_file())


def copied(place: Path) -> Path:
    """A copy of the repository's files, without what git does not keep."""
    unwanted = (".git", ".venv", ".*_cache", ".hypothesis", "__pycache__", "build", "dist", "*.egg-info", "node_modules")
    shutil.copytree(ROOT, place, symlinks=True, ignore=shutil.ignore_patterns(*unwanted))
    return place


def built(repository: Path, folder: Path) -> Path:
    """The wheel of a checkout, built as pip would build it."""
    done = run(folder=repository, command=(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)))
    assert done.returncode == 0, done.stdout + done.stderr
    (found,) = folder.glob("*.whl")
    return found


def made(place: Path, requirements: Sequence[str]) -> Path:
    """A virtual environment that holds what these requirements bring and nothing else, by links to this one's; its Python.

    Specimen itself is not in it: `add` installs it.
    """
    venv.create(place, with_pip=False)
    python = place / SCRIPTS / Path(sys.executable).name
    site = Path(
        run("-c", "import sysconfig; print(sysconfig.get_path('purelib'))", folder=place, command=[str(python)]).stdout.strip()
    )
    for given in brought(requirements).values():
        for name in {PurePosixPath(file).parts[0] for file in given.files or ()} - {"..", "__pycache__"}:
            link = site / name
            if not link.exists():
                link.symlink_to(Path(str(given.locate_file(name))))
    return python


def add(python: Path, *arguments: str) -> None:
    """Installs with pip into an environment, from files on this machine and without what they need."""
    pip = (sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check", "install")
    done = run("--no-deps", "--no-index", "--no-cache-dir", *arguments, folder=python.parent, command=pip)
    assert done.returncode == 0, done.stdout + done.stderr
