"""A company in which bells may be rung, its plans, and what must be true of them in the end.

`python -m tests.drill.company set-up | start FIRST END | open | check` prints one JSON value.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from pathlib import Path

import django

#: A template's step that is lost with its worker is taken over after this many seconds and the grace.
TIMEOUT = 2
TEMPLATE = {
    "title": "A drill",
    "subject": "requisition",
    "steps": [
        {"key": "a", "role": "drill", "task": "work", "timeout": TIMEOUT, "attempts": 20},
        {"key": "b", "role": "drill", "task": "work", "after": ["a"], "timeout": TIMEOUT, "attempts": 20},
        {"key": "c", "role": "drill", "task": "work", "after": ["a"], "timeout": TIMEOUT, "attempts": 20},
        {"key": "ring", "role": "drill", "task": "ring", "after": ["b", "c"], "timeout": TIMEOUT, "attempts": 20},
        {"key": "e", "role": "drill", "task": "work", "after": ["ring"], "timeout": TIMEOUT, "attempts": 20},
    ],
}


def set_up() -> None:
    from django.core.management import call_command

    from agents import templates
    from approvals import bounds, policies, rulebook
    from ledger import chain
    from ledger.actors import Actor
    from ledger.importing import importing
    from ledger.models import LegalEntity
    from ledger.rights import Role
    from tests.cast import make_person

    call_command("createcachetable", verbosity=0)
    entity = LegalEntity.objects.create(
        code="HQ",
        name="Headquarters",
        base_currency="USD",
        country="US",
        time_zone="UTC",
        log=chain.begin("main", origin=chain.fresh_origin("procure.example/drill")),
    )
    people = [make_person(name, Role.APPROVER, Role.ADMINISTRATOR, entity=entity) for name in ("ada", "amir")]
    document = rulebook.shipped()
    document["rules"].append(
        {
            "key": "drill",
            "checkpoint": "Drill",
            "effect": "pass",
            "commands": ["RingBell"],
            "reason": "Bells may be rung in a drill.",
        }
    )
    policies.publish_genesis(entity=entity, by=people, document=document)
    bounds.set_up_shipped(entity)
    limits = {"max_amount": None, "max_per_day": None, "rate_per_hour": 1_000_000, "suppliers_per_event": 1}
    with importing("drill bounds", "0" * 64):
        bounds._add(entity, "drill", 1, commands=["RingBell"], tiers=["rules"], on=True, **limits)
    templates.publish(name="drill", definition=TEMPLATE, actor=Actor.system("drill"), entity=entity)


def start(first: int, end: int) -> list[str]:
    from agents import plans
    from ledger.actors import Actor
    from ledger.command import ObjectRef
    from ledger.models import LegalEntity

    entity = LegalEntity.objects.get()
    return [
        plans.start(
            template="drill",
            subject=ObjectRef("requisition", f"PR-{place:05d}"),
            entity=entity,
            actor=Actor.system("drill"),
            start_key=f"drill-{place}",
        ).reference
        for place in range(first, end)
    ]


def unfinished() -> int:
    from agents.models import Plan
    from ledger.models import Effect

    live = Plan.objects.filter(status__in=Plan.LIVE).count()
    return live + Effect.objects.filter(status__in=(Effect.Status.WAITING, Effect.Status.CALLING)).count()


def check() -> list[str]:
    """Everything that does not hold; nothing, after any faults."""
    from agents.models import Plan, Step, StepAttempt
    from approvals.models import Proposal
    from ledger import replay, verification
    from ledger.command import digest
    from ledger.models import Effect, Entry

    wrong = []
    statuses = Counter(Plan.objects.values_list("status", flat=True))
    if set(statuses) - {"done"}:
        told = Counter(Step.objects.exclude(waiting_for="").values_list("waiting_for", flat=True)).most_common(2)
        judged = Counter(str(each.judgement.fired) for each in Proposal.objects.exclude(judgement=None)[:50])
        wrong.append(f"waiting for {told}, judged {judged.most_common(2)}")
        reasons = Counter(Plan.objects.exclude(status="done").values_list("reason", flat=True)).most_common(3)
        wrong.append(f"plans not done: {dict(statuses)}, {reasons}")
    steps = Counter(Step.objects.values_list("status", flat=True))
    if set(steps) - {"done"}:
        wrong.append(f"steps not done: {dict(steps)}")
    rung = Counter(Path(os.environ["DRILL_JOURNAL"]).read_text().split())
    wanted = {digest({"bell": each}) for each in Plan.objects.values_list("reference", flat=True)}
    if twice := [key for key, times in rung.items() if times > 1]:
        wrong.append(f"{len(twice)} bells rang more than once")
    if set(rung) != wanted:
        wrong.append(f"{len(wanted - set(rung))} bells did not ring, {len(set(rung) - wanted)} rang unasked")
    effects = Counter(Effect.objects.values_list("status", flat=True))
    if set(effects) - {"confirmed"}:
        wrong.append(f"effects: {dict(effects)}")
    starts = Counter(Path(os.environ["DRILL_STARTS"]).read_text().split())
    counted = {
        f"{plan}/{key}": had for plan, key, had in Step.objects.values_list("plan__reference", "key", "attempts")
    }
    if uncounted := [each for each, seen in starts.items() if seen > counted.get(each, 0)]:
        wrong.append(f"{len(uncounted)} steps started more often than counted, such as {uncounted[0]}")
    rows = StepAttempt.objects.count()
    if rows != sum(counted.values()):
        wrong.append(f"{rows} attempts are written down, {sum(counted.values())} were counted")
    finished = Entry.objects.filter(kind="plan.finished").count()
    if finished != len(wanted):
        wrong.append(f"{finished} plans finished in the journal, of {len(wanted)}")
    ended = Entry.objects.filter(kind="step.finished").count()
    if ended != Step.objects.count():
        wrong.append(f"{ended} steps finished in the journal, of {Step.objects.count()}")
    if not (found := verification.verify()).valid:
        wrong.append(f"the ledger: {found}")
    kinds = {"plan", "proposal"}
    if differing := [each for each in replay.differences() if each.kind in kinds]:
        wrong.append(f"{len(differing)} rows differ from the journal, such as {differing[0]}")
    return wrong


def main() -> None:
    django.setup()
    verb, *more = sys.argv[1:]
    found = {"set-up": set_up, "open": unfinished, "check": check}.get(verb) or (lambda: start(*map(int, more)))
    print(json.dumps(found()))


if __name__ == "__main__":
    main()
