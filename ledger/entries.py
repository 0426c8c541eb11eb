"""What this floor writes into the journal: one function per fact."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ledger import replay
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.journal import record
from ledger.models import ClockJump, CostCentre, Effect, Entry, Job, LegalEntity, Person, Switch


def switch_turned(switch: Switch, *, actor: Actor, entity: LegalEntity) -> Entry:
    return record(
        "switch.stopped" if switch.stopped else "switch.started",
        actor=actor,
        entity=entity,
        objects=[ObjectRef("switch", switch.scope)],
        words={"reason": switch.reason},
    )


def clock_jumped(jump: ClockJump, *, entity: LegalEntity) -> Entry:
    return record(
        "clock.jumped",
        actor=Actor.system("clock"),
        entity=entity,
        objects=[ObjectRef("clock", str(jump.pk))],
        data={"shown": jump.noticed_at, "expected": jump.expected_at},
    )


def clock_confirmed(jump: ClockJump, *, actor: Actor, entity: LegalEntity) -> Entry:
    return record(
        "clock.confirmed",
        actor=actor,
        entity=entity,
        objects=[ObjectRef("clock", str(jump.pk))],
        words={"reason": jump.reason},
    )


def job_asked(job: Job, *, actor: Actor) -> Entry:
    return record(
        "job.asked",
        actor=actor,
        entity=job.entity,
        objects=[ObjectRef("job", job.reference)],
        data={"kind": job.kind, "given": job.given_id or ""},
    )


def job_ended(job: Job, *, actor: Actor) -> Entry:
    """How it ended; what it changed is told by entries of its own."""
    return record(
        "job.ended",
        actor=actor,
        entity=job.entity,
        objects=[ObjectRef("job", job.reference)],
        data={"status": str(job.status), "attempts": job.attempts},
    )


def batch_imported(
    *,
    batch: str,
    digest: str,
    counts: Mapping[str, int],
    actor: Actor,
    entity: LegalEntity,
    opens: Mapping[str, Collection[str]],
    data: Mapping[str, Any] | None = None,
) -> Entry:
    """One entry for a whole file or data set, with its digest: its rows are not recorded one by one.

    `opens` names the objects, by kind and key, that a replay starts with from here.
    """
    return record(
        "batch.imported",
        actor=actor,
        entity=entity,
        objects=[ObjectRef("batch", batch)],
        data={
            "digest": digest,
            "counts": {name: str(count) for name, count in counts.items()},
            "opening": replay.opening(entity, opens),
            **(data or {}),
        },
    )


def _objects(effect: Effect) -> list[ObjectRef]:
    return [ObjectRef(effect.object_kind, effect.object_key), ObjectRef("effect", effect.effect_key)]


def effect_intended(effect: Effect) -> Entry:
    """What will be sent is fixed here, by digest, before anything is sent."""
    return record(
        "effect.intended",
        actor=Actor.system("outbox"),
        entity=effect.entity,
        objects=_objects(effect),
        data={"sender": effect.sender, "purpose": effect.purpose, "request": effect.request_digest},
        causes=[effect.cause_seq] if effect.cause_seq else (),
        effect_key=effect.effect_key,
    )


def effect_cancelled(effect: Effect, *, reason: str) -> Entry:
    return record(
        "effect.cancelled",
        actor=Actor.system("outbox"),
        entity=effect.entity,
        objects=_objects(effect),
        words={"reason": reason},
        effect_key=effect.effect_key,
    )


def effect_resolved(effect: Effect, *, kind: str, detail: str, actor: Actor) -> Entry:
    return record(
        "effect.resolved",
        actor=actor,
        entity=effect.entity,
        objects=_objects(effect),
        data={"outcome": kind},
        words={"detail": detail},
        effect_key=effect.effect_key,
    )


def subject_erased(
    subject: str, *, counts: Mapping[str, int], actor: Actor, entity: LegalEntity, causes: Sequence[int] = ()
) -> Entry:
    """By number and with counts: what it was is gone, also from here."""
    return record(
        "subject.erased",
        actor=actor,
        entity=entity,
        objects=[ObjectRef("subject", subject)],
        data={"rows": {name: str(rows) for name, rows in sorted(counts.items())}},
        causes=causes,
    )


def organisation_kept(
    kept: Person | CostCentre | LegalEntity, *, how: str, fields: Sequence[str], actor: Actor
) -> Entry:
    """A person, cost centre or entity was added or changed. Names of fields and roles, no personal value."""
    data: dict[str, Any] = {"fields": list(fields)}
    if isinstance(kept, LegalEntity):
        kind, key, entity = "entity", kept.code, kept
    elif isinstance(kept, CostCentre):
        kind, key, entity = "cost_centre", f"{kept.entity.code}/{kept.code}", kept.entity
    else:
        kind, key, entity = "person", str(kept.pk), kept.entity or LegalEntity.objects.earliest("pk")
        data |= {"roles": sorted(kept.groups.values_list("name", flat=True)), "active": kept.is_active}
    return record(f"{kind}.{how}", actor=actor, entity=entity, objects=[ObjectRef(kind, key)], data=data)


def ledger_restored(
    log: str, *, kept: int, size: int, root: bytes, reason: str, entity: LegalEntity, actor: Actor
) -> Entry:
    """The log goes on after `kept` entries although `size` had been signed: its root, so that nobody is in doubt."""
    return record(
        "ledger.restored",
        actor=actor,
        entity=entity,
        objects=[ObjectRef("log", log)],
        data={"kept": str(kept), "size": str(size), "root": root.hex(), "reason": reason},
    )


def exported(*, log: str, first: int, last: int, actor: Actor, entity: LegalEntity) -> Entry:
    """Personal values of this range left the house."""
    return record(
        "ledger.exported",
        actor=actor,
        entity=entity,
        objects=[ObjectRef("log", log)],
        data={"first": first, "last": last, "personal": True},
    )
