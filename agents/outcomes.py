"""How an act ends: with a result, by waiting, by asking, by handing over, or with the whole plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from approvals.evidence import Claim
from ledger.command import ObjectRef


@dataclass(frozen=True, slots=True)
class Finish:
    """The step is done. `result` is plain JSON; each figure in it has a claim in `evidence`.

    `reader`, of a step that read outside text, is what reading it once more takes: digests, the day, the version.
    """

    result: Mapping[str, Any]
    evidence: Sequence[Claim] = ()
    reader: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Await:
    """Acts again when the journal names one of these objects, or at `until`. Holds nothing meanwhile.

    `note` says to a person what is awaited; `memory` (plain JSON) is given back to the next act.
    """

    on: Sequence[ObjectRef]
    note: str
    until: datetime | None = None
    memory: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class AskPerson(Await):
    """Waits for a person's answer; pages show it as such."""


@dataclass(frozen=True, slots=True)
class Park:
    """A person must look: the step stops here with this reason, the rest of the plan goes on."""

    reason: str


@dataclass(frozen=True, slots=True)
class End:
    """The plan ends here, early and in order: rejected, withdrawn."""

    reason: str


Outcome = Finish | Await | AskPerson | Park | End
