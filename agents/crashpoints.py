"""Where a process may die while it works on a plan; the hook that a drill installs is the ground's."""

from __future__ import annotations

from ledger.crashpoints import reach

__all__ = ["POINTS", "reach"]

#: In the order in which a step passes them; then those inside the transactions that change the plan itself.
POINTS = (
    *("claimed", "acting", "proposed", "acted", "storing", "stored", "woken"),
    *("fanned_out", "gathered", "compensating", "given_up", "reminded", "steered"),
)
