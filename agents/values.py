"""The types of what steps hand on, as roles declare them and templates are held to them. Pure.

A type is a word, `list of` another, a record of named ones, or a list with one of these in it, a list of such records;
`?` behind a word allows null or absence: `text`, `integer`, `decimal` (a string such as "12.50"), `boolean`, `date`,
`instant`, `any`, and the kinds of objects that the journal names (`event`, `vendor`, `proposal` …), each the text of
its key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

#: A type's name, a record of field names to types, or the one type of a list's elements.
Type = str | Mapping[str, "Type"] | list["Type"]
Record = Mapping[str, Type]

LIST = "list of "
#: The text of an object's key.
KINDS = frozenset({"contract", "event", "item", "notice", "order", "person", "proposal", "requisition", "vendor"})
WORDS = frozenset({"any", "boolean", "date", "decimal", "instant", "integer", "text"}) | KINDS
_DECIMAL = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,12})?")


def is_type(given: Type) -> bool:
    """Whether it is one of ours."""
    if isinstance(given, list):
        return len(given) == 1 and is_type(given[0])
    if not isinstance(given, str):
        return all(is_type(each) for each in given.values())
    name = given.removesuffix("?")
    while name.startswith(LIST):
        name = name.removeprefix(LIST).removesuffix("?")
    return name in WORDS


def misfit(value: Any, wanted: Type, *, at: str = "") -> str:
    """Why the plain JSON value is not of this type and where; empty when it is. Fields beyond a record's are let be."""
    if isinstance(wanted, list):
        return _misfit_list(value, wanted[0], at) if value is not None else f"{at or 'it'} is missing"
    if not isinstance(wanted, str):
        return _misfit_record(value, wanted, at)
    name, optional = wanted.removesuffix("?"), wanted.endswith("?")
    if value is None:
        return "" if optional or name == "any" else f"{at or 'it'} is missing"
    if name.startswith(LIST):
        return _misfit_list(value, name.removeprefix(LIST), at)
    return "" if _is(value, name) else f"{at or 'it'} is not {_article(name)}"


def _misfit_list(value: Any, inner: Type, at: str) -> str:
    if not isinstance(value, list):
        return f"{at or 'it'} is no list"
    return next((said for n, each in enumerate(value) if (said := misfit(each, inner, at=f"{at}[{n}]"))), "")


def _misfit_record(value: Any, wanted: Record, at: str) -> str:
    if not isinstance(value, Mapping):
        return f"{at or 'it'} is no record"
    places = ((f"{at}.{name}" if at else name, value.get(name), type_) for name, type_ in wanted.items())
    return next((said for place, each, type_ in places if (said := misfit(each, type_, at=place))), "")


def _is(value: Any, name: str) -> bool:
    match name:
        case "any":
            return True
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "decimal":
            return isinstance(value, str) and _is_decimal(value)
        case "date":
            return isinstance(value, str) and _parses(date.fromisoformat, value)
        case "instant":
            return isinstance(value, str) and _parses(datetime.fromisoformat, value)
        case "text":
            return isinstance(value, str)
        case _:
            return isinstance(value, str) and 0 < len(value) <= 80


def _is_decimal(value: str) -> bool:
    try:
        return bool(_DECIMAL.fullmatch(value)) and Decimal(value).is_finite()
    except InvalidOperation:
        return False


def _parses(read: Any, value: str) -> bool:
    try:
        read(value)
    except ValueError:
        return False
    return True


def _article(name: str) -> str:
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"


def serves(given: Type, wanted: Type) -> bool:
    """Whether whatever is of type `given` may be handed to whoever takes `wanted`."""
    if wanted == "any" or wanted == "any?":
        return True
    if is_optional(given) and not is_optional(wanted):
        return False
    inner, outer = element(given), element(wanted)
    if inner is not None and outer is not None:
        return serves(inner, outer)
    if isinstance(given, str) and isinstance(wanted, str):
        given, wanted = given.removesuffix("?"), wanted.removesuffix("?")
        # The key of an object is a text; a text is not known to be a key.
        return given == wanted or (wanted == "text" and given in KINDS)
    if isinstance(given, Mapping) and isinstance(wanted, Mapping):
        return all(serves(given[name], each) if name in given else is_optional(each) for name, each in wanted.items())
    return False


def is_optional(type_: Type) -> bool:
    return isinstance(type_, str) and type_.endswith("?")


def element(type_: Type) -> Type | None:
    """The type of a list's elements; None when it is no list."""
    if isinstance(type_, list):
        return type_[0]
    if isinstance(type_, str) and type_.startswith(LIST):
        return type_.removesuffix("?").removeprefix(LIST)
    return None


def at_path(record: Record, path: str) -> Type | None:
    """The type of `orders` or `first.price` in a record; None when there is no such field."""
    found: Type = record
    for name in path.split("."):
        if not isinstance(found, Mapping) or name not in found:
            return None
        found = found[name]
    return found


def paths(record: Record, prefix: str = "") -> Iterator[tuple[str, Type]]:
    """Each field by its dotted path, those of records inside too."""
    for name, type_ in record.items():
        yield f"{prefix}{name}", type_
        if isinstance(type_, Mapping):
            yield from paths(type_, f"{prefix}{name}.")


def said(type_: Type) -> str:
    """How a person reads it."""
    if isinstance(type_, list):
        return f"{LIST}{said(type_[0])}"
    if isinstance(type_, str):
        return f"{type_.removesuffix('?')}, or nothing" if type_.endswith("?") else type_
    return "record"
