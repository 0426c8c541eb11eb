"""Which ERP an order belongs to. Once it was called about an order, it stays that one."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from ledger.errors import Misconfigured
from ledger.models import LegalEntity
from procure.erp.connectors import connect
from procure.erp.connectors.base import ErpConnector
from procure.erp.names import KeptNames
from procure.models.erp import ErpCall, ErpConnection, ExternalRef


def open_sandbox(*, entity: LegalEntity) -> ErpConnection:
    """The entity's own sandbox, made when it is not there; its default while it has no other connection."""
    found = ErpConnection.objects.filter(entity=entity, kind="sandbox").first()
    if found:
        return found
    alone = not ErpConnection.objects.filter(entity=entity, active=True).exists()
    try:
        with transaction.atomic():
            return ErpConnection.objects.create(
                entity=entity, name=f"sandbox-{slugify(entity.code)}", kind="sandbox", default=alone
            )
    except IntegrityError:
        return ErpConnection.objects.get(entity=entity, kind="sandbox")


def of_order(reference: str, *, entity: LegalEntity) -> ErpConnection:
    """Where the order is or may be; for a new one the entity's default. Without any connection: its sandbox."""
    known = ExternalRef.objects.filter(
        connection__entity=entity, kind=ExternalRef.Kind.ORDER, internal_key=reference
    ).select_related("connection")
    called = (
        ErpCall.objects.filter(connection__entity=entity, object_key=reference)
        .exclude(outcome=ErpCall.Outcome.FAILED)
        .select_related("connection")
        .order_by("pk")
    )
    for row in (known.first(), called.first()):
        if row is not None:
            return row.connection
    if default := ErpConnection.objects.filter(entity=entity, active=True, default=True).first():
        return default
    if ErpConnection.objects.filter(entity=entity).exists():
        raise Misconfigured(f"{entity.name} has ERP connections, but none is active and default: choose one.")
    return open_sandbox(entity=entity)


def connector_of(connection: ErpConnection) -> ErpConnector:
    if not connection.active:
        raise Misconfigured(f"The ERP connection “{connection.name}” is switched off. Nothing was sent.")
    return connect(connection, names=KeptNames(connection))
