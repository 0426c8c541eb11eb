"""Where the steps of a plan are drawn: columns by topological generation, one band of rows per role. Pure.

Steps that take others back have a band of their own below, each in the column of the step that it takes back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter

#: The band of the steps that take others back.
UNDO = "undo"


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


def lay_out(steps: Sequence[tuple[str, str, Sequence[str]]], *, undoes: Mapping[str, str] | None = None) -> Layout:
    """`steps` are (key, role, after); parallel steps of one role are stacked inside its lane.

    `undoes` names, for each step that takes another back, which one.
    """
    undoes = {key: undone for key, undone in (undoes or {}).items() if undone not in (undoes or {})}
    columns = _generations({key: after for key, _, after in steps if key not in undoes})
    columns |= {key: columns.get(undone, 0) for key, undone in undoes.items()}
    bands = [(key, UNDO if key in undoes else role) for key, role, _ in steps]
    lanes: list[Lane] = []
    places: dict[str, Place] = {}
    row = 0
    for role in sorted(dict.fromkeys(band for _, band in bands), key=lambda band: band == UNDO):
        taken: dict[int, int] = {}
        for key in (each for each, band in bands if band == role):
            stacked = taken.get(columns[key], 0)
            taken[columns[key]] = stacked + 1
            places[key] = Place(columns[key], row + stacked)
        lanes.append(Lane(role, row, max(taken.values())))
        row += lanes[-1].height
    return Layout(places, tuple(lanes), max(columns.values(), default=-1) + 1, row)


def _generations(after: Mapping[str, Sequence[str]]) -> dict[str, int]:
    sorter = TopologicalSorter({key: [each for each in befores if each in after] for key, befores in after.items()})
    sorter.prepare()
    found: dict[str, int] = {}
    column = 0
    while sorter.is_active():
        ready = sorter.get_ready()
        found |= dict.fromkeys(ready, column)
        sorter.done(*ready)
        column += 1
    return found
