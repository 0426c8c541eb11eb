from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from ledger.adminsite import GovernedAdmin, HistoryAdmin, ReadOnlyInline
from procure.models import Requisition, RequisitionLine, RequisitionQuestion


class LineInline(ReadOnlyInline):
    model = RequisitionLine
    fields = ("number", "item", "description", "quantity", "unit")


class QuestionInline(ReadOnlyInline):
    model = RequisitionQuestion
    fields = ("path", "text", "answer", "answered_by", "answered_at")


@admin.register(Requisition)
class RequisitionAdmin(HistoryAdmin, GovernedAdmin):
    list_display = ("reference", "requested_by", "status", "needed_by", "deliver_to", "cost_centre", "captured_at")
    list_filter = ("status", "urgency", "cost_centre", "deliver_to")
    search_fields = ("reference", "words", "lines__description", "requested_by__username")
    date_hierarchy = None
    list_select_related = ("requested_by", "cost_centre")
    inlines = (LineInline, QuestionInline)
    propose_actions = {_("Raise requisition"): "RaiseRequisition", _("Withdraw requisition"): "WithdrawRequisition"}
