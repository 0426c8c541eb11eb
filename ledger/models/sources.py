"""Outside text and files as they came."""

from django.db import models


class Source(models.Model):
    """Kept by digest, so that evidence can point at a span of exactly this. Once erased, only the digest is left."""

    digest = models.CharField(max_length=64, primary_key=True)
    media_type = models.CharField(max_length=80, default="text/plain; charset=utf-8")
    origin = models.CharField(max_length=80, help_text="user:ID, supplier:KEY, mail:ADDRESS-REF, model:TIER")
    content = models.BinaryField()
    received_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.origin} {self.digest[:12]}"

    @property
    def text(self) -> str:
        return bytes(self.content).decode()
