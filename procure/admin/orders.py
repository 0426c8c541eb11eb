from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from ledger.adminsite import GovernedAdmin, ReadOnlyAdmin, ReadOnlyInline
from procure.models import ImportedOrderLine, Message, Order, OrderLine, OrderTracking, OrderVersion, StockLevel


class VersionInline(ReadOnlyInline):
    model = OrderVersion
    fields = ("number", "total", "freight", "incoterm", "deliver_to", "reason", "issued_at")


class TrackingInline(ReadOnlyInline):
    model = OrderTracking
    fields = ("erp_status", "erp_number", "problem", "confirmed_at")


class LineInline(ReadOnlyInline):
    model = OrderLine
    fields = ("number", "item", "description", "quantity", "unit", "unit_price", "delivery_date")


@admin.register(Order)
class OrderAdmin(GovernedAdmin):
    list_display = ("reference", "vendor", "status", "in_erp", "erp_number", "requisition", "event", "issued_at")
    list_filter = ("status", "tracking__erp_status", "cost_centre", "vendor")
    search_fields = ("reference", "vendor__name", "tracking__erp_number", "requisition__reference", "event__reference")
    list_select_related = ("vendor", "requisition", "event", "tracking")
    inlines = (TrackingInline, VersionInline)
    propose_actions = {_("Cancel order"): "CancelOrder", _("Change order"): "ChangeOrder"}

    @admin.display(description=_("in the ERP"), ordering="tracking__erp_status")
    def in_erp(self, order: Order) -> str:
        return str(order.tracking.get_erp_status_display())

    @admin.display(description=_("ERP number"), ordering="tracking__erp_number")
    def erp_number(self, order: Order) -> str:
        return order.tracking.erp_number


@admin.register(OrderVersion)
class OrderVersionAdmin(GovernedAdmin):
    list_display = ("order", "number", "total", "freight", "incoterm", "issued_at")
    search_fields = ("order__reference",)
    list_select_related = ("order",)
    inlines = (LineInline,)


@admin.register(ImportedOrderLine)
class ImportedOrderLineAdmin(ReadOnlyAdmin):
    list_display = ("order_reference", "reference", "kind", "vendor", "item", "country", "quantity", "promised_on")
    list_filter = ("kind", "country", "mode", "vendor")
    search_fields = ("order_reference", "reference", "vendor__name", "item__name", "item__key")
    list_select_related = ("vendor", "item")


@admin.register(StockLevel)
class StockLevelAdmin(ReadOnlyAdmin):
    list_display = ("item", "location", "quantity", "as_of")
    list_filter = ("location",)
    search_fields = ("item__name", "item__key", "location")
    list_select_related = ("item",)


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    list_display = ("subject", "thread", "direction", "contact", "sent_at")
    list_filter = ("direction",)
    search_fields = ("subject", "thread")
    list_select_related = ("contact",)
