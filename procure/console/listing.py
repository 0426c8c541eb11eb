"""Lists of one kind of object: what it is, how many, filters as chips, search, export of what is filtered."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse

from ledger.models import LegalEntity
from procure.console.pages import entity_of, may, person_of, show

PER_PAGE = 50
MOST_EXPORTED = 20_000
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Column:
    """`cell` is what the page shows (safe HTML or text), `plain` what an export holds."""

    header: Any
    cell: Callable[[Any], Any]
    plain: Callable[[Any], Any]
    css: str = ""


@dataclass(frozen=True, slots=True)
class Chip:
    value: str
    label: Any
    condition: Callable[[LegalEntity], Q]


@dataclass(frozen=True, slots=True)
class Listing:
    name: str
    title: Any
    lead: Any
    rows: Callable[[Any], QuerySet]
    columns: tuple[Column, ...]
    chips: tuple[Chip, ...]
    search: tuple[str, ...]
    empty: Any
    address: Callable[[Any], str]
    #: Fills in what one query for the whole page can find, e.g. counts of related rows.
    dress: Callable[[list[Any]], None] | None = None
    #: What begins another one: words, name of the page, right.
    begin: tuple[Any, str, str] | None = None


def narrowed(listing: Listing, request: HttpRequest) -> tuple[QuerySet, str, str]:
    entity = entity_of(request)
    rows = listing.rows(person_of(request))
    chosen = request.GET.get("show", "")
    for chip in listing.chips:
        if chip.value == chosen:
            rows = rows.filter(chip.condition(entity))
    words = request.GET.get("q", "").strip()[:100]
    if words:
        matches = Q()
        for path in listing.search:
            matches |= Q(**{f"{path}__icontains": words})
        rows = rows.filter(pk__in=rows.filter(matches).order_by().values("pk"))
    return rows, chosen, words


def respond(request: HttpRequest, listing: Listing) -> HttpResponse:
    rows, chosen, words = narrowed(listing, request)
    if request.GET.get("format") == "csv":
        return export(listing, rows)
    page: Page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    found = whole(rows, page.object_list)
    if listing.dress:
        listing.dress(found)
    table = [(listing.address(row), [(column, column.cell(row)) for column in listing.columns]) for row in found]
    return show(
        request,
        "console/listing.html",
        {
            "title": listing.title,
            "listing": listing,
            "table": table,
            "listed": page,
            "chosen": chosen,
            "words": words,
            "may_begin": listing.begin is not None and may(request, listing.begin[2]),
        },
    )


def whole(rows: QuerySet, shown: Any) -> list[Any]:
    """The rows of one page with all that belongs to them. Chosen by number first: with the tables beside them, SQLite
    joins and sorts all rows there are for the few that are shown."""
    numbers = list(shown.values_list("pk", flat=True)) if isinstance(shown, QuerySet) else [each.pk for each in shown]
    known = {each.pk: each for each in rows.filter(pk__in=numbers)}
    return [known[number] for number in numbers if number in known]


def export(listing: Listing, rows: QuerySet) -> HttpResponse:
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{listing.name}.csv"'
    writer = csv.writer(response)
    writer.writerow([str(column.header) for column in listing.columns])
    found = list(rows[:MOST_EXPORTED])
    if listing.dress:
        listing.dress(found)
    for row in found:
        writer.writerow([harmless(column.plain(row)) for column in listing.columns])
    return response


def harmless(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
