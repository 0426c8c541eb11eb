"""Numbers as people write them: 2,000 · 1.234,56 · 12 400 · 30.000 · twenty-five · zwei Dutzend."""

from __future__ import annotations

import re
from decimal import Decimal

from agents.readers.wordlists import words

#: A run of digits with its separators. A space or apostrophe groups only before exactly three digits.
DIGITS = r"[0-9]{1,13}(?:[.,][0-9]{1,13}|[ '’][0-9]{3}(?![0-9])){0,5}(?![0-9])"
NUMBER = rf"(?<![\w.,]){DIGITS}"

_ONES = {
    **{w: n for n, w in enumerate(
        words("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
        " seventeen eighteen nineteen")
    )},
    **{w: n for n, w in enumerate(
        words("null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn"
        " siebzehn achtzehn neunzehn")
    )},
    **{w: n for n, w in enumerate(
        words("zéro _ deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize")
    )},
    "ein": 1, "eine": 1, "einen": 1, "einem": 1, "einer": 1, "un": 1, "une": 1, "single": 1,
}  # fmt: skip
_TENS = {
    **dict(zip(words("twenty thirty forty fifty sixty seventy eighty ninety"), range(20, 100, 10), strict=True)),
    **dict(zip(words("zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig"), range(20, 100, 10),
               strict=True)),
    **dict(zip(words("vingt trente quarante cinquante soixante"), range(20, 70, 10), strict=True)),
}  # fmt: skip
_SCALES = {
    "dozen": 12, "dozens": 12, "dutzend": 12, "douzaine": 12, "douzaines": 12,
    "hundred": 100, "hundert": 100, "cent": 100, "cents": 100,
    "thousand": 1000, "tausend": 1000, "mille": 1000, "million": 10**6, "millionen": 10**6, "millions": 10**6,
}  # fmt: skip
_WORDS = "|".join(sorted({*_ONES, *_TENS, *_SCALES, "half"} - {"_"}, key=len, reverse=True))
#: One to eight number words: “twenty-five”, “one hundred and fifty”, “half a dozen”, “two thousand”.
WORDS = (
    rf"(?<![\w-])(?:(?:half\s+)?an?\s+(?=(?:dozen|hundred|thousand|million)\b))?(?:{_WORDS})(?:(?:[\s-]|"
    rf"\s+and\s+){{1,2}}(?:{_WORDS})){{0,7}}(?![\w-])"
)
_WORD = re.compile(r"[^\W\d_]+")


def parse(text: str) -> Decimal | None:
    """The number written in digits. The last of two kinds of separator is the decimal one; a lone separator before
    exactly three digits groups thousands (`30.000`, `2,000`), except after a single leading zero."""
    digits = re.sub(r"[ '’]", "", text.strip())
    if not re.fullmatch(r"[0-9]+(?:[.,][0-9]+)*", digits) or len(digits) > 24:
        return None
    marks = [each for each in digits if each in ".,"]
    if len(set(marks)) == 2:
        decimal = marks[-1]
        if marks.count(decimal) > 1:
            return None
        digits = digits.replace("," if decimal == "." else ".", "").replace(decimal, ".")
    elif len(marks) > 1:
        if any(len(part) != 3 for part in re.split("[.,]", digits)[1:]):
            return None
        digits = digits.replace(marks[0], "")
    elif marks:
        whole, part = digits.split(marks[0])
        grouped = len(part) == 3 and len(whole) <= 3 and whole != "0"
        digits = whole + part if grouped else f"{whole}.{part}"
    return Decimal(digits)


def parse_words(text: str) -> Decimal | None:
    """The number written in words, or None when the words do not make one."""
    total = current = 0
    seen = False
    words = [each.casefold() for each in _WORD.findall(text)]
    for place, word in enumerate(words):
        if word in ("and", "a", "an"):
            continue
        if word == "half":
            if "dozen" not in words[place:]:
                return None
            return Decimal(6)
        if word in _SCALES:
            scale = _SCALES[word]
            if scale >= 1000:
                total, current = total + (current or 1) * scale, 0
            else:
                current = (current or 1) * scale
        elif word in _TENS or word in _ONES:
            value = _TENS.get(word, _ONES.get(word, 0))
            if current % 10 and value:
                return None
            current += value
        else:
            return None
        seen = True
    return Decimal(total + current) if seen else None


def plain(value: Decimal) -> str:
    """As people and JSON want it: no exponent, no trailing zeros."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
