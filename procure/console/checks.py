"""Says at start-up what in the settings is half done or contradicts itself, and what to set."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks


@checks.register("procure")
def check_base_url(**_: Any) -> list[checks.CheckMessage]:
    """Personal links in mails are built from it."""
    parts = urlsplit(settings.BASE_URL)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path not in ("", "/"):
        hint = "Set BASE_URL to the portal's address without a path, such as https://procure.example.org"
        return [
            checks.Error(
                f"BASE_URL is “{settings.BASE_URL}”, which no supplier can open.", hint=hint, id="procure.E001"
            )
        ]
    if settings.BASE_URL.endswith("/"):
        return [checks.Error("BASE_URL ends with a slash.", hint="Leave the slash out.", id="procure.E001")]
    return []


@checks.register("procure")
def check_model_tiers(**_: Any) -> list[checks.CheckMessage]:
    """A tier is all set or not at all; without it the rules answer."""
    found: list[checks.CheckMessage] = []
    for tier, set_to in settings.MODEL_TIERS.items():
        names = {"base_url": f"MODEL_{tier.upper()}_URL", "model": f"MODEL_{tier.upper()}_NAME"}
        missing = [variable for key, variable in names.items() if not set_to[key]]
        if missing and len(missing) < len(names):
            hint = f"Set {' and '.join(missing)}, or leave the whole tier out."
            found.append(checks.Error(f"The model tier “{tier}” is set by half.", hint=hint, id="procure.E002"))
        if set_to["timeout"] <= 0:
            hint = f"Set MODEL_{tier.upper()}_TIMEOUT to seconds above 0."
            found.append(checks.Error(f"The model tier “{tier}” has no time to answer.", hint=hint, id="procure.E002"))
    return found


@checks.register("procure")
def check_undo_window(**_: Any) -> list[checks.CheckMessage]:
    if settings.UNDO_WINDOW.total_seconds() < 0:
        hint = "Set UNDO_WINDOW_SECONDS to 0 or more."
        return [checks.Error("The undo window is negative.", hint=hint, id="procure.E003")]
    return []


@checks.register("procure")
def check_folders(**_: Any) -> list[checks.CheckMessage]:
    """Database, keys and collected files live there."""
    if os.access(settings.VAR_DIR, os.W_OK):
        return []
    hint = "Let this user write there, or set PROCURE_VAR to another folder."
    return [checks.Error(f"{settings.VAR_DIR} cannot be written.", hint=hint, id="procure.E004")]
