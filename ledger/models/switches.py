"""Stop buttons."""

from django.db import models


class Switch(models.Model):
    """`scope` is `all`, `role:sourcing`, `sender:erp` or `plan:PLN-00012`."""

    scope = models.CharField(max_length=80, primary_key=True)
    stopped = models.BooleanField(default=False)
    reason = models.CharField(max_length=300, blank=True)
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "switches"

    def __str__(self) -> str:
        return f"{self.scope}: {'stopped' if self.stopped else 'running'}"
