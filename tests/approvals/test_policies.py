"""Publishing policies and adjusting bounds: genesis by two people, then only by proposals, always two people."""

from __future__ import annotations

import json
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction

from approvals import bounds, limits, policies, queries, rulebook, undo
from approvals.commands import AdjustBounds, PublishPolicy
from approvals.errors import NoPolicy
from approvals.models import Bounds, PolicyVersion
from ledger import chain
from ledger.actors import Actor
from ledger.command import build
from ledger.errors import InvalidInput, NotAllowed, Stale
from ledger.models import Entry
from ledger.rights import Role
from tests.approvals.stage import approve, block, keys, propose, work
from tests.cast import make_person


@pytest.fixture
def otto(entity):
    """Second administrator."""
    return make_person("otto", Role.ADMINISTRATOR, entity=entity)


def stricter() -> dict:
    document = rulebook.shipped()
    document["order_threshold"] = "5000"
    return document


def publish(entity, *, base: int = 1, document: dict | None = None) -> PublishPolicy:
    return PublishPolicy(entity=entity.code, base_version=base, document=document or stricter())


def test_the_first_policy_takes_two_different_people(entity, ada, amir):
    with pytest.raises(InvalidInput, match="two different people"):
        policies.publish_genesis(entity=entity, by=[ada, ada])
    assert not PolicyVersion.objects.exists()
    version = policies.publish_genesis(entity=entity, by=[ada, amir])
    assert (version.number, version.published_by) == (1, "Ada, Amir")
    told = chain.read(Entry.objects.get(kind="policy.published"))
    assert (told["data"]["digest"], told["data"]["by"]) == (version.digest, [str(ada.pk), str(amir.pk)])
    with pytest.raises(Stale, match="already"):
        policies.publish_genesis(entity=entity, by=[ada, amir])


def test_a_policy_with_a_mistake_is_not_published(entity, ada, amir):
    with pytest.raises(InvalidInput, match="problems"):
        policies.publish_genesis(entity=entity, by=[ada, amir], document=stricter() | {"default_chain": "x"})
    assert not PolicyVersion.objects.exists()


def test_a_new_version_takes_a_proposal_and_a_second_administrator(entity, policy, olga, otto, ada):
    made = propose(publish(entity), by=olga, entity=entity)
    assert (made.status, keys(made)) == ("waiting", ["policy-change"])
    with pytest.raises(NotAllowed):
        approve(made, olga)
    approve(made, otto)
    work()
    assert queries.outcome(made) == "carried_out"
    now = rulebook.version_in_force(entity)
    assert (now.number, now.published_by) == (2, "Olga, Otto")
    assert rulebook.in_force(entity).document.order_threshold == 5000
    assert PolicyVersion.objects.get(number=1).status == "retired"


def test_the_way_back_publishes_the_former_document_and_takes_two_as_well(entity, policy, olga, otto):
    made = propose(publish(entity), by=olga, entity=entity)
    approve(made, otto)
    work()
    made.refresh_from_db()
    undoing = undo.propose(made, actor=Actor.human(otto), reason="Too strict")
    assert undoing.status == "waiting"
    approve(undoing, olga)
    work()
    now = rulebook.version_in_force(entity)
    assert (now.number, now.document) == (3, rulebook.shipped())


def test_of_two_versions_from_the_same_base_one_is_published(entity, policy, olga, otto):
    one = propose(publish(entity), by=olga, entity=entity)
    other = propose(publish(entity, document=stricter() | {"name": "Other"}), by=olga, entity=entity)
    approve(one, otto)
    approve(other, otto)
    work()
    assert [queries.outcome(each) for each in (one, other)] == ["carried_out", "failed"]
    other.refresh_from_db()
    assert "Version 2 is in force meanwhile" in other.problem


def test_a_document_with_a_mistake_cannot_be_proposed(entity, policy, olga):
    document = stricter()
    document["rules"][1]["when"] = ["amuont > 3"]
    with pytest.raises(InvalidInput, match="line 1, column 1: There is no fact “amuont”"):
        propose(publish(entity, document=document), by=olga, entity=entity)
    with pytest.raises(InvalidInput, match="not in force"):
        propose(publish(entity, base=7), by=olga, entity=entity)


def test_only_administrators_propose_policies_and_bounds(entity, policy, ada):
    with pytest.raises(NotAllowed):
        propose(publish(entity), by=ada, entity=entity)
    with pytest.raises(NotAllowed):
        propose(AdjustBounds(entity="HQ", role="sourcing"), by=ada, entity=entity)


def test_the_preview_names_what_changes(entity, policy):
    document = stricter()
    document["rules"] = document["rules"][1:]
    changes = {each.field: (each.before, each.after) for each in publish(entity, document=document).preview()}
    assert changes["order_threshold"] == ("10000", "5000")
    assert changes["rule vendor-blocked"][1] == ""


def test_a_stored_policy_that_was_altered_judges_nothing(entity, policy):
    raw = stricter()
    altered = PolicyVersion(entity=entity, number=1, document=raw, digest=policy.digest)
    with pytest.raises(NoPolicy, match="not the document that was published"):
        rulebook.compiled(altered)


def test_bounds_are_adjusted_by_two_administrators_and_back(entity, policy, olga, otto):
    wanted = AdjustBounds(
        entity="HQ", role="sourcing", commands=["IssueOrder"], max_amount="500.50", rate_per_hour=5, tiers=["rules"]
    )
    assert {each.field for each in wanted.preview()} >= {"max_amount", "rate_per_hour", "commands"}
    made = propose(wanted, by=olga, entity=entity)
    approve(made, otto)
    work()
    now = limits.of("sourcing", entity)
    assert (now.version, now.max_amount, now.commands) == (2, Decimal("500.50"), ["IssueOrder"])
    made.refresh_from_db()
    undoing = undo.propose(made, actor=Actor.human(otto), reason="Back")
    approve(undoing, olga)
    work()
    back = limits.of("sourcing", entity)
    assert (back.version, back.commands, back.max_amount) == (3, bounds.SHIPPED["sourcing"]["commands"], 250000)
    assert Bounds.objects.filter(role="sourcing").count() == 3


def test_new_bounds_for_a_new_role_are_undone_by_switching_it_off(entity, policy, olga, otto):
    made = propose(AdjustBounds(entity="HQ", role="reviewer", commands=["AdjustBounds"]), by=olga, entity=entity)
    approve(made, otto)
    work()
    row = made.carried.get()
    assert build(**row.compensation).on is False


def test_bounds_with_an_unknown_command_are_refused(entity, policy, olga):
    with pytest.raises(InvalidInput, match="There is no command “Fly”"):
        propose(AdjustBounds(entity="HQ", role="sourcing", commands=["Fly"]), by=olga, entity=entity)
    with pytest.raises(InvalidInput, match="max_amount"):
        build("AdjustBounds", {"entity": "HQ", "role": "sourcing", "max_amount": "9" * 30})


def test_a_version_never_changes(entity, policy):
    with pytest.raises(DatabaseError), transaction.atomic():
        PolicyVersion.objects.filter(pk=policy.pk).update(name="x")


def test_a_new_version_rules_at_once_in_a_process_that_has_compiled_the_old_one(
    entity, policy, olga, otto, ben, vendor
):
    assert rulebook.in_force(entity).version == 1
    made = propose(publish(entity), by=olga, entity=entity)
    approve(made, otto)
    work()
    assert propose(block(), by=ben, entity=entity).judgement.policy.number == 2


def run(*args: str) -> tuple[dict | list, str]:
    out, err = StringIO(), StringIO()
    call_command("policy", *args, stdout=out, stderr=err)
    return json.loads(out.getvalue()), err.getvalue()


def test_the_shell_checks_a_document(db, tmp_path):
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(rulebook.shipped()))
    assert run("check", str(good)) == ({"ok": True, "problems": []}, "")
    document = rulebook.shipped()
    document["rules"][3]["when"][0] = "roling_30d_amount >= 1"
    bad.write_text(json.dumps(document))
    out = StringIO()
    with pytest.raises(CommandError, match="1 problem") as error:
        call_command("policy", "check", str(bad), stdout=out)
    assert error.value.returncode == 1
    [problem] = json.loads(out.getvalue())["problems"]
    assert {"rule": "split-purchase", "field": "when", "line": 1, "column": 1}.items() <= problem.items()


@pytest.mark.parametrize(
    ("content", "code"), [(b"{", 1), (b"[1]", 1), (b"null", 1), (b"\xff", 2), (None, 2), (b'{"name": 1e999}', 1)]
)
def test_the_shell_refuses_what_is_no_document(db, tmp_path, content, code):
    path = tmp_path / "x.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CommandError) as error:
        call_command("policy", "check", str(path), stdout=StringIO())
    assert error.value.returncode == code


def test_the_shell_shows_the_policy_in_force_and_the_facts(entity, policy):
    assert run("show")[0] == run("show", "--shipped")[0] == rulebook.shipped()
    names = {each["name"] for each in run("facts")[0]}
    assert {"amount", "vendor_status", "evidence_coverage"} <= names
    out = StringIO()
    call_command("policy", "show", "--sentences", stdout=out)
    assert "Value threshold. When command is AwardEvent or IssueOrder" in out.getvalue()
    with pytest.raises(CommandError, match="no policy version 9"):
        run("show", "--version", "9")
    with pytest.raises(CommandError, match="Known: HQ"):
        run("show", "--entity", "NONE")


def test_the_shell_says_when_there_is_no_policy_yet(entity):
    with pytest.raises(CommandError, match="No policy has been published"):
        run("show")
