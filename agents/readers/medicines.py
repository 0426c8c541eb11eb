"""What names a medicine: its molecules, strengths, form and pack, in a catalogue name or in a requester's words."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice

from agents.readers import numbers, windows
from agents.readers.wordlists import words

#: Abbreviations of antiretrovirals and antimalarials, as programmes write them.
ABBREVIATIONS = {
    "3TC": "lamivudine", "AZT": "zidovudine", "ZDV": "zidovudine", "TDF": "tenofovir", "FTC": "emtricitabine",
    "EFV": "efavirenz", "NVP": "nevirapine", "ABC": "abacavir", "D4T": "stavudine", "DDI": "didanosine",
    "LPV": "lopinavir", "RTV": "ritonavir", "ATV": "atazanavir", "DRV": "darunavir", "RAL": "raltegravir",
    "ETV": "etravirine", "ETR": "etravirine", "SQV": "saquinavir", "IDV": "indinavir", "NFV": "nelfinavir",
    "DTG": "dolutegravir", "TAF": "tenofovir alafenamide", "LPV/R": "lopinavir ritonavir",
    "ATV/R": "atazanavir ritonavir", "DRV/R": "darunavir ritonavir", "TLD": "tenofovir lamivudine dolutegravir",
    "TLE": "tenofovir lamivudine efavirenz", "TEE": "tenofovir emtricitabine efavirenz",
    "ASAQ": "artesunate amodiaquine", "SP": "sulfadoxine pyrimethamine",
}  # fmt: skip
#: Molecules that programmes also buy, so that one missing from the catalogue is not taken for another that is there.
MOLECULES = frozenset(
    words(
        "dolutegravir alafenamide bictegravir rilpivirine maraviroc enfuvirtide cobicistat elvitegravir "
        "cotrimoxazole amoxicillin isoniazid"
        " rifampicin ethambutol pyrazinamide paracetamol ibuprofen artesunate amodiaquine lumefantrine "
        "artemether fluconazole"
    )
)
_FORMS = (
    ("dispersible", r"dispersible|chewable|kautabl\w*|à croquer|croquables?|tablets? for oral suspension"),
    ("co-blister", r"co-?blister\w*|co-?packs?|combi-?packs?"),
    ("delayed", r"delayed[ -]release|gastro-?resist\w*|enteric\w*|\bEC\b|magensaft\w*"),
    ("powder", r"powder|poudre|pulver"),
    ("tablet", r"tablets?|tabs?|tabletten?|tbl|comprimés?|comprimes?|filmtabletten?"),
    ("capsule", r"capsules?|caps?|kapseln?|gélules?|gelules?"),
    ("suspension", r"suspension\w*"),
    ("solution", r"oral solution|solution|lösung|solution buvable"),
    ("liquid", r"syrups?|sirops?|saft|oral liquids?|liquid"),
    ("injection", r"injections?|injectables?|infusion|ampoules?|ampules?|ampullen?|\bIV\b"),
)  # fmt: skip
_FORM = tuple((name, re.compile(rf"(?<![\w])(?:{words})(?![\w])", re.I)) for name, words in _FORMS)
_GROUP = r"[0-9]{1,5}(?:[.,][0-9]{1,3})?"
_STRENGTH = re.compile(
    rf"(?<![\w.,])(?P<values>{_GROUP}(?:[ ]?(?:mg|mcg|µg|μg|g)?[ ]?[/+&][ ]?{_GROUP}){{0,4}})[ "
    rf"-]?(?P<unit>mg|mcg|µg|μg|g)\b(?:[ ]?(?:/|per|pro|par)[ ]?(?P<per>[0-9]{{0,3}})[ ]?(?P<in>ml|g)\b)?",
    re.I,
)
_PER_EACH = re.compile(rf"(?<![\w.,])(?P<a>{_GROUP})[ ]?/[ ]?(?P<b>{_GROUP})[ ]?mg[ ]?/[ ]?ml", re.I)
_BARE_GROUP = re.compile(rf"(?<![\w.,/-])({_GROUP}(?:[ ]?[/+][ ]?{_GROUP}){{1,3}})(?![\w/]|[ ]?(?:mg|ml|g)\b)")
_PACK = re.compile(
    r"(?<![\w.,/])(?P<count>[0-9]{1,4}(?:[ ]?[x×+][ ]?[0-9]{1,4})?)(?:[ -]?(?:tab(?:let)?s?|tabletten|"
    r"cap(?:sule)?s?|kapseln|comprimés|gélules|tests?|ml|pcs|pieces|vials?|amp(?:o?ules?)?|strips?|count|"
    r"ct|stück|doses?|sachets?)\b|['’]?s\b)"
    r"|(?<![\w.,/])(?P<grid>[0-9]{1,3}[ ]?[x×+][ ]?[0-9]{1,3})(?![\w.,/+]|[ ]?(?:mg|packs|boxes|units))"
    r"|(?:tab(?:let)?s?|cap(?:sule)?s?|tests?)[ ]?[x×][ ]?(?P<times>[0-9]{1,4})(?=[ ]?[,;(–-][ ]?[0-9])"
    r"|\b(?:packs?|bottles?|boxe?s?|blisters?|jars?|kits?|pots?|packung(?:en)?|boîtes?|flacons?|"
    r"flaschen?|tins?)[ ]?(?:of|à|with|de|mit|/)[ ]?(?P<of>[0-9]{1,4})(?![0-9.,]|[ ]?(?:mg|kg))",
    re.I,
)
#: A pack size follows a strength, a form, a comma within a name or an opening bracket; a quantity follows a verb.
_IN_A_NAME = re.compile(
    r"(?:mg|ml|mcg|tablets?|tabs?|capsules?|caps?|kits?|solution|suspension|bottles?|blister|buffer|x|of|"
    r"à|pack of|packs of|de|comprimés|tabletten)[ ]?[,(/x-]?[ ]{0,2}(?:bottle|blister|pack|vial|box)?[ "
    r"]?[,x]?[ ]?$|[(][ ]?$",
    re.I,
)
_ORDERED = re.compile(r"[0-9]{1,4}[ -]?(?:pcs|pieces|stück|vials?|amp\w*|strips?|doses?|sachets?)", re.I)
_SHORT_PLURAL = re.compile(r"[0-9]['’]?s$")
_SALT = re.compile(r"[a-z]{4,}(?:ate|ide|amide)\Z")


@dataclass(frozen=True, slots=True)
class Strength:
    """Milligrams (per millilitre or gram where it is a liquid or powder), smallest first."""

    values: tuple[Decimal, ...]
    per: str = ""

    def agrees(self, other: Strength) -> bool:
        """The same numbers; one side may leave out “/ml”."""
        return self.values == other.values and (self.per == other.per or not self.per or not other.per)


def fold(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in plain if not unicodedata.combining(each))


def strength(text: str) -> Strength | None:
    """All strengths in the text as one: `150/300mg`, `150 mg + 300 mg`, `600mg/2ml`, `10mg/ml`."""
    values: list[Decimal] = []
    per = ""
    for found in _STRENGTH.finditer(text[:2000]):
        unit = found["unit"].casefold()
        times = {"mg": Decimal(1), "g": Decimal(1000)}.get(unit, Decimal("0.001"))
        share = Decimal(found["per"] or 1) or Decimal(1)
        for each in re.findall(_GROUP, found["values"]):
            if (value := numbers.parse(each)) is not None and value:
                values.append(value * times / share)
        per = (found["in"] or per).casefold()
    return Strength(tuple(sorted(values)), per) if values else None


def bare_strength(text: str) -> Strength | None:
    """`150/300` without a unit."""
    if found := _BARE_GROUP.search(text):
        values = [numbers.parse(each) for each in re.findall(_GROUP, found[1])]
        return Strength(tuple(sorted(each for each in values if each)))
    return None


def packs(text: str) -> frozenset[int]:
    """Pack sizes said: 60 of “60 tabs”, 60 of “6 x 10 tabs”, 240 of “240 ml”."""
    out = set()
    for found in _PACK.finditer(text[:2000]):
        parts = [
            int(each) for each in re.findall("[0-9]+", found["count"] or found["grid"] or found["times"] or found["of"])
        ]
        total = parts[0]
        for each in parts[1:]:
            total = total + each if "+" in found[0] else total * each
        out.add(total)
    return frozenset(out)


def pack_spans(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Where pack sizes are said in a stretch of text."""
    return [found.span() for found in _PACK.finditer(text, start, min(end, start + 400))]


def is_pack(text: str) -> bool:
    """Nothing but a pack size: “30 tablets”."""
    found = _PACK.match(text.strip())
    return bool(found) and not text.strip()[found.end() :].strip(" .,)")  # type: ignore[union-attr]


def measures(text: str) -> list[tuple[int, int]]:
    """Strengths, and pack sizes that stand inside a name: numbers that count nothing that is bought."""
    out = [found.span() for found in _STRENGTH.finditer(text)]
    out += [found.span() for found in _BARE_GROUP.finditer(text)]
    for found in islice(_PACK.finditer(text), windows.MOST):
        before = text[max(0, found.start() - 80) : found.start()]
        before = before[max(before.rfind("\n"), before.rfind(". "), before.rfind("; "), before.rfind(" and ")) + 1 :]
        if found["of"] or found["times"]:
            out.append(found.span("of" if found["of"] else "times"))
        elif not _ORDERED.match(found[0]) and (
            _IN_A_NAME.search(before) or _STRENGTH.search(before) or _SHORT_PLURAL.search(found[0])
        ):
            out.append(found.span())
    return out


def forms(text: str) -> frozenset[str]:
    """Dosage forms named, the more telling one first to count: dispersible and delayed stand beside their base."""
    found = {name for name, pattern in _FORM if pattern.search(text)}
    if "tablet" in found:
        found -= {"suspension", "solution", "powder"}
    if "powder" in found:
        found -= {"solution", "suspension", "injection"}
    if "injection" in found:
        found -= {"solution"}
    if "liquid" in found:
        found |= {"solution", "suspension"}
    return frozenset(found)


def is_salt(word: str) -> bool:
    return bool(_SALT.match(word))
