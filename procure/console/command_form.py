"""A page's form for a command, made from the command's own declaration; nothing here knows any kind of command."""

from __future__ import annotations

import json
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin

from django.utils.translation import gettext as _
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ledger.command import Command

MOST_LINES = 200


@dataclass(frozen=True, slots=True)
class Shape:
    """What a field takes: a widget, its choices, or the fields of one line."""

    widget: str
    required: bool
    choices: tuple[str, ...] = ()
    parts: tuple[tuple[str, FieldInfo], ...] = ()


@dataclass(slots=True)
class Field:
    """One field as the page shows it."""

    name: str
    label: str
    shape: Shape
    hint: str = ""
    value: Any = ""
    errors: list[str] = field(default_factory=list)
    lines: list[list[Field]] = field(default_factory=list)
    blank_line: list[Field] = field(default_factory=list)

    @property
    def element(self) -> str:
        return f"f-{self.name}"

    @property
    def noun(self) -> str:
        """What it names, whatever line it stands on: vendor, item, cost_centre."""
        return self.name.rsplit("-", 1)[-1]


def label_of(name: str) -> str:
    return name.replace("_", " ").capitalize()


def shape_of(info: FieldInfo) -> Shape:
    kind, optional = _plain(info.annotation)
    required = info.is_required() and not optional
    origin = get_origin(kind)
    if origin is Literal:
        return Shape("choice", required, tuple(str(each) for each in get_args(kind)))
    if origin in (list, tuple, set, frozenset, Sequence):
        inner, _unused = _plain(get_args(kind)[0])
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            return Shape("lines", required, parts=tuple(inner.model_fields.items()))
        if inner is dict or get_origin(inner) is dict:
            return Shape("json", required)
        return Shape("words", required)
    if isinstance(kind, type):
        if issubclass(kind, Enum):
            return Shape("choice", required, tuple(str(each.value) for each in kind))
        if issubclass(kind, BaseModel):
            return Shape("group", required, parts=tuple(kind.model_fields.items()))
        for python_type, widget in ((bool, "tick"), (int, "whole"), (Decimal, "number"), (datetime, "moment")):
            if issubclass(kind, python_type):
                return Shape(widget, required)
        if issubclass(kind, date):
            return Shape("date", required)
    if kind is dict or origin is dict:
        return Shape("json", required)
    return Shape("text", required)


def _plain(annotation: Any) -> tuple[Any, bool]:
    """The annotation without `Annotated` and without `| None`, and whether None is allowed."""
    while hasattr(annotation, "__metadata__"):
        annotation = annotation.__origin__
    if get_origin(annotation) in (Union, types.UnionType):
        rest = [each for each in get_args(annotation) if each is not type(None)]
        inner, _unused = _plain(rest[0])
        return inner, len(rest) < len(get_args(annotation))
    return annotation, False


def fields_of(
    command: type[Command],
    values: Mapping[str, Any] | None = None,
    errors: Sequence[Mapping[str, Any]] = (),
    *,
    prefix: str = "",
) -> list[Field]:
    """The form's fields with what was given, and each of pydantic's `errors` at its own field.

    `prefix` keeps the commands of a bundle apart on one page.
    """
    by_place: dict[str, list[str]] = {}
    for error in errors:
        place = prefix + "-".join(str(part) for part in error["loc"])
        by_place.setdefault(place, []).append(str(error["msg"]))
    return _fields(tuple(command.model_fields.items()), values or {}, prefix, by_place)


def _fields(
    infos: tuple[tuple[str, FieldInfo], ...], values: Mapping[str, Any], prefix: str, errors: Mapping[str, list[str]]
) -> list[Field]:
    out = []
    for name, info in infos:
        shape, place = shape_of(info), f"{prefix}{name}"
        default = "" if info.is_required() or info.default is None else info.get_default(call_default_factory=True)
        value = values.get(name, default)
        each = Field(place, info.title or label_of(name), shape, info.description or "", errors=errors.get(place, []))
        if shape.widget == "lines":
            rows = value if isinstance(value, list | tuple) else []
            each.lines = [_fields(shape.parts, row, f"{place}-{n}-", errors) for n, row in enumerate(rows or [{}])]
            each.blank_line = _fields(shape.parts, {}, f"{place}-__n__-", {})
        elif shape.widget == "group":
            each.lines = [_fields(shape.parts, value or {}, f"{place}-", errors)]
        elif shape.widget == "words":
            each.value = "\n".join(str(one) for one in value) if isinstance(value, list | tuple) else value
        elif shape.widget == "json":
            each.value = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
        else:
            each.value = "" if value is None else value
        out.append(each)
    return out


def read(command: type[Command], posted: Mapping[str, Any], *, prefix: str = "") -> dict[str, Any]:
    """Plain values from a posted form. An empty field that need not be filled is left out, so that defaults hold."""
    return _read(tuple(command.model_fields.items()), posted, prefix)


def _read(infos: tuple[tuple[str, FieldInfo], ...], posted: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, info in infos:
        shape, place = shape_of(info), f"{prefix}{name}"
        if shape.widget == "lines":
            out[name] = [_read(shape.parts, posted, f"{place}-{number}-") for number in _line_numbers(posted, place)]
        elif shape.widget == "group":
            out[name] = _read(shape.parts, posted, f"{place}-")
        elif shape.widget == "tick":
            out[name] = place in posted
        else:
            text = str(posted.get(place, "")).strip()
            if shape.widget == "words":
                out[name] = [line.strip() for line in text.splitlines() if line.strip()]
            elif shape.widget == "json" and text:
                out[name] = _from_json(text)
            elif text or shape.required:
                out[name] = text
    return out


def _from_json(text: str) -> Any:
    """The value, or the text itself for the command to refuse in its own words."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _line_numbers(posted: Mapping[str, Any], place: str) -> list[str]:
    """The numbers of the lines that were posted with anything in them, in order."""
    found: dict[str, bool] = {}
    for key, value in posted.items():
        if key.startswith(f"{place}-"):
            number = key[len(place) + 1 :].split("-", 1)[0]
            if number.isdecimal():
                found[number] = found.get(number, False) or bool(str(value).strip())
    return sorted((number for number, filled in found.items() if filled), key=int)[:MOST_LINES]


def plain_errors(errors: Sequence[Mapping[str, Any]]) -> list[str]:
    """Pydantic's errors as sentences for the head of the form."""
    return [
        _("%(field)s: %(problem)s") % {"field": label_of(str(each["loc"][0])), "problem": each["msg"]}
        if each["loc"]
        else str(each["msg"])
        for each in errors
    ]
