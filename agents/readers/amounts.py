"""Sums of money in a text, and which of them is the requester's ceiling.

A budget is what the requester names as a limit (“budget 20k USD”, “max 5 per unit”); what was paid, quoted or listed
is not. A currency sign that several countries share (kr, FCFA aside) leaves the currency open.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from agents.readers import numbers, windows
from agents.readers.wordlists import words

_SIGNS = {
    "us$": "USD", "usd$": "USD", "$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₦": "NGN", "₹": "INR", "₵": "GHS",
    "a$": "AUD", "c$": "CAD", "r$": "BRL", "s$": "SGD", "hk$": "HKD", "fcfa": "XOF", "f cfa": "XOF", "cfa": "XOF",
    "ksh": "KES", "kes.": "KES", "ush": "UGX", "tsh": "TZS", "₫": "VND", "₺": "TRY", "₴": "UAH", "zł": "PLN",
    "r": "ZAR",
    "rs": "INR", "rs.": "INR", "kč": "CZK", "fr.": "CHF", "sfr": "CHF", "birr": "ETB", "gh₵": "GHS", "k€": "EUR",
    "t€": "EUR", "k$": "USD",
}  # fmt: skip
_NAMES = {
    "dollar": "USD", "dollars": "USD", "us dollars": "USD", "us dollar": "USD", "bucks": "USD", "euro": "EUR",
    "euros": "EUR", "pound": "GBP", "pounds": "GBP", "pounds sterling": "GBP", "sterling": "GBP", "rand": "ZAR",
    "naira": "NGN", "cedi": "GHS", "cedis": "GHS", "kwacha": "ZMW", "pula": "BWP", "meticais": "MZN", "franken": "CHF",
    "swiss francs": "CHF", "yen": "JPY", "rupees": "INR", "birr": "ETB", "kenya shillings": "KES",
    "kenyan shillings": "KES", "uganda shillings": "UGX", "ugandan shillings": "UGX", "tanzanian shillings": "TZS",
    "canadian dollars": "CAD", "australian dollars": "AUD", "francs suisses": "CHF", "kr": None, "kronor": "SEK",
    "kroner": None, "kronen": None, "shillings": None, "francs": None, "pesos": None,
}  # fmt: skip
#: ISO 4217 codes that people write in capitals; those that are also words (ALL, TOP, CUP, GEL, PEN) are left out.
CODES = frozenset(
    words(
        "USD EUR GBP CHF JPY CNY INR CAD AUD NZD SEK NOK DKK PLN CZK HUF RON BGN TRY ILS ZAR NGN GHS KES UGX "
        "TZS RWF BIF ETB"
        " XOF XAF MZN ZMW MWK BWP NAD LSL SZL AOA CDF SSP SDG LRD SLL SLE GNF GMD MAD EGP TND DZD LYD MUR "
        "MGA ZWL VND THB PHP"
        " IDR MYR SGD HKD TWD KRW PKR BDT LKR NPR MMK KHR LAK AED SAR QAR KWD BHD OMR JOD LBP IQD IRR AFN "
        "KZT KGS UZS TJS UAH"
        " GEL RUB MDL AMD AZN BRL MXN ARS CLP COP UYU BOB PYG VES GTQ HNL NIO CRC PAB DOP HTG JMD TTD GYD "
        "BZD BBD ISK HRK RSD"
        " MKD ALL BAM BYN"
    )
) - {"ALL", "GEL", "COP"}
_MULTIPLIERS = {
    "k": 1000, "thousand": 1000, "tausend": 1000, "tsd": 1000, "tsd.": 1000, "mille": 1000, "t€": 1000, "grand": 1000,
    "m": 10**6, "mn": 10**6, "mio": 10**6, "mio.": 10**6, "million": 10**6, "millions": 10**6, "millionen": 10**6,
}  # fmt: skip


def _any(words: object) -> str:
    return "|".join(re.escape(each) for each in sorted(words, key=len, reverse=True))  # type: ignore[call-overload]


_SIGN = (
    rf"(?P<sign>{_any(_SIGNS.keys() - {'r', 'k€', 't€', 'k$'})}|(?<![\w/])(?-i:R)(?=[ ]?[0-9]{{1,3}}[ "
    rf",.][0-9]{{3}}|[ ]?[0-9]{{3,}}))"
)
_SIGN_BEHIND = (
    rf"(?P<sign>{_any(key for key in _SIGNS if not key[0].isalpha() or '$' in key or 'fa' in key)}|zł|kč|birr)"
)
_CODE = rf"(?P<code>(?-i:{'|'.join(sorted(CODES))}|usd|eur|gbp|chf|zar|ngn|kes|Usd|Eur))"
_NAME = rf"(?P<name>{_any(_NAMES)})"
_TIMES = rf"(?P<times>{_any(_MULTIPLIERS)})"
_BEFORE = re.compile(
    rf"(?<![\w])(?:{_SIGN}|{_CODE})[ ]{{0,2}}(?P<number>{numbers.DIGITS})(?:[,.][-–]{{1,2}})?[ ]?(?:{_TIMES}(?![\w]))?",
    re.I,
)
_AFTER = re.compile(
    rf"(?P<number>{numbers.NUMBER})(?:[,.][-–]{{1,2}})?[ -]?(?:{_TIMES}(?=\W|usd|eur))?[ "
    rf"]{{0,2}}(?:(?P<ksign>[kt]€|k\$)|{_SIGN_BEHIND}|{_CODE}\b|{_NAME}\b)(?![\w])",
    re.I,
)
_WORDED = re.compile(rf"(?P<number>{numbers.WORDS})[ ]{{1,2}}(?:{_CODE}\b|{_NAME}\b)", re.I)
_BARE = re.compile(
    rf"(?:budget(?:ed)?|max(?:imum|imal)?\b\.?|ceiling|limit(?:ed)?|cap(?:ped)?|at most|no more than|not "
    rf"more than|höchstens|plafond|not exceed(?:ing)?)"
    rf"(?:[ ]{{1,2}}(?:of|is|to|at|around|about|approx\.?|max\.?|price|von|ist|de|est|total|up|bis|will|"
    rf"be|our|only|for|this)){{0,3}}[ ]{{0,2}}[:=]?[ ]{{0,2}}"
    rf"(?P<number>{numbers.NUMBER})[ ]?(?:{_TIMES}(?![\w]))?",
    re.I,
)
_CEILING = re.compile(
    r"\bbudget\w*|\bmax(?:imum|imal\w*)?\b|\bup to\b|\bnot (?:to )?exceed\w*|\bnot more than\b|\bno more "
    r"than\b|\bat most\b|\bceiling\b|\bcap(?:ped)?\b|\blimit\w*"
    r"|\bunder\b|\bbelow\b|\bless than\b|\bcan spend\b|\bspend\b|\bavailable\b|\ballocat\w+|\bwithin\b|"
    r"\bfunds?\b|\bhöchstens\b|\bmaximal\b|\bbis zu\b|\bunter\b"
    r"|\bplafond\b|\bmoins de\b|\bau maximum\b|\bjusqu['’]à\b|\bkostenrahmen\b|\bobergrenze\b|"
    r"\bearmarked\b|\bkeep it\b|\bstay\b|\bceil\b|\btotal value\b|\benveloppe\b",
    re.I,
)
_PAST = re.compile(
    r"\blast (?:time|year|month|order|purchase|price|paid|quarter|week)|\bprevious\w*|\bpaid\b|"
    r"\bpay(?:ing)?\b|\bquot(?:ed|es?|ation)\b|\blist(?:ed)? price|\blist(?:ed|s)? at\b|\bprice (?:was|"
    r"is|has|of|list)"
    r"|\binvoice\w*|\bcosts? us\b|\bcost\b|\bcosts\b|\boffer(?:ed|s)?\b|\bcharg(?:e|ed|es)\b|\bused to\b|"
    r"\binstead of\b|\bearlier\b|\bwas\b|\bwere\b|\bhistoric\w*|\bzuletzt\b|\bletzte\w*\b|\bangebot\w*"
    r"|\bbezahlt\w*|\bgezahlt\b|\bpayé\w*|\bdernièr\w*|\bdevis\b|\bprix\b|\bkostete\w*|\bworth\b|"
    r"\bdiscount\w*|\bsav(?:e|ing)s?\b|\bpenalt\w+|\bdeposit\b|\brefund\w*|\bper diem\b|\bshipping "
    r"(?:was|is|cost)|\bcurrently\b|\bprice\b",
    re.I,
)
_NEUTRAL = re.compile(
    r"\b(?:for|approx\w*\.?|around|about|roughly|circa|ca\.?|estimated?|für|ungefähr|pour|environ|value|"
    r"total|sum|at)[ :]{1,3}(?:a total of |total )?$",
    re.I,
)
_PER_UNIT = re.compile(
    r"[ ]{0,2}(?:max\.?|maximum|at most|or less)?[ ]{0,2}(?:/[ ]?(?:unit|pc|piece|pack|box|seat|user|"
    r"licen[cs]e|kit|bottle|each|stück|stk|hour|day|month|h|kg|test)\b"
    r"|(?:(?:(?:per|a|an|pro|par|je|la|le)[ ]|l['’])[ ]?(?:unit|pc|piece|pack|packet|box|seat|user|"
    r"licen[cs]e|kit|bottle|item|chair|laptop|head|person|hour|day|month|kg|test|roll|carton|set|pair|"
    r"tonne?|litre"
    r"|stück|packung|einheit|lizenz|stunde|pièce|unité|boîte|flacon|[a-z]{3,12}(?=[ ]*[.,;)]|[ ]*$))\b)|"
    r"each\b|apiece\b|(?:pro |je )stück\b|l['’]unité\b|chacune?\b|(?:per|pro)[ ])",
    re.I,
)
_UNIT_PRICE_LEAD = re.compile(
    r"(?:\b(?:unit|per[ -]unit|per[ -]pack|per[ -]piece|each|stück)[ -]?(?:price|budget|cost|ceiling|"
    r"limit|preis)?\b[^.;,\n]{0,20}|\bper (?:unit|pack|piece|seat|kit|box)\b[^.;,\n]{0,15})$",
    re.I,
)
_CLAUSE = re.compile(
    r"[;\n(]|(?<!max)(?<!\bca)(?<!prox)(?<!\bmin)(?<!\binc)[.!?](?=\s)|,(?=\s)|\b(?:but|whereas|aber|"
    r"mais|and|und|et)\b",
    re.I,
)
_SENTENCE = re.compile(r"[;\n]|(?<!max)(?<!\bca)(?<!prox)(?<!\bmin)(?<!\binc)[.!?](?=\s)", re.I)
_TRIGGERS = frozenset(word for phrase in _NAMES for word in phrase.split())


def _telling(word: str) -> bool:
    return word[0].isdigit() or word in _TRIGGERS or word.upper() in CODES


@dataclass(frozen=True, slots=True)
class AmountMention:
    start: int
    end: int
    amount: Decimal
    currency: str | None
    currency_span: tuple[int, int]
    per_unit: bool
    ceiling: int  # 2 named as a limit, 1 perhaps, 0 not


def mentions(text: str) -> list[AmountMention]:
    """Every sum said, in order."""
    out: list[AmountMention] = []
    for first, last in windows.around(text, _telling, reach=70):
        here: list[AmountMention] = []
        for pattern in (_BEFORE, _AFTER, _WORDED, _BARE):
            for found in pattern.finditer(text, first, last):
                start = found.start("number") if pattern is _BARE else found.start()
                end = found.start() + len(found[0].rstrip())
                if not any(start < other.end and end > other.start for other in here[-40:]) and (
                    mention := _mention(text, found, start, end, bare=pattern is _BARE)
                ):
                    here.append(mention)
        out += here
    return sorted(out, key=lambda each: each.start)


def _mention(text: str, found: re.Match[str], start: int, end: int, *, bare: bool) -> AmountMention | None:
    groups = found.groupdict()
    value = numbers.parse(found["number"])
    if value is None:
        value = numbers.parse_words(found["number"])
    if value is None or value <= 0:
        return None
    times = (groups.get("times") or groups.get("ksign") or "").casefold()
    value *= _MULTIPLIERS.get(times[:1] if times[:1] in "kt" and times[1:] in ("€", "$") else times, 1)
    if times in ("t€", "k€", "k$"):
        value *= 1000 if times[0] == "t" else 1
    currency, span = _currency(found, groups)
    after = _PER_UNIT.match(text, end)
    before = text[max(0, start - 60) : start]
    per_unit = bool(after) or bool(_UNIT_PRICE_LEAD.search(before))
    ceiling = 2 if bare else _ceiling(text, start, after.end() if after else end)
    if bare and not per_unit and value < 1:
        return None
    if bare and re.match(
        r"[ ]{0,2}(?:days?|weeks?|months?|years?|hours?|%|kg|pages?|people|persons?|packs?|units?(?! "
        r"price)|pcs|pieces|boxes|laptops|st|nd|rd|th|mg|ml|°)\b",
        text[end : end + 14],
        re.I,
    ):
        return None
    return AmountMention(start, end, value, currency, span, per_unit, ceiling)


def _currency(found: re.Match[str], groups: dict[str, str | None]) -> tuple[str | None, tuple[int, int]]:
    for name in ("ksign", "sign", "code", "name"):
        if word := groups.get(name):
            key = word.casefold()
            known = word.upper() if name == "code" else _SIGNS.get(key) if "sign" in name else _NAMES.get(key)
            return known, found.span(name)
    return None, (0, 0)


def _ceiling(text: str, start: int, end: int) -> int:
    """How surely this sum is a limit: the nearest telling word in its clause, else in its sentence, decides."""
    floor = max(0, start - 70)
    breaks = [each.end() for each in _SENTENCE.finditer(text, floor, start)]
    floor = breaks[-1] if breaks else floor
    before = text[floor:start]
    clause = max([0, *(each.end() for each in _CLAUSE.finditer(before))])
    tail = _CLAUSE.search(text, end, end + 45)
    after = text[end : tail.start() if tail else end + 45]
    limit = max([-1, *(each.end() for each in _CEILING.finditer(before))])
    past = max([-1, *(each.end() for each in _PAST.finditer(before))])
    if _CEILING.search(after) and not _PAST.search(after) and past < clause:
        return 2
    if limit > past:
        return 2
    if past >= 0 or _PAST.search(after):
        return 0
    alone = not before[clause:].strip(" :-–") and not after.strip(" :-–.")
    return 1 if _NEUTRAL.search(before) or alone else 0


def budget(found: list[AmountMention]) -> AmountMention | None:
    """The ceiling: a named limit before a likely one; a total before a price per unit."""
    named = [each for each in found if each.ceiling == 2]
    likely = [each for each in found if each.ceiling == 1 and not each.per_unit]
    choice = sorted(named, key=lambda each: (each.currency is None, each.per_unit, each.start)) or likely
    return choice[0] if choice else None
