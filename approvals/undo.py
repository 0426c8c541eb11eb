"""Undo: a proposal of the declared compensations in reverse, judged and decided like any other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from approvals import compensation, proposals
from approvals.errors import CannotUndo
from approvals.models import Proposal, Undo
from ledger import clock, rights
from ledger.actors import Actor, ActorKind
from ledger.errors import InvalidInput, NotFound
from ledger.models import Person


@dataclass(frozen=True, slots=True)
class WayBack:
    """Whether and until when something carried out can still be undone, and how, in words."""

    possible: bool
    how: tuple[str, ...]
    until: datetime | None
    why_not: str = ""


def way_back(proposal: Proposal) -> WayBack:
    if proposal.status != Proposal.Status.CARRIED_OUT:
        return WayBack(False, (), None, _("Only what was carried out, and not undone yet, can be undone."))
    rows = compensation.rows(proposal)
    how = tuple(row.how for row in rows)
    stuck = [row.kind for row in rows if row.compensation is None]
    if stuck or not rows:
        return WayBack(False, how, None, _("Cannot be undone: %(kinds)s.") % {"kinds": ", ".join(stuck)})
    until = min((row.undo_until for row in rows if row.undo_until is not None), default=None)
    if until is not None and until <= clock.now():
        return WayBack(
            False, how, until, _("The time to undo this ended on %(at)s.") % {"at": f"{until:%Y-%m-%d %H:%M} UTC"}
        )
    return WayBack(True, how, until)


def propose(proposal: Proposal, *, actor: Actor, reason: str, plan: dict[str, Any] | None = None) -> Proposal:
    """The same undo asked for twice is one proposal, until it is rejected or withdrawn. A person needs the right to
    undo; an agent is held to its bounds, and the policy lets it undo nothing without a person."""
    person = _person(proposal, actor) if actor.kind != ActorKind.AGENT else None
    if not reason.strip():
        raise InvalidInput(_("Say why this is undone."))
    with transaction.atomic():
        held = proposals.hold(proposal)
        waiting = held.undo_proposals.filter(status__in=Proposal.LIVE).first()
        if waiting is not None:
            return waiting
        back = way_back(held)
        if not back.possible:
            raise CannotUndo(back.why_not)
        undoing = proposals.propose(
            commands=compensation.declared(held),
            actor=actor,
            entity=held.entity,
            rationale=reason,
            requested_by=person or held.requested_by,
            # The way back was declared to the byte: an agent that proposes it judges nothing.
            confidence=None if person else Decimal(1),
            plan=plan,
            undo_of=held,
        )
        if person is not None:
            Undo.objects.create(
                original=held, proposal=undoing, asked_by=person, reason=reason, asked_at=undoing.made_at
            )
    return undoing


def _person(proposal: Proposal, actor: Actor) -> Person:
    rights.require(actor, "proposal.undo")
    person = Person.objects.get(pk=actor.id)
    if person.entity_id not in (None, proposal.entity_id):
        raise NotFound()
    return person
