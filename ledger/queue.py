"""The task queue in our own database: a bell instead of a poll, one row to one worker, the oldest first.

django-q2's tables and its cluster, with another way to put in and take out. No row is needed for anything: what is due
stands in our own tables, and the sweeper looks there.
"""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import DatabaseError, connections
from django.utils import timezone
from django_q.brokers import Broker, get_broker
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from ledger import bell, statements

log = logging.getLogger(__name__)
#: Visits have a key of their own, so that they can be counted without being unpacked.
VISITS = ":visits"
#: A row that nobody has taken is locked until a moment long past: no jump of a clock can hide it.
FREE = datetime(2000, 1, 1, tzinfo=UTC)
#: The longest wait for a bell before looking without one.
SILENCE = 0.5
PAUSE_AFTER_ERROR = 0.5
#: Chosen once: as a plain subquery it may be asked again for each row of the table, and then takes more than it should.
_CLAIM = """
WITH free AS MATERIALIZED (
    SELECT id FROM django_q_ormq WHERE key = ANY(%(keys)s) AND lock <= clock_timestamp()
    ORDER BY id LIMIT %(most)s FOR UPDATE SKIP LOCKED
)
UPDATE django_q_ormq row SET lock = clock_timestamp() + make_interval(secs => %(retry)s)
FROM free WHERE row.id = free.id RETURNING row.id, row.payload
"""
_FREE_ROWS = "SELECT count(*) FROM (SELECT 1 FROM django_q_ormq WHERE key = %s AND lock = %s LIMIT %s) AS free"


class BellQueue(ORM):
    """django-q2's broker. A database that does not answer is waited for, and a row that cannot be read is dropped."""

    def enqueue(self, task: str) -> int | None:
        """Returns the row's number; None for a visit while enough of them wait already for every worker."""
        if self.list_key.endswith(VISITS) and visits_wait():
            return None
        row = self.get_connection().create(key=self.list_key, payload=task, lock=FREE)
        bell.strike(bell.QUEUE)
        return row.pk

    def dequeue(self) -> list[tuple[int, str]] | None:
        """Rows that nobody else gets; None after a while without any, so that the cluster can be stopped."""
        try:
            if rows := self._claim():
                return [(pk, payload) for pk, payload in rows if self._is_whole(pk, payload)]
            self._listener().wait(SILENCE)
        except DatabaseError:
            log.exception("the task queue cannot be read; trying again")
            connections[Conf.ORM].close()
            time.sleep(PAUSE_AFTER_ERROR)
        return None

    def _claim(self) -> list[tuple[int, str]]:
        rows = self.get_connection()
        keys = [self.list_key, self.list_key + VISITS]
        if connections[Conf.ORM].vendor == "postgresql":
            with connections[Conf.ORM].cursor() as cursor:
                cursor.execute(_CLAIM, {"retry": Conf.RETRY, "keys": keys, "most": Conf.BULK})
                return sorted(cursor.fetchall())
        free = rows.filter(key__in=keys, lock__lte=timezone.now()).order_by("pk").values_list("pk", "payload", "lock")
        until = timezone.now() + timedelta(seconds=Conf.RETRY)
        return [
            (pk, payload) for pk, payload, lock in free[: Conf.BULK] if rows.filter(pk=pk, lock=lock).update(lock=until)
        ]

    def _is_whole(self, pk: int, payload: str) -> bool:
        try:
            SignedPackage.loads(payload)
        except Exception as error:
            log.warning("row %s of the task queue cannot be read (%s); it is dropped", pk, type(error).__name__)
            self.delete(pk)
            return False
        return True

    def acknowledge(self, task_id: int) -> None:
        """What cannot be taken off now is done once more when its lock has run out, which changes nothing."""
        try:
            self.delete(task_id)
        except DatabaseError:
            log.exception("row %s of the task queue could not be taken off", task_id)
            connections[Conf.ORM].close()

    def _listener(self) -> bell.Listener:
        """Made by the process that waits, after the cluster's forks."""
        found: Any = self.__dict__.get("_heard")
        if found is None:
            found = self._heard = bell.listen(bell.QUEUE)
        return found

    def info(self) -> str:
        return f"{super().info()}, by a bell"


def for_visits() -> Broker:
    """The broker that the settings name; ours keeps visits apart."""
    broker = get_broker()
    if isinstance(broker, BellQueue):
        broker.list_key += VISITS
    return broker


def visits_wait() -> bool:
    """Whether enough of them do for every worker; other brokers are never asked. After the commit that rings, so a
    visit that still waits will see what was committed."""
    broker = for_visits()
    if not isinstance(broker, BellQueue):
        return False
    free = connections[Conf.ORM].ops.adapt_datetimefield_value(FREE)
    found = statements.run(_FREE_ROWS, [broker.list_key, free, Conf.WORKERS])
    return found.fetchone()[0] >= Conf.WORKERS


def waiting() -> list[int]:
    """The numbers of the rows that nobody has taken, oldest first."""
    return list(OrmQ.objects.filter(lock__lte=timezone.now()).order_by("pk").values_list("pk", flat=True))
