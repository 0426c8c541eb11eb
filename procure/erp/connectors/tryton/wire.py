"""Tryton 8's JSON-RPC: values as it writes them, one sign-in per process, errors that come with status 200."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import httpx2 as httpx

from ledger.errors import InvalidInput, Misconfigured
from procure.erp import credentials
from procure.erp.connectors.base import CallContext
from procure.erp.connectors.errors import (
    Ambiguous,
    Broken,
    Changed,
    ErpError,
    NeedsHuman,
    Rejected,
    SessionExpired,
    SignInRefused,
    Transient,
)
from procure.erp.egress import Egress
from procure.models.erp import ErpConnection


@dataclass(frozen=True, slots=True)
class Session:
    header: str
    preferences: dict[str, Any]


#: Signed-in sessions of this process, by address, database, user and digest of the password. Never stored.
_sessions: dict[tuple[str, ...], Session] = {}
_signing_in = threading.Lock()


class Wire:
    """Calls one Tryton database as one user."""

    def __init__(self, connection: ErpConnection, *, transport: httpx.BaseTransport | None = None) -> None:
        self.connection = connection
        for name in ("database", "user"):
            if not connection.settings.get(name):
                raise Misconfigured(f"The ERP connection “{connection.name}” needs “{name}” in its settings.")
        self.path = f"/{connection.settings['database']}/rpc/"
        self.egress = Egress(connection.base_url, paths=("/rpc/", self.path), transport=transport)

    def version(self, *, context: CallContext) -> str:
        answer = self._post("/rpc/", "common.server.version", [], headers={}, context=context, writes=False)
        return str(_result(answer, writes=False))

    def call(
        self,
        method: str,
        *params: Any,
        context: CallContext,
        writes: bool = False,
        stamps: dict[str, str] | None = None,
    ) -> Any:
        """Calls with the user's context. `stamps` are the versions read before: a later change by others is a Conflict.

        An expired session is opened once again; a refused sign-in never is.
        """
        for _ in range(2):
            session = self._session(context)
            extra = {**session.preferences, **({"_timestamp": stamps} if stamps else {})}
            answer = self._post(
                self.path,
                method,
                [*params, extra],
                headers={"Authorization": session.header},
                context=context,
                writes=writes,
            )
            if answer.status_code != httpx.codes.UNAUTHORIZED:
                return _result(answer, writes=writes)
            _sessions.pop(self._session_key(), None)
        raise SessionExpired(f"Tryton closed the session of {self.connection.settings['user']} twice.")

    def _session(self, context: CallContext) -> Session:
        with _signing_in:
            key = self._session_key()
            if key not in _sessions:
                _sessions[key] = self._sign_in(context)
            return _sessions[key]

    def _session_key(self) -> tuple[str, ...]:
        secret = hashlib.sha256(credentials.password(self.connection).encode()).hexdigest()
        return (self.egress.base_url, self.path, self.connection.settings["user"], secret)

    def _sign_in(self, context: CallContext) -> Session:
        user = self.connection.settings["user"]
        params = [user, {"password": credentials.password(self.connection)}]
        answer = self._post(self.path, "common.db.login", params, headers={}, context=context, writes=False)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            raise SignInRefused(
                f"Tryton refused user “{user}” of connection “{self.connection.name}”. It is not tried again: correct "
                f"{credentials.variable_of(self.connection)}, then run “manage.py erp check {self.connection.name}”."
            )
        user_id, token, *_ = _result(answer, writes=False)
        header = "Session " + base64.b64encode(f"{user}:{user_id}:{token}".encode()).decode()
        asked = self._post(
            self.path,
            "model.res.user.get_preferences",
            [True, {}],
            headers={"Authorization": header},
            context=context,
            writes=False,
        )
        return Session(header, _result(asked, writes=False))

    def _post(
        self, path: str, method: str, params: list[Any], *, headers: dict[str, str], context: CallContext, writes: bool
    ) -> httpx.Response:
        body = json.dumps({"id": 1, "method": method, "params": params}, default=_encode).encode()
        return self.egress.post(path, body=body, headers=headers, context=context, writes=writes)


def number(quantity: Decimal) -> int | float:
    """A quantity as Tryton takes it: its quantities are floats, so only those that survive the way there and back."""
    if quantity == quantity.to_integral_value():
        return int(quantity)
    if Decimal(repr(float(quantity))) != quantity:
        raise InvalidInput(f"{quantity} cannot be said exactly in Tryton.")
    return float(quantity)


def _encode(value: Any) -> Any:
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": format(value, "f")}
    if isinstance(value, date):
        return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    raise TypeError(f"{type(value).__name__} cannot be sent to Tryton")


def _decode(value: dict[str, Any]) -> Any:
    match value.get("__class__"):
        case "Decimal":
            return Decimal(value["decimal"])
        case "date":
            return date(value["year"], value["month"], value["day"])
    return value


def _result(answer: httpx.Response, *, writes: bool) -> Any:
    try:
        body = json.loads(answer.text, object_hook=_decode, parse_float=Decimal)
    except ValueError:
        body = None
    if not isinstance(body, dict) or not ("result" in body or "error" in body):
        message = f"Tryton's answer cannot be read: {answer.text[:80]}"
        raise Ambiguous(message) if writes else Broken(message)
    if "error" in body:
        raise error_of(body["error"])
    return body["result"]


def error_of(error: Any) -> ErpError:
    """Tryton's [class, details] in our words. Each of them means that its transaction was undone."""
    kind, details = (str(error[0]), error[1]) if isinstance(error, list) and len(error) > 1 else (str(error), "")
    said = " ".join(str(each) for each in details if each) if isinstance(details, list) else str(details)
    match kind:
        case "UserError":
            return Rejected(f"Tryton says: {said}")
        case "UserWarning":
            said = " ".join(str(each) for each in details[1:] if each)
            return NeedsHuman(f"Tryton asks a person: {said} Answer it in Tryton.")
        case "ConcurrencyException":
            return Changed()
        case "RateLimitException" | "TimeOutException":
            return Transient(f"Tryton is busy ({kind}).")
    return Broken(f"Tryton failed: {kind[:200]}")
