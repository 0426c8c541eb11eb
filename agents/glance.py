"""One look at what is due besides the steps that are ready: a single statement, asked on every visit."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from agents import holders
from ledger import clock, statements

#: The journal's reader that wakes waiting steps.
CURSOR = "engine"
_LOOK = """\
SELECT {clock},
    EXISTS (SELECT 1 FROM agents_awaitedobject) AND EXISTS (
        SELECT 1 FROM ledger_ledgerhead h LEFT JOIN ledger_cursor c ON c.log_id = h.log AND c.name = %s
        WHERE h.seq > COALESCE(c.seq, 0)
    ),
    EXISTS (SELECT 1 FROM agents_step WHERE status = 'waiting' AND wait_until <= {now}),
    EXISTS (SELECT 1 FROM agents_step WHERE status = 'waiting' AND asks_person AND remind_at <= {now})
    OR EXISTS (SELECT 1 FROM agents_step WHERE status = 'waiting' AND asks_person AND deadline_at <= {now}),
    EXISTS (SELECT 1 FROM agents_step WHERE status = 'running' AND holder <> '' AND holder <> %s)
"""


@dataclass(frozen=True, slots=True)
class Glance:
    """What may be due. Whoever does it looks closer: at stop buttons, pauses and a clock that is held."""

    #: The journal has gone on while somebody waits.
    news: bool
    #: A step's `wait_until` has come.
    late: bool
    #: A person is to be reminded, or has missed a deadline.
    asked: bool
    #: Somebody else is at work, who may have died.
    others: bool


def take() -> Glance:
    asked = _LOOK.format(now=clock.expression(), clock=clock.EXPRESSION[connection.vendor])
    told, *found = statements.run(asked, [CURSOR, holders.me()]).fetchone()
    clock.as_told(told)
    return Glance(*map(bool, found))
