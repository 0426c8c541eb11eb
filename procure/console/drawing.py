"""A plan's graph in pixels: left to right, one band per role, a wire per dependence. Pure."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from agents.queries import Edge, Node, PlanGraph

BOX_WIDTH = 116
BOX_HEIGHT = 70
GAP_X = 20
GAP_Y = 10
LANE_HEAD = 22
LANE_FOOT = 12
MARGIN = 2
BAR_ROOM = BOX_WIDTH - 16
LETTERS_A_LINE = 15
CORNER = 5
SETTLED = ("done", "skipped")


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


@dataclass(frozen=True, slots=True)
class Band:
    role: str
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Drawing:
    width: int
    height: int
    bands: tuple[Band, ...]
    boxes: tuple[Box, ...]
    wires: tuple[Wire, ...]


def draw(graph: PlanGraph) -> Drawing:
    bands: list[Band] = []
    tops: dict[int, int] = {}
    y = 0
    for lane in graph.lanes:
        for row in range(lane.height):
            tops[lane.row + row] = y + LANE_HEAD + row * (BOX_HEIGHT + GAP_Y)
        height = LANE_HEAD + lane.height * (BOX_HEIGHT + GAP_Y) - GAP_Y + LANE_FOOT
        bands.append(Band(lane.role, y, height))
        y += height
    longest = max((node.duration.total_seconds() for node in graph.nodes if node.duration), default=0.0)
    boxes = {
        node.key: Box(node, x=MARGIN + node.column * (BOX_WIDTH + GAP_X), y=tops[node.row], bar=_bar(node, longest))
        for node in graph.nodes
    }
    return Drawing(
        width=2 * MARGIN + max(0, graph.columns * (BOX_WIDTH + GAP_X) - GAP_X),
        height=y,
        bands=tuple(bands),
        boxes=tuple(boxes.values()),
        wires=tuple(_wire(boxes, edge) for edge in graph.edges if edge.start in boxes and edge.end in boxes),
    )


def _bar(node: Node, longest: float) -> int:
    if node.duration is None or not longest:
        return 0
    return max(3, round(BAR_ROOM * node.duration.total_seconds() / longest))


def _wire(boxes: dict[str, Box], edge: Edge) -> Wire:
    """From the right edge of one box to the left edge of another, turning in the gap before the latter."""
    start, end = boxes[edge.start], boxes[edge.end]
    x1, y1 = start.x + start.width, start.y + start.height // 2
    x2, y2 = end.x, end.y + end.height // 2
    if y1 == y2:
        return Wire(f"M{x1} {y1}H{x2}", edge.done)
    bend, turn = x2 - GAP_X // 2, CORNER if y2 > y1 else -CORNER
    path = (
        f"M{x1} {y1}H{bend - CORNER}Q{bend} {y1} {bend} {y1 + turn}V{y2 - turn}Q{bend} {y2} {bend + CORNER} {y2}H{x2}"
    )
    return Wire(path, edge.done)
