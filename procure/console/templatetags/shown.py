"""How a page shows money, time, people and states."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from babel import Locale
from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext_lazy, to_locale
from django.utils.translation import gettext as _

from agents.queries import item_words
from ledger.actors import Actor
from ledger.money import Money, parse_amount
from procure.console import wording
from procure.console.understanding import Span

register = template.Library()

MARK_NAMES = {
    "person": gettext_lazy("person"),
    "agent": gettext_lazy("agent"),
    "policy": gettext_lazy("policy"),
    "supplier": gettext_lazy("supplier"),
    "system": gettext_lazy("system"),
}
KIND_MARKS = {"human": "person", "agent": "agent", "supplier": "supplier"}
#: Tone -> the statuses shown in it. What is not here is neutral.
STATUSES = {
    "good": """pass passed approved carried_out done finished succeeded confirmed awarded ordered submitted active
        verified""",
    "warn": "ask waiting questions returned awaiting expiring draft conditional unknown stale held compensating",
    "bad": "parked block blocked rejected failed refused revoked overdue stopped unverified expired",
    "live": "running calling open opened sourcing raised sent issued captured started published",
}
TONES = {word: tone for tone, words in STATUSES.items() for word in words.split()}


@register.filter
def money(value: Money | Decimal | str | None, currency: str = "") -> SafeString | str:
    """`12,400.00 EUR`, currency small and grey; nothing for nothing."""
    if value is None or value == "":
        return ""
    if not isinstance(value, Money):
        value = Money(value if isinstance(value, Decimal) else parse_amount(value), currency)
    return format_html(
        '<span class="money"><span class="fig">{}</span>&nbsp;<span class="ccy">{}</span></span>',
        wording.amount(value),
        value.currency,
    )


@register.filter
def price(value: Decimal | None, currency: str = "") -> SafeString | str:
    """Like money, with up to four decimals: a price per unit."""
    if value is None or value == "":
        return ""
    return format_html(
        '<span class="money"><span class="fig">{}</span>&nbsp;<span class="ccy">{}</span></span>',
        wording.unit_price(Decimal(value), currency),
        currency,
    )


@register.filter
def landed(value: Decimal | None, currency: str = "") -> SafeString | str:
    """A computed price per unit: two decimals from one upwards, four below, so that a row can be compared."""
    if value is None:
        return ""
    return format_html(
        '<span class="money"><span class="fig">{}</span>&nbsp;<span class="ccy">{}</span></span>',
        wording.figure(value, 2 if abs(value) >= 1 else 4),
        currency,
    )


@register.filter
def fig(value: Decimal | int | str | None, places: int | None = None) -> str:
    return "" if value is None or value == "" else wording.figure(Decimal(str(value)), places)


register.filter("item_words", item_words)
register.filter("share", wording.share)
register.filter("absolute", wording.absolute)


@register.filter
def took(value: timedelta | None) -> str:
    return wording.span(value.total_seconds()) if isinstance(value, timedelta) else ""


@register.simple_tag(takes_context=True)
def when(context: template.Context, value: date | datetime | None, style: str = "") -> SafeString | str:
    """Relative words with the absolute on hover; `style="full"` writes both."""
    if value is None or value == "":
        return ""
    words = wording.relative(value, now=context["now"], today=context["today"])
    exact = wording.absolute(value)
    if style == "full":
        return format_html(
            '<time datetime="{}"><span class="abs">{}</span> <span class="rel">({})</span></time>',
            value.isoformat(),
            exact,
            words,
        )
    if style == "absolute":
        return format_html('<time datetime="{}" title="{}">{}</time>', value.isoformat(), words, exact)
    return format_html('<time datetime="{}" title="{}">{}</time>', value.isoformat(), exact, words)


@register.simple_tag(takes_context=True)
def past(context: template.Context, value: date | datetime | None) -> bool:
    if value is None or value == "":
        return False
    return value < (context["now"] if isinstance(value, datetime) else context["today"])


@register.inclusion_tag("console/_mark.html")
def mark(kind: str, size: int = 18) -> dict[str, Any]:
    """One of the four marks (and a small cog for the system), with its word for those who do not see it."""
    kind = KIND_MARKS.get(kind, kind)
    return {"kind": kind, "name": MARK_NAMES.get(kind, kind), "size": size}


@register.inclusion_tag("console/_who.html")
def who(actor: Actor | None, name: str = "") -> dict[str, Any]:
    """Mark and name of who did a thing."""
    if actor is None:
        return {"kind": "system", "label": _("system")}
    label = name or actor.name or actor.id
    if actor.mark == "agent" and not label.endswith("agent"):
        label = _("%(role)s agent") % {"role": label}
    return {"kind": actor.mark, "label": label}


@register.filter
def mark_of(kind: str, actor_id: str = "") -> str:
    """The mark for an actor's kind and id as they stand in a row."""
    if kind == "system":
        return "policy" if str(actor_id).startswith("policy:") else "system"
    return KIND_MARKS.get(kind, kind)


@register.filter
def tone(status: str) -> str:
    return TONES.get(str(status).lower(), "quiet")


@register.simple_tag
def chip(word: str, tone: str = "", title: str = "") -> SafeString:
    return format_html(
        '<span class="chip {}"{}>{}</span>',
        tone or TONES.get(str(word).lower(), "quiet"),
        format_html(' title="{}"', title) if title else "",
        word,
    )


@register.simple_tag
def status(row: Any) -> SafeString:
    """A row's status as a chip: its word, in its tone."""
    shown = getattr(row, "get_status_display", None)
    word = shown() if shown else str(row.status)
    return chip(word, TONES.get(str(row.status), "quiet"))


@register.filter
def differs(change: Any) -> str:
    return wording.difference(str(change.before), str(change.after))


@register.filter
def underlined(text: str, spans: Sequence[Span]) -> SafeString:
    """The text with the words that were used marked, each with what it was used for; overlapping ones merge."""
    out: list[str] = []
    done = 0
    for each in sorted(spans, key=lambda one: (one.start, one.end)):
        start = max(done, each.start)
        if each.end <= start:
            continue
        out.append(format_html("{}", text[done:start]))
        out.append(format_html('<mark class="used" title="{}">{}</mark>', each.title, text[start : each.end]))
        done = each.end
    out.append(format_html("{}", text[done:]))
    return mark_safe("".join(out))  # every part is escaped above


@register.filter
def country(code: str) -> str:
    """The country's name in the reader's language; the code itself when it is not known."""
    locale = Locale.parse(to_locale(get_language() or "en"), sep="_")
    return locale.territories.get(str(code).upper(), code) if code else ""


@register.filter
def at(mapping: Any, key: Any) -> Any:
    """A value of a mapping by a key that is itself a variable."""
    return mapping.get(key) if hasattr(mapping, "get") else None


@register.simple_tag(takes_context=True)
def query(context: template.Context, **changes: Any) -> str:
    """The page's query string with these keys set, or dropped when None; paging starts over."""
    params = context["request"].GET.copy()
    params.pop("page", None)
    params.pop("open", None)
    for key, value in changes.items():
        if value is None:
            params.pop(key, None)
        else:
            params[key] = value
    return f"?{params.urlencode()}" if params else "?"


@register.simple_tag(takes_context=True)
def toggle(context: template.Context, name: str, value: str, on: bool) -> str:
    """The address with this filter set, or taken away where it is on."""
    return query(context, **{name: None if on else value})
