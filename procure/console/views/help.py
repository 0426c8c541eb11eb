"""The pages of help, for everybody who is signed in."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from procure.console import help_page
from procure.console.pages import page, show


@page(right="proposal.view")
def read(request: HttpRequest, name: str) -> HttpResponse:
    text = help_page.source(name)
    title = help_page.title(text)
    context = {"title": title, "here": title, "parts": help_page.contents(text), "body": help_page.as_html(text)}
    return show(request, "console/help.html", context)
