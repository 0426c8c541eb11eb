"""Errands where our own workers cannot reach: a warehouse's network, a laboratory's instrument, a partner's system."""

from __future__ import annotations

from django.utils.translation import gettext as _

from agents.context import Context
from agents.outcomes import Outcome, Park
from agents.roles import Specification


def errand(context: Context) -> Outcome:
    """Only a worker elsewhere can do it, and its step names no pool."""
    return Park(_("%s is done by a remote worker: name its pool in the template.") % context.spec.label)


TASKS = {"look_up": errand, "count_stock": errand}

SPECIFICATION = Specification(
    name="site",
    purpose="Looks things up where only a remote worker can: what it brings back is data, and proposes nothing.",
    reads=("what the template hands it",),
    may_propose=frozenset(),
    tasks=TASKS,
    takes={"look_up": {"question": "text"}, "count_stock": {"item": "item", "location": "text"}},
    gives={
        "look_up": {"answer": "text", "source": "text?"},
        "count_stock": {"quantity": "decimal", "unit": "text", "counted_on": "date"},
    },
    remote=frozenset(TASKS),
)


def act(context: Context) -> Outcome:
    return SPECIFICATION.tasks[context.task](context)
