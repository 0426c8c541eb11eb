import os
import sqlite3
import threading
import time
from datetime import timedelta
from functools import partial
from pathlib import Path

from django.apps import AppConfig
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
        if place := os.environ.get("DRILL_DATABASE_CLOCK"):
            connection_created.connect(partial(_turn_sqlite, Path(place)), weak=False, dispatch_uid="drill clock")
        if place := os.environ.get("DRILL_CLOCK"):
            threading.Thread(target=_follow_clock, args=(Path(place),), daemon=True).start()


def _turn_sqlite(place: Path, *, connection, **_) -> None:
    """SQLite reads the machine's clock, which is not ours to set; here it shows so many seconds more."""
    if connection.vendor != "sqlite":
        return
    plain = sqlite3.connect(":memory:", check_same_thread=False)

    def strftime(*arguments):
        ahead = float(place.read_text() or 0) if place.exists() else 0
        more = [f"{ahead} seconds"] if ahead and arguments[1:2] == ("now",) else []
        marks = ", ".join("?" * (len(arguments) + len(more)))
        return plain.execute(f"SELECT strftime({marks})", [*arguments, *more]).fetchone()[0]

    connection.connection.create_function("strftime", -1, strftime)


def _follow_clock(place: Path) -> None:
    """Seconds in this file move the process's view of the clock, as a jump of it would."""
    from ledger import clock

    while True:
        try:
            clock.shift(timedelta(seconds=float(place.read_text() or 0)))
        except (OSError, ValueError):
            clock.shift(timedelta(0))
        time.sleep(0.05)
