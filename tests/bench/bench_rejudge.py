"""Judging again from ledger entries against the gate alone on facts already built; and what a full entry costs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from decimal import Decimal

from django.db import transaction

from approvals import bounds, gate, judging, policies, rulebook
from approvals.models import Judgement, Proposal
from approvals.rejudging import rejudge
from ledger import chain, clock, journal
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.importing import importing
from ledger.models import CostCentre, Entry, LegalEntity, Person
from procure.models import Budget
from tests.approvals.stage import DIGEST, order, propose_order
from tests.bench.rows import Row, medians
from tests.vendors.rows import deliver, make_item, make_vendor


def rows() -> Iterator[Row]:
    entity, proposal = _company()
    seq = Entry.objects.filter(kind="proposal.judged").order_by("-seq").values_list("seq", flat=True)[0]
    again = rejudge(entity, seq)
    if not again.same:
        raise RuntimeError(again.sentences())
    policy, facts = rulebook.in_force(entity), again.record.facts
    ours, peer = medians(lambda: rejudge(entity, seq), lambda: gate.judge(facts, policy), runs=200)
    yield Row("judge again from ledger entries (peer: the gate on facts)", _rate(ours), _rate(peer), ours / peer)
    yield from _entries(entity, proposal, seq)


def _rate(seconds: float) -> str:
    return f"{1 / seconds:,.0f} /s"


def _entries(entity: LegalEntity, proposal: Proposal, seq: int) -> Iterator[Row]:
    """The judged entry with every answer against one with bare values, as it was before."""
    full = chain.read(Entry.objects.get(seq=seq, log=entity.log_id))["data"]
    bare = {name: full[name] for name in ("revision", "fingerprint", "stage", "verdict", "levels")}
    bare["fired"] = [each["key"] for each in full["fired"]]
    bare["facts"] = {name: each.get("value", each["state"]) for name, each in full["facts"].items()}

    def append(data: dict) -> Entry:
        with transaction.atomic():
            return journal.record(
                "proposal.judged",
                actor=Actor.policy(1),
                entity=entity,
                objects=[ObjectRef("proposal", proposal.reference, "1")],
                data=data,
                policy="0" * 64,
                causes=[1],
            )

    sizes = [len(bytes(append(data).bytes)) for data in (full, bare)]
    yield Row("bytes of a judged entry (peer: bare values)", f"{sizes[0]:,}", f"{sizes[1]:,}", sizes[0] / sizes[1])
    ours, peer = medians(lambda: append(full), lambda: append(bare), runs=200)
    yield Row("append of a judged entry (peer: bare values)", _ms(ours), _ms(peer), ours / peer)
    judged = judging.judge(proposal, judging.commands_of(proposal), [])

    def store(kept: judging.Judged) -> None:
        with transaction.atomic():
            judgement = judging.store(proposal, kept, stage=Judgement.Stage.EXECUTE)
            judging.tell(proposal, kept, judgement, cause=1)

    nothing = dataclasses.replace(judged, facts=dataclasses.replace(judged.facts, answers={}))
    ours, peer = medians(lambda: store(judged), lambda: store(nothing), runs=200)
    yield Row("storing a judgement, row and entry (peer: without facts)", _ms(ours), _ms(peer), ours / peer)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"


def _company() -> tuple[LegalEntity, Proposal]:
    """A company under the shipped policy, and an order of 60,000 that two levels are asked about."""
    head = chain.begin("rejudge", origin="procure.example/rejudge")
    entity = LegalEntity.objects.create(code="REJUDGE", name="Rejudge", base_currency="USD", log=head)
    people = [Person.objects.create(username=f"rejudge-{number}", entity=entity) for number in range(2)]
    centre = CostCentre.objects.create(entity=entity, code="PROG", name="Programmes", owner=people[0])
    bounds.set_up_shipped(entity)
    policies.publish_genesis(entity=entity, by=people)
    vendor = make_vendor("VEN-001", entity=entity)
    item = make_item(
        "ITM-0001",
        price_p25=Decimal(9),
        price_median=Decimal(10),
        price_p75=Decimal(11),
        price_currency="USD",
        price_rows=8,
        price_as_of=clock.business_date(entity),
    )
    for number in range(8):
        deliver(f"D-{number}", item=item, entity=entity, vendor=vendor)
    with importing("bench", DIGEST):
        year = clock.business_date(entity).year
        Budget.objects.create(entity=entity, cost_centre=centre, year=year, amount=Decimal(100_000), currency="USD")
    return entity, propose_order(order(6000), entity=entity, requested_by=people[1])
