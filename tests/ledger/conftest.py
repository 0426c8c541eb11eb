from collections.abc import Callable

import pytest
from django.db import transaction

from ledger import journal
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.models import Entry, LegalEntity


@pytest.fixture
def append(entity: LegalEntity) -> Callable[..., Entry]:
    """Records one fact in a transaction of its own."""

    def append(kind: str = "order.issued", key: str = "PO-00001", **more: object) -> Entry:
        with transaction.atomic():
            return journal.record(
                kind, actor=Actor.system("tests"), entity=entity, objects=[ObjectRef("order", key)], **more
            )

    return append
