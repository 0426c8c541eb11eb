"""Named places where a process may die. Nothing happens here unless a drill has installed a hook."""

from __future__ import annotations

from collections.abc import Callable

#: In the order in which a step passes them.
POINTS = ("claimed", "acting", "proposed", "acted", "storing", "stored", "woken")

hook: Callable[[str], None] | None = None


def reach(point: str) -> None:
    if hook is not None:
        hook(point)
