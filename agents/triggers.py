"""Follows the journal and does what the trigger rules say: starts plans, and has running ones look again.

Exactly once for each entry and rule, whoever reads it and however often. A plan by itself changes nothing outside.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, transaction

from agents import concerns, crashpoints, happenings, plans, reconsidering, templates, trigger_rules, trigger_versions
from agents.happenings import FACTS, Happening
from agents.models import Plan
from agents.trigger_rules import Rule
from ledger import chain, clock, feed
from ledger.actors import Actor
from ledger.command import digest
from ledger.errors import LedgerUnavailable, NotFound
from ledger.models import Cursor, Entry, LedgerHead, LegalEntity, Person

log = logging.getLogger(__name__)
CURSOR = "triggers"
ACTOR = Actor.system("triggers")
#: Plans of one template that rules start for one object within `WITHIN`: a rule whose plans bring about what it
#: listens to comes to rest here.
MOST_STARTED, WITHIN = 5, timedelta(days=1)
#: Whatever else goes wrong would go wrong again: it is told in the log and holds up no other rule.
PASSING = (DatabaseError, LedgerUnavailable)


def due() -> bool:
    return any(_behind(each) for each in _logs())


def answer() -> int:
    """Reads on in every log. Returns how many plans were started or looked again."""
    return sum(_follow(each) for each in _logs())


def _logs() -> list[str]:
    return list(LedgerHead.objects.order_by("log").values_list("log", flat=True))


def _follow(log_name: str) -> int:
    moved = 0
    rules: dict[str, tuple[LegalEntity, list[Rule]]] = {}
    while _behind(log_name):
        entries = feed.read(CURSOR, log=log_name)
        for entry in entries:
            if entry.kind in FACTS:
                moved += _apply(entry, rules)
        if not entries:
            break
        feed.advance(CURSOR, log=log_name, to=entries[-1].seq)
        crashpoints.reach("followed")
    return moved


def _behind(log_name: str) -> bool:
    cursor = Cursor.objects.filter(name=CURSOR, log=log_name).first()
    return LedgerHead.objects.filter(log=log_name, seq__gt=cursor.seq if cursor else 0).exists()


def _apply(entry: Entry, known: dict[str, tuple[LegalEntity, list[Rule]]]) -> int:
    body = chain.read(entry)
    code = body["entity"]
    if code not in known:
        entity = LegalEntity.objects.get(code=code)
        known[code] = entity, trigger_versions.in_force(entity)
    entity, rules = known[code]
    happening = happenings.read(body)
    moved = sum(_tried(_start, rule, happening, entry, entity, body) for rule in rules if rule.start)
    told: set[int] = set()
    for rule in rules:
        if rule.reconsider:
            moved += _tried(_reconsider, rule, happening, entry, entity, told)
    return moved


def _tried(act: Callable[..., int], rule: Rule, happening: Happening, entry: Entry, *more: Any) -> int:
    try:
        return act(rule, happening, entry, *more) if trigger_rules.holds(rule, happening) else 0
    except PASSING:
        raise
    except Exception:
        log.exception("entry %s: the trigger rule %s was not followed", entry, rule.name)
        return 0


def _start(rule: Rule, happening: Happening, entry: Entry, entity: LegalEntity, body: Mapping[str, Any]) -> int:
    subject = next(iter(happening.named([rule.subject])), None)
    if subject is None:
        return 0
    key = digest({"log": entry.log_id, "seq": entry.seq, "template": rule.start})
    if Plan.objects.filter(start_key=key).exists() or _too_many(rule, subject.kind, subject.key, entity):
        return 0
    person = next(
        (each["id"] for each in (body.get("on_behalf_of"), body["actor"]) if each and each["kind"] == "human"), None
    )
    with transaction.atomic():
        plans.start(
            template=_template(entity, rule.start),
            subject=subject,
            entity=entity,
            actor=ACTOR,
            requested_by=Person.objects.filter(pk=person).first() if person else None,
            start_key=key,
            causes=[entry.seq],
        )
    crashpoints.reach("triggered")
    return 1


def _too_many(rule: Rule, kind: str, key: str, entity: LegalEntity) -> bool:
    lately = Plan.objects.filter(entity=entity, subject_kind=kind, subject_key=key, template__name=rule.start)
    lately = lately.filter(start_key__isnull=False, started_at__gt=clock.now() - WITHIN)
    if lately.count() < MOST_STARTED:
        return False
    log.warning("the trigger rule %s has started enough plans for %s %s today", rule.name, kind, key)
    return True


def _template(entity: LegalEntity, name: str):
    try:
        return templates.in_force(entity, name)
    except NotFound:
        templates.publish_shipped(entity)
        return templates.in_force(entity, name)


def _reconsider(rule: Rule, happening: Happening, entry: Entry, entity: LegalEntity, told: set[int]) -> int:
    """Each plan in a transaction of its own; `told` are those that another rule has told of this entry."""
    about = happening.named(rule.reconsider)
    found = concerns.live_plans(about, entity=entity).exclude(pk__in=told).select_related("entity")
    return sum(_look_again(plan, happening, about, entry, told) for plan in found)


def _look_again(plan: Plan, happening: Happening, about: Iterable[Any], entry: Entry, told: set[int]) -> bool:
    told.add(plan.pk)
    try:
        return reconsidering.reconsider(plan, happening, tuple(about), happened_at=entry.time)
    except PASSING:
        raise
    except Exception:
        log.exception("entry %s: %s could not look again", entry, plan.reference)
        return False
