"""The API's shapes. Money is a decimal string with its currency beside it; instants are UTC."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from agents.models import Plan, Step
from approvals.models import Evidence, Proposal
from procure.models import (
    Invitation,
    Notice,
    Order,
    OrderLine,
    OrderVersion,
    Requisition,
    RequisitionLine,
    RequisitionQuestion,
    SourcingEvent,
)


class ProblemSerializer(serializers.Serializer):
    """RFC 9457 problem details."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    errors = serializers.DictField(required=False)  # type: ignore[assignment]


class AskSerializer(serializers.Serializer):
    """What somebody needs, in their own words."""

    words = serializers.CharField(max_length=200_000, trim_whitespace=False)
    cost_centre = serializers.CharField(max_length=40, required=False, allow_blank=True)


class RequisitionLineSerializer(serializers.ModelSerializer):
    item = serializers.CharField(source="item.key", read_only=True, allow_null=True)

    class Meta:
        model = RequisitionLine
        fields = ("number", "description", "item", "quantity", "unit")


class QuestionSerializer(serializers.ModelSerializer):
    class Meta:
        model = RequisitionQuestion
        fields = ("path", "text", "suggestions", "answer", "answered_at")


class RequisitionSerializer(serializers.ModelSerializer):
    lines = RequisitionLineSerializer(many=True, read_only=True)
    questions = QuestionSerializer(many=True, read_only=True)
    requested_by = serializers.CharField(source="requested_by.username", read_only=True)
    cost_centre = serializers.CharField(source="cost_centre.code", read_only=True, allow_null=True)

    class Meta:
        model = Requisition
        fields = (
            *("reference", "status", "words", "requested_by", "captured_at", "needed_by", "deliver_to"),
            *("cost_centre", "budget_amount", "budget_currency", "urgency", "lines", "questions"),
        )


class EvidenceSerializer(serializers.ModelSerializer):
    class Meta:
        model = Evidence
        fields = ("claim", "value", "source_kind", "source_ref", "verified", "found", "problem", "checked_at")


class ProposalSerializer(serializers.ModelSerializer):
    author = serializers.SerializerMethodField()
    requested_by = serializers.CharField(source="requested_by.username", read_only=True, allow_null=True)

    class Meta:
        model = Proposal
        fields: tuple[str, ...] = (
            *("reference", "status", "revision", "sentence", "author", "requested_by", "rationale", "confidence"),
            *("urgency", "verdict", "checkpoint", "amount", "currency", "fingerprint", "commands", "problem"),
            *("made_at", "due_at", "carried_out_at"),
        )

    def get_author(self, proposal: Proposal) -> dict[str, str]:
        return proposal.author.as_json()


class ProposalDetailSerializer(ProposalSerializer):
    evidence = serializers.SerializerMethodField()
    fired = serializers.JSONField(source="judgement.fired", read_only=True)
    facts = serializers.JSONField(source="judgement.facts", read_only=True)

    class Meta(ProposalSerializer.Meta):
        fields = (*ProposalSerializer.Meta.fields, "evidence", "fired", "facts")

    @extend_schema_field(EvidenceSerializer(many=True))
    def get_evidence(self, proposal: Proposal) -> list[dict[str, object]]:
        rows = proposal.evidence.filter(revision=proposal.revision)
        return EvidenceSerializer(rows, many=True).data  # type: ignore[return-value]


class StepSerializer(serializers.ModelSerializer):
    """`result` is the step's own; what counts in its place, a person's or that of a second look, is in `override`."""

    label = serializers.CharField(read_only=True)  # type: ignore[assignment]
    branch_of = serializers.CharField(source="fanned.key", read_only=True, allow_null=True, default=None)
    undoes = serializers.CharField(source="undoes.key", read_only=True, allow_null=True, default=None)
    again_of = serializers.CharField(source="again_of.key", read_only=True, allow_null=True, default=None)
    override = serializers.SerializerMethodField()

    class Meta:
        model = Step
        fields = (
            *("key", "label", "role", "after", "status", "attempts", "max_attempts", "branch_of", "branch", "item"),
            *(
                "undoes",
                "again_of",
                "waiting_for",
                "waiting_on",
                "asks_person",
                "deadline_at",
                "error",
                "result",
                "override",
            ),
            *("evidence", "started_at", "ended_at"),
        )

    @extend_schema_field(serializers.JSONField(allow_null=True))
    def get_override(self, step: Step) -> object:
        rows = list(step.overrides.all())
        return rows[-1].result if rows else None


class PlanSerializer(serializers.ModelSerializer):
    template = serializers.CharField(source="template.name", read_only=True)
    version = serializers.IntegerField(source="template.version", read_only=True)
    requested_by = serializers.CharField(source="requested_by.username", read_only=True, allow_null=True)

    class Meta:
        model = Plan
        fields: tuple[str, ...] = (
            *("reference", "status", "reason", "template", "version", "subject_kind", "subject_key", "requested_by"),
            *("inputs", "started_at", "ended_at", "paused_at"),
        )


class PlanDetailSerializer(PlanSerializer):
    steps = StepSerializer(many=True, read_only=True)

    class Meta(PlanSerializer.Meta):
        fields = (*PlanSerializer.Meta.fields, "steps")


class OrderLineSerializer(serializers.ModelSerializer):
    item = serializers.CharField(source="item.key", read_only=True, allow_null=True)

    class Meta:
        model = OrderLine
        fields = ("number", "item", "description", "quantity", "unit", "unit_price", "delivery_date")


class OrderVersionSerializer(serializers.ModelSerializer):
    lines = OrderLineSerializer(many=True, read_only=True)

    class Meta:
        model = OrderVersion
        fields = ("number", "total", "freight", "incoterm", "deliver_to", "reason", "issued_at", "lines")


class OrderSerializer(serializers.ModelSerializer):
    vendor = serializers.CharField(source="vendor.key", read_only=True)
    requisition = serializers.CharField(source="requisition.reference", read_only=True, allow_null=True)
    event = serializers.CharField(source="event.reference", read_only=True, allow_null=True)
    erp_status = serializers.CharField(source="tracking.erp_status", read_only=True)
    erp_number = serializers.CharField(source="tracking.erp_number", read_only=True)
    versions = OrderVersionSerializer(many=True, read_only=True)

    class Meta:
        model = Order
        fields = (
            *("reference", "status", "vendor", "requisition", "event", "currency", "current_version", "issued_at"),
            *("erp_status", "erp_number", "versions"),
        )


class InvitationSerializer(serializers.ModelSerializer):
    """Who was invited and whether they answered. Never a link, never a value."""

    vendor = serializers.CharField(source="vendor.key", read_only=True)

    class Meta:
        model = Invitation
        fields = ("vendor", "status", "first_opened_at", "revoked_at")


class EventSerializer(serializers.ModelSerializer):
    requisition = serializers.CharField(source="requisition.reference", read_only=True)
    invitations = InvitationSerializer(many=True, read_only=True)

    class Meta:
        model = SourcingEvent
        fields = (
            *("reference", "status", "title", "requisition", "deadline", "currency", "deliver_to", "incoterm"),
            *("published_at", "closed_at", "opened_at", "invitations"),
        )


class NoticeSerializer(serializers.ModelSerializer):
    """What a supplier or a market announced, as somebody here recorded it."""

    vendor = serializers.CharField(source="vendor.key", read_only=True, allow_null=True)
    item = serializers.CharField(source="item.key", read_only=True, allow_null=True)
    recorded_by = serializers.CharField(source="recorded_by.username", read_only=True)

    class Meta:
        model = Notice
        fields = (
            *("reference", "kind", "vendor", "item", "effective_on", "new_price", "currency", "text"),
            *("recorded_by", "recorded_at"),
        )


class NoticeGivenSerializer(serializers.Serializer):
    """A vendor, an item or both by number; a new price only for a price change of one item."""

    kind = serializers.ChoiceField(choices=Notice.Kind.choices)
    vendor = serializers.CharField(max_length=20, required=False, allow_blank=True)
    item = serializers.CharField(max_length=20, required=False, allow_blank=True)
    effective_on = serializers.DateField(required=False, allow_null=True)
    new_price = serializers.CharField(max_length=40, required=False, allow_blank=True)
    currency = serializers.CharField(max_length=3, required=False, allow_blank=True)
    text = serializers.CharField(required=False, allow_blank=True, max_length=4_000)
