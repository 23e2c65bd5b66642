"""Lays out the wheel: one import package `specimen`, with the four folders that stand beside it in a checkout inside it.

An editable install is that package's `__init__` and `py.typed` alone, and looks for its modules in the checkout. A path of
the whole checkout would make `fixtures`, `contracts`, `specs` and `mockserver` importable too, in place of a user's own.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGES = ("specs", "fixtures", "mockserver", "contracts")
OWN = ("__init__.py", "__main__.py", "cli.py", "client.py", "webhooks.py", "py.typed", "vendor")
# What of `specimen/__init__.py` is about its place.
PLACE = re.compile(r"^_here = .*?\n(?=\n\n)", re.MULTILINE | re.DOTALL)
EDITABLE = "__path__ = [{package!r}, {checkout!r}]  # the second for a checkout without symbolic links\n"


class WheelLayout(BuildHookInterface[Any]):
    """Reads the real folders, so that a checkout without symbolic links builds the same wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Names the files of a wheel; `version` is "standard" or "editable"."""
        root = Path(self.root)
        if version == "editable":
            self._made = Path(tempfile.mkdtemp())
            place = EDITABLE.format(package=str(root / "specimen"), checkout=str(root))
            source = (root / "specimen" / "__init__.py").read_text(encoding="utf-8")
            text, count = PLACE.subn(lambda _: place, source)
            if count != 1:
                raise ValueError("specimen/__init__.py: expected one part that begins with `_here = `.")
            (self._made / "__init__.py").write_text(text, encoding="utf-8")
            files = {
                str(self._made / "__init__.py"): "specimen/__init__.py",
                str(root / "specimen/py.typed"): "specimen/py.typed",
            }
            build_data["force_include_editable"].update(files)
            return
        own = {str(root / "specimen" / name): f"specimen/{name}" for name in OWN}
        build_data["force_include"].update(own | {str(root / name): f"specimen/{name}" for name in PACKAGES})

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002 - hatchling's own
        """Removes what an editable build has made."""
        if version == "editable":
            shutil.rmtree(self._made)
