"""Lifecycles as drawings: everything is there, nothing lies upon anything else, and lines begin and end at states."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import combinations

import pytest

from specimen import specs
from specimen.mockserver.control.page.diagram import HEIGHT, Diagram, Node, draw, rows_of
from specimen.specs.loading.lifecycle import State, Transition

NAMES = specs.names()
NUMBERS = re.compile(r"-?[0-9.]+")


def overlaps(one: Node, other: Node) -> bool:
    """Whether two states share a place."""
    beside = one.x + one.width <= other.x or other.x + other.width <= one.x
    return not beside and abs(one.y - other.y) < HEIGHT


def ends(path: str) -> tuple[tuple[float, float], tuple[float, float]]:
    """The first and the last point of a path."""
    numbers = [float(number) for number in NUMBERS.findall(path)]
    return (numbers[0], numbers[1]), (numbers[-2], numbers[-1])


def is_at(point: tuple[float, float], node: Node) -> bool:
    """Whether a point is on the border of a state."""
    x, y = point
    inside = node.x - 0.1 <= x <= node.x + node.width + 0.1 and node.y - 0.1 <= y <= node.y + HEIGHT + 0.1
    on_side = min(abs(y - node.y), abs(y - node.y - HEIGHT), abs(x - node.x - node.width)) < 0.2
    return inside and on_side


def check(diagram: Diagram) -> None:
    """What holds for every drawing."""
    nodes = {node.name: node for node in diagram.nodes}
    assert [pair for pair in combinations(diagram.nodes, 2) if overlaps(*pair)] == []
    for node in diagram.nodes:
        assert 0 < node.x < node.x + node.width < diagram.width
        assert 0 < node.y < node.y + HEIGHT < diagram.height
    for edge in diagram.edges:
        start, end = ends(edge.path)
        assert is_at(start, nodes[edge.origin]), edge
        assert is_at(end, nodes[edge.to]), edge
        for x, y in re.findall(r"(-?[0-9.]+),(-?[0-9.]+)", edge.path):
            assert 0 <= float(x) <= diagram.width, edge
            assert 0 <= float(y) <= diagram.height, edge


@pytest.mark.parametrize("name", NAMES)
def test_diagram__of_each_vendor(name: str) -> None:
    """Each state and each edge once, the first state on top, the ends at the bottom; the same drawing each time."""
    lifecycle = specs.load(name).lifecycle
    diagram = draw(lifecycle)
    check(diagram)
    assert sorted(node.name for node in diagram.nodes) == sorted(lifecycle.states)
    assert [(edge.origin, edge.to) for edge in diagram.edges] == [(edge.origin, edge.to) for edge in lifecycle.transitions]
    top, bottom = min(node.y for node in diagram.nodes), max(node.y for node in diagram.nodes)
    assert [node.name for node in diagram.nodes if node.y == top] == [lifecycle.initial]
    assert {node.name for node in diagram.nodes if node.y == bottom} == set(lifecycle.terminal)
    assert draw(lifecycle) == diagram
    assert diagram.width <= 420, "its letters can be read on a screen of 360 pixels"


def test_diagram__of_other_lifecycles() -> None:
    """Loops, ways back, states that nothing leads to, long names and a single state."""
    base = specs.load("kayle").lifecycle

    def lifecycle(edges: str, ends: str = "z") -> Diagram:
        pairs = [edge.split(">") for edge in edges.split()]
        names = dict.fromkeys(["a", *(name for pair in pairs for name in pair), *ends.split()])
        states = {name: State(name, name in ends.split(), "A", "-") for name in names}
        transitions = tuple(Transition(*pair, cause="moved", seconds=1, mark="A", source="-") for pair in pairs)
        return draw(replace(base, states=states, initial="a", transitions=transitions))

    for edges in (
        "",
        "a>z",
        "a>b b>a b>c c>a c>z",
        "a>a a>b b>b b>z",
        "a>b b>c c>b c>z a>z",
        "a>" + "n" * 60 + " a>z",
        "q>z a>b",
    ):
        check(lifecycle(edges))
    check(lifecycle("a>b a>c a>d b>e c>e d>e e>f b>z c>y d>x e>w f>v a>v", "v w x y z"))


def test_rows__go_down_with_the_longest_way() -> None:
    """A state is below all that lead to it."""
    rows = rows_of(specs.load("kyve").lifecycle)
    assert [rows[name] for name in ("created", "requires_input", "in_progress", "requires_review")] == [0, 1, 2, 3]
    assert {rows[name] for name in ("completed", "failed", "canceled", "expired")} == {4}
