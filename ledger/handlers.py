"""Carries out this floor's commands, inside the transaction and under the authority of an approved proposal."""

from __future__ import annotations

from collections.abc import Sequence

from ledger import erasure
from ledger.actors import Actor
from ledger.authority import Authority, check
from ledger.command import Carried, ObjectRef
from ledger.commands import EraseSubject
from ledger.models import LegalEntity


def erase_subjects(
    some: Sequence[EraseSubject], *, authority: Authority, actor: Actor, entity: LegalEntity, cause: int
) -> list[Carried]:
    """All of them in one go, because each table is passed over once however many they are."""
    check(authority)
    rows = erasure.erase_all([each.subject for each in some], actor=actor, entity=entity, causes=[cause])
    return [
        Carried(
            result={"subject": each.subject, "rows": sum(rows[each.subject].values())},
            objects=(ObjectRef("subject", each.subject),),
        )
        for each in some
    ]
