"""Finds the catalogue item that words mean, or the items they may mean.

A match is safe only when one item is left: its molecules, strength, form and pack agree with everything said; a brand
named means the brand's item, a generic name the generic one (the brand's where no generic exists). Of items that
differ only in something not said (“scored”, “with syringe”) the plain one is meant, as long as the pack is the same.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache

from rapidfuzz import fuzz, process

from agents.readers import medicines
from agents.readers.catalogue import Catalogue, CatalogueItem
from agents.readers.wordlists import words

_TOKEN = re.compile(r"[^\W\d_]+|[0-9]+(?:[.][0-9]+)?")
_STOP = frozenset(
    words(
        "a an and the of for with without to in on by our we need x per or as at is are be from new please "
        "some more also all each any und mit für der die das"
        " et de la le les des du pour avec good quality standard original brand branded generic packs pack "
        "package packet box boxes bottle unit piece each pcs set"
        " clinic team office staff programme program warehouse use site hospital store usual same regular "
        "order supply stock quantity item product type kind model rdt"
        " tab cap tabs caps ml mg pcs adult pediatric paediatric fdc urgent asap additional extra total "
        "medicine drug about approx size strength dose"
    )
)
#: Words that many kits share and that therefore tell none of them.
_WEAK = frozenset(words("hiv test kit rapid antibody antigen i tests kits ab hiv1 hiv2"))
_DONATED = re.compile(r"\bdon(?:ated|ation)?\b", re.I)
_GENERIC = re.compile(r"\bgeneri(?:c|sch\w*|que)s?\b", re.I)
_LISTED = 10


@dataclass(frozen=True, slots=True)
class Match:
    """`item` when one is meant for sure. `why` says what keeps several, or none, apart."""

    item: str | None = None
    candidates: tuple[tuple[str, float], ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class _Entry:
    item: CatalogueItem
    heads: frozenset[str]
    brands: tuple[str, ...]
    strength: medicines.Strength | None
    forms: frozenset[str]
    packs: frozenset[int]
    words: frozenset[str]
    donated: bool


@dataclass(frozen=True, slots=True)
class _Index:
    entries: tuple[_Entry, ...]
    heads: frozenset[str]
    brands: dict[str, list[int]]
    by_word: dict[str, list[int]]
    by_head: dict[str, list[int]]
    weight: dict[str, float] = field(default_factory=dict)
    known: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Said:
    """What the requester's words name."""

    words: frozenset[str]
    unknown: frozenset[str]
    heads: frozenset[str]
    foreign: bool
    brand: str
    generic: bool
    strength: medicines.Strength | None
    forms: frozenset[str]
    packs: frozenset[int]
    donated: bool


def _single(word: str) -> str:
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-3] + "y" if word.endswith("ies") and len(word) > 5 else word[:-1]
    return word


def tokens(text: str) -> list[str]:
    """Folded words, plurals taken off."""
    return [_single(each) for each in _TOKEN.findall(medicines.fold(text))]


def _heads(generic_name: str) -> frozenset[str]:
    parts = re.split(r"[/+]", re.sub(r"\(.*?\)", "", medicines.fold(generic_name)))
    found = (re.search(r"[a-z]{4,}", part) for part in parts)
    return frozenset(each[0] for each in found if each)


def _entry(item: CatalogueItem) -> _Entry:
    strength = medicines.strength(item.dosage or item.name)
    heads = _heads(item.generic_name) if strength and item.generic_name else frozenset()
    if strength and not heads:
        before = re.split(r"\s[0-9]", re.sub(r"^\W*#?\d+\*+", "", item.name), maxsplit=1)[0]
        heads = _heads(before)
    brand = "" if medicines.fold(item.brand) == "generic" else item.brand
    brands = tuple(" ".join(tokens(each)) for each in brand.split("/") if each.strip())
    packs = medicines.packs(item.name) | ({item.units_per_pack} if item.units_per_pack > 1 else set())
    return _Entry(
        item,
        heads,
        brands,
        strength,
        medicines.forms(f"{item.dosage_form} {item.name}") if strength else frozenset(),
        packs,
        frozenset(tokens(f"{item.name} {brand}")) - {"don"},
        bool(re.search(r"\[DON\]", item.name)),
    )


@lru_cache(maxsize=8)
def _index(catalogue: tuple[CatalogueItem, ...]) -> _Index:
    entries = tuple(_entry(item) for item in catalogue)
    brands, by_word, by_head = defaultdict(list), defaultdict(list), defaultdict(list)
    for number, entry in enumerate(entries):
        for brand in entry.brands:
            brands[brand].append(number)
        for word in entry.words - _STOP:
            by_word[word].append(number)
        for head in entry.heads:
            by_head[head].append(number)
    weight = {word: math.log(1 + len(entries) / len(places)) for word, places in by_word.items()}
    known = {*by_head, *(brand for brand in brands if " " not in brand), *by_word}
    return _Index(
        entries,
        frozenset(by_head),
        dict(brands),
        dict(by_word),
        dict(by_head),
        weight,
        tuple(sorted(each for each in known if len(each) >= 6 and each.isalpha())),
    )


def _corrected(word: str, index: _Index) -> str:
    """The catalogue's spelling of a misspelt or foreign word, else the word."""
    if (
        len(word) < 6
        or not word.isalpha()
        or word in index.by_word
        or word in index.heads
        or word in medicines.MOLECULES
    ):
        return word
    best = process.extractOne(word, index.known, scorer=fuzz.ratio, score_cutoff=87)
    return best[0] if best else word


def _expanded(text: str) -> str:
    """Programme abbreviations written out: “AZT/3TC” becomes “zidovudine/lamivudine”."""

    def name(found: re.Match[str]) -> str:
        word = found[0].upper()
        return medicines.ABBREVIATIONS[word].replace(" ", "/") if word in medicines.ABBREVIATIONS else found[0]

    text = re.sub(r"\b(?:LPV|ATV|DRV)/[rR]\b", name, text)
    return re.sub(r"\b(?:[A-Z0-9]{2,4}|d4T|ddI)\b", name, text)


def _said(text: str, index: _Index) -> _Said:
    text = _expanded(text[:600])
    found = [_corrected(each, index) for each in tokens(text)]
    words = frozenset(found)
    joined = f" {' '.join(found)} "
    named = sorted((brand for brand in index.brands if f" {brand} " in joined), key=len, reverse=True)
    heads = words & (index.heads | medicines.MOLECULES)
    return _Said(
        words,
        frozenset(each for each in words - _STOP - index.by_word.keys() if len(each) > 2 and each.isalpha()),
        heads,
        _names_foreign_part(text, heads, index),
        named[0] if named else "",
        bool(_GENERIC.search(text)),
        medicines.strength(text) or (medicines.bare_strength(text) if heads else None),
        medicines.forms(text),
        medicines.packs(text),
        bool(_DONATED.search(text)),
    )


def _names_foreign_part(text: str, heads: frozenset[str], index: _Index) -> bool:
    """A combination with a part, or a salt, that the catalogue does not know."""
    for chain in re.findall(r"[^\W\d_]{3,}(?:\s?[/+]\s?[^\W\d_]{3,})+", medicines.fold(text)):
        parts = [_corrected(_single(each), index) for each in re.split(r"\s?[/+]\s?", chain)]
        if any(each in heads for each in parts) and any(
            each not in heads and each not in index.by_word and not medicines.forms(each) for each in parts
        ):
            return True
    return any(medicines.is_salt(each) and each not in index.by_word for each in tokens(text))


def match(text: str, catalogue: Catalogue) -> Match:
    """The item that these words mean. `candidates` are best first, at most ten."""
    if not catalogue or not text.strip():
        return Match()
    index = _index(tuple(catalogue))
    said = _said(text, index)
    if said.heads or (said.brand and any(index.entries[n].heads for n in index.brands[said.brand])):
        return _medicine(said, index, text)
    return _by_words(said, index, text)


def _medicine(said: _Said, index: _Index, text: str) -> Match:
    branded = [index.entries[n] for n in index.brands.get(said.brand, ())]
    heads = said.heads or frozenset().union(*(entry.heads for entry in branded))
    numbers = {n for head in heads for n in index.by_head.get(head, ())}
    same = [index.entries[n] for n in sorted(numbers) if index.entries[n].heads == heads]
    if not same or said.foreign:
        near = [index.entries[n] for n in sorted(numbers) if index.entries[n].heads & heads]
        return Match(None, _ranked(near, said, text, ceiling=0.5), "unknown" if not near else "other")
    if said.brand and not said.generic:
        pool = [entry for entry in same if said.brand in entry.brands]
    else:
        pool = [entry for entry in same if not entry.brands] or ([] if said.generic else same)
    fitting = _fitting(pool, said)
    if not fitting and not said.generic and not said.brand:
        fitting = _fitting([entry for entry in same if entry.brands], said)
    if not fitting:
        return Match(None, _ranked(same, said, text, ceiling=0.6), "other")
    return _decided(fitting, said, text, sure=True)


def _fitting(pool: list[_Entry], said: _Said) -> list[_Entry]:
    """Those that contradict nothing said; of forms and packs the exact ones where there are any."""
    strength = said.strength
    if strength is None and (bare := _bare_number(said, pool)):
        strength = bare
    if strength:
        pool = [entry for entry in pool if entry.strength and entry.strength.agrees(strength)]
    if not said.donated:
        pool = [entry for entry in pool if not entry.donated] or pool
    if said.forms - {"co-blister"}:
        pool = [entry for entry in pool if said.forms & entry.forms]
    if strength or said.forms:
        for special in ("dispersible", "delayed", "co-blister"):
            if special in said.forms:
                pool = [entry for entry in pool if special in entry.forms]
            else:
                pool = [entry for entry in pool if special not in entry.forms] or pool
    if said.packs:
        exact = [entry for entry in pool if entry.item.units_per_pack in said.packs]
        pool = exact or [entry for entry in pool if entry.packs & said.packs]
    return pool


def _bare_number(said: _Said, pool: list[_Entry]) -> medicines.Strength | None:
    """“Efavirenz 600”: a number that is a strength of one of these items."""
    values = {each for each in said.words if each[0].isdigit()}
    for entry in pool:
        if entry.strength and len(entry.strength.values) == 1 and format(entry.strength.values[0], "f") in values:
            return entry.strength
    return None


def _by_words(said: _Said, index: _Index, text: str) -> Match:
    telling = frozenset(each for each in said.words - _STOP - _WEAK if each in index.by_word)
    anchors = index.brands.get(said.brand, []) if said.brand else []
    if not telling and not anchors:
        weak = [n for word in said.words & _WEAK for n in index.by_word.get(word, ())]
        several = (
            [index.entries[n] for n in sorted(set(weak))] if len(said.words & _WEAK) > 1 and not said.unknown else []
        )
        several = [entry for entry in several if not entry.heads]
        return Match(None, _ranked(_packed(several, said), said, text, ceiling=0.5), "several" if several else "")
    pool = {n for word in telling for n in index.by_word[word]} if not anchors else set(anchors)
    entries = [index.entries[n] for n in sorted(pool)]
    numbers = frozenset(each for each in telling if each[0].isdigit())
    fitting = [entry for entry in entries if telling - numbers <= entry.words]
    if "kit" in said.words or "test" in said.words:
        fitting = [
            entry for entry in fitting if entry.words & said.words & {"kit", "test"} >= said.words & {"kit"}
        ] or fitting
    fitting = _packed([entry for entry in fitting if said.donated or not entry.donated] or fitting, said)
    ranked = _ranked(entries, said, text, index=index, ceiling=0.8)
    if not fitting:
        return Match(
            None, tuple(each for each in ranked if each[1] >= 0.45), "other" if ranked and ranked[0][1] >= 0.45 else ""
        )
    covered = max(_coverage(entry, telling, index) for entry in fitting)
    sure = not said.unknown if anchors else covered >= 0.6 and 3 * len(said.unknown) <= len(telling)
    if not sure:
        ranked = _ranked(fitting, said, text, index=index, ceiling=0.7)
        return Match(
            None, tuple(each for each in ranked if each[1] >= 0.4), "other" if ranked and ranked[0][1] >= 0.4 else ""
        )
    return _decided(fitting, said, text, sure=True, index=index)


def _packed(entries: list[_Entry], said: _Said) -> list[_Entry]:
    return [entry for entry in entries if entry.packs & said.packs] if said.packs else entries


def _coverage(entry: _Entry, telling: frozenset[str], index: _Index) -> float:
    core = [each for each in entry.words - _STOP - _WEAK if not each.isdigit()]
    whole = sum(index.weight.get(each, 1.0) for each in core) or 1.0
    return sum(index.weight.get(each, 1.0) for each in core if each in telling) / whole


def _decided(fitting: list[_Entry], said: _Said, text: str, *, sure: bool, index: _Index | None = None) -> Match:
    fitting = _with_what_is_said(fitting, said)
    chosen = fitting
    if len(fitting) > 1 and (said.packs or len({entry.item.units_per_pack for entry in fitting}) == 1):
        shared = frozenset.intersection(*(entry.words for entry in fitting))
        plain = [entry for entry in fitting if not _unsaid(entry.words - shared - said.words)]
        chosen = plain or fitting
    ranked = _ranked(fitting, said, text, index=index)
    if len(chosen) == 1 and sure:
        key = chosen[0].item.key
        first = next(score for item, score in ranked if item == key) if any(i == key for i, _ in ranked) else 0.9
        best = max(first, *(score for _, score in ranked)) if ranked else first
        return Match(key, ((key, best), *(each for each in ranked if each[0] != key))[:_LISTED])
    return Match(None, ranked, "several")


def _with_what_is_said(fitting: list[_Entry], said: _Said) -> list[_Entry]:
    """Those that carry most of the telling words said (“with syringe”, “scored”)."""
    shared = frozenset.intersection(*(entry.words for entry in fitting))
    told = [len({each for each in (entry.words - shared) & said.words - _STOP if each.isalpha()}) for entry in fitting]
    return [entry for entry, count in zip(fitting, told, strict=True) if count == max(told)]


def _unsaid(words: frozenset[str]) -> frozenset[str]:
    return frozenset(words - _STOP)


def _ranked(
    entries: list[_Entry], said: _Said, text: str, *, index: _Index | None = None, ceiling: float = 1.0
) -> tuple[tuple[str, float], ...]:
    """Scores from what agrees; they order candidates and never make a match."""
    out = []
    for entry in entries:
        likeness = fuzz.token_set_ratio(" ".join(sorted(said.words)), " ".join(sorted(entry.words))) / 100
        score = 0.6 * likeness
        score += 0.2 * bool(said.strength and entry.strength and entry.strength.agrees(said.strength))
        score += 0.1 * bool(said.forms & entry.forms)
        score += 0.1 * bool(said.packs & entry.packs or (said.brand and said.brand in entry.brands))
        if index is not None and not entry.heads:
            score = 0.4 * likeness + 0.6 * _coverage(entry, said.words, index)
        out.append((entry.item.key, round(min(score, 1.0) * ceiling, 2)))
    return tuple(sorted(out, key=lambda each: (-each[1], each[0]))[:_LISTED])
