"""Windows on contracts. They change by proposals only."""

from django.contrib import admin

from contracts.models import Contract, ContractPrice
from ledger.adminsite import GovernedAdmin, HistoryAdmin, ReadOnlyInline


class PriceInline(ReadOnlyInline):
    model = ContractPrice
    fields = ("item", "min_quantity", "unit_price")


@admin.register(Contract)
class ContractAdmin(HistoryAdmin, GovernedAdmin):
    list_display = ("reference", "title", "vendor", "valid_from", "valid_to", "currency", "status")
    list_display_links = ("reference", "title")
    list_filter = ("status", "valid_to", "currency", "entity")
    list_select_related = ("vendor",)
    search_fields = ("reference", "title", "vendor__key", "vendor__name", "prices__item__key", "prices__item__name")
    date_hierarchy = "valid_to"
    inlines = (PriceInline,)


@admin.register(ContractPrice)
class ContractPriceAdmin(HistoryAdmin, GovernedAdmin):
    list_display = ("contract", "item", "min_quantity", "unit_price")
    list_filter = ("contract__status", "contract__vendor")
    list_select_related = ("contract__vendor", "item")
    search_fields = ("contract__reference", "contract__vendor__name", "item__key", "item__name")
