"""The page of a plan that bought something: whom it waits for, why it came out so, what ending it means."""

from __future__ import annotations

from django.urls import reverse

from agents.models import Plan
from ledger.models import Switch
from procure.console import plan_page, steering, why
from tests.console.conftest import SignIn, Story


def page_of(client, plan: Plan) -> str:
    return client.get(reverse("console:plan", args=[plan.reference])).content.decode()


def test_who_is_waited_for_is_named_with_the_page_on_which_they_answer(story: Story, sign_in: SignIn):
    text = page_of(sign_in(story.cast["ben"]), story.plan)
    assert f'<text class="asks" x="10" y="72">{story.cast["ada"]}</text>' in text
    assert reverse("console:proposal", args=[story.award.reference]) in text
    asked = Plan.objects.get(subject_key=story.asked.reference)
    text = page_of(sign_in(story.cast["ben"]), asked)
    assert str(story.cast["rita"]) in text
    assert reverse("console:requisition", args=[story.asked.reference]) in text


def test_why_leads_from_a_result_back_to_the_words_it_began_with(story: Story, sign_in: SignIn):
    steps = list(story.plan.steps.order_by("id"))
    award = next(each for each in steps if each.key == "award")
    trail = why.trail(story.plan, award, steps)
    keys = [hop.step.key for hop in trail.hops]
    assert keys[0] == "award"
    assert set(keys) == {each.key for each in steps} - {"confirm"}
    by_key = {hop.step.key: hop for hop in trail.hops}
    assert [each.reference for each in by_key["award"].proposals] == [story.award.reference]
    assert {each.key for each in by_key["collect"].leads_to} == {"compare", "comply"}
    assert [each.line.kind for each in by_key["compare"].entries] == ["step.finished"]
    (began,) = trail.began
    assert began.causes
    text = (
        sign_in(story.cast["ada"])
        .get(reverse("console:plan-why", args=[story.plan.reference]), {"step": "award"})
        .content.decode()
    )
    for seq in began.causes:
        assert reverse("console:ledger-entry", args=[seq]) in text
    assert reverse("console:requisition", args=[story.requisition.reference]) in text
    assert "policy version 1" in text


def test_ending_says_before_the_click_what_is_undone_and_what_stays(story: Story, sign_in: SignIn):
    text = sign_in(story.cast["ben"]).get(reverse("console:plan-end", args=[story.plan.reference])).content.decode()
    order = ["Undoing takes back", "Invite 3 suppliers", "Stays in any case", f"Raise {story.requisition.reference}"]
    assert sorted(order, key=text.index) == order
    assert story.award.sentence not in text


def test_what_is_undone_comes_in_reverse_and_what_the_template_does_not_take_back_stays(story: Story):
    steps = list(story.plan.steps.order_by("id"))
    for each in steps:
        each.spec["compensation"] = {"raise": "proposals", "compare": "forget"}.get(each.key, "")
    things = steering.undoing(steps, list(plan_page.proposals(story.plan)))
    assert [(each.step, each.possible) for each in things] == [
        ("Compare quotes", True),
        ("Shortlist and invite", False),
        ("Raise the requisition", True),
    ]
    assert "sourcing agent does “forget”" in things[0].how
    assert "does not take it back" in things[1].how


def test_one_plan_is_stopped_from_its_page_and_only_one_that_is_seen(story: Story, sign_in: SignIn):
    turn, page = reverse("console:turn"), reverse("console:plan", args=[story.plan.reference])
    asked = {"scope": f"plan:{story.plan.reference}", "turn": "stop", "reason": "Looks wrong.", "next": page}
    response = sign_in(story.cast["ada"]).post(turn, asked)
    assert (response.status_code, response.headers["Location"]) == (302, page)
    assert Switch.objects.get().scope == f"plan:{story.plan.reference}"
    assert "Looks wrong." in page_of(sign_in(story.cast["ada"]), story.plan)
    assert sign_in(story.cast["ada"]).post(turn, asked | {"scope": "plan:PLN-99999"}).status_code == 404
    for bad in ("https://evil.example/", "//evil.example/", "/\\evil.example"):
        response = sign_in(story.cast["ada"]).post(turn, asked | {"next": bad})
        assert response.headers["Location"] == reverse("console:switches")
