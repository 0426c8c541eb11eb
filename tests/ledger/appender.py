"""Appends from several threads at once: `python -m tests.ledger.appender THREADS EACH`."""

import sys
from concurrent.futures import ThreadPoolExecutor


def append_many(number: int, each: int) -> int:
    from django.db import connection, transaction

    from ledger import journal, numbering
    from ledger.actors import Actor
    from ledger.command import ObjectRef
    from ledger.models import LegalEntity

    entity = LegalEntity.objects.get(code="HQ")
    for _ in range(each):
        with transaction.atomic():
            key = numbering.take("PO")
            journal.record(
                "order.issued", actor=Actor.system(f"writer-{number}"), entity=entity, objects=[ObjectRef("order", key)]
            )
    connection.close()
    return each


def main(threads: int, each: int) -> None:
    import django

    django.setup()
    with ThreadPoolExecutor(threads) as pool:
        print(sum(pool.map(append_many, range(threads), [each] * threads)))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
