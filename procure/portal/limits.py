"""How often one address may knock: guesses of links and floods of posts meet a wall, a supplier at work never does."""

from __future__ import annotations

from django.core.cache import cache
from django.http import HttpRequest

MOST_A_MINUTE = 120
MOST_WRONG_LINKS = 20
WINDOW = 60


def _count(what: str, request: HttpRequest, most: int) -> bool:
    """True when this address has done it more than `most` times in the running minute."""
    key = f"portal:{what}:{request.META.get('REMOTE_ADDR', '')}"
    if cache.add(key, 1, WINDOW):
        return False
    try:
        return cache.incr(key) > most
    except ValueError:  # it ran out between the two
        return False


def too_many(request: HttpRequest) -> bool:
    return _count("visit", request, MOST_A_MINUTE)


def too_many_wrong(request: HttpRequest) -> bool:
    return _count("wrong", request, MOST_WRONG_LINKS)
