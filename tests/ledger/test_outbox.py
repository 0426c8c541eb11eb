"""Effects leave at most once, whatever happens to the worker, the line or the receiver."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from ledger import chain, clock, dispatch, outbox, senders, switches
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.errors import InvalidInput, NotAllowed, Stale
from ledger.models import Effect, EffectAttempt, Entry
from ledger.outbox import Outcome
from tests.ledger import scripted
from tests.ledger.scripted import ScriptedSender, WorkerLost

KEY = "k" * 64


@pytest.fixture
def receiver(monkeypatch) -> ScriptedSender:
    receiver = ScriptedSender()
    monkeypatch.setattr(scripted, "sender", receiver)
    monkeypatch.setattr(senders, "_senders", {})
    outbox.register("fake", path="tests.ledger.scripted.sender")
    return receiver


@pytest.fixture
def put(entity, receiver):
    def put(key=KEY, *, order="PO-00001", request=None, **more):
        with transaction.atomic():
            return outbox.put(
                entity=entity,
                sender="fake",
                purpose="order.create",
                effect_key=key,
                object=ObjectRef("order", order),
                request=request or {"total": "12.50"},
                **more,
            )

    return put


def later(seconds=3600):
    clock.shift(clock._shift + timedelta(seconds=seconds))


def effect(key=KEY):
    return Effect.objects.get(effect_key=key)


def outcomes(key=KEY):
    return list(EffectAttempt.objects.filter(effect__effect_key=key).values_list("outcome", flat=True))


def answer_until_settled(most=60):
    """Visits with the time between them long enough for every delay and lease."""
    for _ in range(most):
        outbox.answer()
        later()
        if not Effect.objects.filter(status__in=[Effect.Status.WAITING, Effect.Status.CALLING]).exists():
            return
    pytest.fail("never settled")


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


# faults


@pytest.mark.parametrize("fault", [scripted.accept_then_time_out, scripted.accept_then_die])
def test_what_was_accepted_without_an_answer_is_found_and_adopted(put, receiver, fault):
    receiver.script = [fault]
    put()
    try:
        outbox.answer()
    except WorkerLost:
        assert effect().status == Effect.Status.CALLING
        assert outbox.answer() == 0  # the lease still runs
    later()
    outbox.answer()
    assert effect().status == Effect.Status.CONFIRMED
    assert receiver.calls == ["send", "find"]
    assert receiver.arrived == [KEY]
    assert receiver.settled == ["confirmed"]


def test_a_worker_lost_before_the_call_means_sending_again_after_asking(put, receiver):
    receiver.script = [scripted.die_before]
    put()
    with pytest.raises(WorkerLost):
        outbox.answer()
    later()
    outbox.answer()
    assert receiver.calls == ["send", "find", "send"]
    assert receiver.arrived == [KEY]
    assert outcomes() == ["lost", "confirmed"]


def test_a_worker_lost_before_settling_settles_once_later(put, receiver):
    receiver.settle_script = [WorkerLost()]
    put()
    with pytest.raises(WorkerLost):
        outbox.answer()
    assert effect().status == Effect.Status.CALLING
    later()
    outbox.answer()
    assert effect().status == Effect.Status.CONFIRMED
    assert receiver.calls == ["send", "find"]
    assert receiver.settled == ["confirmed"]


def test_rows_that_cannot_be_written_are_tried_again_without_a_second_sending(put, receiver):
    receiver.settle_script = [DatabaseError("disk full"), ValueError("bug")]
    put()
    answer_until_settled()
    assert effect().status == Effect.Status.CONFIRMED
    assert receiver.calls == ["send", "find", "find"]
    assert outcomes() == ["unsettled", "unsettled", "confirmed"]


def test_a_receiver_that_is_down_is_tried_again_later_and_later(put, receiver):
    receiver.script = [scripted.down] * 3
    put()
    waits = []
    for _ in range(3):
        outbox.answer()
        assert effect().status == Effect.Status.WAITING
        assert "503" in effect().last_error
        waits.append(effect().not_before - clock.now())
        later()
    assert waits[0] < waits[1] < waits[2]
    outbox.answer()
    assert effect().status == Effect.Status.CONFIRMED
    assert receiver.arrived == [KEY]


def test_a_receiver_may_name_a_longer_wait(put, receiver):
    receiver.script = [lambda *_: Outcome("retry", detail="429", retry_after=timedelta(minutes=30))]
    put()
    outbox.answer()
    assert effect().not_before - clock.now() > timedelta(minutes=29)


def test_a_receiver_that_cannot_tell_leaves_it_to_a_person(put, receiver):
    receiver.script = [scripted.time_out]
    receiver.can_tell = False
    put()
    outbox.answer()
    later()
    outbox.answer()
    assert effect().status == Effect.Status.UNKNOWN
    later()
    assert outbox.answer() == 0
    assert receiver.calls == ["send", "find"]
    assert receiver.settled == ["unknown"]


def test_a_receiver_that_cannot_tell_is_sent_again_what_it_surely_did_not_take(put, receiver):
    receiver.script = [scripted.down, scripted.down]
    receiver.can_tell = False
    put()
    answer_until_settled()
    assert effect().status == Effect.Status.CONFIRMED
    assert receiver.calls == ["send", "find", "send", "find", "send"]


def test_a_receiver_that_cannot_be_asked_is_asked_again_before_anything_is_sent(put, receiver):
    receiver.script = [scripted.accept_then_time_out]
    receiver.reachable = False
    put()
    for _ in range(3):
        outbox.answer()
        later()
    assert receiver.calls == ["send", "find", "find"]
    receiver.reachable = True
    outbox.answer()
    assert effect().status == Effect.Status.CONFIRMED
    assert receiver.arrived == [KEY]


def test_a_garbled_answer_is_cleared_up_by_asking(put, receiver):
    receiver.script = [scripted.say_unknown]
    put()
    answer_until_settled()
    assert receiver.calls == ["send", "find", "send"]
    assert effect().status == Effect.Status.CONFIRMED


@pytest.mark.parametrize("act", [scripted.down, scripted.time_out, scripted.say_unknown])
def test_after_the_limit_a_person_decides(put, receiver, act):
    receiver.script = [act] * 100
    put()
    answer_until_settled()
    parked = effect()
    assert parked.status == Effect.Status.UNKNOWN
    assert parked.attempts == parked.most_attempts == len(outcomes())
    assert f"Given up after {parked.attempts} attempts" in parked.last_error
    assert receiver.settled == ["unknown"]


def test_after_the_limit_it_is_parked_even_when_the_sender_cannot_note_that(put, receiver):
    receiver.script = [scripted.down] * 100
    receiver.settle_script = [ValueError("bug")]
    put()
    Effect.objects.update(most_attempts=1)
    outbox.answer()
    assert effect().status == Effect.Status.UNKNOWN


def test_a_worker_lost_in_the_last_attempt_is_parked(put, receiver):
    receiver.script = [scripted.accept_then_die]
    put()
    Effect.objects.update(most_attempts=1)
    with pytest.raises(WorkerLost):
        outbox.answer()
    later()
    outbox.answer()
    assert effect().status == Effect.Status.UNKNOWN
    assert outcomes() == ["lost"]


def test_poison_blocks_no_other_effect(put, receiver):
    receiver.script = [scripted.time_out]
    put()
    put("other", order="PO-00002")
    outbox.answer()
    assert (effect().status, effect("other").status) == (Effect.Status.WAITING, Effect.Status.WAITING)
    outbox.answer()
    assert effect("other").status == Effect.Status.CONFIRMED


# zombies and rivals


def test_a_zombie_changes_nothing(put, receiver):
    """It slept through its lease; another worker settled meanwhile; now it wakes up with an answer of its own."""

    def sleep_while_another_finishes(sender, mine):
        scripted.accept(sender, mine)
        later()
        outbox.answer()
        return Outcome("refused", detail="I come too late")

    receiver.script = [sleep_while_another_finishes]
    put()
    outbox.answer()
    assert (effect().status, effect().fence) == (Effect.Status.CONFIRMED, 2)
    assert receiver.settled == ["confirmed"]
    assert outcomes() == ["lost", "confirmed"]


@pytest.mark.parametrize("ending", [scripted.down, scripted.time_out])
def test_a_zombie_that_failed_puts_nothing_back(put, receiver, ending):
    def sleep_while_another_finishes(sender, mine):
        later()
        outbox.answer()
        return ending(sender, mine)

    receiver.script = [sleep_while_another_finishes]
    put()
    outbox.answer()
    assert effect().status == Effect.Status.CONFIRMED
    assert receiver.arrived == [KEY]


def test_a_zombie_that_has_not_sent_yet_does_not_send(put, receiver, monkeypatch):
    """It slept between claim and call."""
    claim = dispatch._claim

    def claim_then_sleep(seen):
        mine = claim(seen)
        monkeypatch.setattr(dispatch, "_claim", claim)
        later()
        outbox.answer()
        return mine

    monkeypatch.setattr(dispatch, "_claim", claim_then_sleep)
    put()
    outbox.answer()
    assert receiver.calls == ["find", "send"]
    assert receiver.arrived == [KEY]
    assert effect().status == Effect.Status.CONFIRMED


def test_of_two_workers_that_saw_the_same_effect_one_gets_it(put, receiver):
    put()
    seen = effect()
    assert dispatch._claim(seen)
    assert dispatch._claim(seen) is None
    assert effect().attempts == 1


def test_effects_on_one_object_leave_in_order(put, receiver):
    receiver.script = [scripted.down]
    put()
    put("cancel")
    outbox.answer()
    assert effect("cancel").attempts == 0
    answer_until_settled()
    assert receiver.arrived == [KEY, "cancel"]


def test_where_order_does_not_matter_one_effect_does_not_wait_for_another(put, receiver):
    outbox.register("fake", path="tests.ledger.scripted.sender", in_order=False)
    receiver.script = [scripted.refuse]
    put()
    Effect.objects.update(status=Effect.Status.UNKNOWN)
    put("second")
    assert outbox.answer() == 1


def test_an_effect_whose_sender_is_not_installed_waits(put, receiver, monkeypatch):
    put()
    monkeypatch.setattr(senders, "_senders", {})
    assert outbox.answer() == 0
    assert effect().status == Effect.Status.WAITING


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
