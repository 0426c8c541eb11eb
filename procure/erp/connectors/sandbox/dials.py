"""Fault dials of the sandbox: turned by hand or by code, for the next so many calls or until turned back."""

from __future__ import annotations

from django.db.models import F

from ledger.errors import InvalidInput
from procure.models.erp import ErpConnection, SandboxDial

Fault = SandboxDial.Fault


def turn(connection: ErpConnection, fault: str, *, calls: int | None = None, seconds: float = 0) -> SandboxDial:
    """Shows the fault for `calls` calls; None means until it is turned back."""
    if fault not in Fault.values:
        raise InvalidInput(f"There is no dial “{fault}”. Dials: {', '.join(Fault.values)}.")
    if connection.kind != "sandbox":
        raise InvalidInput(f"“{connection.name}” is a real ERP: only a sandbox has dials.")
    dial, _ = SandboxDial.objects.update_or_create(
        connection=connection, fault=fault, defaults={"remaining": calls, "seconds": seconds}
    )
    return dial


def reset(connection: ErpConnection) -> None:
    SandboxDial.objects.filter(connection=connection).delete()


def strike(connection: ErpConnection, fault: str) -> SandboxDial | None:
    """The dial if it is on, with one call used up. Two callers never use up the same one."""
    dial = SandboxDial.objects.filter(connection=connection, fault=fault).exclude(remaining=0).first()
    if dial is None or dial.remaining is None:
        return dial
    taken = SandboxDial.objects.filter(pk=dial.pk, remaining__gt=0).update(remaining=F("remaining") - 1)
    return dial if taken else None
