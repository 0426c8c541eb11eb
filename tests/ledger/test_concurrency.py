"""Eight writers in two processes at once, on a real file or server."""

import contextlib
import os
import sqlite3
import subprocess
import sys

import pytest
from django.db import connection

from ledger.models import EntryObject, LegalEntity
from tests.ledger import appender

PROCESSES, THREADS, EACH = 2, 4, 25


@pytest.fixture
def database_url(tmp_path):
    """Where other processes find the test database. SQLite's lives in memory, so they get a copy of it."""
    if connection.vendor == "postgresql":
        at = connection.settings_dict
        return f"postgres://{at['USER']}:{at['PASSWORD']}@{at['HOST']}:{at['PORT']}/{at['NAME']}"
    path = tmp_path / "shared.sqlite3"
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(path)])
    # Before anybody opens it: several that change the mode at once refuse each other.
    with contextlib.closing(sqlite3.connect(path)) as shared:
        shared.execute("PRAGMA journal_mode = WAL")
    return f"sqlite:///{path}"


@pytest.fixture
def run(database_url, tmp_path):
    def run(*command, count=1):
        environment = os.environ | {
            "DATABASE_URL": database_url, "DJANGO_SETTINGS_MODULE": "procure.settings", "PROCURE_VAR": str(tmp_path),
        }  # fmt: skip
        started = [
            subprocess.Popen(
                [sys.executable, *command], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            for _ in range(count)
        ]
        return [(*process.communicate(timeout=120), process.returncode) for process in started]

    return run


@pytest.mark.django_db(transaction=True)
def test_eight_writers_leave_no_gap_no_broken_link_and_no_number_twice(entity, run, database_url):
    ended = run("-m", "tests.ledger.appender", str(THREADS), str(EACH), count=PROCESSES)
    assert [(out.strip(), code) for out, error, code in ended] == [(str(THREADS * EACH), 0)] * PROCESSES, ended
    [(out, error, code)] = run("manage.py", "ledger", "verify", "--json")
    assert code == 0, error
    total = PROCESSES * THREADS * EACH
    assert f'"entries": {total}' in out
    if connection.vendor == "postgresql":
        numbers = set(EntryObject.objects.values_list("key", flat=True))
    else:
        copy = sqlite3.connect(database_url.removeprefix("sqlite:///"))
        numbers = {key for (key,) in copy.execute("SELECT key FROM ledger_entryobject")}
        copy.close()
    # A sequence goes on where earlier tests left it, so which numbers they are is not ours to say.
    assert len(numbers) == total


@pytest.mark.django_db(transaction=True)
def test_the_appender_itself_works_in_this_process(entity):
    assert appender.append_many(0, 3) == 3
    assert LegalEntity.objects.get().log.seq == 3
