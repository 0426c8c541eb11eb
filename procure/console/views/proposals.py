"""One proposal: verdict, facts, evidence, what changes, and the decision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from approvals import decisions, proposals, queries, readings, undo
from approvals.models import Evidence, Proposal
from approvals.queries import CommandView
from approvals.readings import Unreadable
from ledger import command
from ledger.errors import InvalidInput, NotFound, Stale
from ledger.models import Source
from procure.console import proposal_page, sight, timeline
from procure.console.facts_shown import ShownFact, shown
from procure.console.pages import actor_of, by_htmx, fragment, may, page, person_of, refuse, show
from procure.console.views.sources import excerpt

#: Still moving by itself: the page looks again.
MOVES = (Proposal.Status.PASSED, Proposal.Status.APPROVED)


def _found(request: HttpRequest, reference: str) -> Proposal:
    sight.one(sight.proposals(person_of(request)), reference)
    return queries.find(reference)


def _context(request: HttpRequest, proposal: Proposal) -> dict[str, Any]:
    detail = queries.detail(proposal, person_of(request))
    gist = detail.gist
    facts = shown(detail.facts, currency=proposal.entity.base_currency)
    person = person_of(request)
    own = (proposal.author_kind, proposal.author_id) == (
        "human",
        str(person.pk),
    ) or proposal.requested_by_id == person.pk
    return {
        "title": gist.sentence,
        "here": gist.reference,
        "detail": detail,
        "gist": gist,
        "proposal": proposal,
        "facts": [each for each in facts if _shows(each)],
        "more_facts": [each for each in facts if not _shows(each) and each.state != "not_applicable"],
        "not_applicable": [each for each in facts if each.state == "not_applicable"],
        "proofs": proposal_page.proofs(proposal, detail.evidence),
        "bars": proposal_page.budget_bars(detail),
        "buttons": proposal_page.buttons(
            gist, detail.steps, outward=bool(detail.judgement.facts.get("outward", {}).get("value"))
        ),
        "may_decide": detail.may_decide,
        "why_not": detail.why_not,
        "may_edit": detail.may_decide
        and all(may(request, command.kinds()[each.kind].right) for each in detail.commands),
        "may_withdraw": own and proposal.status in Proposal.REVISABLE,
        "moves": proposal.status in MOVES,
        "similar": proposal_page.similar(proposal),
        "history": timeline.lines(reversed(detail.history)),
    }


def _may_propose(request: HttpRequest, commands: Sequence[CommandView]) -> bool:
    known = command.kinds()
    return all(may(request, known[each.kind].right) for each in commands)


def _shows(fact: ShownFact) -> bool:
    """Facts behind the verdict and the leading ones; what the commands are called is said above already."""
    return fact.state != "not_applicable" and (fact.leading or (fact.fired and not fact.says_kind))


@page(right="proposal.view")
def proposal(request: HttpRequest, reference: str) -> HttpResponse:
    return show(request, "console/proposal.html", _context(request, _found(request, reference)))


@page(right="proposal.view")
def state(request: HttpRequest, reference: str) -> HttpResponse:
    """Where it stands now; a carried-out proposal reloads its page once."""
    found = _found(request, reference)
    if found.status not in MOVES:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return fragment(request, "console/_moving.html", {"proposal": found})


@page(right="proposal.view")
def evidence(request: HttpRequest, reference: str, position: int) -> HttpResponse:
    """One claim against its source, beside the page."""
    found = _found(request, reference)
    row = found.evidence.filter(revision=found.revision, position=position).first()
    if row is None:
        raise NotFound()
    context = {
        "title": _("Evidence %(number)d") % {"number": position},
        "here": _("Evidence %(number)d") % {"number": position},
        "crumbs": [(found.reference, reverse("console:proposal", args=[found.reference]))],
        "row": row,
        "state": proposal_page.state_of(row),
        "place": proposal_page.place_of(row),
        "link": proposal_page.link_of(row),
        "now_says": _now_says(row, found),
    }
    if row.source_kind == Evidence.SourceKind.SPAN:
        ref = row.source_ref
        source = Source.objects.filter(digest=ref["source_digest"]).first()
        if source is not None and sight.may_read_source(person_of(request), source, found.entity):
            context |= excerpt(source, ref["start"], ref["end"])
    if by_htmx(request):
        return fragment(request, "console/_evidence.html", context)
    return show(request, "console/evidence.html", context)


def _now_says(row: Evidence, proposal: Proposal) -> str:
    """What the source says at this moment, when it is a record."""
    ref = row.source_ref
    try:
        if row.source_kind == Evidence.SourceKind.ROW:
            value = readings.row(ref["kind"], ref["key"], ref["field"], entity=proposal.entity).value
        elif row.source_kind == Evidence.SourceKind.READING:
            value = readings.row(ref["table"], ref["key"], ref["field"], entity=proposal.entity).value
        elif row.source_kind == Evidence.SourceKind.QUOTE_LINE:
            value = readings.quote_line(str(ref["bid_line_id"]), ref["field"], entity=proposal.entity).value
        else:
            return ""
    except Unreadable as error:
        return error.message
    return readings.as_text(value)


@page(right="proposal.decide", methods=("POST",))
def decide(request: HttpRequest, reference: str) -> HttpResponse:
    """One decision on the version that was looked at. A stale one shows what changed; nothing happens."""
    found = _found(request, reference)
    fingerprint, kind = request.POST.get("fingerprint", ""), request.POST.get("kind", "")
    comment = request.POST.get("comment", "").strip()
    actor = actor_of(request)
    try:
        if kind == "approve":
            decisions.approve(found, actor=actor, fingerprint=fingerprint, comment=comment)
        elif kind == "reject":
            decisions.reject(found, actor=actor, fingerprint=fingerprint, reason=comment)
        elif kind == "return":
            decisions.ask_changes(found, actor=actor, fingerprint=fingerprint, reason=comment)
        else:
            raise InvalidInput(_("Approve, reject or ask for changes."))
    except Stale as error:
        error.context["difference"] = proposal_page.changed_since(queries.find(reference), fingerprint)
        return refuse(request, error, back=reverse("console:proposal", args=[reference]))
    except InvalidInput as error:
        kept = {"problem": error.message, "kept": comment, "kept_kind": kind}
        return show(request, "console/proposal.html", _context(request, queries.find(reference)) | kept, status=422)
    messages.success(request, _said(kind, queries.find(reference)))
    return _onwards(request, reference)


def _said(kind: str, after: Proposal) -> str:
    words = {"ref": after.reference}
    if kind == "reject":
        return _("%(ref)s is rejected; its author is told why.") % words
    if kind == "return":
        return _("%(ref)s went back to its author with your words.") % words
    if after.status == Proposal.Status.WAITING:
        return _("Your level of %(ref)s is approved. The next level is asked.") % words
    return _("%(ref)s is approved and is being carried out.") % words


def _onwards(request: HttpRequest, reference: str) -> HttpResponse:
    """Back to the queue as it was filtered when the decision came from there, at the next proposal."""
    if "back" not in request.POST:
        return redirect("console:proposal", reference)
    params = QueryDict(request.POST["back"], mutable=True)
    params.pop("open", None)
    tab = params.get("tab", "mine")
    waiting = queries.queue(person_of(request), tab if tab in queries.TABS else "mine", limit=2)
    following = [gist.reference for gist in waiting if gist.reference != reference]
    if following and tab == "mine":
        params["open"] = following[0]
    query = urlencode(list(params.items()))
    return redirect(f"{reverse('console:queue')}{'?' if query else ''}{query}")


@page(right="proposal.undo", methods=("POST",))
def undo_it(request: HttpRequest, reference: str) -> HttpResponse:
    """Proposes the declared compensations in reverse; the policy judges that like anything else."""
    found = _found(request, reference)
    made = undo.propose(found, actor=actor_of(request), reason=request.POST.get("reason", ""))
    messages.success(request, _("%(ref)s proposes to undo it.") % {"ref": made.reference})
    return redirect("console:proposal", made.reference)


@page(methods=("POST",))
def withdraw(request: HttpRequest, reference: str) -> HttpResponse:
    found = _found(request, reference)
    reason = request.POST.get("reason", "").strip()
    if not reason:
        raise InvalidInput(_("Say why it is withdrawn."))
    proposals.withdraw(found, actor=actor_of(request), reason=reason[:500])
    messages.success(request, _("%(ref)s is withdrawn.") % {"ref": reference})
    return redirect("console:proposal", reference)
