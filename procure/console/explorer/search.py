"""What of the ledger is looked at: kind, actor, object, time. An address is a search, so it can be sent to somebody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from ledger.actors import ActorKind
from ledger.models import Entry

#: First words of the kinds there are, in the order of a purchase.
SUBJECTS = (
    *("requisition", "plan", "step", "proposal", "policy", "bounds", "event", "invitation", "bid", "award", "order"),
    *("erp", "effect", "budget", "vendor", "bank_details", "switch", "subject", "batch"),
)
ACTORS = ("human", "agent", "policy", "supplier", "system")
MOST_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Search:
    """Fields are as typed where they could be read; `wrong` says per field why one could not."""

    kind: str = ""
    actor: str = ""
    who: str = ""
    object: str = ""
    since: date | None = None
    until: date | None = None
    seq: int | None = None
    wrong: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not (self.kind or self.actor or self.who or self.object or self.since or self.until)

    @property
    def object_ref(self) -> tuple[str, str]:
        kind, _colon, key = self.object.partition(":")
        return kind, key


def read(params: Mapping[str, str]) -> Search:
    """From a query string. What makes no sense is left out and named in `wrong`."""
    wrong: dict[str, str] = {}
    named = params.get("object", "").strip()[:130]
    if named and (":" not in named or named.startswith(":")):
        wrong["object"] = _("Write kind and number with a colon: order:PO-00001.")
        named = ""
    actor = params.get("actor", "").strip()
    since, until = _day(params, "since", wrong), _day(params, "until", wrong)
    if since and until and until < since:
        wrong["until"] = _("The last day lies before the first.")
        until = None
    seq = params.get("seq", "").strip()
    if seq and not (seq.isdecimal() and len(seq) <= MOST_DIGITS):
        wrong["seq"] = _("An entry's number is written in digits.")
        seq = ""
    return Search(
        kind=params.get("kind", "").strip()[:60],
        actor=actor if actor in ACTORS else "",
        who=params.get("who", "").strip()[:80],
        object=named,
        since=since,
        until=until,
        seq=int(seq) if seq else None,
        wrong=wrong,
    )


def _day(params: Mapping[str, str], name: str, wrong: dict[str, str]) -> date | None:
    text = params.get(name, "").strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        wrong[name] = _("Write the day as year-month-day: 2026-11-25.")
        return None


def narrow(entries: QuerySet[Entry], search: Search) -> QuerySet[Entry]:
    """The entries that match; days are those of the reader's zone."""
    if search.kind:
        exact = {"kind": search.kind} if "." in search.kind else {"kind__startswith": f"{search.kind}."}
        entries = entries.filter(**exact)
    if search.actor == "policy":
        entries = entries.filter(actor_kind=ActorKind.SYSTEM, actor_id__startswith="policy:")
    elif search.actor:
        entries = entries.filter(actor_kind=search.actor)
        if search.actor == ActorKind.SYSTEM:
            entries = entries.exclude(actor_id__startswith="policy:")
    if search.who:
        entries = entries.filter(actor_id=search.who)
    if search.object:
        kind, key = search.object_ref
        entries = entries.filter(objects_index__kind=kind, objects_index__key=key)
    if search.since:
        entries = entries.filter(time__gte=_midnight(search.since))
    if search.until:
        entries = entries.filter(time__lt=_midnight(search.until + timedelta(days=1)))
    return entries


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
