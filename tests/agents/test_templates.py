"""Publishing plan templates: at set-up by the system, afterwards by a proposal and two people."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction

from agents import plans, roles, templates
from agents.commands import PublishTemplate, RetireTemplate
from agents.models import PlanTemplate
from approvals import bounds, policies, proposals, queries, undo
from approvals.errors import OutOfBounds
from approvals.models import Proposal
from ledger import chain, replay
from ledger.actors import Actor
from ledger.command import ObjectRef, build
from ledger.errors import InvalidInput, NotAllowed, NotFound
from ledger.importing import importing
from ledger.models import Entry
from ledger.rights import Role
from tests.agents.acting import make_template
from tests.approvals.stage import approve, keys, propose, work
from tests.cast import make_person

pytestmark = pytest.mark.django_db
STEPS = [{"key": "research", "role": "research", "task": "dossier"}, {"key": "benchmark", "role": "sourcing"}]
LOOK = {"title": "Look", "subject": "requisition", "steps": STEPS}
LATER = LOOK | {"title": "Look twice", "steps": [STEPS[0] | {"timeout": 60}, STEPS[1] | {"after": ["research"]}]}


@pytest.fixture
def otto(entity):
    """Second administrator."""
    return make_person("otto", Role.ADMINISTRATOR, entity=entity)


@pytest.fixture
def policy(entity, ada, amir):
    return policies.publish_genesis(entity=entity, by=[ada, amir])


def publish(definition=LOOK, *, base: int = 0, name: str = "look") -> PublishTemplate:
    return PublishTemplate(entity="HQ", name=name, base_version=base, definition=definition)


def carried_out(command, *, entity, by, second):
    made = propose(command, by=by, entity=entity)
    approve(made, second)
    work()
    made.refresh_from_db()
    return made


def versions(name: str = "look") -> list[tuple[int, str]]:
    return list(PlanTemplate.objects.filter(name=name).order_by("version").values_list("version", "status"))


def test_a_template_takes_a_proposal_and_a_second_administrator(entity, policy, olga, otto):
    made = propose(publish(), by=olga, entity=entity)
    assert (made.status, keys(made)) == ("waiting", ["policy-change"])
    with pytest.raises(NotAllowed):
        approve(made, olga)
    work()
    assert versions() == []
    approve(made, otto)
    work()
    assert queries.outcome(made) == "carried_out"
    template = templates.in_force(entity, "look")
    assert (template.version, template.published_by, template.definition) == (1, "Olga, Otto", LOOK)
    told = chain.read(Entry.objects.get(kind="template.published"))
    assert (told["data"]["digest"], told["data"]["by"]) == (template.digest, [str(olga.pk), str(otto.pk)])
    assert told["causes"]


def test_the_next_version_retires_the_last_and_plans_stay_on_theirs(entity, policy, olga, otto):
    carried_out(publish(), entity=entity, by=olga, second=otto)
    subject = ObjectRef("requisition", "PR-00001")
    plan = plans.start(template="look", subject=subject, entity=entity, actor=Actor.system("tests"))
    carried_out(publish(LATER, base=1), entity=entity, by=olga, second=otto)
    assert versions() == [(1, "retired"), (2, "published")]
    assert (plan.template.version, plan.steps.get(key="benchmark").after) == (1, [])
    assert list(replay.differences()) == []


def test_undoing_publishes_the_former_version_again_and_the_first_is_retired(entity, policy, olga, otto):
    first = carried_out(publish(), entity=entity, by=olga, second=otto)
    second = carried_out(publish(LATER, base=1), entity=entity, by=olga, second=otto)
    back = undo.propose(second, actor=Actor.human(olga), reason="Too slow")
    approve(back, otto)
    work()
    assert templates.in_force(entity, "look").definition == LOOK
    assert versions() == [(1, "retired"), (2, "retired"), (3, "published")]
    row = first.carried.get()
    assert build(**row.compensation) == RetireTemplate(entity="HQ", name="look", version=1)
    assert list(replay.differences()) == []


def test_retired_nothing_starts_by_it_and_it_can_be_published_again(entity, policy, olga, otto):
    carried_out(publish(), entity=entity, by=olga, second=otto)
    made = carried_out(RetireTemplate(entity="HQ", name="look", version=1), entity=entity, by=otto, second=olga)
    assert made.status == "carried_out"
    with pytest.raises(NotFound, match="No plan template “look” is in force"):
        templates.in_force(entity, "look")
    assert list(replay.differences()) == []
    carried_out(publish(), entity=entity, by=olga, second=otto)
    assert versions() == [(1, "retired"), (2, "published")]
    assert list(replay.differences()) == []


def test_of_two_versions_from_the_same_base_one_is_published(entity, policy, olga, otto):
    one, other = propose(publish(), by=olga, entity=entity), propose(publish(LATER), by=olga, entity=entity)
    approve(one, otto)
    approve(other, otto)
    work()
    assert [queries.outcome(each) for each in (one, other)] == ["carried_out", "failed"]
    assert versions() == [(1, "published")]


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (
            publish(LOOK | {"steps": [STEPS[1] | {"after": ["nobody"]}]}),
            "Step “benchmark”, after: comes after “nobody”",
        ),
        (publish(base=3), "start from version 0"),
        (RetireTemplate(entity="HQ", name="look", version=1), "start from version 0"),
    ],
)
def test_what_cannot_be_published_cannot_be_proposed_and_nothing_changes(entity, policy, olga, command, says):
    before = Entry.objects.count()
    with pytest.raises(InvalidInput, match=says):
        propose(command, by=olga, entity=entity)
    assert (Entry.objects.count(), versions()) == (before, [])


def test_only_administrators_propose_templates(entity, policy, ben, ada):
    for person in (ben, ada):
        with pytest.raises(NotAllowed, match=r"template\.edit"):
            propose(publish(), by=person, entity=entity)
    assert versions() == []


def test_an_agent_has_no_way_to_publish(entity, policy):
    assert not any("PublishTemplate" in roles.of(each).may_propose for each in roles.specifications())
    bounds.set_up_shipped(entity)
    with pytest.raises(OutOfBounds, match="may not propose PublishTemplate"):
        proposals.propose(commands=[publish()], actor=Actor.agent("sourcing"), entity=entity, rationale="faster")
    with pytest.raises(NotAllowed, match="by a proposal"):
        templates.publish(name="look", definition=LOOK, actor=Actor.agent("sourcing"), entity=entity)
    assert (Proposal.objects.count(), versions()) == (0, [])


@pytest.mark.parametrize(
    "write",
    [
        lambda rows: rows.create(**row(rows.get(), name="another")),
        lambda rows: rows.update(status="retired"),
        lambda rows: rows.all().delete(),
    ],
)
def test_the_database_refuses_whoever_comes_without_authority(entity, write):
    template = make_template(entity, {"key": "a"})
    with pytest.raises(DatabaseError, match="governed"), transaction.atomic():
        write(PlanTemplate.objects)
    template.refresh_from_db()
    assert (PlanTemplate.objects.count(), template.status) == (1, "published")


def row(like: PlanTemplate, **fields):
    names = ("entity", "version", "definition", "digest", "published_at")
    return {name: getattr(like, name) for name in names} | fields


def test_set_up_publishes_what_ships_once_and_leaves_what_people_made_of_it(entity, policy, olga, otto):
    made = templates.publish_shipped(entity)
    assert {each.name for each in made} == set(templates.shipped())
    theirs = templates.shipped()["intake-to-order"] | {"title": "Ours"}
    carried_out(publish(theirs, base=1, name="intake-to-order"), entity=entity, by=olga, second=otto)
    assert templates.publish_shipped(entity) == []
    assert templates.in_force(entity, "intake-to-order").title == "Ours"
    assert list(replay.differences()) == []


def test_people_do_not_publish_past_the_gate(entity, olga):
    with pytest.raises(NotAllowed, match="by a proposal"):
        templates.publish(name="look", definition=LOOK, actor=Actor.human(olga), entity=entity)
    assert versions() == []


def test_the_preview_tells_each_field_of_each_step(entity, policy, olga, otto):
    carried_out(publish(), entity=entity, by=olga, second=otto)
    added = LATER | {"steps": [*LATER["steps"][:1], {"key": "person", "role": "person", "task": "decide"}]}
    changes = {each.field: (each.before, each.after) for each in publish(added, base=1).preview()}
    assert changes == {
        "title": ("Look", "Look twice"),
        "step benchmark": ("role: sourcing", ""),
        "research · timeout": ("45", "60"),
        "step person": ("", "role: person; task: decide"),
    }


@pytest.mark.parametrize(("change", "field"), [({"status": "retired"}, "in_force"), ({"published_by": "Nobody"}, None)])
def test_a_template_changed_behind_the_journals_back_is_named(entity, change, field):
    make_template(entity, {"key": "a"})
    with importing("somebody with the owner's key", "0" * 64):
        PlanTemplate.objects.update(**change)
    assert [each.field for each in replay.differences()] == ([field] if field else [])


@pytest.mark.parametrize("inputs", [{}, {"site": 3}, {"site": None}])
def test_a_plan_is_started_with_what_its_template_wants(entity, inputs):
    template = make_template(entity, {"key": "a"}, inputs={"site": "text"})
    subject = ObjectRef("requisition", "PR-00001")
    with pytest.raises(InvalidInput, match="site is"):
        plans.start(template=template, subject=subject, entity=entity, actor=Actor.system("tests"), inputs=inputs)
    assert not template.plans.exists()
