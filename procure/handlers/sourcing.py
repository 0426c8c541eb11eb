"""Inviting, cancelling, awarding, revoking."""

from __future__ import annotations

from django.utils.translation import gettext as _

from ledger import clock, numbering
from ledger.actors import Actor
from ledger.authority import Authority, check
from ledger.command import Carried
from ledger.models import LegalEntity
from procure import entries, messages
from procure.commands import AwardEvent, CancelEvent, InviteSuppliers, RevokeAward
from procure.errors import WrongState
from procure.models import Award, AwardLine, Order, Requisition, SourcingEvent
from procure.queries import one_of
from procure.sourcing import events, quoted


def _event(reference: str, entity: LegalEntity) -> SourcingEvent:
    held = SourcingEvent.objects.select_for_update(of=("self",)).select_related("entity", "requisition")
    return one_of(held.filter(entity=entity), _("sourcing event"), reference)


def invite_suppliers(
    command: InviteSuppliers, *, authority: Authority, actor: Actor, entity: LegalEntity, cause: int
) -> Carried:
    check(authority)
    held = Requisition.objects.select_for_update(of=("self",)).select_related("entity").filter(entity=entity)
    requisition = one_of(held, _("requisition"), command.requisition)
    if requisition.status not in (Requisition.Status.RAISED, Requisition.Status.SOURCING):
        raise WrongState(_("%s is not waiting for suppliers.") % requisition.reference)
    published = events.publish(
        requisition,
        title=command.title,
        vendors=command.vendors,
        deadline_hours=command.deadline_hours,
        currency=command.currency,
        incoterm=command.incoterm,
        actor=actor,
        cause=cause,
    )
    for invitation in published.invitations:
        messages.post_invitation(invitation, cause=cause)
    requisition.status = Requisition.Status.SOURCING
    requisition._change_reason = authority.reference
    requisition.save()
    reference = published.event.reference
    return Carried(
        result={"event": reference, "invitations": [each.pk for each in published.invitations]},
        objects=(entries.of_event(published.event),),
        compensation=CancelEvent(event=reference, reason=_("The invitation is undone.")),
    )


def cancel_event(
    command: CancelEvent, *, authority: Authority, actor: Actor, entity: LegalEntity, cause: int
) -> Carried:
    check(authority)
    event = _event(command.event, entity)
    events.cancel(event, reason=command.reason, actor=actor, cause=cause)
    for invitation in event.invitations.select_related("vendor", "event__entity"):
        messages.take_back_invitation(invitation, cause=cause)
    requisition = event.requisition
    if requisition.status == Requisition.Status.SOURCING and not _others_live(event):
        requisition.status = Requisition.Status.RAISED
        requisition._change_reason = authority.reference
        requisition.save()
    return Carried(result={"event": event.reference}, objects=(entries.of_event(event),))


def _others_live(event: SourcingEvent) -> bool:
    return event.requisition.events.exclude(pk=event.pk).exclude(status=SourcingEvent.Status.CANCELLED).exists()


def award_event(command: AwardEvent, *, authority: Authority, actor: Actor, entity: LegalEntity, cause: int) -> Carried:
    check(authority)
    event = _event(command.event, entity)
    quoted_lines = quoted.awarded_lines(event, command.lines)
    claimed = SourcingEvent.objects.filter(pk=event.pk, status=SourcingEvent.Status.OPENED)
    if not claimed.update(status=SourcingEvent.Status.AWARDED):
        raise WrongState(_("%s is not waiting for an award.") % event.reference)
    event.refresh_from_db()
    award = Award.objects.create(
        reference=numbering.take("AWD"), entity=entity, event=event, reason=command.reason, made_at=clock.now()
    )
    for line, offer in zip(command.lines, quoted_lines, strict=True):
        AwardLine.objects.create(
            award=award,
            event_line=offer.event_line,
            vendor=offer.opened_bid.vendor,
            quantity=line.quantity,
            unit_price=line.unit_price,
            currency=line.currency,
        )
    entries.award_fact(
        "made",
        award,
        actor=actor,
        causes=[cause],
        data={"lines": [line.model_dump() for line in command.lines]},
        words={"reason": command.reason},
    )
    return Carried(
        result={"award": award.reference},
        objects=(entries.of_event(event),),
        compensation=RevokeAward(award=award.reference, reason=_("The award is undone.")),
    )


def revoke_award(
    command: RevokeAward, *, authority: Authority, actor: Actor, entity: LegalEntity, cause: int
) -> Carried:
    check(authority)
    held = Award.objects.select_related("event__entity", "entity").filter(entity=entity)
    award = one_of(held, _("award"), command.award)
    if Order.objects.filter(event=award.event, status=Order.Status.ISSUED).exists():
        raise WrongState(_("An order stands on %s: cancel it first.") % award.reference)
    if not Award.objects.filter(pk=award.pk, status=Award.Status.MADE).update(status=Award.Status.REVOKED):
        raise WrongState(_("%s is revoked already.") % award.reference)
    award.refresh_from_db(fields=["status"])
    SourcingEvent.objects.filter(pk=award.event_id, status=SourcingEvent.Status.AWARDED).update(
        status=SourcingEvent.Status.OPENED
    )
    entries.award_fact("revoked", award, actor=actor, causes=[cause], words={"reason": command.reason})
    return Carried(result={"award": award.reference}, objects=(entries.of_event(award.event),))
