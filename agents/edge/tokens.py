"""Letting a worker elsewhere in, for some time and some tasks, and shutting it out."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction

from agents import entries, roles
from agents.errors import NoToken
from agents.models import EdgeWorker
from ledger import clock, rights
from ledger.actors import Actor
from ledger.errors import InvalidInput, NotFound, Stale
from ledger.models import LegalEntity, Person

RIGHT = "edge.manage"
LONGEST = timedelta(days=90)
PREFIX = "edge_"
_POOL = re.compile(r"[a-z][a-z0-9_-]{0,39}")


def issue(
    *, name: str, pool: str, tasks: Sequence[str], valid_for: timedelta, actor: Actor, entity: LegalEntity
) -> tuple[EdgeWorker, str]:
    """The worker and its token, which is shown this once: 256 random bits behind `edge_`."""
    rights.require(actor, RIGHT)
    if not name.strip() or len(name) > 60:
        raise InvalidInput("Give the worker a name of up to 60 characters.")
    if not _POOL.fullmatch(pool):
        raise InvalidInput("A pool's name is up to 40 small letters, digits, - and _, beginning with a letter.")
    if not timedelta(0) < valid_for <= LONGEST:
        raise InvalidInput(f"A token is valid for up to {LONGEST.days} days.")
    known = remote_tasks()
    if not tasks or set(tasks) - set(known):
        unknown = ", ".join(sorted(set(tasks) - set(known))) or "none"
        raise InvalidInput(f"It may do: {', '.join(known) or 'nothing'}. Not: {unknown}.")
    token = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        at = clock.now()
        worker = EdgeWorker.objects.create(
            entity=entity,
            name=name.strip(),
            pool=pool,
            tasks=sorted(set(tasks)),
            token_hash=_hash(token),
            made_by=Person.objects.get(pk=actor.id),
            made_at=at,
            expires_at=at + valid_for,
        )
        entries.edge_issued(worker, actor=actor)
    return worker, token


def revoke(worker: EdgeWorker, *, actor: Actor) -> EdgeWorker:
    """From now on its token opens nothing; what it holds is taken over when the lease has run out."""
    rights.require(actor, RIGHT)
    with transaction.atomic():
        if not EdgeWorker.objects.filter(pk=worker.pk, revoked_at=None).update(revoked_at=clock.now()):
            raise Stale(f"{worker.name} was shut out already.")
        worker.refresh_from_db()
        entries.edge_revoked(worker, actor=actor)
    return worker


def opened_by(token: str) -> EdgeWorker:
    """The worker of this token; one answer for an unknown, an expired and a revoked one."""
    worker = EdgeWorker.objects.select_related("entity__log").filter(token_hash=_hash(token)).first()
    at = clock.now()
    if worker is None or worker.revoked_at is not None or worker.expires_at <= at:
        raise NoToken()
    EdgeWorker.objects.filter(pk=worker.pk).update(seen_at=at)
    return worker


def one(entity: LegalEntity, pk: int) -> EdgeWorker:
    if found := EdgeWorker.objects.filter(entity=entity, pk=pk).first():
        return found
    raise NotFound()


def remote_tasks() -> list[str]:
    """Everything that a worker elsewhere can be let do, as role.task."""
    return [
        f"{role}.{task}"
        for role, specification in roles.specifications().items()
        for task in sorted(specification.remote)
    ]


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
