"""Connections to ERPs: changed by administrators, tried by hand; and which of them an order belongs to."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from ledger import clock, doorbell, rights
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.errors import InvalidInput, Misconfigured
from ledger.journal import record
from ledger.models import LegalEntity
from procure.erp import calls, credentials
from procure.erp.connectors import connect, kinds
from procure.erp.connectors.base import CallContext, ErpConnector
from procure.erp.connectors.errors import SignInRefused
from procure.erp.egress import check_address
from procure.erp.names import KeptNames
from procure.models.erp import ErpCall, ErpConnection, ExternalRef

CHECK_TIMEOUT = 30.0


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


def change(connection: ErpConnection, *, actor: Actor) -> ErpConnection:
    """Saves a new or edited connection and records it; a new default takes the place of the old one."""
    rights.require(actor, "erp.configure")
    check_fields(kind=connection.kind, base_url=connection.base_url, settings=connection.settings)
    with transaction.atomic():
        if connection.default:
            others = ErpConnection.objects.filter(entity=connection.entity, default=True).exclude(pk=connection.pk)
            others.update(default=False)
        connection.save()
        record(
            "erp.connection_changed",
            actor=actor,
            entity=connection.entity,
            objects=[ObjectRef("erp_connection", connection.name)],
            data={name: getattr(connection, name) for name in ("kind", "base_url", "active", "default", "secret_name")},
        )
    return connection


def check_fields(*, kind: str, base_url: str, settings: Any) -> None:
    """Raises what is wrong with a connection before anybody is called through it."""
    if kind not in kinds():
        raise InvalidInput(f"There is no connector “{kind}”. Known: {', '.join(kinds())}.", field="kind")
    if not isinstance(settings, dict):
        raise InvalidInput("The settings are one JSON object.", field="settings")
    if credentials.strike_out(settings) != settings:
        raise InvalidInput("No secret belongs into the settings; its place is shown below.", field="settings")
    if kind != "sandbox":
        check_address(base_url)


def check(connection: ErpConnection, *, actor: Actor) -> str:
    """Signs in once and says who answered. Success lets waiting orders go on; a refusal holds them."""
    try:
        with calls.recording(connection, verb="check", request={}) as call:
            context = CallContext.within(CHECK_TIMEOUT, actor=actor, correlation_id=f"check:{connection.name}")
            said = connector_of(connection).health(context=context)
            call.response = {"answered": said}
    except SignInRefused:
        hold(connection)
        raise
    ErpConnection.objects.filter(pk=connection.pk).update(sign_in_refused_at=None)
    doorbell.ring("ERP connection checked")
    return said


def hold(connection: ErpConnection) -> None:
    """No further sign-in until somebody tried the credential by hand: each failure makes an ERP slower and warier."""
    ErpConnection.objects.filter(pk=connection.pk, sign_in_refused_at=None).update(sign_in_refused_at=clock.now())


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
