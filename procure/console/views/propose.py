"""Proposing any command by a form made from its declaration. The same door that agents use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from approvals import proposals
from ledger import command, rights
from ledger.command import Command
from ledger.errors import DomainError, InvalidInput, NotFound
from ledger.models import CostCentre, LegalEntity
from procure.console import command_form
from procure.console.command_form import Field
from procure.console.pages import actor_of, entity_of, may, page, show
from vendors.models import Item, Vendor

MOST_SUGGESTED = 400


def _known(kind: str) -> type[Command]:
    if found := command.kinds().get(kind):
        return found
    raise NotFound(_("There is no command “%(kind)s”.") % {"kind": kind[:60]})


@page(right="proposal.make")
def kinds(request: HttpRequest) -> HttpResponse:
    """What this person may propose."""
    found = [
        {
            "kind": kind,
            "label": each.label or command_form.label_of(kind),
            "says": (each.__doc__ or "").strip().partition("\n")[0],
            "outward": each.outward,
            "two_people": each.two_people,
        }
        for kind, each in command.kinds().items()
        if may(request, each.right)
    ]
    return show(request, "console/propose_kinds.html", {"title": _("Propose"), "kinds": found})


@page(right="proposal.make", methods=("GET", "HEAD", "POST"))
def propose(request: HttpRequest, kind: str) -> HttpResponse:
    """GET: the form, filled from the address. POST `look`: a preview; POST `send`: the proposal."""
    known = _known(kind)
    rights.require(actor_of(request), known.right)
    entity = entity_of(request)
    if request.method != "POST":
        values = {name: request.GET[name] for name in known.model_fields if name in request.GET}
        return _form(request, known, _with_entity(known, values, entity))
    values = _with_entity(known, command_form.read(known, request.POST), entity)
    rationale = request.POST.get("rationale", "").strip()
    try:
        made = command.build(kind, values)
        made.check()
        if request.POST.get("do") != "send":
            return _form(request, known, values, rationale=rationale, made=made)
        if not rationale:
            raise InvalidInput(_("Say why: whoever decides needs a reason."))
        proposed = proposals.propose(
            commands=[made],
            actor=actor_of(request),
            entity=entity,
            rationale=rationale,
            key=request.POST.get("key") or None,
        )
    except InvalidInput as error:
        return _form(request, known, values, rationale=rationale, error=error, status=422)
    messages.success(request, _("Proposed as %(ref)s.") % {"ref": proposed.reference})
    return redirect("console:proposal", proposed.reference)


def _with_entity(known: type[Command], values: dict[str, Any], entity: LegalEntity) -> dict[str, Any]:
    """A command that names its company always names the person's own."""
    return values | {"entity": entity.code} if "entity" in known.model_fields else values


def _form(
    request: HttpRequest,
    known: type[Command],
    values: dict[str, Any],
    *,
    rationale: str = "",
    made: Command | None = None,
    error: InvalidInput | None = None,
    status: int = 200,
) -> HttpResponse:
    errors = _errors(error)
    fields = command_form.fields_of(known, values, errors)
    preview, problem = _preview(made)
    context = {
        "title": known.label or command_form.label_of(known.kind()),
        "known": known,
        "fields": [each for each in fields if each.name != "entity"],
        "suggestions": _suggestions(fields, entity_of(request)),
        "rationale": rationale,
        "problems": command_form.plain_errors(errors) or ([error.message] if error else []),
        "made": made,
        "preview": preview,
        "preview_problem": problem,
        "exit": made.exit() if made else None,
        "key": request.POST.get("key") or request.GET.get("key", ""),
    }
    return show(request, "console/propose.html", context, status=status)


def _suggestions(fields: Sequence[Field], entity: LegalEntity) -> dict[str, list[tuple[str, str]]]:
    """Known keys for the nouns that the form asks for, for the browser to complete."""
    nouns = {each.noun for field in fields for each in (field, *field.blank_line)}
    tables = {
        "vendor": Vendor.objects.filter(entity=entity).values_list("key", "name"),
        "item": Item.objects.filter(active=True).values_list("key", "name"),
        "cost_centre": CostCentre.objects.filter(entity=entity).values_list("code", "name"),
    }
    return {noun: list(rows[:MOST_SUGGESTED]) for noun, rows in tables.items() if noun in nouns}


def _errors(error: InvalidInput | None) -> list[dict[str, Any]]:
    """Pydantic's own, each with its place; none when the refusal is about the whole."""
    found = error.context.get("errors") if error else None
    return found if isinstance(found, list) else []


def _preview(made: Command | None) -> tuple[tuple[command.Change, ...], str]:
    if made is None:
        return (), ""
    try:
        return tuple(made.preview()), ""
    except DomainError as error:
        return (), str(error.message)
