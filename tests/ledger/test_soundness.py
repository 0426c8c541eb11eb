"""What the server refuses to serve on."""

import sqlite3

import pytest
from django.core import checks
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.utils import ConnectionHandler

from ledger import keys, owner, soundness, triggers
from ledger.models import Entry


def ids(problems):
    return [each.id for each in problems]


def test_a_fresh_ledger_is_sound(append):
    append()
    assert soundness.problems() == []


def test_a_missing_trigger_is_a_problem(append):
    append()
    with triggers.lifted(connection):
        assert ids(soundness.problems()) == ["ledger.E002"]
        assert "ledger_entry_link" in soundness.problems()[0].message


@pytest.mark.parametrize("sql", ["UPDATE ledger_ledgerhead SET seq = 1", "UPDATE ledger_ledgerhead SET hash = 'ff'"])
def test_a_head_that_differs_from_the_last_row_is_a_problem(append, sql):
    append(), append()
    with triggers.lifted(connection), connection.cursor() as cursor:
        cursor.execute(sql)
    assert ids(soundness.problems()) == ["ledger.E003"]


def test_the_flush_switch_is_refused_on_any_but_a_test_database(append, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "NAME", "/var/lib/procure/procure.sqlite3")
    assert ids(soundness.problems()) == ["ledger.E001"]
    with pytest.raises(CommandError, match="never emptied"):
        call_command("flush", interactive=False)


def test_without_the_switch_even_a_test_database_is_not_emptied(append, settings):
    append()
    settings.LEDGER_MAY_BE_FLUSHED = False
    with pytest.raises(CommandError, match="never emptied"):
        call_command("flush", interactive=False)
    assert Entry.objects.exists()


def test_a_key_ring_that_others_can_read_is_a_problem(db):
    keys.ring()
    keys.ring_path().chmod(0o644)
    try:
        assert ids(soundness.problems()) == ["ledger.E005"]
    finally:
        keys.ring_path().chmod(0o600)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"transaction_mode": "IMMEDIATE", "init_command": "PRAGMA synchronous=FULL"}, "journal mode"),
        (
            {"transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL"},
            "disk",
        ),
        ({"init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL"}, "IMMEDIATE"),
    ],
)
def test_loose_sqlite_settings_are_problems(options, says, tmp_path, settings, db):
    settings.LEDGER_MAY_BE_FLUSHED = False
    path = tmp_path / "loose.sqlite3"
    sqlite3.connect(path).close()
    loose = ConnectionHandler({"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": path, "OPTIONS": options}})
    found = soundness._settings(loose["default"])
    loose["default"].close()
    assert ids(found) == ["ledger.E004"]
    assert says in found[0].message


def test_while_migrations_wait_triggers_are_not_missed(append, monkeypatch):
    append()
    monkeypatch.setattr(soundness, "migrations_wait", lambda using: True)
    with triggers.lifted(connection):
        assert "ledger.E002" not in ids(checks.run_checks(databases=["default"]))


def test_no_migration_waits_after_the_test_database_is_made(db):
    assert not soundness.migrations_wait()


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="only PostgreSQL appends by a function")
def test_an_altered_append_function_is_a_problem_and_is_put_back(append):
    with owner.acting(connection), connection.cursor() as cursor:
        cursor.execute("ALTER FUNCTION ledger_append(text, bytea, bytea) SECURITY INVOKER")
    assert "ledger_append" in soundness.problems()[0].message
    with owner.acting(connection):
        triggers.restore(connection)
    assert soundness.problems() == []
    append()


def test_the_system_check_speaks_for_the_database_that_is_looked_at(append):
    append()
    with triggers.lifted(connection):
        found = checks.run_checks(databases=["default"])
        assert "ledger.E002" in ids(found)
        assert "ledger.E002" not in ids(checks.run_checks())
