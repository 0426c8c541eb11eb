import os
import threading
import time
from datetime import timedelta
from pathlib import Path

from django.apps import AppConfig


class DrillConfig(AppConfig):
    """What the fault programme lets plans do: work, wait, and one effect outside that must happen once."""

    name = "tests.drill"
    label = "drill"

    def ready(self) -> None:
        from agents import roles
        from ledger import command, outbox
        from tests.drill.commands import RingBell

        roles.register("drill", module="tests.drill.role")
        command.register(RingBell, handler="tests.drill.handlers.ring_bell")
        outbox.register("drill", path="tests.drill.sender.sender", in_order=False)
        if place := os.environ.get("DRILL_CLOCK"):
            threading.Thread(target=_follow_clock, args=(Path(place),), daemon=True).start()


def _follow_clock(place: Path) -> None:
    """Seconds in this file move the process's view of the clock, as a jump of it would."""
    from ledger import clock

    while True:
        try:
            clock.shift(timedelta(seconds=float(place.read_text() or 0)))
        except (OSError, ValueError):
            clock.shift(timedelta(0))
        time.sleep(0.05)
