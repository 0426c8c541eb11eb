"""The help pages, for everybody who is signed in."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from ledger.errors import NotFound
from procure.console import help_text
from procure.console.pages import page, show


@page()
def contents(request: HttpRequest) -> HttpResponse:
    pages = [found for name in help_text.names() if (found := help_text.page(name))]
    return show(request, "console/help_contents.html", {"title": _("Help"), "pages": pages})


@page()
def text(request: HttpRequest, name: str) -> HttpResponse:
    found = help_text.page(name)
    if found is None:
        raise NotFound(_("There is no help page “%(name)s”.") % {"name": name[:40]})
    crumbs = [(_("Help"), reverse("console:help"))]
    return show(request, "console/help.html", {"title": found.title, "help": found, "crumbs": crumbs})
