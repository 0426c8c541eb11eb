"""Who may see what beyond a right: outside text is read by those whose work it touches."""

from __future__ import annotations

from ledger import rights
from ledger.models import LegalEntity, Person, Source


def may_read_source(person: Person, source: Source, entity: LegalEntity) -> bool:
    """One's own words always; everything else with the right to see the ledger."""
    return source.origin == f"user:{person.pk}" or rights.person_may(person, "ledger.view")
