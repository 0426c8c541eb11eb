"""The demo tenant: what is in it, and that a second run changes nothing."""

from __future__ import annotations

import io
import stat
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.apps import apps
from django.core.management import call_command

from contracts import queries as contracts
from contracts.models import Contract
from ledger import chain, clock
from ledger.command import ObjectRef
from ledger.journal import history_of
from ledger.models import Entry, LegalEntity, Person
from ledger.rights import Role
from procure.demo import cast, tenant
from procure.demo.progress import Progress
from procure.demo.scms.dataset import AS_OF, Shift, shift_to
from procure.finance import budgets
from procure.models import ExchangeRate, ImportedOrderLine, StockLevel
from vendors import performance, queries, shortlist
from vendors.models import Category, Delivery, Item, Vendor, VendorContact

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("loaded")]
COMBO = "ITM-0120"


def demo() -> LegalEntity:
    return LegalEntity.objects.get(code=cast.ENTITY_CODE)


def row_counts() -> dict[str, int]:
    return {model._meta.label: model._default_manager.count() for model in apps.get_models()}


def test_the_warehouse_is_no_supplier() -> None:
    assert Vendor.objects.count() == 67
    assert not Vendor.objects.filter(key="VEN-060").exists()
    assert not Vendor.objects.filter(folded_name__contains="rdc").exists()
    assert Item.objects.count() == 177


def test_deliveries_of_suppliers_and_issues_of_the_warehouse_are_told_apart() -> None:
    assert Delivery.objects.filter(vendor__isnull=False, channel="Direct Drop").count() == 3646
    assert Delivery.objects.filter(vendor__isnull=True, channel="From RDC").count() == 4614


def test_open_lines_are_purchases_or_transfers_and_all_there() -> None:
    kinds = ImportedOrderLine.Kind
    transfers = ImportedOrderLine.objects.filter(kind=kinds.TRANSFER)
    assert (transfers.count(), ImportedOrderLine.objects.filter(kind=kinds.PURCHASE).count()) == (484, 252)
    assert not transfers.exclude(vendor=None).exists()
    assert set(ImportedOrderLine.objects.filter(item=None).values_list("reference", flat=True)) == {
        "86604",
        "20512",
        "64183",
    }
    strangers = ImportedOrderLine.objects.filter(kind=kinds.PURCHASE, vendor=None)
    assert set(strangers.values_list("reference", "vendor_name")) == {
        ("61111", "B&C GROUP S.A."),
        ("64183", "B&C GROUP S.A."),
    }
    assert not ImportedOrderLine.objects.filter(description="").exists()


def test_dates_move_by_whole_weeks_into_the_last_seven_days(loaded) -> None:
    today = clock.business_date(demo())
    assert timedelta(0) <= today - loaded.as_of < timedelta(days=7)
    assert (loaded.as_of - AS_OF).days == 7 * loaded.weeks
    first = Delivery.objects.get(reference="1")
    assert first.delivered_on == date(2006, 6, 2) + timedelta(weeks=loaded.weeks)
    assert first.delivered_on.weekday() == date(2006, 6, 2).weekday()
    assert not Delivery.objects.filter(delivered_on__gt=today).exists()


@pytest.mark.parametrize("today", [AS_OF + timedelta(days=days) for days in (0, 6, 7, 3650)] + [date(2026, 11, 21)])
def test_any_today_gets_whole_weeks(today) -> None:
    assert timedelta(0) <= today - shift_to(today).as_of < timedelta(days=7)


def test_a_second_run_changes_nothing(loaded) -> None:
    before = row_counts(), list(Entry.objects.values_list("hash", flat=True))
    again = tenant.load(move=False)
    assert (row_counts(), list(Entry.objects.values_list("hash", flat=True))) == before
    assert not again.fresh
    assert (again.weeks, again.counts) == (loaded.weeks, loaded.counts)
    assert demo().frozen_date is None


def test_the_second_run_keeps_the_shift_of_the_first(loaded) -> None:
    clock.shift(timedelta(days=40))
    assert tenant.load().weeks == loaded.weeks


def test_the_ledger_holds_one_entry_for_the_history_with_its_digest(loaded) -> None:
    (entry,) = history_of(ObjectRef("batch", tenant.BATCH))
    data = chain.read(entry)["data"]
    assert (data["weeks"], data["counts"]["suppliers"]) == (str(loaded.weeks), "67")
    assert len(data["digest"]) == 64


def test_policy_bounds_and_templates_are_published() -> None:
    kinds = set(Entry.objects.values_list("kind", flat=True))
    assert {"batch.imported", "policy.published", "bounds.adjusted"} <= kinds


def test_the_cast_can_sign_in_with_the_password_that_is_shown(client, var_dir) -> None:
    for username, _role, password in cast.sign_ins():
        assert client.login(username=username, password=password), username
    kept = var_dir / "demo-signins.txt"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [each for each, _role, _password in cast.sign_ins()] == ["ada", "amir", "ben", "rita", "olga", "ivan"]


def test_a_lost_password_is_replaced_on_the_next_run(client, var_dir) -> None:
    (var_dir / "demo-signins.txt").unlink()
    assert cast.sign_ins() == []
    tenant.load()
    (username, _role, password), *_ = cast.sign_ins()
    assert client.login(username=username, password=password)


def test_ada_manages_rita_and_owns_the_programmes() -> None:
    rita = Person.objects.get(username="rita")
    assert rita.manager == Person.objects.get(username="ada")
    assert rita.role_names == {Role.REQUESTER}
    assert demo().cost_centres.get(code="PROG-NG").owner == rita.manager


def test_the_story_has_vendors_prices_budget_and_time() -> None:
    entity, today = demo(), clock.business_date(demo())
    made = shortlist.make(item_key=COMBO, country="NG", entity=entity, as_of=today)
    assert len(made.on_it) >= 4
    benchmark = queries.benchmark(COMBO)
    assert benchmark is not None
    assert benchmark.rows >= 30
    assert Decimal(10_000) < 2000 * benchmark.p25 < 2000 * benchmark.p75 < Decimal(20_000)
    left = budgets.available(entity, "PROG-NG", today.year)
    assert left is not None
    assert left.amount > 20_000
    assert queries.item(COMBO).equivalents.filter(key="ITM-0119", brand="Combivir").exists()


def test_figures_agree_with_those_counted_from_the_source() -> None:
    cipla = performance.figures("VEN-023", as_of=clock.business_date(demo()))
    assert (cipla.deliveries, cipla.lead_days_median) == (151, Decimal("132.0"))
    assert cipla.on_time_rate == Decimal("0.8477")
    base = performance.base_late_rate(demo(), as_of=clock.business_date(demo()))
    assert abs(base - Decimal("0.0606")) < Decimal("0.001")


def test_who_can_be_written_to_has_a_reserved_address() -> None:
    assert VendorContact.objects.count() >= 30
    assert not VendorContact.objects.exclude(email__endswith="@example.org").exists()
    assert not VendorContact.objects.filter(verified_at=None).exists()


def test_contracts_are_live_around_today_and_have_price_breaks() -> None:
    today = clock.business_date(demo())
    assert contracts.live(demo(), today).count() == 6
    assert set(Contract.objects.values_list("status", flat=True)) == {"active", "draft", "ended"}
    find = {"vendor_key": "VEN-014", "item_key": COMBO, "on": today}
    assert contracts.price_for(**find, quantity=2000) is None
    agreed = contracts.price_for(**find, quantity=10_000)
    assert agreed is not None
    assert agreed.unit_price == Decimal("6.60")


def test_donated_items_stand_in_for_none() -> None:
    assert not Item.objects.filter(name__contains="[DON]", equivalents__isnull=False).exists()


def test_stock_rates_and_categories_are_there() -> None:
    assert StockLevel.objects.filter(location="RDC", quantity__gt=0).count() > 30
    assert ExchangeRate.objects.filter(currency="USD", on__lte=clock.business_date(demo())).exists()
    assert Category.objects.get(code="ARV-ADULT").parent == Category.objects.get(code="ARV")


def test_another_company_is_left_alone(loaded) -> None:
    LegalEntity.objects.filter(code=cast.ENTITY_CODE).update(code="OWN")
    before = row_counts()
    with pytest.raises(tenant.AnotherCompany):
        tenant.load()
    assert cast.sign_ins() == []
    assert row_counts() == before


def test_the_command_prints_what_there_is() -> None:
    out = io.StringIO()
    call_command("demo", "--json", stdout=out)
    assert '"suppliers": 67' in out.getvalue()


def test_progress_says_each_step_once_where_there_is_no_terminal() -> None:
    said = io.StringIO()
    progress = Progress(10, stream=said)
    progress.step("one", 1)
    progress.step("one", 5)
    progress.step("two", 10)
    assert [line.split("%")[1].strip() for line in said.getvalue().splitlines()] == ["one", "two"]


def test_no_shift_is_a_shift_of_nothing() -> None:
    assert (Shift(0).as_of, Shift(0).day("2014-05-19"), Shift(0).day("")) == (AS_OF, date(2014, 5, 19), None)
