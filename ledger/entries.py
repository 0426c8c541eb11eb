"""What this floor writes into the journal: one function per fact."""

from __future__ import annotations

from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.journal import record
from ledger.models import Entry, LegalEntity, Switch


def switch_turned(switch: Switch, *, actor: Actor, entity: LegalEntity) -> Entry:
    return record(
        "switch.stopped" if switch.stopped else "switch.started",
        actor=actor,
        entity=entity,
        objects=[ObjectRef("switch", switch.scope)],
        data={"reason": switch.reason},
    )


def batch_imported(*, batch: str, digest: str, counts: dict[str, int], actor: Actor, entity: LegalEntity) -> Entry:
    """One entry for a whole file or data set, with its digest: its rows are not recorded one by one."""
    return record(
        "batch.imported",
        actor=actor,
        entity=entity,
        objects=[ObjectRef("batch", batch)],
        data={"digest": digest, "counts": {name: str(count) for name, count in counts.items()}},
    )
