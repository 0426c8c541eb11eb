"""Answers each bell at once, and looks once a second whether anything is due, in case a bell was lost."""

import logging
import os
import signal
import sys
import threading
import time

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError, close_old_connections, connections

from ledger import bell, doorbell, heartbeat, timekeeping

log = logging.getLogger(__name__)
PAUSE = 1.0
BEAT_EVERY = 10.0
#: Who goes on with what was cut off; they need nothing that only pages need.
FIRST = ("engine",)


class Command(BaseCommand):
    help = "Carries out what is due in the tables of plans, proposals and effects. Safe beside any number of workers."
    # The portal checks before it starts this; a worker that is started again should not lose time.
    requires_system_checks = []

    def add_arguments(self, parser):
        how = parser.add_mutually_exclusive_group(required=True)
        how.add_argument("--once", action="store_true", help="one visit, then end")
        how.add_argument("--loop", action="store_true", help="until SIGTERM; what is in hand is finished first")

    def handle(self, *, once, **options):
        if once:
            done = doorbell.answer() if doorbell.due() else 0
            heartbeat.beat(heartbeat.SWEEPER, detail=f"once, {done} done")
            self.stdout.write(f"{done} done")
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        if settings.FIRST_VISIT:
            self._first_visit()
            if not stop.is_set():
                self._become_whole()
            return
        self._loop(stop, bell.listen(bell.VISIT))

    def _first_visit(self) -> None:
        try:
            timekeeping.look(watcher="sweeper")
            doorbell.answer(only=FIRST)
        except DatabaseError:
            log.exception("the sweeper could not reach the database; it goes on when that answers")

    def _become_whole(self) -> None:
        """The same process and number, with every app loaded."""
        connections.close_all()
        os.environ["PROCURE_FIRST_VISIT"] = "0"
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606

    def _loop(self, stop: threading.Event, listener: bell.Listener) -> None:
        beaten, rung = -BEAT_EVERY, False
        while not stop.is_set():
            try:
                timekeeping.look(watcher="sweeper")
                if rung or doorbell.due():
                    doorbell.answer()
                if time.monotonic() - beaten >= BEAT_EVERY:
                    heartbeat.beat(heartbeat.SWEEPER)
                    heartbeat.ask_worker()
                    beaten = time.monotonic()
            except DatabaseError:
                log.exception("the sweeper could not reach the database; it tries again")
            close_old_connections()
            rung = listener.wait(PAUSE)
