"""Where to look closely: the places around telling words, so that the cost of a text is bounded and linear."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

_WORD = re.compile(r"[0-9]+|[^\W\d_]+|[^\w\s]")
#: More telling words than this is a table of data, not a request; the rest is not searched.
MOST = 2000


@lru_cache(maxsize=2)
def _words(text: str) -> list[tuple[str, int, int]]:
    return [(found[0].casefold(), found.start(), found.end()) for found in _WORD.finditer(text)]


def around(text: str, telling: Callable[[str], bool], *, reach: int) -> list[tuple[int, int]]:
    """Merged stretches of the text from `reach` characters before each telling word to as many after it."""
    out: list[tuple[int, int]] = []
    count = 0
    for word, begin, stop in _words(text):
        if telling(word):
            start, end = max(0, begin - reach), min(len(text), stop + reach)
            if out and start <= out[-1][1]:
                out[-1] = (out[-1][0], end)
            else:
                out.append((start, end))
            count += 1
            if count == MOST:
                break
    return out
