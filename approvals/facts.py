"""The table of facts: what a policy may ask about, and who answers. A fact without an answer is Uncomputable."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from django.db import Error as DatabaseError

from approvals.answers import asker, money, sourcing, supply
from approvals.matter import Matter
from approvals.vocabulary import VOCABULARY, Answer, Definition, Facts, Uncomputable, number
from ledger.errors import DomainError, LedgerUnavailable

log = logging.getLogger(__name__)
Provider = Callable[[Matter], Answer]


@dataclass(frozen=True, slots=True)
class Fact:
    definition: Definition
    provider: Provider | None


#: The policy answers for itself.
OF_POLICY = frozenset({"order_threshold"})


def _providers() -> dict[str, Provider]:
    found: dict[str, Provider] = {}
    for room in (asker, money, sourcing, supply):
        found |= {name: getattr(room, name) for name in VOCABULARY if hasattr(room, name)}
    if missing := VOCABULARY.keys() - found.keys() - OF_POLICY:
        raise RuntimeError(f"facts without a provider: {', '.join(sorted(missing))}")
    return found


_PROVIDERS = _providers()
FACTS: dict[str, Fact] = {name: Fact(definition, _PROVIDERS.get(name)) for name, definition in VOCABULARY.items()}


def compute(matter: Matter, *, order_threshold: Decimal) -> Facts:
    """All facts of this matter. What fails to compute is Uncomputable with the reason; it never raises for that."""
    answers = {name: _ask(name, provider, matter) for name, provider in _PROVIDERS.items()}
    answers["order_threshold"] = number(order_threshold, "set in the policy")
    return Facts({name: answers[name] for name in VOCABULARY})


def _ask(name: str, provider: Provider, matter: Matter) -> Answer:
    try:
        return provider(matter)
    except (DatabaseError, LedgerUnavailable):
        raise
    except DomainError as error:
        return Uncomputable(error.message)
    except Exception as error:
        log.exception("fact %s of %s", name, matter.fingerprint)
        return Uncomputable(f"could not be computed ({type(error).__name__})")
