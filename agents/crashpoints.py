"""Named places where a process may die. Nothing happens here unless a drill has installed a hook."""

from __future__ import annotations

from collections.abc import Callable

#: In the order in which a step passes them; then those inside the transactions that change the plan itself.
POINTS = (
    *("claimed", "acting", "proposed", "acted", "storing", "stored", "woken"),
    *("fanned_out", "gathered", "compensating", "given_up", "reminded", "steered"),
)

hook: Callable[[str], None] | None = None


def reach(point: str) -> None:
    if hook is not None:
        hook(point)
