"""The queue: whose it is, what one sees, how many statements it costs, and approving together."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from approvals import queries
from approvals.models import Decision, Proposal
from ledger import clock
from procure.console import queue_page
from tests.approvals.stage import SOURCING, block, propose
from tests.console.conftest import SignIn, Story

QUEUE = "/queue/"


def test_each_tab_holds_what_it_says(story: Story, sign_in: SignIn):
    ada, rita = sign_in(story.cast["ada"]), sign_in(story.cast["rita"])
    assert story.award.reference in ada.get(QUEUE).content.decode()
    assert story.award.reference in rita.get(QUEUE, {"tab": "requests"}).content.decode()
    assert story.award.reference not in sign_in(story.cast["ben"]).get(QUEUE).content.decode()
    assert story.award.reference in sign_in(story.cast["ben"]).get(QUEUE, {"tab": "all"}).content.decode()


def test_a_requester_lands_on_their_own_requests_and_has_no_other_tab(story: Story, sign_in: SignIn):
    text = sign_in(story.cast["rita"]).get(QUEUE, {"tab": "all"}).content.decode()
    assert story.award.reference in text
    assert "Waits for me" not in text
    assert text.count('<span class="n">') >= 1
    assert 'href="?tab=requests" aria-current="page"' in " ".join(text.split())


def test_the_line_says_what_why_how_much_and_until_when(story: Story, sign_in: SignIn):
    text = sign_in(story.cast["ada"]).get(QUEUE).content.decode()
    assert "Issue order to Maker" in text
    assert "Value threshold" in text
    assert '<span class="ccy">USD</span>' in text
    assert "<time datetime=" in text


def test_the_pane_opens_by_its_address_without_any_script(story: Story, sign_in: SignIn):
    text = sign_in(story.cast["ada"]).get(QUEUE, {"open": story.award.reference}).content.decode()
    assert 'name="fingerprint"' in text
    assert "data-approve" in text
    assert "Undo:" in text


def test_htmx_gets_the_pane_alone(story: Story, sign_in: SignIn):
    address = reverse("console:gist", args=[story.award.reference])
    response = sign_in(story.cast["ada"]).get(address, headers={"HX-Request": "true"})
    text = response.content.decode()
    assert "data-approve" in text
    assert "<html" not in text


def test_the_pane_of_an_absent_proposal_says_so(story: Story, sign_in: SignIn):
    text = sign_in(story.cast["ada"]).get(QUEUE, {"open": "PP-99999"}).content.decode()
    assert "There is no “PP-99999”" in text


def test_who_may_not_decide_sees_why_and_no_button(story: Story, sign_in: SignIn):
    for name, why in (("rita", "you requested it"), ("ben", "not for you"), ("ivan", "does not have the right")):
        address = reverse("console:gist", args=[story.award.reference])
        text = sign_in(story.cast[name]).get(address).content.decode()
        assert "data-approve" not in text, name
        assert why in text or "does not have the right" in text, name


def test_filters_narrow_by_the_address(story: Story, sign_in: SignIn):
    ada = sign_in(story.cast["ada"])
    assert story.award.reference in ada.get(QUEUE, {"by": "agent"}).content.decode()
    assert "No proposal matches" in ada.get(QUEUE, {"by": "person"}).content.decode()
    assert "No proposal matches" in ada.get(QUEUE, {"late": "1"}).content.decode()


def _another(story: Story, number: int) -> Proposal:
    reason = f"Reason number {number}"
    return propose(block("VEN-001", reason), by=story.cast["ben"], entity=story.entity)


def test_the_number_of_statements_does_not_grow_with_the_queue(story: Story, sign_in: SignIn):
    ada = sign_in(story.cast["ada"])
    counts = []
    for number in range(3):
        _another(story, number)
        with CaptureQueriesContext(connection) as statements:
            assert ada.get(QUEUE).status_code == 200
        counts.append(len(statements))
    assert counts[1] == counts[2]
    assert counts[2] <= 60


def picked(*proposals: Proposal) -> dict[str, object]:
    return {"pick": [each.reference for each in proposals]} | {
        f"fingerprint-{each.reference}": each.fingerprint for each in proposals
    }


def test_approving_together_first_shows_a_summary_and_changes_nothing(story: Story, sign_in: SignIn):
    second = _another(story, 1)
    ada = sign_in(story.cast["ada"])
    response = ada.get(reverse("console:approve-picked"), {"pick": [story.award.reference, second.reference]})
    text = response.content.decode()
    assert "Approve 2 proposals" in text
    assert not Decision.objects.filter(proposal__in=[story.award, second], kind="approve").exists()


def test_approving_together_gives_a_result_each_and_leaves_out_what_is_not_mine(story: Story, sign_in: SignIn):
    mine = _another(story, 1)
    own = propose(block("VEN-002"), by=story.cast["ada"], entity=story.entity)
    ada = sign_in(story.cast["ada"])
    stale = picked(mine, own, story.award) | {f"fingerprint-{story.award.reference}": "0" * 64}
    text = ada.post(reverse("console:approve-picked"), stale).content.decode()
    assert "Left out" in text
    assert "you proposed or edited it" in text
    assert "changed after you looked" in text
    for proposal, status in ((mine, "approved"), (own, "waiting"), (story.award, "waiting")):
        proposal.refresh_from_db()
        assert proposal.status == status


def test_more_than_fifty_are_not_approved_at_once(story: Story, sign_in: SignIn):
    response = sign_in(story.cast["ada"]).get(
        reverse("console:approve-picked"), {"pick": [f"PP-{number:05d}" for number in range(51)]}
    )
    assert response.status_code == 422


def test_totals_never_add_two_currencies(story: Story):
    gist = queries.gist(queries.find(story.award.reference))
    assert [str(each) for each in queue_page.totals([gist, gist])] == [str(gist.amount * 2)]
    assert queue_page.is_late(gist, clock.now()) is False


@pytest.mark.parametrize("sort", ["due", "amount", "new"])
def test_sorting_keeps_all_of_them(sort, story: Story):
    _another(story, 1)
    gists = queries.queue(story.cast["ada"], "mine")
    assert len(queue_page.ordered(gists, sort)) == len(gists)
    if sort == "amount":
        amounts = [gist.amount.amount if gist.amount else Decimal(-1) for gist in queue_page.ordered(gists, sort)]
        assert amounts == sorted(amounts, reverse=True)


def test_an_agent_is_drawn_as_an_agent_and_a_person_as_a_person(story: Story, sign_in: SignIn):
    _another(story, 1)
    text = sign_in(story.cast["ada"]).get(QUEUE).content.decode()
    assert 'class="mark mark-agent"' in text
    assert 'class="mark mark-person"' in text
    assert SOURCING.mark == "agent"
