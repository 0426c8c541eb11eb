"""Who carries effects outside: each sender is a module-level object, registered by name and dotted path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal, Protocol

from django.utils.module_loading import import_string

from ledger.errors import DomainError
from ledger.models import Effect

Kind = Literal["confirmed", "refused", "unknown", "retry"]


class Ambiguous(DomainError):
    """The receiver cannot tell whether it has this already."""

    code = "ambiguous"
    permanent = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the receiver said. `retry` promises that it took nothing; `unknown` promises nothing."""

    kind: Kind
    external_id: str = ""
    external_number: str = ""
    answer: Mapping[str, Any] = field(default_factory=dict)
    detail: str = ""
    retry_after: timedelta | None = None


class Sender(Protocol):
    def send(self, effect: Effect) -> Outcome:
        """Makes the call, outside any transaction, before `effect.lease_until`. An exception counts as `unknown`."""

    def find(self, effect: Effect) -> Outcome | None:
        """Asks the receiver by effect key: its outcome, or None when surely absent. Raises `Ambiguous` when it
        cannot tell, anything else when it cannot be asked now."""

    def settle(self, effect: Effect, outcome: Outcome) -> None:
        """Writes rows and journal entry, inside the transaction that stores the result. Not called for `retry`."""


@dataclass(frozen=True, slots=True)
class _Registration:
    path: str
    in_order: bool


_senders: dict[str, _Registration] = {}


def register(sender: str, *, path: str, in_order: bool = True) -> None:
    """In an app's `ready`. `in_order`: effects on one object leave one after the other, as they were put; say False
    where each stands for itself (mail)."""
    _senders[sender] = _Registration(path, in_order)


def get(sender: str) -> Sender:
    return import_string(_senders[sender].path)


def names() -> list[str]:
    return sorted(_senders)


def ordered() -> list[str]:
    return sorted(name for name, each in _senders.items() if each.in_order)
