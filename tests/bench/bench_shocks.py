"""What it costs that something happens: plans found among thousands that it does not concern, and each told."""

from __future__ import annotations

import time
from collections.abc import Iterator

from django.db import transaction

from agents import concerns, plans, templates, triggers
from agents.models import Plan, PlanConcern, Reconsideration, Step
from ledger import chain
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.journal import record
from ledger.models import LegalEntity
from tests.bench.rows import Row

BENCH = Actor.system("bench")
VENDOR = ObjectRef("vendor", "VEN-00001")
OTHERS, CONCERNED = 3_000, 200


def rows() -> Iterator[Row]:
    entity = _company()
    started = time.perf_counter()
    found = list(concerns.live_plans([VENDOR], entity=entity))
    seconds = time.perf_counter() - started
    yield Row(
        f"find {len(found)} of {Plan.objects.count():,} live plans that concern a vendor (limit: 1 s)",
        f"{seconds * 1000:.1f} ms",
        "1 s",
        seconds,
    )
    triggers.answer()
    with transaction.atomic():
        record("vendor.blocked", actor=BENCH, entity=entity, objects=[VENDOR], data={"after": "blocked"})
    started = time.perf_counter()
    triggers.answer()
    seconds = time.perf_counter() - started
    told = Reconsideration.objects.count()
    if told != CONCERNED:
        raise RuntimeError(f"{told} plans were told, not {CONCERNED}")
    yield Row(
        f"tell {told} plans, each waiting for a person, in a transaction each (limit: 30 s)",
        f"{seconds / told * 1000:.1f} ms each",
        f"{30 / told * 1000:.0f} ms each",
        seconds / 30,
    )


def _company() -> LegalEntity:
    head = chain.begin("main", origin="procure.example/bench")
    entity = LegalEntity.objects.create(
        code="HQ", name="Bench", base_currency="USD", country="US", time_zone="UTC", log=head
    )
    template = templates.publish(
        name="wait",
        definition={
            "title": "Wait",
            "subject": "requisition",
            "steps": [{"key": "look", "role": "sourcing", "task": "benchmark"}],
        },
        actor=BENCH,
        entity=entity,
    )
    made = [
        plans.start(template=template, subject=ObjectRef("requisition", f"PR-{n:05d}"), entity=entity, actor=BENCH)
        for n in range(OTHERS + CONCERNED)
    ]
    Step.objects.update(status=Step.Status.WAITING, asks_person=True, attempts=1)
    Plan.objects.update(status=Plan.Status.WAITING)
    PlanConcern.objects.bulk_create(
        PlanConcern(plan=plan, kind="vendor", key=VENDOR.key if n < CONCERNED else f"VEN-{n:05d}")
        for n, plan in enumerate(made)
    )
    return entity
