"""Jumps of the database's own clock."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ClockJump(models.Model):
    """What acts because time has passed waits from here until a person has said that the clock is right."""

    noticed_at = models.DateTimeField(help_text=_("By the clock after its jump."))
    expected_at = models.DateTimeField(help_text=_("What it should have shown then."))
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.ForeignKey("ledger.Person", on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.noticed_at:%Y-%m-%d %H:%M:%S} instead of {self.expected_at:%Y-%m-%d %H:%M:%S}"
