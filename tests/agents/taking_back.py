"""Something that happens in a test and then never happened, so that the next thing finds all as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.core import mail
from django.db import transaction

from ledger import clock
from tests.agents import acting


@contextmanager
def taken_back() -> Iterator[None]:
    around = transaction.atomic()
    around._from_testcase = True  # durable blocks may open inside, as in a test of its own
    with around:
        yield
        transaction.set_rollback(True)
    mail.outbox.clear()
    acting.ACTS.clear()
    acting.ACTED.clear()
    clock.shift(timedelta(0))
    clock.trust()
