"""What every staff page has in common: sign-in, right, entity, the shell's context, and refusals said plainly."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from agents.errors import WrongType
from ledger import clock, rights
from ledger.actors import Actor
from ledger.errors import (
    DomainError,
    InvalidInput,
    LedgerUnavailable,
    Misconfigured,
    NoAuthority,
    NotAllowed,
    NotFound,
    Stale,
    Stopped,
)
from ledger.models import LegalEntity, Person

STATUS: dict[type[DomainError], int] = {
    NotAllowed: 403,
    NoAuthority: 403,
    NotFound: 404,
    Stale: 409,
    Stopped: 409,
    InvalidInput: 422,
    WrongType: 422,
    LedgerUnavailable: 503,
    Misconfigured: 503,
}
HEADLINES = {
    403: gettext_lazy("You may not do this"),
    404: gettext_lazy("Nothing here"),
    409: gettext_lazy("This has changed since you looked"),
    422: gettext_lazy("This cannot be accepted"),
    503: gettext_lazy("Not possible right now"),
}


def status_of(error: DomainError) -> int:
    """The HTTP status of a refusal: that of its nearest class in the tree, 409 for a plain one."""
    return next((STATUS[each] for each in type(error).__mro__ if each in STATUS), 409)


def person_of(request: HttpRequest) -> Person:
    """Who is signed in; `page` lets nobody else through."""
    return cast(Person, request.user)


def actor_of(request: HttpRequest) -> Actor:
    return Actor.human(person_of(request))


def by_htmx(request: HttpRequest) -> bool:
    """Whether a part of the page was asked for, not the page."""
    return bool(getattr(request, "htmx", False))


def entity_of(request: HttpRequest) -> LegalEntity:
    if entity := person_of(request).entity:
        return entity
    raise NotAllowed(_("Your account belongs to no legal entity. Ask an administrator to assign one."))


def may(request: HttpRequest, right: str) -> bool:
    return rights.person_may(person_of(request), right)


def page(*, right: str | None = None, methods: tuple[str, ...] = ("GET", "HEAD")) -> Callable:
    """A staff page: signed in, allowed, in the person's time zone; a `DomainError` becomes a page that explains it."""

    def outer(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            with timezone.override(ZoneInfo(person_of(request).time_zone)):
                try:
                    if right is not None:
                        rights.require(actor_of(request), right)
                    return view(request, *args, **kwargs)
                except DomainError as error:
                    return refuse(request, error)

        return login_required(require_http_methods(list(methods))(inner))

    return outer


def show(request: HttpRequest, template: str, context: dict[str, Any] | None = None, *, status: int = 200):
    """A whole page in the shell."""
    entity = getattr(request.user, "entity", None)
    now = clock.now()
    shell = admin.site.each_context(request)
    shell["has_permission"] = True
    if not shell["sidebar_navigation"]:  # the shell lists it for `is_staff` alone; rights are ours to judge
        shell["sidebar_navigation"] = admin.site.get_sidebar_list(request)  # type: ignore[attr-defined]
    today = clock.business_date(entity) if entity else now.date()
    told = {"now": now, "today": today, "clock_held": _told_of_the_clock(request) and clock.held()}
    return render(request, template, shell | told | (context or {}), status=status)


def _told_of_the_clock(request: HttpRequest) -> bool:
    person = request.user
    return isinstance(person, Person) and rights.person_may(person, "ledger.view")


def fragment(request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """A part of a page, for htmx."""
    entity = getattr(request.user, "entity", None)
    now = clock.now()
    today = clock.business_date(entity) if entity else now.date()
    return render(request, template, {"now": now, "today": today} | context, status=status)


def refuse(request: HttpRequest, error: DomainError, *, back: str = "") -> HttpResponse:
    """The refusal with its own status: as a page, or as a line where htmx asked."""
    status = status_of(error)
    context = {
        "title": HEADLINES.get(status, HEADLINES[409]),
        "refusal": error.message,
        "status": status,
        "back": back,
        "difference": error.context.get("difference"),
    }
    if by_htmx(request):
        return fragment(request, "console/_refusal.html", context, status=status)
    return show(request, "console/refusal.html", context, status=status)
