"""The sidebar with its live counts, the search palette, and what the shell says about this tenant."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from ledger import rights
from ledger.models import LegalEntity


def entity_name(request: HttpRequest) -> str:
    entity = _entity(request)
    return entity.name if entity else ""


def environment(request: HttpRequest) -> list[str] | None:
    """The ribbon: a frozen date or solo mode is said on every page."""
    entity = _entity(request)
    words = []
    if entity and entity.frozen_date:
        words.append(_("Demo, the date stands at %(date)s") % {"date": entity.frozen_date.isoformat()})
    if settings.SOLO_MODE:
        words.append(_("Solo mode"))
    return [" · ".join(words), "warning"] if words else None


def account_links(request: HttpRequest) -> list[dict[str, str]]:
    return [
        {"title": _("Change password"), "link": reverse("account_change_password")},
        {"title": _("Two-factor sign-in"), "link": reverse("mfa_index")},
    ]


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    return []


def found(request: HttpRequest, words: str) -> list[Any]:
    return []


def _entity(request: HttpRequest) -> LegalEntity | None:
    return getattr(request.user, "entity", None)


__all__ = ["rights"]
