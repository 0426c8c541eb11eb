"""The signed checkpoints of a log, the tree they stand on, and where they were left. Triggers keep all three."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class TreeNode(models.Model):
    """The root of a full tile of 256 hashes one level of tiles below. Derived from the entries of its log."""

    log = models.ForeignKey("ledger.LedgerHead", on_delete=models.PROTECT, related_name="tree_nodes")
    level = models.PositiveSmallIntegerField(help_text=_("8, 16 or 24: how many levels above the entries."))
    index = models.PositiveBigIntegerField()
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["log", "level", "index"], name="tree_node_once")]
        ordering = ["log", "level", "index"]

    def __str__(self) -> str:
        return f"{self.log_id} {self.level}/{self.index}"


class Checkpoint(models.Model):
    """What was signed of a log at one size. `range` is what the next one grows from (ledger.merkle.CompactRange)."""

    log = models.ForeignKey("ledger.LedgerHead", on_delete=models.PROTECT, related_name="checkpoints")
    size = models.PositiveBigIntegerField()
    root = models.CharField(max_length=64)
    note = models.TextField(help_text=_("The signed note (c2sp.org/tlog-checkpoint), as it is handed out."))
    head_hash = models.CharField(max_length=64, help_text=_("The hash of the entry at this size."))
    range = models.JSONField()
    signed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["log", "size"], name="checkpoint_once")]
        ordering = ["log", "size"]

    def __str__(self) -> str:
        return f"{self.log_id} at {self.size}"


class Anchoring(models.Model):
    """A checkpoint was left at a place outside, and that place has it."""

    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="anchorings")
    anchor = models.CharField(max_length=40)
    reference = models.CharField(max_length=200, help_text=_("Where it is to be found there."))
    confirmed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["checkpoint", "anchor", "reference"], name="anchoring_once")]
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.checkpoint} in {self.anchor}"
