"""What an agent role may propose: reads the bounds in force. Writing them is another room's work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from django.db.models import QuerySet, Sum
from django.utils.translation import gettext as _

from approvals.errors import OutOfBounds
from approvals.matter import Matter
from approvals.models import Bounds, Proposal, Spend
from ledger import switches
from ledger.actors import ActorKind
from ledger.chain import read
from ledger.models import Effect, Entry, LegalEntity

DAY = timedelta(hours=24)
HOUR = timedelta(hours=1)
#: How far back the proposal behind an effect is looked for.
MOST_CAUSES = 30
#: Did not and will not happen.
DEAD = (Proposal.Status.REJECTED, Proposal.Status.WITHDRAWN, Proposal.Status.BLOCKED, Proposal.Status.UNDONE)


def of(role: str, entity: LegalEntity) -> Bounds | None:
    return Bounds.objects.filter(entity=entity, role=role, in_force=True).first()


def require(role: str, kinds: Sequence[str], entity: LegalEntity) -> None:
    """Refuses what the role may not propose at all; raises `OutOfBounds` or `Stopped`."""
    switches.check(f"role:{role}")
    bounds = of(role, entity)
    if bounds is None or not bounds.on:
        raise OutOfBounds(_("The agent “%(role)s” is switched off or has no bounds yet.") % {"role": role})
    if foreign := [kind for kind in kinds if kind not in bounds.commands]:
        raise OutOfBounds(
            _("The agent “%(role)s” may not propose %(kinds)s. An administrator can adjust its bounds.")
            % {"role": role, "kinds": ", ".join(foreign)}
        )


def violations(matter: Matter) -> list[str]:
    """Which bounds this oversteps, in words; empty when none. Windows end when the proposal was made."""
    bounds = of(matter.author.id, matter.entity)
    if bounds is None or not bounds.on:
        return [_("the role is switched off")]
    beyond = [k for k in matter.kinds if k not in bounds.commands and matter.undo_of is None]
    found = [_("%(kind)s is not among its commands") % {"kind": k} for k in beyond]
    found += _money(matter, bounds)
    if matter.kinds and len(matter.vendor_keys) > bounds.suppliers_per_event:
        found.append(
            _("%(count)d suppliers; the bound is %(bound)d")
            % {"count": len(matter.vendor_keys), "bound": bounds.suppliers_per_event}
        )
    if (made := _made(matter, HOUR).count() + 1) > bounds.rate_per_hour:
        found.append(
            _("%(made)d proposals in an hour; the bound is %(bound)d") % {"made": made, "bound": bounds.rate_per_hour}
        )
    return found


def _money(matter: Matter, bounds: Bounds) -> list[str]:
    if bounds.currency != matter.entity.base_currency:
        return [_("its bounds are in %(currency)s, which is not the base currency") % {"currency": bounds.currency}]
    found = []
    for value, bound, text in (
        (matter.amount, bounds.max_amount, _("%(value)s is above %(bound)s for one action")),
        (spend_today(matter) if matter.spends else None, bounds.max_per_day, _("%(value)s is above %(bound)s a day")),
    ):
        if value is not None and bound is not None and value > bound:
            found.append(text % {"value": f"{value:,.2f}", "bound": f"{bound:,.2f}"})
    return found


def spend_today(matter: Matter) -> Decimal:
    """New money that this role proposed in the 24 hours up to this proposal, itself included."""
    earlier = Spend.objects.filter(proposal__in=_made(matter, DAY).exclude(status__in=DEAD))
    total = earlier.aggregate(total=Sum("amount"))["total"] or Decimal(0)
    return total + sum((each.amount for each in matter.new_spends), Decimal(0))


def _made(matter: Matter, window: timedelta) -> QuerySet[Proposal]:
    """Other proposals of this role in the window."""
    found = Proposal.objects.filter(
        entity=matter.entity,
        author_kind=ActorKind.AGENT,
        author_id=matter.author.id,
        made_at__gt=matter.made_at - window,
        made_at__lte=matter.made_at,
    )
    return found if matter.proposal_id is None else found.exclude(pk=matter.proposal_id)


def is_stopped(proposal: Proposal) -> bool:
    """Whether a stop button holds it back: its author's, its plan's, or the one for everything."""
    return switches.stopped(*scopes(proposal))


def scopes(proposal: Proposal) -> tuple[str, ...]:
    """The stop buttons that hold this proposal and what comes of it, besides the one for everything."""
    found = [f"role:{proposal.author_id}"] if proposal.author_kind == ActorKind.AGENT else []
    plan = (proposal.plan or {}).get("plan")
    return (*found, f"plan:{plan}") if plan else tuple(found)


def scopes_of(effect: Effect) -> tuple[str, ...]:
    """Those of the proposal whose carrying out intended the effect, found by the causes in the journal."""
    seqs, seen = {effect.cause_seq} if effect.cause_seq else set[int](), set[int]()
    while seqs and len(seen) < MOST_CAUSES:
        seen |= seqs
        entries = Entry.objects.filter(log=effect.entity.log_id, seq__in=seqs)
        bodies = [read(each) for each in entries]
        named = [each["key"] for body in bodies for each in body["objects"] if each["kind"] == "proposal"]
        if decided := Proposal.objects.filter(reference__in=named).order_by("pk").first():
            return scopes(decided)
        seqs = {cause for body in bodies for cause in body.get("causes", ())} - seen
    return ()
