"""Loads the demo tenant once; later runs find everything there and change nothing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from agents import templates
from approvals import bounds, policies
from approvals.models import PolicyVersion
from ledger import chain, clock, entries
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.errors import DomainError
from ledger.importing import importing
from ledger.journal import history_of
from ledger.models import Entry, LegalEntity, Person
from procure import live
from procure.demo import cast
from procure.demo.progress import Progress
from procure.demo.scms import agreements, catalogue, deliveries, finances, stock, suppliers
from procure.demo.scms.dataset import AS_OF, Shift, digest, shift_to
from procure.models import Budget
from vendors.models import Vendor

BATCH = "scms-history"
LINES = 8260
#: What the steps besides the delivered lines weigh on the progress bar.
OTHER = 4000


class AnotherCompany(DomainError):
    """This database belongs to a company of its own; the demo tenant is not loaded into it."""

    code = "another_company"


@dataclass(frozen=True, slots=True)
class Loaded:
    """`weeks` is how far the history was moved; `fresh` is False when everything was there already."""

    entity: str
    as_of: date
    weeks: int
    fresh: bool
    counts: dict[str, int]

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"as_of": self.as_of.isoformat()}


def load(*, move: bool = True, progress: Progress | None = None) -> Loaded:
    """`move` False keeps the dates and stops the business date; on a later run the first choice stands."""
    progress = progress or Progress(LINES + OTHER, stream=None)
    if LegalEntity.objects.exclude(code=cast.ENTITY_CODE).exists():
        raise AnotherCompany()
    if entry := _batch():
        loaded, people = _earlier(entry), cast.ensure(LegalEntity.objects.get(code=cast.ENTITY_CODE))
    else:
        loaded, people = _load_history(move=move, progress=progress)
    if loaded.fresh:
        progress.step("policy, bounds and plan templates", LINES + OTHER - 500)
    _publish(LegalEntity.objects.get(code=cast.ENTITY_CODE), people)
    progress.step("ready", LINES + OTHER)
    return loaded


def _batch() -> Entry | None:
    return history_of(ObjectRef("batch", BATCH)).filter(kind="batch.imported").first()


def _earlier(entry: Entry) -> Loaded:
    data = chain.read(entry)["data"]
    shift = Shift(int(data["weeks"]))
    counts = {name: int(count) for name, count in data["counts"].items()}
    return Loaded(cast.ENTITY_CODE, shift.as_of, shift.weeks, fresh=False, counts=counts)


def _load_history(*, move: bool, progress: Progress) -> tuple[Loaded, dict[str, Person]]:
    content = digest()
    with importing(BATCH, content):
        entity = _entity(frozen_date=None if move else AS_OF)
        shift = shift_to(clock.business_date(entity)) if move else Shift(0)
        people = cast.ensure(entity)
        counts = _load_rows(entity, shift, owner=people["ada"], progress=progress)
        _record(entity, content, shift, counts)
    return Loaded(entity.code, shift.as_of, shift.weeks, fresh=True, counts=counts), people


def _entity(*, frozen_date: date | None) -> LegalEntity:
    log = chain.begin("main", origin=chain.fresh_origin("procure.example/demo"))
    entity, _ = LegalEntity.objects.get_or_create(
        code=cast.ENTITY_CODE,
        defaults={
            "name": "Global Health Supply (demo)",
            "base_currency": "USD",
            "country": "US",
            "log": log,
            "frozen_date": frozen_date,
        },
    )
    return entity


def _load_rows(entity: LegalEntity, shift: Shift, *, owner: Person, progress: Progress) -> dict[str, int]:
    progress.step("catalogue", 0)
    counts = {"items": catalogue.load()}
    progress.step("suppliers", 500)
    counts["suppliers"] = suppliers.load(entity=entity, shift=shift)
    progress.step("deliveries", 1000)
    of_suppliers, of_warehouse = deliveries.load(
        entity=entity, shift=shift, tell=lambda lines: progress.step("deliveries", 1000 + lines)
    )
    counts |= {"deliveries": of_suppliers, "warehouse_issues": of_warehouse}
    progress.step("open orders and stock", LINES + 1500)
    counts |= {f"open_{kind}s": count for kind, count in stock.load_open_lines(entity=entity, shift=shift).items()}
    counts["stock_levels"] = stock.load_levels(entity=entity, as_of=shift.as_of)
    progress.step("contracts, budgets, exchange rates", LINES + 2500)
    counts["contracts"] = agreements.load(entity=entity, shift=shift)
    counts["budgets"] = finances.load_budgets(entity=entity, as_of=shift.as_of, owner=owner)
    counts["exchange_rates"] = finances.load_rates()
    return counts


def _record(entity: LegalEntity, content: str, shift: Shift, counts: dict[str, int]) -> Entry:
    """One entry for the whole history, with what later runs must know: how far dates were moved."""
    return entries.batch_imported(
        batch=BATCH,
        digest=content,
        counts=counts,
        actor=Actor.system("demo"),
        entity=entity,
        opens={
            "vendor": list(Vendor.objects.filter(entity=entity).values_list("key", flat=True)),
            "budget": [
                live.budget_key(each) for each in Budget.objects.filter(entity=entity).select_related("cost_centre")
            ],
        },
        data={"weeks": str(shift.weeks)},
    )


def _publish(entity: LegalEntity, people: dict[str, Person]) -> None:
    """Genesis policy, shipped bounds and plan templates: what is not there yet."""
    if not PolicyVersion.objects.filter(entity=entity).exists():
        policies.publish_genesis(entity=entity, by=[people["olga"], people["ada"]])
    bounds.set_up_shipped(entity)
    templates.publish_shipped(entity)
