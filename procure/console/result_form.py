"""A form for a step's result, made from what the task of its role declares that it gives, and read back into JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agents import results, values
from agents.models import Step
from agents.values import LIST, Record, said
from ledger.errors import DomainError

#: The whole result as JSON, where the role declares no types.
WHOLE = ""
LONGEST = 100_000
HINTS = {
    "integer": gettext_lazy("a whole number"),
    "decimal": gettext_lazy("such as 12.50"),
    "date": gettext_lazy("a day"),
    "instant": gettext_lazy("such as 2026-12-04T17:00:00+01:00"),
    "lines": gettext_lazy("one a line"),
    "json": gettext_lazy("as JSON"),
}
SCALARS = values.WORDS - {"any"}


@dataclass(frozen=True, slots=True)
class Field:
    """`widget`: text, integer, decimal, boolean, date, instant, lines or json."""

    path: str
    widget: str
    type: str
    optional: bool
    value: str = ""
    error: str = ""

    @property
    def label(self) -> str:
        return self.path.replace("_", " ").replace(".", " › ") or _("The whole result")

    @property
    def hint(self) -> str:
        return str(HINTS.get(self.widget, ""))

    @property
    def name(self) -> str:
        return f"result.{self.path}"


def gives(step: Step) -> Record:
    """What the step's result holds; empty where its role says nothing, or is not known any more."""
    try:
        return results.gives(step)
    except DomainError:
        return {}


def fields(
    record: Record, result: Any, given: Mapping[str, str] | None = None, errors: Mapping[str, str] | None = None
) -> list[Field]:
    """One a declared field, filled with what was typed, else with the result that counts now."""
    return [
        Field(
            path,
            widget,
            type_,
            optional,
            given.get(f"result.{path}", "") if given is not None else _shown(_at(result, path), widget),
            (errors or {}).get(path, ""),
        )
        for path, widget, type_, optional in _declared(record)
    ]


def read(record: Record, given: Mapping[str, str], *, before: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """The result and what is wrong, by field. Fields of `before` beyond the declared ones stay."""
    result: dict[str, Any] = json.loads(json.dumps(before)) if isinstance(before, dict) else {}
    errors = {}
    for path, widget, type_, optional in _declared(record):
        try:
            value = _value(given.get(f"result.{path}", "")[:LONGEST].strip(), widget)
        except ValueError:
            errors[path] = _("This is not %(what)s.") % {"what": _what(widget)}
            continue
        if path == WHOLE:
            if not isinstance(value, dict):
                errors[path] = _("A result is an object: names in quotes, each with a value.")
            else:
                result = value
            continue
        if not (value is None and optional) and (said := values.misfit(value, type_, at=path)):
            errors[path] = f"{said}."
        _put(result, path, value)
    return result, errors


def _what(widget: str) -> str:
    return {"integer": _("a whole number"), "json": _("JSON")}.get(widget, _("what belongs here"))


def _declared(record: Record) -> list[tuple[str, str, str, bool]]:
    """(path, widget, type, optional) for each field."""
    return list(_flat(record, "")) if record else [(WHOLE, "json", "any", False)]


def _flat(record: Record, before: str) -> Iterator[tuple[str, str, str, bool]]:
    for name, type_ in record.items():
        path = f"{before}{name}"
        if isinstance(type_, str):
            yield path, _widget(type_.removesuffix("?")), type_, type_.endswith("?")
        elif isinstance(type_, list):
            yield path, "json", said(type_), False
        else:
            yield from _flat(type_, f"{path}.")


def _widget(name: str) -> str:
    if name.startswith(LIST):
        return "lines" if name.removeprefix(LIST) in SCALARS - {"integer", "boolean"} else "json"
    if name in ("integer", "decimal", "boolean", "date", "instant"):
        return name
    return "text" if name in SCALARS else "json"


def _value(text: str, widget: str) -> Any:
    if widget == "lines":
        return [line.strip() for line in text.splitlines() if line.strip()]
    if not text:
        return None
    match widget:
        case "integer":
            return int(text)
        case "boolean":
            return text == "yes"
        case "json":
            return json.loads(text)
        case _:
            return text


def _shown(value: Any, widget: str) -> str:
    if value is None:
        return ""
    if widget == "lines" and isinstance(value, list):
        return "\n".join(str(each) for each in value)
    if widget == "boolean":
        return "yes" if value else "no"
    return json.dumps(value, ensure_ascii=False, indent=1) if widget == "json" else str(value)


def _at(value: Any, path: str) -> Any:
    for name in path.split(".") if path else ():
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _put(result: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for name in parents:
        inner = result.get(name)
        result[name] = inner if isinstance(inner, dict) else {}
        result = result[name]
    result[last] = value
