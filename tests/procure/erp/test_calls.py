"""Calls are written down before they are made, with how they ended and without secrets."""

from __future__ import annotations

import pytest

from ledger.models import LegalEntity
from procure.erp import calls, credentials
from procure.erp.connectors.errors import Ambiguous, Rejected, Transient
from procure.models import ErpCall, ErpConnection

pytestmark = pytest.mark.django_db


def test_a_call_is_there_before_it_ends(sandbox: ErpConnection) -> None:
    with calls.recording(sandbox, verb="create", request={"total": "1.00"}):
        running = ErpCall.objects.get()
        assert (running.outcome, running.ended_at) == (ErpCall.Outcome.RUNNING, None)
    assert ErpCall.objects.get().outcome == ErpCall.Outcome.ANSWERED


@pytest.mark.parametrize(("error", "outcome"), [(Transient, "failed"), (Ambiguous, "unknown"), (Rejected, "refused")])
def test_how_it_ended_is_kept(sandbox: ErpConnection, error: type[Exception], outcome: str) -> None:
    with pytest.raises(error), calls.recording(sandbox, verb="create", request={}):
        raise error("said so")
    ended = ErpCall.objects.get()
    assert (ended.outcome, ended.detail) == (outcome, "said so")
    assert ended.ended_at


def test_no_secret_is_kept_wherever_it_stood(entity: LegalEntity, monkeypatch: pytest.MonkeyPatch) -> None:
    real = ErpConnection.objects.create(entity=entity, name="real", kind="tryton", base_url="https://erp.example")
    monkeypatch.setenv(credentials.variable_of(real), "hunter2")
    with pytest.raises(Rejected), calls.recording(real, verb="create", request={"comment": "hunter2", "token": "t"}):
        raise Rejected("the word hunter2 was wrong")
    with calls.recording(real, verb="find", request={}) as call:
        call.response = {"echo": ["hunter2"], "session": "s"}
    refused, found = ErpCall.objects.order_by("pk")
    assert refused.request == {"comment": "•••", "token": "•••"}
    assert refused.detail == "the word ••• was wrong"
    assert found.response == {"echo": ["•••"], "session": "•••"}
