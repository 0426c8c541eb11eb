from django.contrib import admin

from ledger.adminsite import ReadOnlyAdmin
from procure.models import Notice


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    list_display = ("reference", "kind", "vendor", "item", "effective_on", "new_price", "recorded_by", "recorded_at")
    list_filter = ("entity", "kind")
    list_select_related = ("vendor", "item", "recorded_by")
    search_fields = ("reference", "vendor__name", "vendor__key", "item__name", "item__key")
    date_hierarchy = "recorded_at"
