"""Statements that are written out: prepared once a connection, and rows read and written as the models have them."""

import pytest
from django.db import connection, transaction

from ledger import statements
from ledger.models import LegalEntity
from ledger.statements import Columns

pytestmark = pytest.mark.django_db


def prepared() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        return [statement for (statement,) in cursor.fetchall()]


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="only PostgreSQL keeps statements ready")
class TestOnAServer:
    def test_what_is_sent_twice_is_read_once(self):
        for number in (1, 2):
            assert statements.run("SELECT %s::int AS only_here", [number]).fetchone() == (number,)
        assert sum("only_here" in each for each in prepared()) == 1

    def test_no_other_statement_is_kept(self):
        statements.run("SELECT 1")
        for _ in range(10):
            assert list(LegalEntity.objects.filter(code="nobody")) == []
        assert not any("nobody" in each or "ledger_legalentity" in each for each in prepared())

    def test_it_can_be_switched_off(self, settings):
        settings.DATABASE_PREPARES = False
        assert statements.run("SELECT %s::int AS switched_off", [1]).fetchone() == (1,)
        assert not any("switched_off" in each for each in prepared())


def test_rows_come_back_as_the_model_has_them(entity):
    columns = Columns(LegalEntity)
    row = statements.run(f"SELECT {columns.of('n')} FROM ledger_legalentity n WHERE n.id = %s", [entity.pk]).fetchone()
    found, known = columns.made(row), LegalEntity.objects.get(pk=entity.pk)
    assert found == known
    assert {each.attname: getattr(found, each.attname) for each in columns.fields} == {
        each.attname: getattr(known, each.attname) for each in columns.fields
    }


def test_rows_are_written_as_the_model_would_write_them(entity):
    made = [
        LegalEntity(code=code, name=f"House {code}", base_currency="EUR", log_id=entity.log_id) for code in ("X1", "X2")
    ]
    with transaction.atomic():
        numbers = Columns(LegalEntity).insert(made)
    assert list(LegalEntity.objects.filter(pk__in=numbers).values_list("code", flat=True).order_by("pk")) == [
        "X1",
        "X2",
    ]
