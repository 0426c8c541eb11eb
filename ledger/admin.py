"""Windows on the ground floor. Only people, cost centres and entities change here, by administrators."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from ledger import chain, entries
from ledger.adminsite import ReadOnlyAdmin, ReadOnlyInline, actor_of, person_may
from ledger.models import (
    Anchoring,
    Checkpoint,
    ClockJump,
    CostCentre,
    Cursor,
    Effect,
    EffectAttempt,
    Entry,
    EntryObject,
    GrantedAuthority,
    Heartbeat,
    Job,
    LedgerHead,
    LegalEntity,
    NumberRange,
    Person,
    PersonalValue,
    Restart,
    Source,
    SubjectKey,
    Switch,
    TreeNode,
)


class LedgerAdmin(ReadOnlyAdmin):
    view_right = "ledger.view"


@admin.register(LedgerHead)
class LedgerHeadAdmin(LedgerAdmin):
    list_display = ["log", "origin", "seq", "hash"]
    search_fields = ["log", "origin"]


@admin.register(Entry)
class EntryAdmin(LedgerAdmin):
    list_display = ["seq", "time", "kind", "actor", "about", "short_hash"]
    list_filter = ["kind", "actor_kind", "log"]
    search_fields = ["=seq", "kind", "actor_id", "hash", "objects_index__key"]
    date_hierarchy = "time"
    ordering = ["-seq"]
    fields = ["log", "seq", "time", "kind", "actor", "record", "prev", "hash"]
    readonly_fields = ["actor", "record"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Entry]:
        return super().get_queryset(request).prefetch_related("objects_index")

    @admin.display(description=_("actor"))
    def actor(self, entry: Entry) -> str:
        return f"{entry.actor_kind} {entry.actor_id}"

    @admin.display(description=_("about"))
    def about(self, entry: Entry) -> str:
        return ", ".join(str(each) for each in entry.objects_index.all())

    @admin.display(description=_("hash"))
    def short_hash(self, entry: Entry) -> str:
        return entry.hash[:12]

    @admin.display(description=_("record"))
    def record(self, entry: Entry) -> SafeString:
        return format_html("<pre>{}</pre>", json.dumps(chain.read(entry), indent=2, ensure_ascii=False, sort_keys=True))


@admin.register(EntryObject)
class EntryObjectAdmin(LedgerAdmin):
    list_display = ["kind", "key", "entry"]
    list_filter = ["kind"]
    search_fields = ["key"]
    list_select_related = ["entry"]


@admin.register(Cursor)
class CursorAdmin(LedgerAdmin):
    list_display = ["name", "log", "seq"]
    search_fields = ["name"]


class AnchoringInline(ReadOnlyInline):
    model = Anchoring
    fields = ["anchor", "reference", "confirmed_at"]
    show_change_link = False


@admin.register(Checkpoint)
class CheckpointAdmin(LedgerAdmin):
    list_display = ["size", "log", "signed_at", "root", "anchors"]
    list_filter = ["log"]
    search_fields = ["=size", "root", "head_hash"]
    date_hierarchy = "signed_at"
    ordering = ["-size"]
    fields = ["log", "size", "root", "signed_at", "signed_note", "head_hash", "range"]
    readonly_fields = ["signed_note"]
    inlines = [AnchoringInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Checkpoint]:
        return super().get_queryset(request).prefetch_related("anchorings")

    @admin.display(description=_("anchors"))
    def anchors(self, checkpoint: Checkpoint) -> str:
        return ", ".join(sorted({each.anchor for each in checkpoint.anchorings.all()}))

    @admin.display(description=_("signed note"))
    def signed_note(self, checkpoint: Checkpoint) -> SafeString:
        return format_html("<pre>{}</pre>", checkpoint.note)


@admin.register(Anchoring)
class AnchoringAdmin(LedgerAdmin):
    list_display = ["checkpoint", "anchor", "reference", "confirmed_at"]
    list_filter = ["anchor"]
    search_fields = ["reference", "=checkpoint__size"]
    list_select_related = ["checkpoint"]
    date_hierarchy = "confirmed_at"
    ordering = ["-pk"]


@admin.register(TreeNode)
class TreeNodeAdmin(LedgerAdmin):
    list_display = ["log", "level", "index", "hash"]
    list_filter = ["level", "log"]
    search_fields = ["=index", "hash"]


class AttemptInline(ReadOnlyInline):
    model = EffectAttempt
    fields = ["number", "started_at", "ended_at", "outcome", "detail"]
    show_change_link = False


@admin.register(Effect)
class EffectAdmin(ReadOnlyAdmin):
    """What was asked and answered may hold a supplier's personal link: it is shown by digest only."""

    hidden = ("request", "answer")
    list_display = [
        "purpose", "object_key", "sender", "status", "attempts", "external_number", "not_before", "last_error",
    ]  # fmt: skip
    list_filter = ["status", "sender", "purpose", "entity"]
    search_fields = ["object_key", "effect_key", "external_number", "external_id"]
    date_hierarchy = "created_at"
    inlines = [AttemptInline]


@admin.register(EffectAttempt)
class EffectAttemptAdmin(ReadOnlyAdmin):
    list_display = ["effect", "number", "started_at", "ended_at", "outcome", "detail"]
    list_filter = ["outcome", "effect__sender"]
    search_fields = ["effect__object_key", "effect__effect_key"]
    list_select_related = ["effect"]


@admin.register(SubjectKey)
class SubjectKeyAdmin(LedgerAdmin):
    list_display = ["subject", "made_at", "erased_at"]
    search_fields = ["subject"]
    date_hierarchy = "made_at"


@admin.register(PersonalValue)
class PersonalValueAdmin(LedgerAdmin):
    """That there is a value, and whose; never the value."""

    list_display = ["seq", "path", "subject", "log"]
    list_filter = ["log"]
    search_fields = ["=seq", "path", "subject"]
    ordering = ["-seq"]


@admin.register(Source)
class SourceAdmin(ReadOnlyAdmin):
    list_display = ["digest", "origin", "media_type", "received_at"]
    list_filter = ["media_type"]
    search_fields = ["digest", "origin"]
    date_hierarchy = "received_at"


@admin.register(Switch)
class SwitchAdmin(ReadOnlyAdmin):
    list_display = ["scope", "stopped", "reason", "changed_at"]
    list_filter = ["stopped"]
    search_fields = ["scope", "reason"]


@admin.register(GrantedAuthority)
class GrantedAuthorityAdmin(LedgerAdmin):
    list_display = ["reference", "purpose", "fingerprint", "issued_at", "expires_at", "spent_at"]
    list_filter = ["purpose"]
    search_fields = ["reference", "fingerprint"]
    date_hierarchy = "issued_at"


@admin.register(NumberRange)
class NumberRangeAdmin(ReadOnlyAdmin):
    list_display = ["prefix", "last"]
    search_fields = ["prefix"]


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin):
    list_display = ["name", "beat_at", "detail"]
    search_fields = ["name"]


@admin.register(ClockJump)
class ClockJumpAdmin(ReadOnlyAdmin):
    list_display = ["noticed_at", "expected_at", "noticed_by", "confirmed_at", "confirmed_by", "reason"]
    list_select_related = ["confirmed_by"]
    date_hierarchy = "noticed_at"


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = ["reference", "title", "person", "status", "made_at", "ended_at"]
    list_filter = ["entity", "status", "kind"]
    list_select_related = ["person"]
    search_fields = ["reference", "title"]


@admin.register(Restart)
class RestartAdmin(ReadOnlyAdmin):
    list_display = ["name", "at", "reason"]
    list_filter = ["name"]
    search_fields = ["name", "reason"]


class OrganisationAdmin(ReadOnlyAdmin):
    """Administrators keep these; nothing is deleted, because the ledger speaks of it, and it hears of each change."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return person_may(request, "people.manage")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return person_may(request, "people.manage")

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        entries.organisation_kept(obj, how="added", fields=[], actor=actor_of(request))
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        parts = message if isinstance(message, list) else [{"changed": {"fields": ["password"]}}]
        fields = [str(name) for part in parts for name in part.get("changed", {}).get("fields", [])]
        with transaction.atomic():
            entries.organisation_kept(obj, how="changed", fields=fields, actor=actor_of(request))
        return super().log_change(request, obj, message)


@admin.register(LegalEntity)
class LegalEntityAdmin(OrganisationAdmin):
    list_display = ["code", "name", "base_currency", "country", "time_zone", "frozen_date"]
    search_fields = ["code", "name"]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return ["code", "base_currency", "log", "frozen_date"] if obj else ["frozen_date"]


@admin.register(CostCentre)
class CostCentreAdmin(OrganisationAdmin):
    list_display = ["code", "name", "owner", "entity"]
    list_filter = ["entity"]
    search_fields = ["code", "name", "owner__username"]
    autocomplete_fields = ["owner"]


@admin.register(Person)
class PersonAdmin(UserAdmin, OrganisationAdmin):  # type: ignore[misc]
    """Roles are groups. Nobody becomes superuser here: it would add nothing to their rights."""

    form, add_form, change_password_form = UserChangeForm, UserCreationForm, AdminPasswordChangeForm
    hidden = ("password", "user_permissions", "is_superuser")
    list_display = ["username", "first_name", "last_name", "email", "roles", "manager", "is_active"]
    list_filter = ["groups", "is_active", "entity"]
    autocomplete_fields = ["manager"]
    filter_horizontal = ["groups"]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        (_("Person"), {"fields": ["first_name", "last_name", "email", "job_title", "time_zone"]}),
        (_("Place and roles"), {"fields": ["entity", "manager", "groups", "is_active", "is_staff"]}),
        (_("Dates"), {"fields": ["last_login", "date_joined"]}),
    ]
    readonly_fields = ["last_login", "date_joined"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Person]:
        return super().get_queryset(request).prefetch_related("groups")

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """The password and its entry in the ledger, or neither."""
        with transaction.atomic():
            return super().user_change_password(request, id, form_url)

    @admin.display(description=_("roles"))
    def roles(self, person: Person) -> str:
        return ", ".join(sorted(group.name for group in person.groups.all()))


admin.site.unregister(Group)


@admin.register(Group)
class RoleAdmin(ReadOnlyAdmin):
    """The roles that ledger.rights knows; what each may do stands there, not in permissions of Django."""

    hidden = ("permissions",)
    list_display = ["name"]
    search_fields = ["name"]
