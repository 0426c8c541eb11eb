"""The approval queue: one line a proposal, the gist beside it, decisions without leaving the page."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _

from approvals import decisions, queries
from approvals.models import Proposal
from approvals.queries import Gist
from ledger import clock
from ledger.errors import DomainError, InvalidInput, NotFound
from procure.console import proposal_page, queue_page, sight
from procure.console.facts_shown import shown
from procure.console.pages import actor_of, entity_of, fragment, may, page, person_of, show

MOST_AT_ONCE = 50


def _tab(request: HttpRequest) -> str:
    """What one may decide comes first; who decides nothing lands on their own requests."""
    tab = request.GET.get("tab", "")
    allowed = _tabs(request)
    return tab if tab in allowed else allowed[0]


def _tabs(request: HttpRequest) -> list[str]:
    tabs = ["mine"] if may(request, "proposal.decide") else []
    tabs.append("requests")
    return [*tabs, "all"] if sight.sees_all(person_of(request)) else tabs


def _without_open(query: str) -> str:
    params = QueryDict(query, mutable=True)
    params.pop("open", None)
    return params.urlencode()


def gist_context(request: HttpRequest, reference: str, *, back: str = "") -> dict[str, object]:
    """What the pane and the decide bar need for one proposal."""
    seen = sight.one(sight.proposals(person_of(request)), reference)
    proposal = queries.find(seen.reference)
    gist = queries.gist(proposal)
    allowed, why_not = queries.may_decide(person_of(request), proposal)
    steps = list(proposal.steps.all())
    proofs = proposal_page.proofs(
        proposal, [each for each in proposal.evidence.all() if each.revision == proposal.revision]
    )
    states = {each.state for each in proofs}
    return {
        "gist": gist,
        "proposal": proposal,
        "facts": shown(gist.facts, currency=entity_of(request).base_currency),
        "worst": next((each for each in ("unverified", "stale", "verified") if each in states), ""),
        "may_decide": allowed,
        "why_not": why_not,
        "buttons": proposal_page.buttons(gist, steps, outward=_outward(proposal)),
        "back": _without_open(back),
    }


def _outward(proposal: Proposal) -> bool:
    facts = proposal.judgement.facts if proposal.judgement else {}
    return bool(facts.get("outward", {}).get("value"))


@page(right="proposal.view")
def queue(request: HttpRequest) -> HttpResponse:
    tab = _tab(request)
    person = person_of(request)
    everything = queries.queue(person, tab)
    now = clock.now()
    params = {key: request.GET[key] for key in ("risk", "by", "why", "late", "status") if request.GET.get(key)}
    gists = queue_page.ordered(queue_page.narrow(everything, params, now=now), request.GET.get("sort", "due"))
    context = {
        "title": _("Queue"),
        "tab": tab,
        "tabs": [(key, queries.count(person, key)) for key in _tabs(request)],
        "gists": gists,
        "late": {gist.reference for gist in gists if queue_page.is_late(gist, now)},
        "totals": queue_page.totals(gists),
        "filters": queue_page.filters(everything, params, now=now),
        "filtered": bool(params),
        "everything": len(everything),
        "beyond": max(0, queries.count(person, tab) - len(everything)),
        "sorts": queue_page.SORTS,
        "sort": request.GET.get("sort", "due"),
        "may_bulk": tab == "mine",
    }
    if reference := request.GET.get("open", ""):
        try:
            context |= gist_context(request, reference, back=request.GET.urlencode())
        except NotFound:
            context["gone"] = reference[:20]
    return show(request, "console/queue.html", context)


@page(right="proposal.view")
def gist(request: HttpRequest, reference: str) -> HttpResponse:
    """The pane alone."""
    htmx = getattr(request, "htmx", None)
    back = (htmx.current_url_abs_path if htmx else "") or ""
    return fragment(request, "console/_gist.html", gist_context(request, reference, back=back.partition("?")[2]))


@dataclass(frozen=True, slots=True)
class Candidate:
    """One proposal picked for approval together with others, and why it is left out, if it is."""

    gist: Gist
    left_out: str


@dataclass(frozen=True, slots=True)
class Result:
    gist: Gist
    approved: bool
    words: str


def _candidates(request: HttpRequest) -> list[Candidate]:
    picked = list(dict.fromkeys(request.GET.getlist("pick") or request.POST.getlist("pick")))
    if len(picked) > MOST_AT_ONCE:
        raise InvalidInput(_("At most %(most)d proposals are approved together.") % {"most": MOST_AT_ONCE})
    out = []
    for reference in picked:
        sight.one(sight.proposals(person_of(request)), reference)
        proposal = queries.find(reference)
        allowed, why_not = queries.may_decide(person_of(request), proposal)
        blocked = proposal.verdict == Proposal.Verdict.BLOCK
        out.append(
            Candidate(queries.gist(proposal), _("The policy blocks it.") if blocked else "" if allowed else why_not)
        )
    return out


@page(right="proposal.decide", methods=("GET", "POST"))
def approve_picked(request: HttpRequest) -> HttpResponse:
    """First a summary with what is left out; then each approved by itself, with a result each."""
    found = _candidates(request)
    ready = [each.gist for each in found if not each.left_out]
    context = {
        "title": _("Approve together"),
        "ready": ready,
        "left_out": [each for each in found if each.left_out],
        "totals": queue_page.totals(ready),
    }
    if request.method == "POST":
        context["results"] = [_approve(request, each) for each in ready]
        context["ready"] = []
    return show(request, "console/approve_picked.html", context)


def _approve(request: HttpRequest, gist: Gist) -> Result:
    seen = request.POST.get(f"fingerprint-{gist.reference}", "")
    try:
        decisions.approve(queries.find(gist.reference), actor=actor_of(request), fingerprint=seen)
    except DomainError as error:
        return Result(gist, approved=False, words=str(error.message))
    return Result(gist, approved=True, words=_("approved"))
