"""Countries named in a text, and which of them is where the goods go.

A country counts as the place of delivery after a word that sends something there (“for Nigeria”, “to Lusaka”,
“the Kenyan programme”), not as an origin (“made in India”, “from our supplier in Dubai”) or as part of a company's
name.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from babel import Locale

from agents.readers import places
from agents.readers.wordlists import words

_LANGUAGES = ("en", "de", "fr")
#: Territory names that are first of all something else.
_NOT_COUNTRIES = frozenset({"QO", "EU", "EZ", "UN", "XA", "XB", "ZZ"})
_WORD = re.compile(r"[^\W\d_][^\W\d_'’]*(?:\.(?:[A-Z]\.)+)?")
_LONGEST = 6
_MOST = 300
#: In small letters these are first of all words.
_ALSO_WORDS = frozenset(words("turkey chad jordan guinea georgia china beira tete lome nice jos osh linden adama"))
_SENDING = re.compile(
    r"(?:\b(?:deliver(?:y|ed|ies|ing)?|ship(?:ped|ping|ment)?|send|sent|dispatch(?:ed)?|destination|"
    r"lieferung|liefern|lieferort|livraison|livrer|livré\w*|destiné\w*|deliver_to|place|country|site|"
    r"location|land|pays|port of|delivery address)\b[^.;\n]{0,40}"
    r"|\b(?:for|to|into|in|at|pour|nach|in|für|an|au|aux|en|à)\s{1,2})(?:(?:the|our|le|la|les|l['’]|"
    r"unser\w{0,2}|die|der|das|den|dem|all|its|whole|notre|"
    r"nos)\s{0,2}){0,2}(?:[\w-]{2,24}\s{1,2}(?:(?:in|of|at|de|à)\s{1,2})?){0,4}$",
    re.I,
)
_NEAR = re.compile(
    r"\b(?:for|to|in|at|into|pour|nach|für|au|aux|en|à|across|throughout)\s{1,2}(?:(?:the|le|la|les|our|"
    r"all|whole)\s{1,2}|l['’])?$|[:(]\s{0,3}$|(?:deliver\w*|ship\w*|livraison|"
    r"lieferung)\s{0,2}[:,-]?\s{0,2}$",
    re.I,
)
_ORIGIN = re.compile(
    r"\b(?:from|made in|produced in|manufactured in|hergestellt in|based in|registered in|located in|"
    r"origin(?:ating)?(?: in| from)?|supplier\w* (?:in|from)|vendor\w* (?:in|from)|manufacturer\w* (?:in|"
    r"from)|aus|fabriqué\w* (?:en|au)|basé\w* (?:en|au|à)"
    r"|fournisseur\w* (?:en|au|à)|lieferant\w* (?:in|aus)|via|through|except|excluding|not (?:for|to|in)|"
    r"approved in|used in|bank of|university of|imported from|depuis)\s{1,2}(?:the\s|our\s|"
    r"a\s){0,2}(?:[\w-]{2,20}\s){0,2}$",
    re.I,
)
_TOWARDS = re.compile(r"\b(?:to|into|nach)\s{1,2}(?:the\s{1,2})?$", re.I)
_NOT = re.compile(r"\b(?:not (?:for|to|in)|except|excluding|nicht (?:für|nach))\s{1,2}(?:the\s)?$", re.I)
_COMPANY = re.compile(
    r"\s{1,2}(?:[A-Z][\w&.-]{1,20}\s{1,2}){0,2}(?:Limited|Ltd|Inc|GmbH|Plc|PLC|LLC|B\.?V\.?|S\.?A\.?|AG|"
    r"Pharma\w*|Airlines|Bank|Co\b|Pty|\(Pty|holdings?)"
)
_PROGRAMME = re.compile(
    r"\s{1,2}(?:[\w-]{2,20}\s{1,2}){0,3}(?:programmes?|programs?|office|offices|warehouse|team|clinics?|"
    r"hospitals?|branch|site|country|ministry|mission|operation|project|subsidiary|depot|store|medical|"
    r"health|sites|facilit\w+|labs?|laborator\w+)\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class CountryMention:
    start: int
    end: int
    code: str
    sends: int  # 2: goods go there; 1: perhaps; 0: no


@lru_cache(maxsize=8192)
def _key(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(each for each in plain if not unicodedata.combining(each))
    return re.sub(r"[^a-z]+", " ", plain).strip()


@lru_cache(maxsize=1)
def _names() -> dict[str, tuple[str, str]]:
    """Plain name -> (code, kind): kind is name, town or adjective."""
    out: dict[str, tuple[str, str]] = {}
    for language in _LANGUAGES:
        for code, name in Locale(language).territories.items():
            if len(code) == 2 and code.isalpha() and code not in _NOT_COUNTRIES:
                out.setdefault(_key(re.sub(r"\s*\(.*\)", "", name)), (code, "name"))
    for table, kind in ((places.TOWNS, "town"), (places.NAMES, "name"), (places.ADJECTIVES, "adjective")):
        for row in table.strip().splitlines():
            code, names = row[:2], row[3:]
            for name in names.split("|"):
                if kind == "name" or _key(name) not in out:
                    out[_key(name)] = (code, kind)
    for word in (
        "",
        "congo",
        "jersey",
        "man",
        "welt",
        "monde",
        "world",
        "us",
        "rom",
        "bern",
        "linz",
        "adama",
        "linden",
        "europe",
        "afrique",
    ):
        out.pop(word, None)
    return out


@lru_cache(maxsize=1)
def _first_words() -> dict[str, int]:
    """First word of a name -> most words of the names that begin with it."""
    out: dict[str, int] = {}
    for name in _names():
        parts = name.split()
        out[parts[0]] = max(out.get(parts[0], 0), min(len(parts), _LONGEST))
    return out


_CODES_AFTER = re.compile(
    r"(?:\b(?:deliver(?:y|ed)?|ship|country|destination|livraison|lieferung|land|pays)\b[ a-z]{0,12}[ "
    r":=(-]{1,3}(?:to |in |nach )?|\bfor )(?P<code>(?-i:[A-Z]{2}))\b(?![\w-]|[ ]?[0-9])",
    re.I,
)


def mentions(text: str) -> list[CountryMention]:
    """Every country named by its name, a town or an adjective, in order."""
    names, first_words = _names(), _first_words()
    spans = [(found.start(), found.end()) for found in _WORD.finditer(text)]
    out: list[CountryMention] = []
    place = 0
    while place < len(spans) and len(out) < _MOST:
        start, end = spans[place]
        written = text[start].isupper() or _sent_to(text, start)
        size = first_words.get(_key(text[start:end]).split(" ")[0], 0) if written else 0
        step = 1
        for count in range(min(size, len(spans) - place), 0, -1):
            last = spans[place + count - 1][1]
            found = names.get(_key(text[start:last])) if last - start < 60 else None
            if found and (text[start].isupper() or (found[1] != "adjective" and text[start:last] not in _ALSO_WORDS)):
                out.append(CountryMention(start, last, found[0], _sends(text, start, last, found[1])))
                step = count
                break
        place += step
    taken = {each.start for each in out}
    known = {code for code, _ in names.values()}
    for found_code in _CODES_AFTER.finditer(text):
        if found_code["code"] in known and found_code.start("code") not in taken:
            out.append(CountryMention(*found_code.span("code"), found_code["code"], 2))
    return sorted(out, key=lambda each: each.start)


def _sent_to(text: str, start: int) -> bool:
    """Right after “to”, “for”, “in”: there a name may stand in small letters."""
    before = text[max(0, start - 9) : start].casefold()
    return before.removesuffix("the ").endswith((" to ", " for ", " in ", " nach ", " pour ", "\nto ", "\nfor "))


def _sends(text: str, start: int, end: int, kind: str) -> int:
    before = text[max(0, start - 90) : start]
    before = before[max(before.rfind("\n"), before.rfind(". "), before.rfind("; ")) + 1 :]
    if _COMPANY.match(text, end, end + 60) or _NOT.search(before):
        return 0
    if kind != "adjective" and _TOWARDS.search(before):
        return 2
    if _ORIGIN.search(before):
        return 0
    if kind == "adjective":
        return 2 if _PROGRAMME.match(text, end, end + 80) else 0
    if _NEAR.search(before):
        return 2
    if _PROGRAMME.match(text, end, end + 80) or _SENDING.search(before):
        return 2
    return 1


def destinations(found: list[CountryMention]) -> list[CountryMention]:
    """The countries that goods are sent to: one mention per country, the surest kind only."""
    for level in (2, 1):
        chosen: dict[str, CountryMention] = {}
        for each in found:
            if each.sends == level:
                chosen.setdefault(each.code, each)
        if chosen:
            return list(chosen.values())
    return []
