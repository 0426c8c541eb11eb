"""What every story needs: its people with their browsers, patience, and the work done inline or by a worker."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from django.conf import settings
from django.test.utils import override_settings

from ledger import doorbell
from ledger.models import LegalEntity
from procure.demo.cast import sign_ins
from procure.demo.visitor import Visitor

T = TypeVar("T")
PLAIN_STATIC = "django.contrib.staticfiles.storage.StaticFilesStorage"


class StoryStuck(Exception):
    """Something that should have happened did not, in the time given."""


@dataclass
class Stage:
    """The tenant, the clock of the story and its visitors."""

    entity: LegalEntity
    inline: bool
    patience: int
    say: Callable[[str], None]
    times: dict[str, float] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)

    def browser_of(self, username: str) -> Visitor:
        """A fresh browser in which this member of the cast has signed in."""
        password = next(secret for name, _, secret in sign_ins() if name == username)
        visitor = Visitor()
        visitor.sign_in(username, password)
        return visitor

    def until(self, what: str, look: Callable[[], T | None]) -> T:
        """Lets the work go on until `look` finds something; raises StoryStuck after `patience` seconds."""
        deadline = time.monotonic() + self.patience
        while True:
            if self.inline:
                doorbell.answer()
            if found := look():
                self.times[what] = round(time.monotonic() - self.started, 3)
                self.say(f"{self.times[what]:7.2f} s  {what}")
                return found
            if time.monotonic() > deadline:
                raise StoryStuck(f"waited {self.patience} s in vain for: {what}")
            # Another worker may hold a lease, or the worker process does all of it.
            time.sleep(0.1)

    def worker_waits(self, still: Callable[[], bool]) -> bool:
        """Whether something is still so after the work that is due was done: another process set its own delay."""
        if self.inline:
            doorbell.answer()
        return still()


@contextmanager
def staged(*, inline: bool, patience: int, say: Callable[[str], None]) -> Iterator[Stage]:
    """The demo tenant, with mails kept in memory and no undo window, so that a story ends in seconds."""
    entity = LegalEntity.objects.order_by("pk").first()
    if entity is None:
        raise LookupError("There is no tenant yet: type  manage.py demo  first.")
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    with override_settings(
        UNDO_WINDOW=timedelta(0),
        EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend",
        # No page is looked at with eyes here, so static files need not have been collected.
        STORAGES=settings.STORAGES | {"staticfiles": {"BACKEND": PLAIN_STATIC}},
    ):
        yield Stage(entity=entity, inline=inline, patience=patience, say=say)
