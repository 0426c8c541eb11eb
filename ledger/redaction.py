"""Takes somebody's words out of texts and JSON. Copies of them in tables are found by `ledger.sweeping`."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

#: What stands where a text was.
MARK = "[erased]"
#: Shorter texts (“20”, “NG”) stand everywhere by chance: rows that hold them are known by relation.
SHORTEST = 4
#: Longer texts are looked for without regard to where words begin and end.
SURELY_OWN = 24
#: Widths of columns that keep the beginning of a longer text.
CUTS = (500, 400, 300, 200, 180, 120, 100)


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

    def out_of(self, text: str, tell: Callable[[str], object] | None = None) -> str:
        """The text with the mark in place of each of them; `tell` hears what stood there."""
        if not self._pattern or not text:
            return text
        if tell is not None:
            for found in self._pattern.findall(text):
                tell(found)
        return self._pattern.sub(MARK, text)

    def out_of_json(self, value: Any, wholly: Collection[str] = (), tell: Callable[[str], object] | None = None) -> Any:
        """The same for every text in a JSON value; what stands below a name in `wholly` is replaced altogether."""
        if isinstance(value, str):
            return self.out_of(value, tell)
        if isinstance(value, list):
            return [self.out_of_json(each, wholly, tell) for each in value]
        if isinstance(value, dict):
            return {
                self.out_of(name, tell): wiped(each) if name in wholly else self.out_of_json(each, wholly, tell)
                for name, each in value.items()
            }
        return value


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
