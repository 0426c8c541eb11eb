"""The objects that a value names, by its type: what a step's result says that its plan has to do with. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from agents import values
from agents.values import KINDS, Record, Type
from ledger.command import ObjectRef

#: A person is nobody's matter: whom a result names is not looked for by what happens to them.
DRAWN = KINDS - {"person"}
#: Of one value; beyond that a plan concerns too much for anybody to be told.
MOST = 1_000


def has_any(type_: Type) -> bool:
    """Whether a value of this type can name an object."""
    if isinstance(type_, Mapping):
        return any(has_any(each) for each in type_.values())
    inner = values.element(type_)
    if inner is not None:
        return has_any(inner)
    return isinstance(type_, str) and type_.removesuffix("?") in DRAWN


def of(value: Any, type_: Record) -> list[ObjectRef]:
    """Each object once, in the order in which the value names them; what does not fit its type is passed over."""
    found = dict.fromkeys(_drawn(value, type_))
    return list(found)[:MOST]


def _drawn(value: Any, type_: Type) -> Iterator[ObjectRef]:
    if isinstance(type_, Mapping):
        if isinstance(value, Mapping):
            for name, inner in type_.items():
                yield from _drawn(value.get(name), inner)
    elif (element := values.element(type_)) is not None:
        for each in value if isinstance(value, list) else ():
            yield from _drawn(each, element)
    elif isinstance(type_, str) and isinstance(value, str) and 0 < len(value) <= 80:
        kind = type_.removesuffix("?")
        if kind in DRAWN:
            yield ObjectRef(kind, value)
