"""Segregation of duties, per object: nobody decides on what they requested, proposed or edited. Superusers included."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext as _

from approvals.models import Decision, Proposal
from ledger.actors import Actor, ActorKind
from ledger.models import Person
from ledger.rights import person_may


def conflict(person: Person, proposal: Proposal) -> str:
    """Why this person has a part in the proposal; empty when they have none."""
    if str(person.pk) in _authors(proposal):
        return _("You cannot decide on this: you proposed or edited it. Somebody else must.")
    if person.pk in _requesters(proposal):
        return _("You cannot decide on this: you requested it. Somebody else must.")
    return ""


def conflicted(proposal: Proposal) -> set[int]:
    """Primary keys of all people who have a part in it."""
    return _requesters(proposal) | {int(each) for each in _authors(proposal)}


def _requesters(proposal: Proposal) -> set[int]:
    return {proposal.requested_by_id} if proposal.requested_by_id else set()


def _authors(proposal: Proposal) -> set[str]:
    revisions = proposal.revisions.filter(author_kind=ActorKind.HUMAN).values_list("author_id", flat=True)
    own = {proposal.author_id} if proposal.author_kind == ActorKind.HUMAN else set()
    return own | set(revisions)


def alone() -> bool:
    """Solo mode: one person is everybody, so holds and reviews take the place of the second pair of eyes."""
    return settings.SOLO_MODE


def may_ask_back(actor: Actor, original: Proposal) -> tuple[bool, str]:
    """Whether who asks for an undo may decide on the original."""
    person = Person.objects.filter(pk=actor.person_id).first() if actor.person_id is not None else None
    if person is None or not person_may(person, "proposal.decide"):
        return False, _("Who asks has no right to decide.")
    if person.entity_id not in (None, original.entity_id):
        return False, _("Who asks works for another company.")
    if not alone() and (why := conflict(person, original)):
        return False, why
    return True, ""


def approved_this_round(proposal: Proposal) -> set[int]:
    """People who approved a level of the present judgement: each counts once, whatever the level."""
    given = proposal.decisions.filter(judgement=proposal.judgement_id, kind=Decision.Kind.APPROVE)
    return {each for each in given.values_list("person", flat=True) if each}
