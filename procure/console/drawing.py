"""Where the steps of a plan stand on the page: left to right by dependence, one lane per role. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

BOX_WIDTH = 114
BOX_HEIGHT = 60
GAP_X = 22
GAP_Y = 10
LANE_HEAD = 20
LANE_FOOT = 10
EDGE = 2


@dataclass(frozen=True, slots=True)
class Node:
    """A step as the drawing needs it."""

    key: str
    role: str
    label: str
    state: str
    word: str = ""
    after: tuple[str, ...] = ()
    seconds: float | None = None
    waits_for: str = ""
    cost: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Box:
    node: Node
    x: int
    y: int
    bar: int = 0
    width: int = BOX_WIDTH
    height: int = BOX_HEIGHT

    @property
    def label(self) -> str:
        """At most what fits on the box's line; the title holds all of it."""
        return self.node.label if len(self.node.label) <= 15 else f"{self.node.label[:14]}…"


@dataclass(frozen=True, slots=True)
class Wire:
    path: str
    done: bool


@dataclass(frozen=True, slots=True)
class Lane:
    role: str
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Drawing:
    width: int
    height: int
    lanes: tuple[Lane, ...] = ()
    boxes: tuple[Box, ...] = ()
    wires: tuple[Wire, ...] = field(default=())


def ranks(nodes: Sequence[Node]) -> dict[str, int]:
    """How many steps lie before each one, on its longest way. A cycle, which no valid template has, ends there."""
    by_key = {node.key: node for node in nodes}
    known: dict[str, int] = {}

    def rank(key: str, path: frozenset[str]) -> int:
        if key not in known:
            before = [each for each in by_key[key].after if each in by_key and each not in path]
            known[key] = 1 + max((rank(each, path | {each}) for each in before), default=-1)
        return known[key]

    for node in nodes:
        rank(node.key, frozenset({node.key}))
    return known


def draw(nodes: Sequence[Node]) -> Drawing:
    column = ranks(nodes)
    longest = max((node.seconds or 0 for node in nodes), default=0)
    lanes: list[Lane] = []
    boxes: dict[str, Box] = {}
    y = 0
    for role in dict.fromkeys(node.role for node in sorted(nodes, key=lambda one: column[one.key])):
        stacked: dict[int, int] = {}
        for node in (each for each in nodes if each.role == role):
            row = stacked.get(column[node.key], 0)
            stacked[column[node.key]] = row + 1
            boxes[node.key] = Box(
                node,
                x=EDGE + column[node.key] * (BOX_WIDTH + GAP_X),
                y=y + LANE_HEAD + row * (BOX_HEIGHT + GAP_Y),
                bar=_bar(node, longest),
            )
        height = LANE_HEAD + max(stacked.values()) * (BOX_HEIGHT + GAP_Y) - GAP_Y + LANE_FOOT
        lanes.append(Lane(role, y, height))
        y += height
    return Drawing(
        width=EDGE * 2 + (max(column.values(), default=0) + 1) * (BOX_WIDTH + GAP_X) - GAP_X if nodes else 0,
        height=y,
        lanes=tuple(lanes),
        boxes=tuple(boxes[node.key] for node in nodes),
        wires=tuple(
            _wire(boxes[before], boxes[node.key]) for node in nodes for before in node.after if before in boxes
        ),
    )


def _bar(node: Node, longest: float) -> int:
    if not node.seconds or not longest:
        return 0
    return max(3, round((BOX_WIDTH - 16) * node.seconds / longest))


def _wire(start: Box, end: Box) -> Wire:
    """A line from the right edge of one box to the left edge of another, bent in the gap before the latter."""
    x1, y1 = start.x + start.width, start.y + start.height // 2
    x2, y2 = end.x, end.y + end.height // 2
    if y1 == y2:
        path = f"M{x1} {y1}H{x2}"
    else:
        bend = x2 - GAP_X // 2
        turn = 5 if y2 > y1 else -5
        path = f"M{x1} {y1}H{bend - 5}Q{bend} {y1} {bend} {y1 + turn}V{y2 - turn}Q{bend} {y2} {bend + 5} {y2}H{x2}"
    return Wire(path, done=start.node.state in ("done", "skipped"))
