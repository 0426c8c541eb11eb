"""Writes down each call of the gateway before it is made, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db.models import Q

from ledger import clock, crashpoints
from ledger.command import canonical
from ledger.errors import DomainError, Misconfigured
from procure.erp import credentials
from procure.erp.connectors.errors import Ambiguous, NotAllowedOut, SessionExpired, SignInRefused, Transient
from procure.models.erp import ErpCall, ErpConnection

_NOTHING_SENT = (Transient, SignInRefused, SessionExpired, NotAllowedOut, Misconfigured)


@contextmanager
def recording(
    connection: ErpConnection, *, verb: str, request: Mapping[str, Any], effect_key: str = "", object_key: str = ""
) -> Iterator[ErpCall]:
    """Commits the call before the block runs, and its end after; the block may set `response`.

    A call that died with its process stays `running`: it may have arrived.
    """
    call = ErpCall.objects.create(
        connection=connection,
        verb=verb,
        effect_key=effect_key,
        object_key=object_key,
        request=_kept(connection, request),
        started_at=clock.now(),
    )
    crashpoints.reach("call_noted")
    try:
        yield call
        crashpoints.reach("call_answered")
    except DomainError as error:
        _end(call, _outcome_of(error), str(credentials.strike_out(error.message, *_secrets(connection))))
        raise
    call.response = _kept(connection, call.response or {})
    _end(call, ErpCall.Outcome.ANSWERED)


def _end(call: ErpCall, outcome: str, detail: str = "") -> None:
    call.outcome, call.detail, call.ended_at = outcome, detail, clock.now()
    call.save(update_fields=["outcome", "detail", "ended_at", "response"])


def _outcome_of(error: DomainError) -> str:
    if isinstance(error, Ambiguous):
        return ErpCall.Outcome.UNKNOWN
    return ErpCall.Outcome.FAILED if isinstance(error, _NOTHING_SENT) else ErpCall.Outcome.REFUSED


def _kept(connection: ErpConnection, body: Mapping[str, Any]) -> Any:
    return credentials.strike_out(canonical(dict(body)), *_secrets(connection))


def _secrets(connection: ErpConnection) -> tuple[str, ...]:
    if connection.kind == "sandbox":
        return ()
    try:
        return (credentials.password(connection),)
    except Misconfigured:
        return ()


def wait_for_room(connection: ErpConnection) -> timedelta | None:
    """How long to wait until the connection's `calls_per_minute` has room again; None: call now.

    Counted over all processes, from the calls written down.
    """
    limit = connection.settings.get("calls_per_minute")
    if not limit:
        return None
    since = clock.now() - timedelta(minutes=1)
    recent = ErpCall.objects.filter(connection=connection, started_at__gt=since).order_by("-started_at")
    oldest_in_the_way = recent[int(limit) - 1 : int(limit)].values_list("started_at", flat=True)
    for at in oldest_in_the_way:
        return max(at - since, timedelta(milliseconds=100))
    return None


def check_settled(effect_key: str, verb: str, *, within: timedelta) -> None:
    """Raises `Transient` while an earlier call of this effect may still be at work over there."""
    since = clock.now() - within
    mine = ErpCall.objects.filter(effect_key=effect_key, verb=verb)
    running = Q(outcome=ErpCall.Outcome.RUNNING, started_at__gt=since)
    unanswered = Q(outcome=ErpCall.Outcome.UNKNOWN, ended_at__gt=since)
    if mine.filter(running | unanswered).exists():
        raise Transient("The ERP may still be working on it; it is asked again before anything is sent.")
