"""What the page of a proposal adds to its detail: evidence with states, consequences, what each button does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from approvals.models import ApprovalStep, Evidence, Proposal, ProposalRevision
from approvals.queries import Detail, Gist
from ledger import clock
from ledger.command import Change, build
from ledger.errors import DomainError
from ledger.money import Money
from procure.console.places import address
from procure.finance import budgets
from procure.finance.currency import convert

MOST_SIMILAR = 5
ENDED = (Proposal.Status.CARRIED_OUT, Proposal.Status.REJECTED, Proposal.Status.UNDONE, Proposal.Status.FAILED)


@dataclass(frozen=True, slots=True)
class Proof:
    """One claim with the state of its source: verified, stale or unverified."""

    row: Evidence
    state: str
    link: str
    place: str


@dataclass(frozen=True, slots=True)
class BudgetBar:
    """A budget before and after, in shares of its limit for the drawing."""

    centre: str
    year: int
    limit: Money
    committed: Money
    this: Money
    left: Money
    used_pct: float
    this_pct: float
    over: bool


@dataclass(frozen=True, slots=True)
class Buttons:
    """What each decision does, said before it is made."""

    approve: str
    reject: str
    ask: str


def proofs(proposal: Proposal, evidence: Sequence[Evidence]) -> list[Proof]:
    return [
        Proof(
            row,
            state_of(row),
            reverse("console:evidence", args=[proposal.reference, row.position]),
            place_of(row),
        )
        for row in evidence
    ]


def state_of(row: Evidence) -> str:
    """A reading that is right but too old is stale; anything else that did not hold is unverified."""
    if row.verified:
        return "verified"
    return "stale" if row.source_kind == Evidence.SourceKind.READING and row.found else "unverified"


def place_of(row: Evidence) -> str:
    """Where the claim says it comes from, in words."""
    ref = row.source_ref
    if row.source_kind == Evidence.SourceKind.SPAN:
        return _("words %(start)s to %(end)s of a source") % ref
    if row.source_kind == Evidence.SourceKind.QUOTE_LINE:
        return _("quote line %(bid_line_id)s, %(field)s") % ref
    if row.source_kind == Evidence.SourceKind.MODEL:
        return _("model record %(call_id)s") % ref
    if row.source_kind == Evidence.SourceKind.READING:
        return f"{ref['table'].replace('_', ' ')} {ref['key']}, {ref['field'].replace('_', ' ')}"
    return f"{ref['kind'].replace('_', ' ')} {ref['key']}, {ref['field'].replace('_', ' ')}"


def link_of(row: Evidence) -> str:
    """The page of what the claim is about."""
    ref = row.source_ref
    if row.source_kind == Evidence.SourceKind.SPAN:
        span = urlencode({"start": ref["start"], "end": ref["end"]})
        return f"{reverse('console:source', args=[ref['source_digest']])}?{span}"
    if row.source_kind == Evidence.SourceKind.READING:
        return address(ref["table"], ref["key"])
    if row.source_kind == Evidence.SourceKind.ROW:
        return address(ref["kind"], ref["key"])
    return ""


def budget_bars(detail: Detail) -> list[BudgetBar]:
    """One bar for each cost centre that pays; only for what binds new money."""
    proposal = detail.proposal
    if not (detail.judgement.facts.get("new_money_out", {}).get("value")):
        return []
    held: dict[str, Money] = {}
    for each in proposal.commands:
        subjects = build(each["kind"], each["fields"]).subjects()
        if subjects.cost_centre and subjects.amount:
            before = held.get(subjects.cost_centre)
            if before is None or before.amount < subjects.amount.amount:
                held[subjects.cost_centre] = subjects.amount
    bars = [_bar(detail, centre, money) for centre, money in held.items()]
    return [each for each in bars if each is not None]


def _bar(detail: Detail, centre: str, money: Money) -> BudgetBar | None:
    entity = detail.proposal.entity
    budget = budgets.find(entity, centre, budgets.current_year(entity))
    if budget is None:
        return None
    try:
        this = convert(money, budget.currency, clock.business_date(entity)).amount
    except DomainError:
        return None
    if detail.proposal.status in (Proposal.Status.CARRIED_OUT, Proposal.Status.UNDONE):
        this = Decimal(0)
    limit, committed = budget.amount, budget.committed
    left = limit - committed - this
    return BudgetBar(
        centre=str(budget.cost_centre),
        year=budget.year,
        limit=Money(limit, budget.currency),
        committed=Money(committed, budget.currency),
        this=Money(this, budget.currency),
        left=Money(left, budget.currency),
        used_pct=_pct(committed, limit),
        this_pct=min(_pct(this, limit), 100 - _pct(committed, limit)),
        over=left < 0,
    )


def _pct(part: Decimal, whole: Decimal) -> float:
    return round(float(min(part / whole, Decimal(1)) * 100), 1) if whole else 0.0


def buttons(gist: Gist, steps: Sequence[ApprovalStep], *, outward: bool) -> Buttons:
    """`steps` in order; the ones still waiting come after an approval of the open one."""
    following = [step for step in steps if step.status == ApprovalStep.Status.WAITING]
    if following:
        then = _("Then it goes to “%(level)s”. Nothing is carried out yet.") % {"level": following[0].label}
    elif outward:
        then = _("The facts are judged again and it is carried out at once; it leaves the house.")
    else:
        then = _("The facts are judged again and it is carried out at once.")
    return Buttons(
        approve=f"{then} {_('Undo:')} {gist.undo_line}",
        reject=_("Ends this proposal and tells its author why. Nothing is sent. A new one can be proposed."),
        ask=_("Gives it back to its author with your words. A new version is judged afresh."),
    )


def changed_since(proposal: Proposal, fingerprint: str) -> list[Change]:
    """What is different from the version somebody looked at, command by command; nothing when it is not known."""
    seen = ProposalRevision.objects.filter(proposal=proposal, fingerprint=fingerprint).order_by("-number").first()
    if seen is None or seen.fingerprint == proposal.fingerprint:
        return []
    before, after = _fields(seen.commands), _fields(proposal.commands)
    return [
        Change(name, before.get(name, ""), after.get(name, ""))
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    ]


def _fields(commands: Sequence[dict]) -> dict[str, str]:
    return {
        (f"{each['kind']} {path}" if len(commands) > 1 else path): value
        for each in commands
        for path, value in _flat(each["fields"], "")
    }


def _flat(value: object, path: str) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [line for key, each in value.items() for line in _flat(each, f"{path} {key}".strip())]
    if isinstance(value, list):
        return [line for number, each in enumerate(value, 1) for line in _flat(each, f"{path} {number}".strip())]
    return [(path.replace("_", " "), "" if value is None else str(value))]


def similar(proposal: Proposal) -> list[Proposal]:
    """The last ended ones of the same kind, those with the same supplier first."""
    rows = Proposal.objects.filter(
        entity=proposal.entity, command_kinds=proposal.command_kinds, status__in=ENDED
    ).exclude(pk=proposal.pk)
    same: list[Proposal] = []
    if proposal.vendor_key:
        same = list(rows.filter(vendor_key=proposal.vendor_key).order_by("-pk")[:MOST_SIMILAR])
    others = rows.exclude(pk__in=[each.pk for each in same]).order_by("-pk")[: MOST_SIMILAR - len(same)]
    return [*same, *others]
