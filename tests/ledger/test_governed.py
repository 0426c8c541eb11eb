"""Governed tables take no write without authority, and an authority opens them once, inside its block alone."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, connection, models, transaction

from ledger import authority, chain, clock, databases, governed, granting, journal, owner, triggers
from ledger.actors import Actor
from ledger.errors import NoAuthority
from ledger.importing import importing
from ledger.models import GrantedAuthority, Person
from ledger.spending import spending
from tests.two_roles import RUNTIME

FINGERPRINT = "a" * 64
POLICY = "b" * 64


class Scratch(models.Model):
    """A governed table of the tests' own."""

    name = models.CharField(max_length=20, unique=True)

    class Meta:
        app_label = "ledger_tests"
        managed = False
        db_table = "ledger_tests_scratch"

    def __str__(self):
        return self.name


@pytest.fixture
def scratch(db):
    with owner.acting(connection), connection.cursor() as cursor:
        cursor.execute("CREATE TABLE ledger_tests_scratch (id integer PRIMARY KEY, name varchar(20) UNIQUE)")
        protection = governed.Protect("ledger_tests_scratch").triggers(connection)
        cursor.execute("INSERT INTO ledger_tests_scratch (id, name) VALUES (1, 'first')")
        databases.of(connection).install(cursor, protection)
        if connection.vendor == "postgresql":
            cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ledger_tests_scratch TO {RUNTIME}")


def write(pk=2, name="second"):
    with transaction.atomic():
        Scratch.objects.create(pk=pk, name=name)


def is_open():
    """Whether a write passes now. Leaves no trace."""
    try:
        with transaction.atomic():
            Scratch.objects.filter(pk=1).update(name="changed")
            transaction.set_rollback(True)
    except IntegrityError:
        return False
    return True


def names():
    return sorted(Scratch.objects.values_list("name", flat=True))


@pytest.fixture
def granted(scratch):
    return granting.issue(fingerprint=FINGERPRINT, reference="PP-00001")


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO ledger_tests_scratch (id, name) VALUES (2, 'second')",
        "UPDATE ledger_tests_scratch SET name = 'changed'",
        "DELETE FROM ledger_tests_scratch",
    ],
)
def test_no_statement_passes_without_authority(scratch, sql):
    with pytest.raises(IntegrityError, match="decided proposal"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert names() == ["first"]


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="recursive triggers are a switch of SQLite")
@pytest.mark.parametrize("recursive", ["ON", "OFF"])
def test_insert_or_replace_does_not_pass_either(scratch, recursive):
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA recursive_triggers = {recursive}")
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("REPLACE INTO ledger_tests_scratch (id, name) VALUES (1, 'changed')")
    assert names() == ["first"]


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="only PostgreSQL truncates and replicates")
@pytest.mark.parametrize(
    "sql",
    ["TRUNCATE ledger_tests_scratch", "SET LOCAL session_replication_role = replica; DELETE FROM ledger_tests_scratch"],
)
def test_postgresql_refuses_truncation_and_replica_mode(scratch, sql):
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert names() == ["first"]


def test_an_authority_opens_the_table_inside_its_block_alone(granted):
    with transaction.atomic():
        with spending(granted.pk, FINGERPRINT, policy=POLICY) as held:
            authority.check(held)
            write()
        assert not is_open()
    assert names() == ["first", "second"]


def test_an_authority_is_spent_once(granted):
    with transaction.atomic(), spending(granted.pk, FINGERPRINT, policy=POLICY):
        write()
    with (
        pytest.raises(NoAuthority, match="used already"),
        transaction.atomic(),
        spending(granted.pk, FINGERPRINT, policy=POLICY),
    ):
        write(3, "third")
    assert names() == ["first", "second"]


@pytest.mark.parametrize("wrong", ["fingerprint", "expired", "unknown"])
def test_an_authority_for_something_else_opens_nothing(granted, wrong):
    pk, fingerprint = granted.pk, FINGERPRINT
    if wrong == "fingerprint":
        fingerprint = "b" * 64
    elif wrong == "expired":
        clock.shift(timedelta(days=15))
    else:
        pk += 1
    with pytest.raises(NoAuthority), transaction.atomic(), spending(pk, fingerprint, policy=POLICY):
        write()
    assert names() == ["first"]
    assert GrantedAuthority.objects.get().spent_at is None


def test_what_fails_gives_the_authority_back_and_closes_the_table(granted):
    def fail():
        with transaction.atomic(), spending(granted.pk, FINGERPRINT, policy=POLICY):
            write()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not is_open()
    assert names() == ["first"]
    assert GrantedAuthority.objects.get().spent_at is None


def test_a_database_error_inside_is_the_error_seen_and_closes_the_table(granted):
    def fail():
        with transaction.atomic(), spending(granted.pk, FINGERPRINT, policy=POLICY):
            Scratch.objects.create(pk=1, name="twice")

    with pytest.raises(IntegrityError, match=r"(?i)unique"):
        fail()
    assert not is_open()


def test_a_savepoint_rolled_back_inside_leaves_the_authority_in_force(granted):
    with transaction.atomic(), spending(granted.pk, FINGERPRINT, policy=POLICY):
        with pytest.raises(IntegrityError, match=r"(?i)unique"):
            write(1, "twice")
        write()
    assert names() == ["first", "second"]


def test_after_an_inner_authority_the_outer_one_is_in_force_again(granted):
    with importing("batch", "0" * 64) as outer:
        with spending(granted.pk, FINGERPRINT, policy=POLICY) as inner:
            authority.check(inner)
            with pytest.raises(NoAuthority):
                authority.check(outer)
        authority.check(outer)
        write()
    assert not is_open()
    assert names() == ["first", "second"]


def test_an_authority_that_is_not_in_force_passes_no_check(granted):
    with pytest.raises(NoAuthority):
        authority.check(None)
    forged = authority.Authority(granted.pk, FINGERPRINT, "PP-00001")
    with pytest.raises(NoAuthority):
        authority.check(forged)


@pytest.mark.django_db(transaction=True)
def test_an_authority_is_not_spent_outside_a_transaction():
    granted = granting.issue(fingerprint=FINGERPRINT, reference="PP-00001")
    with pytest.raises(RuntimeError), spending(granted.pk, FINGERPRINT, policy=POLICY):
        pytest.fail("entered")
    assert GrantedAuthority.objects.get().spent_at is None


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="only SQLite rebuilds tables")
@pytest.mark.django_db(transaction=True)
def test_a_rebuilt_table_loses_its_triggers_and_gets_them_back():
    field = GrantedAuthority._meta.get_field("purpose")
    wider = models.CharField(max_length=11, choices=GrantedAuthority.Purpose)
    wider.set_attributes_from_name("purpose")
    with connection.schema_editor() as editor:
        editor.alter_field(GrantedAuthority, field, wider)
    assert "ledger_grantedauthority_spend" in triggers.wanting(connection)
    triggers.restore(connection)
    assert triggers.wanting(connection) == []
    with connection.schema_editor() as editor:
        editor.alter_field(GrantedAuthority, wider, field)
    triggers.restore(connection)


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="only SQLite rebuilds tables")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("model", "name"), [("Entry", "kind"), ("LedgerHead", "origin"), ("EntryObject", "key")])
def test_tables_of_the_chain_can_be_rebuilt_between_lifting_and_keeping(model, name, append):
    append()
    model = apps.get_model("ledger", model)
    field = model._meta.get_field(name)
    wider = models.CharField(max_length=field.max_length + 1, db_index=field.db_index)
    wider.set_attributes_from_name(name)
    for before, after in [(field, wider), (wider, field)]:
        with connection.schema_editor() as editor:
            triggers.LiftChain().database_forwards("ledger", editor, None, None)
            editor.alter_field(model, before, after)
            triggers.KeepChain().database_forwards("ledger", editor, None, None)
        assert triggers.wanting(connection) == []
        append()


def test_people_are_not_governed(rita):
    Person.objects.filter(pk=rita.pk).update(job_title="Head of programmes")


def test_what_a_decision_changes_is_recorded_under_its_policy(entity, granted):
    def said():
        with transaction.atomic():
            return chain.read(journal.record("order.issued", actor=Actor.system("tests"), entity=entity)).get("policy")

    with transaction.atomic(), spending(granted.pk, FINGERPRINT, policy=POLICY):
        assert said() == POLICY
        with importing("batch", "0" * 64):
            assert said() is None
        assert said() == POLICY
    assert said() is None


def test_a_decision_without_a_policy_carries_out_nothing(entity, granted):
    without = spending(granted.pk, FINGERPRINT, policy="")
    with pytest.raises(NoAuthority, match="digest of the policy"), transaction.atomic(), without:
        pass
    granted.refresh_from_db()
    assert granted.spent_at is None
