"""Dates as people say them, resolved against a today.

Rules: numbers with dots or slashes are day first, unless only month first is possible (`06/30/2027`). A date without a
year is the next such date from today on. “by/before X” is X; a range takes its later end; “early” is the 5th,
“beginning of” the 1st, “mid” the 15th, “late” the 25th, “end of” the last day; a bare month or quarter ends with its
last day, but “by/before June” is 1 June. “Friday” is the next one after today, “next Friday” that of the following
calendar week; a week ends on Friday. ASAP and seasons are no dates.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from agents.readers import moments, numbers, windows
from agents.readers.moments import MONTHS, WEEKDAYS
from agents.readers.wordlists import words

#: Blanks between words: none or some. Bounded, so that a long run of blanks costs nothing.
_S, _G = r"[ \t]{0,3}", r"[ \t]{1,3}"
_MONTH = rf"(?P<month>{'|'.join(sorted(MONTHS, key=len, reverse=True))})\b\.?"
_YEAR = r"(?:[ \t]{0,3},?[ \t]{0,3}(?P<year>20[0-9]{2})\b(?![.,]?[0-9]))?"
_DAY = r"(?P<day>[0-3]?[0-9])(?:st|nd|rd|th|er|ème|\.)?"
_PART = (
    r"(?P<part>very early|early|(?:the )?(?:beginning|start|first half|first week|second week|third week|"
    r"last week|middle|end) (?:of|in)"
    r"|mid|late|end|start|beginning|anfang|mitte|ende|début|debut|mi|fin)"
)
_UNIT = (
    r"(?P<unit>(?:working |business |calendar )?days?|weeks?|wks?|months?|fortnights?|hours?|hrs?|years?|"
    r"arbeitstag\w*|werktag\w*"
    r"|tag\w{0,2}|woche\w?|monat\w{0,2}|stunden?|jour\w?(?: ouvr\w+)?|semaines?|mois|heures?)\b"
)
_COUNT = rf"(?P<count>[0-9]{{1,3}}|an?(?=\s)|{numbers.WORDS})"


@dataclass(frozen=True, slots=True)
class DateMention:
    start: int
    end: int
    value: date


@dataclass(frozen=True, slots=True)
class _Reading:
    """One way to say a date; `read` gets the match and today, and gives None when it is none after all."""

    pattern: re.Pattern[str]
    read: Callable[[re.Match[str], date], date | None]


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.I)


_LEAD = (
    r"(?P<lead>by|before|until|till|in|during|for|of|bis|vor|im|en|pour|avant|d['’]ici|around|about|circa|"
    r"this|next|coming)"
)
_READINGS = (
    _Reading(
        _pattern(r"\b(?P<year>20[0-9]{2})[-/.](?P<month>[01]?[0-9])[-/.](?P<day>[0-3]?[0-9])\b"),
        lambda found, today: moments.make(int(found["year"]), int(found["month"]), int(found["day"])),
    ),
    _Reading(
        _pattern(
            r"(?<![\w./-])(?P<first>[0-3]?[0-9])(?P<mark>[./-])(?P<second>[0-3]?[0-9])(?P=mark)(?P<year>20[0-9]{2}|"
            r"[0-9]{2})(?![\w/-]|\.[0-9])"
        ),
        moments.numeric,
    ),
    _Reading(
        _pattern(
            r"(?:(?<=\bby )|(?<=\bon )|(?<=\bam )|(?<=\bbis )|(?<=before )|(?<=until )|(?<=\bzum )|(?<=\bdem )"
            r"|(?<=avant le )|(?<=latest )|(?<=needed )|(?<=ici le ))"
            r"(?P<first>[0-3]?[0-9])[./](?P<second>[01]?[0-9])(?P<year>(?!))?"
            r"(?![\w/]|\.[0-9]|,[0-9]|[ ]{0,3}(?:mg|kg|ml|g|l|%|usd|eur)\b)"
        ),
        moments.numeric,
    ),
    _Reading(
        _pattern(
            rf"(?<![\w.,/])(?:(?:the |den |dem |le |du )(?=[0-9]))?{_DAY}(?:{_S}(?:-|–|—|to|and|or|bis|"
            rf"und|au|et){_S}(?:the )?(?P<last>[0-3]?[0-9])(?:st|nd|rd|th|\.)?)?"
            rf"{_S}(?:of{_G}|de{_G}|-)?{_S}{_MONTH}(?:-(?=20))?{_YEAR}"
        ),
        moments.named,
    ),
    _Reading(
        _pattern(
            rf"\b{_MONTH}{_G}(?:the{_G})?{_DAY}(?![0-9]|[.,][0-9]|\w|{_S}(?:packs?|units?|pcs|boxes|pieces)\b)"
            rf"(?:{_S}(?:-|–|—|to|and){_S}(?P<last>[0-3]?[0-9])(?:st|nd|rd|th)?(?![0-9]))?{_YEAR}"
        ),
        moments.named,
    ),
    _Reading(
        _pattern(rf"\b{_PART}(?:{_G}|-|{_S}-{_S})(?:of{_G}|de{_G}|d['’])?(?:(?:this|next|coming){_G})?{_MONTH}{_YEAR}"),
        moments.part_of_month,
    ),
    _Reading(
        _pattern(
            rf"\b(?:{_PART}[ \t-]{{0,3}}(?:of{_G}|the{_G})*)?(?:Q(?P<q>[1-4])|H(?P<h>[12]))\b(?:[ "
            rf"\t/-]{{0,3}}(?:of{_G})?(?P<year>20[0-9]{{2}})\b)?"
        ),
        moments.quarter,
    ),
    _Reading(
        _pattern(
            rf"\b(?:within|in|under|innerhalb von|innerhalb|binnen|dans(?: les)?|sous|"
            rf"d['’]ici){_G}(?:the{_G}next{_G}|about{_G}|max\.?{_G}|not more than{_G}|den "
            rf"nächsten{_G})?{_COUNT}[ \t-]{{0,3}}{_UNIT}(?:{_G}time\b)?"
        ),
        moments.in_a_while,
    ),
    _Reading(_pattern(rf"(?<![\w.,]){_COUNT}{_G}{_UNIT}{_G}from{_G}(?:now|today)\b"), moments.in_a_while),
    _Reading(
        _pattern(
            rf"\b(?:(?P<lead>by|before|in|this|within|until|bis|im|diese[nmrs]?|ce|"
            rf"cette){_G})?(?:{_PART}[ \t-]{{1,3}})?(?:(?:of|in|the|des|der|de|du|d['’]|la|le|"
            rf"l['’]){_S}){{0,3}}"
            r"(?P<which>this|current|next|coming|following|nächste[nmrs]?|kommende[nmrs]?|diese[nmrs]?|"
            r"prochaine?)?[ \t]{0,3}"
            r"\b(?P<unit>week|month|quarter|year|woche|monats?|quartals?|jahres|semaine|mois|trimestre|"
            r"année)\b(?:[ \t]{1,3}(?P<next>prochaine?))?(?![ \t-]{0,3}(?:end|old|warranty|contract|term|"
            r"supply|licen|subscription))"
        ),
        lambda found, today: moments.period(found, today) if found["part"] or found["which"] else None,
    ),
    _Reading(
        _pattern(
            r"\b(?P<part>end)[ \t-]{1,3}of[ \t-]{1,3}(?P<unit>week|month|quarter|"
            r"year)(?P<lead>)(?P<which>)\b|\b(?:EOM|EOY|EOQ|EOW|(?:month|year|quarter)[ -]end)\b"
        ),
        lambda found, today: moments.shorthand(found, today),
    ),
    _Reading(
        _pattern(
            rf"\b(?:(?P<which>next|this|coming|on|nächste[nr]?|kommende[nr]?|"
            rf"week){_G})?(?P<weekday>{'|'.join(WEEKDAYS)})\b(?P<after>{_G}(?:next week|week|"
            rf"prochaine?))?"
        ),
        moments.weekday,
    ),
    _Reading(
        _pattern(
            r"\b(?:(?:the )?day after tomorrow|tomorrow|today|tonight|übermorgen|(?<!guten )morgen(?=\b)(?! "
            r"früh bis)|heute|après-demain|demain|aujourd['’]hui)\b"
        ),
        moments.soon,
    ),
    _Reading(
        _pattern(
            r"\b(?:KW|calendar week|week|wk|cw|semaine|kalenderwoche)[ \t.]{0,3}(?:no\.?[ "
            r"\t]{0,3})?(?P<week>[0-5]?[0-9])\b(?:[ \t/]*(?:of[ \t]{1,3})?(?P<year>20[0-9]{2})\b)?"
        ),
        moments.iso_week,
    ),
    _Reading(
        _pattern(
            r"\b(?:christmas(?: eve)?|xmas|x-mas|new year(?:['’]?s)?(?: (?:eve|day))?|weihnachten|neujahr|noël|"
            r"nouvel an)\b"
        ),
        moments.feast,
    ),
    _Reading(
        _pattern(
            rf"\b{_PART}[ \t-]{{1,3}}(?:of{_G}|the{_G}|year{_G}|des jahres{_G}|"
            rf"de{_G}){{0,2}}(?P<year>20[0-9]{{2}})\b"
        ),
        moments.part_of_year,
    ),
    _Reading(
        _pattern(rf"\b{_LEAD}{_G}(?:the{_G})?(?:month of{_G})?{_MONTH}(?!{_S}[0-9]{{1,2}}\b){_YEAR}"),
        moments.month,
    ),
    _Reading(_pattern(rf"(?<![\w])(?P<lead>){_MONTH}{_G}(?P<year>20[0-9]{{2}})\b"), moments.month),
)


_TRIGGERS = frozenset(
    words(
        " ".join([*MONTHS, *WEEKDAYS])
        + " month months week weeks wk quarter year eom eoy eoq eow today tonight tomorrow days fortnight hours monat"
        " monate monaten woche wochen quartal quartals jahres monats tagen heute morgen übermorgen semaine semaines"
        " mois jours trimestre année demain christmas xmas weihnachten neujahr noël nouvel kw cw"
    )
)


def _telling(word: str) -> bool:
    return word in _TRIGGERS or word[0].isdigit()


def mentions(text: str, today: date) -> list[DateMention]:
    """Every date said, in order; where two readings overlap, the longer one stands."""
    found = sorted(_all(text, today), key=lambda each: (each.start - each.end, each.start))
    taken: list[DateMention] = []
    places = bytearray(len(text))
    for each in found:
        if not any(places[each.start : each.end]):
            places[each.start : each.end] = b"\x01" * (each.end - each.start)
            taken.append(each)
    return sorted(taken, key=lambda each: each.start)


def _all(text: str, today: date) -> Iterator[DateMention]:
    for start, end in windows.around(text, _telling, reach=48):
        for reading in _READINGS:
            for found in reading.pattern.finditer(text, start, end):
                try:
                    value = reading.read(found, today)
                except (ValueError, OverflowError):
                    value = None
                if value is not None:
                    first = found.end("lead") if reading.read is moments.month and found["lead"] else found.start()
                    first += len(text[first : found.end()]) - len(text[first : found.end()].lstrip())
                    yield DateMention(first, found.start() + len(found[0].rstrip(" \t,")), value)
