"""An append through the Django service against the same transaction with the bare driver and the same triggers."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection, transaction

from ledger import chain, databases, journal, statements
from ledger.actors import Actor
from ledger.chain import halves
from ledger.command import ObjectRef
from ledger.models import LegalEntity, NumberRange
from tests.bench.rows import Row, medians

DATA = {"reference": "PR-00001", "text": "x" * 600}


def rows() -> Iterator[Row]:
    head = chain.begin("main", origin="procure.example/bench")
    entity, _ = LegalEntity.objects.get_or_create(
        code="BENCH", defaults={"name": "Bench", "base_currency": "USD", "log": head}
    )
    NumberRange.objects.get_or_create(prefix="BN")
    actor, reference = Actor.system("bench"), ObjectRef("requisition", "PR-00001")

    def service() -> None:
        with transaction.atomic():
            NumberRange.objects.filter(prefix="BN").update(last=1)
            journal.record("bench.done", actor=actor, entity=entity, objects=[reference], data=DATA)

    body = {
        "actor": actor.as_json(),
        "data": DATA,
        "entity": entity.code,
        "kind": "bench.done",
        "objects": [reference.as_json()],
    }

    def bare() -> None:
        before, after = halves(body)
        with transaction.atomic(), statements.cursor() as cursor:
            cursor.execute("UPDATE ledger_numberrange SET last = 1 WHERE prefix = 'BN'")
            database = databases.of(connection)
            database.send(cursor, log="main", halves=[(before, after)])
            database.appended(cursor)

    ours, peer = medians(service, bare)
    name = f"append with a business row, {connection.vendor} (limit: bare cursor)"
    yield Row(name, f"{ours * 1000:.2f} ms", f"{peer * 1000:.2f} ms", ours / peer)
