"""The lowest and the newest versions that pyproject.toml allows, each in a virtual environment: `python -m tests.versions`.

A lower bound is a version that exists: the lowest are installed by putting `==` for `>=`. What those need in turn is pip's
choice, and the tools of the tests are those of constraints.txt.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from tests.serving import ROOT

LOWEST, NEWEST = "lowest", "newest"
ENVIRONMENTS = ROOT / ".venv-versions"
TOOLS = ("pytest", "pytest-xdist", "python-stdnum", "hatchling")
# What goes past an interface that is documented, one vendor's life from end to end, and both plugins.
TESTS = (
    "tests/mockserver/test_raw_response_writer.py",
    "tests/mockserver/test_uvicorn_shape.py",
    "tests/mockserver/test_connexion_adapter.py",
    "tests/mockserver/test_connexion_app.py",
    "tests/mockserver/test_request_body.py",
    "tests/mockserver/test_pytest_plugin.py",
    "tests/contracts/traffic/test_pytest_plugin.py",
    "tests/contracts/verify/test_verify.py::test_smoke__our_mock_holds_every_rule",
    "tests/contracts/verify/test_schemathesis_suite.py::test_fuzz__leaves_nothing_with_schemathesis",
)
_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*>=\s*([0-9][0-9A-Za-z.]*)[^;]*(;.*)?")


def requirements() -> list[str]:
    """What the core and the extras for users need; `dev` is for this repository."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project.get("optional-dependencies", {})
    found = [*project["dependencies"], *(line for name, lines in extras.items() if name != "dev" for line in lines)]
    return [line for line in dict.fromkeys(found) if not line.startswith(project["name"])]


def lowest(requirement: str) -> str:
    """The requirement for the lowest version that it allows.

    Raises:
        ValueError: it has no lower bound.
    """
    match = _REQUIREMENT.fullmatch(requirement)
    if match is None:
        raise ValueError(f"pyproject.toml: '{requirement}': expected a lower bound, name>=version.")
    return f"{match[1]}=={match[2]}{match[3] or ''}"


def tools() -> list[str]:
    """The tests' own tools, as constraints.txt pins them."""
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [pin for pin in pins if pin.partition("==")[0] in TOOLS]


def install(which: str) -> Path:
    """A virtual environment with those versions; gives its Python."""
    folder = ENVIRONMENTS / which
    python = folder / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    needed = [lowest(line) if which == LOWEST else line for line in requirements()]
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    subprocess.run([*pip, "--upgrade", *needed, *tools(), "editables"], check=True)
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)], check=True)
    return python


def installed(python: Path) -> list[str]:
    """What of the project's own requirements is there."""
    listed = subprocess.run([str(python), "-m", "pip", "freeze"], check=True, capture_output=True, text=True).stdout.splitlines()
    names = {re.split(r"[\[><=;~! ]", line)[0].lower().replace("_", "-") for line in requirements()}
    return [line for line in listed if line.partition("==")[0].lower().replace("_", "-") in names]


def wanted(arguments: Sequence[str] | None = None) -> list[str]:
    """The ends of the allowed versions that the command is to try; both where it names none."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("which", nargs="?", choices=[LOWEST, NEWEST], help="this one alone (default: both)")
    only = parser.parse_args(arguments).which
    return [only] if only else [LOWEST, NEWEST]


def main() -> None:
    """Installs, prints the versions, and runs the tests."""
    failed = []
    for which in wanted():
        python = install(which)
        print(f"{which}:", *installed(python), flush=True)
        # Warnings of versions that are not pinned are not ours to mend.
        command = [str(python), "-m", "pytest", "-n", "0", "-W", "default", *TESTS]
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            failed.append(which)
    if failed:
        sys.exit(f"not with the {' and '.join(failed)} versions that pyproject.toml allows")


if __name__ == "__main__":
    main()
