"""A refusal that no page of ours has caught, in the tables of the admin say, is a page that explains it."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from ledger.errors import DomainError
from ledger.models import Person
from procure.console.pages import refuse


class Refusals:
    """Middleware. What the view had begun is rolled back already."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, DomainError) and isinstance(request.user, Person):
            return refuse(request, exception)
        return None
