"""The demo tenant with the dates of its source."""

from __future__ import annotations

from datetime import date

import pytest

from ledger import clock
from ledger.models import LegalEntity
from procure.demo import tenant
from procure.demo.scms import dataset
from vendors.models import Delivery


@pytest.mark.django_db
def test_without_a_shift_the_business_date_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    everything = dataset.rows

    def few(name: str):
        """Every fortieth delivery, and with it all vendors and items."""
        for number, row in enumerate(everything(name)):
            first = row.get("line_id") and row["line_id"] not in seen and not number % 40
            if name != "deliveries" or first or row["item_key"] not in seen or row["vendor_key"] not in seen:
                seen.update((row.get("item_key", ""), row.get("vendor_key", "")))
                yield row
        seen.clear()

    seen: set[str] = set()
    for module in (tenant.catalogue, tenant.suppliers, tenant.deliveries):
        monkeypatch.setattr(module, "rows", few)
    loaded = tenant.load(move=False)
    entity = LegalEntity.objects.get(code=loaded.entity)
    assert (loaded.weeks, clock.business_date(entity)) == (0, date(2014, 5, 23))
    assert Delivery.objects.get(reference="1").delivered_on == date(2006, 6, 2)
    assert not tenant.load(move=True).fresh
    assert clock.business_date(LegalEntity.objects.get(code=loaded.entity)) == date(2014, 5, 23)
