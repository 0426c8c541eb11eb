"""A visitor with a plain browser: fetches pages of this very application, fills in forms, presses buttons.

Goes through the whole HTTP stack (middleware, CSRF, sessions) in this process, so that a story needs no running server.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import httpx2
from django.conf import settings
from django.core.wsgi import get_wsgi_application


@dataclass
class Form:
    """One form of a page with its fields as they stand."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._open: Form | None = None
        self._area: str | None = None
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(given.get("action", ""), given.get("method", "get").lower())
            self.found.append(self._open)
        elif self._open is None or "disabled" in given:
            return
        elif tag == "textarea":
            self._area = given.get("name")
            self._open.fields[self._area or ""] = ""
        elif tag == "select":
            self._select = given.get("name")
        elif tag == "option" and self._select and ("selected" in given or self._select not in self._open.fields):
            self._open.fields[self._select] = given.get("value", "")
        elif tag == "button" and given.get("name"):
            self._open.buttons.append((given["name"], given.get("value", "")))
        elif tag == "input":
            self._take_input(given)

    def _take_input(self, given: dict[str, str]) -> None:
        name, kind = given.get("name"), given.get("type", "text").lower()
        if not name or self._open is None:
            return
        if kind in ("submit", "image"):
            self._open.buttons.append((name, given.get("value", "")))
        elif kind in ("checkbox", "radio"):
            if "checked" in given:
                self._open.fields[name] = given.get("value", "on")
        elif kind not in ("button", "reset", "file"):
            self._open.fields[name] = given.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._area is not None and self._open is not None:
            self._open.fields[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "textarea":
            self._area = None
        elif tag == "select":
            self._select = None


class Refused(Exception):
    """A page answered with an error."""

    def __init__(self, status: int, url: str, text: str) -> None:
        self.status = status
        super().__init__(f"{url} answered {status}: {text[:300]}")


class Visitor:
    """One browser: `open` a page, `submit` one of its forms."""

    def __init__(self) -> None:
        transport = httpx2.WSGITransport(app=get_wsgi_application())
        self._client = httpx2.Client(transport=transport, base_url=settings.BASE_URL, follow_redirects=True, timeout=60)
        self.page: httpx2.Response | None = None

    def open(self, url: str) -> str:
        return self._arrive(self._client.get(url))

    def forms(self) -> list[Form]:
        parser = _Forms()
        parser.feed(self.page.text if self.page is not None else "")
        return parser.found

    def submit(
        self, values: dict[str, Any], *, has: str = "", to: str = "", press: tuple[str, str] | None = None
    ) -> str:
        """Submits the first posting form that has a field or button called `has` and whose address ends with `to`."""
        if self.page is None:
            raise LookupError("open a page first")
        for form in self.forms():
            names = {*form.fields, *(name for name, _ in form.buttons)}
            if form.method == "post" and (not has or has in names) and form.action.endswith(to):
                break
        else:
            raise LookupError(f"{self.page.url} has no form with “{has or to}”")
        data = form.fields | {name: str(value) for name, value in values.items()} | (dict([press]) if press else {})
        target = urljoin(str(self.page.url), form.action)
        return self._arrive(self._client.post(target, data=data, headers={"Referer": str(self.page.url)}))

    def sign_in(self, username: str, password: str) -> None:
        self.open("/accounts/login/")
        self.submit({"login": username, "password": password}, has="password")
        if self._client.cookies.get(settings.SESSION_COOKIE_NAME) is None:
            raise Refused(401, "/accounts/login/", f"{username} could not sign in")

    def _arrive(self, page: httpx2.Response) -> str:
        self.page = page
        if page.status_code >= 400:
            raise Refused(page.status_code, str(page.url), page.text)
        return page.text
