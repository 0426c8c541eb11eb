import pytest

from agents.readers.catalogue import CatalogueItem
from agents.readers.matching import match
from tests.agents.readers.shelf import ITEMS

SAFE = [
    ("Lamivudine/Zidovudine 150/300mg tablets", "ITM-0120"),
    ("Zidovudine/Lamivudine 300/150 mg tabs", "ITM-0120"),
    ("AZT/3TC 300/150", "ITM-0120"),
    ("Combivir", "ITM-0119"),
    ("generic Truvada 200/300mg", "ITM-0062"),
    ("Nevirapin 200 mg Tabletten", "ITM-0146"),
    ("Effavirenz 600 mg tablet", "ITM-0057"),
    ("Abacavir/Lamivudine 60/30mg tablets 30 tabs", "ITM-0014"),
    ("Lamivudine/Zidovudine 30/60mg dispersible tablets", "ITM-0121"),
    ("Abacavir 20mg/ml oral solution with syringe", "ITM-0008"),
    ("Zidovudine 50mg/5ml oral solution 240ml", "ITM-0182"),
    ("Determine Complete HIV kits", "ITM-0071"),
    ("safety lancets", "ITM-0095"),
]


@pytest.mark.parametrize(("words", "key"), SAFE)
def test_words_that_name_one_item_find_it(words, key):
    assert match(words, ITEMS).item == key


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("Abacavir/Lamivudine 60/30mg tablets", "several"),
        ("Norvir 100mg capsules", "several"),
        ("HIV test kits", "several"),
        ("Efavirenz 75mg", "other"),
        ("Dolutegravir/Lamivudine/Tenofovir 50/300/300mg", "other"),
        ("Tenofovir alafenamide 25mg", "other"),
        ("Determine Syphilis kit", "other"),
        ("Amoxicillin 500mg capsules", "unknown"),
        ("laptops", ""),
    ],
)
def test_words_that_name_several_or_none_find_no_item(words, why):
    found = match(words, ITEMS)
    assert (found.item, found.why) == (None, why)
    assert bool(found.candidates) == (why in ("several", "other"))


def test_a_catalogue_of_other_things_is_matched_by_its_telling_words():
    office = (
        CatalogueItem("A", "Toner cartridge HP 26A black"),
        CatalogueItem("B", "Toner cartridge HP 05A black"),
        CatalogueItem("C", "Office chair, ergonomic, grey"),
    )
    assert match("HP 26A toner cartridges", office).item == "A"
    assert match("toner cartridges HP", office).item is None
    assert match("ergonomic office chairs", office).item == "C"
    assert match("office party", office).item is None
