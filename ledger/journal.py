"""Writes facts into the chain, in the transaction of the change they record, and reads an object's history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from ledger import authority
from ledger import personal as personal_values
from ledger.actors import Actor
from ledger.chain import append
from ledger.command import ObjectRef, canonical
from ledger.errors import InvalidInput
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
    personal: personal_values.Personal | None = None,
    words: Mapping[str, str] | None = None,
) -> Entry:
    """Appends one fact (dotted, past tense) and returns its entry.

    `plan` is {"plan", "step", "attempt"}; `model` is {"id", "template", "input", "output"} (digests); `commitments`
    are salted hashes made elsewhere. `personal` is {subject: {path: value}}: the entry holds a commitment by path, the
    value is kept beside the chain and can be erased. `words` are texts that people type (a reason, a comment): personal
    values of whoever said them, plain data where an agent or the system put them together. While a decision is carried
    out, `policy` is the one that its authority names.
    Raises `LedgerUnavailable`; the caller's transaction then changes nothing.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(f"{kind} must be recorded in the transaction of the change it records")
    values, spoken = dict(personal or {}), {name: text for name, text in (words or {}).items() if text}
    if spoken and (speaker := personal_values.speaker(actor)):
        values[speaker] = {**values.get(speaker, {}), **spoken}
    elif spoken:
        data = {**(data or {}), **spoken}
    committed = personal_values.commit(values)
    if taken := {each.path for each in committed} & set(commitments or {}):
        raise InvalidInput(f"{kind} commits twice to {', '.join(sorted(taken))}.")
    body: dict[str, Any] = {
        "actor": actor.as_json(),
        "data": canonical(data or {}),
        "entity": entity.code,
        "kind": kind,
        "objects": [each.as_json() for each in objects],
    }
    optional = {
        "causes": list(causes),
        "commitments": {**(commitments or {}), **{each.path: each.hash for each in committed}},
        "effect_key": effect_key,
        "model": canonical(model or {}),
        "on_behalf_of": on_behalf_of.as_json() if on_behalf_of else None,
        "plan": canonical(plan or {}),
        "policy": policy or authority.policy_in_force(),
    }
    body |= {name: value for name, value in optional.items() if value}
    entry = append(entity.log_id, body)
    if committed:
        personal_values.keep(entry, committed)
    return entry


def history_of(*objects: ObjectRef) -> QuerySet[Entry]:
    """Entries that name any of these objects, oldest first."""
    found = EntryObject.objects.none()
    for each in objects:
        found = found | EntryObject.objects.filter(kind=each.kind, key=each.key)
    return Entry.objects.filter(pk__in=found.values("entry")).order_by("log", "seq")
