"""Plan templates: which there are, one with its versions, and the drawing board on which people design them."""

from __future__ import annotations

import json
import re
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from agents import difference, drafts, roles, templates, values
from agents.errors import BadTemplate
from agents.models import PlanTemplate, TemplateDraft
from approvals.models import Proposal
from ledger.command import ObjectRef
from ledger.errors import InvalidInput, NotFound
from procure.console import template_form, template_page, timeline
from procure.console.drawing import draw
from procure.console.pages import actor_of, entity_of, fragment, may, page, person_of, show
from procure.console.sketch import BOX_HEIGHT, Sketch, sketch

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
SEE, EDIT = "records.view", drafts.RIGHT
#: Roles whose steps a plan adds by itself.
APART = ("undo",)


@page(right=SEE)
def listing(request: HttpRequest) -> HttpResponse:
    lines = template_page.lines(entity_of(request))
    known = {each.template.name for each in lines}
    mine = list(drafts.of(person_of(request), entity_of(request))) if may(request, EDIT) else []
    context = {
        "title": _("Plan templates"),
        "lines": lines,
        "drafts": {each.name: each for each in mine},
        "new_drafts": [each for each in mine if each.name not in known],
        "may_edit": may(request, EDIT),
        "waiting": _waiting(request),
    }
    return show(request, "console/templates.html", context)


def _waiting(request: HttpRequest, name: str = "") -> list[Proposal]:
    """Proposals about templates that are not decided yet."""
    rows = Proposal.objects.filter(entity=entity_of(request), status__in=Proposal.LIVE)
    found = rows.filter(command_kinds__in=["PublishTemplate", "RetireTemplate"]).order_by("-pk")[:20]
    return [each for each in found if not name or each.commands[0]["fields"].get("name") == name]


@page(right=SEE)
def template(request: HttpRequest, name: str) -> HttpResponse:
    """One version, the newest when none is asked for: drawing, steps in words, what it changed."""
    known = template_page.versions(entity_of(request), name)
    asked = request.GET.get("version", "")
    chosen = next((each for each in known if str(each.row.version) == asked), known[0])
    drawn = sketch(chosen.row.definition, role_of=roles.of)
    context = {
        "title": chosen.row.title,
        "here": name,
        "crumbs": [(_("Plan templates"), reverse("console:templates"))],
        "name": name,
        "chosen": chosen,
        "versions": known,
        "in_force": next((each for each in known if each.row.status == PlanTemplate.Status.PUBLISHED), None),
        "drawing": draw(drawn, box_height=BOX_HEIGHT),
        "steps": template_page.steps(drawn.definition),
        "inputs": template_form.inputs_of(chosen.row.definition),
        "may_edit": may(request, EDIT),
        "draft": drafts.of(person_of(request), entity_of(request)).filter(name=name).first(),
        "waiting": _waiting(request, name),
        "history": timeline.history(ObjectRef("template", name)),
    }
    return show(request, "console/template.html", context)


@page(right=EDIT, methods=("POST",))
def begin(request: HttpRequest) -> HttpResponse:
    """A draft: of a template in force, of an older version of it, or of a new name."""
    entity, name = entity_of(request), request.POST.get("name", "").strip().lower()
    if not NAME.fullmatch(name):
        raise InvalidInput(_("A name is up to 60 small letters, digits and hyphens, like supplier-delay."))
    source = None
    if wanted := request.POST.get("version", ""):
        rows = PlanTemplate.objects.filter(entity=entity, name=request.POST.get("of") or name)
        source = rows.filter(version=wanted).first() if wanted.isdecimal() and len(wanted) < 9 else None
        if source is None:
            raise NotFound()
    drafts.begin(name, actor=actor_of(request), entity=entity, version=source, blank=template_form.BLANK)
    return redirect("console:template-edit", name)


def _mine(request: HttpRequest, name: str) -> TemplateDraft:
    return drafts.find(name, person=person_of(request), entity=entity_of(request))


@page(right=EDIT, methods=("GET", "HEAD", "POST"))
def edit(request: HttpRequest, name: str) -> HttpResponse:
    """The drawing board. Whatever is posted is kept first, so nothing is lost, whatever else was wanted."""
    draft = _mine(request, name)
    if request.method != "POST":
        return _board(request, draft)
    verb, _colon, number = request.POST.get("do", "keep").partition(":")
    actor = actor_of(request)
    if verb == "json":
        return _take_json(request, draft)
    if verb == "discard":
        drafts.discard(draft, actor=actor)
        messages.success(request, _("The draft is gone. What is in force stays."))
        return redirect("console:templates")
    definition = _posted(request)
    at = 0
    if verb in ("add", "drop", "up", "down") and number.isdecimal() and len(number) < 4:
        definition, at = template_form.changed(definition, verb, int(number))
    drafts.keep(draft, definition=definition, rationale=request.POST.get("rationale", ""), actor=actor)
    if verb == "rebase":
        drafts.rebase(draft, actor=actor)
    if verb == "send":
        return _send(request, draft)
    where = reverse("console:template-edit", args=[name])
    return redirect(f"{where}?open={at}#step-{at}" if at else f"{where}#live")


def _send(request: HttpRequest, draft: TemplateDraft) -> HttpResponse:
    try:
        made = drafts.propose(draft, actor=actor_of(request))
    except InvalidInput as error:
        return _board(request, draft, refusal=error.message, status=422)
    messages.success(request, _("Proposed as %(ref)s. Somebody else decides.") % {"ref": made.reference})
    return redirect("console:proposal", made.reference)


def _take_json(request: HttpRequest, draft: TemplateDraft) -> HttpResponse:
    text = request.POST.get("json", "")
    try:
        data = templates.from_json(text)
        if not isinstance(data, dict):
            raise BadTemplate(_("A template is an object with title, subject and a list of steps."))
        drafts.keep(draft, definition=data, rationale=draft.rationale, actor=actor_of(request))
    except BadTemplate as error:
        return _board(request, draft, json_text=text, refusal=error.message, status=422)
    return redirect(reverse("console:template-edit", args=[draft.name]))


def _posted(request: HttpRequest) -> dict[str, Any]:
    definition = template_form.read(request.POST)
    drawn = sketch(definition, role_of=roles.of)
    return template_form.completed(definition, request.POST, drawn, _roles())


@page(right=EDIT, methods=("POST",))
def live(request: HttpRequest, name: str) -> HttpResponse:
    """The drawing of what stands in the form now, and each field's problems and choices: kept as it is drawn."""
    draft = _mine(request, name)
    drafts.keep(
        draft,
        definition=_posted(request),
        rationale=request.POST.get("rationale", ""),
        actor=actor_of(request),
    )
    return fragment(request, "console/_template_live.html", _context(request, draft) | {"swap": True})


def _board(
    request: HttpRequest, draft: TemplateDraft, *, refusal: str = "", json_text: str | None = None, status: int = 200
) -> HttpResponse:
    context = _context(request, draft) | {
        "title": draft.definition.get("title") or draft.name,
        "here": _("draft"),
        "crumbs": [
            (_("Plan templates"), reverse("console:templates")),
            *([(draft.name, reverse("console:template", args=[draft.name]))] if draft.base_version else []),
        ],
        "refusal": refusal,
        "tab": "json" if json_text is not None or request.GET.get("tab") == "json" else "form",
        "json": json_text if json_text is not None else json.dumps(draft.definition, indent=2, ensure_ascii=False),
        "open": request.GET.get("open", ""),
    }
    return show(request, "console/template_edit.html", context, status=status)


def _context(request: HttpRequest, draft: TemplateDraft) -> dict[str, Any]:
    data = draft.definition
    problems = templates.problems(data)
    drawn, count = _drawn(data, problems)
    known = PlanTemplate.objects.filter(entity=draft.entity, name=draft.name)
    now = known.filter(status=PlanTemplate.Status.PUBLISHED).values_list("version", flat=True).first() or 0
    base = known.filter(version=draft.base_version).first()
    return {
        "draft": draft,
        "data": {name: data.get(name, "") for name in ("title", "purpose", "subject")},
        "problems": problems,
        "by_field": {each.field: each.message for each in problems if not each.number},
        "drawing": draw(drawn, box_height=BOX_HEIGHT),
        "count": count,
        "cards": template_form.cards(data, drawn, problems, _roles()),
        "inputs": [*template_form.inputs_of(data), *[("", "text")]],
        "work": template_form.work(_roles()),
        "subjects": sorted(values.KINDS),
        "types": sorted({*values.WORDS, *(f"list of {each}" for each in values.WORDS)}),
        "choices": template_form.CHOICES,
        "numbers": template_form.NUMBERS,
        "text_fields": template_form.WRITTEN,
        "head_fields": template_form.HEAD,
        "stale": now if now != draft.base_version else None,
        "changes": difference.between(base.definition if base else None, data) if not problems else [],
    }


def _drawn(data: dict[str, Any], problems: list[Any]) -> tuple[Sketch, int]:
    """Problems are counted at the key that the drawing gives the step."""
    first = sketch(data, role_of=roles.of)
    keys = {number: spec.key for number, spec in enumerate(first.definition.steps, 1)}
    counted: dict[str, int] = {}
    for each in problems:
        if each.number in keys:
            counted[keys[each.number]] = counted.get(keys[each.number], 0) + 1
    return sketch(data, role_of=roles.of, problems=counted), len(problems)


def _roles() -> dict[str, roles.Specification]:
    return {name: each for name, each in roles.specifications().items() if name not in APART}
