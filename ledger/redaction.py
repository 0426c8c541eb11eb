"""Takes somebody's words out of texts and JSON, and sweeps tables for copies of them. Each floor sweeps its own."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import connection
from django.db.models import CharField, JSONField, Model, TextField

#: What stands where a text was.
MARK = "[erased]"
#: Shorter texts (“20”, “NG”) stand everywhere by chance: rows that hold them are known by relation.
SHORTEST = 4
#: Longer texts are looked for without regard to where words begin and end.
SURELY_OWN = 24
#: Widths of columns that keep the beginning of a longer text.
CUTS = (500, 400, 300, 200, 180, 120, 100)
#: Two people may share a name: columns that hold nothing but a name are cleared by relation, never by likeness.
NAMES = frozenset(
    {"author_name", "actor_name", "published_by", "username", "first_name", "last_name", "email", "name", "folded_name"}
)
AT_ONCE = 40


@dataclass(frozen=True)
class Words:
    """Texts that identify somebody or that they typed."""

    texts: tuple[str, ...]

    @classmethod
    def of(cls, texts: Iterable[str]) -> Words:
        kept = {part for text in texts for part in _with_cuts(text.strip()) if len(part) >= SHORTEST and part != MARK}
        return cls(tuple(sorted(kept, key=lambda each: (-len(each), each))))

    def and_also(self, texts: Iterable[str]) -> Words:
        return Words.of([*self.texts, *texts])

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        parts = [re.escape(each) if len(each) >= SURELY_OWN else _bounded(each) for each in self.texts]
        return re.compile("|".join(parts), re.IGNORECASE) if parts else None

    def out_of(self, text: str) -> str:
        """The text with the mark in place of each of them."""
        return self._pattern.sub(MARK, text) if self._pattern and text else text

    def out_of_json(self, value: Any, wholly: Collection[str] = ()) -> Any:
        """The same for every text in a JSON value; what stands below a name in `wholly` is replaced altogether."""
        if isinstance(value, str):
            return self.out_of(value)
        if isinstance(value, list):
            return [self.out_of_json(each, wholly) for each in value]
        if isinstance(value, dict):
            return {
                self.out_of(name): wiped(each) if name in wholly else self.out_of_json(each, wholly)
                for name, each in value.items()
            }
        return value

    def sweep(self, models: Iterable[type[Model]]) -> int:
        """Takes them out of every text column of these tables, and returns how many rows that changed."""
        return sum(self._sweep(model) for model in models if self.texts)

    def _sweep(self, model: type[Model]) -> int:
        columns = [
            each
            for each in model._meta.concrete_fields
            if isinstance(each, CharField | TextField | JSONField)
            and not (each.primary_key or each.unique or each.choices or each.name in NAMES)
        ]
        return sum(self._sweep_some(model, columns, part) for part in _parts(self.texts)) if columns else 0

    def _sweep_some(self, model: type[Model], columns: list[Any], texts: tuple[str, ...]) -> int:
        # One look at each row, whatever the number of columns and texts; the ORM would take longer to say so.
        quote = connection.ops.quote_name
        whole = " || ' ' || ".join(f"COALESCE(CAST({quote(str(each.column))} AS text), '')" for each in columns)
        pattern = "|".join(sorted({re.escape(form) for text in texts for form in (text, *_forms(text))}))
        matches = connection.operators["iregex"]  # type: ignore[attr-defined]
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {quote(str(model._meta.pk.column))} FROM {quote(model._meta.db_table)}"  # noqa: S608  names of ours
                f" WHERE ({whole}) {matches}",
                [pattern],
            )
            found = [key for (key,) in cursor.fetchall()]
        done = 0
        for row in model._base_manager.filter(pk__in=found) if found else ():
            changes = {each.name: self._cleaned(each, getattr(row, each.name)) for each in columns}
            changes = {name: value for name, value in changes.items() if value != getattr(row, name)}
            if changes:
                done += model._base_manager.filter(pk=row.pk).update(**changes)
        return done

    def _cleaned(self, column: Any, value: Any) -> Any:
        if isinstance(column, JSONField):
            return self.out_of_json(value)
        cleaned = self.out_of(value) if isinstance(value, str) else value
        return cleaned[: column.max_length] if isinstance(cleaned, str) and column.max_length else cleaned


def wiped(value: Any) -> Any:
    """Every text in it replaced by the mark; its shape and its numbers stay."""
    if isinstance(value, str):
        return MARK if value else value
    if isinstance(value, list):
        return [wiped(each) for each in value]
    return {name: wiped(each) for name, each in value.items()} if isinstance(value, dict) else value


def _with_cuts(text: str) -> Iterator[str]:
    yield text
    yield from (text[:cut].rstrip() for cut in CUTS if len(text) > cut)


def _bounded(text: str) -> str:
    start = r"(?<!\w)" if text[0].isalnum() else ""
    return start + re.escape(text) + (r"(?!\w)" if text[-1].isalnum() else "")


def _forms(text: str) -> set[str]:
    """As JSON may write it: with characters as they are, or escaped."""
    return {json.dumps(text, ensure_ascii=plain)[1:-1] for plain in (True, False)}


def _parts(texts: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    yield from (texts[start : start + AT_ONCE] for start in range(0, len(texts), AT_ONCE))
