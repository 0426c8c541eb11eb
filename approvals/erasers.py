"""What this floor keeps of who proposed and decided, of what they typed, and of a requester's words in proposals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.db.models import Q, QuerySet

from approvals import entries, proposals
from approvals.models import (
    ApprovalStep,
    CarriedOut,
    Decision,
    Evidence,
    Judgement,
    PolicyVersion,
    Proposal,
    ProposalRevision,
    Undo,
)
from ledger.actors import ActorKind
from ledger.command import build
from ledger.erasure import RESTORER, Erasing
from ledger.errors import DomainError
from ledger.models import EntryObject, Person
from ledger.redaction import MARK, Words
from ledger.sweeping import Sweep
from procure.erasers import Wanted

#: Fields of commands that hold a requester's words; what an author typed is found by its text, or by authorship.
NEEDED, TYPED = ("description", "title"), ("reason", "note")
#: Spent while it is carried out: its own words are taken out, but it goes on.
OWN_KIND = "EraseSubject"


def count(subject: str) -> int:
    kind, _, key = subject.partition(":")
    return _about(int(key)).count() + Decision.objects.filter(person=int(key)).count() if kind == "person" else 0


def texts(subject: str) -> Iterable[str]:
    kind, _, key = subject.partition(":")
    if kind == "person":
        yield from _authored(int(key)).values_list("rationale", flat=True)
        yield from Decision.objects.filter(person=int(key)).values_list("comment", flat=True)
        yield from Undo.objects.filter(asked_by=int(key)).values_list("reason", flat=True)


def erase(erasing: Erasing) -> int:
    done = 0
    if (person := erasing.person) is not None:
        words = erasing.words.and_also(Wanted(person).texts)
        done += sum(_erase_proposal(each, person, words, erasing) for each in _about(person))
        done += _erase_names(person, words)
        done += _erase_decisions(person)
        done += Undo.objects.filter(asked_by=person).update(reason=MARK)
    return done


def sweep(sweep: Sweep) -> Counter[str]:
    return sweep.over(apps.get_app_config("approvals").get_models())


def _authored(person: int) -> QuerySet[Proposal]:
    return Proposal.objects.filter(author_kind=ActorKind.HUMAN, author_id=str(person))


def _about(person: int) -> QuerySet[Proposal]:
    """Made by them, for them, edited by them, or about what they asked for."""
    named = Q(pk__in=())
    for kind, keys in Wanted(person).refs.items():
        named |= Q(kind=kind, key__in=keys)
    about = EntryObject.objects.filter(named).values("entry")
    references = EntryObject.objects.filter(kind="proposal", entry__in=about).values("key")
    edited = ProposalRevision.objects.filter(author_kind=ActorKind.HUMAN, author_id=str(person)).values("proposal")
    own = Q(author_kind=ActorKind.HUMAN, author_id=str(person)) | Q(requested_by=person)
    return Proposal.objects.filter(own | Q(reference__in=references) | Q(pk__in=edited))


def _erase_proposal(proposal: Proposal, person: int, words: Words, erasing: Erasing) -> int:
    own = (proposal.author_kind, proposal.author_id) == (str(ActorKind.HUMAN), str(person))
    for_them = proposal.requested_by_id == person or not own
    commands = _commands(proposal.commands, words, own=own, for_them=for_them)
    if commands != proposal.commands:
        _take_back(proposal, erasing)
    changes: dict[str, Any] = {
        "commands": commands,
        "sentence": _sentence(commands, words),
        "rationale": _rationale(proposal, words, own=own),
        "problem": words.out_of(proposal.problem),
        "checkpoint": words.out_of(proposal.checkpoint),
    }
    Proposal.objects.filter(pk=proposal.pk).update(**changes)
    for revision in proposal.revisions.all():
        typed = (revision.author_kind, revision.author_id) == (str(ActorKind.HUMAN), str(person))
        ProposalRevision.objects.filter(pk=revision.pk).update(
            commands=_commands(revision.commands, words, own=typed, for_them=for_them),
            rationale=_rationale(revision, words, own=typed),
        )
    for carried in proposal.carried.all():
        back = carried.compensation and _commands([carried.compensation], words, own=own, for_them=for_them)[0]
        CarriedOut.objects.filter(pk=carried.pk).update(
            compensation=back, result=words.out_of_json(carried.result), how=words.out_of(carried.how)
        )
    _erase_evidence(proposal.evidence.all(), words)
    _erase_judgements(proposal.judgements.all(), words)
    return 1


def _take_back(proposal: Proposal, erasing: Erasing) -> None:
    """What was to be decided is no longer what stands there."""
    held = Proposal.objects.filter(pk=proposal.pk, status__in=Proposal.REVISABLE)
    if proposal.command_kinds == OWN_KIND or not held.exists():
        return
    proposals.void(proposal)
    held.update(status=Proposal.Status.WITHDRAWN, problem="")
    proposal.status = Proposal.Status.WITHDRAWN
    erasing.facts.append(lambda: entries.withdrawn(Proposal.objects.get(pk=proposal.pk), actor=RESTORER))


def _commands(given: list[dict[str, Any]], words: Words, *, own: bool, for_them: bool) -> list[dict[str, Any]]:
    wholly = (*(NEEDED if for_them else ()), *(TYPED if own else ()))
    return [each | {"fields": words.out_of_json(each["fields"], wholly)} for each in given]


def _sentence(commands: list[dict[str, Any]], words: Words) -> str:
    try:
        said = "; ".join(build(each["kind"], each["fields"]).sentence() for each in commands)
    except DomainError:  # what it was about is no longer there
        return MARK
    return words.out_of(said)[:500]


def _rationale(of: Proposal | ProposalRevision, words: Words, *, own: bool) -> str:
    return MARK if own and of.rationale else words.out_of(of.rationale)


def _erase_evidence(rows: Iterable[Evidence], words: Words) -> None:
    for each in rows:
        changes = {name: words.out_of(getattr(each, name)) for name in ("claim", "value", "found", "problem")}
        if each.source_kind == Evidence.SourceKind.SPAN:
            number = any(character.isdigit() for character in each.value)
            changes |= {"value": changes["value"] if number else MARK, "found": MARK, "quote": MARK}
        Evidence.objects.filter(pk=each.pk).update(source_ref=words.out_of_json(each.source_ref, ("quote",)), **changes)


def _erase_judgements(rows: Iterable[Judgement], words: Words) -> None:
    """A judgement never changes, but for the words of somebody who is erased; what it judged by stays."""
    for each in rows:
        Judgement.objects.filter(pk=each.pk).update(
            facts=words.out_of_json(each.facts),
            fired=words.out_of_json(each.fired),
            near=words.out_of_json(each.near),
            difference=words.out_of_json(each.difference),
        )


def _erase_names(person: int, words: Words) -> int:
    human = {"author_kind": ActorKind.HUMAN, "author_id": str(person)}
    done = sum(rows.filter(**human).update(author_name=MARK) for rows in (Proposal.objects, ProposalRevision.objects))
    for step in ApprovalStep.objects.filter(people=person):
        ApprovalStep.objects.filter(pk=step.pk).update(approver=words.out_of_json(step.approver))
    name = str(Person.objects.filter(pk=person).first() or "")
    for rows in (PolicyVersion.objects.all(), PolicyVersion.history.all()):
        for each in rows.filter(published_by__icontains=name) if name else ():
            kept = [MARK if part.strip() == name else part.strip() for part in each.published_by.split(",")]
            done += type(each)._base_manager.filter(pk=each.pk).update(published_by=", ".join(kept))
    return done


def _erase_decisions(person: int) -> int:
    decisions = Decision.objects.filter(person=person)
    ended = decisions.filter(final=True, kind__in=(Decision.Kind.REJECT, Decision.Kind.RETURN)).values("proposal")
    Proposal.objects.filter(pk__in=ended).exclude(problem="").update(problem=MARK)
    decisions.exclude(comment="").update(comment=MARK)
    return decisions.update(actor_name=MARK)
