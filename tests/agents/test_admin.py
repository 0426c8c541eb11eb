"""Plans, steps, templates and model calls in the admin: to look at, never to change."""

import pytest
from django.urls import reverse

from agents import engine
from agents.model_gateway import Caller, ask
from agents.models import ModelCall, Plan, PlanTemplate, Step
from tests.agents.acting import start
from tests.agents.test_model_gateway import QUESTION

pytestmark = pytest.mark.django_db
MODELS = (ModelCall, Plan, PlanTemplate, Step)


@pytest.fixture(autouse=True)
def _something_there(entity, settings):
    settings.MODEL_TIERS = {}
    start(entity, {"key": "a"})
    engine.answer()
    ask(QUESTION, tier="small", caller=Caller(entity, "intake"), rules=lambda: "", accept=str)


@pytest.mark.parametrize("model", MODELS)
def test_lists_and_records_can_be_looked_at_and_not_changed(client, ivan, model):
    client.force_login(ivan)
    name = f"admin:agents_{model._meta.model_name}"
    record = reverse(f"{name}_change", args=[model.objects.first().pk])
    assert client.get(reverse(f"{name}_changelist")).status_code == 200
    assert client.get(record).status_code == 200
    assert client.post(record, {}).status_code == 403
    assert client.get(reverse(f"{name}_add")).status_code == 403
    assert client.post(reverse(f"{name}_delete", args=[model.objects.first().pk]), {"post": "yes"}).status_code == 403
    assert model.objects.exists()
