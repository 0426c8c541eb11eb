"""What the role that runs may not do on PostgreSQL, said by the server itself, and what it can still do."""

import psycopg
import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from ledger import grants, owner, soundness, triggers, verification
from ledger.models import Entry, EntryObject, LedgerHead
from tests import two_roles

pytestmark = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="roles are a thing of PostgreSQL")
COPY = "COPY ledger_entry (log_id, seq, time, kind, actor_kind, actor_id, bytes, prev, hash) FROM STDIN"
FORGE = "CREATE OR REPLACE FUNCTION {} LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$"


@pytest.fixture
def written(append):
    for number in range(3):
        append(key=f"PO-{number}")


def state():
    return [list(model.objects.order_by("pk").values_list()) for model in (Entry, LedgerHead, EntryObject)]


def table_rights(table):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT privilege_type FROM information_schema.role_table_grants"
            " WHERE grantee = %s AND table_name = %s AND table_schema = 'public'",
            [two_roles.RUNTIME, table],
        )
        return {name for (name,) in cursor.fetchall()}


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE ledger_entry SET kind = 'order.cancelled'",
        "UPDATE ledger_entry SET bytes = bytes WHERE seq = 2",
        "DELETE FROM ledger_entry WHERE seq = 3",
        "TRUNCATE ledger_entry CASCADE",
        "INSERT INTO ledger_entry SELECT * FROM ledger_entry",
        "INSERT INTO ledger_entry SELECT * FROM ledger_entry ON CONFLICT (id) DO UPDATE SET kind = 'x.y'",
        "INSERT INTO ledger_entry SELECT * FROM ledger_entry ON CONFLICT DO NOTHING",
        "MERGE INTO ledger_entry e USING ledger_entry n ON e.id = n.id WHEN MATCHED THEN DELETE",
        "WITH gone AS (DELETE FROM ledger_entry RETURNING 1) SELECT count(*) FROM gone",
        "SELECT * FROM ledger_entry FOR UPDATE",
        "UPDATE ledger_ledgerhead SET seq = 2",
        "DELETE FROM ledger_ledgerhead",
        "INSERT INTO ledger_ledgerhead (log, origin, seq, hash) VALUES ('other', 'x', 0, repeat('0', 64))",
        "LOCK TABLE ledger_ledgerhead IN ACCESS EXCLUSIVE MODE",
        "UPDATE ledger_entryobject SET key = 'PO-9'",
        "DELETE FROM ledger_entryobject",
        "INSERT INTO ledger_entryobject (entry_id, kind, key) SELECT id, 'order', 'PO-9' FROM ledger_entry",
        "DELETE FROM ledger_grantedauthority",
        "UPDATE django_migrations SET name = 'x'",
        "DELETE FROM django_migrations",
        "ALTER TABLE ledger_entry DISABLE TRIGGER ALL",
        "ALTER TABLE ledger_entry DISABLE TRIGGER ledger_entry_frozen",
        "ALTER TABLE ledger_entry ENABLE TRIGGER ledger_entry_frozen",
        "ALTER TABLE ledger_entry OWNER TO CURRENT_USER",
        "ALTER TABLE ledger_entry RENAME TO entry",
        "ALTER TABLE ledger_entry ADD COLUMN more text",
        "DROP TABLE ledger_entry CASCADE",
        "DROP TRIGGER ledger_entry_frozen ON ledger_entry",
        "CREATE TRIGGER mine AFTER INSERT ON ledger_entry FOR EACH ROW EXECUTE FUNCTION ledger_refuse()",
        "CREATE RULE mine AS ON INSERT TO ledger_entry DO INSTEAD NOTHING",
        "CREATE INDEX mine ON ledger_entry (kind)",
        "DROP FUNCTION ledger_append(text, bytea, bytea)",
        "DROP FUNCTION ledger_refuse() CASCADE",
        "ALTER FUNCTION ledger_append(text, bytea, bytea) SECURITY INVOKER",
        "ALTER FUNCTION ledger_append(text, bytea, bytea) OWNER TO CURRENT_USER",
        FORGE.format("ledger_refuse() RETURNS trigger"),
        FORGE.format("ledger_append(p_log text, p_before bytea, p_after bytea) RETURNS SETOF ledger_entry"),
        FORGE.format("mine() RETURNS trigger"),
        "CREATE TABLE mine (id integer)",
        "CREATE VIEW mine AS SELECT 1",
        "CREATE SCHEMA mine",
        "CREATE TEMP TABLE ledger_entry (LIKE public.ledger_entry)",
        "CREATE TEMP VIEW ledger_ledgerhead AS SELECT * FROM public.ledger_ledgerhead",
        "SET session_replication_role = replica",
        "SET LOCAL session_replication_role = replica; UPDATE ledger_entry SET kind = 'x.y'",
        "SELECT nextval('ledger_entry_id_seq')",
        "SELECT setval('ledger_number_po', 1)",
    ],
)
def test_the_server_refuses_the_role_that_runs(written, sql):
    before, rights = state(), table_rights("ledger_entry")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert state() == before
    assert table_rights("ledger_entry") == rights == {"SELECT"}
    assert triggers.wanting(connection) == []


@pytest.mark.parametrize("sql", ["GRANT UPDATE ON ledger_entry TO CURRENT_USER", "GRANT ALL ON ledger_entry TO PUBLIC"])
def test_a_grant_that_it_cannot_make_gives_nothing(written, sql):
    """Here the server only warns."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
    assert table_rights("ledger_entry") == {"SELECT"}


def test_copy_into_the_entries_is_refused(written):
    before = state()
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        transaction.atomic(),
        connection.cursor() as cursor,
        cursor.cursor.copy(COPY) as copy,
    ):
        copy.write_row(["main", 4, "2030-01-01", "a.b", "system", "x", b"{}", "0" * 64, "f" * 64])
    assert state() == before


def test_the_service_appends_and_the_chain_stays_valid(written, append):
    append(key="PO-9")
    assert LedgerHead.objects.get().seq == 4
    assert (verification.verify().valid, verification.verify().entries) == (True, 4)


def test_the_role_is_neither_owner_nor_superuser(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT session_user, current_user, current_setting('is_superuser')")
        assert cursor.fetchone() == (two_roles.RUNTIME, two_roles.RUNTIME, "off")
        cursor.execute("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")
        assert cursor.fetchall() == [(two_roles.OWNER,)]


@pytest.mark.parametrize(
    ("table", "rights"),
    [
        ("ledger_entry", {"SELECT"}),
        ("ledger_ledgerhead", {"SELECT"}),
        ("ledger_entryobject", {"SELECT"}),
        ("django_migrations", {"SELECT"}),
        ("ledger_grantedauthority", {"SELECT", "INSERT", "UPDATE"}),
        ("ledger_treenode", {"SELECT", "INSERT"}),
        ("ledger_checkpoint", {"SELECT", "INSERT"}),
        ("ledger_anchoring", {"SELECT", "INSERT"}),
        ("ledger_effect", {"SELECT", "INSERT", "UPDATE", "DELETE"}),
        ("procure_order", {"SELECT", "INSERT", "UPDATE", "DELETE"}),
        ("django_session", {"SELECT", "INSERT", "UPDATE", "DELETE"}),
    ],
)
def test_rights_follow_from_the_triggers(db, table, rights):
    assert table_rights(table) == rights


def test_two_roles_apart_are_sound(written):
    assert grants.excesses(connection) == []
    assert soundness.problems() == []


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("GRANT UPDATE ON ledger_entry TO {0}", "may UPDATE on ledger_entry"),
        ("GRANT UPDATE (kind) ON ledger_entry TO {0}", "may UPDATE on ledger_entry"),
        ("GRANT INSERT, DELETE ON ledger_entry TO {0}", "may INSERT, DELETE on ledger_entry"),
        ("GRANT TRUNCATE ON ledger_ledgerhead TO {0}", "may TRUNCATE on ledger_ledgerhead"),
        ("GRANT TRIGGER ON ledger_entryobject TO PUBLIC", "may TRIGGER on ledger_entryobject"),
        ("GRANT CREATE ON SCHEMA public TO {0}", "may make tables and functions in the schema"),
        ("ALTER ROLE {0} SUPERUSER", "is a superuser"),
        ("ALTER ROLE {0} CREATEROLE", "may make roles and so become the owner"),
        ("GRANT SET ON PARAMETER session_replication_role TO {0}", "may set session_replication_role"),
        ("GRANT pg_write_all_data TO {0}", "may INSERT, UPDATE, DELETE on ledger_entry"),
        ("ALTER TABLE ledger_entry OWNER TO {0}", "owns ledger_entry"),
    ],
)
def test_a_right_too_many_is_a_problem(db, sql, says):
    """Asked by the server's administrator, in a transaction that nobody else sees, about another role."""
    role = "procure_test_excess"
    with two_roles.as_administrator(connection.settings_dict["NAME"]) as administrator:
        administrator.autocommit = False
        cursor = administrator.cursor()
        cursor.execute(f"CREATE ROLE {role}")
        declared = triggers.declared(connection)
        assert grants.grants.excesses(cursor, role, declared) == []
        cursor.execute(sql.format(role))
        assert any(says in each for each in grants.grants.excesses(cursor, role, declared))
        administrator.rollback()


def test_membership_in_the_owner_is_a_problem_outside_of_tests(db, settings):
    settings.LEDGER_MAY_BE_FLUSHED = False
    assert "ledger.E007" in [each.id for each in soundness.problems()]


@pytest.mark.parametrize(("secure", "expected"), [(True, ["ledger.W002"]), (False, [])])
def test_one_role_for_everything_draws_a_warning_where_others_are_served(db, settings, secure, expected):
    settings.SECURE, settings.DATABASE_OWNER, settings.LEDGER_MAY_BE_FLUSHED = secure, None, False
    assert [each.id for each in soundness.cautions() if each.id == "ledger.W002"] == expected
    assert "ledger.E007" not in [each.id for each in soundness.problems()]


@pytest.mark.django_db(transaction=True)
def test_migrating_sets_the_rights_to_what_they_must_be():
    name = connection.settings_dict["NAME"]
    with two_roles.as_administrator(name) as administrator:
        administrator.execute(f"GRANT UPDATE, DELETE ON ledger_entry TO {two_roles.RUNTIME}")
        administrator.execute(f"REVOKE ALL ON procure_order FROM {two_roles.RUNTIME}")
    assert "ledger.E007" in [each.id for each in soundness.problems()]
    call_command("migrate", verbosity=0)
    assert table_rights("ledger_entry") == {"SELECT"}
    assert table_rights("procure_order") == {"SELECT", "INSERT", "UPDATE", "DELETE"}
    assert connection.settings_dict["USER"] == two_roles.RUNTIME
    assert soundness.problems() == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE ledger_entry SET kind = 'x.y'",
        "DELETE FROM ledger_entryobject",
        "TRUNCATE ledger_entry CASCADE",
        "SET session_replication_role = replica; UPDATE ledger_entry SET kind = 'x.y'",
        "SET session_replication_role = replica; DELETE FROM ledger_ledgerhead",
    ],
)
def test_even_a_superuser_in_replica_mode_meets_the_triggers(append, sql):
    append()
    before = state()
    name = connection.settings_dict["NAME"]
    with two_roles.as_administrator(name) as administrator, pytest.raises(psycopg.errors.IntegrityError):
        administrator.execute(sql)
    assert state() == before


def test_the_owner_does_not_sign_in_inside_a_transaction(db):
    with pytest.raises(RuntimeError, match="outside"), owner.signed_in(connection):
        pytest.fail("entered")
