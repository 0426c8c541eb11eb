"""Outside text made safe to read: decoded, NFKC, invisible characters taken out and reported.

Offsets everywhere in the readers count Unicode characters of `Normalised.text`; its UTF-8 digest is `sha256`.
"""

from __future__ import annotations

import codecs
import hashlib
import re
import unicodedata
from dataclasses import dataclass

from ledger.errors import InvalidInput

LIMIT = 200_000
#: Reports of removed characters in one text; more than this says nothing new.
REPORTS = 40


class TooLong(InvalidInput):
    """The text is longer than 200,000 characters. Shorten it, or send its parts one by one."""

    code = "too_long"


class Empty(InvalidInput):
    """There is no text to read."""

    code = "empty"


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Words that try to hide or to command. Reported to people, never obeyed."""

    quote: str
    start: int
    end: int
    why: str

    def as_json(self) -> dict[str, object]:
        return {"quote": self.quote, "start": self.start, "end": self.end, "why": self.why}


@dataclass(frozen=True, slots=True)
class Normalised:
    text: str
    suspicious: tuple[Suspicion, ...] = ()

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_TAGS = "\U000e0000-\U000e0fff"
_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_INVISIBLE = re.compile(
    f"[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2060-\u2065\u206a-\u206f\u3164\ufe00-\ufe0f"
    f"\ufeff\uffa0\ufff9-\ufffb\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\U0001d173-\U0001d17a{_BIDI}{_TAGS}]+"
)
_TAG = re.compile(f"[{_TAGS}]")
_BIDI_CHARACTER = re.compile(f"[{_BIDI}]")
#: Joiners, soft hyphens and variation selectors belong to honest text outside of Latin words.
_HARMLESS = re.compile("^[\u00ad\u200c\u200d\ufe00-\ufe0f\ufeff\x00-\x1f\x7f-\x9f]+$")
_LINE_ENDS = str.maketrans({"\x0b": "\n", "\x0c": "\n", "\x85": "\n", "\u2028": "\n", "\u2029": "\n"})


def decode(raw: bytes) -> str:
    """Bytes of a mail or file as text: by byte-order mark, by shape, UTF-8, else Windows-1252."""
    if len(raw) > 4 * LIMIT + 4:
        raise TooLong()
    for mark, encoding in _BOMS:
        if raw.startswith(mark):
            return raw[len(mark) :].decode(encoding, "replace")
    sample = raw[:4000]
    for encoding, zeros in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[0::2])):
        if len(zeros) > 3 and zeros.count(0) > len(zeros) * 0.6:
            return raw.decode(encoding, "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def normalise(raw: str | bytes) -> Normalised:
    """NFKC without invisible characters; the same text comes back when it is normalised again."""
    text = decode(raw) if isinstance(raw, bytes | bytearray) else raw
    if len(text) > LIMIT:
        raise TooLong()
    text = re.sub("[\ud800-\udfff]", "\ufffd", text.removeprefix("\ufeff")).translate(_LINE_ENDS)
    text = unicodedata.normalize("NFKC", text)
    if len(text) > LIMIT:
        raise TooLong()
    clean, removed = _without_invisible(text)
    if not unicodedata.is_normalized("NFKC", clean):
        clean = unicodedata.normalize("NFKC", clean)
    if not clean.strip():
        raise Empty()
    return Normalised(clean, tuple(_reports(clean, removed)))


def _without_invisible(text: str) -> tuple[str, list[tuple[int, str]]]:
    pieces: list[str] = []
    removed: list[tuple[int, str]] = []
    place = length = 0
    for found in _INVISIBLE.finditer(text):
        pieces.append(text[place : found.start()])
        length += found.start() - place
        place = found.end()
        if not found[0].strip("\u00ad"):
            continue
        around = text[max(0, found.start() - 1) : found.start()] + text[place : place + 1]
        if not (_HARMLESS.match(found[0]) and not (len(around) == 2 and around.isascii() and around.isalnum())):
            removed.append((length, found[0]))
    pieces.append(text[place:])
    return "".join(pieces), removed


def _reports(text: str, removed: list[tuple[int, str]]) -> list[Suspicion]:
    out = []
    for place, characters in removed[:REPORTS]:
        start, end = word_at(text, place)
        out.append(Suspicion(text[start:end], start, end, _why(characters)))
    return out


def _why(characters: str) -> str:
    hidden = "".join(chr(ord(each) - 0xE0000) for each in characters if 0xE0020 <= ord(each) <= 0xE007E)
    if hidden:
        return f"invisible tag characters were removed here; they spelt “{hidden[:120]}”"
    if _TAG.search(characters):
        return f"{len(characters)} invisible tag characters were removed here"
    if _BIDI_CHARACTER.search(characters):
        return "characters that turn the reading direction were removed here"
    return f"{len(characters)} invisible character{'s' if len(characters) > 1 else ''} removed here"


def word_at(text: str, place: int, reach: int = 40) -> tuple[int, int]:
    """The word around or next to a place, at most `reach` characters to each side; never empty in a text with words."""
    place = min(place, len(text))
    start = end = place
    while start > max(0, place - reach) and not text[start - 1].isspace():
        start -= 1
    while end < min(len(text), place + reach) and not text[end].isspace():
        end += 1
    if start == end:
        if after := re.compile(r"\S{1,40}").search(text, place):
            return after.span()
        before = text[:place].rstrip()
        return max(0, len(before) - 1), len(before)
    return start, end
