"""The one page behind a personal link: what is asked, the quote form, the receipt, and proofs to take home."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from ledger import anchors, checkpoints, clock
from ledger.errors import DomainError, InvalidInput, NotFound, Stale
from ledger.models import Checkpoint
from procure.models import BidVersion, Invitation, SourcingEvent
from procure.portal import doors, given, limits, quote_form
from procure.portal.quote_form import QuoteForm
from procure.sourcing import bids, invitations, proofs


@doors.personal
def event(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    wait = _("You sent a great deal within a minute. Wait a minute and try again.")
    if request.method == "POST":
        form = _posted(request, invitation)
        if limits.too_many(invitation):
            return _refused(request, invitation, form, 429, wait)
        return _post(request, invitation, form)
    if limits.too_many(invitation):
        return doors.closed(request, 429, _("Too many visits in a minute"), wait)
    if request.method == "GET":
        shown = checkpoints.latest(invitation.event.entity.log_id)
        invitations.looked_at(invitation, shown=shown)
        return _page(request, invitation, shown=shown)
    return _page(request, invitation)


@doors.personal
def proof(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    if limits.too_many(invitation):
        wait = _("You sent a great deal within a minute. Wait a minute and try again.")
        return doors.closed(request, 429, _("Too many visits in a minute"), wait)
    seq = request.GET.get("entry", "")
    try:
        text = proofs.proof_of(invitation, seq)
    except NotFound as error:
        return doors.closed(request, 404, _("This link opens nothing"), error.message)
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="entry-{seq}.tlog-proof"'
    return response


def _posted(request: HttpRequest, invitation: Invitation) -> QuoteForm:
    typed: dict[str, Any] = request.POST.dict()
    if typed.get("do") == "decline":  # its form holds the reason alone
        typed = _kept(invitation) | {"reason": typed.get("reason", ""), "key": quote_form.fresh_key()}
    return quote_form.build(invitation.event, typed, key=typed.get("key", ""))


def _kept(invitation: Invitation) -> dict[str, Any]:
    """What stands in the form on a new visit: the draft, else the last quote."""
    draft = bids.draft_of(invitation)
    if draft is not None:
        return draft
    own = bids.own(invitation)
    return quote_form.values_of(own[0]) if own else {}


def _page(
    request: HttpRequest,
    invitation: Invitation,
    *,
    form: QuoteForm | None = None,
    status: int = 200,
    refused: str = "",
    shown: Checkpoint | None = None,
) -> HttpResponse:
    event, now, own = invitation.event, clock.now(), bids.own(invitation)
    has_draft = form is None and bids.draft_of(invitation) is not None
    if form is None:
        form = quote_form.build(event, _kept(invitation), key=quote_form.fresh_key())
    shown = shown or checkpoints.latest(event.entity.log_id)
    context: dict[str, Any] = {
        "checkpoint": anchors.line_of(shown) if shown else "",
        "invitation": invitation,
        "event": event,
        "buyer": event.entity,
        "form": form,
        "receipt": own[1] if own else None,
        "given": given.read(own[0], [each.line for each in form.lines]) if own else None,
        "proofs": proofs.offered(invitation),
        "open": event.status == SourcingEvent.Status.OPEN and event.deadline > now,
        "declined": invitation.status == Invitation.Status.DECLINED,
        "draft": has_draft,
        "unsent": has_draft or request.method == "POST",
        "now": now,
        "said": request.GET.get("said", "") if request.method != "POST" else "",
        "refused": refused,
    }
    return render(request, "portal/event.html", context, status=status)


def _refused(
    request: HttpRequest, invitation: Invitation, form: QuoteForm, status: int, message: str = ""
) -> HttpResponse:
    """The page with everything that was typed and what is wrong; to the script, which holds the page, the sentence."""
    if request.headers.get("X-Autosave"):
        wrong = [message, *form.general, *(f"{field.label}: {field.error}" for _where, field in form.errors)]
        return HttpResponse(" ".join(each for each in wrong if each), status=status, content_type="text/plain")
    return _page(request, invitation, form=form, status=status, refused=message)


def _post(request: HttpRequest, invitation: Invitation, form: QuoteForm) -> HttpResponse:
    if doors.forged(request):
        message = _("Your browser did not send this page's cookie. Allow cookies for this site and send it again.")
        return _refused(request, invitation, form, 403, message)
    do = request.POST.get("do", "")
    try:
        said = {"submit": _submit, "decline": _decline}.get(do, _save)(invitation, form)
    except InvalidInput as error:
        form.renew()
        if not form.errors:
            form.refuse(error.context.get("errors") or (), error.message)  # type: ignore[arg-type]
        return _refused(request, invitation, form, 422)
    except Stale:
        form.renew()
        message = _(
            "A quote was sent from this page before; its receipt is below. "
            "What you typed since is still in the form: send it to replace that quote."
        )
        return _refused(request, invitation, form, 409, message)
    except DomainError as error:
        return _refused(request, invitation, form, 409, error.message)
    if request.headers.get("X-Autosave"):
        return HttpResponse(status=204)
    return HttpResponseRedirect(f"{request.path}?said={said}#said")


def _submit(invitation: Invitation, form: QuoteForm) -> str:
    if not form.may_be_kept():
        raise InvalidInput
    bids.submit(invitation, form.as_quote(), idempotency_key=form.key)
    return "submit"


def _save(invitation: Invitation, form: QuoteForm) -> str:
    if not form.may_be_kept():
        raise InvalidInput
    # What a page saves after it was sent is older than the quote.
    if not BidVersion.objects.filter(bid__invitation=invitation, idempotency_key=form.key).exists():
        bids.save_draft(invitation, form.typed())
    return "saved"


def _decline(invitation: Invitation, form: QuoteForm) -> str:
    form.reason.refuse_if_too_long()
    if form.reason.error:
        raise InvalidInput
    bids.decline(invitation, form.reason.value)
    return "decline"
