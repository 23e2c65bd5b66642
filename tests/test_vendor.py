"""What others made and we ship is what its list says, byte for byte."""

from __future__ import annotations

import hashlib
import tomllib

import pytest

from specimen.vendor import FOLDER

LISTED = tomllib.loads((FOLDER / "vendor.toml").read_text(encoding="utf-8"))
# What may be shipped without asking anybody: a licence that wants no more than its text beside the files.
LICENSES = {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "LicenseRef-OCR-B", "MIT", "OFL-1.1"}


def test_vendor__lists_every_folder() -> None:
    """A folder without an entry has no licence that anybody looked at."""
    names = {path.name for path in FOLDER.iterdir()} - {"__pycache__"}
    assert names == {*LISTED, "vendor.toml", "__init__.py"}


@pytest.mark.parametrize("name", LISTED)
def test_vendor__files_are_those_of_the_package(name: str) -> None:
    """Each file has the hash that the list says, none is missing and none is more."""
    files = {path.relative_to(FOLDER / name).as_posix(): path for path in (FOLDER / name).rglob("*") if path.is_file()}
    hashes = {place: hashlib.sha256(path.read_bytes()).hexdigest() for place, path in files.items()}
    assert hashes == LISTED[name]["sha256"]


@pytest.mark.parametrize("name", LISTED)
def test_vendor__states_package_version_and_licence(name: str) -> None:
    """Whoever asks where a file is from finds it, and the licence's text lies beside the files."""
    entry = LISTED[name]
    assert entry["package"].partition(":")[0] in ("deb", "npm", "pypi")
    assert entry["version"]
    assert entry["license"] in LICENSES
    assert "LICENSE" in entry["sha256"]
