"""How often one address or one link may knock: guesses of links and floods meet a wall, a supplier at work never does.

Counted per minute of the clock in the shared cache.
"""

from __future__ import annotations

import time

from django.core.cache import cache
from django.http import HttpRequest

from procure.models import Invitation

MOST_A_MINUTE = 120
MOST_WRONG_LINKS = 20
WINDOW = 60


def _count(what: str, most: int) -> bool:
    """True when this has happened more than `most` times in this minute."""
    # The minute stands in the key: some caches start the time to live anew with each count.
    key = f"portal:{what}:{int(time.time()) // WINDOW}"
    if cache.add(key, 1, 2 * WINDOW):
        return most < 1
    try:
        return cache.incr(key) > most
    except ValueError:  # it ran out between the two
        return False


def too_many(invitation: Invitation) -> bool:
    """Visits and posts with one supplier's link, from wherever they come."""
    return _count(f"visit:{invitation.pk}", MOST_A_MINUTE)


def too_many_wrong(request: HttpRequest) -> bool:
    """Links that open nothing, from one address. Right links are not counted: a whole office may share an address."""
    return _count(f"wrong:{request.META.get('REMOTE_ADDR', '')}", MOST_WRONG_LINKS)
