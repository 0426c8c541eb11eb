"""Notices that the database's own clock has jumped, raises the alarm once, and takes a person's word that it is right.

The clock is compared with this machine's count of seconds, also across a restart of the process within one boot, and
with the newest entry of the journal. Forward jumps while the machine was off look like the time that passed.
"""

from __future__ import annotations

import logging
import os
import platform
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext as _

from ledger import clock, doorbell, entries, rights
from ledger.actors import Actor
from ledger.errors import InvalidInput
from ledger.models import ClockJump, Heartbeat, LedgerHead, LegalEntity

log = logging.getLogger(__name__)
MARK = "clock"


def look(*, watcher: str = "") -> ClockJump | None:
    """Called again and again by who keeps watch. The alarm that this look raised, if it did."""
    shown = clock.read()
    clock.observe(shown)
    jump = None
    if not ClockJump.objects.filter(confirmed_at=None).exists():
        by = clock.jumped() or _since_the_mark(shown) or _behind_the_journal(shown)
        if by and not _confirmed_here():
            jump = _alarm(shown, expected=shown - by, watcher=watcher)
    _keep_mark(shown)
    return jump


def _confirmed_here() -> bool:
    """This process saw a jump that somebody has confirmed since."""
    return bool(clock.jumped()) and not clock.held()


def _alarm(shown: datetime, *, expected: datetime, watcher: str) -> ClockJump:
    with transaction.atomic():
        # One at a time: whoever comes second finds the first one's row.
        Heartbeat.objects.get_or_create(name=MARK, defaults={"beat_at": shown})
        Heartbeat.objects.select_for_update().get(name=MARK)
        if known := ClockJump.objects.filter(confirmed_at=None).first():
            return known
        process = _("process %(number)s on %(host)s") % {"number": os.getpid(), "host": platform.node()}
        noticed_by = f"{watcher}, {process}" if watcher else process
        jump = ClockJump.objects.create(noticed_at=shown, expected_at=expected, noticed_by=noticed_by[:120])
        if entity := LegalEntity.objects.order_by("pk").first():
            entries.clock_jumped(jump, entity=entity)
    log.critical("the database's clock jumped: %s; expiries and openings wait for `manage.py clock confirm`", jump)
    return jump


def _since_the_mark(shown: datetime) -> timedelta:
    """By how much it has jumped since another process of this boot looked."""
    mark = Heartbeat.objects.filter(name=MARK).first()
    if mark is None or not _boot():
        return timedelta(0)
    boot, _space, seconds = mark.detail.partition(" ")
    if boot != _boot() or not seconds:
        return timedelta(0)
    by = shown - mark.beat_at - timedelta(seconds=clock.elapsed() - float(seconds))
    return by if abs(by) > clock.JUMP else timedelta(0)


def _behind_the_journal(shown: datetime) -> timedelta:
    """The newest entry cannot be younger than now. After a confirmed jump back it stays so until time has caught up."""
    heads = LedgerHead.objects.filter(seq__gt=0)
    newest = max((head.entries.get(seq=head.seq).time for head in heads), default=None)
    if newest is None or newest - shown <= clock.JUMP:
        return timedelta(0)
    if ClockJump.objects.filter(expected_at__gte=newest - clock.JUMP).exists():
        return timedelta(0)
    return shown - newest


def _keep_mark(shown: datetime) -> None:
    Heartbeat.objects.update_or_create(
        name=MARK, defaults={"beat_at": shown, "detail": f"{_boot()} {clock.elapsed():.3f}"}
    )


def _boot() -> str:
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""


def confirm(*, actor: Actor, reason: str) -> ClockJump:
    """The clock is right now: what waited goes on. The reason says how that is known."""
    rights.require(actor, "clock.confirm")
    if not (reason := reason.strip()):
        raise InvalidInput(_("Say how you know that the clock is right."))
    with transaction.atomic():
        jump = ClockJump.objects.select_for_update().filter(confirmed_at=None).first()
        if jump is None:
            raise InvalidInput("The clock is not held: there is nothing to confirm.")
        jump.confirmed_at, jump.confirmed_by_id, jump.reason = clock.read(), actor.person_id, reason[:500]
        jump.save(update_fields=["confirmed_at", "confirmed_by_id", "reason"])
        if entity := LegalEntity.objects.order_by("pk").first():
            entries.clock_confirmed(jump, actor=actor, entity=entity)
        clock.trust()
        doorbell.ring("the clock was confirmed")
    return jump
