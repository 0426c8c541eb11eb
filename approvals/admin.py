"""Windows on this floor: every record to look at, nothing to change here."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from approvals.models import (
    ApprovalStep,
    Bounds,
    CarriedOut,
    Decision,
    Evidence,
    Judgement,
    PolicyVersion,
    Proposal,
    ProposalRevision,
    Spend,
    Undo,
)
from ledger.adminsite import GovernedAdmin, HistoryAdmin, ReadOnlyAdmin, ReadOnlyInline


class ProposalsAdmin(ReadOnlyAdmin):
    view_right = "ledger.view"


class EvidenceInline(ReadOnlyInline):
    model = Evidence
    view_right = "ledger.view"
    fields = ["revision", "claim", "value", "source_kind", "verified", "problem"]


class StepInline(ReadOnlyInline):
    model = ApprovalStep
    view_right = "ledger.view"
    fields = ["revision", "position", "label", "quorum", "status", "due_at"]


class DecisionInline(ReadOnlyInline):
    model = Decision
    view_right = "ledger.view"
    fields = ["revision", "kind", "actor_name", "comment", "at"]


@admin.register(Proposal)
class ProposalAdmin(ProposalsAdmin):
    list_display = ["reference", "sentence", "status", "verdict", "author_name", "amount", "currency", "made_at"]
    list_filter = ["status", "verdict", "author_kind", "urgency", "entity"]
    search_fields = ["reference", "sentence", "author_name", "vendor_key", "fingerprint"]
    date_hierarchy = "made_at"
    ordering = ["-pk"]
    inlines = [EvidenceInline, StepInline, DecisionInline]


@admin.register(ProposalRevision)
class ProposalRevisionAdmin(ProposalsAdmin):
    list_display = ["proposal", "number", "author_name", "made_at"]
    search_fields = ["proposal__reference", "fingerprint"]
    list_select_related = ["proposal"]


@admin.register(Evidence)
class EvidenceAdmin(ProposalsAdmin):
    list_display = ["proposal", "claim", "value", "source_kind", "verified", "problem"]
    list_filter = ["verified", "source_kind"]
    search_fields = ["proposal__reference", "claim", "value"]
    list_select_related = ["proposal"]


@admin.register(Judgement)
class JudgementAdmin(ProposalsAdmin):
    list_display = ["proposal", "revision", "stage", "verdict", "policy", "at"]
    list_filter = ["verdict", "stage", "policy"]
    search_fields = ["proposal__reference"]
    list_select_related = ["proposal", "policy"]


@admin.register(ApprovalStep)
class ApprovalStepAdmin(ProposalsAdmin):
    list_display = ["proposal", "position", "label", "quorum", "status", "opened_at", "due_at"]
    list_filter = ["status", "level"]
    search_fields = ["proposal__reference", "label"]
    list_select_related = ["proposal"]


@admin.register(Decision)
class DecisionAdmin(ProposalsAdmin):
    list_display = ["proposal", "kind", "actor_name", "final", "for_review", "at"]
    list_filter = ["kind", "for_review"]
    search_fields = ["proposal__reference", "actor_name", "fingerprint"]
    list_select_related = ["proposal"]


@admin.register(CarriedOut)
class CarriedOutAdmin(ProposalsAdmin):
    list_display = ["proposal", "position", "kind", "undo_until", "how"]
    list_filter = ["kind"]
    search_fields = ["proposal__reference"]
    list_select_related = ["proposal"]


@admin.register(Spend)
class SpendAdmin(ProposalsAdmin):
    list_display = ["proposal", "vendor_key", "cost_centre", "requester_id", "amount"]
    search_fields = ["proposal__reference", "vendor_key", "cost_centre"]
    list_select_related = ["proposal"]


@admin.register(Undo)
class UndoAdmin(ProposalsAdmin):
    list_display = ["original", "proposal", "asked_by", "asked_at"]
    search_fields = ["original__reference", "proposal__reference"]
    list_select_related = ["original", "proposal", "asked_by"]


@admin.register(PolicyVersion)
class PolicyVersionAdmin(HistoryAdmin, GovernedAdmin):
    view_right = "ledger.view"
    list_display = ["number", "name", "status", "published_at", "published_by", "entity"]
    list_filter = ["status", "entity"]
    search_fields = ["name", "digest"]
    propose_actions = {_("Publish a new version"): "PublishPolicy"}  # type: ignore[dict-item]


@admin.register(Bounds)
class BoundsAdmin(HistoryAdmin, GovernedAdmin):
    view_right = "ledger.view"
    list_display = ["role", "version", "in_force", "on", "max_amount", "max_per_day", "rate_per_hour", "changed_at"]
    list_filter = ["in_force", "on", "role", "entity"]
    search_fields = ["role"]
    propose_actions = {_("Adjust bounds"): "AdjustBounds"}  # type: ignore[dict-item]
