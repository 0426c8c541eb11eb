"""The requester's own words: a view of the text, of the same length, in which everything else is blank.

Blank are hidden and commanding parts, markup, mail headers, quoted mails and signatures, so that a phone number, a
date in a footer or an order of last year is not taken for a wish.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

from agents.readers import suspicion
from agents.readers.text import Suspicion

_BREAKING_TAG = re.compile(r"</?(?:br|p|div|li|tr|ul|ol|table|h[1-6]|blockquote|body|html|head)\b", re.I)
_CELL_TAG = re.compile(r"</t[dh]\b", re.I)
_TAG = re.compile(r"</?[a-zA-Z][^<>\n]{0,400}>")
_ENTITY = re.compile(r"&(nbsp|amp|lt|gt|quot|euro|pound|#8364|#160|#39);")
_ENTITIES = {"nbsp": " ", "amp": "&", "lt": "<", "gt": ">", "quot": '"', "euro": "€", "pound": "£", "#8364": "€",
             "#160": " ", "#39": "'"}  # fmt: skip
_HEADER = re.compile(
    r"^[ \t]{0,8}(?P<name>from|sent|date|to|cc|bcc|reply-to|von|gesendet|datum|an|de|envoyé|à|message-id|"
    r"subject|betreff|objet)"
    r"[ \t]{0,8}:[^\n]*$",
    re.I | re.M,
)
_SUBJECTS = ("subject", "betreff", "objet")
_QUOTE_LINE = re.compile(r"^[ \t]{0,8}>[^\n]*$", re.M)
_QUOTE_START = re.compile(
    r"^[ \t]{0,8}(?:-{2,}[ \t]{0,8}(?:original message|forwarded message|ursprüngliche nachricht|message "
    r"d'origine|weitergeleitete nachricht)[^\n]*"
    r"|on [^\n]{4,90} wrote:|am [^\n]{4,90} schrieb[^\n]{0,60}:|le [^\n]{4,90} a écrit ?:)[ \t]{0,8}$",
    re.I | re.M,
)
_SIGNATURE = re.compile(
    r"^--[ \t]{0,8}$"
    r"|(?:^|(?<=[.!?]))[ \t]{0,8}(?:(?:kind|best|warm|with kind|many)?[ \t]{0,8}regards|best wishes|"
    r"yours (?:sincerely|faithfully|truly)|sincerely"
    r"|cheers|(?:many |with )?thanks(?: (?:a lot|so much|in advance|again|very much|and (?:best|kind) "
    r"regards))?|thank you(?: (?:in advance|very much|so much))?|best"
    r"|mit freundlichen grüßen|mit freundlichen gruessen|freundliche grüße|viele grüße|beste grüße|liebe "
    r"grüße|mfg|lg|danke(?: im voraus)?|vielen dank(?: im voraus)?"
    r"|cordialement|bien cordialement|salutations|merci(?: d'avance)?|bien à vous)[ \t]{0,8}(?=[,.!]|\n|"
    r"$)[,.!]?[ \t]{0,8}(?=\n|$|[A-ZÄÖÜÉ])"
    r"|^[ \t]{0,8}(?:sent from my|gesendet von|envoyé de mon)\b",
    re.I | re.M,
)
#: People also begin with thanks: it closes a mail only when a name or nothing follows.
_THANKS = re.compile(r"\s*(?:many |with )?(?:thank|best\b(?! regards| wishes)|cheers|danke|vielen dank|merci)", re.I)
_NAME = re.compile(r"(?:[^\W\d_][\w.'’-]*(?:[ \t,/&|]+(?=\S)|(?=\s*$|\s*\n))){0,6}(?:\s*$|\s*\n|\s*[(])")
_POSTSCRIPT = re.compile(r"^[ \t]{0,8}P\.?[ \t]?S\.?[ \t:]", re.I | re.M)
_CONTACT = re.compile(
    r"https?://\S{1,300}|www\.\S{1,200}|[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}"
    r"|(?:\b(?:tel|phone|mobile|mob|cell|fax|call(?: me)?(?: (?:on|at))?|whatsapp|ext|telefon|handy|tél|"
    r"téléphone|reach me (?:on|at))\b\.?[ \t]{0,8}[:.]?[ \t]{0,8})\+?[0-9(][0-9 ()./-]{3,24}"
    r"|\+[0-9]{1,3}[ .()/-]{0,2}[0-9][0-9 ().-]{6,22}[0-9]|\(0[0-9]{1,4}\)[0-9 .-]{5,14}|\b0[0-9]{2,4}[ "
    r"/-][0-9]{3}[0-9 -]{2,9}",
    re.I,
)
_REFERENCE = re.compile(
    r"\b(?:invoice|ticket|po|pr|rfq|rechnung|facture|(?:[a-zäöüé]{2,14}[ \t]{0,8}(?:\bno\b\.?|\bnr\b\.?|"
    r"\bnumber\b|\bid\b|n°|\#)))"
    r"[.:#]?[ \t]{0,8}(?:\#|[A-Z]{1,5}[-/ ]?)?[0-9][0-9A-Z/-]{2,20}\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Passages:
    """`own`: what to read. `wide`: with subject line and quoted mail, for requests that stand only there."""

    own: str
    wide: str
    suspicious: tuple[Suspicion, ...]


def blank(text: str, spans: Iterable[tuple[int, int]], fill: str = "\n") -> str:
    """The text with these spans filled, length and offsets unchanged."""
    pieces, place = [], 0
    for start, end in sorted(spans):
        start = max(start, place)
        if end > start:
            pieces += [text[place:start], fill * (end - start)]
            place = end
    pieces.append(text[place:])
    return "".join(pieces)


def divide(text: str) -> Passages:
    found = list(suspicion.hidden(text))
    view = blank(text, [(each.start, each.end) for each in found])
    said = list(suspicion.commanding(view))
    view = blank(view, [(each.start, each.end) for each in said])
    view = _without_markup(view)
    contacts = [each.span() for each in _CONTACT.finditer(view)]
    view = blank(view, contacts, fill=" ")
    view = blank(view, [each.span() for each in _REFERENCE.finditer(view)], fill="_")
    headers = list(_HEADER.finditer(view))
    subjects = [each for each in headers if each["name"].casefold() in _SUBJECTS]
    wide = blank(view, [each.span() for each in headers if each not in subjects])
    wide = blank(wide, [(each.start(), each.end("name") + 1) for each in subjects])
    wide = blank(wide, _signatures(wide))
    own = blank(wide, [each.span() for each in headers])
    own = blank(own, _quoted(own))
    reports = sorted([*found, *said], key=lambda each: each.start)[: suspicion.REPORTS]
    return Passages(own, wide, tuple(reports))


def _without_markup(view: str) -> str:
    def space(found: re.Match[str]) -> str:
        tag = found[0]
        first = "\n" if _BREAKING_TAG.match(tag) else "|" if _CELL_TAG.match(tag) else " "
        return first + " " * (len(tag) - 1)

    if "<" in view:
        view = _TAG.sub(space, view)
    if "&" in view:
        view = _ENTITY.sub(lambda found: _ENTITIES[found[1]].ljust(len(found[0])), view)
    return view


def _signatures(view: str) -> list[tuple[int, int]]:
    """From a closing formula to the next paragraph that is a postscript or a quoted mail; the last formula counts
    only when little follows it."""
    spans: list[tuple[int, int]] = []
    ends = sorted(
        each.start() for pattern in (_POSTSCRIPT, _QUOTE_START, _QUOTE_LINE) for each in pattern.finditer(view)
    )
    ends.append(len(view))
    for found in _SIGNATURE.finditer(view):
        end = ends[bisect_left(ends, found.end())]
        if (spans and found.start() < spans[-1][1]) or end - found.end() > 2000:
            continue
        rest = view[found.end() : end].strip()
        if len(rest) <= 600 and (not _THANKS.match(found[0]) or _NAME.match(rest)):
            spans.append((found.start(), end))
    return spans


def _quoted(view: str) -> list[tuple[int, int]]:
    spans = [each.span() for each in _QUOTE_LINE.finditer(view)]
    if start := _QUOTE_START.search(view):
        spans.append((start.start(), len(view)))
    return spans
