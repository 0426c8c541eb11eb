"""Background work: told while it runs, cancelled, done once, taken over from a dead worker, told by mail."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection

from ledger import clock, gauges, jobs, outbox
from ledger.actors import Actor
from ledger.errors import InvalidInput, NotAllowed, Stale
from ledger.jobs import Ended
from ledger.models import Entry, Job, Person
from ledger.redaction import MARK
from ledger.rights import Role
from tests.cast import make_person
from tests.ledger.test_erasure import erase, keys_apart, of

__all__ = ["keys_apart"]
pytestmark = pytest.mark.django_db

#: What the registered work does; a test puts its own here.
work = None


def run(job, gauge):
    return work(job, gauge)


@pytest.fixture(autouse=True)
def kinds(monkeypatch):
    monkeypatch.setattr(jobs, "_kinds", {"dig": jobs.Kind("tests.ledger.test_jobs.run", "tenant.import")})


@pytest.fixture
def does(monkeypatch):
    return lambda it: monkeypatch.setitem(globals(), "work", it)


@pytest.fixture
def ask(entity, olga):
    def asked(**options) -> Job:
        return jobs.ask("dig", title="Dig a hole", actor=Actor.human(olga), entity=entity, **options)

    return asked


def kinds_told() -> list[str]:
    return list(Entry.objects.order_by("seq").values_list("kind", flat=True))


def test_what_it_returns_stands_on_its_page_and_the_journal_says_that_it_ended(ask, does):
    does(lambda job, gauge: Ended({"depth": 3}))
    job = ask()
    assert jobs.run(job.reference)
    job.refresh_from_db()
    assert (job.status, job.outcome, job.attempts) == ("done", {"depth": 3}, 1)
    assert kinds_told()[-2:] == ["job.ended", "effect.intended"]


def test_done_once_is_done(ask, does):
    did = []
    does(lambda job, gauge: did.append(1) or Ended())
    job = ask()
    assert jobs.run(job.reference)
    assert not jobs.run(job.reference)
    assert did == [1]


def test_two_workers_never_do_one_piece_of_work(ask, does):
    job = ask()
    does(lambda each, gauge: Ended({"other": jobs.run(job.reference)}))
    jobs.run(job.reference)
    job.refresh_from_db()
    assert job.outcome == {"other": False}


def test_a_silent_worker_is_replaced_and_its_own_end_is_refused(ask, does):
    job = ask()

    def hang(each, gauge):
        if each.attempts == 1:
            long_ago = clock.now() - jobs.SILENCE - timedelta(seconds=1)
            Job.objects.filter(pk=job.pk).update(seen_at=long_ago, rung_at=long_ago)
            assert jobs.due()
            assert jobs.run(job.reference), "another worker takes it"
            return Ended({"by": "the one taken for dead"})
        return Ended({"by": "the other"})

    does(hang)
    assert not jobs.run(job.reference)
    job.refresh_from_db()
    assert (job.status, job.outcome, job.attempts) == ("done", {"by": "the other"}, 2)


def test_one_that_never_comes_back_is_given_up(ask, does):
    job = ask()
    Job.objects.filter(pk=job.pk).update(
        status="running", attempts=3, started_at=clock.now(), seen_at=clock.now() - timedelta(hours=1)
    )
    does(lambda each, gauge: pytest.fail("it is not started once more"))
    assert not jobs.run(job.reference)
    job.refresh_from_db()
    assert (job.status, job.error) == ("failed", "It was started 3 times and did not come back.")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (InvalidInput("Row 3 is upside down."), "Row 3 is upside down."),
        (ZeroDivisionError("secret"), "Something unforeseen went wrong; the log says what, at {}."),
    ],
)
def test_a_failure_is_told_without_its_inside(ask, does, error, told):
    def fail(job, gauge):
        raise error

    does(fail)
    job = ask()
    jobs.run(job.reference)
    job.refresh_from_db()
    assert (job.status, job.error) == ("failed", told.format(job.reference))


def test_cancelled_before_it_began_it_never_begins(ask, does, olga):
    does(lambda job, gauge: pytest.fail("it was cancelled"))
    job = jobs.cancel(ask(), actor=Actor.human(olga))
    assert job.status == "cancelled"
    assert not jobs.run(job.reference)


def test_who_may_not_ask_changes_nothing_and_who_may_not_cancel_neither(ask, entity, does):
    rita = make_person("rita", Role.REQUESTER, entity=entity)
    before = kinds_told()
    with pytest.raises(NotAllowed):
        jobs.ask("dig", title="Dig", actor=Actor.human(rita), entity=entity)
    assert (Job.objects.count(), kinds_told()) == (0, before)
    job = ask()
    with pytest.raises(NotAllowed):
        jobs.cancel(job, actor=Actor.human(rita))
    job.refresh_from_db()
    assert (job.status, job.cancel_at) == ("queued", None)
    does(lambda job, gauge: Ended())
    assert jobs.run(job.reference)


def test_what_has_ended_cannot_be_cancelled(ask, does, olga):
    does(lambda job, gauge: Ended())
    job = ask()
    jobs.run(job.reference)
    with pytest.raises(Stale):
        jobs.cancel(job, actor=Actor.human(olga))


def test_a_queue_row_that_was_lost_is_rung_for_again(ask):
    job = ask()
    assert not jobs.due(), "it was rung for just now"
    Job.objects.filter(pk=job.pk).update(rung_at=clock.now() - jobs.RING_AGAIN - timedelta(seconds=1))
    assert jobs.due()
    assert jobs.answer() == 1
    assert not jobs.due()


@pytest.mark.parametrize(
    ("wanted", "address", "sent"), [(True, "olga@hq.example", 1), (False, "olga@hq.example", 0), (True, "", 0)]
)
def test_the_mail_at_the_end_goes_to_who_asked(ask, does, olga, wanted, address, sent):
    Person.objects.filter(pk=olga.pk).update(email=address)
    does(lambda job, gauge: Ended())
    job = ask(mail=wanted)
    jobs.run(job.reference)
    outbox.answer()
    assert [each.to for each in mail.outbox] == [[address]] * sent
    if sent:
        assert f"/jobs/{job.reference}/" in mail.outbox[0].body


@pytest.mark.django_db(transaction=True)
def test_it_is_heard_from_and_cancelled_within_its_own_transaction(ask, does, olga, monkeypatch, settings, tmp_path):
    """What others see while it holds its transaction, and that they can stop it there."""
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr(gauges, "PERIOD", 0.0)
    job, in_the_middle, asked = ask(), threading.Event(), threading.Event()

    def dig(each, gauge):
        from django.db import transaction

        with transaction.atomic():
            Person.objects.filter(pk=olga.pk).update(job_title="digger")
            gauge.of(10, "Digging")
            gauge.step(4)
            in_the_middle.set()
            assert asked.wait(20)
            gauge.step()
        return Ended()

    def work_on():
        try:
            jobs.run(job.reference)
        finally:
            connection.close()

    does(dig)
    worker = threading.Thread(target=work_on)
    worker.start()
    assert in_the_middle.wait(20)
    job.refresh_from_db()
    assert gauges.read(job) == gauges.Reading(4, 10, "Digging")
    if connection.vendor == "sqlite":  # the row can be written when the work has let go of the database
        gauges.ask_to_cancel(job)
    else:
        jobs.cancel(job, actor=Actor.human(olga))
    asked.set()
    worker.join(20)
    job.refresh_from_db()
    olga.refresh_from_db()
    assert (job.status, olga.job_title) == ("cancelled", "")
    assert list(tmp_path.glob("jobs/*")) == []


@pytest.mark.parametrize("said", ["Ok", "Wait for Trillian to call back"])
@pytest.mark.parametrize("kind", ["dig", "of old"])
def test_what_somebody_typed_for_it_goes_with_them(kind, said, ask, olga, entity, keys_apart, monkeypatch):
    monkeypatch.setitem(jobs._kinds, "dig", jobs.Kind("tests.ledger.test_jobs.run", "tenant.import", ("reason",)))
    job = ask(arguments={"verb": "pause", "plans": [7], "reason": said})
    Job.objects.filter(pk=job.pk).update(kind=kind, error=f"PLN-00007: {said}", title=f"Pause: {said}"[:200])
    erase(of(olga), entity)
    job.refresh_from_db()
    assert job.arguments["reason"] == MARK
    assert job.arguments["plans"] == [7]
    assert (job.arguments["verb"] == "pause") is (kind == "dig")
    assert len(said) < 3 or said not in job.error + job.title


def test_others_copies_of_it_go_as_well_and_the_rest_of_theirs_stays(ask, olga, ben, entity, keys_apart, monkeypatch):
    monkeypatch.setitem(jobs._kinds, "dig", jobs.Kind("tests.ledger.test_jobs.run", "tenant.import", ("reason",)))
    ask(arguments={"reason": "Wait for Trillian to call back"})
    copied = ask(arguments={"reason": "As said: wait for Trillian to call back. My own words."})
    Job.objects.filter(pk=copied.pk).update(person=ben)
    erase(of(olga), entity)
    copied.refresh_from_db()
    assert copied.arguments == {"reason": f"As said: {MARK}. My own words."}
