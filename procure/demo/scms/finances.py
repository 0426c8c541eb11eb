"""Cost centres, budgets and exchange rates of the demo tenant."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal

from django.db.models import Sum

from ledger.models import CostCentre, LegalEntity, Person
from procure.demo.scms.dataset import country_codes, rows
from procure.models import Budget, ExchangeRate
from vendors.models import Delivery

STEP = Decimal(10_000)
OPERATIONS = Decimal(500_000)


def load_budgets(*, entity: LegalEntity, as_of: date, owner: Person) -> int:
    """This year's and the next, since goods may be needed then."""
    names = {code: name for name, code in country_codes().items()}
    spent = (
        Delivery.objects.filter(entity=entity, delivered_on__gt=as_of - timedelta(days=365), delivered_on__lte=as_of)
        .values_list("country")
        .annotate(value=Sum("value"))
        .order_by("country")
    )
    limits = {f"PROG-{code}": (f"Programme {names[code]}", _rounded_up(value)) for code, value in spent}
    limits["OPERATIONS"] = ("Operations", OPERATIONS)
    budgets = [
        Budget(entity=entity, cost_centre=centre, year=year, amount=limits[centre.code][1], currency="USD")
        for centre in _cost_centres(entity, owner, {code: name for code, (name, _limit) in limits.items()})
        for year in (as_of.year, as_of.year + 1)
    ]
    Budget.objects.bulk_create(budgets)
    return len(budgets)


def _rounded_up(value: Decimal) -> Decimal:
    return (Decimal(value) * Decimal("1.1") / STEP).to_integral_value(ROUND_CEILING) * STEP


def _cost_centres(entity: LegalEntity, owner: Person, names: dict[str, str]) -> list[CostCentre]:
    return [
        CostCentre.objects.get_or_create(entity=entity, code=code, defaults={"name": name, "owner": owner})[0]
        for code, name in names.items()
    ]


def load_rates() -> int:
    rates = [
        ExchangeRate(currency=row["currency"], per_eur=Decimal(row["per_eur"]), on=date.fromisoformat(row["date"]))
        for row in rows("exchange_rates")
    ]
    ExchangeRate.objects.bulk_create(rates, batch_size=500, ignore_conflicts=True)
    return len(rates)
