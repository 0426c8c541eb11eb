"""The door of a personal link: opens it or says why not, and keeps it from caches, indexes, referrers and forgers."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from csp.constants import NONE, SELF
from csp.decorators import csp
from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.middleware.csrf import CsrfViewMiddleware
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from ledger.errors import DomainError
from procure.errors import LinkExpired, LinkUnknown
from procure.models import Invitation
from procure.portal import limits
from procure.sourcing import invitations

#: Nothing from elsewhere, nothing inline, no frame around it.
STRICT = {
    "default-src": [NONE],
    "style-src": [SELF],
    "script-src": [SELF],
    "img-src": [SELF],
    "connect-src": [SELF],
    "form-action": [SELF],
    "base-uri": [NONE],
    "frame-ancestors": [NONE],
}
#: The host alone, never the path with the token. (`no-referrer` makes browsers post with `Origin: null`.)
REFERRERS = "strict-origin"

Page = Callable[[HttpRequest, Invitation], HttpResponse]
View = Callable[..., Any]


def personal(page: Page) -> View:
    """A view for `<token>` from a page for the invitation it opens."""

    @wraps(page)
    def opened(request: HttpRequest, token: str) -> HttpResponse:
        try:
            return page(request, invitations.by_token(token))
        except LinkUnknown:
            if limits.too_many_wrong(request):
                return closed(
                    request, 429, _("Too many wrong links"), _("Wait a minute, then open the link from the mail again.")
                )
            return closed(
                request,
                404,
                _("This link opens nothing"),
                _("It may be incomplete, replaced by a newer one, or taken back. Ask the buyer who sent it."),
            )
        except LinkExpired:
            return closed(request, 410, _("This link has expired"), _("Ask the buyer who sent it for a new one."))
        except DomainError as error:
            return closed(request, 503, _("This page cannot be shown now"), error.message)

    # The middleware's refusal would drop what was typed, so `forged` asks for the check inside the page.
    return csrf_exempt(csp(STRICT)(_guarded(require_http_methods(["GET", "HEAD", "POST"])(_readable(opened)))))


def _guarded(view: View) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, token: str) -> HttpResponse:
        response = view(request, token)
        response["Referrer-Policy"] = REFERRERS
        response["X-Robots-Tag"] = "noindex, nofollow"
        response["Cache-Control"] = "no-store, private"
        if response.status_code == 429:
            response["Retry-After"] = str(limits.WINDOW)
        return response

    return guarded


def _readable(view: View) -> View:
    """Refuses a body that is too big or broken before it is read into memory or files."""

    @wraps(view)
    def readable(request: HttpRequest, token: str) -> HttpResponse:
        if request.method == "POST":
            size = request.META.get("CONTENT_LENGTH") or "0"
            try:
                if not size.isdigit() or int(size) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
                    raise RequestDataTooBig
                request.POST  # noqa: B018  (read here, where a refusal can still be shown)
            except (RequestDataTooBig, TooManyFieldsSent):
                return closed(
                    request,
                    413,
                    _("That is too much for one quote"),
                    _("Nothing was taken. Go back, shorten the texts and send it again."),
                )
            except MultiPartParserError:
                return closed(
                    request, 400, _("The form arrived broken"), _("Nothing was taken. Go back and send it again.")
                )
        return view(request, token)

    return readable


class _Check(CsrfViewMiddleware):
    def _reject(self, request: HttpRequest, reason: str) -> str:  # type: ignore[override]
        return reason


def forged(request: HttpRequest) -> bool:
    """Whether a post comes from elsewhere, or from a browser that does not keep the page's cookie."""
    return _Check(lambda _request: HttpResponse()).process_view(request, None, (), {}) is not None  # type: ignore[arg-type]


def closed(request: HttpRequest, status: int, title: str, message: str) -> HttpResponse:
    return render(request, "portal/closed.html", {"title": title, "message": message}, status=status)
