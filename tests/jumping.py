"""A jump of the database's clock that nobody has confirmed yet, and the word that it is right."""

from __future__ import annotations

from ledger import clock
from ledger.models import ClockJump


def jump() -> None:
    """From here on the clock is held, as after an alarm of the sweeper."""
    ClockJump.objects.create(noticed_at=clock.now(), expected_at=clock.now())


def confirm() -> None:
    ClockJump.objects.update(confirmed_at=clock.now())
