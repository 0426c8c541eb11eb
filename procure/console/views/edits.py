"""Edit and approve: the decider's own version takes the place of what was proposed, and is judged afresh."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from approvals import chains, decisions, queries
from approvals.models import Proposal
from ledger import command, rights
from ledger.command import Command
from ledger.errors import InvalidInput, Stale
from procure.console import command_form, proposal_page, sight
from procure.console.pages import actor_of, page, person_of, refuse, show


@page(right="proposal.decide", methods=("GET", "HEAD", "POST"))
def edit(request: HttpRequest, reference: str) -> HttpResponse:
    """A form for each command of the bundle; sending it is a decision like any other, bound to what was looked at."""
    sight.one(sight.proposals(person_of(request)), reference)
    proposal = queries.find(reference)
    chains.require_turn(person_of(request), proposal)
    for right in sorted({each.right for each in _kinds(proposal)}):
        rights.require(actor_of(request), right)
    if request.method != "POST":
        return _form(request, proposal, [each["fields"] for each in proposal.commands])
    values = [
        command_form.read(known, request.POST, prefix=f"c{number}-") for number, known in enumerate(_kinds(proposal))
    ]
    comment = request.POST.get("comment", "").strip()
    try:
        edited = _built(proposal, values)
        decisions.edit_and_approve(
            proposal,
            actor=actor_of(request),
            fingerprint=request.POST.get("fingerprint", ""),
            commands=edited,
            comment=comment,
        )
    except Stale as error:
        seen = request.POST.get("fingerprint", "")
        error.context["difference"] = proposal_page.changed_since(queries.find(reference), seen)
        return refuse(request, error, back=reverse("console:proposal", args=[reference]))
    except InvalidInput as error:
        return _form(request, proposal, values, comment=comment, error=error, status=422)
    messages.success(request, _said(queries.find(reference)))
    return redirect("console:proposal", reference)


def _kinds(proposal: Proposal) -> list[type[Command]]:
    return [command.kinds()[each["kind"]] for each in proposal.commands]


def _built(proposal: Proposal, values: list[dict[str, Any]]) -> list[Command]:
    """The edited commands; an error knows which of them it is about."""
    out = []
    for number, (each, fields) in enumerate(zip(proposal.commands, values, strict=True)):
        try:
            out.append(command.build(each["kind"], fields))
        except InvalidInput as error:
            error.context["number"] = number
            raise
    return out


def _said(after: Proposal) -> str:
    words = {"ref": after.reference, "n": after.revision}
    if after.status == Proposal.Status.WAITING:
        return _("%(ref)s is now version %(n)s. The policy asks: somebody else approves your edit.") % words
    return _("%(ref)s is now version %(n)s, and the policy lets it pass.") % words


def _form(
    request: HttpRequest,
    proposal: Proposal,
    values: list[dict[str, Any]],
    *,
    comment: str = "",
    error: InvalidInput | None = None,
    status: int = 200,
) -> HttpResponse:
    wrong = error.context.get("number") if error else None
    errors = error.context.get("errors", []) if error else []
    forms = [
        (
            known.label or command_form.label_of(known.kind()),
            command_form.fields_of(known, fields, errors if number == wrong else (), prefix=f"c{number}-"),  # type: ignore[arg-type]
        )
        for number, (known, fields) in enumerate(zip(_kinds(proposal), values, strict=True))
    ]
    context = {
        "title": _("Edit and approve"),
        "crumbs": [(proposal.reference, reverse("console:proposal", args=[proposal.reference]))],
        "proposal": proposal,
        "forms": forms,
        "comment": comment,
        "problem": error.message if error else "",
        "fingerprint": request.POST.get("fingerprint") or proposal.fingerprint,
    }
    return show(request, "console/edit.html", context, status=status)
