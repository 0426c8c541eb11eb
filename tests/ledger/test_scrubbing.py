"""Scrubbing: what an erasure frees is overwritten, at a quiet moment, and is due until it is."""

from __future__ import annotations

import json
import sqlite3
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from ledger import backup, clock, heartbeat, personal, scrubbing
from ledger.databases import horizon
from ledger.errors import Misconfigured
from ledger.models import Heartbeat, Person
from tests import canary
from tests.ledger.test_erasure import erase, keys_apart, of

__all__ = ["keys_apart"]
pytestmark = pytest.mark.django_db(transaction=True)
MARK = "ZqXvKwJ"
on_sqlite = pytest.mark.skipif("connection.vendor != 'sqlite'", reason="a file of its own: SQLite")
on_postgresql = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="dead rows: PostgreSQL")


@pytest.fixture(autouse=True)
def rested(monkeypatch):
    monkeypatch.setattr(scrubbing, "_rest", scrubbing._Rest())
    monkeypatch.setattr(scrubbing, "PATIENCE", timedelta(milliseconds=50))


@pytest.fixture
def crowd(entity) -> list[Person]:
    """So many, with keys of such different lengths, that pages of the file split and leave old copies behind."""
    made = [Person(username=f"{MARK}{'x' * (number % 90)}{number}", entity=entity) for number in range(400)]
    Person.objects.bulk_create(made, batch_size=7)
    for each in Person.objects.filter(username__startswith=MARK).order_by("username"):
        Person.objects.filter(pk=each.pk).update(last_name=MARK * (1 + each.pk % 9))
    return list(Person.objects.filter(username__startswith=MARK))


def empty(crowd: list[Person], entity) -> None:
    gone = Person.objects.filter(pk__in=[each.pk for each in crowd[1:]])
    gone._raw_delete(gone.db)
    erase(of(crowd[0]), entity)


def others() -> sqlite3.Connection:
    return sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None, timeout=0)


@on_sqlite
def test_nothing_is_left_in_the_file_and_the_journal_is_empty(crowd, entity):
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA secure_delete = OFF")
    empty(crowd, entity)
    assert canary.hits([MARK], canary.database_files())
    assert (scrubbing.is_due(), scrubbing.answer(), scrubbing.is_due()) == (True, 1, False)
    assert canary.hits([MARK], canary.database_files()) == []
    assert Path(f"{connection.settings_dict['NAME']}-wal").read_bytes().lower().count(MARK.lower().encode()) == 0
    assert scrubbing.answer() == 0


@on_sqlite
def test_it_stays_due_while_somebody_writes_and_others_are_not_held_up(rita, entity):
    erase(of(rita), entity)
    writer = others()
    writer.execute("BEGIN IMMEDIATE")
    assert scrubbing.answer() == 0
    assert scrubbing.is_due()
    assert not scrubbing.due(), "it rests before it tries again"
    writer.execute("ROLLBACK")
    scrubbing._rest.until = 0.0
    assert scrubbing.answer() == 1
    assert not scrubbing.is_due()


@on_sqlite
def test_it_stays_due_while_somebody_reads_an_older_state(rita, entity):
    reader = others()
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM ledger_person").fetchone()
    erase(of(rita), entity)
    assert scrubbing.answer() == 0
    assert scrubbing.is_due()
    reader.execute("ROLLBACK")
    scrubbing._rest.until = 0.0
    assert scrubbing.answer() == 1


@on_sqlite
def test_a_crash_after_the_commit_leaves_it_due_for_another_process(rita, ben, entity, monkeypatch):
    erase(of(rita), entity)
    monkeypatch.setattr(scrubbing, "_rest", scrubbing._Rest())  # a process that knows of nothing
    erase(of(ben), entity)
    assert scrubbing.scrub() == 2, "one scrub for both"
    assert not scrubbing.is_due()


@on_sqlite
def test_an_erasure_that_commits_during_a_scrub_stays_due(rita, ben, entity, monkeypatch):
    erase(of(rita), entity)
    rewrite = scrubbing._rewrite_file

    def overtaken(erased: int) -> None:
        rewrite(erased)
        erase(of(ben), entity)

    monkeypatch.setattr(scrubbing, "_rewrite_file", overtaken)
    assert scrubbing.scrub() == 1
    assert scrubbing.is_due()


@on_sqlite
def test_the_command_does_it_now_or_says_who_is_in_the_way(rita, entity, monkeypatch, capsys):
    monkeypatch.setattr("procure.console.management.commands.ledger.SCRUB_TRIES", 1)
    erase(of(rita), entity)
    writer = others()
    writer.execute("BEGIN IMMEDIATE")
    with pytest.raises(CommandError, match="not scrubbed: database is locked"):
        call_command("ledger", "scrub")
    writer.execute("ROLLBACK")
    aside = Path(f"{connection.settings_dict['NAME']}.before-restore-20260101-000000")
    aside.touch()
    call_command("ledger", "scrub", "--json")
    said = capsys.readouterr()
    assert json.loads(said.out) == {"erasures": 1, "scrubbed": True, "held_by": []}
    assert f"{aside} was kept by a restore" in said.err
    aside.unlink()


@on_sqlite
def test_a_backup_made_before_the_scrub_holds_nothing_of_it(crowd, entity, tmp_path):
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA secure_delete = OFF")
    empty(crowd, entity)
    assert canary.hits([MARK], canary.database_files())
    backup._sqlite(tmp_path / "copy")
    assert canary.hits([MARK], [("copy", (tmp_path / "copy").read_bytes())]) == []


@pytest.mark.django_db
def test_inside_a_transaction_nothing_is_tried(rita, entity):
    personal.forget(of(rita))
    assert scrubbing.is_due()
    assert (scrubbing.due(), scrubbing.answer()) == (False, 0)
    with pytest.raises(scrubbing.Busy):
        scrubbing.scrub()
    assert not Heartbeat.objects.filter(name=scrubbing.SCRUBBED).exists()


@on_postgresql
def test_the_owner_writes_every_table_anew_and_the_worker_leaves_it_alone(crowd, entity):
    empty(crowd, entity)
    assert canary.hits([MARK], [("file", file_of("ledger_person"))]), "dead rows"
    assert (scrubbing.due(), scrubbing.answer(), scrubbing.is_due()) == (False, 0, True)
    end_whoever_still_reads()
    assert scrubbing.scrub() == 1
    assert not scrubbing.is_due()
    assert canary.hits([MARK], [("file", file_of("ledger_person"))]) == []
    heartbeat.beat("somebody")  # the role that runs has its rights as before


@on_postgresql
def test_the_role_that_runs_cannot(rita, entity, settings):
    erase(of(rita), entity)
    settings.DATABASE_OWNER = None
    with pytest.raises(Misconfigured, match="DATABASE_OWNER_URL"):
        scrubbing.scrub()
    assert scrubbing.is_due()


def end_whoever_still_reads() -> None:
    """What an older transaction may still see no rewriting takes away: nobody else is in this database."""
    from tests import two_roles

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        mine = cursor.fetchone()[0]
    name = connection.settings_dict["NAME"]
    with two_roles.as_administrator() as server:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> %s"
        server.execute(others, [name, mine])


def file_of(table: str) -> bytes:
    """The table's file on the server's disk, as its administrator reads it."""
    from tests import two_roles

    with two_roles.as_administrator(connection.settings_dict["NAME"]) as server:
        server.execute("CHECKPOINT")
        found = server.execute("SELECT pg_read_binary_file(pg_relation_filepath(%s))", [table]).fetchone()
    return bytes(found[0])


@pytest.fixture
def alone():
    """Sessions that earlier tests left in this database hold nothing back."""
    end_whoever_still_reads()


@on_postgresql
def test_beside_an_older_transaction_nothing_is_rewritten_and_it_stays_due(crowd, entity, alone):
    with reading() as (reader, since):
        empty(crowd, entity)
        before = file_name("ledger_person")
        with pytest.raises(scrubbing.Busy, match=f"process number {reader} since {since:%Y-%m-%d %H:%M}"):
            scrubbing.scrub()
        assert scrubbing.is_due()
        assert file_name("ledger_person") == before
        found = scrubbing.standing()
        assert [(each.kind, each.name, each.since) for each in found.held_by] == [("session", str(reader), since)]
    assert (scrubbing.scrub(), scrubbing.standing()) == (1, None)
    assert canary.hits([MARK], [("file", file_of("ledger_person"))]) == []


@on_postgresql
def test_who_began_after_the_erasure_is_not_waited_for(crowd, entity, alone):
    empty(crowd, entity)
    assert not scrubbing.due(), "the worker only notes which transactions are older"
    with transaction.atomic():
        Heartbeat.objects.create(name="a later transaction", beat_at=clock.now())
    with reading():
        assert scrubbing.scrub() == 1
        assert canary.hits([MARK], [("file", file_of("ledger_person"))]) == []


@on_postgresql
def test_a_scrub_that_was_asked_for_and_held_back_is_tried_again(rita, entity, alone):
    with reading():
        erase(of(rita), entity)
        with pytest.raises(scrubbing.Busy):
            scrubbing.scrub()
        assert scrubbing.standing().by_itself
        assert (scrubbing.answer(), scrubbing.is_due()) == (0, True)
        assert not scrubbing.due(), "it rests before it tries again"
    scrubbing._rest.until = 0.0
    assert (scrubbing.answer(), scrubbing.is_due()) == (1, False)


@on_postgresql
def test_where_nobody_signs_in_as_the_owner_it_is_left_to_the_command(rita, entity, settings, alone):
    with reading():
        erase(of(rita), entity)
        with pytest.raises(scrubbing.Busy):
            scrubbing.scrub()
        settings.DATABASE_OWNER = None
        assert not scrubbing.standing().by_itself
    assert (scrubbing.due(), scrubbing.answer(), scrubbing.is_due()) == (False, 0, True)


@on_postgresql
def test_a_prepared_transaction_holds_it_back_as_well(rita, entity, alone):
    erase(of(rita), entity)
    with connection.cursor() as cursor:
        before = horizon.now(cursor)
    asked = Asked([("prepared", "left behind", None, str(before - 1)), ("slot", "replica", None, str(before + 1))])
    assert [each.name for each in horizon.holders(asked, before)] == ["left behind"]


@on_postgresql
def test_the_command_names_who_is_in_the_way(rita, entity, monkeypatch, capsys, alone):
    monkeypatch.setattr("procure.console.management.commands.ledger.SCRUB_TRIES", 1)
    with reading() as (reader, _):
        erase(of(rita), entity)
        with pytest.raises(CommandError, match=f"process number {reader} since.*It stays due"):
            call_command("ledger", "scrub", "--json")
    told = json.loads(capsys.readouterr().out)
    assert (told["scrubbed"], told["erasures"], [each["name"] for each in told["held_by"]]) == (False, 1, [str(reader)])


@pytest.mark.parametrize(
    ("transaction_id", "before", "older"),
    [(99, 100, True), (100, 100, False), (101, 100, False), (2**32 - 5, 3, True), (3, 2**32 - 5, False)],
)
def test_transaction_numbers_go_round(transaction_id, before, older):
    assert horizon.is_older(transaction_id, before) is older


class Asked:
    """Answers like a cursor: prepared transactions and slots need settings of the server that tests do not have."""

    def __init__(self, rows):
        self.fetchall = lambda: rows

    def execute(self, sql):
        assert "query" not in sql.lower(), "no query's text is read"


@contextmanager
def reading():
    """Somebody is in a transaction that stays open and has locked nothing: its process number, and since when."""
    aside = connection.copy()
    try:
        with aside.cursor() as cursor:
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("SELECT pg_backend_pid(), now()")
            yield cursor.fetchone()
            cursor.execute("ROLLBACK")
    finally:
        aside.close()


def file_name(table: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_relation_filepath(%s)", [table])
        return str(cursor.fetchone()[0])
