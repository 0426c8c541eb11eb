"""Proposes award and orders as one bundle, from the comparison and the pure award rule, and waits for the decision.

When a chosen quote can no longer be counted on, the proposal is taken back and the next best one made; when no quote is
left, suppliers are invited once more, and then a person is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from agents import figures, standing
from agents.context import Context
from agents.figures import trimmed
from agents.outcomes import Finish, Outcome, Park
from agents.roles.compliance import BARRED
from agents.roles.sourcing import candidates, collecting, comparing
from agents.roles.sourcing.confidence import Confidence, Grounds, of_award
from agents.roles.sourcing.inviting import event_of, invite
from approvals.evidence import Claim
from approvals.models import Proposal
from contracts import queries as contract_queries
from ledger.command import Command
from procure import notices, queries
from procure.commands import AwardedLine, AwardEvent, IssueOrder, OrderedLine
from procure.commands.orders import total_of
from procure.models import EventLine, Notice, OpenedBid, OpenedBidLine, SourcingEvent
from procure.sourcing import award_core, comparison
from procure.sourcing.award_core import Allocation, Choice
from procure.sourcing.comparison import Compared, Comparison
from vendors import performance
from vendors import queries as vendor_queries

#: For what suppliers are invited a second time.
AGAIN = "reinvite"


@dataclass(frozen=True)
class Case:
    """Everything an award is made of."""

    event: SourcingEvent
    comparison: Comparison
    allocation: Allocation
    lines: dict[int, EventLine]
    quoted: dict[int, OpenedBidLine]
    bids: dict[str, OpenedBid]
    #: By vendor: why its quote, or a line of it, does not count.
    set_aside_for: dict[str, str]
    #: Quote lines that count.
    counted_on: frozenset[int]
    barred: frozenset[str]

    @property
    def set_aside(self) -> tuple[str, ...]:
        return tuple(self.set_aside_for.values())

    def row(self, choice: Choice) -> Compared:
        return next(each for each in self.comparison.rows if each.bid_line == choice.bid_line)

    def rows_of(self, line: int) -> list[Compared]:
        return [each for each in self.comparison.rows if each.line == line]


def award(context: Context) -> Outcome:
    event, waiting = _event(context)
    if event is None:
        return waiting
    proposal = context.proposed("award")
    if proposal is not None and context.shocks and proposal.status in Proposal.REVISABLE:
        proposal = _unless_overtaken(context, event, proposal)
    if proposal is None:
        case = _case(context, event)
        if not case.allocation.choices:
            return _invite_again(context, case)
        proposal = _propose(context, case)
    if (outcome := standing.unless_carried_out(proposal)) is not None:
        return outcome
    orders = [str(each["order"]) for each in standing.left_behind(proposal, "IssueOrder")]
    awards = [str(each["award"]) for each in standing.left_behind(proposal, "AwardEvent")]
    return Finish({"proposal": proposal.reference, "event": event.reference, "awards": awards, "orders": orders})


def _event(context: Context) -> tuple[SourcingEvent | None, Outcome]:
    """The one whose quotes count: the second, once there was one. None while its quotes are not opened."""
    reference, again = str(context.given["event"]), context.proposed(AGAIN)
    if again is not None:
        if (waiting := standing.unless_carried_out(again)) is not None:
            return None, waiting
        reference = event_of(again)
        opened = collecting.of_event(context, reference, widened=True)
        if not isinstance(opened, Finish):
            return None, opened
    return queries.event(reference), Finish({})


def _invite_again(context: Context, case: Case) -> Outcome:
    """Once, and only when there were quotes that nothing can be bought by any more."""
    told = _("No valid quote covers a whole line. %s") % " ".join(case.set_aside)
    if not case.set_aside or context.proposed(AGAIN) is not None:
        return Park(told)
    requisition = queries.requisition(case.event.requisition.reference)
    chosen = tuple(
        each for each in candidates.choose(context, requisition).chosen if each.vendor.key not in case.barred
    )
    if not chosen:
        return Park(told)
    proposal = invite(context, requisition, chosen, purpose=AGAIN)
    return standing.unless_carried_out(proposal) or _event(context)[1]


def _unless_overtaken(context: Context, event: SourcingEvent, proposal: Proposal) -> Proposal | None:
    """None when a quote that it names can no longer be counted on: then it is taken back, with the reason."""
    case = _case(context, event)
    awarded = [each["fields"]["lines"] for each in proposal.commands if each["kind"] == "AwardEvent"]
    lost = {each["vendor"] for lines in awarded for each in lines if each["bid_line"] not in case.counted_on}
    if not lost:
        return proposal
    reasons = [case.set_aside_for[each] for each in sorted(lost) if each in case.set_aside_for]
    context.withdraw(proposal, " ".join(reasons) or _("A quote that it names can no longer be counted on."))
    return None


def _case(context: Context, event: SourcingEvent) -> Case:
    """Quotes that have run out, of suppliers that may get no orders, or that their supplier went back on, do not
    count."""
    compared = comparison.compare(event)
    bids = {each.vendor.key: each for each in OpenedBid.objects.filter(event=event).select_related("vendor")}
    expired = {key for key, bid in bids.items() if bid.validity_until and bid.validity_until < context.today}
    barred = {key for key in bids if key in context.given["barred"] or bids[key].vendor.status in BARRED}
    gone_back = notices.against(event)
    offers = [
        row.as_offer()
        for row in compared.rows
        if row.vendor not in expired and row.vendor not in barred and row.bid_line not in gone_back
    ]
    announced = {row.vendor: gone_back[row.bid_line] for row in compared.rows if row.bid_line in gone_back}
    said = {
        **{key: _("The quote of %s has run out.") % bids[key].vendor.name for key in sorted(expired)},
        **{key: _announced(bids[key], notice) for key, notice in sorted(announced.items())},
        **{key: _("%s may get no orders.") % bids[key].vendor.name for key in sorted(barred)},
    }
    return Case(
        event=event,
        comparison=compared,
        allocation=award_core.best(offers, compared.lines),
        lines={each.number: each for each in event.lines.select_related("item")},
        quoted={each.pk: each for each in OpenedBidLine.objects.filter(opened_bid__event=event)},
        bids=bids,
        set_aside_for=said,
        counted_on=frozenset(each.bid_line for each in offers),
        barred=frozenset(barred),
    )


def _announced(bid: OpenedBid, notice: Notice) -> str:
    said = {"vendor": bid.vendor.name, "notice": notice.reference, "kind": str(notice.get_kind_display()).lower()}
    return _("%(vendor)s has announced: %(kind)s (%(notice)s).") % said


def _propose(context: Context, case: Case) -> Proposal:
    sure = _confidence(context, case)
    return context.propose(
        purpose="award",
        commands=commands_of(case),
        claims=_claims(context, case),
        rationale=_rationale(case, sure),
        confidence=sure.value,
        urgency=case.event.requisition.urgency,
    )


def commands_of(case: Case) -> list[Command]:
    """The award, then one order a vendor."""
    awarded = tuple(
        AwardedLine(
            line=each.line,
            bid_line=each.bid_line,
            vendor=each.vendor,
            quantity=trimmed(each.quantity),
            unit_price=trimmed(case.quoted[each.bid_line].unit_price),
            currency=case.bids[each.vendor].currency,
        )
        for each in case.allocation.choices
    )
    reason = "; ".join(f"line {each.line}: {each.reason}" for each in case.allocation.choices)
    return [
        AwardEvent(event=case.event.reference, lines=awarded, reason=reason[:2000]),
        *(_order(case, vendor) for vendor in case.allocation.vendors),
    ]


def _order(case: Case, vendor: str) -> IssueOrder:
    bid = case.bids[vendor]
    choices = [each for each in case.allocation.choices if each.vendor == vendor]
    lines = tuple(_ordered(case, each) for each in choices)
    freight = _freight(case, bid, choices)
    centre = case.event.requisition.cost_centre
    return IssueOrder(
        requisition=case.event.requisition.reference,
        event=case.event.reference,
        vendor=vendor,
        currency=bid.currency,
        lines=lines,
        freight=freight,
        incoterm=bid.incoterm or case.event.incoterm,
        deliver_to=case.event.deliver_to,
        cost_centre=centre.code if centre else "",
        total=total_of(lines, freight, bid.currency),
    )


def _ordered(case: Case, choice: Choice) -> OrderedLine:
    line = case.lines[choice.line]
    return OrderedLine(
        number=line.number,
        item=line.item.key if line.item else "",
        description=line.item.name if line.item else line.description,
        quantity=trimmed(choice.quantity),
        unit=line.unit,
        unit_price=trimmed(case.quoted[choice.bid_line].unit_price),
        delivery_date=case.row(choice).arrives_on,
    )


def _freight(case: Case, bid: OpenedBid, choices: Sequence[Choice]) -> Decimal:
    """As quoted; when only some of the quoted lines are bought, the part that their value has in the quote."""
    quoted = {
        each.pk: each.unit_price * _asked(case, each) for each in case.quoted.values() if each.opened_bid_id == bid.pk
    }
    bought = sum((quoted[each.bid_line] for each in choices), Decimal(0))
    whole = sum(quoted.values(), Decimal(0))
    freight = trimmed(bid.freight or Decimal(0))
    if bought == whole or not whole:
        return freight
    return (freight * bought / whole).quantize(Decimal("0.01"))


def _asked(case: Case, quoted: OpenedBidLine) -> Decimal:
    return next(each.quantity for each in case.lines.values() if each.pk == quoted.event_line_id)


def _confidence(context: Context, case: Case) -> Confidence:
    findings = {each["vendor"]: len(each["remarks"]) for each in context.given["findings"]}
    found = []
    for each in case.allocation.choices:
        row = case.row(each)
        item = case.lines[each.line].item
        known = performance.figures(each.vendor, item_key=item.key if item else None, as_of=context.today)
        found.append(
            of_award(
                Grounds(
                    rivals=len(case.rows_of(each.line)),
                    history=known.confidence,
                    benchmark_pct=row.benchmark_pct,
                    freight_estimated=row.freight_estimated,
                    findings=findings.get(each.vendor, 0),
                )
            )
        )
    return min(found, key=lambda each: each.value)


def _claims(context: Context, case: Case) -> list[Claim]:
    found: list[Claim] = []
    for each in case.allocation.choices:
        line, row = case.lines[each.line], case.row(each)
        for rival in case.rows_of(each.line):
            found += comparing.claims_about(rival)
        found += figures.of_quote(row.bid_line, row.vendor_name, [("lead_time_days", _lead(case, each))])
        found.append(figures.of_vendor(case.bids[each.vendor].vendor))
        if line.item is not None:
            found += _claims_about_item(context, case, each, line)
    return found[:150]


def _lead(case: Case, choice: Choice) -> int:
    return case.quoted[choice.bid_line].lead_time_days


def _claims_about_item(context: Context, case: Case, choice: Choice, line: EventLine) -> list[Claim]:
    key = line.item.key if line.item else ""
    found: list[Claim] = []
    if paid := vendor_queries.benchmark(key):
        found += figures.of_benchmark(key, paid, "median", "p75")
    known = performance.figures(choice.vendor, item_key=key, country=case.event.deliver_to or None, as_of=context.today)
    found += figures.of_performance(known, case.row(choice).vendor_name, "deliveries_of_item", "late_probability")
    agreed = contract_queries.price_for(
        vendor_key=choice.vendor, item_key=key, on=context.today, quantity=choice.quantity
    )
    return [*found, *([figures.of_agreed(choice.vendor, key, choice.quantity, agreed)] if agreed else [])]


def _rationale(case: Case, sure: Confidence) -> str:
    said = [
        _("Line %(line)s to %(vendor)s: %(reason)s.")
        % {"line": each.line, "vendor": case.row(each).vendor_name, "reason": each.reason}
        for each in case.allocation.choices
    ]
    said += [_("Nobody offers line %s in full.") % line for line in case.allocation.unserved]
    said += case.set_aside
    if sure.reasons:
        said.append(_("Confidence %(value)s: %(reasons)s.") % {"value": sure.value, "reasons": ", ".join(sure.reasons)})
    return "\n".join(said)
