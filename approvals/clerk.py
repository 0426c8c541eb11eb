"""Pulls what was judged: decides PASS as the policy version, carries out what is approved. A doorbell answerer."""

from __future__ import annotations

import logging

from django.db import DatabaseError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from approvals import decisions, execution, limits
from approvals.errors import NotDue
from approvals.models import Proposal
from ledger import clock
from ledger.errors import DomainError

log = logging.getLogger(__name__)
AT_ONCE = 100
Status = Proposal.Status


def answer() -> int:
    """How many proposals moved on. One that fails does not keep the others from theirs."""
    return sum(_move_on(each) for each in _due())


def due() -> bool:
    return _ready().exists()


def _due() -> list[Proposal]:
    return list(_ready().order_by("pk")[:AT_ONCE])


def _ready() -> QuerySet[Proposal]:
    """An approval may run out, and a hold be over: while the clock is held neither is known, so approvals wait."""
    approved = clock.unless_held(approved_and_free())
    return Proposal.objects.filter(Q(status=Status.PASSED) | Q(pk__in=approved.values("pk")))


def approved_and_free() -> QuerySet[Proposal]:
    """Approved, and their hold is over by the database's clock."""
    free = Q(hold_until=None) | Q(hold_until__lte=clock.now())
    return Proposal.objects.filter(free, status=Status.APPROVED)


def _move_on(proposal: Proposal) -> bool:
    if limits.is_stopped(proposal):
        return False
    try:
        if proposal.status == Status.PASSED:
            decisions.pass_by_policy(proposal)
        execution.carry_out(proposal)
    except NotDue:
        return False  # another clerk, or a person, was faster
    except DomainError as error:
        log.warning("%s waits: %s", proposal.reference, error.message)
        return False
    except DatabaseError:
        log.exception("%s waits for the database", proposal.reference)
        return False
    except Exception:
        log.exception("%s could not be carried out", proposal.reference)
        execution.fail(proposal, _("An error in the program kept this from being carried out. It has been logged."))
    return True
