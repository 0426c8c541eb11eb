"""Wakes a worker after commit. The bell carries no work: whoever answers looks at its own tables.

Higher floors register answerers by dotted path; `answer` runs them in turn until none has anything left to do, so a
small plan runs through in one visit. Any number of visits may run at the same time.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial, update_wrapper

from django.apps import apps
from django.db import connection, transaction
from django.utils.module_loading import import_string

from ledger import bell

log = logging.getLogger(__name__)
MOST_ROUNDS = 200


@dataclass(frozen=True, slots=True)
class _Answerer:
    answer: str
    due: str


_answerers: dict[str, _Answerer] = {}


def register(name: str, *, answerer: str, due: str = "") -> None:
    """`answerer()` does what is due and returns how many things it did; 0 means nothing left.

    `due()` tells cheaply whether there is something; an answerer without one is asked each time.
    """
    _answerers[name] = _Answerer(answerer, due)


def ring(reason: str = "") -> None:
    """Wakes who answers, and enqueues one visit, when the surrounding transaction commits.

    Losing or doubling either changes nothing.
    """
    pending = (each[1] for each in connection.run_on_commit)
    if not any(getattr(each, "func", None) is _enqueue for each in pending):
        bell.strike(bell.VISIT)
        # Django names a robust callback that failed in its log, so the partial needs the name.
        transaction.on_commit(update_wrapper(partial(_enqueue, reason), _enqueue), robust=True)


def _enqueue(reason: str) -> None:
    if not apps.is_installed("django_q"):
        return  # Whoever makes a first visit comes again as a whole process.
    from django_q.tasks import async_task

    from ledger import queue

    if queue.visits_wait():
        return
    async_task(f"{__name__}.answer", task_name=f"visit: {reason}"[:100], save=False, broker=queue.for_visits())


def due() -> list[str]:
    """Names of answerers that have something to do, or do not say."""
    return [name for name, each in _answerers.items() if not each.due or _asked(name, each.due)]


def answer(*, rounds: int = MOST_ROUNDS, only: Collection[str] = ()) -> int:
    """One worker visit. An answerer that raises is logged and does not keep the others from theirs."""
    asked = {name: each for name, each in _answerers.items() if not only or name in only}
    done = 0
    for _ in range(rounds):
        this_round = sum(_asked(name, each.answer) for name, each in asked.items())
        done += this_round
        if not this_round:
            break
    return done


def _asked(name: str, path: str) -> int:
    try:
        return import_string(path)()
    except Exception:
        log.exception("answerer %s failed", name)
        # A connection that the failure broke is given back; the next query opens a new one.
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
        return 0
