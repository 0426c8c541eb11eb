"""Follows the journal and starts plans. Rules are data; a plan by itself changes nothing outside."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from django.db import transaction

from agents import crashpoints, plans, templates
from ledger import chain, feed
from ledger.actors import Actor
from ledger.command import ObjectRef, digest
from ledger.errors import DomainError, NotFound
from ledger.models import Cursor, Entry, LedgerHead, LegalEntity, Person

log = logging.getLogger(__name__)
CURSOR = "triggers"
ACTOR = Actor.system("triggers")


@dataclass(frozen=True, slots=True)
class Rule:
    """When the journal says `fact`, start `template` for the object of kind `subject` that the entry names."""

    fact: str
    template: str
    subject: str


RULES = (Rule(fact="requisition.captured", template="intake-to-order", subject="requisition"),)


def due() -> bool:
    return any(_behind(each) for each in _logs())


def answer() -> int:
    """Reads on in every log. Returns how many plans were started."""
    return sum(_follow(each) for each in _logs())


def _logs() -> list[str]:
    return list(LedgerHead.objects.order_by("log").values_list("log", flat=True))


def _follow(log_name: str) -> int:
    started = 0
    while _behind(log_name):
        entries = feed.read(CURSOR, log=log_name)
        for entry in entries:
            for rule in RULES:
                started += entry.kind == rule.fact and _start(rule, entry)
        if not entries:
            break
        feed.advance(CURSOR, log=log_name, to=entries[-1].seq)
        crashpoints.reach("followed")
    return started


def _behind(log_name: str) -> bool:
    cursor = Cursor.objects.filter(name=CURSOR, log=log_name).first()
    return LedgerHead.objects.filter(log=log_name, seq__gt=cursor.seq if cursor else 0).exists()


def _start(rule: Rule, entry: Entry) -> bool:
    """Once per entry and rule, whoever reads it and however often. A rule that cannot start holds up no other."""
    body = chain.read(entry)
    entity = LegalEntity.objects.get(code=body["entity"])
    subject = next((each for each in body["objects"] if each["kind"] == rule.subject), None)
    if subject is None:
        return False
    person = next(
        (each["id"] for each in (body.get("on_behalf_of"), body["actor"]) if each and each["kind"] == "human"), None
    )
    try:
        with transaction.atomic():
            plans.start(
                template=_template(entity, rule.template),
                subject=ObjectRef(rule.subject, subject["key"]),
                entity=entity,
                actor=ACTOR,
                requested_by=Person.objects.filter(pk=person).first() if person else None,
                start_key=digest({"log": entry.log_id, "seq": entry.seq, "template": rule.template}),
                causes=[entry.seq],
            )
    except DomainError:
        log.exception("entry %s started no %s", entry, rule.template)
        return False
    crashpoints.reach("triggered")
    return True


def _template(entity: LegalEntity, name: str):
    try:
        return templates.in_force(entity, name)
    except NotFound:
        templates.publish_shipped(entity)
        return templates.in_force(entity, name)
