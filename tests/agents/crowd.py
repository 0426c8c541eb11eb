"""What people, suppliers and remote workers do when something waits for them, one thing at a time, always the same."""

from __future__ import annotations

from datetime import timedelta

from agents import plans
from agents.edge import leasing
from agents.models import EdgeWorker, Plan, Step
from agents.roles import asking
from approvals import decisions
from approvals.models import Proposal
from ledger import clock, outbox
from ledger.actors import Actor
from ledger.errors import DomainError
from ledger.models import Effect, Person
from procure import requisitions
from procure.models import Invitation, Requisition, SourcingEvent
from tests.agents import market

PRICES = {"VEN-001": "7.10", "VEN-002": "6.90", "VEN-003": "7.30"}
ANSWERS = {"lines[0].quantity": "2,000", "deliver_to": "NG", "needed_by": "15 September 2027", "cost_centre": "PROG"}
GIVEN = {"decide": {"yes": True}, "answer": {"text": "Harare"}, "number": {"value": "12"}}


def act() -> bool:
    """One thing that waits for somebody; False when nothing does."""
    return any(each() for each in (answer_questions, decide, quote, close, answer_steps, work_elsewhere, resolve))


def pass_time(by: timedelta) -> None:
    """On from where the clock stands."""
    stood = clock.now()
    clock.shift(timedelta(0))
    clock.shift(stood - clock.now() + by)


def answer_questions() -> bool:
    for each in Requisition.objects.filter(status=Requisition.Status.QUESTIONS).order_by("pk"):
        paths = each.questions.filter(answered_at=None).values_list("path", flat=True)
        given = {path: ANSWERS.get(path, "no preference") for path in paths}
        requisitions.answer(each, given, actor=Actor.human(each.requested_by))
        return True
    return False


def decide() -> bool:
    """Whoever may approves."""
    for proposal in Proposal.objects.filter(status=Proposal.Status.WAITING).order_by("pk"):
        for person in Person.objects.order_by("pk"):
            try:
                decisions.approve(proposal, actor=Actor.human(person), fingerprint=proposal.fingerprint)
            except DomainError:
                continue
            return True
    return False


def quote() -> bool:
    invited = Invitation.objects.filter(status=Invitation.Status.SENT, event__status=SourcingEvent.Status.OPEN)
    for each in invited.select_related("event", "vendor").order_by("pk"):
        market.quote(each.event, each.vendor.key, PRICES[each.vendor.key])
        return True
    return False


def close() -> bool:
    """Nothing happens until an event's deadline any more, so it is reached."""
    for event in SourcingEvent.objects.filter(status=SourcingEvent.Status.OPEN).order_by("pk"):
        if event.deadline > clock.now():
            market.reach_deadline(event)
            return True
    return False


def answer_steps() -> bool:
    """Only after they have been reminded, where a step reminds."""
    waiting = Step.objects.filter(role=asking.ROLE, status=Step.Status.WAITING, plan__status__in=Plan.LIVE)
    for step in waiting.order_by("pk"):
        if step.spec["task"] in GIVEN and step.reminded >= bool(step.spec.get("remind_after")):
            plans.answer(step, GIVEN[step.spec["task"]], actor=Actor.human(Person.objects.get(username="ben")))
            return True
    return False


def work_elsewhere() -> bool:
    """A remote worker does one step."""
    for worker in EdgeWorker.objects.filter(revoked_at=None).order_by("pk"):
        if assignment := leasing.take(worker):
            leasing.beat(worker, assignment.lease)
            result = {"quantity": "12.5", "unit": "box", "counted_on": "2026-11-25"}
            leasing.finish(worker, assignment.lease, result)
            return True
    return False


def resolve() -> bool:
    """Ben has looked into the ERP, and asks for another try."""
    for effect in Effect.objects.filter(sender="erp", status=Effect.Status.UNKNOWN).order_by("pk"):
        ben = Actor.human(Person.objects.get(username="ben"))
        outbox.resolve(effect, outcome=outbox.Outcome("retry", detail="Look again."), actor=ben)
        return True
    return False
