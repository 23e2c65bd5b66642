"""No module of the package imports itself in a circle, and no folder does, imports for type checkers included."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

import grimp
import pytest

ROOT = "specimen"


def circle(edges: Mapping[str, Iterable[str]]) -> list[str]:
    """A way through a graph that ends where it begins; empty where there is none."""
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


@pytest.fixture(scope="module")
def imports() -> dict[str, set[str]]:
    """Each module of the package with those that it imports."""
    graph = grimp.build_graph(ROOT, cache_dir=None, exclude_type_checking_imports=False)
    return {name: graph.find_modules_directly_imported_by(name) for name in sorted(graph.modules)}


def siblings(imports: Mapping[str, set[str]], package: str) -> dict[str, set[str]]:
    """The folders and modules right below a package, each with those beside it that anything in it imports."""
    depth = package.count(".") + 2

    def child(name: str) -> str | None:
        return ".".join(name.split(".")[:depth]) if name.startswith(f"{package}.") else None

    edges: dict[str, set[str]] = {}
    for name, imported in imports.items():
        own = child(name)
        if own is not None:
            edges.setdefault(own, set()).update(other for one in imported if (other := child(one)) not in (None, own))
    return edges


def test_circle__is_found() -> None:
    """One of three is, at the end of a way into it; a tree has none, and what two import is no circle."""
    assert circle({"a": ["b"], "b": ["c"], "c": ["d"], "d": ["b"]}) in (["b", "c", "d", "b"], ["b", "d", "c", "b"])
    assert circle({"a": ["b", "c"], "b": ["d"], "c": ["d"]}) == []


def test_siblings__are_seen_through_their_modules() -> None:
    """Folders import one another by way of whatever lies in them; what lies outside of the package is none of its own."""
    imports = {"p.a.x": {"p.b"}, "p.b.y.z": {"p.a.x", "p.b.y", "q"}, "p": {"p.a.x"}}
    assert siblings(imports, "p") == {"p.a": {"p.b"}, "p.b": {"p.a"}}


def test_modules__import_in_no_circle(imports: dict[str, set[str]]) -> None:
    """Nothing that a module needs imports that module."""
    assert len(imports) > 250
    assert circle(imports) == []


def test_folders__import_in_no_circle(imports: dict[str, set[str]]) -> None:
    """Of what lies side by side in a package no two need one another, by whatever way."""
    found = {package: circle(siblings(imports, package)) for package in imports}
    assert {package: way for package, way in found.items() if way} == {}
