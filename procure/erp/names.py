"""What our things are called in each ERP: rows of ExternalRef, written when something was found or made there."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from ledger import clock
from procure.erp.connectors.errors import Conflict
from procure.models.erp import ErpConnection, ExternalRef


@dataclass(frozen=True, slots=True)
class KeptNames:
    """The names of one connection."""

    connection: ErpConnection

    def known(self, kind: str, internal_key: str) -> str | None:
        found = ExternalRef.objects.filter(connection=self.connection, kind=kind, internal_key=internal_key).first()
        return found.external_id if found else None

    def learn(self, kind: str, internal_key: str, external_id: str, external_number: str = "") -> None:
        learn(self.connection, kind, internal_key, external_id=external_id, external_number=external_number)


def learn(
    connection: ErpConnection,
    kind: str,
    internal_key: str,
    *,
    external_id: str,
    external_number: str = "",
    version_token: str = "",
) -> ExternalRef:
    """Keeps or refreshes the name; raises `Conflict` when either side already belongs to something else."""
    with transaction.atomic():
        ours = ExternalRef.objects.filter(connection=connection, kind=kind, internal_key=internal_key).first()
        theirs = ExternalRef.objects.filter(connection=connection, kind=kind, external_id=external_id).first()
        for other in (ours, theirs):
            if other and (other.internal_key, other.external_id) != (internal_key, external_id):
                raise Conflict(
                    f"In “{connection.name}”, {other.internal_key} is {other.external_id}; "
                    f"it cannot also be that {internal_key} is {external_id}."
                )
        ref, _ = ExternalRef.objects.update_or_create(
            connection=connection,
            kind=kind,
            internal_key=internal_key,
            defaults={
                "external_id": external_id,
                "external_number": external_number or (ours.external_number if ours else ""),
                "version_token": version_token,
                "last_seen": clock.now(),
            },
        )
    return ref
