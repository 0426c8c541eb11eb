from collections.abc import Callable

import pytest
from django.db import transaction

from ledger import journal, outbox, senders
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.models import Effect, Entry, LegalEntity
from tests.ledger import scripted
from tests.ledger.scripted import KEY, ScriptedSender


@pytest.fixture
def append(entity: LegalEntity) -> Callable[..., Entry]:
    """Records one fact in a transaction of its own."""

    def append(kind: str = "order.issued", key: str = "PO-00001", **more: object) -> Entry:
        with transaction.atomic():
            return journal.record(
                kind, actor=Actor.system("tests"), entity=entity, objects=[ObjectRef("order", key)], **more
            )

    return append


@pytest.fixture
def receiver(monkeypatch) -> ScriptedSender:
    """The only sender there is, and it does as its script says."""
    receiver = ScriptedSender()
    monkeypatch.setattr(scripted, "sender", receiver)
    monkeypatch.setattr(senders, "_senders", {})
    outbox.register("fake", path="tests.ledger.scripted.sender")
    return receiver


@pytest.fixture
def put(entity, receiver) -> Callable[..., Effect]:
    """Intends an effect in a transaction of its own."""

    def put(key=KEY, *, order="PO-00001", request=None, **more):
        with transaction.atomic():
            return outbox.put(
                entity=entity,
                sender="fake",
                purpose="order.create",
                effect_key=key,
                object=ObjectRef("order", order),
                request=request or {"total": "12.50"},
                **more,
            )

    return put
