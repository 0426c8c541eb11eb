"""A story told once: in a database of its own, where each module that begins with it works.

Its tests roll back what they do, as everywhere; a module that leaves something behind fails. Tests that commit take a
copy each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core import mail
from django.db import connection, transaction

from tests import left_behind, ready_made, two_roles

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Told:
    """Where the story stands, what its teller returned, and what the rows were then."""

    database: str
    account: Any
    digest: str


_told: dict[str, Told] = {}


@contextmanager
def standing(name: str, tell: Callable[[], T]) -> Iterator[T]:
    """Within the block the connection is to the database of this story, which the first that asks for it tells."""
    story = _of(name, tell)
    with _at(story.database):
        yield story.account
        assert left_behind.digest() == story.digest, f"These tests left something behind in the story “{name}”."


@contextmanager
def copied(name: str, tell: Callable[[], T]) -> Iterator[T]:
    """Within the block the connection is to a copy of that database, for a test that commits."""
    story = _of(name, tell)
    with _at(_beside(f"{name}_copy", story.database)):
        yield story.account


def _of(name: str, tell: Callable[[], T]) -> Told:
    if name not in _told:
        database = _beside(name)
        with _at(database):
            account = _tell(tell)
            _told[name] = Told(database, account, left_behind.digest())
    return _told[name]


def _beside(name: str, of: str | None = None) -> str:
    return (ready_made if ready_made.is_wanted() else two_roles).beside(name, of)


def _tell(tell: Callable[[], T]) -> T:
    mail.outbox.clear()
    with _one_transaction():
        account = tell()
        # Nobody is rung: as in a test, which never commits.
        connection.run_on_commit = []
    return account


@contextmanager
def for_a_module() -> Iterator[None]:
    """What the block tells before its tests is taken back after them."""
    # Mails of the test before are still there: they are cleared for tests, and this comes before them.
    mail.outbox.clear()
    with _one_transaction():
        yield
        transaction.set_rollback(True)


def _one_transaction() -> transaction.Atomic:
    around = transaction.atomic()
    around._from_testcase = True  # durable blocks may open inside, as in a test of its own
    return around


@contextmanager
def _at(database: str) -> Iterator[None]:
    """It counts as the test database meanwhile, for threads as well."""
    place = connection.settings_dict
    before = place["NAME"], place["TEST"]["NAME"]
    connection.close()
    place["NAME"] = place["TEST"]["NAME"] = database
    try:
        yield
    finally:
        connection.close()
        place["NAME"], place["TEST"]["NAME"] = before
