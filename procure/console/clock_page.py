"""What waits because the clock is held: by kind, how many, and where they are listed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from agents import deadlines, wakes
from approvals import clerk
from ledger import dispatch
from ledger.models import LegalEntity
from procure.sourcing import events
from vendors import bank_details

#: Counted up to here; beyond it the page says “more than”.
MOST_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class Wait:
    """`count` of this kind would act now if the clock were trusted."""

    what: Any
    effect: Any
    count: int
    more: bool
    link: str


def waits(entity: LegalEntity) -> list[Wait]:
    """Every kind, also those of which none is there: a clock that went back makes nothing due."""
    return [
        _wait(
            _("Sourcing events past their deadline"),
            _("stay sealed"),
            events.past_deadline().filter(entity=entity),
            reverse("console:events"),
        ),
        _wait(
            _("Approved proposals"),
            _("are not carried out"),
            clerk.approved_and_free().filter(entity=entity),
            reverse("admin:approvals_proposal_changelist") + "?status__exact=approved",
        ),
        _wait(
            _("Effects whose delay is over"),
            _("do not leave"),
            dispatch.delay_over().filter(entity=entity),
            reverse("admin:ledger_effect_changelist") + "?status__exact=waiting",
        ),
        _wait(
            _("Steps of plans whose time has come"),
            _("go on waiting"),
            wakes.waited_long_enough().filter(plan__entity=entity),
            reverse("admin:agents_step_changelist") + "?status__exact=waiting",
        ),
        _wait(
            _("Questions whose reminder or deadline has come"),
            _("nobody is reminded, none is given up"),
            deadlines.come().filter(plan__entity=entity),
            reverse("console:control") + "?state=people",
        ),
        _wait(
            _("Bank details whose hold is over"),
            _("are not put in force"),
            bank_details.hold_over().filter(vendor__entity=entity),
            reverse("admin:vendors_bankdetails_changelist") + "?status__exact=held",
        ),
    ]


def _wait(what: Any, effect: Any, rows: QuerySet[Any], link: str) -> Wait:
    number = rows.order_by()[: MOST_COUNTED + 1].count()
    return Wait(what, effect, min(number, MOST_COUNTED), number > MOST_COUNTED, link)
