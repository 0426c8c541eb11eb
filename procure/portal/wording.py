"""What is wrong with a field, in the supplier's words and language."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

#: How a checker's own sentence begins -> what a supplier reads.
SAID = {
    "Input should be greater than 0": gettext_lazy("Give an amount above zero."),
    "Input should be less than or equal to 730": gettext_lazy("At most 730 days can be offered."),
    "Input should be a valid date": gettext_lazy("There is no such day in the calendar."),
    "An amount must lie within": gettext_lazy("That is more than can be ordered. Check the amount."),
    "An amount has at most four decimal places": gettext_lazy("Write at most four decimals."),
}


def told(what: str) -> str:
    """The sentence for this problem; the checker's own, translated if it can be, when there is no better one."""
    for begin, better in SAID.items():
        if what.startswith(begin):
            return str(better)
    return _(what)
