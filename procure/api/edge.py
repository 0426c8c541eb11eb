"""The door for workers elsewhere: a bearer token, four verbs, JSON both ways. See agents.edge; the client is
`manage.py edge_worker`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, cast

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agents.edge import leasing, tokens
from agents.errors import NoToken
from agents.models import EdgeWorker
from ledger.errors import InvalidInput
from procure.api.problems import answer
from procure.api.serializers import ProblemSerializer

REFUSALS = {400: ProblemSerializer, 401: ProblemSerializer, 409: ProblemSerializer, 422: ProblemSerializer}


class LeaseSerializer(serializers.Serializer):
    lease = serializers.CharField(max_length=40)


class ResultSerializer(LeaseSerializer):
    result = serializers.JSONField()


class FailureSerializer(LeaseSerializer):
    reason = serializers.CharField(max_length=2000)
    lasting = serializers.BooleanField(default=False)


class AssignmentSerializer(serializers.Serializer):
    """`given` is what the task takes; `gives` is what its result must hold, by name and type (see agents.values)."""

    lease = serializers.CharField()
    step = serializers.CharField()
    role = serializers.CharField()
    task = serializers.CharField()
    attempt = serializers.IntegerField()
    given = serializers.DictField()
    gives = serializers.DictField()
    today = serializers.DateField()
    until = serializers.DateTimeField()


class UntilSerializer(serializers.Serializer):
    until = serializers.DateTimeField()


class EdgeToken(BaseAuthentication):
    """`Authorization: Bearer edge_…`. Its holder is no person and has no rights: the four verbs are all it opens."""

    def authenticate(self, request: Request) -> tuple[None, EdgeWorker]:
        kind, _, token = get_authorization_header(request).decode("latin-1").partition(" ")
        if kind.lower() != "bearer" or not token.startswith(tokens.PREFIX):
            raise exceptions.NotAuthenticated("Send the worker's token as “Authorization: Bearer …”.")
        try:
            return None, tokens.opened_by(token.strip())
        except NoToken as error:
            raise exceptions.AuthenticationFailed(error.message) from None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class EdgeTokenScheme(OpenApiAuthenticationExtension):
    """How the schema tells of it."""

    target_class = EdgeToken
    name = "edgeToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


class EdgeView(APIView):
    authentication_classes = (EdgeToken,)
    permission_classes = ()

    def get_exception_handler(self):
        return answer

    def worker(self, request: Request) -> EdgeWorker:
        return cast(EdgeWorker, request.auth)

    def taken(self, request: Request, serializer: type[serializers.Serializer]) -> dict[str, Any]:
        if len(request.body) > leasing.MOST_BYTES:
            raise InvalidInput(f"At most {leasing.MOST_BYTES} bytes are taken.")
        given = serializer(data=request.data)
        given.is_valid(raise_exception=True)
        return given.validated_data


class Lease(EdgeView):
    @extend_schema(request=None, responses={200: AssignmentSerializer, 204: None} | REFUSALS)
    def post(self, request: Request) -> Response:
        """The next step for this worker, or 204 when there is none."""
        assignment = leasing.take(self.worker(request))
        if assignment is None:
            return Response(status=status.HTTP_204_NO_CONTENT)
        return Response(asdict(assignment))


class Beat(EdgeView):
    @extend_schema(request=LeaseSerializer, responses={200: UntilSerializer} | REFUSALS)
    def post(self, request: Request) -> Response:
        """It lives: until when the lease is good now. 409: leave off, it is not yours any more or was stopped."""
        return Response({"until": leasing.beat(self.worker(request), self.taken(request, LeaseSerializer)["lease"])})


class Finish(EdgeView):
    @extend_schema(request=ResultSerializer, responses={204: None} | REFUSALS)
    def post(self, request: Request) -> Response:
        """The step is done. 422: the result is not of the type that the task gives; nothing has changed."""
        given = self.taken(request, ResultSerializer)
        leasing.finish(self.worker(request), given["lease"], given["result"])
        return Response(status=status.HTTP_204_NO_CONTENT)


class Fail(EdgeView):
    @extend_schema(request=FailureSerializer, responses={204: None} | REFUSALS)
    def post(self, request: Request) -> Response:
        """The step could not be done; it tries again, or goes the way that its template says."""
        given = self.taken(request, FailureSerializer)
        leasing.fail(self.worker(request), given["lease"], given["reason"], lasting=given["lasting"])
        return Response(status=status.HTTP_204_NO_CONTENT)
