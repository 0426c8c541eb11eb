"""A company with a long past, made quickly: rows in bulk, the first stories through the floors' own entries.

One story is a requisition read, raised by a proposal that passed, and ordered, with its budget held and given back and
a plan that went along; every other order is cancelled again. 15 or 17 entries and 14 rows. Nothing is judged or carried
out: that the entries and rows of a real story agree is what tests/flows/test_replay.py shows. All later stories are
told in the words of the first two, which must tell the third and fourth to the letter; the texts that their proposals
commit to are not kept beside the chain.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from itertools import accumulate
from typing import Any

from django.db import transaction

from agents import entries as of_plans
from agents.models import Plan, PlanTemplate, Step
from approvals import entries as of_proposals
from approvals.models import CarriedOut, Decision, Judgement, PolicyVersion, Proposal, ProposalRevision
from ledger import chain, clock, entries, sources
from ledger.actors import Actor
from ledger.command import digest, fingerprint
from ledger.importing import importing
from ledger.models import CostCentre, Entry, LedgerHead, LegalEntity, Person
from procure import entries as of_buying
from procure.commands import RaiseRequisition
from procure.models import Budget, Commitment, Order, OrderLine, OrderVersion, Requisition, RequisitionLine
from tests.bench import bulk
from tests.bench.retelling import Model, Story
from vendors.models import Vendor

LOG = "busy"
TOLD, BATCH = 4, 500
BUYER = Actor.agent("sourcing")
Decided = tuple[Proposal, Judgement, Decision, CarriedOut]
#: Which of its story's entries tells that the proposal passed.
PASSED = 7
PRICE, PACKS = Decimal("2.5000"), Decimal("10.0000")
TOTAL = PRICE * PACKS
RESULT = {"lines": ["gloves"], "sure": "0.9"}


class Company:
    """What all stories share."""

    def __init__(self) -> None:
        head = chain.begin(LOG, origin="procure.example/busy")
        self.entity = LegalEntity.objects.create(code="BUSY", name="Busy", base_currency="USD", log=head)
        self.person = Person.objects.create(username="busy", entity=self.entity)
        self.at = clock.now()
        self.source = sources.keep("gloves", origin="user:busy")
        with transaction.atomic(), importing("busy", "0" * 64):
            self._govern()
            entries.batch_imported(
                batch="busy",
                digest="0" * 64,
                counts={},
                actor=Actor.system("bench"),
                entity=self.entity,
                opens={"vendor": [self.vendor.key], "budget": ["BUSY/2026"]},
            )
            of_plans.template_published(self.template, actor=Actor.system("bench"))
            of_proposals.policy_published(self.policy, actor=Actor.human(self.person), by=[self.person.pk])

    def _govern(self) -> None:
        self.centre = CostCentre.objects.create(entity=self.entity, code="BUSY", name="Busy")
        self.vendor = Vendor.objects.create(
            key="BUSY-1", entity=self.entity, name="Maker", status="approved", created_at=self.at
        )
        self.budget = Budget.objects.create(
            entity=self.entity, cost_centre=self.centre, year=2026, amount=10**12, currency="USD"
        )
        self.policy = PolicyVersion.objects.create(
            entity=self.entity, number=1, name="Busy", document={}, digest=digest({}), status="published",
            published_at=self.at, published_by="busy",
        )  # fmt: skip
        self.template = PlanTemplate.objects.create(
            entity=self.entity, name="busy", version=1, definition={}, digest=digest({}), published_at=self.at
        )


def live_through(stories: int) -> None:
    """Makes the company and its past."""
    company = Company()
    with transaction.atomic(), importing("busy", "0" * 64):
        told = [*_told(company, range(1, TOLD + 1))]
    models = [Model.of(each, contents) for each, contents in told[:2]]
    for story, contents in told[2:]:
        _model(models, story.number).expect(story, contents)
    seq = LedgerHead.objects.get(pk=LOG).seq
    for first in range(TOLD + 1, stories + 1, BATCH):
        with transaction.atomic(), importing("busy", "0" * 64):
            later = _retold(company, range(first, min(first + BATCH, stories + 1)), models, seq)
        bulk.append(LOG, (halves for each in later for halves in _model(models, each.number).tell(each)))
        seq += sum(len(_model(models, each.number).entries) for each in later)
    with transaction.atomic(), importing("busy", "0" * 64):
        company.budget.save(update_fields=["committed"])


def _model(models: list[Model], number: int) -> Model:
    return models[(number - 1) % 2]


def _told(company: Company, numbers: range) -> Iterator[tuple[Story, list[bytes]]]:
    """Each story with its entries, through the floors' own."""
    requisitions, orders = _bought(company, numbers)
    proposals = _decided(company, requisitions, [0 for _ in numbers])
    plans = _planned(company, requisitions)
    commitments = iter(_held(company, requisitions, orders))
    for number, requisition, proposal, (plan, step), order in zip(
        numbers, requisitions, proposals, plans, orders, strict=True
    ):
        before, committed = LedgerHead.objects.get(pk=LOG).seq, company.budget.committed
        asked, bought = next(commitments), next(commitments)
        _read(company, requisition, plan, step)
        _raise(company, requisition, proposal, asked)
        order.status, requisition.status = "issued", "ordered"
        of_buying.order_fact("issued", order, actor=BUYER, causes=[1], data={"requisition_status": "ordered"})
        _budget(company, "committed", bought, TOTAL)
        if number % 2 == 0:
            order.status, requisition.status = "cancelled", "raised"
            data = {"requisition_status": "raised"}
            of_buying.order_fact("cancelled", order, actor=BUYER, causes=[1], data=data)
            _budget(company, "released", bought, -TOTAL)
        of_plans.plan_finished(plan)
        entries = Entry.objects.filter(log=LOG, seq__gt=before).order_by("seq").values_list("bytes", flat=True)
        yield _story(number, before, committed, proposal, asked, bought), [bytes(each) for each in entries]


def _retold(company: Company, numbers: range, models: list[Model], seq: int) -> list[Story]:
    """The rows of these stories, whose first entry comes after entry `seq`."""
    before = [seq + each for each in accumulate((len(_model(models, each).entries) for each in numbers), initial=0)]
    requisitions, orders = _bought(company, numbers)
    proposals = _decided(company, requisitions, [each + PASSED for each in before[:-1]])
    _planned(company, requisitions)
    held = _held(company, requisitions, orders)
    found = []
    for number, *rest in zip(numbers, before, proposals, held[::2], held[1::2], strict=False):
        found.append(_story(number, rest[0], company.budget.committed, *rest[1:]))
        company.budget.committed += TOTAL * (number % 2)
    return found


def _story(number: int, before: int, committed: Decimal, proposal: Decided, asked: Any, bought: Any) -> Story:
    return Story(
        number=number, passed=before + PASSED, committed=committed, fingerprint=proposal[0].fingerprint,
        decision=proposal[2].pk, asked=asked.pk, bought=bought.pk,
    )  # fmt: skip


def _bought(company: Company, numbers: range) -> tuple[list[Requisition], list[Order]]:
    """As they are in the end."""
    requisitions = Requisition.objects.bulk_create(
        Requisition(
            reference=f"BR-{each:06d}", entity=company.entity, requested_by=company.person, words="gloves",
            source=company.source, status="raised" if each % 2 == 0 else "ordered", cost_centre=company.centre,
            budget_amount=TOTAL, budget_currency="USD", structured=RESULT, captured_at=company.at,
        )
        for each in numbers
    )  # fmt: skip
    RequisitionLine.objects.bulk_create(
        RequisitionLine(requisition=each, number=1, description="Gloves", quantity=PACKS, unit="pack")
        for each in requisitions
    )
    orders = Order.objects.bulk_create(
        Order(
            reference=f"BO-{number:06d}", entity=company.entity, vendor=company.vendor, requisition=each,
            cost_centre=company.centre, currency="USD", status="cancelled" if number % 2 == 0 else "issued",
            issued_at=company.at,
        )
        for number, each in zip(numbers, requisitions, strict=True)
    )  # fmt: skip
    versions = OrderVersion.objects.bulk_create(
        OrderVersion(order=each, number=1, total=TOTAL, issued_at=company.at) for each in orders
    )
    OrderLine.objects.bulk_create(
        OrderLine(version=each, number=1, description="Gloves", quantity=PACKS, unit="pack", unit_price=PRICE)
        for each in versions
    )
    return requisitions, orders


def _held(company: Company, requisitions: list[Requisition], orders: list[Order]) -> list[Commitment]:
    """Of each story first what its requisition held, then what its order holds or held."""
    return Commitment.objects.bulk_create(
        Commitment(
            budget=company.budget, object_kind=kind, object_key=row.reference, amount=TOTAL, currency="USD",
            status="held" if kind == "order" and order.status == "issued" else "released", held_at=company.at,
        )
        for requisition, order in zip(requisitions, orders, strict=True)
        for kind, row in (("requisition", requisition), ("order", order))
    )  # fmt: skip


def _decided(company: Company, requisitions: list[Requisition], seqs: list[int]) -> list[Decided]:
    """`seqs` are the numbers of the entries that say so."""
    commands = [
        RaiseRequisition(
            requisition=each.reference, lines=[{"description": "Gloves", "quantity": PACKS}], cost_centre="BUSY",
            budget=TOTAL,
        )
        for each in requisitions
    ]  # fmt: skip
    proposals = Proposal.objects.bulk_create(
        Proposal(
            reference=requisition.reference.replace("BR", "BP"), entity=company.entity, status="carried_out",
            commands=[each.as_json()], command_kinds="RaiseRequisition", fingerprint=fingerprint([each]),
            sentence="Raise", author_kind="agent", author_id="intake", author_name="intake",
            requested_by=company.person, verdict="pass", made_at=company.at,
        )
        for requisition, each in zip(requisitions, commands, strict=True)
    )  # fmt: skip
    ProposalRevision.objects.bulk_create(
        ProposalRevision(
            proposal=each, number=1, commands=each.commands, fingerprint=each.fingerprint, author_kind="agent",
            author_id="intake", author_name="intake", made_at=company.at,
        )
        for each in proposals
    )  # fmt: skip
    judgements = Judgement.objects.bulk_create(
        Judgement(
            proposal=each, revision=1, policy=company.policy, stage="propose", verdict="pass", facts={}, fired=[],
            at=company.at,
        )
        for each in proposals
    )  # fmt: skip
    decisions = Decision.objects.bulk_create(
        Decision(
            proposal=proposal, judgement=judgement, revision=1, fingerprint=proposal.fingerprint, kind="pass",
            final=True, actor_kind="system", actor_id="policy:1", actor_name="policy", at=company.at, entry_seq=seq,
        )
        for proposal, judgement, seq in zip(proposals, judgements, seqs, strict=True)
    )  # fmt: skip
    carried = CarriedOut.objects.bulk_create(
        CarriedOut(proposal=each, position=1, kind="RaiseRequisition", compensation={"kind": "WithdrawRequisition"},
                   undo_until=company.at + timedelta(days=1))
        for each in proposals
    )  # fmt: skip
    return list(zip(proposals, judgements, decisions, carried, strict=True))


def _planned(company: Company, requisitions: list[Requisition]) -> list[tuple[Plan, Step]]:
    plans = Plan.objects.bulk_create(
        Plan(
            reference=each.reference.replace("BR", "BL"), template=company.template, entity=company.entity,
            requested_by=company.person, subject_kind="requisition", subject_key=each.reference, status="done",
            started_at=company.at, ended_at=company.at,
        )
        for each in requisitions
    )  # fmt: skip
    steps = Step.objects.bulk_create(
        Step(
            plan=each, key="read", role="intake", status="done", result=RESULT, result_digest=digest(RESULT),
            due_at=company.at,
        )
        for each in plans
    )  # fmt: skip
    return list(zip(plans, steps, strict=True))


def _read(company: Company, requisition: Requisition, plan: Plan, step: Step) -> None:
    human, structured = Actor.human(company.person), requisition.structured
    requisition.status, requisition.structured = "captured", {}
    of_buying.requisition_fact("captured", requisition, actor=human)
    of_plans.plan_started(plan, actor=Actor.system("triggers"), causes=[1])
    requisition.structured = structured
    of_buying.requisition_fact("read", requisition, actor=BUYER)
    of_plans.step_finished(plan, step, result_digest=step.result_digest, evidence=3, model={})


def _raise(company: Company, requisition: Requisition, decided: Any, held: Commitment) -> None:
    proposal, judgement, decision, carried = decided
    policy = company.policy.digest
    proposal.status = "waiting"
    of_proposals.made(proposal, actor=Actor.agent("intake"))
    proposal.status = "passed"
    of_proposals.judged(proposal, judgement, policy_digest=policy, today=company.at.date(), cause=1)
    proposal.status = "approved"
    decision.entry_seq = of_proposals.decided(proposal, decision, kind="proposal.passed", level="").seq
    decision.save(update_fields=["entry_seq"])
    of_proposals.judged(proposal, judgement, policy_digest=policy, today=company.at.date(), cause=1)
    requisition.status = "raised"
    of_buying.requisition_fact("raised", requisition, actor=Actor.policy(1), causes=[1])
    _budget(company, "committed", held, TOTAL)
    proposal.status = "carried_out"
    of_proposals.carried_out(
        proposal, actor=Actor.policy(1), decision=decision, rows=[carried], objects=[], policy_digest=policy
    )
    _budget(company, "released", held, -TOTAL)


def _budget(company: Company, what: str, held: Commitment, by: Decimal) -> None:
    company.budget.committed += by
    of_buying.budget_fact(what, company.budget, actor=BUYER, causes=[1], commitment=held)
