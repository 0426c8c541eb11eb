"""Signs of life."""

from django.db import models


class Heartbeat(models.Model):
    """When a background process last went round; health pages and the supervisor look at its age."""

    name = models.CharField(max_length=40, primary_key=True)
    beat_at = models.DateTimeField()
    detail = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.name} {self.beat_at:%Y-%m-%d %H:%M:%S}"


class Restart(models.Model):
    """A part of the portal that its supervisor started again, and why."""

    name = models.CharField(max_length=40)
    at = models.DateTimeField(db_index=True)
    reason = models.CharField(max_length=300)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.name} {self.at:%Y-%m-%d %H:%M:%S}: {self.reason}"
