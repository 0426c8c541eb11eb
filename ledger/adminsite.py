"""What every floor's admin pages build on: read-only lists that can be searched, filtered and exported.

`ReadOnlyAdmin` for records, `GovernedAdmin` for governed models (with links to the page that proposes a change),
`HistoryAdmin` first among the bases where a model keeps field-level history, `ReadOnlyInline` for related rows.
Who may look is asked of ledger.rights; being superuser adds nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.db.models import BinaryField, Model
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.encoding import force_str
from import_export.admin import ExportMixin
from import_export.formats.base_formats import CSV, JSON, XLSX
from import_export.resources import modelresource_factory
from simple_history.admin import SimpleHistoryAdmin
from tablib import Dataset
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.import_export.forms import ExportForm

from ledger import command, rights
from ledger.actors import Actor
from ledger.models import Person

_STARTS_FORMULA = re.compile(r"[=+@\t\r]|-(?!\d+(\.\d+)?$)")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def person_may(request: HttpRequest, right: str) -> bool:
    return isinstance(request.user, Person) and rights.person_may(request.user, right)


def actor_of(request: HttpRequest) -> Actor:
    """Whoever is signed in."""
    if not isinstance(request.user, Person):
        raise PermissionDenied
    return Actor.human(request.user)


class _ReadOnly:
    #: The right (ledger.rights) that lets a person look.
    view_right = "records.view"

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return person_may(request, self.view_right)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyInline(_ReadOnly, TabularInline):
    """Related rows below a record."""

    extra = 0
    show_change_link = True


class ReadOnlyAdmin(_ReadOnly, ExportMixin, ModelAdmin):
    """List, search, filter, look, export; nothing else. Fields in `hidden` and binary ones are never shown."""

    hidden: tuple[str, ...] = ()
    list_per_page = 50
    show_full_result_count = False
    list_filter_submit = True
    export_form_class = ExportForm
    formats = export_formats = [CSV, XLSX, JSON]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_export_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        return [field for field in super().get_fields(request, obj) if field not in self.hidden]

    def get_resource_classes(self, request: HttpRequest) -> list[type]:
        if self.resource_classes:
            return self.resource_classes
        binary = [field.name for field in self.model._meta.fields if isinstance(field, BinaryField)]
        return [modelresource_factory(self.model, meta_options={"exclude": [*self.hidden, *binary]})]

    def get_data_for_export(self, request: HttpRequest, queryset: Any, **kwargs: Any) -> Dataset:
        data = super().get_data_for_export(request, queryset, **kwargs)
        return Dataset(*(tuple(map(plain_cell, row)) for row in data), headers=data.headers, title=data.title)


def plain_cell(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula."""
    if not isinstance(value, str):
        return value
    value = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", value)
    return f"'{value}" if _STARTS_FORMULA.match(value) else value


@dataclass(frozen=True, slots=True)
class ProposeLink:
    title: str
    link: str


class GovernedAdmin(ReadOnlyAdmin):
    """`propose_actions = {"Block vendor": "BlockVendor"}` puts links to the proposing page on each record."""

    change_form_template = "ledger/admin/governed_change_form.html"
    propose_actions: dict[Any, str] = {}

    def subject_of(self, obj: Model) -> str:
        """The key that the proposing page takes as `subject`."""
        for name in ("key", "reference", "code"):
            if value := getattr(obj, name, None):
                return str(value)
        return str(obj.pk)

    def propose_links(self, request: HttpRequest, obj: Model) -> list[ProposeLink]:
        kinds = command.kinds()
        links = []
        for title, kind in self.propose_actions.items():
            if kind not in kinds or not person_may(request, kinds[kind].right):
                continue
            try:
                page = reverse("console:propose", args=[kind])
            except NoReverseMatch:  # the roof of this installation has no such page
                continue
            links.append(ProposeLink(force_str(title), f"{page}?{urlencode({'subject': self.subject_of(obj)})}"))
        return links

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        obj = kwargs.get("obj")
        context["propose_links"] = self.propose_links(request, obj) if obj else []
        return super().render_change_form(request, context, *args, **kwargs)


class HistoryAdmin(SimpleHistoryAdmin):
    """Earlier versions of a record, to look at; nothing is reverted here."""

    def history_form_view(
        self, request: HttpRequest, object_id: str, version_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        return super().history_form_view(request, object_id, version_id, extra_context)
