"""Jumps of the database's own clock."""

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _


class ClockJump(models.Model):
    """What acts because time has passed waits from here until a person has said that the clock is right."""

    noticed_at = models.DateTimeField(help_text=_("By the clock after its jump."))
    expected_at = models.DateTimeField(help_text=_("What it should have shown then."))
    noticed_by = models.CharField(max_length=120, blank=True, help_text=_("The process that looked."))
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.ForeignKey("ledger.Person", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.TextField(blank=True, help_text=_("Why whoever confirmed it says that the clock is right."))

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.noticed_at:%Y-%m-%d %H:%M:%S} instead of {self.expected_at:%Y-%m-%d %H:%M:%S}"

    @property
    def by(self) -> timedelta:
        """How far it jumped; below zero when backwards."""
        return self.noticed_at - self.expected_at

    @property
    def span(self) -> timedelta:
        return abs(self.by)
