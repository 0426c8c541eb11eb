"""What this floor writes into the journal: one function per fact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.journal import record
from ledger.models import Effect, Entry
from ledger.personal import Personal, person, vendor
from procure import live
from procure.models import (
    Award,
    Bid,
    BidVersion,
    Budget,
    Commitment,
    Invitation,
    Notice,
    OpenedBid,
    Order,
    Requisition,
    SourcingEvent,
)


def of_requisition(requisition: Requisition) -> ObjectRef:
    return ObjectRef("requisition", requisition.reference)


def of_event(event: SourcingEvent) -> ObjectRef:
    return ObjectRef("event", event.reference)


def of_order(order: Order) -> ObjectRef:
    return ObjectRef("order", order.reference, str(order.current_version))


def of_invitation(invitation: Invitation) -> ObjectRef:
    return ObjectRef("invitation", str(invitation.pk))


def of_budget(budget: Budget) -> ObjectRef:
    return ObjectRef("budget", live.budget_key(budget))


def requisition_fact(
    what: str,
    requisition: Requisition,
    *,
    actor: Actor,
    data: dict[str, Any] | None = None,
    causes: Sequence[int] = (),
    on_behalf_of: Actor | None = None,
    personal: Personal | None = None,
    words: Mapping[str, str] | None = None,
) -> Entry:
    """`what` is captured, read, answered, raised or withdrawn; reading and raising put its lines anew. What was said
    goes into `personal` or `words`."""
    state = live.requisition(requisition)
    if what in ("read", "raised"):
        state["lines"] = live.needed(requisition.lines.select_related("item"))
    return record(
        f"requisition.{what}",
        actor=actor,
        entity=requisition.entity,
        objects=[of_requisition(requisition)],
        data={**state, **(data or {})},
        causes=causes,
        on_behalf_of=on_behalf_of,
        personal=personal,
        words=words,
    )


def event_fact(
    what: str,
    event: SourcingEvent,
    *,
    actor: Actor,
    data: dict[str, Any] | None = None,
    causes: Sequence[int] = (),
    objects: Iterable[ObjectRef] = (),
    words: Mapping[str, str] | None = None,
) -> Entry:
    """`what` is mails_sent_now, closed, opened, opening_failed or cancelled."""
    return record(
        f"event.{what}",
        actor=actor,
        entity=event.entity,
        objects=[of_event(event), of_requisition(event.requisition), *objects],
        data={"status": event.status, **(data or {})},
        words=words,
        causes=causes,
    )


def event_published(event: SourcingEvent, *, invited: Sequence[str], actor: Actor, causes: Sequence[int]) -> Entry:
    """What was asked, of whom, until when; and that its requisition is being sourced."""
    return event_fact(
        "published",
        event,
        actor=actor,
        causes=causes,
        data={
            **live.event(event),
            "lines": live.asked(event.lines.select_related("item")),
            "invited": list(invited),
            "requisition_status": event.requisition.status,
        },
        objects=[ObjectRef("vendor", key) for key in invited],
    )


def invitation_fact(
    what: str,
    invitation: Invitation,
    *,
    actor: Actor,
    personal: Personal | None = None,
    words: Mapping[str, str] | None = None,
) -> Entry:
    """`what` is sent, sent_again, opened, declined or revoked; never the token."""
    event = invitation.event
    return record(
        f"invitation.{what}",
        actor=actor,
        entity=event.entity,
        objects=[of_invitation(invitation), of_event(event), ObjectRef("vendor", invitation.vendor.key)],
        personal=personal,
        words=words,
    )


def bid_submitted(bid: Bid, version: BidVersion, *, actor: Actor) -> Entry:
    event = bid.invitation.event
    return record(
        "bid.submitted",
        actor=actor,
        entity=event.entity,
        objects=[ObjectRef("bid", str(bid.pk), str(version.number)), of_event(event), of_invitation(bid.invitation)],
        commitments={"quote": version.commitment},
        data={"version": version.number, "vendor": bid.invitation.vendor.key},
    )


def bid_expired(opened: OpenedBid, *, today: date) -> Entry:
    """Its validity had ended by this business date, and nobody had awarded the event."""
    version, event = opened.version, opened.event
    return record(
        "bid.expired",
        actor=Actor.system("clock"),
        entity=event.entity,
        objects=[
            ObjectRef("bid", str(version.bid_id), str(version.number)),
            of_event(event),
            ObjectRef("vendor", opened.vendor.key),
        ],
        data={"validity_until": opened.validity_until, "business_date": today, "vendor": opened.vendor.key},
    )


def notice_recorded(notice: Notice, *, actor: Actor) -> Entry:
    """Somebody here was told of a change; what they wrote about it are their words."""
    about = [ObjectRef(kind, each.key) for kind, each in (("vendor", notice.vendor), ("item", notice.item)) if each]
    return record(
        "notice.recorded",
        actor=actor,
        entity=notice.entity,
        objects=[ObjectRef("notice", notice.reference), *about],
        data=live.notice(notice),
        words={"text": notice.text},
    )


def award_fact(
    what: str,
    award: Award,
    *,
    actor: Actor,
    causes: Sequence[int],
    data: dict[str, Any] | None = None,
    words: Mapping[str, str] | None = None,
) -> Entry:
    """`what` is made or revoked; either moves the event, and says where to."""
    return record(
        f"award.{what}",
        actor=actor,
        entity=award.entity,
        objects=[ObjectRef("award", award.reference), of_event(award.event)],
        data={"status": award.status, "event_status": award.event.status, **(data or {})},
        words=words,
        causes=causes,
    )


def order_fact(
    what: str,
    order: Order,
    *,
    actor: Actor,
    causes: Sequence[int],
    data: dict[str, Any] | None = None,
    words: Mapping[str, str] | None = None,
) -> Entry:
    """`what` is issued, changed or cancelled; the first two tell the version in force in full."""
    state = live.order(order)
    if what in ("issued", "changed"):
        version = order.versions.get(number=order.current_version)
        state |= live.said(version, version.lines.select_related("item"))
    objects = [of_order(order), ObjectRef("vendor", order.vendor.key)]
    objects += [of_requisition(order.requisition)] if order.requisition else []
    objects += [of_event(order.event)] if order.event else []
    return record(
        f"order.{what}",
        actor=actor,
        entity=order.entity,
        objects=objects,
        data={**state, **(data or {})},
        words=words,
        causes=causes,
    )


def erp_fact(what: str, order: Order, *, effect: Effect, data: dict[str, Any], reason: str = "") -> Entry:
    """`what` is confirmed, refused, unknown or cancelled. An ERP that explains itself may repeat what we sent it."""
    whose = person(order.requisition.requested_by_id) if order.requisition else vendor(order.vendor.key)
    return record(
        f"erp.{what}",
        actor=Actor.system("erp"),
        entity=order.entity,
        objects=[of_order(order), ObjectRef("effect", effect.effect_key)],
        data={"purpose": effect.purpose, **data},
        personal={whose: {"reason": reason}},
        effect_key=effect.effect_key,
        causes=[effect.cause_seq] if effect.cause_seq else (),
    )


def budget_fact(
    what: str,
    budget: Budget,
    *,
    actor: Actor,
    causes: Sequence[int],
    commitment: Commitment | None = None,
    data: dict[str, Any] | None = None,
) -> Entry:
    """`what` is committed, released or changed."""
    objects = [of_budget(budget)]
    details = {"amount": budget.amount, "committed": budget.committed, "currency": budget.currency, **(data or {})}
    if commitment is not None:
        objects.append(ObjectRef(commitment.object_kind, commitment.object_key))
        objects.append(ObjectRef("commitment", str(commitment.pk)))
        details["for"] = f"{commitment.object_kind}/{commitment.object_key}"
        details["commitment"] = commitment.amount
    return record(f"budget.{what}", actor=actor, entity=budget.entity, objects=objects, data=details, causes=causes)
