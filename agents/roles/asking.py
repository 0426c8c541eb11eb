"""The role `person`: a step that a template puts to a person, who answers it with a value of a known type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from agents.context import Context
from agents.models import Step
from agents.outcomes import AskPerson, Outcome, Park
from agents.roles import Specification
from agents.values import Record, Type, misfit
from ledger.command import canonical
from ledger.errors import InvalidInput

ROLE = "person"
QUESTION: dict[str, Type] = {"question": "text?"}
#: By task: what the answer holds.
ANSWERS: dict[str, Record] = {
    "decide": {"yes": "boolean", "note": "text?"},
    "answer": {"text": "text"},
    "number": {"value": "decimal"},
    "date": {"value": "date"},
    "choose": {"choice": "text"},
}


def ask(context: Context) -> Outcome:
    """Asks what the template hands it, else the step's label, and waits: the answer ends the step, not this."""
    question = context.given.get("question") or context.spec.label
    choices = context.given.get("choices")
    if context.task == "choose" and not choices:
        return Park(_("There is nothing to choose from."))
    return AskPerson([], str(question), memory={"question": question, "choices": choices or []})


def accept(step: Step, values: Mapping[str, Any], *, by: str) -> dict[str, Any]:
    """The answer as the step's result; `InvalidInput` says what does not fit."""
    record = ANSWERS[str(step.spec["task"])]
    plain = canonical({name: values.get(name) for name in record})
    if beyond := set(values) - set(record):
        raise InvalidInput(_("The question has no “%s”.") % min(beyond))
    if problem := misfit(plain, record):
        raise InvalidInput(_("The answer does not fit: %s.") % problem)
    if "choice" in record and plain["choice"] not in step.memory.get("choices", ()):
        raise InvalidInput(_("“%s” is not among the choices.") % plain["choice"])
    return plain | {"answered_by": by}


SPECIFICATION = Specification(
    name=ROLE,
    purpose="Puts a question of the plan to a person and hands on the answer.",
    reads=(),
    may_propose=frozenset(),
    tasks=dict.fromkeys(ANSWERS, ask),
    takes={task: {**QUESTION, **({"choices": "list of text"} if task == "choose" else {})} for task in ANSWERS},
    gives={task: {**record, "answered_by": "person"} for task, record in ANSWERS.items()},
)


def act(context: Context) -> Outcome:
    return SPECIFICATION.tasks[context.task](context)
