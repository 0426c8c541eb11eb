"""No SQL changes or removes what the ledger has, whoever sends it."""

import sqlite3
from contextlib import nullcontext

import pytest
from django.db import DatabaseError, connection, transaction

from ledger import chain, granting, owner, soundness, triggers
from ledger.models import Entry, EntryObject, GrantedAuthority, LedgerHead

only_sqlite = pytest.mark.skipif("connection.vendor != 'sqlite'", reason="a way that only SQLite has")
only_postgresql = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="a way that only PostgreSQL has")


def state():
    return [
        list(Entry.objects.order_by("pk").values_list("pk", "seq", "kind", "hash")),
        list(LedgerHead.objects.order_by("pk").values_list()),
        list(EntryObject.objects.order_by("pk").values_list()),
        list(GrantedAuthority.objects.order_by("pk").values_list()),
    ]


@pytest.fixture
def written(append):
    for number in range(3):
        append(key=f"PO-{number}")
    granting.issue(fingerprint="f" * 64, reference="decision 1")
    GrantedAuthority.objects.update(spent_at="2026-01-01T00:00:00Z")
    return state()


def refused(sql, params=None):
    """To the role that runs, and to the owner of the tables by the triggers: what they say."""
    before = state()
    for role in (nullcontext(), owner.acting(connection)):
        with role, pytest.raises(DatabaseError) as caught, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, params)
        assert state() == before
    return str(caught.value)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE ledger_entry SET kind = 'order.cancelled' WHERE seq = 2",
        "UPDATE ledger_entry SET bytes = bytes",
        "DELETE FROM ledger_entry WHERE seq = 3",
        "DELETE FROM ledger_entry",
        "UPDATE ledger_entryobject SET key = 'PO-9'",
        "DELETE FROM ledger_entryobject",
        "INSERT INTO ledger_entryobject (entry_id, kind, key) SELECT id, 'order', 'PO-9' FROM ledger_entry",
        "INSERT INTO ledger_entryobject (entry_id, kind, key) SELECT entry_id, kind, key FROM ledger_entryobject",
        "UPDATE ledger_ledgerhead SET seq = 2",
        "UPDATE ledger_ledgerhead SET seq = 4",
        "UPDATE ledger_ledgerhead SET hash = 'ff'",
        "UPDATE ledger_ledgerhead SET origin = 'elsewhere'",
        "UPDATE ledger_ledgerhead SET log = 'other'",
        "DELETE FROM ledger_ledgerhead",
        "INSERT INTO ledger_ledgerhead (log, origin, seq, hash) VALUES ('other', 'x', 5, 'ff')",
        "INSERT INTO ledger_ledgerhead (log, origin, seq, hash) SELECT 'other', 'a\"b', 0, repeat('0', 64)",
        "UPDATE ledger_grantedauthority SET spent_at = NULL",
        "UPDATE ledger_grantedauthority SET fingerprint = 'other'",
        "UPDATE ledger_grantedauthority SET expires_at = NULL",
        "DELETE FROM ledger_grantedauthority",
    ],
)
def test_the_database_refuses(written, sql):
    if connection.vendor == "sqlite":
        sql = sql.replace("repeat('0', 64)", f"'{'0' * 64}'")
    refused(sql)


def forged(**changes):
    """A row for the next number, right in everything but what is changed."""
    head = LedgerHead.objects.get()
    body = {"actor": {"id": "x", "kind": "system"}, "data": {}, "entity": "HQ", "kind": "a.b", "objects": []}
    before, after = chain.halves(body)
    time = "2030-01-01T00:00:00.000000Z"
    tail = {"prev": head.hash, "seq": head.seq + 1} | {k: v for k, v in changes.items() if k in ("prev", "seq")}
    content = (
        f'{before},"origin":"{changes.pop("origin", head.origin)}"{after},"prev":"{tail["prev"]}",'
        f'"seq":{tail["seq"]},"time":"{time}","v":1}}'
    ).encode()
    row = {
        "log_id": "main", "seq": tail["seq"], "time": "2030-01-01 00:00:00.000000", "kind": "a.b",
        "actor_kind": "system", "actor_id": "x", "bytes": content, "prev": tail["prev"],
        "hash": chain.leaf_hash(content),
    }  # fmt: skip
    row |= changes
    if connection.vendor == "postgresql":
        row["time"] += "+00"
    return row


def insert(row, verb="INSERT"):
    names = ", ".join(row)
    marks = ", ".join(["%s"] * len(row))
    return f"{verb} INTO ledger_entry ({names}) VALUES ({marks})", list(row.values())


def test_a_row_that_continues_the_chain_is_taken_and_moves_the_head(written):
    row = forged()
    with owner.acting(connection), connection.cursor() as cursor:
        cursor.execute(*insert(row))
    assert LedgerHead.objects.get().seq == 4
    assert LedgerHead.objects.get().hash == row["hash"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"seq": 9}, "continue"),
        ({"seq": 3}, "continue"),
        ({"prev": "f" * 64}, "continue"),
        ({"log_id": "other"}, "continue"),
        ({"origin": "elsewhere"}, "continue"),
        ({"hash": "f" * 64}, "hash"),
        ({"kind": "order.cancelled"}, "columns"),
        ({"actor_id": "y"}, "columns"),
        ({"time": "2031-01-01 00:00:00.000000"}, "columns"),
    ],
    ids=str,
)
def test_a_row_that_does_not_fit_is_refused(written, changes, says):
    assert says in refused(*insert(forged(**changes)))


@only_sqlite
@pytest.mark.parametrize("recursive", ["ON", "OFF"])
def test_insert_or_replace_takes_no_place_of_a_row(written, recursive):
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA recursive_triggers = {recursive}")
    first = Entry.objects.order_by("seq").first()
    refused(*insert(forged(id=first.pk), "INSERT OR REPLACE"))
    refused(*insert(forged(seq=1, prev="0" * 64), "INSERT OR REPLACE"))
    refused(*insert(forged(hash=first.hash), "REPLACE"))
    refused(*insert(forged(id=-1), "INSERT OR REPLACE"))
    refused("REPLACE INTO ledger_entry SELECT * FROM ledger_entry WHERE seq = 2")
    refused("UPDATE OR REPLACE ledger_entry SET id = 1 WHERE id = 2")
    zeros = "0" * 64
    refused(f"REPLACE INTO ledger_ledgerhead (log, origin, seq, hash) VALUES ('main', 'x', 0, '{zeros}')")
    refused(f"REPLACE INTO ledger_ledgerhead (rowid, log, origin, seq, hash) VALUES (1, 'other', 'x', 0, '{zeros}')")
    refused(f"REPLACE INTO ledger_ledgerhead (rowid, log, origin, seq, hash) VALUES (-1, 'other', 'x', 0, '{zeros}')")
    refused("REPLACE INTO ledger_entryobject SELECT * FROM ledger_entryobject")
    refused("REPLACE INTO ledger_grantedauthority SELECT id, purpose, 'other', reference, issued_at, NULL, NULL"
            " FROM ledger_grantedauthority")  # fmt: skip
    upsert = "INSERT INTO ledger_entry SELECT * FROM ledger_entry WHERE true ON CONFLICT DO UPDATE SET kind = 'x.y'"
    refused(upsert)


@only_postgresql
@pytest.mark.parametrize(
    "sql",
    [
        "TRUNCATE ledger_entry CASCADE",
        "TRUNCATE ledger_entryobject",
        "TRUNCATE ledger_ledgerhead CASCADE",
        "SET LOCAL session_replication_role = replica; UPDATE ledger_entry SET kind = 'x.y'",
        "SET LOCAL session_replication_role = replica; DELETE FROM ledger_entryobject",
        "INSERT INTO ledger_entry SELECT * FROM ledger_entry ON CONFLICT (id) DO UPDATE SET kind = 'x.y'",
    ],
)
def test_postgresql_refuses(written, sql):
    refused(sql)


@only_postgresql
def test_a_temporary_table_of_the_same_name_does_not_stand_in(written, append):
    with owner.acting(connection), connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE ledger_ledgerhead (LIKE public.ledger_ledgerhead)")
    append()
    with owner.acting(connection), connection.cursor() as cursor:
        cursor.execute("DROP TABLE pg_temp.ledger_ledgerhead")
    assert LedgerHead.objects.get().seq == 4


@only_sqlite
@pytest.mark.django_db(transaction=True)
def test_a_foreign_connection_without_our_functions_writes_nothing(append, tmp_path):
    append()
    path = tmp_path / "copy.sqlite3"
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(path)])
    row = forged()
    foreign = sqlite3.connect(path)
    sql = f"INSERT INTO ledger_entry ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})"
    with pytest.raises(sqlite3.OperationalError, match="no such function"):
        foreign.execute(sql, list(row.values()))
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        foreign.execute("DELETE FROM ledger_entry")
    foreign.close()


@only_sqlite
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "sql",
    [
        "DROP TRIGGER ledger_entry_no_delete",
        "PRAGMA writable_schema = ON; DELETE FROM sqlite_master WHERE name = 'ledger_entry_no_delete'",
        "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = replace(sql, 'WHERE 1', 'WHERE 0')"
        " WHERE name = 'ledger_entry_no_delete'",
        "DROP TRIGGER ledger_entry_no_delete; CREATE TRIGGER ledger_entry_no_delete BEFORE DELETE ON ledger_cursor"
        " BEGIN SELECT 1; END",
    ],
)
def test_who_writes_the_file_past_us_is_noticed_before_serving(append, tmp_path, monkeypatch, sql):
    """SQLite has no roles: whoever has the file can take a trigger away, and the start-up check says which."""
    append()
    path = tmp_path / "copy.sqlite3"
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(path)])
    foreign = sqlite3.connect(path)
    foreign.executescript(sql)
    foreign.close()
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "NAME", str(path))
    try:
        found = [each for each in soundness.problems() if each.id == "ledger.E002"]
        assert "ledger_entry_no_delete" in found[0].message
        assert triggers.restore(connection) == ["ledger_entry_no_delete"]
        with pytest.raises(DatabaseError):
            connection.cursor().execute("DELETE FROM ledger_entry")
    finally:
        connection.close()


def test_no_trigger_is_wanting_after_migration(db):
    assert triggers.wanting(connection) == []
    assert len(triggers.declared(connection)) > 10


def test_a_trigger_that_is_missing_or_altered_is_named_and_put_back(written):
    with owner.acting(connection), connection.cursor() as cursor:
        on = "" if connection.vendor == "sqlite" else " ON ledger_entry"
        cursor.execute(f"DROP TRIGGER ledger_entry_link{on}")
        cursor.execute(f"DROP TRIGGER ledger_entry_move{on}")
        if connection.vendor == "sqlite":
            cursor.execute("CREATE TRIGGER ledger_entry_link BEFORE INSERT ON ledger_entry BEGIN SELECT 1; END")
        else:
            cursor.execute("ALTER TABLE ledger_ledgerhead DISABLE TRIGGER ledger_head_move")
    wanting = triggers.wanting(connection)
    assert {"ledger_entry_link", "ledger_entry_move"} <= set(wanting)
    assert ("ledger_head_move" in wanting) == (connection.vendor == "postgresql")
    with owner.acting(connection):
        assert triggers.restore(connection) == sorted(wanting)
    assert triggers.wanting(connection) == []
    refused(*insert(forged(seq=9)))


def fail_while_lifted():
    with triggers.lifted(connection):
        assert triggers.wanting(connection)
        raise ZeroDivisionError


def test_a_lifted_trigger_is_back_after_an_error(written):
    with pytest.raises(ZeroDivisionError):
        fail_while_lifted()
    assert triggers.wanting(connection) == []


def test_an_authority_may_be_spent_and_shortened_but_nothing_else(append):
    granted = granting.issue(fingerprint="f" * 64, reference="decision 1")
    GrantedAuthority.objects.filter(pk=granted.pk).update(expires_at=granted.issued_at)
    with pytest.raises(DatabaseError), transaction.atomic():
        GrantedAuthority.objects.filter(pk=granted.pk).update(reference="decision 2")
    GrantedAuthority.objects.filter(pk=granted.pk).update(spent_at=granted.issued_at)
    with pytest.raises(DatabaseError), transaction.atomic():
        GrantedAuthority.objects.filter(pk=granted.pk).update(spent_at=None)
