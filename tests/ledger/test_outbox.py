"""Effects are written down before they leave, leave when they may, and can be taken back or resolved."""

from datetime import timedelta

import pytest
from django.db import transaction

from ledger import chain, clock, dispatch, outbox, switches
from ledger.actors import Actor
from ledger.errors import InvalidInput, NotAllowed, Stale
from ledger.models import Effect, Entry
from ledger.outbox import Outcome
from tests import jumping
from tests.ledger import scripted
from tests.ledger.scripted import KEY, effect, later, outcomes

# intent


def test_an_intent_is_written_down_by_digest_before_anything_is_sent(put, receiver):
    intended = put(cause_seq=None)
    record = chain.read(Entry.objects.get(kind="effect.intended"))
    assert record["data"]["request"] == intended.request_digest
    assert record["effect_key"] == KEY
    assert receiver.calls == []
    assert intended.status == Effect.Status.WAITING


def test_the_same_key_twice_is_the_same_effect(put):
    assert put() == put()
    assert Effect.objects.count() == Entry.objects.filter(kind="effect.intended").count() == 1


def test_the_same_key_for_another_request_is_refused(put):
    put()
    with pytest.raises(InvalidInput, match="different request"):
        put(request={"total": "99.00"})
    assert effect().request == {"total": "12.50"}


@pytest.mark.parametrize(("key", "request_"), [("", {"a": 1}), ("k" * 65, {"a": 1}), (KEY, {"a": 1.5})])
def test_what_cannot_be_sealed_is_refused(put, key, request_):
    with pytest.raises(InvalidInput):
        put(key, request=request_)
    assert not Effect.objects.exists()


def test_a_rolled_back_decision_intends_nothing(put):
    with transaction.atomic():
        put()
        transaction.set_rollback(True)
    assert not Effect.objects.exists()


# the good way


def test_a_due_effect_is_sent_once_and_settled_with_the_receivers_number(put, receiver):
    put()
    assert outbox.due()
    assert outbox.answer() == 1
    assert outbox.answer() == 0
    done = effect()
    assert (done.status, done.external_number, done.answer) == (Effect.Status.CONFIRMED, "ERP-PO-00001", {"ok": True})
    assert done.settled_at
    assert receiver.calls == ["send"]
    assert receiver.settled == ["confirmed"]
    assert outcomes() == ["confirmed"]


def test_nothing_leaves_before_its_time(put, receiver):
    put(not_before=clock.now() + timedelta(minutes=10))
    assert not outbox.due()
    assert outbox.answer() == 0
    later(601)
    assert outbox.answer() == 1
    assert effect().status == Effect.Status.CONFIRMED


def test_what_may_still_be_taken_back_does_not_leave_while_the_clock_is_held(put, receiver):
    put(not_before=clock.now() + timedelta(minutes=10))
    jumping.jump()
    later(601)
    assert (outbox.due(), outbox.answer(), receiver.calls) == (False, 0, [])
    jumping.confirm()
    assert outbox.answer() == 1


def test_what_leaves_at_once_does_not_wait_for_the_clock(put, receiver):
    jumping.jump()
    put()
    assert outbox.answer() == 1


def test_a_refusal_is_final(put, receiver):
    receiver.script = [scripted.refuse]
    put()
    outbox.answer()
    later()
    assert outbox.answer() == 0
    assert (effect().status, effect().last_error) == (Effect.Status.REFUSED, "unknown item")
    assert receiver.settled == ["refused"]


def test_the_attempt_is_counted_before_the_call(put, receiver):
    def look(sender, seen):
        assert effect().attempts == seen.attempts == 1
        assert effect().status == Effect.Status.CALLING
        assert outcomes() == [""]
        return scripted.accept(sender, seen)

    receiver.script = [look]
    put()
    outbox.answer()
    assert receiver.arrived == [KEY]


@pytest.mark.django_db(transaction=True)
def test_the_call_runs_outside_any_transaction_and_settling_inside_one(put, receiver):
    connection = transaction.get_connection()
    seen = []
    receiver.script = [lambda sender, each: seen.append(connection.in_atomic_block) or scripted.accept(sender, each)]
    receiver.settle = lambda each, outcome: seen.append(connection.in_atomic_block)
    put()
    outbox.answer()
    assert seen == [False, True]


@pytest.mark.django_db(transaction=True)
def test_answering_inside_a_transaction_is_refused_before_anything_is_sent(put, receiver):
    put()
    with pytest.raises(RuntimeError), transaction.atomic():
        outbox.answer()
    assert receiver.calls == []
    assert effect().attempts == 0


# switches


@pytest.mark.parametrize("scope", ["sender:fake", "all"])
def test_a_stopped_sender_sends_nothing_and_goes_on_when_started(put, receiver, olga, entity, scope):
    put()
    switches.turn(scope, stop=True, actor=Actor.human(olga), entity=entity)
    assert not outbox.due()
    assert outbox.answer() == 0
    switches.turn(scope, stop=False, actor=Actor.human(olga), entity=entity)
    assert outbox.answer() == 1
    assert receiver.arrived == [KEY]


def test_a_stop_between_claim_and_call_holds(put, receiver, olga, entity, monkeypatch):
    claim = dispatch._claim

    def claim_then_stop(seen):
        mine = claim(seen)
        switches.turn("sender:fake", stop=True, actor=Actor.human(olga), entity=entity)
        return mine

    monkeypatch.setattr(dispatch, "_claim", claim_then_stop)
    put()
    outbox.answer()
    assert receiver.calls == []
    assert (effect().status, outcomes()) == (Effect.Status.WAITING, ["stopped"])


# taking back and resolving


def test_what_has_not_left_can_be_taken_back(put, receiver):
    put(not_before=clock.now() + timedelta(minutes=10))
    assert outbox.cancel(KEY, reason="undone")
    later()
    assert outbox.answer() == 0
    assert effect().status == Effect.Status.CANCELLED
    assert chain.read(Entry.objects.get(kind="effect.cancelled"))["data"] == {"reason": "undone"}


def test_what_surely_was_not_taken_can_be_taken_back(put, receiver):
    receiver.script = [scripted.down]
    put()
    outbox.answer()
    assert outbox.cancel(KEY, reason="undone")


@pytest.mark.parametrize("act", [scripted.accept, scripted.accept_then_time_out, scripted.refuse])
def test_what_may_have_left_cannot_be_taken_back(put, receiver, act):
    receiver.script = [act]
    put()
    outbox.answer()
    before = effect().status
    assert not outbox.cancel(KEY, reason="undone")
    assert effect().status == before
    assert not outbox.cancel("unheard of", reason="undone")


@pytest.fixture
def unknown(put, receiver):
    receiver.script = [scripted.accept_then_time_out]
    receiver.can_tell = False
    put()
    outbox.answer()
    later()
    outbox.answer()
    receiver.settled.clear()
    receiver.calls.clear()
    return effect()


@pytest.mark.parametrize("kind", ["confirmed", "refused"])
def test_a_person_resolves_an_unknown(unknown, receiver, ben, kind):
    outcome = Outcome(kind, external_number="ERP-9", detail="I looked it up")
    outbox.resolve(unknown, outcome=outcome, actor=Actor.human(ben))
    assert (effect().status, effect().external_number) == (kind, "ERP-9")
    assert receiver.settled == [kind]
    entry = Entry.objects.get(kind="effect.resolved")
    assert entry.actor_id == str(ben.pk)


def test_a_person_may_say_that_it_is_absent_and_it_is_sent_again_without_asking(unknown, receiver, ben):
    outbox.resolve(unknown, outcome=Outcome("retry", detail="not there"), actor=Actor.human(ben))
    outbox.answer()
    assert receiver.calls == ["send"]
    assert effect().status == Effect.Status.CONFIRMED


def test_only_a_person_with_the_right_resolves(unknown, receiver, rita):
    for actor in (Actor.human(rita), Actor.agent("sourcing"), Actor.system("outbox"), Actor.policy(1)):
        with pytest.raises(NotAllowed):
            outbox.resolve(unknown, outcome=Outcome("confirmed"), actor=actor)
    assert effect().status == Effect.Status.UNKNOWN
    assert receiver.settled == []


def test_an_unknown_is_resolved_once(unknown, receiver, ben):
    outbox.resolve(unknown, outcome=Outcome("refused"), actor=Actor.human(ben))
    with pytest.raises(Stale):
        outbox.resolve(unknown, outcome=Outcome("confirmed"), actor=Actor.human(ben))
    assert effect().status == Effect.Status.REFUSED


def test_a_person_cannot_leave_it_unknown(unknown, ben):
    with pytest.raises(InvalidInput):
        outbox.resolve(unknown, outcome=Outcome("unknown"), actor=Actor.human(ben))
