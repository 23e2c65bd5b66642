"""A lifecycle as a state diagram: states in rows from the first one to the ends, edges around them (Sugiyama's method)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from specimen.specs import Lifecycle

# In units of the drawing; a letter of a state's name is about so wide.
_LETTER, _PADDING, _LEAST = 6.7, 16.0, 64.0
HEIGHT, _PITCH = 44.0, 86.0
_LANE, _GAP, _MARGIN = 6.0, 11.0, 12.0
_SWEEPS = 8
_LOOP, _ARC = 22.0, 22.0

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Node:
    """A state: `x` and `y` are its left upper corner."""

    name: str
    x: float
    y: float
    width: float
    is_terminal: bool
    description: str


@dataclass(frozen=True, slots=True)
class Edge:
    """A transition: the path that draws it (SVG's `d`), and where its cause is written."""

    origin: str
    to: str
    cause: str
    operation: str | None
    path: str
    label: Point


@dataclass(frozen=True, slots=True)
class Diagram:
    """Nodes and edges in a drawing of this size."""

    width: float
    height: float
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


@dataclass(slots=True)
class _Item:
    """A state in its row, or the place in a row where a longer edge passes (`name` is empty)."""

    name: str
    row: int
    width: float
    x: float = 0.0  # of its middle


def _width(name: str) -> float:
    letters = sum(1.25 if letter.isupper() else 1.0 for letter in name)
    return max(_LEAST, letters * _LETTER + _PADDING)


def rows_of(lifecycle: Lifecycle) -> dict[str, int]:
    """The row of each state: one below the last state that leads to it; states that end a session are in the last one."""
    ways = _forward(lifecycle)
    rows = {lifecycle.initial: 0}
    for _ in lifecycle.states:
        for origin, to in ways:
            if origin in rows:
                rows[to] = max(rows.get(to, 0), rows[origin] + 1)
    last = max(rows.values(), default=0)
    if any(name not in lifecycle.terminal and row == last for name, row in rows.items()):
        last += 1
    return {name: last if name in lifecycle.terminal else rows.get(name, 0) for name in lifecycle.states}


def _forward(lifecycle: Lifecycle) -> list[tuple[str, str]]:
    """The edges without those that lead back, those to the same state, and those out of a state that ends a session."""
    targets: dict[str, list[str]] = {}
    for edge in lifecycle.transitions:
        if edge.origin != edge.to and edge.origin not in lifecycle.terminal:
            targets.setdefault(edge.origin, []).append(edge.to)
    found: list[tuple[str, str]] = []
    done: set[str] = set()
    path: list[str] = []

    def walk(state: str) -> None:
        path.append(state)
        for to in targets.get(state, []):
            if to in path:
                continue
            found.append((state, to))
            if to not in done:
                walk(to)
        path.pop()
        done.add(state)

    for state in (lifecycle.initial, *lifecycle.states):
        if state not in done:
            walk(state)
    return found


def draw(lifecycle: Lifecycle) -> Diagram:
    """The diagram of a lifecycle; the same one each time."""
    rows = rows_of(lifecycle)
    grid: list[list[_Item]] = [[] for _ in range(max(rows.values()) + 1)]
    states = {name: _Item(name, row, _width(name)) for name, row in rows.items()}
    for item in states.values():
        grid[item.row].append(item)
    chains: dict[tuple[str, str], list[_Item]] = {}
    for edge in lifecycle.transitions:
        upper, lower = sorted((states[edge.origin], states[edge.to]), key=lambda item: item.row)
        if upper.row == lower.row:
            continue
        between = [_Item("", row, _LANE) for row in range(upper.row + 1, lower.row)]
        for item in between:
            grid[item.row].append(item)
        chains[edge.origin, edge.to] = [upper, *between, lower]
    neighbours = _neighbours(chains.values())
    _order(grid, neighbours)
    _place(grid, neighbours)
    left = min(item.x - item.width / 2 for row in grid for item in row)
    for row in grid:
        for item in row:
            item.x += _MARGIN - left
    return _drawn(lifecycle, grid, states, chains)


def _neighbours(chains: Iterable[list[_Item]]) -> dict[int, tuple[list[_Item], list[_Item]]]:
    """Of each item, by its identity, those above it and those below it."""
    found: dict[int, tuple[list[_Item], list[_Item]]] = {}
    for chain in chains:
        for upper, lower in pairwise(chain):
            found.setdefault(id(upper), ([], []))[1].append(lower)
            found.setdefault(id(lower), ([], []))[0].append(upper)
    return found


def _order(grid: list[list[_Item]], neighbours: Mapping[int, tuple[list[_Item], list[_Item]]]) -> None:
    """Orders each row by the mean place of the neighbours, down and up in turn, so that fewer edges cross."""
    for sweep in range(_SWEEPS):
        side = sweep % 2
        for row in grid if side == 0 else reversed(grid):
            places = {id(item): place / max(1, len(line) - 1) for line in grid for place, item in enumerate(line)}

            def mean(item: _Item, places: dict[int, float] = places, side: int = side) -> float:
                others = neighbours.get(id(item), ([], []))[side]
                return sum(places[id(other)] for other in others) / len(others) if others else places[id(item)]

            row.sort(key=mean)


def _place(grid: list[list[_Item]], neighbours: Mapping[int, tuple[list[_Item], list[_Item]]]) -> None:
    """Gives each item the mean place of its neighbours, as far as the others of its row leave room."""
    for row in grid:
        x = 0.0
        for item in row:
            item.x = x + item.width / 2
            x += item.width + _GAP
        for item in row:
            item.x -= (x - _GAP) / 2
    for sweep in range(_SWEEPS * 2):
        for row in grid if sweep % 2 == 0 else reversed(grid):
            wanted = []
            for item in row:
                others = [one for side in neighbours.get(id(item), ([], [])) for one in side]
                wanted.append(sum(one.x for one in others) / len(others) if others else item.x)
            for item, x in zip(row, _apart(row, wanted), strict=True):
                item.x = x


def _apart(row: list[_Item], wanted: list[float]) -> list[float]:
    """The places nearest to the wanted ones that keep the order and the gaps (pool adjacent violators)."""
    offsets = [0.0]
    for before, after in pairwise(row):
        offsets.append(offsets[-1] + (before.width + after.width) / 2 + _GAP)
    pools: list[tuple[float, int]] = []  # sum, count
    for place, offset in zip(wanted, offsets, strict=True):
        pools.append((place - offset, 1))
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] > pools[-1][0] / pools[-1][1]:
            total, count = pools.pop()
            pools[-1] = (pools[-1][0] + total, pools[-1][1] + count)
    places = [total / count for total, count in pools for _ in range(count)]
    return [place + offset for place, offset in zip(places, offsets, strict=True)]


def _drawn(
    lifecycle: Lifecycle,
    grid: list[list[_Item]],
    states: Mapping[str, _Item],
    chains: Mapping[tuple[str, str], list[_Item]],
) -> Diagram:
    ports = _ports(chains)
    edges, most_right, arcs = [], 0.0, 0
    for edge in lifecycle.transitions:
        origin, to = states[edge.origin], states[edge.to]
        if edge.origin == edge.to:
            path, label = _loop(origin)
            most_right = max(most_right, origin.x + origin.width / 2 + _LOOP)
        elif origin.row == to.row:
            arcs += 1
            path, label = _arc(origin, to, arcs)
        else:
            path, label = _curve(chains[edge.origin, edge.to], ports[edge.origin, edge.to], down=origin.row < to.row)
        edges.append(Edge(edge.origin, edge.to, edge.cause, edge.operation, path, label))
    right = max(most_right, *(item.x + item.width / 2 for row in grid for item in row))
    nodes = tuple(
        Node(
            name, round(item.x - item.width / 2, 1), item.row * _PITCH + _MARGIN, round(item.width, 1),
            name in lifecycle.terminal, lifecycle.states[name].description,
        )
        for name, item in states.items()
    )  # fmt: skip
    height = (len(grid) - 1) * _PITCH + HEIGHT + 2 * _MARGIN + (arcs and _ARC + 8 * arcs)
    return Diagram(round(right + _MARGIN, 1), height, nodes, tuple(edges))


def _ports(chains: Mapping[tuple[str, str], list[_Item]]) -> dict[tuple[str, str], tuple[float, float]]:
    """Where each edge meets its upper and its lower state: spread along the side, in the order of where they lead."""
    found = {name: [chain[0].x, chain[-1].x] for name, chain in chains.items()}
    for end, next_to in ((0, 1), (-1, -2)):
        sides: dict[int, list[tuple[float, tuple[str, str], _Item]]] = {}
        for name, chain in chains.items():
            sides.setdefault(id(chain[end]), []).append((chain[next_to].x, name, chain[end]))
        for side in sides.values():
            side.sort(key=lambda entry: (entry[0], entry[1]))
            item = side[0][2]
            step = min(14.0, (item.width - 18) / max(1, len(side) - 1))
            for place, (_, name, _) in enumerate(side):
                found[name][end] = item.x + (place - (len(side) - 1) / 2) * step
    return {name: (ends[0], ends[1]) for name, ends in found.items()}


def _curve(chain: list[_Item], ends: tuple[float, float], *, down: bool) -> tuple[str, Point]:
    """From the lower side of the upper state to the upper side of the lower one, straight down beside the rows between."""
    points: list[Point] = [(ends[0], chain[0].row * _PITCH + _MARGIN + HEIGHT)]
    for item in chain[1:-1]:
        top = item.row * _PITCH + _MARGIN
        points += [(item.x, top), (item.x, top + HEIGHT)]
    points.append((ends[1], chain[-1].row * _PITCH + _MARGIN))
    if not down:
        points.reverse()
    parts = [f"M{_text(points[0])}"]
    for before, after in pairwise(points):
        middle = (before[1] + after[1]) / 2
        parts.append(f"C{_text((before[0], middle))} {_text((after[0], middle))} {_text(after)}")
    ((x, y), (other_x, other_y)) = points[-2], points[-1]
    return " ".join(parts), ((x + other_x) / 2, (y + other_y) / 2)


def _loop(item: _Item) -> tuple[str, Point]:
    x, y = item.x + item.width / 2, item.row * _PITCH + _MARGIN
    far = x + _LOOP
    path = f"M{_text((x, y + 12))} C{_text((far, y + 4))} {_text((far, y + HEIGHT - 4))} {_text((x, y + HEIGHT - 12))}"
    return path, (far, y + HEIGHT / 2)


def _arc(origin: _Item, to: _Item, number: int) -> tuple[str, Point]:
    """Below the row, from one state to another."""
    y = origin.row * _PITCH + _MARGIN + HEIGHT
    shift = 8.0 if origin.x < to.x else -8.0
    start, end, depth = origin.x + shift, to.x - shift * number, y + _ARC + 8 * number
    path = f"M{_text((start, y))} C{_text((start, depth))} {_text((end, depth))} {_text((end, y))}"
    return path, ((start + end) / 2, y + (_ARC + 8 * number) * 0.75)


def _text(point: Point) -> str:
    return f"{point[0]:.1f},{point[1]:.1f}"
