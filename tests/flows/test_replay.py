"""From the journal alone: every row's state and every judgement, whatever somebody did to the rows behind its back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection
from django.test import override_settings

from agents import plans, trigger_versions
from agents.commands import PublishTriggers
from agents.models import Plan
from agents.reexamining import reexamine
from approvals import clerk, decisions, proposals
from approvals.commands import AdjustBounds, PublishPolicy
from approvals.models import Judgement, PolicyVersion, Proposal, ProposalRevision
from approvals.rejudging import rejudge, rejudge_all
from approvals.rulebook import shipped
from ledger import clock, doorbell, owner, replay, switches
from ledger.actors import Actor
from ledger.command import Command
from ledger.importing import importing
from ledger.models import Entry, LedgerHead, LegalEntity, Person
from ledger.replay import Ref
from procure import notices, requisitions
from procure.commands import ChangeBudget
from procure.demo import intake_to_order
from procure.models import Budget
from tests.flows import writes
from tests.flows.writes import Write
from tests.forging import alter
from tests.told import for_a_module
from vendors.commands import BlockVendor
from vendors.models import Vendor


@dataclass
class Told:
    """What the rows were along the way, and every governed write with its place in the journal."""

    snapshots: dict[int, dict[Ref, Any]] = field(default_factory=dict)
    writes: list[Write] = field(default_factory=list)
    since: int = 0
    #: What they are at its end.
    rows: dict[Ref, Any] = field(default_factory=dict)
    #: What the scenario says of itself.
    account: dict[str, Any] = field(default_factory=dict)

    def look(self, _text: str = "") -> None:
        self.snapshots[LedgerHead.objects.get().seq] = dict(replay.live())


@pytest.fixture(scope="module")
def told(_loaded, django_db_blocker, own_var) -> Iterator[Told]:
    """Told once for all tests here; each then looks at it in a savepoint."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    places = override_settings(VAR_DIR=own_var, STATIC_ROOT=own_var / "static")
    with django_db_blocker.unblock(), places, for_a_module():
        story = Told(since=LedgerHead.objects.get().seq)
        writes.note()
        story.account = intake_to_order.play(
            erp="sandbox", words=None, prices={}, inline=True, patience=60, undo=True, say=story.look
        )
        assert story.account["problems"] == []
        rest_of_the_story(story)
        story.writes, story.rows = writes.noted(), dict(replay.live())
        # Once for all tests here: what a savepoint has checked is checked again after it.
        connection.check_constraints()
        yield story
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def rest_of_the_story(story: Told) -> None:
    """A refusal, a return, a revision, an edit, an approval that ran out; policy, bounds, budget, a stop, a plan."""
    entity = LegalEntity.objects.get()
    ada, amir, ben, olga, rita = (
        Actor.human(Person.objects.get(username=each)) for each in ("ada", "amir", "ben", "olga", "rita")
    )
    first, second, third = Vendor.objects.filter(status="approved").order_by("key")[:3]

    def propose(*commands: Command, by: Actor) -> Proposal:
        return proposals.propose(commands=commands, actor=by, entity=entity, rationale="because")

    def approve(proposal: Proposal, *people: Actor) -> None:
        for each in people:
            proposal.refresh_from_db()
            if proposal.status == "waiting":
                decisions.approve(proposal, actor=each, fingerprint=proposal.fingerprint)
        clerk.answer()
        proposal.refresh_from_db()
        story.look()

    def block(vendor: Vendor, reason: str = "No papers") -> BlockVendor:
        return BlockVendor(vendor=vendor.key, reason=reason)

    decisions.reject(propose(block(first), by=ben), actor=ada, reason="They sent them.")
    proposals.withdraw(propose(block(first), by=ben), actor=ben, reason="They sent them.")

    changed = propose(block(second), by=ben)
    decisions.ask_changes(changed, actor=ada, reason="Say which papers.")
    story.look()
    proposals.revise(
        changed, commands=[block(second, "No export papers")], actor=Actor.human(Person.objects.get(username="ben"))
    )
    decisions.edit_and_approve(
        changed,
        actor=ada,
        fingerprint=changed.fingerprint,
        commands=[block(second, "No certificate")],
        comment="Clearer.",
    )
    story.look()
    approve(changed, amir)
    assert changed.status == "carried_out"

    late = propose(block(third), by=ben)
    decisions.approve(late, actor=ada, fingerprint=late.fingerprint)
    clock.shift(timedelta(days=15))
    clerk.answer()
    clock.shift(timedelta(0))
    late.refresh_from_db()
    assert late.status == "waiting"
    story.look()
    approve(late, ada, amir)
    assert late.status == "carried_out"

    budget = Budget.objects.select_related("cost_centre").order_by("pk")[0]
    more = ChangeBudget(
        cost_centre=budget.cost_centre.code, year=budget.year, amount=budget.amount + 1000, currency=budget.currency
    )
    policy = PublishPolicy(entity=entity.code, base_version=1, document=shipped() | {"name": "Second"})
    bounds = AdjustBounds(entity=entity.code, role="intake", commands=["RaiseRequisition"], max_amount=Decimal("10.50"))
    rules = PublishTriggers(entity=entity.code, base_version=0, rules=trigger_versions.shipped()[:-1])
    for command in (more, policy, bounds, rules):
        asked = propose(command, by=olga)
        approve(asked, ada, amir)
        assert asked.status == "carried_out", (command, asked.status, asked.problem)

    notices.record(kind="price_change", vendor=first.key, text="Resin is dear.", actor=ben, entity=entity)
    story.look()
    captured = requisitions.capture(words="We need gloves", actor=rita, entity=entity)
    doorbell.answer()
    story.look()
    plans.cancel(Plan.objects.get(subject_key=captured.reference), actor=olga, reason="A drill.")
    switches.turn("role:sourcing", stop=True, actor=olga, entity=entity, reason="A drill.")
    story.look()
    switches.turn("role:sourcing", stop=False, actor=olga, entity=entity)


def test_the_journal_alone_gives_every_row(told, db):
    assert list(replay.differences()) == []
    # Bank details have their own story in tests/vendors.
    assert {kind for kind, _key in replay.states()} == set(replay.kinds()) - {"bank_details"}


def test_until_a_point_it_gives_what_the_rows_were_then(told, db):
    assert len(told.snapshots) > 15
    for seq, rows in told.snapshots.items():
        then = replay.states(until=seq)
        assert [
            list(replay.compared(*ref, then.get(ref), row)) for ref, row in rows.items() if then.get(ref) != row
        ] == []
        assert then.keys() == rows.keys()
    seq = sorted(told.snapshots)[-3]
    at, following = Entry.objects.filter(seq__gte=seq).order_by("seq").values_list("time", flat=True)[:2]
    if at < following:
        assert replay.states(until=at) == told.snapshots[seq]


def test_one_object_as_of_a_point_is_what_all_give(told, db):
    for seq in sorted(told.snapshots)[::5]:
        for (kind, key), state in told.snapshots[seq].items():
            if kind != "vendor":
                assert replay.as_of("main", kind, key, seq).state == state


def test_every_governed_change_has_exactly_one_entry_with_actor_cause_and_policy(told, db):
    """Writes and entries of one object take turns: after its writes comes one entry that makes its next state, in the
    same carrying out; and no entry comes without a write."""
    bodies = [json.loads(bytes(each.bytes)) for each in Entry.objects.order_by("seq")]
    made: dict[Ref, list[int]] = {}
    for seq, moved in replay.moves(bodies):
        for ref in moved:
            made.setdefault(ref, []).append(seq)
    carried_out = [each["seq"] for each in bodies if each["kind"] == "proposal.carried_out"]
    names, told_by = writes.refs(), set()
    for write in told.writes:
        ref = names[write.table, write.row]
        entry = next((seq for seq in made[ref] if seq > write.after), None)
        assert entry is not None, f"{ref} was written after {write.after} and no entry says so"
        assert not [seq for seq in carried_out if write.after < seq < entry], f"{ref}: entry {entry} came later"
        told_by.add((ref, entry))
    governed = {ref[0] for ref in names.values()}
    since = {(ref, seq) for ref, all_of in made.items() for seq in all_of if ref[0] in governed and seq > told.since}
    assert since == told_by
    assert {ref[0] for ref, _seq in told_by} == governed
    for _ref, seq in told_by:
        body = bodies[seq - 1]
        assert body["actor"]["id"], body
        assert body["causes"], body
        assert len(body["policy"]) == 64, body


TAMPERED = [
    ("procure_orderversion", "total = total + 1", "order", "total"),
    ("procure_orderline", "unit_price = unit_price - 1", "order", "lines.1.unit_price"),
    ("procure_orderline", "quantity = 5", "order", "lines.1.quantity"),
    ("procure_order", "status = 'issued'", "order", "status"),
    ("procure_requisition", "status = 'closed'", "requisition", "status"),
    ("procure_requisition", "budget_amount = 1", "requisition", "budget"),
    ("procure_requisition", "structured = '{}'", "requisition", "understood"),
    ("procure_sourcingevent", "deadline = '2031-01-01 00:00:00+00:00'", "event", "deadline"),
    ("procure_openedbidline", "unit_price = unit_price + 1", "event", "quotes.*.lines.1.unit_price"),
    ("procure_invitation", "status = 'declined'", "event", "invitations.*.status"),
    ("procure_budget", "committed = committed + 1", "budget", "committed"),
    ("procure_budget", "amount = amount + 1", "budget", "amount"),
    ("procure_commitment", "amount = amount + 1", "commitment", "amount"),
    ("procure_awardline", "unit_price = unit_price + 1", "award", "lines.*.unit_price"),
    ("procure_award", "status = 'made'", "award", "status"),
    ("procure_bid", "current_version = 7", "bid", "version"),
    ("procure_bidversion", "commitment = 'x'", "bid", "commitments.1"),
    ("approvals_proposal", "status = 'approved'", "proposal", "status"),
    ("approvals_proposal", "commands = '[]'", "proposal", "commands"),
    ("approvals_decision", "actor_id = '99'", "proposal", "decisions.*.by"),
    ("approvals_carriedout", "compensation = '{}'", "proposal", "carried.1.way_back"),
    ("approvals_policyversion", "status = 'retired'", "policy", "status"),
    ("approvals_policyversion", "document = '{}'", "policy", "document"),
    ("approvals_bounds", "max_amount = 5", "bounds", "max_amount"),
    ("agents_step", "result_digest = 'x'", "plan", "steps.*.result_digest"),
    ("agents_step", "result = '{}'", "plan", "steps.*.result"),
    ("agents_plan", "status = 'cancelled'", "plan", "status"),
    ("agents_triggerrules", "status = 'retired'", "triggers", "in_force"),
    ("agents_triggerrules", "rules = '[]'", "triggers", "versions.1.rules"),
    ("procure_notice", "kind = 'delay'", "notice", "kind"),
    ("vendors_vendor", "status = 'retired'", "vendor", "status"),
    ("vendors_categoryapproval", "valid_until = '2031-01-01'", "vendor", "categories.*"),
    ("ledger_switch", "stopped = (1 = 1)", "switch", "stopped"),
]


#: One of three each time, all of them in the long form.
SOME = [each if not place % 3 else pytest.param(*each, marks=pytest.mark.long) for place, each in enumerate(TAMPERED)]


@pytest.mark.parametrize(("table", "change", "kind", "path"), SOME)
def test_a_row_changed_behind_the_journals_back_is_named(told, db, table, change, kind, path):
    with importing("somebody with the owner's key", "0" * 64), connection.cursor() as cursor:
        if table == "agents_step":
            on = " ON agents_step" if connection.vendor == "postgresql" else ""
            with owner.acting(connection):
                cursor.execute(f"DROP TRIGGER agents_step_stays{on}")
        cursor.execute(f"UPDATE {table} SET {change} WHERE {which(table)}")
    changed = {ref for ref, row in replay.live() if told.rows[ref] != row}
    found = list(replay.differences())
    assert {(each.kind, each.key) for each in found} == changed
    (difference,) = [each for each in found if each.kind == kind]
    pattern, parts = path.split("."), difference.field.split(".")
    assert len(pattern) == len(parts), difference.field
    assert all(wanted in ("*", part) for wanted, part in zip(pattern, parts, strict=True)), difference.field
    assert difference.ledger != difference.live


def which(table: str) -> str:
    """The first row, or the first that the change makes another."""
    if table == "ledger_switch":
        return "scope = 'role:sourcing'"
    among = {
        "approvals_policyversion": "status = 'published'",
        "approvals_bounds": "in_force",
        "approvals_decision": "kind = 'approve'",
        "agents_step": "status = 'done'",
    }.get(table, "1 = 1")
    return f"id = (SELECT min(id) FROM {table} WHERE {among})"


def test_a_row_removed_or_slipped_in_is_named(told, db):
    with importing("somebody with the owner's key", "0" * 64), connection.cursor() as cursor:
        cursor.execute("DELETE FROM ledger_switch")
        cursor.execute("DELETE FROM procure_awardline")
        cursor.execute("DELETE FROM procure_award")
        cursor.execute("UPDATE procure_budget SET year = 2101 WHERE id = (SELECT max(id) FROM procure_budget)")
    found = [(each.kind, each.field, each.ledger is None, each.live is None) for each in replay.differences()]
    assert sorted(found) == [
        ("award", "", False, True),
        ("budget", "", False, True),
        ("budget", "", True, False),
        ("switch", "", False, True),
    ]


def judged() -> list[int]:
    return list(Entry.objects.filter(kind="proposal.judged").order_by("seq").values_list("seq", flat=True))


def forge_rows() -> None:
    alter("approvals_judgement", "verdict = 'pass', facts = '{}', fired = '[]', levels = '[]'")
    alter("approvals_policyversion", "document = '{}', digest = %s", ["0" * 64])
    alter("approvals_proposal", "commands = '[]', fingerprint = %s", ["0" * 64])
    alter("approvals_proposalrevision", "commands = '[]'")


def test_every_judgement_comes_out_as_it_was_whatever_its_rows_say_now(told, db):
    entity = LegalEntity.objects.get()
    before = {seq: rejudge(entity, seq).as_json() for seq in judged()}
    assert len(before) >= 20
    assert {each["stage"] for each in before.values()} == {"propose", "execute"}
    assert {"pass", "ask"} <= {each["recorded"]["verdict"] for each in before.values()}
    assert [each["sentences"] for each in before.values() if not each["same"]] == []
    forge_rows()
    assert {row.verdict for row in Judgement.objects.all()} == {"pass"}
    assert not any(row.document for row in PolicyVersion.objects.all())
    assert not any(row.commands for row in (*Proposal.objects.all(), *ProposalRevision.objects.all()))
    assert {seq: rejudge(entity, seq).as_json() for seq in judged()} == before
    award = next(each for each in told.account["proposals"] if "IssueOrder" in str(each["commands"]))
    again = reexamine(entity, award["reference"])
    assert (again["same"], again["plan"]["same"], again["differences"]) == (True, True, [])
    assert "understand" in {each["step"] for each in again["steps"]}
    assert [each["reading"]["same"] for each in again["steps"] if each["reading"]] == [True]
    assert all(each["kept"] for each in again["steps"])
    amount = next(each for each in again["facts"] if each["name"] == "amount")
    assert (amount["from"], amount["same"]) == ("commands", True)
    assert len(rejudge_all(entity, award["reference"])) == 2
