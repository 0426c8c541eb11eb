"""Whom a waiting step waits for: the people or the group asked, each with the page on which they answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agents.models import Step
from agents.roles import asking
from approvals.models import ApprovalStep
from procure.console.places import address
from procure.models import Requisition

MOST_NAMES = 3
#: Who moves an object on that a step waits for, where it is not one of our people.
OTHERS = {"event": ("supplier", gettext_lazy("the suppliers")), "order": ("system", gettext_lazy("the ERP"))}


@dataclass(frozen=True, slots=True)
class Asked:
    """`names` are people, or a group in one word; `link` is where the answer is given."""

    names: str
    mark: str
    what: str
    link: str


def whom(steps: Sequence[Step]) -> dict[str, tuple[Asked, ...]]:
    """By step key, for those that wait."""
    waiting = [each for each in steps if each.status == Step.Status.WAITING]
    refs = {each.key: [(str(one["kind"]), str(one["key"])) for one in each.waiting_on] for each in waiting}
    named = {ref for each in waiting if each.asks_person for ref in refs[each.key]}
    found = _approvers(key for kind, key in named if kind == "proposal")
    found |= _askers(key for kind, key in named if kind == "requisition")
    told = {key: tuple(each for ref in mine if (each := found.get(ref) or _other(*ref))) for key, mine in refs.items()}
    return told | {each.key: (_question(each),) for each in waiting if each.role == asking.ROLE}


def _question(step: Step) -> Asked:
    """Of the plan itself: whoever asked for it answers, or whoever manages plans."""
    link = reverse("console:plan-answer", args=[step.plan.reference, step.key])
    return Asked(str(step.plan.requested_by or _("procurement staff")), "person", _("answer"), link)


def _approvers(references: Iterable[str]) -> dict[tuple[str, str], Asked]:
    """The people whose turn it is; the level's name where nobody is found."""
    turns = ApprovalStep.objects.filter(proposal__reference__in=set(references), status=ApprovalStep.Status.OPEN)
    return {
        ("proposal", each.proposal.reference): Asked(
            _names([str(person) for person in each.people.all()]) or each.label,
            "person",
            each.proposal.reference,
            address("proposal", each.proposal.reference),
        )
        for each in turns.select_related("proposal").prefetch_related("people").order_by("-position")
    }


def _askers(references: Iterable[str]) -> dict[tuple[str, str], Asked]:
    rows = Requisition.objects.filter(reference__in=set(references)).select_related("requested_by")
    return {
        ("requisition", each.reference): Asked(
            str(each.requested_by), "person", each.reference, address("requisition", each.reference)
        )
        for each in rows
    }


def _other(kind: str, key: str) -> Asked | None:
    """A requisition that nobody is asked about is only watched, should it be withdrawn."""
    link = address(kind, key)
    if kind not in OTHERS:
        return Asked("", "", key, link) if link and kind != "requisition" else None
    mark, words = OTHERS[kind]
    return Asked(str(words), mark, key, link)


def _names(people: list[str]) -> str:
    if len(people) <= MOST_NAMES:
        return ", ".join(people)
    return _("%(names)s and %(n)d more") % {
        "names": ", ".join(people[: MOST_NAMES - 1]),
        "n": len(people) - MOST_NAMES + 1,
    }
