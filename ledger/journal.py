"""Writes facts into the chain, in the transaction of the change they record, and reads an object's history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from ledger import authority
from ledger.actors import Actor
from ledger.chain import append
from ledger.command import ObjectRef, canonical
from ledger.models import Entry, EntryObject, LegalEntity


def record(
    kind: str,
    *,
    actor: Actor,
    entity: LegalEntity,
    objects: Sequence[ObjectRef] = (),
    data: Mapping[str, Any] | None = None,
    on_behalf_of: Actor | None = None,
    plan: Mapping[str, Any] | None = None,
    policy: str | None = None,
    causes: Sequence[int] = (),
    effect_key: str | None = None,
    model: Mapping[str, Any] | None = None,
    commitments: Mapping[str, str] | None = None,
) -> Entry:
    """Appends one fact (dotted, past tense) and returns its entry.

    `plan` is {"plan", "step", "attempt"}; `model` is {"id", "template", "input", "output"} (digests); `commitments`
    are salted hashes of personal values. While a decision is carried out, `policy` is the one that its authority names.
    Raises `LedgerUnavailable`; the caller's transaction then changes nothing.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(f"{kind} must be recorded in the transaction of the change it records")
    body: dict[str, Any] = {
        "actor": actor.as_json(),
        "data": canonical(data or {}),
        "entity": entity.code,
        "kind": kind,
        "objects": [each.as_json() for each in objects],
    }
    optional = {
        "causes": list(causes),
        "commitments": dict(commitments or {}),
        "effect_key": effect_key,
        "model": canonical(model or {}),
        "on_behalf_of": on_behalf_of.as_json() if on_behalf_of else None,
        "plan": canonical(plan or {}),
        "policy": policy or authority.policy_in_force(),
    }
    body |= {name: value for name, value in optional.items() if value}
    return append(entity.log_id, body)


def history_of(*objects: ObjectRef) -> QuerySet[Entry]:
    """Entries that name any of these objects, oldest first."""
    found = EntryObject.objects.none()
    for each in objects:
        found = found | EntryObject.objects.filter(kind=each.kind, key=each.key)
    return Entry.objects.filter(pk__in=found.values("entry")).order_by("log", "seq")
