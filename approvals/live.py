"""Proposals, policies and bounds in the shape in which the journal tells them, to compare with a replay."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db.models import Prefetch

from approvals.models import ApprovalStep, Bounds, CarriedOut, Decision, PolicyVersion, Proposal
from ledger.models import Person
from ledger.records import State, amount, kept

CHUNK = 500
Read = Iterator[tuple[str, State]]


def instant(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def step(row: ApprovalStep) -> dict[str, Any]:
    """A level that must approve, and whom it asks, by number."""
    return {
        "revision": row.revision,
        "level": row.level,
        "quorum": row.quorum,
        "status": str(row.status),
        "people": sorted(str(each.pk) for each in row.people.all()),
    }


def carried(rows: Iterable[CarriedOut]) -> dict[str, Any]:
    """By position: what was carried out, the command that takes it back, and until when it may."""
    return {
        str(each.position): {
            "kind": each.kind,
            "way_back": kept(each.compensation) if each.compensation is not None else None,
            "undo_until": instant(each.undo_until),
        }
        for each in rows
    }


def proposals(log: str, keys: Collection[str] | None = None) -> Read:
    """Fingerprints are computed from the commands as they are kept now."""
    rows = Proposal.objects.filter(entity__log=log).select_related("undo_of")
    if keys is not None:
        rows = rows.filter(reference__in=keys)
    parts = (
        "revisions",
        "carried",
        Prefetch("steps__people", Person.objects.only("pk")),
        Prefetch("decisions", Decision.objects.select_related("step")),
    )
    for row in rows.order_by("pk").prefetch_related("steps", *parts).iterator(CHUNK):
        yield row.reference, _proposal(row)


def _proposal(row: Proposal) -> dict[str, Any]:
    return {
        "status": row.status,
        "revision": row.revision,
        "fingerprint": row.fingerprint,
        "commands": kept(row.commands),
        "revisions": {str(each.number): kept(each.commands) for each in row.revisions.all()},
        "author": f"{row.author_kind}:{row.author_id}",
        "requested_by": str(row.requested_by_id) if row.requested_by_id else None,
        "undo_of": row.undo_of.reference if row.undo_of else None,
        "verdict": row.verdict,
        "checkpoint": row.checkpoint,
        "hold_until": instant(row.hold_until),
        "steps": {str(each.position): step(each) for each in row.steps.all()},
        "decisions": {str(each.pk): _decision(each) for each in row.decisions.all()},
        "carried": carried(row.carried.all()),
    }


def _decision(row: Decision) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "by": f"{row.actor_kind}:{row.actor_id}",
        "level": row.step.level if row.step else "",
        "final": row.final,
        "revision": row.revision,
        "fingerprint": row.fingerprint,
        "new_fingerprint": row.new_fingerprint,
        "alone": row.for_review,
        "entry": row.entry_seq,
    }


def policies(log: str, keys: Collection[str] | None = None) -> Read:
    for row in PolicyVersion.objects.filter(entity__log=log).select_related("entity").order_by("pk").iterator(CHUNK):
        key = f"{row.entity.code}/{row.number}"
        if keys is None or key in keys:
            yield key, {"digest": row.digest, "document": kept(row.document), "status": row.status}


def bounds(log: str, keys: Collection[str] | None = None) -> Read:
    """Those in force."""
    rows = Bounds.objects.filter(entity__log=log, in_force=True).select_related("entity")
    for row in rows.order_by("pk").iterator(CHUNK):
        key = f"{row.entity.code}/{row.role}"
        if keys is None or key in keys:
            yield (
                key,
                {
                    "version": row.version,
                    "on": row.on,
                    "commands": row.commands,
                    "max_amount": amount(row.max_amount),
                    "max_per_day": amount(row.max_per_day),
                    "currency": row.currency,
                    "rate_per_hour": row.rate_per_hour,
                    "suppliers_per_event": row.suppliers_per_event,
                    "tiers": row.tiers,
                },
            )
