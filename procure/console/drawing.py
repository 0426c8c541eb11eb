"""A plan's graph in pixels: left to right, one band per role, a wire per dependence. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from agents.graph import UNDO, Lane
from agents.queries import Edge, Node

BOX_WIDTH = 113
BOX_HEIGHT = 82
GAP_X = 22
GAP_Y = 16
LANE_HEAD = 24
LANE_FOOT = 16
MARGIN = 4
BAR_ROOM = BOX_WIDTH - 16
LETTERS_A_LINE = 15
CORNER = 5


@dataclass(frozen=True, slots=True)
class Box:
    node: Node
    x: int
    y: int
    #: Width of the bar that shows how long it took against the longest step.
    bar: int = 0
    width: int = BOX_WIDTH
    height: int = BOX_HEIGHT

    @property
    def label(self) -> tuple[str, ...]:
        """Two lines at most; the title holds all of it."""
        lines = textwrap.wrap(self.node.label, LETTERS_A_LINE)
        return tuple(lines) if len(lines) <= 2 else (lines[0], f"{lines[1][: LETTERS_A_LINE - 1]}…")


@dataclass(frozen=True, slots=True)
class Wire:
    path: str
    done: bool
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Band:
    role: str
    y: int
    height: int
    undo: bool = False

    @property
    def title(self) -> str:
        return self.role.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Drawing:
    width: int
    height: int
    bands: tuple[Band, ...]
    boxes: tuple[Box, ...]
    wires: tuple[Wire, ...]


class Graph(Protocol):
    """A plan's, or what a template would make of one."""

    @property
    def nodes(self) -> Sequence[Node]: ...
    @property
    def edges(self) -> Sequence[Edge]: ...
    @property
    def lanes(self) -> Sequence[Lane]: ...
    @property
    def columns(self) -> int: ...


def draw(graph: Graph, *, box_height: int = BOX_HEIGHT) -> Drawing:
    bands: list[Band] = []
    tops: dict[int, int] = {}
    y = 0
    for lane in graph.lanes:
        for row in range(lane.height):
            tops[lane.row + row] = y + LANE_HEAD + row * (box_height + GAP_Y)
        height = LANE_HEAD + lane.height * (box_height + GAP_Y) - GAP_Y + LANE_FOOT
        bands.append(Band(lane.role, y, height, lane.role == UNDO))
        y += height
    longest = max((node.duration.total_seconds() for node in graph.nodes if node.duration), default=0.0)
    boxes = {
        node.key: Box(
            node,
            x=MARGIN + node.column * (BOX_WIDTH + GAP_X),
            y=tops[node.row],
            bar=_bar(node, longest),
            height=box_height,
        )
        for node in graph.nodes
    }
    taken = {(node.column, node.row) for node in graph.nodes}
    return Drawing(
        width=2 * MARGIN + max(0, graph.columns * (BOX_WIDTH + GAP_X) - GAP_X),
        height=y,
        bands=tuple(bands),
        boxes=tuple(boxes.values()),
        wires=tuple(_wire(boxes, edge, taken) for edge in graph.edges if edge.start in boxes and edge.end in boxes),
    )


def _bar(node: Node, longest: float) -> int:
    if node.duration is None or not longest:
        return 0
    return max(3, round(BAR_ROOM * node.duration.total_seconds() / longest))


def _wire(boxes: dict[str, Box], edge: Edge, taken: Collection[tuple[int, int]]) -> Wire:
    """From edge to edge, turning in the gaps between columns, and around whatever stands between the two."""
    start, end = boxes[edge.start], boxes[edge.end]
    if end.node.column <= start.node.column:
        return Wire(_back(start, end), edge.done, edge.kind)
    x1, y1 = start.x + start.width, start.y + start.height // 2
    x2, y2 = end.x, end.y + end.height // 2
    first, last = x1 + GAP_X // 2, x2 - GAP_X // 2
    between = range(start.node.column + 1, end.node.column)
    if all((column, start.node.row) not in taken for column in between):
        path = f"M{x1} {y1}{_turn(last, y1, y2)}H{x2}"
    elif all((column, end.node.row) not in taken for column in between):
        path = f"M{x1} {y1}{_turn(first, y1, y2)}H{x2}"
    else:
        lane = start.y + start.height + GAP_Y // 2
        path = f"M{x1} {y1}{_turn(first, y1, lane)}{_turn(last, lane, y2)}H{x2}"
    return Wire(path, edge.done, edge.kind)


def _turn(x: int, y1: int, y2: int) -> str:
    """Along to `x`, up or down to the other height, and on in the old direction."""
    if y1 == y2:
        return ""
    corner = CORNER if y2 > y1 else -CORNER
    return f"H{x - CORNER}Q{x} {y1} {x} {y1 + corner}V{y2 - corner}Q{x} {y2} {x + CORNER} {y2}"


def _back(start: Box, end: Box) -> str:
    """To a step at the left or above: steps that take others back run from right to left."""
    if end.node.column == start.node.column:
        x, (upper, lower) = start.x + start.width // 2, sorted((start, end), key=lambda box: box.y)
        return f"M{x} {upper.y + upper.height}V{lower.y}"
    x1, y1 = start.x, start.y + start.height // 2
    x2, y2 = end.x + end.width, end.y + end.height // 2
    if y1 == y2:
        return f"M{x1} {y1}H{x2}"
    bend, corner = x2 + GAP_X // 2, CORNER if y2 > y1 else -CORNER
    return (
        f"M{x1} {y1}H{bend + CORNER}Q{bend} {y1} {bend} {y1 + corner}"
        f"V{y2 - corner}Q{bend} {y2} {bend - CORNER} {y2}H{x2}"
    )
