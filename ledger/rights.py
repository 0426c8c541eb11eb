"""Who may do what: one declared table. Verbs ask `require`; pages ask `may` to show or hide."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from ledger.actors import Actor
from ledger.errors import NotAllowed
from ledger.models import Person


class Role(models.TextChoices):
    """A person's groups carry these names."""

    REQUESTER = "requester", _("Requester")
    BUYER = "buyer", _("Procurement staff")
    APPROVER = "approver", _("Approver")
    ADMINISTRATOR = "administrator", _("Administrator")
    AUDITOR = "auditor", _("Auditor")


EVERYONE = frozenset(Role)
#: right -> roles that hold it. Being superuser adds nothing here.
RIGHTS: dict[str, frozenset[str]] = {
    "requisition.capture": frozenset({Role.REQUESTER, Role.BUYER, Role.APPROVER, Role.ADMINISTRATOR}),
    "requisition.answer": frozenset({Role.REQUESTER, Role.BUYER, Role.ADMINISTRATOR}),
    "proposal.make": frozenset({Role.REQUESTER, Role.BUYER, Role.APPROVER, Role.ADMINISTRATOR}),
    "proposal.view": EVERYONE,
    "proposal.decide": frozenset({Role.BUYER, Role.APPROVER, Role.ADMINISTRATOR}),
    "proposal.undo": frozenset({Role.BUYER, Role.APPROVER, Role.ADMINISTRATOR}),
    "event.manage": frozenset({Role.BUYER, Role.ADMINISTRATOR}),
    "event.open_bids": frozenset({Role.BUYER, Role.ADMINISTRATOR}),
    "invitation.revoke": frozenset({Role.BUYER, Role.ADMINISTRATOR}),
    "notice.record": frozenset({Role.BUYER, Role.ADMINISTRATOR}),
    "plan.manage": frozenset({Role.BUYER, Role.ADMINISTRATOR}),
    "edge.manage": frozenset({Role.ADMINISTRATOR}),
    "erp.manage": frozenset({Role.BUYER, Role.ADMINISTRATOR}),
    "erp.configure": frozenset({Role.ADMINISTRATOR}),
    "effect.resolve": frozenset({Role.BUYER, Role.ADMINISTRATOR}),
    "policy.edit": frozenset({Role.ADMINISTRATOR}),
    "template.edit": frozenset({Role.ADMINISTRATOR}),
    "bounds.edit": frozenset({Role.ADMINISTRATOR}),
    "switch.stop": frozenset({Role.BUYER, Role.APPROVER, Role.ADMINISTRATOR}),
    "switch.start": frozenset({Role.ADMINISTRATOR}),
    "clock.confirm": frozenset({Role.ADMINISTRATOR}),
    "people.manage": frozenset({Role.ADMINISTRATOR}),
    "bank_details.change": frozenset({Role.BUYER, Role.ADMINISTRATOR}),
    "personal.erase": frozenset({Role.ADMINISTRATOR}),
    "tenant.import": frozenset({Role.ADMINISTRATOR}),
    "records.view": frozenset({Role.BUYER, Role.APPROVER, Role.ADMINISTRATOR, Role.AUDITOR}),
    "ledger.view": frozenset({Role.AUDITOR, Role.ADMINISTRATOR, Role.BUYER, Role.APPROVER}),
    "ledger.checkpoint": frozenset({Role.AUDITOR, Role.ADMINISTRATOR}),
    "ledger.export": frozenset({Role.AUDITOR, Role.ADMINISTRATOR}),
}


#: Whoever types manage.py on the machine holds database and keys anyway; what it changes names this actor.
OPERATOR = Actor.system("operator")
OPERATOR_RIGHTS = frozenset({"ledger.checkpoint", "ledger.export"})


def person_may(person: Person, right: str) -> bool:
    return person.is_active and not RIGHTS[right].isdisjoint(person.role_names)


def may(actor: Actor, right: str) -> bool:
    """Agents, suppliers and the system hold none of these rights: they have doors of their own. See OPERATOR."""
    if actor == OPERATOR:
        return right in OPERATOR_RIGHTS
    if actor.person_id is None:
        return False
    person = Person.objects.filter(pk=actor.person_id).first()
    return person is not None and person_may(person, right)


def require(actor: Actor, right: str) -> None:
    if not may(actor, right):
        raise NotAllowed(f"{actor.name or actor.id} does not have the right “{right}”. Ask an administrator for it.")
