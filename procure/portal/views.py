"""The one page behind a personal link: what is asked, the quote form, the receipt."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import wraps
from typing import Any

from csp.constants import NONE, SELF
from csp.decorators import csp
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from ledger import clock
from ledger.errors import DomainError, InvalidInput
from procure.errors import LinkExpired, LinkUnknown
from procure.models import Invitation, SourcingEvent
from procure.portal import limits, quote_form
from procure.sourcing import bids, invitations

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


def personal(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Opens the link, or answers with the page that says why not; nothing of it is cached, indexed or passed on."""

    @wraps(view)
    def opened(request: HttpRequest, token: str) -> HttpResponse:
        response = _answer(request, token)
        response["Referrer-Policy"] = "no-referrer"
        response["X-Robots-Tag"] = "noindex, nofollow"
        response["Cache-Control"] = "no-store"
        return response

    def _answer(request: HttpRequest, token: str) -> HttpResponse:
        if limits.too_many(request):
            return _closed(request, _("Too many visits in a minute"), _("Wait a minute and open the link again."), 429)
        try:
            invitation = invitations.by_token(token)
        except LinkUnknown as error:
            status = 429 if limits.too_many_wrong(request) else 404
            return _closed(request, _("This link opens nothing"), error.message, status)
        except LinkExpired as error:
            return _closed(request, _("This link has expired"), error.message, 410)
        return view(request, invitation)

    return opened


def _closed(request: HttpRequest, title: str, message: str, status: int) -> HttpResponse:
    return render(request, "portal/closed.html", {"title": title, "message": message}, status=status)


@csp(STRICT)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@personal
def event(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    if request.method == "POST":
        return _post(request, invitation)
    invitations.looked_at(invitation)
    return _page(request, invitation)


def _page(
    request: HttpRequest, invitation: Invitation, *, form: quote_form.QuoteForm | None = None, **more: Any
) -> HttpResponse:
    own = bids.own(invitation)
    now = clock.now()
    open_now = invitation.event.status == SourcingEvent.Status.OPEN and invitation.event.deadline > now
    if form is None:
        draft = bids.draft_of(invitation) if open_now else None
        values = draft if draft is not None else (quote_form.values_of(own[0]) if own else {})
        form = quote_form.build(invitation.event, values, key=secrets.token_hex(16))
        more["draft"] = draft is not None
    context = {
        "invitation": invitation,
        "event": invitation.event,
        "buyer": invitation.event.entity,
        "form": form,
        "receipt": own[1] if own else None,
        "quote": own[0] if own else None,
        "open": open_now,
        "now": now,
        "said": request.GET.get("said", "") if request.method != "POST" else "",
    }
    return render(request, "portal/event.html", context | more, status=more.get("status", 200))


def _post(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    key = request.POST.get("key", "")[:80]
    form = quote_form.build(invitation.event, request.POST.dict(), key=key)
    do = request.POST.get("do", "")
    try:
        if do == "submit":
            bids.submit(invitation, form.as_quote(), idempotency_key=key)
        elif do == "decline":
            bids.decline(invitation, request.POST.get("reason", ""))
        else:
            bids.save_draft(invitation, form.typed())
            do = "saved"
    except InvalidInput as error:
        form.refuse(error.context.get("errors") or (), error.message)  # type: ignore[arg-type]
        return _page(request, invitation, form=form, status=422)
    except DomainError as error:
        return _page(request, invitation, form=form, status=409, refused=error.message)
    if request.headers.get("X-Autosave"):
        return HttpResponse(status=204)
    return HttpResponseRedirect(f"{request.path}?said={do}#said")
