"""A stop button, pressed while a step is in the middle of its act: no new effect, and it goes on where it stood."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agents.model_gateway import Caller, ask
from agents.models import ModelCall, Plan, Step
from agents.roles import intake
from approvals.models import Proposal
from ledger import clock, switches
from ledger.actors import Actor
from ledger.errors import Stopped
from ledger.models import Effect, EffectAttempt, LegalEntity, Person
from procure.models import Order, Requisition
from tests.agents import market
from tests.agents.endpoint import completion, serving
from tests.agents.test_model_gateway import QUESTION
from tests.console.conftest import award_for

pytestmark = pytest.mark.django_db
SCOPES = ("all", "role:{role}", "plan:{plan}")


@pytest.fixture
def company(entity: LegalEntity, ada: Person, amir: Person, cost_centre) -> LegalEntity:
    market.open_market(entity)
    market.set_up(entity, ada, amir, cost_centre)
    return entity


def pass_time(by: timedelta) -> None:
    """On from where the clock stands, which a market may have moved before."""
    stood = clock.now()
    clock.shift(timedelta(0))
    clock.shift(stood - clock.now() + by)


def start_again(scope: str, olga: Person, entity: LegalEntity) -> None:
    switches.turn(scope, stop=False, actor=Actor.human(olga), entity=entity)
    pass_time(timedelta(seconds=6))
    market.work()


@pytest.mark.parametrize("scope", SCOPES)
def test_a_stop_in_the_middle_of_an_act_keeps_it_from_proposing(scope, company, rita, ada, olga, monkeypatch):
    pressed: list[str] = []
    act = intake.act

    def stopped_before_it_proposes(context):
        if context.task == "raise" and not pressed:
            pressed.append(scope.format(role="intake", plan=context.plan.reference))
            market.stop(pressed[0], by=ada, entity=company)
        return act(context)

    monkeypatch.setattr(intake, "act", stopped_before_it_proposes)
    market.ask_for(f"{market.WORDS}, cost centre PROG", person=rita, entity=company)
    market.work()
    step = Step.objects.get(key="raise")
    assert (step.status, step.attempts, step.max_attempts) == ("ready", 1, 6)
    assert step.tries.get().outcome == "stopped"
    assert not Proposal.objects.exists()
    assert Requisition.objects.get().status == Requisition.Status.CAPTURED

    pass_time(timedelta(seconds=60))
    market.work()
    assert not Proposal.objects.exists()

    start_again(pressed[0], olga, company)
    assert Step.objects.get(key="raise").status == "done"
    assert Proposal.objects.filter(command_kinds="RaiseRequisition").count() == 1


@pytest.mark.parametrize("scope", SCOPES)
def test_no_model_is_asked_while_a_button_is_pressed(scope, entity, ada, settings):
    plan = "PLN-00001"
    market.stop(scope.format(role="intake", plan=plan), by=ada, entity=entity)
    with serving() as endpoint:
        settings.MODEL_TIERS = {"small": {"base_url": endpoint.url, "key": "k", "model": "scripted", "timeout": 1}}
        endpoint.script = [completion('{"quantity": "2,000"}')] * 2
        told = {"tier": "small", "rules": lambda: "by rules", "accept": lambda reading: reading.quantity}
        with pytest.raises(Stopped):
            ask(QUESTION, caller=Caller(entity, role="intake", plan=plan), **told)
        assert (endpoint.asked, ModelCall.objects.count()) == ([], 0)
        if scope != "all":
            other = Caller(entity, role="sourcing", plan="PLN-00002")
            assert ask(QUESTION, caller=other, **told).value == "2,000"


@pytest.mark.parametrize("scope", SCOPES)
def test_what_the_policy_passed_is_not_carried_out_while_a_button_is_pressed(
    scope, company, rita, ada, olga, monkeypatch
):
    pressed: list[str] = []
    propose = intake.raising.Context.propose

    def stopped_after_it_proposed(self, **told):
        made = propose(self, **told)
        if not pressed:
            pressed.append(scope.format(role="intake", plan=self.plan.reference))
            market.stop(pressed[0], by=ada, entity=company)
        return made

    monkeypatch.setattr(intake.raising.Context, "propose", stopped_after_it_proposed)
    market.ask_for(f"{market.WORDS}, cost centre PROG", person=rita, entity=company)
    market.work()
    assert Proposal.objects.get().status == Proposal.Status.PASSED
    assert Requisition.objects.get().status == Requisition.Status.CAPTURED
    start_again(pressed[0], olga, company)
    assert Requisition.objects.get().status != Requisition.Status.CAPTURED


@pytest.mark.parametrize("scope", SCOPES)
def test_what_waits_in_the_outbox_does_not_leave_while_a_button_is_pressed(
    scope, company, rita, ada, olga, monkeypatch
):
    award = award_for(company, rita)
    button = scope.format(role="sourcing", plan=award.plan["plan"])
    market.approve(award, ada)
    monkeypatch.setattr("ledger.dispatch.switches.holds", _pressing(button, ada, company, switches.holds))
    market.work()
    monkeypatch.undo()
    assert Order.objects.count() == 1
    effect = Effect.objects.get(sender="erp")
    assert (effect.status, effect.attempts) == (Effect.Status.WAITING, 0)
    pass_time(timedelta(hours=1))
    market.work()
    assert not EffectAttempt.objects.filter(effect=effect).exists()
    assert Order.objects.get().tracking.erp_number == ""

    switches.turn(button, stop=False, actor=Actor.human(olga), entity=company)
    pass_time(timedelta(seconds=6))
    market.work()
    effect.refresh_from_db()
    assert (effect.status, effect.attempts) == (Effect.Status.CONFIRMED, 1)
    assert Plan.objects.get(reference=award.plan["plan"]).status == Plan.Status.DONE


def _pressing(button, person, entity, holds):
    """Presses the button in the moment in which the first effect is about to leave."""
    pressed: list[str] = []

    def held(effect):
        if not pressed and effect.sender == "erp":
            pressed.append(button)
            market.stop(button, by=person, entity=entity)
        return holds(effect)

    return held


def test_an_effect_of_another_plan_leaves_all_the_same(company, rita, ada):
    award = award_for(company, rita)
    market.stop("plan:PLN-09999", by=ada, entity=company)
    market.approve(award, ada)
    market.work()
    assert Effect.objects.get(sender="erp").status == Effect.Status.CONFIRMED
