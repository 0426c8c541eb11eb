"""Whose words a proposal carries: its author's, its requester's, or nobody's."""

from __future__ import annotations

from typing import Any

from approvals.models import Proposal, ProposalRevision
from ledger import spoken
from ledger.actors import ActorKind
from ledger.command import Subjects, build
from ledger.personal import person
from procure.models import Order, Requisition, SourcingEvent


def of_words(proposal: Proposal) -> str | None:
    """The person who wrote the present revision, else the one it is for; None: an agent or the system, for nobody."""
    return _writer(proposal.revisions.filter(number=proposal.revision).first(), proposal)


def parted(proposal: Proposal) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]:
    """The commands as the ledger holds them, and the texts taken out of them: subject -> {path: text}.

    A text that stood in an earlier revision stays its first writer's. Nobody's texts stay where they are.
    """
    before = list(proposal.revisions.filter(number__lt=proposal.revision).order_by("number"))
    now = of_words(proposal)
    commands: list[dict[str, Any]] = []
    personal: dict[str, dict[str, Any]] = {}
    for number, given in enumerate(proposal.commands):
        command = build(given["kind"], given["fields"])
        taken: set[str] = set()
        requester = _requester(command.subjects(), proposal)
        for each in spoken.said_in(command):
            whose = requester if each.of_requester and requester else _first_writer(each.text, before, proposal) or now
            if whose is not None:
                taken.add(each.path)
                personal.setdefault(whose, {})[f"commands.{number}.{each.path}"] = each.text
        commands.append(spoken.without(given, taken))
    return commands, personal


def _writer(revision: ProposalRevision | None, proposal: Proposal) -> str | None:
    kind, key = (revision.author_kind, revision.author_id) if revision else (proposal.author_kind, proposal.author_id)
    if kind == ActorKind.HUMAN:
        return person(key)
    return person(proposal.requested_by_id) if proposal.requested_by_id else None


def _first_writer(text: str, revisions: list[ProposalRevision], proposal: Proposal) -> str | None:
    for each in revisions:
        commands = (build(given["kind"], given["fields"]) for given in each.commands)
        if any(text == said.text for command in commands for said in spoken.said_in(command)):
            return _writer(each, proposal)
    return None


def _requester(subjects: Subjects, proposal: Proposal) -> str | None:
    """Who asked for what this is about, whoever proposes."""
    wanted = Requisition.objects.filter(reference=subjects.requisition or "")
    if subjects.event:
        wanted = Requisition.objects.filter(
            pk__in=SourcingEvent.objects.filter(reference=subjects.event).values("requisition")
        )
    elif subjects.order:
        wanted = Requisition.objects.filter(pk__in=Order.objects.filter(reference=subjects.order).values("requisition"))
    found = wanted.values_list("requested_by", flat=True).first() or proposal.requested_by_id
    return person(found) if found else None
