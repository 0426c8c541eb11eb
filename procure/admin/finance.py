from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from ledger.adminsite import GovernedAdmin, ReadOnlyAdmin, ReadOnlyInline
from procure.models import Budget, Commitment, ExchangeRate


class CommitmentInline(ReadOnlyInline):
    model = Commitment
    fields = ("object_kind", "object_key", "amount", "currency", "status", "held_at", "ended_at")


@admin.register(Budget)
class BudgetAdmin(GovernedAdmin):
    list_display = ("cost_centre", "year", "amount", "committed", "currency")
    list_filter = ("year", "cost_centre")
    search_fields = ("cost_centre__code", "cost_centre__name")
    list_select_related = ("cost_centre",)
    inlines = (CommitmentInline,)
    propose_actions = {_("Change budget"): "ChangeBudget"}

    def subject_of(self, obj) -> str:
        return f"{obj.cost_centre.code}/{obj.year}"


@admin.register(Commitment)
class CommitmentAdmin(GovernedAdmin):
    list_display = ("object_key", "budget", "amount", "currency", "status", "held_at")
    list_filter = ("status", "budget")
    search_fields = ("object_key", "budget__cost_centre__code")
    list_select_related = ("budget__cost_centre",)


@admin.register(ExchangeRate)
class ExchangeRateAdmin(ReadOnlyAdmin):
    list_display = ("currency", "per_eur", "on")
    list_filter = ("currency",)
    search_fields = ("currency",)
