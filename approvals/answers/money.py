"""What it costs, in sum with what went before, and what is left of the budget."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from django.db.models import Q, Sum

from approvals.matter import Matter, NewSpend
from approvals.models import Proposal, Spend
from approvals.vocabulary import Answer, Known, NotApplicable, Uncomputable, number
from ledger.money import Money
from procure.finance import budgets

WINDOW = timedelta(days=30)
#: Decided to be spent, whenever that was; a proposal that still waits for a person binds nothing yet.
DECIDED = (Proposal.Status.PASSED, Proposal.Status.APPROVED)


def amount(matter: Matter) -> Answer:
    if matter.amount is None:
        return NotApplicable("no command has an amount")
    parts = ", ".join(f"{kind} {value:,f}" for kind, value in sorted(matter.amounts.items()))
    return number(matter.amount, f"the greatest of: {parts} {matter.entity.base_currency}")


def rolling_30d_amount(matter: Matter) -> Answer:
    """With each supplier: by the same requester, or for the same cost centre, whichever is more."""
    if not matter.new_spends:
        return NotApplicable("no new money")
    greatest, how = Decimal(0), ""
    for spend in matter.new_spends:
        for name, value, label in (
            ("requester_id", matter.requester_id, "by this requester"),
            ("cost_centre", spend.cost_centre, f"for {spend.cost_centre}"),
        ):
            if not value:
                continue
            total = _before(matter, spend.vendor, name, value) + _now(matter, spend, name)
            if total > greatest:
                greatest, how = total, f"with {spend.vendor} {label} in 30 days, this one included"
    return number(greatest, how)


def _before(matter: Matter, vendor: str, name: str, value: str) -> Decimal:
    decided = Q(proposal__status__in=DECIDED)
    spent = Q(proposal__status=Proposal.Status.CARRIED_OUT, proposal__carried_out_at__gt=matter.at - WINDOW)
    earlier = Spend.objects.filter(decided | spent, vendor_key=vendor, proposal__entity=matter.entity, **{name: value})
    if matter.proposal_id is not None:
        earlier = earlier.exclude(proposal=matter.proposal_id)
    return earlier.aggregate(total=Sum("amount"))["total"] or Decimal(0)


def _now(matter: Matter, spend: NewSpend, name: str) -> Decimal:
    """All orders of a bundle have one requester; they may pay from different cost centres."""
    own = (each for each in matter.new_spends if each.vendor == spend.vendor)
    if name == "cost_centre":
        own = (each for each in own if each.cost_centre == spend.cost_centre)
    return sum((each.amount for each in own), Decimal(0))


def budget_remaining_after(matter: Matter) -> Answer:
    """The least that is left of any budget touched. Kinds that neither plan nor bind money touch none."""
    wanted = _budgeted(matter)
    if not wanted:
        return NotApplicable("no budget is touched")
    left: list[tuple[Decimal, str]] = []
    for centre, value in wanted.items():
        if not centre:
            return Uncomputable("no cost centre is named")
        available = budgets.available(matter.entity, centre, matter.today.year)
        if available is None:
            return Uncomputable(f"{centre} has no budget for {matter.today.year}")
        left.append((matter.in_base(available) + _held_already(matter, centre) - value, centre))
    least, centre = min(left)
    return number(least, f"budget of {centre} for {matter.today.year} after this")


def _budgeted(matter: Matter) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for spend in matter.new_spends:
        sums[spend.cost_centre] = sums.get(spend.cost_centre, Decimal(0)) + spend.amount
    if sums:
        return sums
    for command, subjects in zip(matter.commands, matter.subjects, strict=True):
        if command.kind() == "RaiseRequisition" and subjects.amount is not None:
            centre = matter.centre(subjects)
            sums[centre] = sums.get(centre, Decimal(0)) + matter.in_base(subjects.amount)
    return sums


def _held_already(matter: Matter, centre: str) -> Decimal:
    """What the requisition or the order itself holds on this budget: the new hold takes its place."""
    own = {("requisition", each.requisition) for each in matter.subjects if each.requisition}
    own |= {("order", each.order) for each in matter.subjects if each.order}
    held = (budgets.held_for(kind, key) for kind, key in sorted(own))
    return sum(
        (
            matter.in_base(Money(each.amount, each.currency))
            for each in held
            if each is not None and each.budget.cost_centre.code == centre
        ),
        Decimal(0),
    )


def cost_centre(matter: Matter) -> Answer:
    return one_of(matter.cost_centres, "no cost centre")


def cost_centres(matter: Matter) -> Answer:
    return Known(matter.cost_centres, "named by the commands")


def one_of(values: tuple[str, ...], none: str) -> Answer:
    if not values:
        return NotApplicable(none)
    return Known(values[0] if len(values) == 1 else "several", "named by the commands")
