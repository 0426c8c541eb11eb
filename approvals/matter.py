"""What the gate is asked about: the commands, who wants them, and what can be read off them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from approvals.models import Proposal
from contracts.queries import AgreedPrice, price_for
from ledger.actors import Actor, ActorKind
from ledger.command import Command, Subjects, fingerprint
from ledger.models import CostCentre, LegalEntity, Person
from ledger.money import Money
from procure.finance import currency
from procure.models import EventLine
from vendors.models import Item, Vendor

#: Kinds that bind money to a supplier. Rolling sums, budgets and bounds count these.
SPENDING = frozenset({"IssueOrder", "ChangeOrder", "SignContract", "AcceptOffer", "ReleasePayment"})
#: Kinds that say at what price something is to be bought.
PRICED = SPENDING | {"AwardEvent"}


@dataclass(frozen=True, slots=True)
class PricedLine:
    vendor: str
    item: str
    quantity: Decimal
    unit_price: Decimal
    currency: str
    delivery_date: date | None


@dataclass(frozen=True, slots=True)
class NewSpend:
    """Base currency."""

    vendor: str
    cost_centre: str
    amount: Decimal


@dataclass(frozen=True)
class Matter:
    """One revision of a proposal, judged `at` an instant. `proposal_id` keeps it out of its own sums."""

    commands: tuple[Command, ...]
    author: Actor
    requested_by: Person | None
    entity: LegalEntity
    at: datetime
    today: date
    confidence: Decimal | None
    urgency: str
    claims: int
    claims_verified: int
    made_at: datetime
    proposal_id: int | None = None
    undo_of: Proposal | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(each.kind() for each in self.commands))

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.commands)

    @property
    def requester_id(self) -> str:
        """The person it is for, else the agent or component itself."""
        if self.requested_by is not None:
            return f"human:{self.requested_by.pk}"
        return f"{self.author.kind}:{self.author.id}"

    @property
    def by_agent(self) -> bool:
        return self.author.kind == ActorKind.AGENT

    @cached_property
    def subjects(self) -> tuple[Subjects, ...]:
        return tuple(each.subjects() for each in self.commands)

    @property
    def spends(self) -> bool:
        return any(kind in SPENDING for kind in self.kinds)

    @property
    def prices(self) -> bool:
        return any(kind in PRICED for kind in self.kinds)

    @cached_property
    def vendor_keys(self) -> tuple[str, ...]:
        keys = [key for each in self.subjects for key in (each.vendor, *each.vendors) if key]
        return tuple(dict.fromkeys(keys))

    @cached_property
    def vendors(self) -> list[Vendor]:
        return list(Vendor.objects.filter(entity=self.entity, key__in=self.vendor_keys).order_by("key"))

    @cached_property
    def item_keys(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(key for each in self.subjects for key in each.items if key))

    @cached_property
    def items(self) -> list[Item]:
        return list(Item.objects.filter(key__in=self.item_keys).select_related("category").order_by("key"))

    @cached_property
    def cost_centres(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.centre(each) for each in self.subjects if each.cost_centre))

    def centre(self, subjects: Subjects) -> str:
        """The code as the company writes it, so that no spelling starts a sum of its own."""
        named = subjects.cost_centre or ""
        return self._centres.get(named.casefold(), named)

    @cached_property
    def _centres(self) -> dict[str, str]:
        codes = CostCentre.objects.filter(entity=self.entity).values_list("code", flat=True)
        return {code.casefold(): code for code in codes}

    @cached_property
    def events(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(each.event for each in self.subjects if each.event))

    def in_base(self, money: Money) -> Decimal:
        """Raises `NoRate`."""
        if money.currency == self.entity.base_currency:
            return money.amount
        return currency.to_base(money, self.entity, self.today).amount

    @cached_property
    def amounts(self) -> dict[str, Decimal]:
        """Base currency, summed per kind of command. An award and the order that follows it are the same money."""
        sums: dict[str, Decimal] = {}
        for command, subjects in zip(self.commands, self.subjects, strict=True):
            if subjects.amount is not None:
                sums[command.kind()] = sums.get(command.kind(), Decimal(0)) + self.in_base(subjects.amount)
        return sums

    @cached_property
    def amount(self) -> Decimal | None:
        return max(self.amounts.values(), default=None)

    @cached_property
    def new_spends(self) -> tuple[NewSpend, ...]:
        return tuple(
            NewSpend(subjects.vendor or "", self.centre(subjects), self.in_base(subjects.amount))
            for command, subjects in zip(self.commands, self.subjects, strict=True)
            if command.kind() in SPENDING and subjects.amount is not None
        )

    @cached_property
    def priced_lines(self) -> tuple[PricedLine, ...]:
        """Lines of orders; of an award when no order goes with it."""
        ordered = tuple(self._lines(kind for kind in self.kinds if kind in SPENDING))
        return ordered or tuple(self._lines(kind for kind in self.kinds if kind in PRICED))

    @cached_property
    def agreed_prices(self) -> tuple[AgreedPrice | None, ...]:
        """The contract price of each priced line, where there is one."""
        return tuple(
            price_for(vendor_key=line.vendor, item_key=line.item, on=self.today, quantity=line.quantity)
            if line.item and line.vendor
            else None
            for line in self.priced_lines
        )

    def _lines(self, kinds: Iterator[str]) -> Iterator[PricedLine]:
        wanted = set(kinds)
        for command in self.commands:
            if command.kind() in wanted:
                for line in getattr(command, "lines", ()):
                    yield self._priced(command, line)

    def _priced(self, command: Any, line: Any) -> PricedLine:
        item = getattr(line, "item", None) or self._event_items.get((command.subjects().event, _number(line)))
        return PricedLine(
            vendor=getattr(line, "vendor", None) or getattr(command, "vendor", "") or "",
            item=item or "",
            quantity=Decimal(line.quantity),
            unit_price=Decimal(line.unit_price),
            currency=getattr(line, "currency", None) or getattr(command, "currency", "") or "",
            delivery_date=getattr(line, "delivery_date", None),
        )

    @cached_property
    def _event_items(self) -> dict[tuple[str | None, int | None], str]:
        """Items of event lines, for awards that name a line by its number."""
        lines = EventLine.objects.filter(
            event__reference__in=self.events, event__entity=self.entity, item__isnull=False
        ).values_list("event__reference", "number", "item__key")
        return {(event, number): key for event, number, key in lines}


def _number(line: Any) -> int | None:
    number = getattr(line, "line", None)
    return number if isinstance(number, int) else None
