"""Public names of a package that are imported when they are first asked for (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping
from importlib import import_module
from typing import Any


def lazy_exports(package: str, names: Mapping[str, Collection[str]]) -> Callable[[str], Any]:
    """The `__getattr__` of a package; `names` says for each of its modules what it takes from there.

    A command that prints a help text, and a pytest run that uses no fixture of ours, then pay for none of them.
    """
    homes = {name: module for module, each in names.items() for name in each}

    def getattr_(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package}.{homes[name]}"), name)
        setattr(sys.modules[package], name, value)  # later look-ups find it in the package
        return value

    return getattr_
