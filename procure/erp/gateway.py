"""The outbox's sender “erp”: the one way in which an order reaches an ERP, and its answer comes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ledger.actors import Actor
from ledger.command import canonical
from ledger.errors import DomainError, InvalidInput, Misconfigured
from ledger.models import Effect
from ledger.senders import Kind, Outcome
from procure.erp import calls, connections, keys
from procure.erp.connectors.base import CallContext, ErpConnector, OrderState, WriteResult
from procure.erp.connectors.errors import (
    Conflict,
    NeedsHuman,
    NotAllowedOut,
    SessionExpired,
    SignInRefused,
    Transient,
)
from procure.erp.connectors.payloads import PurchaseOrder
from procure.erp.names import learn
from procure.models.erp import ErpCall, ErpConnection, ExternalRef
from procure.orders import tracking

CREATE, CANCEL = "order.create", "order.cancel"
ACTOR = Actor.system("erp gateway")
#: Seconds for one call; a lease of the outbox outlives two of them.
USUAL_TIMEOUT, LONGEST_TIMEOUT = 20.0, 45.0
_NOTHING_SENT = (Transient, SignInRefused, SessionExpired, NotAllowedOut, Misconfigured)


@dataclass(frozen=True, slots=True)
class Visit:
    """What one look at, or one act upon, an order in its ERP needs."""

    effect: Effect
    connection: ErpConnection
    connector: ErpConnector
    key: str

    @property
    def order(self) -> str:
        return self.effect.object_key

    def call(self, verb: str, request: dict[str, Any], act: Callable[[CallContext], WriteResult | None]) -> Any:
        """Makes one call: with room under the limit, written down before, within its time."""
        self._check_open()
        seconds = min(float(self.connection.settings.get("timeout", USUAL_TIMEOUT)), LONGEST_TIMEOUT)
        recorded = calls.recording(
            self.connection,
            verb=verb,
            request={"key": self.key, **request},
            effect_key=self.effect.effect_key,
            object_key=self.order,
        )
        try:
            with recorded as call:
                result = act(CallContext.within(seconds, actor=ACTOR, correlation_id=self.effect.effect_key))
                call.response = _response(result)
        except SignInRefused:
            connections.hold(self.connection)
            raise
        return result

    def _check_open(self) -> None:
        if self.connection.sign_in_refused_at:
            name = self.connection.name
            raise SignInRefused(f"“{name}” refused our sign-in. Correct it, then run “manage.py erp check {name}”.")
        if wait := calls.wait_for_room(self.connection):
            raise Transient("The connection's calls per minute are used up; nothing was sent.", retry_after=wait)


class ErpSender:
    """Sends, asks and settles; `send` and `find` run outside any transaction, `settle` inside the outbox's."""

    def send(self, effect: Effect) -> Outcome:
        try:
            visit = _visit(effect)
            return _create(visit) if effect.purpose == CREATE else _cancel(visit)
        except DomainError as error:
            return _outcome_of(error)

    def find(self, effect: Effect) -> Outcome | None:
        """While the ERP cannot be asked, the outbox asks again later and sends nothing; what it cannot tell, a person
        must."""
        try:
            visit = _visit(effect)
            return _find_created(visit) if effect.purpose == CREATE else _find_cancelled(visit)
        except DomainError as error:
            kind: Kind = "unknown" if error.permanent and not isinstance(error, _NOTHING_SENT) else "retry"
            return Outcome(kind, detail=error.message, retry_after=getattr(error, "retry_after", None))

    def settle(self, effect: Effect, outcome: Outcome) -> None:
        connection = connections.of_order(effect.object_key, entity=effect.entity)
        match outcome.kind, effect.purpose:
            case "confirmed", "order.create":
                ref = _learn(effect, connection, outcome)
                tracking.confirmed(
                    effect.object_key,
                    external_id=ref.external_id,
                    external_number=ref.external_number,
                    effect=effect,
                    connection=connection,
                )
            case "confirmed", _:
                tracking.cancelled(effect.object_key, effect=effect, connection=connection)
            case "refused", _:
                tracking.refused(effect.object_key, detail=outcome.detail, effect=effect, connection=connection)
            case _:
                tracking.unknown(effect.object_key, detail=outcome.detail, effect=effect, connection=connection)


sender = ErpSender()


def _visit(effect: Effect) -> Visit:
    if effect.purpose not in (CREATE, CANCEL):
        raise InvalidInput(f"The ERP gateway does not know the purpose “{effect.purpose}”.")
    connection = connections.of_order(effect.object_key, entity=effect.entity)
    connector = connections.connector_of(connection)
    created_by = effect if effect.purpose == CREATE else _creation_of(effect)
    key = keys.receiver_key(
        created_by.effect_key, reference=effect.object_key, length=connector.capabilities.key_length
    )
    return Visit(effect, connection, connector, key)


def _creation_of(effect: Effect) -> Effect:
    """The last one put: creations before it were taken back before they left."""
    creations = Effect.objects.filter(
        sender=effect.sender, purpose=CREATE, object_kind=effect.object_kind, object_key=effect.object_key
    )
    created_by = creations.order_by("-pk").first()
    if created_by is None:
        raise InvalidInput(f"{effect.object_key} was never sent to an ERP from here, so it cannot be cancelled there.")
    return created_by


def _create(visit: Visit) -> Outcome:
    order = PurchaseOrder.from_request({**visit.effect.request, "order": visit.order})
    result: WriteResult = visit.call(
        "create",
        order.as_request(),
        lambda context: visit.connector.create_order(order, key=visit.key, context=context),
    )
    return _created(visit, result)


def _created(visit: Visit, result: WriteResult) -> Outcome:
    if result.state == OrderState.CANCELLED:
        return _outcome(
            "refused", visit, result, f"{result.external_number} was cancelled in the ERP by somebody there."
        )
    return _outcome("confirmed", visit, result)


def _find_created(visit: Visit) -> Outcome | None:
    found = _found(visit)
    if found is None:
        effect_key, within = visit.effect.effect_key, visit.connector.capabilities.settles_within
        calls.check_settled(effect_key, "create", within=within)
        return None
    return _created(visit, found) if found.state != OrderState.DRAFT else _waits_for_a_person(visit.effect)


def _cancel(visit: Visit) -> Outcome:
    external_id = _external_id(visit)
    if external_id is None:
        return Outcome("confirmed", detail="The ERP never had this order, so nothing had to be cancelled there.")
    result: WriteResult = visit.call(
        "cancel",
        {"external_id": external_id},
        lambda context: visit.connector.cancel_order(external_id, key=visit.key, context=context),
    )
    return _outcome("confirmed", visit, result)


def _find_cancelled(visit: Visit) -> Outcome | None:
    found = _found(visit)
    return _outcome("confirmed", visit, found) if found and found.state == OrderState.CANCELLED else None


def _found(visit: Visit) -> WriteResult | None:
    found: WriteResult | None = visit.call(
        "find", {}, lambda context: visit.connector.find_by_key(visit.key, context=context)
    )
    return found


def _external_id(visit: Visit) -> str | None:
    ref = ExternalRef.objects.filter(
        connection=visit.connection, kind=ExternalRef.Kind.ORDER, internal_key=visit.order
    ).first()
    if ref:
        return ref.external_id
    found = _found(visit)
    return found.external_id if found else None


def _waits_for_a_person(effect: Effect) -> Outcome | None:
    """A draft whose last call ended in the ERP's question waits for its answer; any other draft is carried on."""
    last = ErpCall.objects.filter(effect_key=effect.effect_key, verb="create").order_by("-pk").first()
    if last and last.outcome == ErpCall.Outcome.REFUSED:
        return Outcome("unknown", detail=last.detail)
    return None


def _outcome_of(error: DomainError) -> Outcome:
    """A refusal is final; what promises that nothing arrived is tried again; all else is asked for first."""
    if isinstance(error, _NOTHING_SENT):
        return Outcome("retry", detail=error.message, retry_after=getattr(error, "retry_after", None))
    if isinstance(error, NeedsHuman) or not error.permanent:
        return Outcome("unknown", detail=error.message)
    return Outcome("refused", detail=error.message, answer={"code": error.code})


def _outcome(kind: Kind, visit: Visit, result: WriteResult, detail: str = "") -> Outcome:
    return Outcome(
        kind,
        external_id=result.external_id,
        external_number=result.external_number,
        answer=_response(result) | {"connection": visit.connection.name},
        detail=detail,
    )


def _response(result: WriteResult | None) -> dict[str, Any]:
    if result is None:
        return {"found": False}
    fields = {"external_id": result.external_id, "external_number": result.external_number, "state": str(result.state)}
    return canonical({**result.answer, **fields})


def _learn(effect: Effect, connection: ErpConnection, outcome: Outcome) -> ExternalRef:
    if not outcome.external_id:
        raise Conflict(f"Say which order of the ERP {effect.object_key} is: its id there is missing.")
    return learn(
        connection,
        ExternalRef.Kind.ORDER,
        effect.object_key,
        external_id=outcome.external_id,
        external_number=outcome.external_number,
    )
