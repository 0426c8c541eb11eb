"""Answers each bell at once, and looks once a second whether anything is due, in case a bell was lost."""

import logging
import signal
import threading
import time

from django.core.management.base import BaseCommand
from django.db import DatabaseError, close_old_connections

from ledger import bell, doorbell, heartbeat

log = logging.getLogger(__name__)
PAUSE = 1.0
BEAT_EVERY = 10.0


class Command(BaseCommand):
    help = "Carries out what is due in the tables of plans, proposals and effects. Safe beside any number of workers."

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
        self._loop(stop, bell.listen(bell.VISIT))

    def _loop(self, stop: threading.Event, listener: bell.Listener) -> None:
        beaten, asked, rung = -BEAT_EVERY, False, False
        while not stop.is_set():
            try:
                if rung or doorbell.due():
                    doorbell.answer()
                if time.monotonic() - beaten >= BEAT_EVERY:
                    heartbeat.beat(heartbeat.SWEEPER)
                    beaten = time.monotonic()
                if not asked:
                    heartbeat.keep_worker_beating()
                    asked = True
            except DatabaseError:
                log.exception("the sweeper could not reach the database; it tries again")
            close_old_connections()
            rung = listener.wait(PAUSE)
