"""The page of a proposal, and deciding on it: bound to what was looked at, once, by those who may."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from approvals import judging, proposals, queries
from approvals.models import Decision, Proposal
from ledger.actors import Actor
from ledger.models import Entry
from ledger.rights import Role
from tests.agents import market
from tests.approvals.stage import block, propose
from tests.console.conftest import SignIn, Story


def decide(client, proposal: Proposal, kind: str = "approve", **fields: str):
    data = {"kind": kind, "fingerprint": proposal.fingerprint, "comment": ""} | fields
    return client.post(reverse("console:decide", args=[proposal.reference]), data)


def page_of(client, proposal: Proposal) -> str:
    return client.get(reverse("console:proposal", args=[proposal.reference])).content.decode()


def test_the_page_shows_verdict_rules_facts_evidence_changes_and_the_way_back(story: Story, sign_in: SignIn):
    text = page_of(sign_in(story.cast["ada"]), story.award)
    assert "The policy asks a person." in text
    assert "The order is worth the threshold or more." in text
    assert "Budget left afterwards" in text
    assert 'class="proof verified"' in text
    assert "What changes" in text
    assert "The order is cancelled here and in the ERP" in text
    assert "Similar decisions before" in text


def test_approving_carries_out_and_the_page_then_offers_the_undo(story: Story, sign_in: SignIn):
    ada = sign_in(story.cast["ada"])
    response = decide(ada, story.award, comment="Evidence looked at.")
    assert response.status_code == 302
    story.award.refresh_from_db()
    assert story.award.status == Proposal.Status.APPROVED
    assert Decision.objects.get(proposal=story.award, kind="approve").comment == "Evidence looked at."
    assert "carried out; this page follows" in page_of(ada, story.award)
    market.work()
    text = page_of(ada, story.award)
    assert "Propose the undo" in text
    assert "data-approve" not in text


def test_a_decision_on_an_older_version_is_refused_with_the_difference(story: Story, sign_in: SignIn):
    ada = sign_in(story.cast["ada"])
    seen = story.award.fingerprint
    award, issue = judging.commands_of(story.award)
    commands = [award.model_copy(update={"reason": "cheaper"}), issue]
    proposals.revise(story.award, commands=commands, actor=Actor.human(story.cast["ben"]), rationale="reworded")
    entries = Entry.objects.count()
    response = decide(ada, story.award, fingerprint=seen)
    text = response.content.decode()
    assert response.status_code == 409
    assert "changed after you looked" in text
    assert "What changed since you looked" in text
    assert "<ins>cheaper</ins>" in text
    assert Entry.objects.count() == entries


def test_a_second_decision_is_told_that_the_first_stands(story: Story, sign_in: SignIn):
    ada = sign_in(story.cast["ada"])
    assert decide(ada, story.award, "reject", comment="Too dear.").status_code == 302
    entries = Entry.objects.count()
    response = decide(ada, story.award)
    assert response.status_code == 409
    assert "was decided already" in response.content.decode()
    assert Entry.objects.count() == entries


def test_nobody_decides_on_what_they_requested(story: Story, sign_in: SignIn):
    own = propose(block("VEN-002"), by=story.cast["ada"], entity=story.entity)
    entries = Entry.objects.count()
    response = decide(sign_in(story.cast["ada"]), own)
    assert response.status_code == 403
    assert "you requested it" in response.content.decode() or "you proposed" in response.content.decode()
    own.refresh_from_db()
    assert own.status == Proposal.Status.WAITING
    assert Entry.objects.count() == entries


def test_a_person_without_the_right_is_refused_and_nothing_happens(story: Story, sign_in: SignIn):
    entries = Entry.objects.count()
    for name in ("rita", "ivan"):
        assert decide(sign_in(story.cast[name]), story.award).status_code == 403
    assert decide(sign_in(story.cast["ben"]), story.award).status_code == 403
    assert Entry.objects.count() == entries


def test_a_rejection_without_a_reason_is_refused_and_the_page_stays(story: Story, sign_in: SignIn):
    response = decide(sign_in(story.cast["ada"]), story.award, "reject")
    assert response.status_code == 422
    assert "Say why" in response.content.decode()
    story.award.refresh_from_db()
    assert story.award.status == Proposal.Status.WAITING


def test_asking_for_changes_keeps_the_words_for_the_author(story: Story, sign_in: SignIn):
    assert decide(sign_in(story.cast["ada"]), story.award, "return", comment="Ask Maker 2 again.").status_code == 302
    story.award.refresh_from_db()
    assert story.award.status == Proposal.Status.RETURNED
    assert "Ask Maker 2 again." in page_of(sign_in(story.cast["ben"]), story.award)


def test_a_made_up_kind_of_decision_is_refused(story: Story, sign_in: SignIn):
    assert decide(sign_in(story.cast["ada"]), story.award, "destroy").status_code == 422


def test_a_decision_from_the_queue_goes_back_there_as_it_was_filtered(story: Story, sign_in: SignIn):
    following = propose(block("VEN-001"), by=story.cast["ben"], entity=story.entity)
    response = decide(sign_in(story.cast["ada"]), story.award, back="tab=mine&sort=due&open=PP-1")
    assert response.headers["Location"] == f"/queue/?tab=mine&sort=due&open={following.reference}"


def test_a_comment_is_shown_as_text_and_never_as_markup(story: Story, sign_in: SignIn):
    ada = sign_in(story.cast["ada"])
    decide(ada, story.award, "return", comment="<script>alert(1)</script>")
    text = page_of(ada, story.award)
    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_evidence_opens_beside_the_page_and_on_a_page_of_its_own(story: Story, sign_in: SignIn):
    address = reverse("console:evidence", args=[story.award.reference, 1])
    ada = sign_in(story.cast["ada"])
    beside = ada.get(address, headers={"HX-Request": "true"}).content.decode()
    alone = ada.get(address).content.decode()
    assert "Says now" in beside
    assert "<html" not in beside
    assert "<html" in alone
    assert ada.get(reverse("console:evidence", args=[story.award.reference, 999])).status_code == 404


def test_the_source_shows_the_very_words(story: Story, sign_in: SignIn):
    text = story.requisition.source.text
    start = text.index("2,000")
    address = reverse("console:source", args=[story.requisition.source_id])
    page = sign_in(story.cast["ada"]).get(address, {"start": start, "end": start + 5}).content.decode()
    assert '<mark class="here">2,000</mark>' in page


def test_the_source_ignores_offsets_that_make_no_sense(story: Story, sign_in: SignIn):
    address = reverse("console:source", args=[story.requisition.source_id])
    for start, end in (("-1", "5"), ("9", "2"), ("0", "99999999"), ("x", "y"), ("1" * 40, "2" * 40)):
        response = sign_in(story.cast["ada"]).get(address, {"start": start, "end": end})
        assert response.status_code == 200
        assert "<mark" not in response.content.decode()


def test_undo_is_proposed_from_the_page_of_what_was_carried_out(story: Story, sign_in: SignIn):
    issued = Proposal.objects.filter(command_kinds__contains="IssueOrder", status=Proposal.Status.CARRIED_OUT).get()
    ada = sign_in(story.cast["ada"])
    assert ada.post(reverse("console:undo", args=[issued.reference]), {"reason": ""}).status_code == 422
    response = ada.post(reverse("console:undo", args=[issued.reference]), {"reason": "Ordered twice."})
    undoing = queries.find(response.headers["Location"].rstrip("/").rsplit("/", 1)[-1])
    assert undoing.undo_of == issued
    market.work()
    issued.refresh_from_db()
    story.order.refresh_from_db()
    assert issued.status == Proposal.Status.UNDONE
    assert story.order.status == "cancelled"
    order_page = ada.get(reverse("console:order", args=[story.order.reference])).content.decode()
    assert undoing.reference in order_page


def test_who_asked_may_withdraw_and_must_say_why(story: Story, sign_in: SignIn):
    rita = sign_in(story.cast["rita"])
    address = reverse("console:withdraw", args=[story.award.reference])
    assert rita.post(address, {"reason": " "}).status_code == 422
    assert rita.post(address, {"reason": "Not needed any more."}).status_code == 302
    story.award.refresh_from_db()
    assert story.award.status == Proposal.Status.WITHDRAWN


def test_the_moving_line_asks_for_a_fresh_page_once_it_stands_still(story: Story, sign_in: SignIn):
    ada = sign_in(story.cast["ada"])
    address = reverse("console:proposal-state", args=[story.award.reference])
    assert ada.get(address).headers["HX-Refresh"] == "true"
    decide(ada, story.award)
    assert "HX-Refresh" not in ada.get(address).headers


@pytest.fixture
def ada(story: Story, sign_in: SignIn):
    """Ada, who for these tests also buys: who edits an order must be allowed to issue one."""
    story.cast["ada"].groups.add(Group.objects.get(name=Role.BUYER))
    return sign_in(story.cast["ada"])


def edited(proposal: Proposal, **changes: str) -> dict[str, str]:
    """The edit form of a bundle of award and order as it stands, with changes."""
    award, issue = proposal.commands[0]["fields"], proposal.commands[1]["fields"]
    fields = {"fingerprint": proposal.fingerprint, "comment": "Freight was agreed by phone."}
    for number, values in enumerate((award, issue)):
        for name, value in values.items():
            if name == "lines":
                for line, each in enumerate(value):
                    fields |= {f"c{number}-lines-{line}-{key}": str(part or "") for key, part in each.items()}
            else:
                fields[f"c{number}-{name}"] = "" if value is None else str(value)
    return fields | changes


def test_an_edit_takes_the_place_of_what_was_proposed_and_keeps_both_fingerprints(story: Story, ada):
    address = reverse("console:edit", args=[story.award.reference])
    before = story.award.fingerprint
    assert address in page_of(ada, story.award)
    assert 'name="c1-freight"' in ada.get(address).content.decode()
    response = ada.post(address, edited(story.award, **{"c0-reason": "Lowest, and it keeps its dates."}))
    assert response.status_code == 302
    story.award.refresh_from_db()
    decision = Decision.objects.get(proposal=story.award, kind="edit")
    assert story.award.revision == 2
    assert (decision.fingerprint, decision.new_fingerprint) == (before, story.award.fingerprint)
    assert decision.comment == "Freight was agreed by phone."


def test_an_edit_that_does_not_add_up_is_refused_and_kept_in_the_form(story: Story, ada):
    address = reverse("console:edit", args=[story.award.reference])
    response = ada.post(address, edited(story.award, **{"c1-freight": "40"}))
    text = response.content.decode()
    assert response.status_code == 422
    assert "add up to" in text
    assert 'value="40"' in text
    story.award.refresh_from_db()
    assert story.award.revision == 1


def test_an_unchanged_edit_and_one_without_a_reason_are_refused(story: Story, ada):
    address = reverse("console:edit", args=[story.award.reference])
    assert "Nothing was changed" in ada.post(address, edited(story.award)).content.decode()
    assert ada.post(address, edited(story.award, comment="")).status_code == 422
    assert not Decision.objects.filter(proposal=story.award).exists()


def test_who_may_not_decide_or_not_propose_such_a_thing_may_not_edit_it(story: Story, sign_in: SignIn):
    address = reverse("console:edit", args=[story.award.reference])
    assert address not in page_of(sign_in(story.cast["ada"]), story.award)
    for name in ("rita", "ben", "ivan", "ada"):
        client = sign_in(story.cast[name])
        assert client.get(address).status_code == 403
        assert client.post(address, edited(story.award, **{"c1-incoterm": "CIP"})).status_code == 403
    story.award.refresh_from_db()
    assert story.award.revision == 1
