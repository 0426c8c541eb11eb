"""Commands: frozen, typed imperatives. Declared on the floor of what they change, carried out through one door.

A proposal bundles commands; its fingerprint is the SHA-256 of the RFC 8785 form of the bundle.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict

from ledger import jcs
from ledger.errors import InvalidInput
from ledger.money import Money

if TYPE_CHECKING:
    from ledger.models import Person


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """A row in the ledger's words: kind and stable key, with its version where it has one."""

    kind: str
    key: str
    version: str = ""

    def as_json(self) -> dict[str, str]:
        out = {"kind": self.kind, "key": self.key}
        return out | {"version": self.version} if self.version else out


@dataclass(frozen=True, slots=True)
class Subjects:
    """What a command touches, for facts and for search. Keys, never names."""

    vendor: str | None = None
    vendors: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    category: str | None = None
    amount: Money | None = None
    cost_centre: str | None = None
    requisition: str | None = None
    event: str | None = None
    order: str | None = None
    plan_template: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a preview: what a field was, and what it becomes. Empty `before` means new."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Exit:
    """How a command can be undone, said before it is carried out. `within` None: no deadline of its own."""

    how: str
    reversible: bool = True
    within: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Carried:
    """What a handler leaves behind. `compensation` undoes it, as a command with the ids now known."""

    result: dict[str, Any] = field(default_factory=dict)
    objects: tuple[ObjectRef, ...] = ()
    compensation: Command | None = None


class Command(BaseModel):
    """Subclass per imperative (`class IssueOrder(Command)`). Fields: str, int, bool, date, Decimal, lists of such."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")
    #: How a person says it: "Issue order".
    label: ClassVar[str] = ""
    #: The right a person needs to propose it (ledger.rights).
    right: ClassVar[str] = "proposal.make"
    #: It leaves the house: an ERP, a supplier, a payment. Solo mode and policies ask about it.
    outward: ClassVar[bool] = False
    #: It deserves a different second person whatever its amount: policy, limits, bank details.
    two_people: ClassVar[bool] = False

    @classmethod
    def kind(cls) -> str:
        return cls.__name__

    def subjects(self) -> Subjects:
        return Subjects()

    def stated(self) -> dict[str, Any]:
        """Those of its subjects that its own fields tell, by name, when `subjects` must read rows for the others."""
        return {}

    def sentence(self) -> str:
        """Verb first: “Issue order to Cipla for 2,000 packs Lamivudine/Zidovudine”."""
        return self.label or self.kind()

    def preview(self) -> Sequence[Change]:
        return ()

    def exit(self) -> Exit:
        return Exit(how="This cannot be undone.", reversible=False)

    def check(self) -> None:
        """Refuses what could never be carried out (unknown vendor, empty lines) with `InvalidInput`."""

    def check_asker(self, person: Person) -> None:
        """Refuses a person whose right does not reach the very object (`NotAllowed`). Undoing is asked of by policy."""

    def lock_keys(self) -> Sequence[ObjectRef]:
        """Rows that carrying out must hold before it judges again; taken in sorted order."""
        return ()

    def as_json(self) -> dict[str, Any]:
        return {"kind": self.kind(), "fields": canonical(self.model_dump(mode="python"))}


def canonical(value: Any) -> Any:
    """Plain JSON values for RFC 8785: decimals and dates as strings, no floats, integers within ±2^53."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int):
        if abs(value) >= 2**53:
            raise InvalidInput("A number in a command must stay below 2^53; write it as a string.")
        return value
    if isinstance(value, float):
        raise InvalidInput("A float cannot be sealed; use a decimal string.")
    if isinstance(value, dict):
        return {str(key): canonical(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [canonical(each) for each in value]
    if isinstance(value, set | frozenset):
        return sorted((canonical(each) for each in value), key=jcs.dumps)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise InvalidInput(f"A {type(value).__name__} cannot be sealed.")


def digest(value: Any) -> str:
    """SHA-256 of the RFC 8785 form, in hex."""
    return hashlib.sha256(jcs.dumps(canonical(value))).hexdigest()


def fingerprint(commands: Iterable[Command]) -> str:
    return digest([each.as_json() for each in commands])


@dataclass(frozen=True, slots=True)
class Registration:
    command: type[Command]
    handler: str
    together: bool


_registry: dict[str, Registration] = {}
Handler = Callable[..., Carried]


def register(command: type[Command], *, handler: str, together: bool = False) -> None:
    """Called in an app's `ready`. `handler` is a dotted path: nobody imports handlers. One that works `together` takes
    all commands of its kind that stand side by side in a bundle, and answers with as many results in their order."""
    _registry[command.kind()] = Registration(command, handler, together)


def kinds() -> dict[str, type[Command]]:
    return {kind: each.command for kind, each in sorted(_registry.items())}


def handler_path(kind: str) -> str:
    """For approvals.execution alone."""
    return _registry[kind].handler


def works_together(kind: str) -> bool:
    return _registry[kind].together


def build(kind: str, fields: dict[str, Any]) -> Command:
    """The command of that kind from plain JSON; `InvalidInput` names the field that is wrong."""
    from pydantic import ValidationError

    if kind not in _registry:
        raise InvalidInput(f"There is no command “{kind}”. Known: {', '.join(sorted(_registry))}.")
    try:
        return _registry[kind].command.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InvalidInput(f"{kind}: {where or 'the command'}: {first['msg']}", errors=error.errors()) from None
