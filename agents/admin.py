from django.contrib import admin
from django.urls import NoReverseMatch, reverse

from agents.models import ModelCall, Plan, PlanTemplate, Step, StepAttempt
from ledger.adminsite import ReadOnlyAdmin, ReadOnlyInline


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
    list_display = ("reference", "template", "subject_key", "requested_by", "status", "started_at", "ended_at")
    list_filter = ("entity", "status", "template__name")
    list_select_related = ("template", "requested_by")
    search_fields = ("reference", "subject_key")
    date_hierarchy = "started_at"
    inlines = (StepInline,)

    def view_on_site(self, obj: Plan) -> str | None:
        try:
            return reverse("console:plan", args=[obj.reference])
        except NoReverseMatch:
            return None


@admin.register(Step)
class StepAdmin(ReadOnlyAdmin):
    list_display = ("plan", "key", "role", "status", "attempts", "due_at", "waiting_for")
    list_filter = ("plan__entity", "status", "role")
    list_select_related = ("plan",)
    search_fields = ("plan__reference", "key")
    inlines = (StepAttemptInline,)


@admin.register(ModelCall)
class ModelCallAdmin(ReadOnlyAdmin):
    list_display = ("called_at", "role", "plan", "step", "tier", "model", "outcome", "degraded", "tokens_in", "cost")
    list_filter = ("entity", "tier", "outcome", "degraded", "role")
    search_fields = ("plan", "question_digest")
    date_hierarchy = "called_at"
