"""Figures, dates and differences in words. Pure: the same values always read the same."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ledger.money import MINOR_UNITS, Money

MINUS = "−"
MONEY = re.compile(r"^([−-]?)([\d,]+(?:\.\d+)?) ([A-Z]{3})$")
PLAIN = re.compile(r"^([−-]?)([\d,]+(?:\.\d+)?)$")


def figure(value: Decimal | int, places: int | None = None) -> str:
    """Grouped by the reader's language, with a true minus. `places` None keeps what the value has, without zeros."""
    value = Decimal(value)
    if places is None:
        value = value.normalize()
        places = max(0, -int(value.as_tuple().exponent))
    rounded = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    text = formats.number_format(abs(rounded), decimal_pos=places, use_l10n=True, force_grouping=True)
    return f"{MINUS}{text}" if rounded < 0 else text


def amount(money: Money) -> str:
    return figure(money.amount, MINOR_UNITS.get(money.currency, 2))


def unit_price(value: Decimal, currency: str) -> str:
    """A price per unit keeps its further decimals: 0.0475, but 12.40."""
    places = max(MINOR_UNITS.get(currency, 2), min(4, -int(value.normalize().as_tuple().exponent)))
    return figure(value, places)


def percent(value: Decimal | float) -> str:
    return f"{figure(Decimal(str(value)), 0)} %"


def share(value: Decimal | float | None) -> str:
    """A rate between 0 and 1 as a percentage; empty when it is not known."""
    return "" if value is None else percent(Decimal(str(value)) * 100)


def absolute(value: date | datetime) -> str:
    """`Fri 4 Dec 2026, 17:00 CET`, in the reader's zone."""
    if isinstance(value, datetime):
        local = timezone.localtime(value)
        return f"{formats.date_format(local, 'D j M Y, H:i')} {local.tzname()}"
    return formats.date_format(value, "D j M Y")


def span(seconds: Decimal | float | int | None) -> str:
    """How long something took: `35 ms`, `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`."""
    if seconds is None:
        return ""
    seconds = float(seconds)
    if 0 < seconds < 0.1:
        return f"{max(1, round(seconds * 1000))} ms"
    if seconds < 10:
        return f"{figure(Decimal(str(round(seconds, 1))), 1)} s"
    whole = round(seconds)
    for big, small, size, part in (("d", "h", 86400, 3600), ("h", "min", 3600, 60), ("min", "s", 60, 1)):
        if whole >= size:
            rest = whole % size // part
            return f"{whole // size} {big}" + (f" {rest} {small}" if rest else "")
    return f"{whole} s"


def relative_days(value: date, today: date) -> str:
    days = (value - today).days
    if days == 0:
        return _("today")
    if days == 1:
        return _("tomorrow")
    if days == -1:
        return _("yesterday")
    weeks = round(abs(days) / 7)
    if abs(days) < 21:
        text = ngettext("%(n)d day", "%(n)d days", abs(days)) % {"n": abs(days)}
    elif abs(days) < 120:
        text = ngettext("%(n)d week", "%(n)d weeks", weeks) % {"n": weeks}
    else:
        months = round(abs(days) / 30.44)
        text = ngettext("%(n)d month", "%(n)d months", months) % {"n": months}
        if months >= 24:
            text = ngettext("%(n)d year", "%(n)d years", months // 12) % {"n": months // 12}
    return _("in %(span)s") % {"span": text} if days > 0 else _("%(span)s ago") % {"span": text}


def relative(value: date | datetime, *, now: datetime, today: date) -> str:
    """`in 3 days`, `2 h ago`, `just now`."""
    if not isinstance(value, datetime):
        return relative_days(value, today)
    gap = value - now
    size = abs(gap)
    if size < timedelta(minutes=1):
        return _("just now") if gap <= timedelta(0) else _("in a moment")
    if size < timedelta(hours=1):
        text = _("%(n)d min") % {"n": size // timedelta(minutes=1)}
    elif size < timedelta(hours=36):
        text = _("%(n)d h") % {"n": round(size / timedelta(hours=1))}
    else:
        return relative_days(timezone.localtime(value).date(), timezone.localtime(now).date())
    return _("in %(span)s") % {"span": text} if gap > timedelta(0) else _("%(span)s ago") % {"span": text}


def difference(before: str, after: str) -> str:
    """How far `after` lies from `before`, when both are money in one currency, plain numbers or ISO dates."""
    for pattern in (MONEY, PLAIN):
        old, new = pattern.match(before.strip()), pattern.match(after.strip())
        if old and new and (pattern is PLAIN or old[3] == new[3]):
            return _numeric(_number(old), _number(new), old[3] if pattern is MONEY else "")
    try:
        days = (date.fromisoformat(after.strip()) - date.fromisoformat(before.strip())).days
    except ValueError:
        return ""
    if not days:
        return ""
    text = ngettext("%(n)d day", "%(n)d days", abs(days)) % {"n": abs(days)}
    words = _("%(span)s later") if days > 0 else _("%(span)s earlier")
    return words % {"span": text}


def _number(match: re.Match[str]) -> Decimal:
    value = Decimal(match[2].replace(",", ""))
    return -value if match[1] else value


def _numeric(old: Decimal, new: Decimal, currency: str) -> str:
    gap = new - old
    if not gap:
        return ""
    shown = amount(Money(abs(gap), currency)) + f" {currency}" if currency else figure(abs(gap))
    words = f"{'+' if gap > 0 else MINUS}{shown}"
    if old:
        part = figure(abs(gap) / abs(old) * 100, 0)
        words += ", " + (_("%(part)s %% more") if gap > 0 else _("%(part)s %% less")) % {"part": part}
    return words
