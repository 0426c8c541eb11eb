"""Ledger entries as lines a person reads: who, did what, to what, when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from ledger import personal
from ledger.actors import Actor
from ledger.chain import read
from ledger.command import ObjectRef
from ledger.journal import history_of
from ledger.models import Entry
from procure.console import names
from procure.console.places import address

WORDS = {
    "requisition.captured": _("said what is needed"),
    "requisition.answered": _("answered a question"),
    "requisition.raised": _("requisition raised"),
    "requisition.withdrawn": _("requisition withdrawn"),
    "requisition.read": _("read the words"),
    "edge.issued": _("let a remote worker in"),
    "edge.revoked": _("shut a remote worker out"),
    "job.asked": _("asked for background work"),
    "job.ended": _("background work ended"),
    "plan.started": _("plan started"),
    "plan.finished": _("plan finished"),
    "plan.parked": _("plan needs a person"),
    "plan.paused": _("plan paused"),
    "plan.resumed": _("plan goes on"),
    "plan.compensating": _("plan is being undone"),
    "plan.reconsidered": _("plan looks again"),
    "step.reconsidered": _("looked at again"),
    "notice.recorded": _("recorded a notice"),
    "triggers.published": _("trigger rules published"),
    "step.finished": _("step finished"),
    "step.failed": _("step failed, and the plan went on"),
    "step.retried": _("step is tried again"),
    "step.fanned_out": _("step begun for each"),
    "step.gathered": _("branches gathered"),
    "step.reminded": _("reminded whom it asks"),
    "step.answered": _("answered a step's question"),
    "step.overridden": _("put another result in place"),
    "step.parked": _("step needs a person"),
    "step.skipped": _("step skipped"),
    "proposal.made": _("proposed"),
    "proposal.judged": _("judged by the policy"),
    "proposal.revised": _("revised"),
    "proposal.withdrawn": _("withdrawn"),
    "proposal.approved": _("approved"),
    "proposal.rejected": _("rejected"),
    "proposal.returned": _("asked for changes"),
    "proposal.passed": _("passed by policy"),
    "proposal.carried_out": _("carried out"),
    "proposal.undone": _("undone"),
    "event.published": _("suppliers invited"),
    "event.amended": _("event amended"),
    "event.closed": _("closed for quotes"),
    "event.opened": _("quotes opened"),
    "event.cancelled": _("event cancelled"),
    "invitation.sent": _("invitation sent"),
    "invitation.revoked": _("invitation revoked"),
    "invitation.opened": _("invitation opened"),
    "bid.submitted": _("quote submitted, sealed"),
    "bid.declined": _("declined to quote"),
    "bid.opened": _("quote opened"),
    "bid.expired": _("quote ran out"),
    "award.made": _("awarded"),
    "award.revoked": _("award revoked"),
    "order.issued": _("order issued"),
    "order.changed": _("order changed"),
    "order.cancelled": _("order cancelled"),
    "erp.confirmed": _("confirmed by the ERP"),
    "erp.refused": _("refused by the ERP"),
    "erp.unknown": _("outcome at the ERP unknown"),
    "budget.committed": _("budget held"),
    "budget.released": _("budget released"),
    "budget.changed": _("budget changed"),
    "switch.stopped": _("stopped"),
    "switch.started": _("started again"),
    "clock.jumped": _("noticed that the clock had jumped"),
    "clock.confirmed": _("confirmed that the clock is right"),
    "batch.imported": _("data imported"),
    "step.released": _("let a step try again"),
    "event.mails_sent_now": _("sent the mails at once"),
    "event.opening_failed": _("quotes could not be opened"),
    "invitation.sent_again": _("sent the link again"),
    "invitation.declined": _("declined to quote"),
    "erp.cancelled": _("cancelled in the ERP"),
    "erp.connection_changed": _("ERP connection changed"),
    "effect.intended": _("put on its way"),
    "effect.cancelled": _("taken back before it left"),
    "effect.resolved": _("said what became of it"),
    "policy.published": _("policy published"),
    "bounds.adjusted": _("agent bounds adjusted"),
    "template.published": _("plan template published"),
    "template.retired": _("plan template taken out of use"),
    "vendor.qualified": _("supplier qualified"),
    "vendor.qualification_withdrawn": _("qualification withdrawn"),
    "vendor.blocked": _("supplier blocked"),
    "vendor.unblocked": _("supplier unblocked"),
    "bank_details.changed": _("bank details changed, held"),
    "bank_details.in_force": _("bank details in force"),
    "bank_details.withdrawn": _("bank details withdrawn"),
    "subject.erased": _("personal data erased"),
    "ledger.exported": _("exported with personal values"),
    "ledger.restored": _("went on from a backup, with entries lost"),
    "entity.opened": _("company founded"),
    "entity.added": _("company added"),
    "person.added": _("person added"),
    "person.changed": _("person changed"),
    "cost_centre.added": _("cost centre opened"),
    "cost_centre.changed": _("cost centre changed"),
}
#: What of an entry's data is worth a reader's line.
TOLD = ("reason", "comment", "verdict", "external_number", "problem", "fact", "text")


@dataclass(frozen=True, slots=True)
class Ref:
    kind: str
    key: str
    link: str


@dataclass(frozen=True, slots=True)
class Line:
    seq: int
    at: datetime
    kind: str
    words: str
    actor: Actor
    refs: tuple[Ref, ...]
    told: str
    data: dict[str, Any]
    hash: str


def lines(entries: Iterable[Entry]) -> list[Line]:
    entries = list(entries)
    said = personal.of(entries)
    known = names.actors((each.actor_kind, each.actor_id) for each in entries)
    return [
        _line(each, known[(each.actor_kind, each.actor_id)], said.get((each.log_id, each.seq), {})) for each in entries
    ]


def _line(entry: Entry, actor: Actor, said: dict[str, Any]) -> Line:
    body = read(entry)
    data = body.get("data", {})
    committed = {name: said.get(name, str(_("erased"))) for name in TOLD if name in body.get("commitments", ())}
    tellable = data | committed
    return Line(
        seq=entry.seq,
        at=entry.time,
        kind=entry.kind,
        words=str(WORDS.get(entry.kind, entry.kind.replace(".", " ").replace("_", " "))),
        actor=actor,
        refs=tuple(
            Ref(each["kind"], each["key"], address(each["kind"], each["key"])) for each in body.get("objects", ())
        ),
        told="; ".join([*_steps(body), *(str(tellable[name]) for name in TOLD if _worth_telling(tellable.get(name)))]),
        data=data,
        hash=entry.hash,
    )


def _steps(body: dict[str, Any]) -> list[str]:
    """Which step of a plan it is about."""
    if not body["kind"].startswith("step."):
        return []
    keys = (each["key"].partition("/")[2] for each in body.get("objects", ()) if each["kind"] == "step")
    return [key.replace("_", " ") for key in keys if key]


def _worth_telling(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def history(*objects: ObjectRef, limit: int = 15) -> list[Line]:
    """The newest entries that name any of these, newest first."""
    return lines(history_of(*objects).order_by("-seq")[:limit])
