"""A jump of the database's own clock is noticed, told once, and holds what acts on time until a person confirms."""

import os
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from ledger import clock, personal, timekeeping
from ledger.actors import Actor
from ledger.errors import InvalidInput, NotAllowed
from ledger.models import ClockJump, Entry, Heartbeat
from ledger.redaction import MARK
from ledger.rights import Role
from tests.cast import make_person
from tests.ledger.test_erasure import erase, keys_apart, of

__all__ = ["keys_apart"]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def wall(monkeypatch):
    """The database's clock as a test sets it, beside a machine that counts true seconds."""
    read, true = clock.read, clock.elapsed

    class Wall:
        ahead, passed = timedelta(0), timedelta(0)

    monkeypatch.setattr(clock, "read", lambda: read() + Wall.ahead + Wall.passed)
    monkeypatch.setattr(clock, "elapsed", lambda: true() + Wall.passed.total_seconds())
    return Wall


@pytest.fixture
def ute(entity):
    return Actor.human(make_person("ute", Role.ADMINISTRATOR, entity=entity))


def kinds():
    return list(Entry.objects.order_by("seq").filter(kind__startswith="clock.").values_list("kind", flat=True))


def test_a_clock_that_runs_true_is_trusted_however_long_nobody_looks(wall, entity):
    timekeeping.look()
    wall.passed = 30 * DAY
    assert timekeeping.look() is None
    assert not clock.held()


@pytest.mark.parametrize("by", [HOUR, -HOUR, DAY, -DAY])
def test_a_jump_is_told_once_and_held(by, wall, entity):
    timekeeping.look()
    wall.ahead = by
    jump = timekeeping.look()
    assert abs(jump.noticed_at - jump.expected_at - by) < timedelta(seconds=5)
    assert timekeeping.look() is None
    assert clock.held()
    assert kinds() == ["clock.jumped"]


@pytest.mark.parametrize("by", [timedelta(minutes=4), -timedelta(minutes=4)])
def test_an_adjustment_is_no_jump(by, wall, entity):
    timekeeping.look()
    wall.ahead = by
    assert timekeeping.look() is None
    assert not clock.held()


@pytest.mark.parametrize("by", [HOUR, -DAY])
def test_whoever_reads_the_clock_holds_before_anybody_has_raised_the_alarm(by, wall, entity):
    clock.now()
    wall.ahead = by
    clock.now()
    assert clock.held()
    assert not clock.unless_held(Heartbeat.objects.all()).exists()
    assert not ClockJump.objects.exists()


def test_there_and_back_again_before_anybody_looked_is_no_jump(wall, entity):
    timekeeping.look()
    wall.ahead = DAY
    clock.now()
    wall.ahead = timedelta(0)
    clock.now()
    assert not clock.held()


@pytest.mark.parametrize("by", [HOUR, -HOUR])
def test_a_jump_while_no_process_ran_is_noticed_within_one_boot(by, wall, entity, monkeypatch):
    timekeeping.look()
    clock.trust()
    wall.ahead, wall.passed = by, DAY
    if not timekeeping._boot():
        pytest.skip("this system does not name its boots")
    assert timekeeping.look() is not None


def test_a_jump_while_the_machine_was_off_shows_only_against_the_journal(wall, entity, ute, monkeypatch):
    timekeeping.look()
    wall.ahead = DAY
    timekeeping.look()
    timekeeping.confirm(actor=ute, reason="The provider set it right.")
    ClockJump.objects.all().delete()
    Heartbeat.objects.all().delete()
    clock.trust()
    wall.ahead = -DAY
    newest = Entry.objects.latest("seq").time
    monkeypatch.setattr(timekeeping, "_since_the_mark", lambda _: timedelta(0))
    jump = timekeeping.look()
    assert jump.expected_at == newest or newest - clock.read() <= clock.JUMP


def test_a_person_with_the_right_confirms_and_what_waited_goes_on(wall, entity, ute):
    Heartbeat.objects.create(name="due", beat_at=clock.now())
    timekeeping.look()
    wall.ahead = DAY
    timekeeping.look()
    assert not clock.unless_held(Heartbeat.objects.filter(name="due")).exists()
    with pytest.raises(NotAllowed):
        timekeeping.confirm(actor=Actor.human(make_person("rob", Role.BUYER, entity=entity)), reason="It is right.")
    with pytest.raises(InvalidInput, match="how you know"):
        timekeeping.confirm(actor=ute, reason="  ")
    assert clock.held()
    assert kinds() == ["clock.jumped"]
    timekeeping.confirm(actor=ute, reason="The provider set it right.")
    assert not clock.held()
    assert clock.unless_held(Heartbeat.objects.filter(name="due")).exists()
    assert kinds() == ["clock.jumped", "clock.confirmed"]
    confirmed = Entry.objects.get(kind="clock.confirmed")
    assert personal.value("main", confirmed.seq, "reason") == "The provider set it right."
    assert timekeeping.look() is None


def test_the_row_says_which_process_noticed(wall, entity):
    timekeeping.look(watcher="sweeper")
    wall.ahead = DAY
    assert timekeeping.look(watcher="sweeper").noticed_by.startswith(f"sweeper, process {os.getpid()} on ")


def test_the_reason_goes_with_whoever_gave_it(wall, entity, ute, keys_apart):
    timekeeping.look()
    wall.ahead = DAY
    timekeeping.look()
    timekeeping.confirm(actor=ute, reason="Ok")
    erase(of(ClockJump.objects.get().confirmed_by), entity)
    assert ClockJump.objects.get().reason == MARK


def test_another_process_that_saw_the_jump_hears_that_it_was_confirmed(wall, entity, ute):
    timekeeping.look()
    wall.ahead = DAY
    timekeeping.look()
    seen = (clock._last, clock._jumped, clock._noticed)
    timekeeping.confirm(actor=ute, reason="The provider set it right.")
    clock._last, clock._jumped, clock._noticed = seen
    assert not clock.held()


def test_a_confirmed_jump_back_is_not_told_again_though_the_journal_is_ahead(wall, entity, ute):
    timekeeping.look()
    wall.ahead = -DAY
    timekeeping.look()
    timekeeping.confirm(actor=ute, reason="The provider set it right.")
    clock.trust()
    assert timekeeping.look() is None
    assert not clock.held()


@pytest.mark.parametrize("by", [HOUR, -HOUR, DAY, -DAY])
@pytest.mark.parametrize("after", [timedelta(0), timedelta(minutes=20), 2 * HOUR])
def test_the_word_on_one_jump_does_not_cover_the_next(by, after, wall, entity, ute):
    timekeeping.look()
    wall.ahead = DAY
    timekeeping.look()
    wall.ahead = timedelta(0)
    timekeeping.look()
    timekeeping.confirm(actor=ute, reason="The provider set it right.")
    assert timekeeping.look() is None
    wall.passed = after
    wall.ahead = by
    assert timekeeping.look() is not None
    assert clock.held()


def test_the_command_shows_and_confirms(wall, entity, ute):
    out = StringIO()
    call_command("clock", "show", stdout=out)
    wall.ahead = HOUR
    with pytest.raises(CommandError, match="It is held"):
        call_command("clock", "show", stdout=out)
    with pytest.raises(CommandError, match="no active person"):
        call_command("clock", "confirm", "--by", "nobody", "--reason", "Right")
    call_command("clock", "confirm", "--by", "ute", "--reason", "Right", stdout=out)
    assert not clock.held()
    with pytest.raises(CommandError, match="not held"):
        call_command("clock", "confirm", "--by", "ute", "--reason", "Right")
