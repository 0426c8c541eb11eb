"""What every ERP connector promises, and the plain values that go in and come out.

A connector is a folder: `connectors/<kind>/`. It knows one system's words and wire, keeps no state of ours and writes
none of our tables. Writes are safe to repeat under the same key: the receiver is asked before anything is made.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from ledger.actors import Actor
from ledger.errors import Misconfigured
from procure.erp.connectors.payloads import OrderReadBack, PurchaseOrder

if TYPE_CHECKING:
    from procure.models.erp import ErpConnection


class OrderState(StrEnum):
    """An order's life over there, in our words. DRAFT is begun but not binding: creating again carries it on."""

    DRAFT = "draft"
    OPEN = "open"
    FIXED = "fixed"  # receipts or invoices hang on it: the point of no return is behind
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class CallContext:
    """Who calls, about what, and until when it is worth waiting. `ends_at` is on this process's monotonic clock."""

    actor: Actor
    correlation_id: str
    ends_at: float
    dry_run: bool = False

    @classmethod
    def within(cls, seconds: float, *, actor: Actor, correlation_id: str, dry_run: bool = False) -> CallContext:
        return cls(actor, correlation_id, time.monotonic() + seconds, dry_run)

    @property
    def remaining(self) -> float:
        return max(0.0, self.ends_at - time.monotonic())


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What this kind of ERP can do. `key_length` is how much of our key its searchable field takes.

    `settles_within`: after this long a request that was sent is done or never will be; before, absence says little.
    """

    key_field: str
    key_length: int
    can_cancel_until: OrderState
    settles_within: timedelta = timedelta(0)
    has_etag: bool = False
    comment_field: str = ""


@dataclass(frozen=True, slots=True)
class WriteResult:
    """Where an order stands over there after a write or a search."""

    external_id: str
    external_number: str
    state: OrderState
    version_token: str = ""
    answer: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Party:
    """A supplier, as an ERP should know it."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Product:
    """Something to order; `unit` is our word for what its quantities count."""

    key: str
    name: str
    unit: str


@dataclass(frozen=True, slots=True)
class Masters:
    parties: tuple[Party, ...]
    products: tuple[Product, ...]


class Names(Protocol):
    """What our things are called over there, as far as it is known; `procure.erp.names` keeps it."""

    def known(self, kind: str, internal_key: str) -> str | None: ...

    def learn(self, kind: str, internal_key: str, external_id: str, external_number: str = "") -> None: ...


class ErpConnector(ABC):
    """One connection to one ERP. Every method may raise an `ErpError`; none retries by itself."""

    kind: ClassVar[str]
    label: ClassVar[str]
    capabilities: ClassVar[Capabilities]

    def __init__(self, connection: ErpConnection, *, names: Names) -> None:
        self.connection = connection
        self.names = names

    @abstractmethod
    def validate(self, order: PurchaseOrder, *, context: CallContext) -> None:
        """Looks up all that the order names and changes nothing; raises `Rejected` when it could not be created."""

    @abstractmethod
    def create_order(self, order: PurchaseOrder, *, key: str, context: CallContext) -> WriteResult:
        """Creates the order under the key and makes it binding, or finds and finishes the one already there.

        With `context.dry_run` it only validates.
        """

    @abstractmethod
    def find_by_key(self, key: str, *, context: CallContext) -> WriteResult | None:
        """The order with that key; None when there surely is none."""

    @abstractmethod
    def fetch(self, external_id: str, *, context: CallContext) -> OrderReadBack:
        """The order as the ERP holds it now; raises `Missing`."""

    @abstractmethod
    def cancel_order(self, external_id: str, *, key: str, context: CallContext) -> WriteResult:
        """Cancels it. One already cancelled stays so and is a success; raises `TooLate` past the point of no return."""

    def make_masters(self, masters: Masters, *, context: CallContext) -> dict[str, int]:
        """Makes what is missing and changes nothing that is there; returns how many of each. For `erp seed` alone."""
        raise Misconfigured(f"Master data cannot be made in {self.label} from here: keep it there.")

    def unit_name(self, ours: str) -> str:
        """What our unit is called over there."""
        return ours

    @abstractmethod
    def health(self, *, context: CallContext) -> str:
        """Signs in and says in a few words what answered, e.g. “Tryton 8.2”."""
