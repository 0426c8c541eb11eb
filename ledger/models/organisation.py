"""Whose books and who: legal entities, cost centres, people."""

from functools import cached_property

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


class LegalEntity(models.Model):
    """A company that buys. Every governed row belongs to one."""

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=200)
    base_currency = models.CharField(max_length=3)
    country = models.CharField(max_length=2, blank=True, help_text=_("ISO 3166-1 alpha-2."))
    time_zone = models.CharField(max_length=64, default="UTC")
    log = models.ForeignKey("ledger.LedgerHead", on_delete=models.PROTECT, related_name="entities")
    frozen_date = models.DateField(
        null=True, blank=True, help_text=_("The business date stands still here; empty means today.")
    )

    class Meta:
        verbose_name_plural = _("legal entities")

    def __str__(self) -> str:
        return self.name


class Person(AbstractUser):
    """Somebody who works here, with a manager. Their groups are their roles (ledger.rights.Role)."""

    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, null=True, blank=True, related_name="people")
    manager = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="reports")
    job_title = models.CharField(max_length=120, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")

    @cached_property
    def role_names(self) -> frozenset[str]:
        return frozenset(self.groups.values_list("name", flat=True))

    def __str__(self) -> str:
        return self.get_full_name() or self.get_username()


class CostCentre(models.Model):
    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="cost_centres")
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    owner = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="cost_centres")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entity", "code"], name="cost_centre_code_once")]
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class NumberRange(models.Model):
    """The last number given out for a prefix on SQLite; PostgreSQL has a sequence for each."""

    prefix = models.CharField(max_length=10, primary_key=True)
    last = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.prefix}-{self.last:05d}"
