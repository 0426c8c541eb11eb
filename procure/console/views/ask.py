"""What do you need? The words are read as they are typed; nothing is kept or sent before the person says so."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from agents.readers import catalogue
from agents.readers.request import read_by_rules
from agents.readers.text import normalise
from agents.roles.intake import gaps
from agents.roles.intake.understanding import usual_centre
from ledger import clock
from ledger.errors import InvalidInput
from ledger.models import CostCentre, LegalEntity
from procure import requisitions
from procure.console.pages import actor_of, entity_of, fragment, page, person_of, show
from procure.console.understanding import Asked, Line, Understanding, headline, understood
from vendors.models import Item

#: Longer texts are read after they were handed in.
LONGEST_PREVIEW = 20_000


def _reading(request: HttpRequest, words: str) -> Understanding:
    if not any(letter.isalnum() for letter in words) or len(words) > LONGEST_PREVIEW:
        return Understanding(empty=True)
    entity, items = entity_of(request), catalogue.load()
    known = gaps.Known(
        today=clock.business_date(entity),
        items=items,
        centres=dict(_centres(entity).values_list("code", "name")),
        base_currency=entity.base_currency,
    )
    read = dict(read_by_rules(words, today=known.today, catalogue=items))
    chosen = request.POST.get("cost_centre", "")[:40]
    read["cost_centre"] = read.get("cost_centre") or chosen or usual_centre(person_of(request), entity)
    # The agent will ask just this, so the page says no less.
    read["questions"] = [each.text for each in gaps.find(read, known)]
    return understood(read, normalise(words).text)


def _centres(entity: LegalEntity) -> QuerySet[CostCentre]:
    return CostCentre.objects.filter(entity=entity)


def _thing(line: Line, items: Mapping[str, Item]) -> str:
    return items[line.item].name if line.item in items else line.description


def _parts(request: HttpRequest, words: str) -> dict[str, object]:
    reading = _reading(request, words)
    keys = [key for line in reading.lines for key in (line.item, *line.candidates) if key]
    items = {item.key: item for item in Item.objects.filter(key__in=keys)}
    asked = [Asked(line.quantity, line.unit, _thing(line, items)) for line in reading.lines]
    return {
        "words": words,
        "read": normalise(words).text if not reading.empty else "",
        "reading": reading,
        "too_long": len(words) > LONGEST_PREVIEW,
        "summary": headline(asked, ""),
        "items": items,
    }


@page(right="requisition.capture", methods=("GET", "HEAD", "POST"))
def ask(request: HttpRequest) -> HttpResponse:
    words = request.POST.get("words", request.GET.get("words", ""))
    centres = _centres(entity_of(request))
    context = {"title": _("What do you need?"), "here": _("Ask"), "centres": centres}
    if request.method == "POST":
        centre = centres.filter(code=request.POST.get("cost_centre", "")).first()
        try:
            made = requisitions.capture(
                words=words, actor=actor_of(request), entity=entity_of(request), cost_centre=centre
            )
        except InvalidInput as error:
            kept = context | _parts(request, words[:LONGEST_PREVIEW]) | {"problem": error.message}
            return show(request, "console/ask.html", kept, status=422)
        return redirect("console:requisition", made.reference)
    return show(request, "console/ask.html", context | _parts(request, words))


@page(right="requisition.capture", methods=("POST",))
def understand(request: HttpRequest) -> HttpResponse:
    """The reading of what was typed so far; leaves nothing behind."""
    return fragment(request, "console/_understood.html", _parts(request, request.POST.get("words", "")))
