"""Version 1: ask for something, and read where things stand. Rights and sight are those of the pages."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from ledger import rights
from ledger.actors import Actor
from ledger.models import CostCentre, Person
from procure import notices, requisitions
from procure.api import serializers
from procure.api.problems import answer
from procure.console import sight

PROBLEM = serializers.ProblemSerializer
REFUSALS = {400: PROBLEM, 401: PROBLEM, 403: PROBLEM, 404: PROBLEM, 422: PROBLEM}
REFERENCE = OpenApiParameter("reference", str, OpenApiParameter.PATH, description="Its number, such as PR-00012.")


class Rows(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Read-only rows of the person's own company, by reference."""

    lookup_field = "reference"
    lookup_value_regex = "[A-Za-z0-9-]{1,20}"
    right: ClassVar[str] = "proposal.view"

    def get_exception_handler(self):
        return answer

    def check_permissions(self, request: Request) -> None:
        super().check_permissions(request)
        if not isinstance(request.user, Person) or not rights.person_may(request.user, self.right):
            raise PermissionDenied

    def person(self) -> Person:
        if not isinstance(self.request.user, Person):
            raise PermissionDenied
        return self.request.user

    def get_object(self) -> Any:
        found = self.get_queryset().filter(reference=self.kwargs["reference"]).first()
        if found is None:
            raise Http404
        return found


@extend_schema_view(
    list=extend_schema(responses={200: serializers.RequisitionSerializer(many=True)} | REFUSALS),
    retrieve=extend_schema(parameters=[REFERENCE], responses={200: serializers.RequisitionSerializer} | REFUSALS),
)
class Requisitions(Rows):
    """What people asked for."""

    serializer_class: type[BaseSerializer] = serializers.RequisitionSerializer

    def get_queryset(self) -> QuerySet:
        rows = sight.requisitions(self.person())
        return rows.select_related("requested_by", "cost_centre").prefetch_related("lines__item", "questions")

    @extend_schema(request=serializers.AskSerializer, responses={201: serializers.RequisitionSerializer} | REFUSALS)
    def create(self, request: Request) -> Response:
        """Captures a need in the words given; agents go on from there."""
        asked = serializers.AskSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        person = self.person()
        if person.entity is None:
            raise PermissionDenied
        code = asked.validated_data.get("cost_centre", "")
        made = requisitions.capture(
            words=asked.validated_data["words"],
            actor=Actor.human(person),
            entity=person.entity,
            channel="api",
            cost_centre=CostCentre.objects.filter(entity=person.entity, code=code).first() if code else None,
        )
        where = {"Location": reverse("api:requisition-detail", args=[made.reference])}
        return Response(self.get_serializer(made).data, status=status.HTTP_201_CREATED, headers=where)


@extend_schema_view(
    list=extend_schema(responses={200: serializers.ProposalSerializer(many=True)} | REFUSALS),
    retrieve=extend_schema(parameters=[REFERENCE], responses={200: serializers.ProposalDetailSerializer} | REFUSALS),
)
class Proposals(Rows):
    """What is or was proposed, with verdict and evidence. Decisions are made on the pages."""

    def get_serializer_class(self) -> type[BaseSerializer]:
        if self.action == "retrieve":
            return serializers.ProposalDetailSerializer
        return serializers.ProposalSerializer

    def get_queryset(self) -> QuerySet:
        return sight.proposals(self.person()).select_related("requested_by", "judgement").order_by("-pk")


@extend_schema_view(
    list=extend_schema(responses={200: serializers.EventSerializer(many=True)} | REFUSALS),
    retrieve=extend_schema(parameters=[REFERENCE], responses={200: serializers.EventSerializer} | REFUSALS),
)
class Events(Rows):
    """Sourcing events. Quotes are not here: before the opening nobody reads them."""

    serializer_class: type[BaseSerializer] = serializers.EventSerializer

    def get_queryset(self) -> QuerySet:
        rows = sight.events(self.person()).select_related("requisition")
        return rows.prefetch_related("invitations__vendor").order_by("-pk")


@extend_schema_view(
    list=extend_schema(responses={200: serializers.PlanSerializer(many=True)} | REFUSALS),
    retrieve=extend_schema(parameters=[REFERENCE], responses={200: serializers.PlanDetailSerializer} | REFUSALS),
)
class Plans(Rows):
    """Plans at work and ended, with their steps. They are steered on the pages and by `manage.py plan`."""

    def get_serializer_class(self) -> type[BaseSerializer]:
        return serializers.PlanDetailSerializer if self.action == "retrieve" else serializers.PlanSerializer

    def get_queryset(self) -> QuerySet:
        rows = sight.plans(self.person()).select_related("template", "requested_by").order_by("-pk")
        if self.action != "retrieve":
            return rows
        return rows.prefetch_related("steps__fanned", "steps__undoes", "steps__again_of", "steps__overrides")


@extend_schema_view(
    list=extend_schema(responses={200: serializers.OrderSerializer(many=True)} | REFUSALS),
    retrieve=extend_schema(parameters=[REFERENCE], responses={200: serializers.OrderSerializer} | REFUSALS),
)
class Orders(Rows):
    """Purchase orders with their versions and their place in the ERP."""

    serializer_class: type[BaseSerializer] = serializers.OrderSerializer

    def get_queryset(self) -> QuerySet:
        rows = sight.orders(self.person()).select_related("vendor", "requisition", "event", "tracking")
        return rows.prefetch_related("versions__lines__item").order_by("-pk")


@extend_schema_view(
    list=extend_schema(responses={200: serializers.NoticeSerializer(many=True)} | REFUSALS),
    retrieve=extend_schema(parameters=[REFERENCE], responses={200: serializers.NoticeSerializer} | REFUSALS),
)
class Notices(Rows):
    """What suppliers and markets have announced. Staff's alone."""

    serializer_class: type[BaseSerializer] = serializers.NoticeSerializer
    right: ClassVar[str] = "records.view"

    def get_queryset(self) -> QuerySet:
        return sight.notices(self.person()).select_related("vendor", "item", "recorded_by").order_by("-pk")

    @extend_schema(request=serializers.NoticeGivenSerializer, responses={201: serializers.NoticeSerializer} | REFUSALS)
    def create(self, request: Request) -> Response:
        """Records a notice. It changes nothing by itself: plans at work that it concerns look again."""
        given = serializers.NoticeGivenSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        person = self.person()
        if person.entity is None:
            raise PermissionDenied
        made = notices.record(**given.validated_data, actor=Actor.human(person), entity=person.entity)
        where = {"Location": reverse("api:notice-detail", args=[made.reference])}
        return Response(self.get_serializer(made).data, status=status.HTTP_201_CREATED, headers=where)
