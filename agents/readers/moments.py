"""What a date in words means: each function takes the words found and today, and gives the date or None.

The rules are those of `dates`.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta

from agents.readers import numbers

MONTHS = {
    name: number
    for names in (
        "january february march april may june july august september october november december",
        "jan feb mar apr may jun jul aug sep oct nov dec",
        "_ _ _ _ _ _ _ _ sept _ _ _",
        "januar februar märz april mai juni juli august september oktober november dezember",
        "jänner feber maerz _ _ _ _ _ _ okt _ dez",
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        "_ fevrier _ avr _ _ juil aout _ _ _ decembre",
    )
    for number, name in enumerate(names.split(), 1)
    if name != "_"
}
WEEKDAYS = {
    name: number
    for names in (
        "monday tuesday wednesday thursday friday saturday sunday",
        "montag dienstag mittwoch donnerstag freitag samstag sonntag",
        "lundi mardi mercredi jeudi vendredi samedi dimanche",
    )
    for number, name in enumerate(names.split())
}


def make(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _year(text: str) -> int:
    return int(text) + 2000 if len(text) == 2 else int(text)


def _month_end(year: int, month: int) -> date:
    return date(year, month, monthrange(year, month)[1])


def _next(today: date, make: Callable[[int], date | None]) -> date | None:
    """The first year from this one on in which the date exists and is not over."""
    for year in range(today.year, today.year + 9):
        found = make(year)
        if found and found >= today:
            return found
    return None


def _with_year(year: str | None, today: date, make: Callable[[int], date | None]) -> date | None:
    return make(int(year)) if year else _next(today, make)


def numeric(found: re.Match[str], today: date) -> date | None:
    first, second = int(found["first"]), int(found["second"])
    if not 1 <= second <= 12 and 1 <= first <= 12:
        first, second = second, first
    year = found["year"]
    if year is None:
        return _next(today, lambda y: make(y, second, first))
    return make(_year(year), second, first)


def named(found: re.Match[str], today: date) -> date | None:
    month, day = MONTHS[found["month"].casefold()], int(found["last"] or found["day"])
    return _with_year(found["year"], today, lambda year: make(year, month, day))


def _day_in(part: str, year: int, month: int) -> date | None:
    part = part.casefold()
    last = _month_end(year, month)
    days = {"first half": 15, "first week": 7, "second week": 14, "third week": 21, "early": 5, "mi": 15, "late": 25,
            "beginning": 1, "start": 1, "anfang": 1, "début": 1, "debut": 1}  # fmt: skip
    for word, day in days.items():
        if word in part:
            return last.replace(day=day)
    return last


def part_of_month(found: re.Match[str], today: date) -> date | None:
    month = MONTHS[found["month"].casefold()]
    return _with_year(found["year"], today, lambda year: _day_in(found["part"], year, month))


def part_of_year(found: re.Match[str], _today: date) -> date | None:
    """“end of 2014”; its other parts are too wide to be a date."""
    late = re.match("(?:the )?(?:end|late|ende|fin)", found["part"], re.I)
    return date(int(found["year"]), 12, 31) if late else None


def month(found: re.Match[str], today: date) -> date | None:
    month = MONTHS[found["month"].casefold()]
    early = (found["lead"] or "").casefold() in (
        "by",
        "before",
        "until",
        "till",
        "bis",
        "vor",
        "avant",
        "d'ici",
        "d’ici",
    )
    if early:
        return _with_year(found["year"], today, lambda year: date(year, month, 1))
    return _with_year(found["year"], today, lambda year: _month_end(year, month))


def quarter(found: re.Match[str], today: date) -> date | None:
    size = 3 if found["q"] else 6
    number = int(found["q"] or found["h"])
    if not 1 <= number <= 12 // size:
        return None
    part = (found["part"] or "").casefold()
    begins = any(word in part for word in ("early", "beginning", "start", "anfang", "début", "debut"))
    month = (number - 1) * size + 1

    def make(year: int) -> date | None:
        if begins:
            return date(year, month, 5 if "early" in part else 1)
        if "mi" in part:
            return date(year, month + size // 2, 15)
        return _month_end(year, month + size - 1)

    return _with_year(found["year"], today, make)


def _add_months(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _working_days(day: date, count: int) -> date:
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < 5
    return day


def in_a_while(found: re.Match[str], today: date) -> date | None:
    words = found["count"].casefold()
    count = 1 if words in ("a", "an") else int(words) if words.isdigit() else numbers.parse_words(words)
    if count is None or not 0 < count <= 999 or int(count) != count:
        return None
    count, unit = int(count), found["unit"].casefold()
    if unit.startswith(("working", "business", "arbeit", "werk")) or "ouvr" in unit:
        return _working_days(today, count)
    if unit.startswith(("month", "monat", "mois")):
        return _add_months(today, count)
    if unit.startswith(("year",)):
        return _add_months(today, 12 * count)
    if unit.startswith(("hour", "hr", "stunde", "heure")):
        return today + timedelta(days=-(-count // 24))
    days = 14 if unit.startswith("fort") else 7 if unit.startswith(("week", "wk", "woche", "semaine")) else 1
    return today + timedelta(days=count * days)


def period(found: re.Match[str], today: date) -> date | None:
    part, which, unit = (found[name] or "" for name in ("part", "which", "unit"))
    part, which, unit = part.casefold(), which.casefold(), unit.casefold()
    later = which.startswith(("next", "nächst", "kommend", "prochain", "following", "coming"))
    early = any(word in part for word in ("early", "beginning", "start", "anfang", "début"))
    if not part and not later and found["lead"] is None:
        return None
    if unit in ("week", "woche", "semaine"):
        friday = today + timedelta(days=4 - today.weekday() + (7 if later else 0))
        if friday < today:
            friday += timedelta(days=7)
        return friday - timedelta(days=4 if early else 2 if "mi" in part else 0)
    if unit in ("year", "jahr", "année", "jahres"):
        if not part:
            return None
        year = today.year + later
        return date(year, 1, 5) if early else date(year, 6, 30) if "mi" in part else date(year, 12, 31)
    size = 3 if unit in ("quarter", "quartal", "quartals", "trimestre") else 1
    first = _add_months(today.replace(day=1), size * later - (today.month - 1) % size)
    if early:
        return first.replace(day=5 if "early" in part else 1)
    if "mi" in part:
        return _add_months(first, size // 2).replace(day=15)
    last = _add_months(first, size - 1)
    return _month_end(last.year, last.month)


def weekday(found: re.Match[str], today: date) -> date | None:
    day = WEEKDAYS[found["weekday"].casefold()]
    which = (found["which"] or "").casefold()
    if which.startswith(("next", "nächst", "week")) or (found["after"] or "").strip():
        return today - timedelta(days=today.weekday()) + timedelta(days=7 + day)
    return today + timedelta(days=(day - today.weekday() - 1) % 7 + 1)


def soon(found: re.Match[str], today: date) -> date | None:
    words = found[0].casefold()
    if any(word in words for word in ("after", "über", "après")):
        return today + timedelta(days=2)
    return today + timedelta(days=any(word in words for word in ("tomorrow", "morgen", "demain")))


def iso_week(found: re.Match[str], today: date) -> date | None:
    week = int(found["week"])
    if not 1 <= week <= 53:
        return None

    def make(year: int) -> date | None:
        try:
            return date.fromisocalendar(year, week, 5)
        except ValueError:
            return None

    return _with_year(found["year"], today, make)


def feast(found: re.Match[str], today: date) -> date | None:
    words = found[0].casefold()
    if "year" in words or "neujahr" in words or "nouvel" in words:
        return _next(today, lambda year: date(year, 12, 31) if "eve" in words else date(year, 1, 1))
    return _next(today, lambda year: date(year, 12, 24 if "eve" in words else 25))


def shorthand(found: re.Match[str], today: date) -> date | None:
    words = found[0].casefold()
    if ("y" in words and "year" in words) or words == "eoy":
        return date(today.year, 12, 31)
    if "quarter" in words or words == "eoq":
        last = (today.month - 1) // 3 * 3 + 3
        return _month_end(today.year, last)
    if "week" in words or words == "eow":
        friday = today + timedelta(days=4 - today.weekday())
        return friday if friday >= today else friday + timedelta(days=7)
    return _month_end(today.year, today.month)
