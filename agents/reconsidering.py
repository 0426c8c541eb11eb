"""Something happened that a running plan concerns: it is told once, and looks at things as they are now.

Steps that wait or are parked act again; what is at work begins again; a done step that its template marks is looked at
again. Whatever was carried out stays until a person says otherwise.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from agents import crashpoints, entries, looking, progress
from agents.happenings import FACTS, Happening
from agents.looking import Touched
from agents.models import Plan, Reconsideration, Step, StepAttempt
from ledger import clock, doorbell
from ledger.command import ObjectRef

Status = Step.Status
#: Of one plan. After that a person is asked once, and nothing makes it look again any more.
MOST = 20


def reconsider(plan: Plan, happening: Happening, about: Collection[ObjectRef], *, happened_at: datetime) -> bool:
    """`about` are the objects through which the plan is concerned. False when it was told before, has ended, is being
    undone, or was told too often."""
    with transaction.atomic():
        plan, at = progress.lock(plan), clock.now()
        known = plan.reconsiderations
        told = known.count()
        if not plan.is_live or plan.compensating_at is not None or told > MOST:
            return False
        if known.filter(seq=happening.seq).exists():
            return False
        rows, touched = looking.held_steps(plan), Touched()
        if told == MOST:
            question = _("What happened made %s look again %d times. See to it from here on.") % (plan.reference, MOST)
            looking.add_ask(plan, rows[0], question, touched, at=at)
        else:
            _Look(plan, rows, happening, about, touched, at).again()
        row = Reconsideration.objects.create(
            plan=plan,
            seq=happening.seq,
            fact=happening.fact,
            named=[each.as_json() for each in (*about, *happening.named(["notice"]))],
            data=dict(happening.data),
            woken=[*touched.woken, *touched.released],
            looks=touched.looks,
            asks=touched.asks,
            happened_at=happened_at,
            at=at,
        )
        entry = entries.plan_reconsidered(plan, row, released=touched.released)
        Reconsideration.objects.filter(pk=row.pk).update(entry_seq=entry.seq)
        progress.settle(plan, at=at)
        doorbell.ring(f"{plan.reference} looks again")
        crashpoints.reach("reconsidered")
    return True


@dataclass
class _Look:
    """The steps of a plan while it is told."""

    plan: Plan
    rows: Sequence[Step]
    happening: Happening
    about: Collection[ObjectRef]
    touched: Touched
    at: datetime

    def again(self) -> None:
        behind: set[int] = set()
        for each in self.rows:
            if self._is_marked(each) and self._look_at(each):
                followers = looking.following(each, self.rows)
                behind |= {one.pk for one in followers}
                self._hold(followers)
        rest = [each for each in self.rows if each.pk not in behind]
        for each in rest:
            if each.status == Status.RUNNING and not each.pool:
                self._begin_again(each)
        looking.wake(rest, self.touched, at=self.at)

    def _is_marked(self, step: Step) -> bool:
        listens = self.happening.fact in step.spec.get("reconsider", ())
        return listens and step.status == Status.DONE and not step.again_of_id and not step.undoes_id

    def _look_at(self, step: Step) -> bool:
        """Whether it is looked at again. Where what follows was carried out a person is asked, if it is about that."""
        if looking.stands_by_a_person(step):
            return False
        if step.looks.filter(status__in=Step.OPEN, key__startswith=looking.LOOK).exists():
            return True
        followers = looking.following(step, self.rows)
        done = looking.carried_out(self.plan, [step, *followers])
        if done:
            named = [each.reference for each in done if looking.names(each, self.about)]
            if named:
                self._ask(step, ", ".join(named))
            return False
        begun = [each for each in followers if each.fanned_id or (looking.is_whole(each) and each.branches.exists())]
        if begun:
            self._ask(step, begun[0].label)
            return False
        looking.add_look(self.plan, step, self.touched, at=self.at)
        return True

    def _ask(self, step: Step, done: str) -> None:
        what = {"said": said(self.happening.fact, self.about), "done": done}
        question = _("%(said)s. %(done)s stands already: look whether it may.") % what
        looking.add_ask(self.plan, step, question, self.touched, at=self.at)

    def _hold(self, followers: Sequence[Step]) -> None:
        """What has not begun waits for the new result, and what is at work begins again with it."""
        for each in followers:
            if each.status == Status.RUNNING and not each.pool:
                self._begin_again(each, status=Status.PENDING)
            elif each.status == Status.READY:
                looking.begin_anew(each, status=Status.PENDING, at=self.at)

    def _begin_again(self, step: Step, *, status: str = Status.READY) -> None:
        """What it has read may be so no longer. It costs no attempt."""
        tries = StepAttempt.objects.filter(step=step, number=step.attempts, ended_at=None)
        tries.update(ended_at=self.at, outcome=StepAttempt.Outcome.STOPPED, detail=self.happening.fact)
        looking.begin_anew(step, status=status, at=self.at)
        self.touched.woken.append(step.key)


def said(fact: str, about: Collection[ObjectRef]) -> str:
    """What happened, to whom, in the project's own words."""
    return f"{_(FACTS[fact].said) if fact in FACTS else fact}: {', '.join(each.key for each in about)}"
