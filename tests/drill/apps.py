import os
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.apps import AppConfig
from django.db import connection
from django.db.backends.signals import connection_created


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
        place = os.environ.get("DRILL_DATABASE_CLOCK")
        if place and connection.vendor == "sqlite":
            _turn_sqlite(Path(place))
        if place := os.environ.get("DRILL_CLOCK"):
            threading.Thread(target=_follow_clock, args=(Path(place),), daemon=True).start()


def _turn_sqlite(place: Path) -> None:
    """SQLite reads the machine's clock, which is not ours to set: here it shows so many seconds more to whoever asks
    for the time. What the ledger itself writes keeps to the machine's."""
    from ledger import clock

    def shown() -> str:
        ahead = float(place.read_text() or 0) if place.exists() else 0
        return (datetime.now(UTC) + timedelta(seconds=ahead)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]

    def opened(*, connection, **_) -> None:
        connection.connection.create_function("drill_now", 0, shown)

    connection_created.connect(opened, weak=False)
    clock.EXPRESSION["sqlite"] = "drill_now()"
    clock.read = lambda: datetime.fromisoformat(shown()).replace(tzinfo=UTC)


def _follow_clock(place: Path) -> None:
    """Seconds in this file move the process's view of the clock, as a jump of it would."""
    from ledger import clock

    while True:
        try:
            clock.shift(timedelta(seconds=float(place.read_text() or 0)))
        except (OSError, ValueError):
            clock.shift(timedelta(0))
        time.sleep(0.05)
