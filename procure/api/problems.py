"""Errors of the API as problem details (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from ledger.errors import DomainError
from procure.console.pages import status_of

MEDIA_TYPE = "application/problem+json"


def problem(status: int, *, code: str, detail: str, **more: Any) -> Response:
    """`type` is a stable name for the kind of error, relative to the API."""
    body = {"type": f"/api/problems/{code}", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return Response(body | more, status=status, content_type=MEDIA_TYPE)


def answer(error: Exception, context: dict[str, Any]) -> Response | None:
    """The exception handler of every view of the API."""
    set_rollback()
    if isinstance(error, DomainError):
        return problem(status_of(error), code=error.code, detail=str(error.message))
    if isinstance(error, Http404):
        return problem(404, code="not_found", detail="There is no such object, or you may not see it.")
    if isinstance(error, PermissionDenied):
        return problem(403, code="not_allowed", detail=str(error) or "You do not have the right to do this.")
    if isinstance(error, exceptions.ValidationError):
        return problem(400, code="invalid_input", detail="Some fields cannot be accepted.", errors=error.detail)
    if isinstance(error, exceptions.APIException):
        status = 401 if isinstance(error, exceptions.NotAuthenticated) else error.status_code
        response = problem(status, code=str(error.default_code), detail=str(error.detail))
        if getattr(error, "wait", None):
            response["Retry-After"] = str(int(error.wait))  # type: ignore[attr-defined]
        return response
    return None
