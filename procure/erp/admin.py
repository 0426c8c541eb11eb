"""The ERP rooms in the admin: connections without their secrets, and everything else to read only."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminURLInputWidget

from ledger.adminsite import ReadOnlyAdmin, actor_of, person_may
from ledger.errors import DomainError
from procure.erp import connections, credentials
from procure.erp.connectors import kinds
from procure.models.erp import ErpCall, ErpConnection, ExternalRef, SandboxDial, SandboxJournal, SandboxOrder


class ErpConnectionForm(forms.ModelForm):
    """Shows what is wrong beside the field it is about."""

    base_url = forms.URLField(required=False, assume_scheme="https", widget=UnfoldAdminURLInputWidget)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        try:
            connections.check_fields(
                kind=cleaned.get("kind", ""), base_url=cleaned.get("base_url", ""), settings=cleaned.get("settings")
            )
        except DomainError as error:
            self.add_error(str(error.context.get("field", "base_url")), error.message)
        return cleaned


@admin.register(ErpConnection)
class ErpConnectionAdmin(ReadOnlyAdmin):
    """Changed by administrators. The credential is never here: only its name and where to put it."""

    form = ErpConnectionForm
    list_display = ["name", "entity", "kind", "base_url", "active", "default", "sign_in_refused_at"]
    list_filter = ["kind", "active", "entity"]
    search_fields = ["name", "base_url"]
    readonly_fields = ["sign_in_refused_at", "credential_place"]

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "kind" and field is not None:
            choices = [(kind, connector.label) for kind, connector in kinds().items()]
            field.widget = UnfoldAdminSelectWidget(choices=choices)
        return field

    @admin.display(description=_("Credential"))
    def credential_place(self, connection: ErpConnection) -> str:
        return _("%(variable)s, or %(file)s with mode 600") % {
            "variable": credentials.variable_of(connection),
            "file": credentials.file_of(connection),
        }

    def save_model(self, request, obj, form, change) -> None:
        connections.change(obj, actor=actor_of(request))

    def has_add_permission(self, request, obj=None) -> bool:
        return person_may(request, "erp.configure")

    def has_change_permission(self, request, obj=None) -> bool:
        return person_may(request, "erp.configure")


@admin.register(ErpCall)
class ErpCallAdmin(ReadOnlyAdmin):
    list_display = ["started_at", "connection", "verb", "object_key", "outcome", "detail"]
    list_filter = ["outcome", "verb", "connection"]
    search_fields = ["object_key", "effect_key", "detail"]
    date_hierarchy = "started_at"


@admin.register(ExternalRef)
class ExternalRefAdmin(ReadOnlyAdmin):
    list_display = ["internal_key", "kind", "external_number", "external_id", "connection", "last_seen"]
    list_filter = ["kind", "connection"]
    search_fields = ["internal_key", "external_id", "external_number"]


@admin.register(SandboxOrder)
class SandboxOrderAdmin(ReadOnlyAdmin):
    list_display = ["number", "buyer_reference", "vendor", "state", "total", "currency", "created_at"]
    list_filter = ["state", "connection"]
    search_fields = ["number", "reference", "buyer_reference", "vendor"]


@admin.register(SandboxJournal)
class SandboxJournalAdmin(ReadOnlyAdmin):
    list_display = ["at", "verb", "reference", "verdict", "order"]
    list_filter = ["verb", "verdict", "connection"]
    search_fields = ["reference", "buyer_reference"]


@admin.register(SandboxDial)
class SandboxDialAdmin(ReadOnlyAdmin):
    list_display = ["fault", "connection", "remaining", "seconds"]
