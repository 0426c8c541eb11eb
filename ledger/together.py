"""Statements that go to the server together: where nobody needs an answer yet, nobody waits for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import connection


class _Block:
    def __init__(self) -> None:
        #: What has to be looked at when the answers are there.
        self.checks: list[Callable[[], object]] = []
        #: What waits to be sent in one statement, by who sends it.
        self.gathered: dict[Callable[[list[Any]], object], list[Any]] = {}

    def flush(self) -> None:
        gathered, self.gathered = self.gathered, {}
        for send, items in gathered.items():
            send(items)


_open: ContextVar[_Block | None] = ContextVar("statements_sent_together", default=None)


@contextmanager
def sent() -> Iterator[None]:
    """Inside a transaction. On PostgreSQL a statement in the block is answered when somebody reads its rows, or at the
    end of the block: until then its row count is unknown and its mistake unseen. Elsewhere nothing is different."""
    if connection.vendor != "postgresql" or _open.get() is not None:
        yield
        return
    connection.ensure_connection()
    block = _Block()
    token = _open.set(block)
    try:
        with connection.wrap_database_errors, connection.connection.pipeline():
            yield
            block.flush()
    finally:
        _open.reset(token)
    for check in block.checks:
        check()


def is_open() -> bool:
    return _open.get() is not None


def gather(send: Callable[[list[Any]], object], item: Any) -> None:
    """In a block `send` gets all items that were gathered for it, in their order, at its end or at `flush`; outside it
    gets each one by itself."""
    if (block := _open.get()) is None:
        send([item])
    else:
        block.gathered.setdefault(send, []).append(item)


def flush() -> None:
    """Sends what was gathered: somebody needs an answer."""
    if (block := _open.get()) is not None:
        block.flush()


def at_the_end(check: Callable[[], object]) -> None:
    """Runs `check` when the answers are there; what it raises is raised at the end of the block."""
    if (block := _open.get()) is None:
        check()
    else:
        block.checks.append(check)
