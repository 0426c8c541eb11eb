"""Windows on the catalogue, vendors and their deliveries. What is governed changes by proposals only."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Count, Model, QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from ledger.adminsite import GovernedAdmin, HistoryAdmin, ReadOnlyAdmin, ReadOnlyInline
from vendors.models import (
    BankDetails,
    CallBackNumber,
    Category,
    CategoryApproval,
    Certificate,
    Delivery,
    Item,
    SealedBankDetails,
    Unit,
    Vendor,
    VendorContact,
)

#: Where rows about a vendor or an item are listed: label, page and the filter that takes the record's id.
VENDOR_LISTS = (
    (_("Deliveries"), "admin:vendors_delivery_changelist", "vendor__id__exact"),
    (_("Contracts"), "admin:contracts_contract_changelist", "vendor__id__exact"),
    (_("Orders"), "admin:procure_order_changelist", "vendor__id__exact"),
    (_("Open order lines"), "admin:procure_importedorderline_changelist", "vendor__id__exact"),
    (_("Invitations"), "admin:procure_invitation_changelist", "vendor__id__exact"),
)
ITEM_LISTS = (
    (_("Deliveries"), "admin:vendors_delivery_changelist", "item__id__exact"),
    (_("Contract prices"), "admin:contracts_contractprice_changelist", "item__id__exact"),
    (_("Stock"), "admin:procure_stocklevel_changelist", "item__id__exact"),
    (_("Open order lines"), "admin:procure_importedorderline_changelist", "item__id__exact"),
)


def links_to(record: Model, lists: tuple[tuple[str | Promise, str, str], ...]) -> SafeString:
    """One click to each list; pages that this installation lacks are left out."""
    found = []
    for label, page, lookup in lists:
        try:
            found.append((reverse(page), urlencode({lookup: record.pk}), label))
        except NoReverseMatch:
            continue
    return format_html_join(" · ", '<a class="underline" href="{}?{}">{}</a>', found)


class ContactInline(ReadOnlyInline):
    model = VendorContact
    fields = ("name", "email", "verified_at", "language")


class CategoryApprovalInline(ReadOnlyInline):
    model = CategoryApproval
    fields = ("category", "valid_until")


class CertificateInline(ReadOnlyInline):
    model = Certificate
    fields = ("kind", "number", "issued_by", "valid_until")


@admin.register(Vendor)
class VendorAdmin(HistoryAdmin, GovernedAdmin):
    list_display = ("key", "name", "status", "country", "delivered_lines", "rows")
    list_display_links = ("key", "name")
    list_filter = ("status", "country", "category_approvals__category", "entity")
    search_fields = ("key", "name", "folded_name", "contacts__email")
    fields = ("key", "name", "status", "blocked_reason", "country", "website", "entity", "created_at", "rows")
    readonly_fields = ("rows",)
    inlines = (ContactInline, CategoryApprovalInline, CertificateInline)
    propose_actions = {
        _("Approve vendor"): "QualifyVendor",  # type: ignore[dict-item]
        _("Block vendor"): "BlockVendor",  # type: ignore[dict-item]
        _("Unblock vendor"): "UnblockVendor",  # type: ignore[dict-item]
    }

    def get_queryset(self, request: HttpRequest) -> QuerySet[Vendor]:
        return super().get_queryset(request).annotate(delivered=Count("deliveries"))

    @admin.display(description=_("deliveries"), ordering="delivered")
    def delivered_lines(self, vendor: Vendor) -> int:
        return vendor.delivered  # type: ignore[attr-defined]

    @admin.display(description=_("look at"))
    def rows(self, vendor: Vendor) -> SafeString:
        return links_to(vendor, VENDOR_LISTS)


@admin.register(VendorContact)
class VendorContactAdmin(ReadOnlyAdmin):
    list_display = ("name", "vendor", "email", "verified_at", "language")
    list_filter = ("language", ("verified_at", admin.EmptyFieldListFilter))
    list_select_related = ("vendor",)
    search_fields = ("name", "email", "vendor__key", "vendor__name")


@admin.register(CategoryApproval)
class CategoryApprovalAdmin(ReadOnlyAdmin):
    list_display = ("vendor", "category", "valid_until")
    list_filter = ("category",)
    list_select_related = ("vendor", "category")
    search_fields = ("vendor__key", "vendor__name", "category__code", "category__name")


@admin.register(Certificate)
class CertificateAdmin(ReadOnlyAdmin):
    list_display = ("vendor", "kind", "number", "issued_by", "valid_until")
    list_filter = ("kind", "valid_until")
    list_select_related = ("vendor",)
    search_fields = ("vendor__key", "vendor__name", "kind", "number")
    date_hierarchy = "valid_until"


@admin.register(Category)
class CategoryAdmin(ReadOnlyAdmin):
    list_display = ("code", "name", "parent")
    list_select_related = ("parent",)
    search_fields = ("code", "name")


@admin.register(Unit)
class UnitAdmin(ReadOnlyAdmin):
    list_display = ("code", "name")
    search_fields = ("code", "name")


@admin.register(Item)
class ItemAdmin(ReadOnlyAdmin):
    list_display = ("key", "name", "category", "units_per_pack", "price_median", "price_currency", "active", "rows")
    list_display_links = ("key", "name")
    list_filter = ("active", "category", "dosage_form")
    list_select_related = ("category", "unit")
    search_fields = ("key", "name", "folded_name", "generic_name", "brand")
    readonly_fields = ("rows",)

    @admin.display(description=_("look at"))
    def rows(self, item: Item) -> SafeString:
        return links_to(item, ITEM_LISTS)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = (
        "reference",
        "vendor",
        "item",
        "country",
        "promised_on",
        "delivered_on",
        "delay_days",
        "quantity",
        "unit_price",
        "currency",
    )
    list_filter = ("channel", "country", "mode", "incoterm", "entity")
    list_select_related = ("vendor", "item")
    search_fields = ("reference", "order_reference", "vendor__key", "vendor__name", "item__key", "item__name")
    date_hierarchy = "delivered_on"


@admin.register(BankDetails)
class BankDetailsAdmin(ReadOnlyAdmin):
    """That there is a version and where it stands; the values are sealed."""

    list_display = ("vendor", "version", "status", "hold_until", "in_force_at", "requested_by", "verified_by")
    list_filter = ("status",)
    search_fields = ("vendor__key", "vendor__name")
    list_select_related = ("vendor",)


@admin.register(SealedBankDetails)
class SealedBankDetailsAdmin(ReadOnlyAdmin):
    list_display = ("reference", "vendor", "given_by", "given_at")
    search_fields = ("reference", "vendor__key")
    list_select_related = ("vendor",)


@admin.register(CallBackNumber)
class CallBackNumberAdmin(ReadOnlyAdmin):
    list_display = ("id", "vendor", "known_since")
    search_fields = ("vendor__key", "vendor__name")
    list_select_related = ("vendor",)
