"""Carries out this floor's commands, inside the transaction and under the authority of an approved proposal."""

from __future__ import annotations

from ledger import erasure
from ledger.actors import Actor
from ledger.authority import Authority, check
from ledger.command import Carried, ObjectRef
from ledger.commands import EraseSubject
from ledger.models import LegalEntity


def erase_subject(
    command: EraseSubject, *, authority: Authority, actor: Actor, entity: LegalEntity, cause: int
) -> Carried:
    check(authority)
    rows = erasure.erase(command.subject, actor=actor, entity=entity, causes=[cause])
    return Carried(
        result={"subject": command.subject, "rows": sum(rows.values())},
        objects=(ObjectRef("subject", command.subject),),
    )
