"""Outside text as it came, with the words that were used in their place."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from ledger.models import Source
from procure.console.pages import by_htmx, entity_of, fragment, page, person_of, show
from procure.console.sight import may_read_source

MOST_SHOWN = 60_000


@page(right="proposal.view")
def source(request: HttpRequest, digest: str) -> HttpResponse:
    """The whole text with `start`..`end` marked; beside the page when htmx asks."""
    found = Source.objects.filter(digest=digest).first()
    if found is None or not may_read_source(person_of(request), found, entity_of(request)):
        raise Http404
    start, end = (_offset(request.GET.get(name, "")) for name in ("start", "end"))
    context = {"title": _("Source")} | excerpt(found, start, end)
    if by_htmx(request):
        return fragment(request, "console/_source.html", context)
    return show(request, "console/source.html", context)


def excerpt(source: Source, start: int, end: int) -> dict[str, object]:
    """The text around a span, for the template; all of it when there is no such span."""
    text = _text(source)
    if not 0 <= start < end <= len(text):
        start = end = 0
    first = max(0, start - MOST_SHOWN // 2)
    last = min(len(text), first + MOST_SHOWN)
    return {
        "source": source,
        "readable": bool(text),
        "before": text[first:start],
        "used": text[start:end],
        "after": text[end:last],
        "cut_before": first,
        "cut_after": len(text) - last,
    }


def _offset(text: str) -> int:
    """-1, which no text has, for anything that is no offset."""
    return int(text) if text.isdecimal() and len(text) < 12 else -1


def _text(source: Source) -> str:
    try:
        return source.text if source.media_type.startswith("text/") else ""
    except UnicodeDecodeError:
        return ""
