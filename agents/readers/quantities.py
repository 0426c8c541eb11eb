"""Quantities with their units, and where in a sentence they stand.

A number is a quantity where one is expected: after a verb of need, at the start of a clause or list line, after “qty”,
or before a counting word (“500 packs”). Numbers in dates, sums, strengths, pack sizes and measures are none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from agents.readers import numbers, windows
from agents.readers.wordlists import words

_UNIT_WORDS = {
    "pack": "packs?|packets?|pkts?|pks?|packages?|packung|packungen|päckchen|paket|pakete|paquets?",
    "box": "box|boxes|boîtes?|schachteln?|karton|kartons",
    "each": "pcs|pc|pieces?|units?|ea|each|nos|items|stück|stk|pièces?|unités?|einheiten|copies",
    "bottle": "bottles?|flaschen?|flacons?|bouteilles?",
    "kit": "kits?",
    "vial": "vials?",
    "tablet": "tablets?|tabletten|comprimés?",
    "capsule": "capsules?|kapseln|gélules?",
    "test": "tests?",
    "carton": "cartons?|ctns?",
    "case": "cases?|kisten?",
    "roll": "rolls?|rollen?|rouleaux?",
    "ream": "reams?|ramettes?",
    "pallet": "pallets?|paletten?|palettes?",
    "set": "sets?|sätze",
    "pair": "pairs?|paar|paires?",
    "bag": "bags?|sacks?|säcke|sacs?",
    "can": "cans?|tins?|canisters?|jerrycans?|kanister|bidons?",
    "drum": "drums?|barrels?|fässer|fûts?",
    "tube": "tubes?",
    "ampoule": "ampoules?|ampules?|ampullen",
    "sheet": "sheets?",
    "tonne": "tonnes?|tons?|metric tons?|mt|(?-i:t)",
    "kg": "kg|kgs|kilos?|kilograms?|kilogramm",
    "g": "grams?|gramm",
    "l": "litres?|liters?|ltrs?|l",
    "ml": "ml",
    "m": "met(?:re|er)s?|mètres?|(?-i:m)",
    "m2": "m2|m²|sqm|square met(?:re|er)s|quadratmeter",
    "m3": "m3|m³|cbm|cubic met(?:re|er)s",
    "seat": "seats?|licen[cs]es?|user licen[cs]es?|lizenzen?|sièges?|users|utilisateurs?|nutzer|benutzer",
    "hour": "hours?|hrs?|stunden?|std|heures?",
    "day": "days?|man-days?|person-days?|tage?|tagen|jours?",
    "week": "weeks?|wochen?|semaines?",
    "month": "months?|monate?|monaten|mois",
    "year": "years?|jahre?|jahren|ans|années?",
}
_DURATIONS = frozenset(words("hour day week month year"))
_UNIT_PATTERNS = [(unit, word) for unit, words in _UNIT_WORDS.items() for word in re.split(r"[|](?![^(]*[)])", words)]
_UNIT_OF = [(unit, re.compile(rf"{pattern}\Z", re.I)) for unit, pattern in _UNIT_PATTERNS]
UNIT = rf"(?:{'|'.join(sorted((pattern for _, pattern in _UNIT_PATTERNS), key=len, reverse=True))})(?![\w²³])"

_NEED = (
    r"needs?|find|required?|requires|requir(?:e|ing)|order|ordering|buy|buying|purchase|purchasing|procure|"
    r"procuring|get|want|wants|request|requests|requesting|looking for|looking to (?:buy|order|purchase|"
    r"get)"
    r"|would like|like to (?:order|buy|have|get|request|purchase)|send(?: us| me)?|supply|supply us with|"
    r"provide|book|hire|renew|quote|quote us|replace|restock|replenish|source|acquire|obtain|arrange|"
    r"organi[sz]e|reorder|re-order|could (?:we|i|you) have|can (?:we|i) have|have to have|add|include|"
    r"quote for|extend"
    r"|deliver|ship|(?:running |runs? )?low on|short of|run out of|out of|stock of|stock up on|benötigen|benötige|"
    r"benötigt|brauchen|brauche|"
    r"bestellen|bestelle|möchten|suchen|suche|beschaffen|anschaffen|kaufen|bestellung von|bedarf(?: an)?"
    r"|besoin de|besoin d['’]|besoin|cherchons|cherche|recherchons|commander|acheter|souhaitons|"
    r"voudrions|demande de|fournir|commande de|achat de|renouveler"
)
NEED = re.compile(rf"\b(?:{_NEED})\b", re.I)
_EXPECTING = re.compile(
    rf"(?:\b(?:{_NEED}|for|of|with|another|additional|additionally|extra|more|further|approx\.?|"
    rf"approximately|about|around|roughly|circa|ca\.?|least|total|only|just|exactly|our|the|these|and|"
    rf"plus|und|sowie|et|also|or|&|\+|construct|build|install|repair|replace|paint|repaint|drill|"
    rf"renovate|train|print|translate|review|noch|weitere|wir|nous|ungefähr|etwa|rund|environ|order of|a|"
    rf"is|are|"
    rf"be|to|up to|us|me|sie|vous|nous|ich|pour|für|min\.?|minimum|need:|x|want|the following|quantity|"
    rf"qty)"
    rf"|[,;:(|\t•*·–—\]>&+]|(?:^|\s)-)\s{{0,3}}$",
    re.I,
)
_LABEL = re.compile(
    r"\b(?:qty|quantity|quantities|menge|anzahl|quantité|qté|q['’]ty|nombre|count|amount)\b\.?(?: "
    r"(?:required|needed|of|is))?\s{0,2}[:=#-]?\s{0,3}$",
    re.I,
)
_INDEX = re.compile(r"(?:^|\n)\s{0,6}[(]?$")
_NOT_AFTER = re.compile(
    r"\s{0,2}(?:%|°|(?:st|nd|rd|th|er)\b|[-\s]?(?:inch|zoll|mm|cm|km|gb|tb|mb|mhz|ghz|watts?|volts?|"
    r"amps?|kva|kw|gsm|ppm|dpi|mp|pages?|seiten|bit|mbit|port|way|ply|channel|core|seater|litre|star|"
    r"door|wheel|person|weeks?|months?|years?|days?|hours?|tage?|monate?|jahre?)\b(?=-| old|[ "
    r"-]?(?:warranty|guarantee|contract|garantie|term|notice))"
    r"|[-\s]?(?:inch|zoll|mm|cm|km|gb|tb|mb|mhz|ghz|watts?|volts?|kva|kw|gsm|ppm|dpi|mcg|mg|iu)\b|"
    r"(?<=[0-9])[-](?!\s)(?!piece|pack|box)[a-z0-9]|[:/][0-9]|['’\"″](?!s?\b)|(?<=[0-9])(?:h|am|pm|"
    r"uhr)\b|\s?(?:am|pm|uhr|o['’]clock)\b|[ ]?x[ ]?[0-9]+\s?(?:mm|cm|m)\b)",
    re.I,
)
_FIGURE = re.compile(
    rf"(?:(?P<number>{numbers.NUMBER})(?:(?P<k>k(?![\w]))|\s(?P<scale>dozen|dutzend|douzaines?|hundred|"
    rf"thousand|million)\b)?|(?P<times>(?<![\w])(?<![0-9] "
    rf")[x×]\s?(?P<after>[0-9]{{1,7}})(?![\w.,/]))|(?P<words>{numbers.WORDS}))"
    rf"(?P<again>\s?\([^()\n]{{1,24}}\)(?=\s[^\W\d_]))?(?P<x>\s?[x×](?=\s|[^\W\d]{{2}}))?(?:[\s|"
    rf"-]{{0,3}}(?P<unit>{UNIT}))?",
    re.I,
)
_BARE = re.compile(rf"(?:{numbers.NUMBER}|{numbers.WORDS})\s?(?:{UNIT})?", re.I)
_RANGE = re.compile(
    rf"(?:between\s|zwischen\s|entre\s|from\s)?(?<![\w.,/-])(?P<low>[0-9][0-9.,]{{0,9}})\s?(?:-|–|—|to|"
    rf"bis|à|or|oder|ou|and|und|et)\s?(?P<high>[0-9][0-9.,]{{0,9}})(?![\w/:-]|"
    rf"\.[0-9])(?:\s{{1,2}}(?P<unit>{UNIT}))?",
    re.I,
)
_VAGUE = re.compile(
    r"\b(?:a few|some|several|a couple(?: of)?|a number of|a lot of|lots of|plenty of|enough|many|more|"
    r"sufficient|a bunch of|various|einige|ein paar|mehrere|etliche|quelques|plusieurs|assez de)\b",
    re.I,
)
_ARTICLE = re.compile(
    r"\b(?P<article>an?|eine?n?|une?)\s{1,2}(?!few\b|lot\b|lots\b|couple|number|quot|price|offer|"
    r"supplier|vendor|total|budget|max|bit\b|new supply|dozen|hundred|thousand|million|half|deliver|"
    r"look\b|meeting|call\b|order\b|purchase|request|requisition"
    r"|weeks?\b|months?\b|days?\b|years?\b|hour|consignment|shipment|confirm|discount|response|reply|"
    r"result|follow|must\b|question|good\b|paar\b|batch|quantity|minimum|rush|urgent|need\b|please|soon|"
    r"hurry|problem|shortage|stock|proposal|cost|approx|while|sample\b"
    r"|(?:\w+\s){0,3}(?:of|à|de|von|mit)\s[0-9]|supply of [0-9]|packs? of [0-9]|box of [0-9]|devis|"
    r"angebot|prix)(?=[^\W\d_]{2}|[0-9]{1,3}[-\"″ ]{0,2}(?:inch|[a-z]))",
    re.I,
)


_PART_OF_A_GRID = re.compile(r"[0-9]\s?[x×]\s?$")
_OF_THE_PAST = re.compile(
    r"\b(?:was|were|had|bought|ordered|received|used|got|purchased|consumed|shipped|used to (?:buy|order))"
    r"\s(?:for\s|about\s|us\s|only\s){0,2}$",
    re.I,
)
_LASTING = re.compile(
    r"\b(?:for|within|in|over|during|after|every|für|pour|pendant|dans|of|last|past|next)\s{1,2}(?:the\s)?$", re.I
)
_OF = re.compile(r"[ ]{1,2}(?:(?:of|von|de|à)[ ]{1,2}|d['’])(?=\S)", re.I)


@dataclass(frozen=True, slots=True)
class Quantity:
    """`value` None: said, but not how many. `start` and `end` frame number, unit and “of”; the spans what was said."""

    start: int
    end: int
    value: Decimal | None
    span: tuple[int, int] | None
    unit: str | None = None
    unit_span: tuple[int, int] | None = None
    backward: bool = False


def _unit(word: str | None) -> str | None:
    if not word:
        return None
    plain = re.sub(r"\s+", " ", word)
    return next((unit for unit, pattern in _UNIT_OF if pattern.match(plain)), None)


def is_bare(text: str) -> bool:
    """Nothing but a number and what it counts: “600 boxes”."""
    return bool(_BARE.fullmatch(text.strip()))


def is_duration(unit: str | None) -> bool:
    return unit in _DURATIONS


def find(text: str, blocked: bytearray) -> list[Quantity]:
    """Every quantity of the text, in order. `blocked` marks characters that mean something else."""
    out: list[Quantity] = []
    for start, end in windows.around(text, _telling, reach=30):
        out += _in_window(text, blocked, start, end)
    out.sort(key=lambda each: each.start)
    kept: list[Quantity] = []
    for each in out:
        if not kept or each.start >= kept[-1].end:
            kept.append(each)
    return kept


_TELLING = frozenset(
    words(
        "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen twenty thirty"
        " forty fifty sixty seventy eighty ninety hundred thousand dozen dozens half a an ein eine einen "
        "zwei drei vier fünf sechs sieben acht neun zehn"
        " elf zwölf zwanzig dreißig vierzig fünfzig hundert tausend dutzend un une deux trois quatre cinq "
        "sept huit neuf dix douze vingt trente quarante cinquante"
        " cent mille douzaine douzaines few some several couple number lot lots plenty enough many more "
        "sufficient bunch various einige paar mehrere etliche"
        " quelques plusieurs assez"
    )
)


def _telling(word: str) -> bool:
    return word[0].isdigit() or word in _TELLING


def _in_window(text: str, blocked: bytearray, start: int, end: int) -> list[Quantity]:
    out = []
    for found in _RANGE.finditer(text, start, end):
        if (
            not blocked[found.start("low")]
            and not blocked[found.start("high")]
            and _expected(text, found.start(), bool(found["unit"]))
        ):
            low, high = numbers.parse(found["low"].rstrip(".,")), numbers.parse(found["high"].rstrip(".,"))
            if low is not None and high is not None and low < high and not _NOT_AFTER.match(text, found.end("high")):
                out.append(
                    Quantity(
                        found.start(),
                        found.end(),
                        None,
                        None,
                        _unit(found["unit"]),
                        found.span("unit") if found["unit"] else None,
                    )
                )
    taken = [(each.start, each.end) for each in out]
    for found in _FIGURE.finditer(text, start, end):
        if any(found.start() < last and found.end() > first for first, last in taken):
            continue
        if quantity := _figure(text, blocked, found):
            out.append(quantity)
    for found in _ARTICLE.finditer(text, start, end):
        before = text[max(0, found.start() - 60) : found.start()].rstrip(" ") + " "
        if (
            re.search(rf"(?:\b(?:{_NEED}|and|plus|und|sowie|et|&|also|for)\b|,)\s{{0,2}}$", before, re.I)
            and not blocked[found.start()]
        ):
            spoken = re.search(r"(?:\band\b|\bfor\b|,|\bund\b|\bet\b)\s{0,2}$", before, re.I)
            if not spoken or NEED.search(text, max(0, found.start() - 160), found.start()):
                out.append(Quantity(found.start(), found.end(), Decimal(1), found.span("article")))
    for found in _VAGUE.finditer(text, start, end):
        before = text[max(0, found.start() - 40) : found.start()]
        if re.search(rf"(?:\b(?:{_NEED})|^|\n)\s{{0,2}}$", before, re.I):
            out.append(Quantity(found.start(), found.end(), None, None))
    return out


def _figure(text: str, blocked: bytearray, found: re.Match[str]) -> Quantity | None:
    name = "number" if found["number"] else "after" if found["times"] else "words"
    span = found.span(name)
    if blocked[span[0]] or (text[span[0] - 1 : span[0]] in ("#", "$", "€", "£", "_", "/", "-") and name == "number"):
        return None
    value = numbers.parse_words(found["words"]) if name == "words" else numbers.parse(found[name])
    if value is None or value <= 0 or value >= 10**10:
        return None
    if found["k"] or found["scale"]:
        value *= 1000 if found["k"] else numbers.parse_words(found["scale"]) or 1
        span = (span[0], found.end("k" if found["k"] else "scale"))
    unit_span = found.span("unit") if found["unit"] else None
    unit = _unit(found["unit"])
    if unit_span and blocked[unit_span[0]]:
        unit = unit_span = None
    end = unit_span[1] if unit_span else max(span[1], *(found.end(part) for part in ("x", "again") if found[part]), 0)
    if name == "number" and (
        _NOT_AFTER.match(text, span[1])
        or (value == 365 and re.search(r"[A-Z]\w+\s$", text[max(0, span[0] - 12) : span[0]]))
    ):
        return None
    behind = text[span[1] : span[1] + 1]
    if behind.isalpha() and not unit_span and not found["x"]:  # 3TC, 4K
        return None
    before = text[max(0, span[0] - 40) : span[0]]
    if re.match(r"\)\s", text[span[1] : span[1] + 2]) and not before.endswith("("):  # 2) in a list
        return None
    if _PART_OF_A_GRID.search(before) or _OF_THE_PAST.search(before):
        return None
    label = bool(_LABEL.search(before))
    if _INDEX.search(before) and re.match(r"[.)|:](?:\s|$)|\s?\|", text[end : end + 3]) and not unit:
        return None
    counted = bool(unit) and not is_duration(unit)
    if name != "after" and not label and not _expected(text, found.start(), counted):
        return None
    if (
        name == "words"
        and value == 1
        and not counted
        and not re.search(rf"(?:\b(?:{_NEED}|and|und|et)|,)\s{{0,2}}$", before, re.I)
    ):
        return None
    following = _OF.match(text, end) if unit or found["words"] else None
    if is_duration(unit) and not following and not label and _LASTING.search(before):
        return None
    backward = name == "after" or label or before.rstrip().endswith("(")
    return Quantity(found.start(), following.end() if following else end, value, span, unit, unit_span, backward)


def _expected(text: str, place: int, counted: bool) -> bool:
    """Whether a quantity can stand here: at a beginning, after a telling word, or with a counting word behind it."""
    before = text[max(0, place - 60) : place].rstrip(" ") + " "
    start = not before.strip(" \t") or before.rstrip(" \t").endswith("\n") or bool(re.search(r"[.!?]\s{1,3}$", before))
    return start or counted or bool(_EXPECTING.search(before))


_DURATION = re.compile(
    rf"(?:(?P<number>{numbers.NUMBER})|(?P<words>{numbers.WORDS}))[\s-]{{1,2}}(?P<unit>{UNIT})", re.I
)


def duration(text: str) -> Quantity | None:
    """The first length of time said, as a quantity: “for 12 months”."""
    for start, end in windows.around(text, _telling, reach=30):
        for found in _DURATION.finditer(text, start, end):
            unit = _unit(found["unit"])
            value = numbers.parse(found["number"]) if found["number"] else numbers.parse_words(found["words"])
            if (
                value
                and is_duration(unit)
                and not re.search(
                    r"\b(?:in|within|last|past|next|the)\s$", text[max(0, found.start() - 8) : found.start()], re.I
                )
            ):
                span = found.span("number" if found["number"] else "words")
                return Quantity(found.start(), found.end(), value, span, unit, found.span("unit"))
    return None
