"""Claims are checked by code against their source; what does not hold is kept and supports nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import pytest

from approvals import evidence, readings
from approvals.evidence import Claim, ModelRecord, QuoteLine, Reading, Row, Span, numbers_in, verify
from approvals.models import Evidence
from ledger import clock, sources
from ledger.errors import InvalidInput
from procure.models import StockLevel
from tests.approvals.stage import BAD_CLAIM, GOOD_CLAIM, propose_order

WORDS = "We need 2,000 packs for Nigeria, budget 20k USD"
ROW = Row("item", "ITM-0001", "price_median")


@pytest.fixture
def source(db):
    return sources.keep(WORDS, origin="user:1")


def span(source, words: str, **changes: object) -> Span:
    start = WORDS.index(words)
    return Span(**{"source_digest": source.digest, "start": start, "end": start + len(words), "quote": words} | changes)


@pytest.mark.parametrize(
    ("value", "source", "verified"),
    [
        ("10", ROW, True),
        ("10.0000", ROW, True),
        ("10.01", ROW, False),
        ("1e1", ROW, True),
        ("", ROW, False),
        ("cipla", Row("vendor", "VEN-001", "name"), True),
        ("approved", Row("vendor", "VEN-001", "status"), True),
        ("ARV", Row("item", "ITM-0001", "category.code"), True),
        ("yes", Row("item", "ITM-0001", "active"), True),
        ("10", Row("contract_price", "CTR-001/ITM-0001/0", "unit_price"), True),
        ("10", Row("agreed_price", "VEN-001/ITM-0001/2000", "unit_price"), True),
        ("8", Row("performance", "VEN-001/ITM-0001", "deliveries"), True),
        ("8", Row("performance", "VEN-001", "deliveries"), True),
        ("10", Row("benchmark", "ITM-0001", "median"), True),
        ("100000", Row("budget", "PROG/2026", "amount"), None),
    ],
)
@pytest.mark.usefixtures("item", "contract", "budget")
def test_a_row_must_say_the_same(entity, value, source, verified):
    if verified is None:
        year = clock.business_date(entity).year
        source, verified = Row("budget", f"PROG/{year}", "amount"), True
    checked = verify(Claim("x", value, source), entity=entity)
    assert (checked.verified, bool(checked.problem)) == (verified, not verified)


@pytest.mark.parametrize(
    "source",
    [
        Row("item", "ITM-9999", "price_median"),
        Row("item", "ITM-0001", "_state"),
        Row("item", "ITM-0001", "pk"),
        Row("vendor_contact", "1", "email"),
        Row("person", "1", "password"),
        Row("performance", "VEN-001", "__class__"),
        Row("performance", "VEN-999", "deliveries"),
        Row("agreed_price", "VEN-001", "unit_price"),
        Row("agreed_price", "VEN-001/ITM-0001/many", "unit_price"),
        Row("contract_price", "CTR-001", "unit_price"),
        QuoteLine(99, "unit_price"),
        QuoteLine(99, "version.ciphertext"),
        Span("0" * 64, 0, 1, "W"),
        Reading("item", "ITM-9999", "price_median", 24),
        ModelRecord(7),
    ],
)
@pytest.mark.usefixtures("item", "contract")
def test_what_cannot_be_read_verifies_nothing_and_says_so(entity, source):
    checked = verify(Claim("x", "10", source), entity=entity)
    assert checked.verified is False
    assert checked.problem


def test_rows_of_another_company_are_not_read(entity, item):
    from ledger.models import LegalEntity

    other = LegalEntity.objects.create(code="X", name="X", base_currency="USD", log=entity.log)
    assert verify(Claim("x", "Cipla", Row("vendor", "VEN-001", "name")), entity=other).verified is False


def test_a_record_that_changed_since_no_longer_bears_the_claim_out(entity, vendor):
    version = readings.row("vendor", "VEN-001", "name", entity=entity).version
    assert version
    claim = Claim("x", "Cipla", Row("vendor", "VEN-001", "name", version))
    assert verify(claim, entity=entity).verified
    vendor.history.create(**{**vendor.history.values().first(), "history_id": None})
    assert verify(claim, entity=entity).problem == "The record has changed since this was written."


@pytest.mark.parametrize(
    ("quote", "value", "verified"),
    [
        ("2,000 packs", "2000", True),
        ("2,000 packs", "2,000 packs", True),
        ("2,000 packs", "200", False),
        ("20k USD", "20000", True),
        ("20k USD", "20000.00", True),
        ("Nigeria", "NG", True),
        ("Nigeria", "3", False),
    ],
)
def test_quoted_words_must_hold_the_number(entity, source, quote, value, verified):
    assert verify(Claim("x", value, span(source, quote)), entity=entity).verified is verified


@pytest.mark.parametrize(
    "changes", [{"start": 0}, {"end": 5}, {"quote": "3,000 packs"}, {"start": -3}, {"quote": ""}, {"end": 10**9}]
)
def test_words_that_do_not_stand_there_verify_nothing(entity, source, changes):
    checked = verify(Claim("x", "2000", span(source, "2,000 packs", **changes)), entity=entity)
    assert checked.problem == "These words do not stand at this place of the source."


def test_numbers_are_read_as_people_write_them():
    assert Decimal(2000) in numbers_in("2,000")
    assert Decimal(2000) in numbers_in("2.000")
    assert Decimal("2.5") in numbers_in("2.5")
    assert Decimal("2000000") in numbers_in("2 million")
    assert Decimal(12500) in numbers_in("12 500 packs")
    assert Decimal("1234.56") in numbers_in("1.234,56 EUR")
    assert numbers_in("no figure") == set()


@pytest.mark.parametrize(("age", "verified"), [(0, True), (2, True), (3, False)])
def test_a_reading_must_be_fresh(entity, item, age, verified):
    as_of = clock.business_date(entity) - timedelta(days=age)
    StockLevel.objects.create(entity=entity, item=item, location="NG", quantity=Decimal(40), as_of=as_of)
    claim = Claim("x", "40", Reading("stock", "ITM-0001/NG", "quantity", max_age_hours=48))
    assert verify(claim, entity=entity).verified is verified


def test_freshness_follows_a_frozen_business_date(entity, item):
    from datetime import date

    entity.frozen_date = date(2014, 5, 23)
    entity.save(update_fields=["frozen_date"])
    StockLevel.objects.create(entity=entity, item=item, location="NG", quantity=Decimal(40), as_of=date(2014, 5, 22))
    claim = Claim("x", "40", Reading("stock", "ITM-0001/NG", "quantity", max_age_hours=48))
    assert verify(claim, entity=entity).verified


@pytest.mark.usefixtures("policy", "contract", "budget")
def test_every_claim_is_kept_with_what_was_found(entity, rita, item):
    made = propose_order(entity=entity, requested_by=rita, claims=[GOOD_CLAIM, BAD_CLAIM])
    good, bad = made.evidence.order_by("position")
    assert (good.verified, good.found) == (True, "10")
    assert (bad.verified, bad.problem) == (False, "The source says 10, not 11.")
    assert evidence.claim_of(bad) == BAD_CLAIM
    assert made.judgement.facts["evidence_coverage"]["value"] == "0.5"


@pytest.mark.usefixtures("policy", "contract", "budget")
def test_too_much_evidence_is_refused(entity, rita, item):
    with pytest.raises(InvalidInput, match="at most 200"):
        propose_order(entity=entity, requested_by=rita, claims=[GOOD_CLAIM] * 201)
    assert not Evidence.objects.exists()


def test_no_listed_field_is_sealed_or_personal():
    fields = {field for table in readings.TABLES.values() for field in table.fields} | readings.QUOTE_FIELDS
    assert not [each for each in fields if any(word in each for word in ("cipher", "token", "hash", "email", "draft"))]


def test_every_listed_field_exists():
    from django.apps import apps

    for kind, table in readings.TABLES.items():
        model = apps.get_model(table.model)
        for path in table.fields:
            here = model
            for name in path.split("."):
                assert hasattr(here, name), f"{kind}.{path}"
                field = here._meta.get_field(name)
                here = field.related_model or here


@dataclass(frozen=True)
class Lonely:
    as_of = None
    value = None


def test_a_figure_that_is_not_known_is_no_proof(entity, monkeypatch):
    monkeypatch.setitem(readings.FIGURES, "lonely", lambda entity, parts: Lonely())
    assert "is not known" in verify(Claim("x", "1", Row("lonely", "k", "value")), entity=entity).problem
