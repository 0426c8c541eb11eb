"""Long work in the background: asked for, watched, cancelled, and told by mail when it has ended.

Whoever has long work registers it by dotted path: `run(job, gauge) -> Ended`. It checks rights itself, as the person
who asked, and may be started again from the beginning when its worker died: it must leave nothing half done.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils.module_loading import import_string

from ledger import clock, entries, gauges, job_mail, numbering, rights
from ledger.actors import Actor
from ledger.command import canonical
from ledger.errors import DomainError, NotAllowed, Stale
from ledger.models import Job, LegalEntity, Person, Source

log = logging.getLogger(__name__)
#: A worker that says nothing for so long is taken for dead. Its end would be refused by the fence.
SILENCE = timedelta(minutes=5)
#: A queue row that was lost costs so long.
RING_AGAIN = timedelta(seconds=30)
MOST_ATTEMPTS = 3
#: Seconds after which the task queue ends it.
LONGEST = 3000
Status = Job.Status
LIVE, FAILED = Q(status__in=Job.LIVE), Q(status=Status.FAILED)


@dataclass(frozen=True, slots=True)
class Ended:
    """`outcome` is plain JSON for its page; `file` is what may be fetched there."""

    outcome: Mapping[str, Any] = field(default_factory=dict)
    file: Source | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    run: str
    right: str
    typed: tuple[str, ...] = ()


_kinds: dict[str, Kind] = {}


def register(name: str, *, run: str, right: str, typed: Collection[str] = ()) -> None:
    """In an app's `ready`. `right` is what whoever asks for it must have; `typed` names the arguments that hold what
    they typed, which goes with them."""
    _kinds[name] = Kind(run, right, tuple(typed))


def typed_in(job: Job) -> Collection[str]:
    """Names of its arguments that hold words of whoever asked; all of them for a kind that is no longer there."""
    return _kinds[job.kind].typed if job.kind in _kinds else tuple(job.arguments)


def ask(
    kind: str,
    *,
    title: str,
    actor: Actor,
    entity: LegalEntity,
    arguments: Mapping[str, Any] | None = None,
    given: Source | None = None,
    mail: bool = True,
) -> Job:
    """Puts it in the queue."""
    rights.require(actor, _kinds[kind].right)
    with transaction.atomic():
        job = Job.objects.create(
            reference=numbering.take("JOB"),
            kind=kind,
            title=title[:200],
            entity=entity,
            person=Person.objects.get(pk=actor.id),
            arguments=canonical(dict(arguments or {})),
            given=given,
            mail=mail,
            made_at=clock.now(),
        )
        entries.job_asked(job, actor=actor)
        _ring(job)
    return job


def cancel(job: Job, *, actor: Actor) -> Job:
    """One that waits ends at once, one that runs as soon as its work hears of it. By whoever asked, or who may stop
    things."""
    if actor.person_id != job.person_id and not rights.may(actor, "switch.stop"):
        raise NotAllowed("Only whoever asked for it, or somebody who may stop things, can cancel it.")
    # Before the row: on SQLite the work may hold the database, and then the row can only be written once it has heard.
    gauges.ask_to_cancel(job)
    with transaction.atomic():
        at = clock.now()
        if Job.objects.filter(pk=job.pk, status=Status.QUEUED).update(
            status=Status.CANCELLED, cancel_at=at, ended_at=at, fence=F("fence") + 1
        ):
            job.refresh_from_db()
            entries.job_ended(job, actor=actor)
            transaction.on_commit(partial(gauges.clear, job))
        elif not Job.objects.filter(pk=job.pk, status=Status.RUNNING).update(cancel_at=at):
            job.refresh_from_db()
            if job.cancel_at is None and job.status != Status.CANCELLED:
                raise Stale(f"{job.reference} has ended already.")
    job.refresh_from_db()
    return job


def due() -> bool:
    """Whether one waits that was not rung for, or one has gone silent."""
    return _waiting().exists() or bool(_silent())


def answer() -> int:
    """Rings for what nobody works on. The work itself has a queue row of its own: it may be long."""
    rung = 0
    for job in [*_waiting()[:20], *_silent()]:
        with transaction.atomic():
            _ring(job)
        rung += 1
    return rung


def _waiting() -> QuerySet[Job]:
    late = Q(rung_at=None) | Q(rung_at__lt=clock.now() - RING_AGAIN)
    return Job.objects.filter(late, status=Status.QUEUED).order_by("pk")


def _silent() -> list[Job]:
    at = clock.now()
    running = Job.objects.filter(status=Status.RUNNING).exclude(rung_at__gte=at - RING_AGAIN)
    return [each for each in running if gauges.silent_for(each, at) > SILENCE.total_seconds()]


def _ring(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(rung_at=clock.now())
    transaction.on_commit(partial(_enqueue, job.reference), robust=True)


def _enqueue(reference: str) -> None:
    from django_q.tasks import async_task

    options = {"timeout": LONGEST, "save": False}
    async_task("ledger.jobs.run", reference, task_name=f"job {reference}", q_options=options)


def run(reference: str) -> bool:
    """Does one, if nobody else does. Whatever goes wrong is told on its page."""
    job = _claim(reference)
    if job is None:
        return False
    try:
        with gauges.open_gauge(job) as gauge:
            ended = import_string(_kinds[job.kind].run)(job, gauge)
    except gauges.Cancelled:
        return _end(job, Status.CANCELLED)
    except DomainError as error:
        return _end(job, Status.FAILED, error=error.message)
    except Exception:
        log.exception("job %s failed", reference)
        return _end(job, Status.FAILED, error=f"Something unforeseen went wrong; the log says what, at {reference}.")
    return _end(job, Status.DONE, ended=ended)


def _claim(reference: str) -> Job | None:
    """Counts the attempt before the work."""
    at = clock.now()
    job = Job.objects.filter(reference=reference, status__in=Job.LIVE).first()
    if job is None or (job.status == Status.RUNNING and gauges.silent_for(job, at) <= SILENCE.total_seconds()):
        return None
    if job.cancel_at is not None:
        _end(job, Status.CANCELLED)
        return None
    if job.attempts >= MOST_ATTEMPTS:
        _end(job, Status.FAILED, error=f"It was started {job.attempts} times and did not come back.")
        return None
    if not Job.objects.filter(pk=job.pk, fence=job.fence, status=job.status).update(
        status=Status.RUNNING, fence=F("fence") + 1, attempts=F("attempts") + 1, started_at=at, seen_at=at
    ):
        return None
    job.refresh_from_db()
    return job


def _end(job: Job, status: Status, *, ended: Ended | None = None, error: str = "") -> bool:
    """Under the fence, so that one that was taken for dead changes nothing any more."""
    ended, reading = ended or Ended(), gauges.read(job)
    with transaction.atomic():
        changed = Job.objects.filter(pk=job.pk, fence=job.fence, status__in=Job.LIVE).update(
            status=status,
            fence=F("fence") + 1,
            ended_at=clock.now(),
            outcome=canonical(dict(ended.outcome)),
            file=ended.file,
            error=error,
            done=F("total") if status == Status.DONE else F("done"),
            note="" if status == Status.DONE else reading.note,
        )
        if not changed:
            log.warning("%s was taken over; what this worker did with it is not told", job.reference)
            return False
        job.refresh_from_db()
        entries.job_ended(job, actor=Actor.system("jobs"))
        job_mail.put(job)
    return True
