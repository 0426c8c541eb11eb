"""Effects leave at most once, whatever happens to the worker, the line or the receiver."""

from datetime import timedelta

import pytest
from django.db import DatabaseError

from ledger import clock, dispatch, outbox, senders
from ledger.models import Effect
from ledger.outbox import Outcome
from tests.ledger import scripted
from tests.ledger.scripted import KEY, WorkerLost, answer_until_settled, effect, later, outcomes


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
