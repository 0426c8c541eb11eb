"""Trigger rules: those in force with their versions, and the form on which somebody drafts and proposes others."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from agents import difference, trigger_rules, trigger_versions
from agents.commands import PublishTriggers
from agents.happenings import FACTS
from agents.models import PlanTemplate, TriggerRules
from approvals import proposals
from approvals.models import Proposal
from ledger.command import ObjectRef, build
from ledger.errors import InvalidInput
from procure.console import timeline, trigger_form
from procure.console.pages import actor_of, entity_of, may, page, show

SEE, EDIT = "records.view", trigger_versions.RIGHT


@page(right=SEE)
def rules(request: HttpRequest) -> HttpResponse:
    entity = entity_of(request)
    found = list(TriggerRules.objects.filter(entity=entity).order_by("-version"))
    before = [*(each.rules for each in found[1:]), trigger_versions.shipped()]
    waiting = Proposal.objects.filter(entity=entity, status__in=Proposal.LIVE, command_kinds="PublishTriggers")
    context = {
        "title": _("Trigger rules"),
        "rules": [
            (each, _(FACTS[each.on].said) if each.on in FACTS else "") for each in trigger_versions.in_force(entity)
        ],
        "versions": [(row, difference.of_rules(old, row.rules)) for row, old in zip(found, before, strict=False)],
        "waiting": waiting.order_by("-pk")[:20],
        "may_edit": may(request, EDIT),
        "history": timeline.history(ObjectRef("triggers", "rules")),
    }
    return show(request, "console/triggers.html", context)


@page(right=EDIT, methods=("GET", "HEAD", "POST"))
def edit(request: HttpRequest) -> HttpResponse:
    """What is posted is looked at and shown again; only what is sent becomes a proposal."""
    entity = entity_of(request)
    if request.method != "POST":
        now = trigger_versions.version_in_force(entity)
        return _form(request, trigger_versions.data_in_force(entity), base=now.version if now else 0)
    verb, _colon, number = request.POST.get("do", "look").partition(":")
    data = trigger_form.read(request.POST)
    data = trigger_form.changed(data, verb, int(number) if number.isdecimal() and len(number) < 4 else 0)
    base = request.POST.get("base", "")
    base_version = int(base) if base.isdecimal() and len(base) < 9 else 0
    if verb != "send":
        return _form(request, data, base=base_version)
    try:
        if not request.POST.get("rationale", "").strip():
            raise InvalidInput(_("Say why: whoever decides needs a reason."))
        values = {"entity": entity.code, "base_version": base_version, "rules": data}
        made = proposals.propose(
            commands=[build(PublishTriggers.kind(), values)],
            actor=actor_of(request),
            entity=entity,
            rationale=request.POST["rationale"],
        )
    except InvalidInput as error:
        return _form(request, data, base=base_version, refusal=error.message, status=422)
    messages.success(request, _("Proposed as %(ref)s. Somebody else decides.") % {"ref": made.reference})
    return redirect("console:proposal", made.reference)


def _form(
    request: HttpRequest, data: list[dict[str, Any]], *, base: int, refusal: str = "", status: int = 200
) -> HttpResponse:
    entity = entity_of(request)
    problems = trigger_versions.problems(data, entity=entity)
    published = PlanTemplate.objects.filter(entity=entity, status=PlanTemplate.Status.PUBLISHED)
    now = trigger_versions.data_in_force(entity)
    context = {
        "title": _("Draft of the trigger rules"),
        "here": _("draft"),
        "crumbs": [(_("Trigger rules"), reverse("console:triggers"))],
        "rows": trigger_form.rows(data, problems),
        "whole": [each.message for each in problems if not each.number],
        "wrong": len(problems),
        "base": base,
        "refusal": refusal,
        "rationale": request.POST.get("rationale", ""),
        "facts": trigger_form.facts(),
        "kinds": trigger_form.kinds(),
        "templates": published.order_by("name").values_list("name", flat=True),
        "changes": [] if problems else difference.of_rules(now, data),
        "most": trigger_rules.MOST,
    }
    return show(request, "console/triggers_edit.html", context, status=status)
