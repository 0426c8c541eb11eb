"""Where the steps of a plan are drawn: columns by topological generation, one band of rows per role. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter


@dataclass(frozen=True, slots=True)
class Place:
    column: int
    row: int


@dataclass(frozen=True, slots=True)
class Lane:
    """A role's band: its first row and how many it takes."""

    role: str
    row: int
    height: int


@dataclass(frozen=True, slots=True)
class Layout:
    places: Mapping[str, Place]
    lanes: tuple[Lane, ...]
    columns: int
    rows: int


def lay_out(steps: Sequence[tuple[str, str, Sequence[str]]]) -> Layout:
    """`steps` are (key, role, after); parallel steps of one role are stacked inside its lane."""
    columns = _generations({key: after for key, _, after in steps})
    lanes: list[Lane] = []
    places: dict[str, Place] = {}
    row = 0
    for role in dict.fromkeys(role for _, role, _ in steps):
        taken: dict[int, int] = {}
        for key, _, _ in (each for each in steps if each[1] == role):
            stacked = taken.get(columns[key], 0)
            taken[columns[key]] = stacked + 1
            places[key] = Place(columns[key], row + stacked)
        lanes.append(Lane(role, row, max(taken.values())))
        row += lanes[-1].height
    return Layout(places, tuple(lanes), max(columns.values(), default=-1) + 1, row)


def _generations(after: Mapping[str, Sequence[str]]) -> dict[str, int]:
    sorter = TopologicalSorter(after)
    sorter.prepare()
    found: dict[str, int] = {}
    column = 0
    while sorter.is_active():
        ready = sorter.get_ready()
        found |= dict.fromkeys(ready, column)
        sorter.done(*ready)
        column += 1
    return found
