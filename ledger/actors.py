"""Who did a thing: a person, an agent, a supplier, the standing policy, or the system itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ledger.models import Person


class ActorKind(StrEnum):
    HUMAN = "human"
    AGENT = "agent"
    SUPPLIER = "supplier"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """`id` is stable and not a name: a person's primary key, a role, a vendor key, `policy:3`, a component."""

    kind: ActorKind
    id: str
    name: str = ""

    @classmethod
    def human(cls, person: Person) -> Actor:
        return cls(ActorKind.HUMAN, str(person.pk), person.get_full_name() or person.get_username())

    @classmethod
    def agent(cls, role: str) -> Actor:
        return cls(ActorKind.AGENT, role, role.replace("_", " "))

    @classmethod
    def supplier(cls, vendor_key: str, name: str = "") -> Actor:
        return cls(ActorKind.SUPPLIER, vendor_key, name)

    @classmethod
    def system(cls, component: str) -> Actor:
        return cls(ActorKind.SYSTEM, component, component)

    @classmethod
    def policy(cls, version: int) -> Actor:
        """The published policy version that lets a proposal pass without a person."""
        return cls(ActorKind.SYSTEM, f"policy:{version}", f"policy version {version}")

    @property
    def is_human(self) -> bool:
        return self.kind == ActorKind.HUMAN

    @property
    def is_policy(self) -> bool:
        return self.kind == ActorKind.SYSTEM and self.id.startswith("policy:")

    @property
    def person_id(self) -> int | None:
        return int(self.id) if self.is_human else None

    @property
    def mark(self) -> str:
        """The mark a page draws: person (round), agent (square), policy (shield), supplier (house), system."""
        if self.is_policy:
            return "policy"
        return "person" if self.is_human else str(self.kind)

    def as_json(self) -> dict[str, str]:
        """What the ledger keeps: never a personal name."""
        return {"kind": str(self.kind), "id": self.id}
