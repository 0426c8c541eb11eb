"""Names for the ids that rows and ledger entries carry, looked up together."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from ledger.actors import Actor, ActorKind
from ledger.models import Person
from vendors.models import Vendor


def actors(pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Actor]:
    """Actors with today's names for (kind, id) pairs: one query for people, one for vendors."""
    wanted = set(pairs)
    people = {
        str(person.pk): str(person)
        for person in Person.objects.filter(pk__in=[key for kind, key in wanted if kind == ActorKind.HUMAN])
    }
    suppliers = dict(
        Vendor.objects.filter(key__in=[key for kind, key in wanted if kind == ActorKind.SUPPLIER]).values_list(
            "key", "name"
        )
    )
    return {(kind, key): Actor(ActorKind(kind), key, _name(kind, key, people, suppliers)) for kind, key in wanted}


def _name(kind: str, key: str, people: dict[str, str], suppliers: dict[str, str]) -> str:
    if kind == ActorKind.HUMAN:
        return people.get(key, _("former user %(key)s") % {"key": key})
    if kind == ActorKind.SUPPLIER:
        return suppliers.get(key, key)
    if kind == ActorKind.SYSTEM and key.startswith("policy:"):
        return _("policy version %(number)s") % {"number": key.removeprefix("policy:")}
    if kind == ActorKind.AGENT:
        return _("%(role)s agent") % {"role": key.replace("_", " ")}
    return key.replace("_", " ")
