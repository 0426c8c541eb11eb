"""Statements that go to the server together: where nobody needs an answer yet, nobody waits for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import connection

#: What has to be looked at when the answers are there; None outside.
_waiting: ContextVar[list[Callable[[], object]] | None] = ContextVar("answers_to_come", default=None)


@contextmanager
def sent() -> Iterator[None]:
    """Inside a transaction. On PostgreSQL a statement in the block is answered when somebody reads its rows, or at the
    end of the block: until then its row count is unknown and its mistake unseen. Elsewhere nothing is different."""
    if connection.vendor != "postgresql" or _waiting.get() is not None:
        yield
        return
    checks: list[Callable[[], object]] = []
    token = _waiting.set(checks)
    try:
        with connection.wrap_database_errors, connection.connection.pipeline():
            yield
    finally:
        _waiting.reset(token)
    for check in checks:
        check()


def is_open() -> bool:
    return _waiting.get() is not None


def at_the_end(check: Callable[[], object]) -> None:
    """Runs `check` when the answers are there; what it raises is raised at the end of the block."""
    if (checks := _waiting.get()) is None:
        check()
    else:
        checks.append(check)
