"""What the home page shows: work waiting, what is stuck and why, plans, money, what runs out, health."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import DecimalField, F, Q, Sum
from django.urls import reverse
from django.utils.translation import gettext as _

from agents.models import Plan, Reconsideration, Step
from agents.queries import oldest_due, parked_steps
from approvals.models import Proposal
from contracts.models import Contract
from ledger.errors import DomainError
from ledger.models import Effect, LedgerHead, LegalEntity, Person, Switch
from ledger.money import Money
from procure.console import looked_again, sight
from procure.finance.currency import to_base
from procure.models import Budget, Order, OrderLine, OrderTracking, RequisitionQuestion
from vendors.models import Certificate

MOST = 6
RENEWAL_DAYS = 90
CERTIFICATE_DAYS = 60


@dataclass(frozen=True, slots=True)
class Stuck:
    """Something that does not go on by itself: what, why, since when, where."""

    what: str
    why: str
    since: datetime | None
    link: str
    severity: str = "warn"


@dataclass(frozen=True, slots=True)
class AtWork:
    plan: Plan
    step: str
    state: str
    note: str
    done: int
    all: int
    #: What last made it look again, and the number of its entry.
    again: str = ""
    again_seq: int = 0


@dataclass(frozen=True, slots=True)
class Purse:
    """Money of the month in base currency. `variance` is against the median paid before; None where not known."""

    ordered: Money
    orders: int
    committed: Money
    left: Money
    variance: Money | None
    unconverted: bool


@dataclass(frozen=True, slots=True)
class Soon:
    on: date
    what: str
    who: str
    link: str


@dataclass(frozen=True, slots=True)
class Health:
    entries: int
    outbox: int
    unknown: int
    late: timedelta
    stopped: int


def stuck(entity: LegalEntity) -> list[Stuck]:
    """Oldest first within each kind; people are needed for all of these."""
    found = [
        Stuck(
            f"{step.plan.reference} {step.label}",
            step.error or _("no reason was given"),
            step.ended_at or step.started_at,
            f"{reverse('console:plan', args=[step.plan.reference])}?step={step.key}",
            "bad",
        )
        for step in parked_steps(entity)[:MOST]
    ]
    found += [_failed(each) for each in Proposal.objects.filter(entity=entity, status__in=("failed", "blocked"))[:MOST]]
    tracked = OrderTracking.objects.filter(order__entity=entity, erp_status__in=("refused", "unknown"))
    found += [
        Stuck(
            each.order.reference,
            f"{each.get_erp_status_display()}. {each.problem}".strip(),
            each.sent_at,
            reverse("console:order", args=[each.order.reference]),
            "bad",
        )
        for each in tracked.select_related("order")[:MOST]
    ]
    found += _unanswered(entity)
    return found


def _failed(proposal: Proposal) -> Stuck:
    why = proposal.problem or proposal.checkpoint
    return Stuck(
        f"{proposal.reference} {proposal.sentence}",
        f"{proposal.get_status_display()}. {why}",
        proposal.made_at,
        reverse("console:proposal", args=[proposal.reference]),
        "bad",
    )


def _unanswered(entity: LegalEntity) -> list[Stuck]:
    questions = RequisitionQuestion.objects.filter(requisition__entity=entity, answered_at=None)
    rows = questions.select_related("requisition__requested_by").order_by("pk")
    first = {each.requisition_id: each for each in reversed(rows[: MOST * 3])}
    return [
        Stuck(
            each.requisition.reference,
            _("%(person)s is asked: %(question)s") % {"person": each.requisition.requested_by, "question": each.text},
            each.requisition.captured_at,
            reverse("console:requisition", args=[each.requisition.reference]),
        )
        for each in list(first.values())[:MOST]
    ]


def at_work(rows: Iterable[Plan]) -> list[AtWork]:
    plans = list(rows)
    steps: dict[int, list[Step]] = {plan.pk: [] for plan in plans}
    for step in Step.objects.filter(plan__in=plans).order_by("id"):
        steps[step.plan_id].append(step)
    again = looked_again.latest(plans)
    return [_at_work(plan, steps[plan.pk], again.get(plan.pk)) for plan in plans]


def _at_work(plan: Plan, steps: list[Step], again: Reconsideration | None) -> AtWork:
    order = (Step.Status.PARKED, Step.Status.WAITING, Step.Status.RUNNING, Step.Status.READY)
    now = next((step for status in order for step in steps if step.status == status), None)
    return AtWork(
        plan=plan,
        step=now.label if now else "",
        state=now.status if now else plan.status,
        note=(now.waiting_for or now.error) if now else "",
        done=sum(step.status in Step.SETTLED for step in steps),
        all=len(steps),
        again=looked_again.in_words(again) if again else "",
        again_seq=again.seq if again else 0,
    )


def plans(person: Person) -> list[AtWork]:
    rows = sight.plans(person).filter(status__in=Plan.LIVE)
    return at_work(rows.select_related("template").order_by("-pk")[:MOST])


def month_start(entity: LegalEntity, today: date) -> datetime:
    return datetime.combine(today.replace(day=1), time.min, ZoneInfo(entity.time_zone))


def ordered_this_month(entity: LegalEntity, today: date) -> Q:
    return Q(issued_at__gte=month_start(entity, today), status=Order.Status.ISSUED)


def purse(entity: LegalEntity, today: date) -> Purse:
    orders = Order.objects.filter(ordered_this_month(entity, today), entity=entity)
    current = orders.filter(versions__number=F("current_version"))
    sums = current.values_list("currency").order_by().annotate(total=Sum("versions__total"))
    ordered, missing = _in_base(entity, today, [Money(total, currency) for currency, total in sums])
    budgets = Budget.objects.filter(entity=entity, year=today.year)
    held = budgets.values_list("currency").order_by().annotate(held=Sum("committed"), limit=Sum("amount"))
    committed, more = _in_base(entity, today, [Money(held_now, currency) for currency, held_now, _limit in held])
    left, _more = _in_base(entity, today, [Money(limit - held_now, currency) for currency, held_now, limit in held])
    return Purse(ordered, orders.count(), committed, left, _variance(entity, today), missing or more)


def _in_base(entity: LegalEntity, today: date, sums: Iterable[Money]) -> tuple[Money, bool]:
    """The sum in base currency, and whether a rate was missing for a part of it."""
    total, missing = Decimal(0), False
    for money in sums:
        try:
            total += to_base(money, entity, today).amount
        except DomainError:
            missing = True
    return Money(total, entity.base_currency), missing


def _variance(entity: LegalEntity, today: date) -> Money | None:
    """PPV of the month's lines in base currency whose item has a median in it: (price − median) × quantity."""
    lines = OrderLine.objects.filter(
        Q(version__order__issued_at__gte=month_start(entity, today)),
        version__order__entity=entity,
        version__order__status=Order.Status.ISSUED,
        version__order__currency=entity.base_currency,
        version__number=F("version__order__current_version"),
        item__price_median__isnull=False,
        item__price_currency=entity.base_currency,
    )
    places = DecimalField(max_digits=24, decimal_places=4)
    gap = Sum((F("unit_price") - F("item__price_median")) * F("quantity"), output_field=places)
    total = lines.aggregate(gap=gap)["gap"]
    return None if total is None else Money(total.quantize(Decimal("0.0001")), entity.base_currency)


def soon(entity: LegalEntity, today: date) -> list[Soon]:
    """Contracts that end and certificates that run out, the nearest first."""
    contracts = Contract.objects.filter(
        entity=entity, status=Contract.Status.ACTIVE, valid_to__range=(today, today + timedelta(days=RENEWAL_DAYS))
    )
    found = [
        Soon(
            each.valid_to,
            _("Contract %(title)s ends") % {"title": each.title},
            each.vendor.name,
            reverse("admin:contracts_contract_change", args=[each.pk]),
        )
        for each in contracts.select_related("vendor").order_by("valid_to")[:MOST]
    ]
    certificates = Certificate.objects.filter(
        vendor__entity=entity, valid_until__range=(today, today + timedelta(days=CERTIFICATE_DAYS))
    )
    found += [
        Soon(
            each.valid_until,
            _("%(kind)s runs out") % {"kind": each.kind},
            each.vendor.name,
            reverse("admin:vendors_vendor_change", args=[each.vendor_id]),
        )
        for each in certificates.select_related("vendor").order_by("valid_until")[:MOST]
        if each.valid_until
    ]
    return sorted(found, key=lambda each: each.on)[:MOST]


def health(entity: LegalEntity) -> Health:
    effects = Effect.objects.filter(entity=entity)
    return Health(
        entries=LedgerHead.objects.values_list("seq", flat=True).get(log=entity.log_id),
        outbox=effects.filter(status__in=(Effect.Status.WAITING, Effect.Status.CALLING)).count(),
        unknown=effects.filter(status=Effect.Status.UNKNOWN).count(),
        late=oldest_due(entity),
        stopped=Switch.objects.filter(stopped=True).count(),
    )
