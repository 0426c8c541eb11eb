"""What a trigger is to both databases, and how their refusals begin."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trigger:
    """One trigger and the statement that makes it; on PostgreSQL also the function it calls and its kind as bits."""

    name: str
    table: str
    create: str
    function: str = ""
    bits: int = 0


#: How every refusal of a governed table begins, on both databases.
GOVERNED = "is governed: it changes only by a decided proposal"
APPEND_ONLY = "is append-only"
#: Tables that take new rows only, and what makes a row of each unique.
CHECKPOINT_TABLES = {
    "ledger_treenode": ("log_id", "level", '"index"'),
    "ledger_checkpoint": ("log_id", "size"),
    "ledger_anchoring": ("checkpoint_id", "anchor", "reference"),
}
