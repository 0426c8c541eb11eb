"""Wakes a worker after commit. The bell carries no work: whoever answers looks at its own tables.

Higher floors register answerers by dotted path; `answer` runs them in turn until none has anything left to do, so a
small plan runs through in one visit.
"""

from __future__ import annotations

import logging

from django.db import transaction
from django.utils.module_loading import import_string

log = logging.getLogger(__name__)
_answerers: dict[str, str] = {}
MOST_ROUNDS = 200


def register(name: str, *, answerer: str) -> None:
    """`answerer()` does what is due and returns how many things it did; 0 means nothing left."""
    _answerers[name] = answerer


def ring(reason: str = "") -> None:
    """Enqueues one visit when the surrounding transaction commits. Losing or doubling it changes nothing."""
    transaction.on_commit(lambda: _enqueue(reason), robust=True)


def _enqueue(reason: str) -> None:
    from django_q.tasks import async_task

    async_task("ledger.doorbell.answer", task_name=f"visit: {reason}"[:100])


def answer(*, rounds: int = MOST_ROUNDS) -> int:
    """One worker visit. An answerer that raises is logged and does not keep the others from theirs."""
    done = 0
    for _ in range(rounds):
        this_round = 0
        for name, path in _answerers.items():
            try:
                this_round += import_string(path)()
            except Exception:
                log.exception("answerer %s failed", name)
        done += this_round
        if not this_round:
            break
    return done
