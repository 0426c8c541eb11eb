"""Fixtures shared by all tests."""

import gc
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import TransactionTestCase

from ledger import checkpoints, clock, file_anchor, signing
from tests import left_behind, ready_made, two_roles
from tests.cast import ada, amir, ben, cost_centre, entity, ivan, olga, rita

__all__ = ["ada", "amir", "ben", "cost_centre", "entity", "ivan", "olga", "rita"]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """STRICT=1: a skip fails the run, unless the reason is that the test belongs to the other database."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("STRICT") != "1" or reporter is None or hasattr(session.config, "workerinput"):
        return
    other = "PostgreSQL" if ready_made.is_wanted() else "SQLite"
    reasons = {str(each.longrepr[2]) for each in reporter.stats.get("skipped", ())}
    if unexcused := sorted(reason for reason in reasons if other.lower() not in reason.lower()):
        reporter.write_line(f"STRICT: skipped, which counts as failed: {'; '.join(unexcused)}", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: the collector need not look through it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """The database is laid out, and taken away, by us."""
    return True


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None, django_db_blocker) -> None:
    if ready_made.is_wanted():
        ready_made.lay_out()
    else:
        with django_db_blocker.unblock():
            two_roles.lay_out()


@pytest.fixture(scope="session")
def monkeypatch_session() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patched:
        yield patched


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker, monkeypatch_session) -> Iterator[None]:
    """Migrations run once for a set of them; later runs, and other workers, start from a copy."""
    if ready_made.is_wanted():
        with django_db_blocker.unblock():
            ready_made.keep()
    monkeypatch_session.setattr(TransactionTestCase, "_fixture_teardown", lambda _self: left_behind.take_away())
    with django_db_blocker.unblock():
        left_behind.remember_furniture()
    yield
    if ready_made.is_wanted():
        ready_made.clear_away()
    else:
        with django_db_blocker.unblock():
            two_roles.clear_away()


@pytest.fixture(scope="session")
def own_var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the passwords of the demo tenant stay that this process loads."""
    return tmp_path_factory.mktemp("var")


@pytest.fixture(scope="module", autouse=True)
def _nothing_left_behind(django_db_blocker) -> Iterator[None]:
    """A module after which the test database is not as it was when fresh fails, with the names of the tables."""
    yield
    if left_behind.is_known():
        with django_db_blocker.unblock():
            assert left_behind.now() == []


@pytest.fixture(autouse=True)
def _nothing_signed_before() -> Iterator[None]:
    """Each test's ledger is a new one under an old origin, so what was signed of the last one is forgotten."""
    yield
    for folder in (signing.note_path("any").parent, file_anchor.folder()):
        for note in folder.glob("*.note"):
            note.unlink(missing_ok=True)
    checkpoints._resting.clear()


@pytest.fixture(autouse=True)
def _clock_runs_true() -> Iterator[None]:
    """A shift or a jump made by one test never reaches the next."""
    yield
    clock.shift(timedelta(0))
    clock.trust()
