"""Plans played from beginning to end by engine, policy and crowd, though processes die on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from agents import plans, standing, templates
from agents.edge import tokens
from agents.models import Plan, Step
from agents.outcomes import AskPerson, Finish, Outcome, Park
from approvals import bounds, policies, proposals
from approvals.models import Proposal
from ledger import crashpoints, doorbell, switches
from ledger.actors import Actor
from ledger.command import ObjectRef, digest
from ledger.errors import InvalidInput
from ledger.models import ClockJump, Effect, Entry, LegalEntity, Person
from procure import notices
from procure.erp import connections
from procure.erp.connectors.sandbox import dials
from procure.models import Notice, Order, Requisition
from procure.models.erp import SandboxDial
from tests import jumping
from tests.agents import acting, crowd, market
from tests.agents.invariants import Watch, lost
from vendors.commands import BlockVendor

#: Who answers the bell here; signing and other chores have their own tests.
ANSWERERS = ("triggers", "clerk", "events", "engine", "outbox")
#: Longer than any lease and any pause between attempts.
LONG = timedelta(minutes=25)
MOST_ROUNDS = 120


class Killed(BaseException):
    """As a process that is killed: nothing after it runs."""


@dataclass(frozen=True, slots=True)
class Story:
    """`begin` until it is done, then `people` until they say that nothing is left for them to do."""

    begin: Callable[[LegalEntity], None]
    people: Callable[[LegalEntity], bool] = lambda entity: crowd.act()
    #: What is there before it begins; nobody dies in it.
    before: Callable[[LegalEntity], object] = lambda entity: None


@dataclass
class Told:
    """What a story came to."""

    #: The places that were passed, in order.
    passed: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    #: What must be the same whoever died on the way.
    came_to: dict[str, Any] = field(default_factory=dict)


def play(story: Story, entity: LegalEntity, *, deaths: frozenset[int] = frozenset(), look: bool = False) -> Told:
    """The process dies at these places, by their number on the way, and another one takes over when time has passed.

    `look`: at every invariant after each death, not only in the end.
    """
    told, watch = Told(), Watch()

    def hook(point: str) -> None:
        told.passed.append(point)
        watch.acts += point == "acting"
        if len(told.passed) - 1 in deaths:
            raise Killed

    def survived(act: Callable[[], Any]) -> bool | None:
        """Whether it did something; None when it died on the way, and may have."""
        crashpoints.hook = hook
        try:
            return bool(act())
        except Killed:
            crowd.pass_time(LONG)
            if look:
                told.broken += watch.broken()
            return None
        finally:
            crashpoints.hook = None

    story.before(entity)
    while not survived(lambda: story.begin(entity) is None):
        pass
    idle = 0
    for _ in range(MOST_ROUNDS):
        while survived(lambda: doorbell.answer(only=ANSWERERS)) is not False:
            idle = 0
        if survived(lambda: story.people(entity)) is not False:
            idle = 0
        elif idle < 4:
            crowd.pass_time(LONG * 2**idle)
            idle += 1
        else:
            break
    told.broken += [*watch.broken(), *lost()]
    told.came_to = _came_to()
    return told


def _came_to() -> dict[str, Any]:
    """Plans, steps, orders and the facts in the journal; no numbers that another way leads to."""
    effects = Effect.objects.exclude(sender="mail").values_list("purpose", "status")
    return {
        "plans": Counter(Plan.objects.values_list("template__name", "status")),
        "steps": Counter(Step.objects.values_list("plan__template__name", "key", "status")),
        "orders": Counter(Order.objects.values_list("vendor__key", "status")),
        "effects": Counter(effects),
        "facts": Counter(
            kind for kind in Entry.objects.values_list("kind", flat=True) if not kind.startswith(NOT_COUNTED)
        ),
    }


#: How often these are told depends on who died. Nobody can tell whether a mail left, so its invitation is not told to
#: be sent; who dies while it asks the ERP asks less often; words are read again; an attempt is spent.
#: When a deadline comes while nobody is there, nobody is reminded before it.
NOT_COUNTED = ("invitation.sent", "erp.unknown", "effect.resolved", "requisition.read", "step.retried", "step.reminded")


# The shipped templates.


def asked_for(words: str) -> Callable[[LegalEntity], None]:
    def begin(entity: LegalEntity) -> None:
        market.ask_for(words, person=Person.objects.get(username="rita"), entity=entity)

    return begin


def started(template: str) -> Callable[[LegalEntity], None]:
    """For a requisition that is binding: its own plan came to nothing after that."""

    def begin(entity: LegalEntity) -> None:
        requisition = Requisition.objects.get()
        templates.publish_shipped(entity)
        plans.start(
            template=template,
            subject=ObjectRef("requisition", requisition.reference),
            entity=entity,
            actor=Actor.system("tests"),
            requested_by=requisition.requested_by,
            start_key="a" * 64,
        )

    return begin


def raised(entity: LegalEntity) -> None:
    """Rita asked, and her requisition is binding; no plan goes on from there."""
    whole = templates.shipped()["intake-to-order"]
    short = whole | {"steps": [each for each in whole["steps"] if each["role"] == "intake"]}
    templates.publish(name="intake-to-order", definition=short, actor=Actor.system("tests"), entity=entity)
    asked_for(WORDS)(entity)
    market.work()


def undone(entity: LegalEntity) -> bool:
    """The order is made and waits before the door; then Ben takes all of it back, and Olga opens the door."""
    ben, olga = (Actor.human(Person.objects.get(username=each)) for each in ("ben", "olga"))
    held = switches.stopped("sender:erp")
    plan = Plan.objects.first()
    if plan is not None and not held and not Order.objects.exists():
        switches.turn("sender:erp", stop=True, actor=ben, entity=entity, reason="Look first.")
        return True
    if plan is not None and plan.is_live and plan.compensating_at is None and Order.objects.exists():
        plans.cancel(plan, actor=ben, reason="Not needed.", compensate=True)
        return True
    if held and plan is not None and not plan.is_live:
        switches.turn("sender:erp", stop=False, actor=olga, entity=entity)
        return True
    return crowd.act()


def undone_early(entity: LegalEntity) -> bool:
    """Ben takes all of it back while the award waits for a decision."""
    for plan in Plan.objects.filter(compensating_at=None, status__in=Plan.LIVE):
        if Proposal.objects.filter(status=Proposal.Status.WAITING, plan__step="award").exists():
            plans.cancel(plan, actor=Actor.human(Person.objects.get(username="ben")), reason="No.", compensate=True)
            return True
    return crowd.act()


def told_of_a_shortage(entity: LegalEntity) -> bool:
    """While the award waits for a decision, Ben hears that the chosen supplier has run out of it."""
    award = Proposal.objects.filter(status=Proposal.Status.WAITING, plan__step="award").first()
    if award is None or Notice.objects.exists():
        return crowd.act()
    chosen = award.commands[0]["fields"]["lines"][0]["vendor"]
    ben = Actor.human(Person.objects.get(username="ben"))
    notices.record(kind="stock_out", vendor=chosen, item=market.ITEM, actor=ben, entity=entity)
    return True


def with_a_bad_erp(entity: LegalEntity) -> None:
    """It books the first order and does not say so; then it is down for longer than anybody keeps asking."""
    sandbox = connections.open_sandbox(entity=entity)
    dials.turn(sandbox, dials.Fault.ACCEPTED_THEN_TIMEOUT, calls=1)
    dials.turn(sandbox, dials.Fault.DOWN, calls=0)


def with_patience(entity: LegalEntity) -> bool:
    """The ERP goes down after its first answer; what was given up is asked once more when it is there again."""
    down = SandboxDial.objects.filter(fault=dials.Fault.DOWN)
    if Effect.objects.filter(sender="erp", status=Effect.Status.UNKNOWN).exists():
        down.update(remaining=0)
    elif Effect.objects.filter(sender="erp", attempts__gt=0, most_attempts=20).update(most_attempts=3):
        down.update(remaining=None)
        return True
    return crowd.act()


def proposed_twice(entity: LegalEntity) -> None:
    """The second must fail when the first is carried out."""
    ben = Actor.human(Person.objects.get(username="ben"))
    for reason in ("No papers.", "Still no papers."):
        block = BlockVendor(vendor="VEN-001", reason=reason)
        proposals.propose(commands=[block], actor=ben, entity=entity, rationale="because", key=digest({"why": reason}))


def decided_too_early(entity: LegalEntity) -> bool:
    """The clock is held while they decide, and when it is confirmed the approvals have run out."""
    if not ClockJump.objects.exists():
        jumping.jump()
        return True
    if crowd.decide():
        return True
    if not ClockJump.objects.exclude(confirmed_at=None).exists():
        crowd.pass_time(timedelta(days=15))
        jumping.confirm()
        return True
    return False


WORDS = f"{market.WORDS}, cost centre PROG"
#: By template: how each that ships is played. A new one needs a story here.
SHIPPED: Mapping[str, Sequence[Story]] = {
    "intake-to-order": (
        Story(asked_for("We need Lamivudine/Zidovudine 150/300mg tablets"), with_patience, before=with_a_bad_erp),
        Story(asked_for(WORDS), undone),
        Story(asked_for(WORDS), undone_early),
        Story(asked_for(WORDS), told_of_a_shortage),
    ),
    "raised-to-order": (Story(started("raised-to-order"), before=raised),),
    "seller-dossiers": (Story(started("seller-dossiers"), before=raised),),
    "market-check": (Story(started("market-check"), before=raised),),
}


# A template with everything that the shipped ones have not.

BACK = {"compensation": "back"}
EVERYTHING: tuple[dict[str, Any], ...] = (
    {"key": "find"} | BACK,
    {"key": "ask", "after": ["find"], "each": "find.vendors", "given": {"vendor": "item"}} | BACK,
    {"key": "check", "after": ["ask"], "along": "ask"},
    {"key": "flaky", "attempts": 20},
    {"key": "one", "task": "add"},
    {"key": "two", "task": "add", "after": ["one"]},
    {"key": "three", "task": "add", "after": ["two"]},
    {"key": "unlucky", "on_failure": "branch", "branch": "instead"},
    {"key": "instead", "after": ["unlucky"]},
    {"key": "again", "on_failure": "retry", "attempts": 1, "longest_delay": 60},
    {"key": "stuck"},
    {"key": "decide", "role": "person", "task": "decide", "remind_after": 1},
    {"key": "late", "remind_after": 1, "deadline": 2, "on_failure": "skip"},
    {
        "key": "count",
        "role": "site",
        "task": "count_stock",
        "pool": "harare",
        "given": {"item": "plan.item", "location": "plan.where"},
    },
    {"key": "last", "after": ["check", "three", "instead", "flaky", "again", "stuck", "decide", "late", "count"]}
    | {"on_failure": "compensate"},
)


def _find(_context: Any) -> Outcome:
    return Finish({"vendors": [{"name": "V1"}, {"name": "V2"}]})


def _fail_at_first(context: Any) -> Outcome:
    if context.lease.step.tries.filter(outcome="failed").count() < 2:
        raise RuntimeError("Not yet.")
    return Finish({})


def _fail_one_round(context: Any) -> Outcome:
    if not context.lease.step.rounds:
        raise InvalidInput("No.")
    return Finish({})


def _refuse(_context: Any) -> Outcome:
    raise InvalidInput("No.")


def block_a_vendor(context: Any) -> Outcome:
    made = context.propose(
        purpose="block",
        commands=[BlockVendor(vendor="VEN-001", reason="Missing papers")],
        rationale="because",
        confidence=Decimal("0.9"),
    )
    return standing.unless_carried_out(made) or Finish({"proposal": made.reference})


def let_the_fake_role(monkeypatch: pytest.MonkeyPatch) -> None:
    """It can take back what it did, and may propose to block a supplier; one of its tasks only computes."""
    tasks = {"act": acting.act, "back": acting.act, "add": acting.act}
    quick = {"quick": frozenset({"back", "add"}), "pure": frozenset({"add"})}
    may = {"tasks": tasks, "may_propose": frozenset({"BlockVendor"})} | quick
    monkeypatch.setattr(acting, "SPECIFICATION", replace(acting.SPECIFICATION, **may))
    own = {"commands": ["BlockVendor"], "rate_per_hour": 60, "suppliers_per_event": 5}
    monkeypatch.setitem(bounds.SHIPPED, "fake", own | {"max_amount": None, "max_per_day": None})


def set_up_gate(entity: LegalEntity, *by: Person) -> None:
    bounds.set_up_shipped(entity)
    policies.publish_genesis(entity=entity, by=list(by))


ACTS: Mapping[str, Callable[[Any], Outcome]] = {
    "find": _find,
    "flaky": _fail_at_first,
    "unlucky": _refuse,
    "again": _fail_one_round,
    "stuck": lambda context: Park("Look."),
    "late": lambda context: AskPerson([ObjectRef("order", "PO-00001")], "an answer"),
    "last": _refuse,
}


def begin_everything(entity: LegalEntity) -> None:
    acting.ACTS.update(ACTS)
    inputs = {"item": "item", "where": "text"}
    plans.start(
        template=acting.make_template(entity, *EVERYTHING, name="everything", inputs=inputs),
        subject=ObjectRef("requisition", "PR-00001"),
        entity=entity,
        actor=Actor.system("tests"),
        inputs={"item": "ITM-0118", "where": "Harare"},
        start_key="e" * 64,
    )


def with_a_worker_elsewhere(entity: LegalEntity) -> None:
    tokens.issue(
        name="Harare",
        pool="harare",
        tasks=["site.count_stock"],
        valid_for=timedelta(days=30),
        actor=Actor.human(Person.objects.get(username="olga")),
        entity=entity,
    )


def steered(entity: LegalEntity) -> bool:
    """Ben pauses the plan, lets it go on, and gets it past what is stuck."""
    ben = Actor.human(Person.objects.get(username="ben"))
    plan = Plan.objects.get()
    if plan.paused_at is not None:
        plans.resume(plan, actor=ben)
    elif not Entry.objects.filter(kind="plan.paused").exists():
        plans.pause(plan, actor=ben, reason="Look first.")
    elif stuck := Step.objects.filter(plan=plan, key="stuck", status=Step.Status.PARKED).first():
        if Entry.objects.filter(kind="step.released").exists():
            plans.skip(stuck, actor=ben, reason="It can go.")
        else:
            plans.release(stuck, actor=ben)
    else:
        return crowd.act()
    return True


GATE = Story(proposed_twice, decided_too_early)
WHOLE = Story(begin_everything, steered, before=with_a_worker_elsewhere)
