"""The append-only chain and its readers' places. Triggers in migrations refuse every other kind of write."""

from django.core.validators import RegexValidator
from django.db import models


class LedgerHead(models.Model):
    """The end of one log. Locked last, by the append statement alone."""

    log = models.CharField(max_length=40, primary_key=True)
    origin = models.CharField(
        max_length=120,
        validators=[RegexValidator(r"\A[A-Za-z0-9._/:+-]+\Z")],
        help_text="Name of this log in every record and checkpoint: letters, digits and . _ / : + -",
    )
    seq = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="0" * 64)

    def __str__(self) -> str:
        return f"{self.log} at {self.seq}"


class Entry(models.Model):
    """One fact. `bytes` is what was hashed; the other columns repeat parts of it so that lists are fast."""

    # Each append pays for every index, so none repeats what another begins with.
    log = models.ForeignKey(LedgerHead, on_delete=models.PROTECT, related_name="entries", db_index=False)
    seq = models.PositiveBigIntegerField()
    time = models.DateTimeField()
    kind = models.CharField(max_length=60, db_index=True)
    actor_kind = models.CharField(max_length=10)
    actor_id = models.CharField(max_length=80)
    bytes = models.BinaryField()
    prev = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        verbose_name_plural = "entries"
        ordering = ["log", "seq"]
        constraints = [
            models.UniqueConstraint(fields=["log", "seq"], name="entry_seq_once"),
            models.UniqueConstraint(fields=["hash"], name="entry_hash_once"),
        ]
        indexes = [models.Index(fields=["actor_kind", "actor_id"]), models.Index(fields=["time"])]

    def __str__(self) -> str:
        return f"{self.seq} {self.kind}"


class EntryObject(models.Model):
    """Finds the entries of an object. Derived from the entry's bytes, so it can be rebuilt."""

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="objects_index", db_index=False)
    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=80)

    class Meta:
        verbose_name = "object of an entry"
        verbose_name_plural = "objects of entries"
        constraints = [models.UniqueConstraint(fields=["entry", "kind", "key"], name="entry_object_once")]
        indexes = [models.Index(fields=["kind", "key", "entry"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class Cursor(models.Model):
    """How far a follower of the feed has read."""

    name = models.CharField(max_length=80)
    log = models.ForeignKey(LedgerHead, on_delete=models.PROTECT)
    seq = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "log"], name="cursor_once")]

    def __str__(self) -> str:
        return f"{self.name} at {self.seq}"
