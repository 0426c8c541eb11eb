"""Finds copies of many people's words in tables, passing over each table once. Each floor sweeps its own.

The database looks for how each text begins, all of them folded into one pattern; what it finds is looked at closely.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from django.db import connection
from django.db.models import CharField, JSONField, Model, TextField

from ledger.redaction import SURELY_OWN, Words

#: Two people may share a name: columns that hold nothing but a name are cleared by relation, never by likeness.
NAMES = frozenset(
    {"author_name", "actor_name", "published_by", "username", "first_name", "last_name", "email", "name", "folded_name"}
)
#: Beginnings in one pattern. PostgreSQL takes long over a larger one, and gives up in the end.
AT_ONCE = {"postgresql": 200, "sqlite": 20_000}
ROWS = 500


class Sweep:
    """What is looked for: the words of each subject."""

    def __init__(self, words: Mapping[str, Words]) -> None:
        self._words = dict(words)

    @property
    def subjects(self) -> Collection[str]:
        return self._words.keys()

    def over(self, models: Iterable[type[Model]]) -> Counter[str]:
        """Takes the words out of every text column of these tables, and returns how many rows that changed for each
        subject; a row that held words of two counts for both."""
        found: Counter[str] = Counter()
        for model in models if self._all.texts else ():
            if columns := _columns(model):
                for row in self._rows(model, columns):
                    found.update(self._clean(row, columns))
        return found

    def whose(self, text: str) -> set[str]:
        """Subjects of whom something stands in the text."""
        if not any(re.search(pattern, text, re.IGNORECASE) for pattern in self._patterns):
            return set()
        said: list[str] = []
        self._all.out_of(text, said.append)
        return self._owners_of(said)

    @cached_property
    def _all(self) -> Words:
        return Words.of(text for words in self._words.values() for text in words.texts)

    @cached_property
    def _owners(self) -> dict[str, set[str]]:
        owners: dict[str, set[str]] = {}
        for subject, words in self._words.items():
            for text in words.texts:
                owners.setdefault(text.lower(), set()).add(subject)
        return owners

    @cached_property
    def _patterns(self) -> list[str]:
        most = AT_ONCE[connection.vendor]
        starts = sorted({form[:SURELY_OWN] for text in self._all.texts for form in _forms(text)})
        return [_folded(starts[first : first + most]) for first in range(0, len(starts), most)]

    def _rows(self, model: type[Model], columns: list[Any]) -> Iterator[Any]:
        # One look at each row, whatever the number of columns and texts; the ORM would take longer to say so.
        quote = connection.ops.quote_name
        whole = " || ' ' || ".join(f"COALESCE(CAST({quote(str(each.column))} AS text), '')" for each in columns)
        matches = connection.operators["iregex"]  # type: ignore[attr-defined]
        found: set[Any] = set()
        with connection.cursor() as cursor:
            for pattern in self._patterns:
                cursor.execute(
                    f"SELECT {quote(str(model._meta.pk.column))} FROM {quote(model._meta.db_table)}"  # noqa: S608  names of ours
                    f" WHERE ({whole}) {matches}",
                    [pattern],
                )
                found.update(key for (key,) in cursor.fetchall())
        keys = sorted(found)
        for first in range(0, len(keys), ROWS):
            yield from model._base_manager.filter(pk__in=keys[first : first + ROWS])

    def _clean(self, row: Model, columns: list[Any]) -> set[str]:
        said: list[str] = []
        before = {each.name: getattr(row, each.name) for each in columns}
        after = {each.name: self._cleaned(each, before[each.name], said) for each in columns}
        changes = {name: value for name, value in after.items() if value != before[name]}
        if not changes or not type(row)._base_manager.filter(pk=row.pk).update(**changes):
            return set()
        return self._owners_of(said)

    def _cleaned(self, column: Any, value: Any, said: list[str]) -> Any:
        if isinstance(column, JSONField):
            return self._all.out_of_json(value, tell=said.append)
        cleaned = self._all.out_of(value, said.append) if isinstance(value, str) else value
        return cleaned[: column.max_length] if isinstance(cleaned, str) and column.max_length else cleaned

    def _owners_of(self, said: Iterable[str]) -> set[str]:
        return {subject for text in said for subject in self._owners.get(text.lower()) or self._at_length(text)}

    def _at_length(self, text: str) -> set[str]:
        """For letters whose small form is written differently."""
        return {subject for subject, words in self._words.items() if words.out_of(text) != text}


def _columns(model: type[Model]) -> list[Any]:
    return [
        each
        for each in model._meta.concrete_fields
        if isinstance(each, CharField | TextField | JSONField)
        and not (each.primary_key or each.unique or each.choices or each.name in NAMES)
    ]


def _forms(text: str) -> set[str]:
    """As JSON may write it: with characters as they are, or escaped."""
    return {text} | {json.dumps(text, ensure_ascii=plain)[1:-1] for plain in (True, False)}


def _folded(texts: Iterable[str]) -> str:
    """One pattern for all of them that looks at each character once: common beginnings stand in it once."""
    tree: dict[str, Any] = {}
    for text in texts:
        branch = tree
        for character in text:
            branch = branch.setdefault(character.lower() if character.isascii() else character, {})
        branch[""] = {}
    return _pattern_of(tree)


def _pattern_of(tree: dict[str, Any]) -> str:
    # Where a text ends, whatever goes on from there is found as well.
    parts = [] if "" in tree else [re.escape(each) + _pattern_of(branch) for each, branch in tree.items()]
    return "(?:" + "|".join(parts) + ")" if len(parts) > 1 else "".join(parts)
