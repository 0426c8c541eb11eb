"""Short ways to say what the tests of this floor do again and again."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from approvals import clerk, decisions, proposals
from approvals.evidence import Claim, Row
from approvals.models import Proposal
from approvals.rejudging import rejudge
from ledger.actors import Actor
from ledger.command import Command
from ledger.models import Entry, LegalEntity, Person
from procure.commands import IssueOrder, OrderedLine
from vendors.commands import BlockVendor

DIGEST = "0" * 64
SOURCING = Actor.agent("sourcing")
#: What the item's record says: a claim that verifies.
GOOD_CLAIM = Claim("Paid 10.00 before", "10", Row("item", "ITM-0001", "price_median"))
BAD_CLAIM = Claim("Paid 11.00 before", "11", Row("item", "ITM-0001", "price_median"))


def order(quantity: int = 100, price: str = "10", *, vendor: str = "VEN-001", **fields: Any) -> IssueOrder:
    """An order of the item; a hundred at 10.00 when nothing else is said."""
    line = OrderedLine(
        number=1, item="ITM-0001", description="Tablets", quantity=Decimal(quantity), unit_price=Decimal(price)
    )
    total = (quantity * Decimal(price)).quantize(Decimal("0.01"))
    body = {"vendor": vendor, "currency": "USD", "lines": [line], "total": total, "cost_centre": "PROG"} | fields
    return IssueOrder(**body)


def block(vendor: str = "VEN-001", reason: str = "Missing papers") -> BlockVendor:
    return BlockVendor(vendor=vendor, reason=reason)


def propose(*commands: Command, by: Person | Actor, entity: LegalEntity, **fields: Any) -> Proposal:
    actor = by if isinstance(by, Actor) else Actor.human(by)
    return proposals.propose(commands=commands, actor=actor, entity=entity, **{"rationale": "because"} | fields)


def propose_order(
    *commands: Command, entity: LegalEntity, requested_by: Person, claims: Sequence[Claim] = (GOOD_CLAIM,), **more: Any
) -> Proposal:
    """By the sourcing agent, sure of itself, with evidence."""
    return propose(
        *(commands or (order(),)),
        by=SOURCING,
        entity=entity,
        requested_by=requested_by,
        evidence=claims,
        **{"confidence": Decimal("0.9")} | more,
    )


def approve(proposal: Proposal, by: Person) -> None:
    decisions.approve(proposal, actor=Actor.human(by), fingerprint=proposal.fingerprint)


def work() -> int:
    """The clerk's visits until nothing is left."""
    done = 0
    while moved := clerk.answer():
        done += moved
    return done


def kinds() -> list[str]:
    return list(Entry.objects.order_by("seq").values_list("kind", flat=True))


def keys(proposal: Proposal) -> list[str]:
    """Rules that made its present verdict."""
    proposal.refresh_from_db()
    assert proposal.judgement is not None
    return [each["key"] for each in proposal.judgement.fired if each["effect"] == proposal.verdict]


def judged_again(entity: LegalEntity) -> int:
    """Makes every judgement of the ledger again from its entries; each must come out as it was. Says how many."""
    found = Entry.objects.filter(kind="proposal.judged").order_by("seq").values_list("seq", flat=True)
    for seq in found:
        again = rejudge(entity, seq)
        assert again.same, again.sentences()
    return len(found)
