"""Notices and trigger rules on their pages; and that a plan's page and the control room say what made it look again."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from agents import trigger_versions
from agents.models import Reconsideration, TriggerRules
from approvals.models import Proposal
from ledger.models import Entry
from procure.models import Notice
from tests.agents import market
from tests.agents.market import approve, work
from tests.console.conftest import SignIn, Story

pytestmark = pytest.mark.django_db
NOTICES, RECORD = reverse("console:notices"), reverse("console:notice-record")
RULES, EDIT = reverse("console:triggers"), reverse("console:triggers-edit")
GIVEN = {
    "kind": "price_change",
    "vendor": "VEN-003",
    "item": market.ITEM,
    "new_price": "9.5",
    "currency": "USD",
    "text": "<script>alert(1)</script> They raise it.",
}


def text(response) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


@pytest.fixture
def ben(story: Story, sign_in: SignIn) -> Client:
    return sign_in(story.cast["ben"])


@pytest.fixture
def olga(story: Story, sign_in: SignIn) -> Client:
    return sign_in(story.cast["olga"])


def test_a_list_without_notices_says_when_to_record_one(ben):
    assert "record it: plans take it up" in text(ben.get(NOTICES))
    assert RECORD in text(ben.get(NOTICES))


def test_a_notice_is_recorded_and_stands_on_its_page_escaped(ben):
    response = ben.post(RECORD, GIVEN, follow=True)
    page = text(response)
    assert response.status_code == 200
    assert "&lt;script&gt;alert(1)&lt;/script&gt; They raise it." in page
    assert "<script>alert(1)" not in page
    assert "9.50 USD" in page
    assert Notice.objects.get().reference in text(ben.get(NOTICES))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"kind": "gossip"}, "Choose what kind"),
        ({"vendor": "", "item": ""}, "Name the supplier, the item or both"),
        ({"vendor": "VEN-999"}, "no vendor"),
        ({"item": "ITM-9"}, "no item"),
        ({"new_price": "cheap"}, "not an amount"),
        ({"new_price": "-1"}, "more than nothing"),
        ({"currency": "dollars"}, "three letters"),
        ({"kind": "delay"}, "belongs to a price change"),
        ({"effective_on": "someday"}, "no date"),
        ({"effective_on": "1999-01-01"}, "within three years"),
        ({"text": "x" * 4001}, "at most 4000"),
    ],
)
def test_what_is_wrong_with_a_notice_is_said_and_nothing_is_kept(ben, wrong, said):
    before = Entry.objects.count()
    response = ben.post(RECORD, GIVEN | wrong)
    assert response.status_code in (404, 422)
    assert said in text(response)
    assert (Notice.objects.count(), Entry.objects.count()) == (0, before)


@pytest.mark.parametrize("who", ["rita", "ada", "ivan"])
def test_only_who_may_record_notices_does(story, sign_in, who):
    client, before = sign_in(story.cast[who]), Entry.objects.count()
    assert client.get(RECORD).status_code == 403
    assert client.post(RECORD, GIVEN).status_code == 403
    assert (Notice.objects.count(), Entry.objects.count()) == (0, before)


def test_a_requester_sees_no_notices(story, sign_in, ben):
    ben.post(RECORD, GIVEN)
    rita = sign_in(story.cast["rita"])
    assert rita.get(NOTICES).status_code == 403
    assert rita.get(reverse("console:notice", args=[Notice.objects.get().reference])).status_code == 403


def test_the_list_is_narrowed_by_kind_and_by_words(ben):
    ben.post(RECORD, GIVEN, follow=True)
    ben.post(RECORD, {"kind": "delay", "vendor": "VEN-001"}, follow=True)
    first, second = (each.reference for each in Notice.objects.order_by("pk"))
    only = text(ben.get(NOTICES, {"show": "delay"}))
    assert second in only
    assert first not in only
    assert first in text(ben.get(NOTICES, {"q": "VEN-003"}))
    assert "Nothing matches" in text(ben.get(NOTICES, {"show": "quality"}))


def test_plan_page_and_control_room_say_what_made_the_plan_look_again(story, ben):
    ben.post(RECORD, GIVEN)
    work()
    again, notice = Reconsideration.objects.get(), Notice.objects.get()
    entry = reverse("console:ledger-entry", args=[again.seq])
    page = text(ben.get(reverse("console:plan", args=[story.plan.reference])))
    assert "What made it look again" in page
    assert "A supplier announced a change" in page
    assert entry in page
    assert reverse("console:notice", args=[notice.reference]) in page
    room = text(ben.get(reverse("console:control")))
    assert "looked again:" in room
    assert entry in room
    reached = text(ben.get(reverse("console:notice", args=[notice.reference])))
    assert story.plan.reference in reached


def test_a_notice_is_recorded_and_read_by_the_api_as_on_the_pages(story, ben, sign_in):
    given = {"kind": "stock_out", "vendor": "ven-001", "text": "None left."}
    made = ben.post("/api/v1/notices/", given, content_type="application/json")
    assert made.status_code == 201
    assert made["Location"].endswith(f"/api/v1/notices/{made.json()['reference']}/")
    assert ben.get(made["Location"]).json() == made.json()
    assert (made.json()["vendor"], made.json()["recorded_by"]) == ("VEN-001", "ben")
    before = Entry.objects.count()
    for who, status in (("rita", 403), ("ada", 403), ("ivan", 403)):
        refused = sign_in(story.cast[who]).post("/api/v1/notices/", given, content_type="application/json")
        assert refused.status_code == status
    wrong = ben.post("/api/v1/notices/", given | {"vendor": ""}, content_type="application/json")
    assert wrong.status_code == 422
    assert sign_in(story.cast["rita"]).get("/api/v1/notices/").status_code == 403
    assert (Notice.objects.count(), Entry.objects.count()) == (1, before)


def test_a_plan_to_which_nothing_happened_says_nothing_of_it(story, ben):
    assert "What made it look again" not in text(ben.get(reverse("console:plan", args=[story.plan.reference])))
    assert "looked again:" not in text(ben.get(reverse("console:control")))


def posted(rules, **more):
    out = {"base": "0"} | more
    for number, rule in enumerate(rules, 1):
        for name, value in rule.items():
            out[f"r-{number}-{name}"] = value
    return out


def test_the_rules_that_ship_are_shown_in_words(story, sign_in):
    page = text(sign_in(story.cast["ivan"]).get(RULES))
    assert "Somebody said what is needed" in page
    assert "intake-to-order" in page
    assert "the rules that ship" in page
    assert EDIT not in page


@pytest.mark.parametrize("who", ["rita", "ben", "ada", "ivan"])
def test_only_administrators_draft_rules(story, sign_in, who):
    client, before = sign_in(story.cast[who]), Proposal.objects.count()
    assert client.get(EDIT).status_code == 403
    assert client.post(EDIT, posted([], do="send", rationale="No rules.")).status_code == 403
    assert Proposal.objects.count() == before


def test_rules_are_proposed_decided_by_somebody_else_and_taken_back(story, sign_in, olga):
    assert "intake" in text(olga.get(EDIT))
    rules = [*trigger_versions.shipped(), {"name": "late", "on": "notice.recorded", "when": 'data.kind == "delay"'}]
    rules[-1] |= {"reconsider": ["item"], "note": "Delays reach everybody."}
    looked = text(olga.post(EDIT, posted(rules, do="look")))
    assert "rule late" in looked
    made = olga.post(EDIT, posted(rules, do="send", rationale="Delays matter."))
    proposal = Proposal.objects.get(command_kinds="PublishTriggers")
    assert made.status_code == 302
    assert (proposal.status, TriggerRules.objects.count()) == ("waiting", 0)
    assert proposal.reference in text(olga.get(RULES))
    for _round in range(3):
        proposal.refresh_from_db()
        if proposal.status == "waiting":
            decide(proposal, story)
    work()
    assert TriggerRules.objects.get().rules == rules
    assert "in force" in text(olga.get(RULES))


def decide(proposal, story):
    from ledger.errors import DomainError

    for who in ("ada", "amir", "ben"):
        try:
            return approve(proposal, story.cast[who])
        except DomainError:
            continue
    raise AssertionError("nobody could decide")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"on": "vendor.blockd"}, "Did you mean “vendor.blocked”?"),
        ({"when": 'data.knd == "x"'}, "There is no “data.knd” here. Did you mean"),
        ({"when": "data.kind > 3"}, "does not go with"),
        ({"when": "data.kind"}, "true or false"),
        ({"start": "unheard-of", "reconsider": [], "subject": "item"}, "no plan template “unheard-of” is in force"),
        ({"start": "intake-to-order", "reconsider": [], "subject": "item"}, "starts for a requisition, not a item"),
        ({"reconsider": ["order"]}, "there is no order in it"),
        ({"reconsider": []}, "fill in one of the two"),
        ({"name": "Not A Name"}, "small letters"),
    ],
)
def test_what_is_wrong_with_a_rule_is_said_at_its_place_and_nothing_is_proposed(olga, wrong, said):
    rule = {"name": "x", "on": "notice.recorded", "reconsider": ["vendor"]} | wrong
    before = Proposal.objects.count()
    assert said in text(olga.post(EDIT, posted([rule], do="look"))).replace("&quot;", '"')
    response = olga.post(EDIT, posted([rule], do="send", rationale="Try."))
    assert response.status_code == 422
    assert Proposal.objects.count() == before


def test_rules_are_added_and_taken_out_in_the_form(olga):
    rules = trigger_versions.shipped()[:2]
    assert f"r-{len(rules) + 1}-name" in text(olga.post(EDIT, posted(rules, do="add")))
    left = text(olga.post(EDIT, posted(rules, do="drop:1")))
    assert 'value="intake"' not in left
    assert 'value="supplier-blocked"' in left
