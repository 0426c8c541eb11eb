"""Plans, events, orders, lists and the ledger as pages."""

from __future__ import annotations

import csv
import io

import pytest
from django.urls import reverse

from agents.models import Step
from ledger import switches
from ledger.actors import Actor
from ledger.models import Effect, Entry, Switch
from procure.errors import SealBroken
from procure.models import BidVersion, OpenedBid, SourcingEvent
from procure.sourcing import events
from tests.agents import market
from tests.console.conftest import SignIn, Story


def test_a_plan_is_drawn_with_state_by_shape_and_word_and_names_whom_it_waits_for(story: Story, sign_in: SignIn):
    text = sign_in(story.cast["ada"]).get(reverse("console:plan", args=[story.plan.reference])).content.decode()
    assert '<svg class="graph"' in text
    assert 'class="node state-waiting chosen"' in text
    assert "Award and order, sourcing, Waiting" in text
    assert story.award.reference in text
    for role in ("intake", "research", "sourcing", "compliance"):
        assert f">{role}</text>" in text


def test_a_plan_that_waits_does_not_ask_the_server_again_and_one_that_runs_does(story: Story, sign_in: SignIn):
    ada = sign_in(story.cast["ada"])
    address = reverse("console:plan-graph", args=[story.plan.reference])
    assert "every 2s" not in ada.get(address).content.decode()
    Step.objects.filter(plan=story.plan, key="confirm").update(status="running")
    assert "every 2s" in ada.get(address).content.decode()


def test_a_chosen_step_shows_what_it_found(story: Story, sign_in: SignIn):
    address = reverse("console:plan", args=[story.plan.reference])
    text = sign_in(story.cast["ada"]).get(address, {"step": "compare"}).content.decode()
    assert "What it found" in text
    assert "Collect quotes" in text
    assert sign_in(story.cast["ada"]).get(address, {"step": "no such step"}).status_code == 200


def test_ending_a_plan_needs_the_right_and_a_reason(story: Story, sign_in: SignIn):
    address = reverse("console:plan-cancel", args=[story.plan.reference])
    assert sign_in(story.cast["ada"]).post(address, {"reason": "enough"}).status_code == 403
    assert sign_in(story.cast["ben"]).post(address, {"reason": ""}).status_code == 422
    story.plan.refresh_from_db()
    assert story.plan.is_live
    assert sign_in(story.cast["ben"]).post(address, {"reason": "Not needed."}).status_code == 302
    story.plan.refresh_from_db()
    assert not story.plan.is_live


def open_event(story: Story) -> SourcingEvent:
    market.ask_for(f"{market.WORDS}, cost centre PROG", person=story.cast["rita"], entity=story.entity)
    market.work()
    return SourcingEvent.objects.get(status=SourcingEvent.Status.OPEN)


def test_an_open_event_shows_no_price_to_anybody(story: Story, sign_in: SignIn):
    event = open_event(story)
    market.quote(event, "VEN-001", "6.9137")
    for name in ("rita", "ben", "ada", "olga", "ivan"):
        text = sign_in(story.cast[name]).get(reverse("console:event", args=[event.reference])).content.decode()
        assert "Sealed." in text
        assert "6.91" not in text


def test_closing_early_is_offered_only_when_everybody_has_answered(story: Story, sign_in: SignIn):
    event = open_event(story)
    ben = sign_in(story.cast["ben"])
    page, close = (
        reverse("console:event", args=[event.reference]),
        reverse("console:close-event", args=[event.reference]),
    )
    assert close not in ben.get(page).content.decode()
    assert ben.post(close).status_code == 409
    event.refresh_from_db()
    assert event.status == SourcingEvent.Status.OPEN
    for vendor in event.invitations.values_list("vendor__key", flat=True):
        market.quote(event, vendor, "7.00")
    assert close in ben.get(page).content.decode()
    assert sign_in(story.cast["ada"]).post(close).status_code == 403
    assert ben.post(close).status_code == 302
    event.refresh_from_db()
    assert event.status == SourcingEvent.Status.OPENED


def break_a_seal(event: SourcingEvent) -> BidVersion:
    """Turns the last bit of one quote over; its sound form is still in the row that is returned."""
    sound = BidVersion.objects.filter(bid__invitation__event=event).first()
    turned = sound.ciphertext[:-1] + bytes([sound.ciphertext[-1] ^ 1])
    BidVersion.objects.filter(pk=sound.pk).update(ciphertext=turned)
    return sound


def test_an_opening_that_failed_says_why_and_is_tried_again_by_those_who_may(story: Story, sign_in: SignIn):
    event = open_event(story)
    for vendor in event.invitations.values_list("vendor__key", flat=True):
        market.quote(event, vendor, "7.00")
    sound = break_a_seal(event)
    with pytest.raises(SealBroken):
        events.close_early(event, actor=Actor.human(story.cast["ben"]))
    page, again = (reverse(f"console:{name}", args=[event.reference]) for name in ("event", "try-again-event"))
    for name, offered in (("ben", True), ("ada", False)):
        text = sign_in(story.cast[name]).get(page).content.decode()
        assert "The opening failed, and nothing was opened." in text
        assert sound.bid.invitation.vendor.name in text
        assert (again in text) is offered
    assert sign_in(story.cast["ada"]).post(again).status_code == 403
    text = sign_in(story.cast["ben"]).post(again, follow=True).content.decode()
    assert "Still not opened, and no quote was read." in text
    assert not OpenedBid.objects.filter(event=event).exists()

    BidVersion.objects.filter(pk=sound.pk).update(ciphertext=sound.ciphertext)
    text = sign_in(story.cast["ben"]).post(again, follow=True).content.decode()
    assert "The quotes were opened." in text
    assert again not in text
    event.refresh_from_db()
    assert event.status == SourcingEvent.Status.OPENED
    assert sign_in(story.cast["ben"]).post(again).status_code == 409


def test_a_mail_of_which_nobody_knows_whether_it_left_is_sent_again_from_the_page(story: Story, sign_in: SignIn):
    event = open_event(story)
    lost = event.invitations.first()
    resend = reverse("console:resend", args=[event.reference, lost.pk])
    Effect.objects.filter(object_kind="invitation", object_key=lost.pk).update(status=Effect.Status.UNKNOWN)
    type(lost).objects.filter(pk=lost.pk).update(sent_at=None)
    ben = sign_in(story.cast["ben"])
    text = ben.get(reverse("console:event", args=[event.reference])).content.decode()
    assert text.count("nobody knows whether the mail left") == 1
    assert resend in text
    assert reverse("console:send-event", args=[event.reference]) not in text
    assert ben.post(resend).status_code == 302
    market.work()
    lost.refresh_from_db()
    assert lost.sent_at is not None
    text = ben.get(reverse("console:event", args=[event.reference])).content.decode()
    assert "nobody knows whether the mail left" not in text


def test_opened_quotes_stand_side_by_side_with_the_best_marked(story: Story, sign_in: SignIn):
    text = sign_in(story.cast["ben"]).get(reverse("console:event", args=[story.event.reference])).content.decode()
    assert 'class="unit best"' in text
    assert text.count("lowest of this line") == 1
    assert "Best after lateness" in text
    assert "gets it" in text
    for name in ("Maker 1", "Maker 2", "Maker 3"):
        assert name in text


def test_a_link_is_revoked_from_the_page_by_those_who_may(story: Story, sign_in: SignIn):
    event = open_event(story)
    invitation = event.invitations.first()
    address = reverse("console:revoke", args=[event.reference, invitation.pk])
    assert sign_in(story.cast["rita"]).post(address).status_code == 403
    assert sign_in(story.cast["ben"]).post(address).status_code == 302
    invitation.refresh_from_db()
    assert invitation.revoked_at is not None
    foreign = reverse("console:revoke", args=[story.event.reference, invitation.pk])
    assert sign_in(story.cast["ben"]).post(foreign).status_code == 404


def test_an_order_shows_its_number_in_the_erp_and_the_way_back(story: Story, sign_in: SignIn):
    text = sign_in(story.cast["ada"]).get(reverse("console:order", args=[story.order.reference])).content.decode()
    assert story.order.tracking.erp_number in text
    assert "Undo this order" in text
    assert "Total with freight" in text


def test_a_list_narrows_by_chip_and_words_and_exports_what_is_left(story: Story, sign_in: SignIn):
    ben = sign_in(story.cast["ben"])
    address = reverse("console:requisitions")
    assert story.asked.reference in ben.get(address, {"show": "questions"}).content.decode()
    assert story.requisition.reference not in ben.get(address, {"show": "questions"}).content.decode()
    assert "Nothing matches" in ben.get(address, {"q": "no such words"}).content.decode()
    exported = ben.get(address, {"q": "laptops", "format": "csv"})
    rows = list(csv.reader(io.StringIO(exported.content.decode())))
    assert [row[0] for row in rows[1:]] == [story.asked.reference]
    assert "attachment" in exported.headers["Content-Disposition"]


def test_an_exported_cell_is_never_a_formula(story: Story, sign_in: SignIn):
    market.ask_for('=HYPERLINK("http://evil.example","2 tablets")', person=story.cast["rita"], entity=story.entity)
    exported = sign_in(story.cast["ben"]).get(reverse("console:requisitions"), {"format": "csv", "q": "HYPERLINK"})
    assert list(csv.reader(io.StringIO(exported.content.decode())))[1][1].startswith("'=")


def test_a_requester_lists_only_their_own(story: Story, sign_in: SignIn):
    market.ask_for("5 chairs for Kenya", person=story.cast["ben"], entity=story.entity)
    text = sign_in(story.cast["rita"]).get(reverse("console:requisitions")).content.decode()
    assert "20 laptops" in text
    assert "5 chairs" not in text


def test_the_ledger_turns_pages_and_narrows(story: Story, sign_in: SignIn):
    ivan = sign_in(story.cast["ivan"])
    address = reverse("console:ledger")
    newest = Entry.objects.order_by("-seq")[0]
    row = f'href="/ledger/{newest.seq}/">{newest.seq}</a>'
    assert row in ivan.get(address).content.decode()
    only = ivan.get(address, {"kind": "order"}).content.decode()
    assert "order issued" in only
    assert "said what is needed" not in only
    about = ivan.get(address, {"object": f"order:{story.order.reference}"}).content.decode()
    assert "confirmed by the ERP" in about
    older = ivan.get(address, {"before": "3"}).content.decode()
    assert row not in older
    assert 'href="/ledger/2/">2</a>' in older
    assert ivan.get(address, {"before": "9" * 40}).status_code == 200
    assert "No entries here" in ivan.get(address, {"kind": "no.such"}).content.decode()


def test_stopping_needs_a_reason_and_starting_again_an_administrator(story: Story, sign_in: SignIn):
    turn = reverse("console:turn")
    ada, olga = sign_in(story.cast["ada"]), sign_in(story.cast["olga"])
    assert sign_in(story.cast["rita"]).post(turn, {"scope": "all", "turn": "stop", "reason": "x"}).status_code == 403
    assert ada.post(turn, {"scope": "all", "turn": "stop", "reason": ""}).status_code == 422
    assert ada.post(turn, {"scope": "made:up", "turn": "stop", "reason": "x"}).status_code == 422
    assert not Switch.objects.filter(stopped=True).exists()
    assert ada.post(turn, {"scope": "role:sourcing", "turn": "stop", "reason": "Looks wrong."}).status_code == 302
    assert switches.stopped("role:sourcing")
    assert "Looks wrong." in ada.get(reverse("console:switches")).content.decode()
    assert ada.post(turn, {"scope": "role:sourcing", "turn": "start"}).status_code == 403
    assert olga.post(turn, {"scope": "role:sourcing", "turn": "start"}).status_code == 302
    assert not switches.stopped("role:sourcing")


def test_home_counts_what_waits_and_every_figure_leads_to_its_rows(story: Story, sign_in: SignIn):
    ada = sign_in(story.cast["ada"])
    text = ada.get(reverse("console:home")).content.decode()
    assert 'class="big-figure" href="/queue/?tab=mine">1</a>' in " ".join(text.split())
    assert "Money this month" in text
    rows = ada.get(reverse("console:orders"), {"show": "month"}).content.decode()
    assert story.order.reference in rows
    assert "ledger entries" in text


def test_home_says_what_is_stuck_and_why(story: Story, sign_in: SignIn):
    Step.objects.filter(plan=story.plan, key="confirm").update(status="parked", error="The ERP says no.")
    text = sign_in(story.cast["ben"]).get(reverse("console:home")).content.decode()
    assert "The ERP says no." in text
    assert "Rita is asked" in text


def test_a_stopped_switch_shows_on_home(story: Story, sign_in: SignIn):
    actor = Actor.human(story.cast["ada"])
    switches.turn("sender:erp", stop=True, actor=actor, entity=story.entity, reason="wait")
    assert "1 switch stopped" in sign_in(story.cast["ada"]).get(reverse("console:home")).content.decode()
