from django.contrib import admin
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from agents.models import (
    EdgeWorker,
    ModelCall,
    Plan,
    PlanConcern,
    PlanTemplate,
    Reconsideration,
    Step,
    StepAttempt,
    TriggerRules,
)
from ledger.adminsite import ReadOnlyAdmin, ReadOnlyInline


def _page_of(plan: str, step: str = "") -> str | None:
    """Where the roof shows it; None without one."""
    try:
        return reverse("console:plan", args=[plan]) + (f"?step={step}" if step else "")
    except NoReverseMatch:
        return None


def _link(address: str | None) -> str:
    return format_html('<a href="{}">{}</a>', address, _("open")) if address else ""


class StepInline(ReadOnlyInline):
    model = Step
    fields = ("key", "role", "status", "attempts", "waiting_for", "error", "started_at", "ended_at")
    readonly_fields = fields


class StepAttemptInline(ReadOnlyInline):
    model = StepAttempt
    show_change_link = False


@admin.register(PlanTemplate)
class PlanTemplateAdmin(ReadOnlyAdmin):
    list_display = ("name", "version", "entity", "status", "published_at")
    list_filter = ("entity", "status")
    search_fields = ("name",)


@admin.register(Plan)
class PlanAdmin(ReadOnlyAdmin):
    list_display = ("reference", "page", "template", "subject_key", "requested_by", "status", "started_at", "ended_at")
    list_filter = ("entity", "status", "template__name")
    list_select_related = ("template", "requested_by")
    search_fields = ("reference", "subject_key")
    date_hierarchy = "started_at"
    inlines = (StepInline,)

    def view_on_site(self, obj: Plan) -> str | None:
        return _page_of(obj.reference)

    @admin.display(description=_("page"))
    def page(self, obj: Plan) -> str:
        return _link(_page_of(obj.reference))


@admin.register(Step)
class StepAdmin(ReadOnlyAdmin):
    list_display = ("plan", "key", "page", "role", "status", "attempts", "due_at", "waiting_for")
    list_filter = ("plan__entity", "status", "role")
    list_select_related = ("plan",)
    search_fields = ("plan__reference", "key")
    inlines = (StepAttemptInline,)

    def view_on_site(self, obj: Step) -> str | None:
        return _page_of(obj.plan.reference, obj.key)

    @admin.display(description=_("page"))
    def page(self, obj: Step) -> str:
        return _link(_page_of(obj.plan.reference, obj.key))


@admin.register(TriggerRules)
class TriggerRulesAdmin(ReadOnlyAdmin):
    list_display = ("version", "entity", "status", "published_at", "published_by")
    list_filter = ("entity", "status")


@admin.register(PlanConcern)
class PlanConcernAdmin(ReadOnlyAdmin):
    list_display = ("plan", "kind", "key")
    list_filter = ("plan__entity", "kind")
    list_select_related = ("plan",)
    search_fields = ("plan__reference", "key")


@admin.register(Reconsideration)
class ReconsiderationAdmin(ReadOnlyAdmin):
    list_display = ("plan", "page", "fact", "seq", "at")
    list_filter = ("plan__entity", "fact")
    list_select_related = ("plan",)
    search_fields = ("plan__reference",)
    date_hierarchy = "at"

    @admin.display(description=_("page"))
    def page(self, obj: Reconsideration) -> str:
        return _link(_page_of(obj.plan.reference))


@admin.register(ModelCall)
class ModelCallAdmin(ReadOnlyAdmin):
    list_display = ("called_at", "role", "plan", "step", "tier", "model", "outcome", "degraded", "tokens_in", "cost")
    list_filter = ("entity", "tier", "outcome", "degraded", "role")
    search_fields = ("plan", "question_digest")
    date_hierarchy = "called_at"


@admin.register(EdgeWorker)
class EdgeWorkerAdmin(ReadOnlyAdmin):
    list_display = ("name", "pool", "entity", "seen_at", "expires_at", "revoked_at")
    list_filter = ("entity", "pool")
    list_select_related = ("entity",)
    search_fields = ("name",)
    exclude = ("token_hash",)
