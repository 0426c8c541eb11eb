"""Who sees which rows: staff sees its entity's, a requester sees what they asked for. The rest looks absent."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from agents.models import Plan
from approvals.models import Proposal
from ledger import rights
from ledger.errors import NotFound
from ledger.models import LegalEntity, Person, Source
from procure.models import Notice, Order, Requisition, SourcingEvent


def sees_all(person: Person) -> bool:
    return rights.person_may(person, "ledger.view")


def requisitions(person: Person) -> QuerySet[Requisition]:
    rows = Requisition.objects.filter(entity=person.entity)
    return rows if sees_all(person) else rows.filter(requested_by=person)


def plans(person: Person) -> QuerySet[Plan]:
    rows = Plan.objects.filter(entity=person.entity)
    return rows if sees_all(person) else rows.filter(requested_by=person)


def events(person: Person) -> QuerySet[SourcingEvent]:
    rows = SourcingEvent.objects.filter(entity=person.entity)
    return rows if sees_all(person) else rows.filter(requisition__requested_by=person)


def orders(person: Person) -> QuerySet[Order]:
    rows = Order.objects.filter(entity=person.entity)
    return rows if sees_all(person) else rows.filter(requisition__requested_by=person)


def notices(person: Person) -> QuerySet[Notice]:
    """Staff's alone: what one supplier announced is nobody else's business."""
    rows = Notice.objects.filter(entity=person.entity)
    return rows if rights.person_may(person, "records.view") else rows.none()


def proposals(person: Person) -> QuerySet[Proposal]:
    rows = Proposal.objects.filter(entity=person.entity)
    if sees_all(person):
        return rows
    return rows.filter(Q(requested_by=person) | Q(author_kind="human", author_id=str(person.pk)))


def one(rows: QuerySet[Any], reference: str) -> Any:
    """The row of that number among those one may see; a foreign one is answered like an absent one."""
    found = rows.filter(reference=reference).first()
    if found is None:
        raise NotFound(_("There is no “%(reference)s”, or you may not see it.") % {"reference": reference[:40]})
    return found


def may_read_source(person: Person, source: Source, entity: LegalEntity) -> bool:
    """One's own words always; other outside text with the right to see the ledger."""
    if source.origin == f"user:{person.pk}" or Requisition.objects.filter(source=source, requested_by=person).exists():
        return True
    return sees_all(person) and not Requisition.objects.filter(source=source).exclude(entity=entity).exists()
