"""One look at what is due besides the steps that are ready: a single statement, asked on every visit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import connection

from agents import holders
from ledger import clock, statements

#: The journal's reader that wakes waiting steps.
CURSOR = "engine"
_LOOK = """\
SELECT {clock},
    (SELECT count(*) FROM ledger_ledgerhead h LEFT JOIN ledger_cursor c ON c.log_id = h.log AND c.name = %s
     WHERE h.seq > COALESCE(c.seq, 0) AND EXISTS (SELECT 1 FROM agents_awaitedobject)),
    (SELECT min(h.log) FROM ledger_ledgerhead h LEFT JOIN ledger_cursor c ON c.log_id = h.log AND c.name = %s
     WHERE h.seq > COALESCE(c.seq, 0)),
    EXISTS (SELECT 1 FROM agents_step WHERE status = 'waiting' AND wait_until <= {now}),
    EXISTS (SELECT 1 FROM agents_step WHERE status = 'waiting' AND asks_person AND remind_at <= {now})
    OR EXISTS (SELECT 1 FROM agents_step WHERE status = 'waiting' AND asks_person AND deadline_at <= {now}),
    EXISTS (SELECT 1 FROM agents_step WHERE status = 'running' AND holder <> '' AND holder <> %s)
"""


@dataclass(frozen=True, slots=True)
class Glance:
    """What may be due. Whoever does it looks closer: at stop buttons, pauses and a clock that is held."""

    #: Logs that have gone on while somebody waits, and one of them.
    news: int
    log: str | None
    #: A step's `wait_until` has come.
    late: bool
    #: A person is to be reminded, or has missed a deadline.
    asked: bool
    #: Somebody else is at work, who may have died.
    others: bool

    @property
    def is_quiet(self) -> bool:
        return not (self.news or self.late or self.asked or self.others)


def ask() -> Callable[[], Glance]:
    """Call what is returned for the answer."""
    asked = _LOOK.format(now=clock.expression(), clock=clock.EXPRESSION[connection.vendor])
    return partial(_answered, statements.run(asked, [CURSOR, CURSOR, holders.me()]))


def _answered(cursor: Any) -> Glance:
    told, news, log, *found = cursor.fetchone()
    clock.as_told(told)
    return Glance(news, log if news == 1 else None, *map(bool, found))
