"""The main story: a sentence becomes a confirmed order in the ERP, and the order is undone again.

The requester, the suppliers, the buyer and the approvers act through the portal's pages; agents and policy do the rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from django.conf import settings
from django.core import mail
from django.urls import reverse

from agents.models import Plan
from approvals import queries as approval_queries
from approvals.models import Proposal
from ledger.models import LedgerHead, Person
from procure import messages
from procure.demo import account, suppliers
from procure.demo.cast import CAST
from procure.demo.story import Stage, StoryStuck, staged
from procure.demo.visitor import Refused, Visitor
from procure.models import Invitation, Order, OrderTracking, Requisition, RequisitionQuestion, SourcingEvent
from procure.sourcing import links

WORDS = "We need 2,000 packs of Lamivudine/Zidovudine 150/300mg tablets for Nigeria by mid September, budget 20k USD"
COST_CENTRE = "PROG-NG"
LINK = re.compile(r"/s/[A-Za-z0-9_-]{43}/")


def play(
    *,
    erp: str,
    words: str | None,
    prices: Mapping[str, Decimal],
    inline: bool,
    patience: int,
    undo: bool,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Returns the account of the story (DESIGN, section 9): steps, proposals, commands, ERP effects, ledger, undo."""
    with staged(inline=inline, patience=patience, say=say) as stage:
        connection = account.connection_for(stage.entity, erp)
        first_seq = LedgerHead.objects.get(pk=stage.entity.log_id).seq + 1
        requisition = _ask(stage, words or WORDS)
        event = _invited(stage, requisition)
        quotes = _suppliers_answer(stage, event, prices)
        _open_early(stage, event)
        proposal = _award_proposed(stage, requisition)
        _approve(stage, proposal)
        order = _confirmed(stage, requisition)
        plan = stage.until("the plan is done", lambda: _plan(requisition, Plan.Status.DONE))
        undone = _undo(stage, proposal, order) if undo else None
        return account.told(
            stage,
            plan=plan,
            event=event,
            order=order,
            connection=connection,
            quotes=quotes,
            undone=undone,
            since=first_seq,
        )


def _ask(stage: Stage, words: str) -> Requisition:
    rita = stage.browser_of("rita")
    rita.open(reverse("console:ask"))
    rita.submit({"words": words}, has="words")
    reference = urlparse(str(rita.page.url)).path.rstrip("/").rsplit("/", 1)[-1] if rita.page else ""
    requisition = Requisition.objects.get(reference=reference)
    stage.say(f"         {reference}: {words[:90]}")
    while True:
        read = stage.until(f"{reference} is read", lambda: _read(requisition))
        if read.status != Requisition.Status.QUESTIONS:
            return read
        _answer_questions(rita, read)


def _read(requisition: Requisition) -> Requisition | None:
    requisition.refresh_from_db()
    waits = requisition.questions.filter(answered_at=None).exists()
    if requisition.status == Requisition.Status.QUESTIONS:
        return requisition if waits else None
    return None if requisition.status == Requisition.Status.CAPTURED else requisition


def _answer_questions(rita: Visitor, requisition: Requisition) -> None:
    """Through the form on the requisition's page."""
    rita.open(reverse("console:requisition", args=[requisition.reference]))
    questions = requisition.questions.filter(answered_at=None)
    answers = {f"q{each.pk}": _sensible(each) for each in questions}
    rita.submit(answers, has=next(iter(answers)))


def _sensible(question: RequisitionQuestion) -> str:
    """What this requester would say: her own programme pays; else what is suggested first."""
    own = next((each for each in question.suggestions if each.startswith(COST_CENTRE)), None)
    return own or next(iter(question.suggestions), "no preference")


def _plan(requisition: Requisition, *statuses: str) -> Plan | None:
    found = Plan.objects.filter(subject_kind="requisition", subject_key=requisition.reference).first()
    if found is not None and found.status in (Plan.Status.PARKED, Plan.Status.CANCELLED):
        stuck = found.steps.exclude(error="").first()
        raise StoryStuck(f"{found.reference} is {found.status}: {stuck.error if stuck else 'no reason kept'}")
    return found if found is not None and found.status in statuses else None


def _invited(stage: Stage, requisition: Requisition) -> SourcingEvent:
    def published() -> SourcingEvent | None:
        _plan(requisition)
        return requisition.events.order_by("-pk").first()

    event = stage.until("suppliers are chosen", published)
    if stage.worker_waits(event.invitations.filter(sent_at=None).exists):
        _send_now(stage, event)

    def sent() -> SourcingEvent | None:
        _send_lost_again(stage, event)
        return None if event.invitations.filter(sent_at=None).exists() else event

    return stage.until("suppliers are invited", sent)


def _send_now(stage: Stage, event: SourcingEvent) -> None:
    """The buyer gives up the undo window that a running worker keeps, unless the mails have left meanwhile."""
    ben = stage.browser_of("ben")
    ben.open(reverse("console:event", args=[event.reference]))
    if not any(form.action.endswith("/send/") for form in ben.forms()):
        return
    try:
        ben.submit({}, to="/send/")
    except Refused as error:
        if error.status != HTTPStatus.CONFLICT:
            raise


def _send_lost_again(stage: Stage, event: SourcingEvent) -> None:
    """The buyer sends another mail where a worker died while handing one over, so that nobody knows whether it left."""
    for pk in messages.lost(event.invitations.filter(sent_at=None)):
        stage.say(f"         ben mails invitation {pk} again")
        ben = stage.browser_of("ben")
        ben.open(reverse("console:event", args=[event.reference]))
        ben.submit({}, to=reverse("console:resend", args=[event.reference, pk]))


def _suppliers_answer(stage: Stage, event: SourcingEvent, prices: Mapping[str, Decimal]) -> list[dict[str, Any]]:
    mailed = dict(_links(event))
    quotes = []
    for position, invitation in enumerate(event.invitations.select_related("vendor").order_by("pk")):
        price = prices.get(invitation.vendor.key) or suppliers.usual_price(event, invitation, position)
        # A worker that prints its mails leaves no link behind: this supplier lost the mail and gets another one.
        link = mailed.get(invitation.pk) or urlparse(links.fresh_link(invitation)).path
        suppliers.quote(link, price, lead_days=suppliers.usual_lead(position))
        quotes.append({"vendor": invitation.vendor.key, "unit_price": str(price)})
    return stage.until("suppliers have quoted", lambda: quotes if _all_quoted(event) else None)


def _all_quoted(event: SourcingEvent) -> bool:
    return not event.invitations.exclude(status=Invitation.Status.SUBMITTED).exists()


def _links(event: SourcingEvent) -> Iterator[tuple[int, str]]:
    """Each invitation's personal link, from the mail its supplier got."""
    contacts = {
        contact.email: invitation.pk
        for invitation in event.invitations.select_related("vendor")
        for contact in invitation.vendor.contacts.all()
    }
    for recipient, text in _mails():
        found = LINK.search(text)
        if found and event.reference in text and recipient in contacts:
            yield contacts[recipient], found[0]


def _mails() -> Iterator[tuple[str, str]]:
    """(address, subject and text) of mails sent in this process, or filed by a worker."""
    for message in getattr(mail, "outbox", []):
        yield _bare(message.to[0]), f"{message.subject}\n{message.body}"
    folder = Path(getattr(settings, "EMAIL_FILE_PATH", None) or settings.VAR_DIR / "no-mail")
    for path in sorted(folder.glob("*.log")):
        for part in path.read_text().split("-" * 79):
            if found := re.search(r"^To: (.+)$", part, re.MULTILINE):
                yield _bare(found[1]), part


def _bare(address: str) -> str:
    return address.rsplit("<", 1)[-1].rstrip("> \r")


def _open_early(stage: Stage, event: SourcingEvent) -> None:
    """Everybody has answered, so the buyer opens the quotes before the deadline."""
    ben = stage.browser_of("ben")
    ben.open(reverse("console:event", args=[event.reference]))
    ben.submit({}, to="/close/")
    stage.until("quotes are opened", lambda: SourcingEvent.objects.filter(pk=event.pk, status="opened").first())


def _award_proposed(stage: Stage, requisition: Requisition) -> Proposal:
    def look() -> Proposal | None:
        plan = _plan(requisition, *Plan.Status.values)
        waiting = Proposal.objects.filter(status=Proposal.Status.WAITING).order_by("-pk")
        mine = (each for each in waiting if plan and (each.plan or {}).get("plan") == plan.reference)
        return next((each for each in mine if _has(each, "IssueOrder")), None)

    return stage.until("the award is proposed and waits for a person", look)


def _has(proposal: Proposal, kind: str) -> bool:
    return any(each["kind"] == kind for each in proposal.commands)


def _approve(stage: Stage, proposal: Proposal) -> None:
    """Each level by somebody of the cast who may decide on it, through the proposal's page."""
    for _level in range(5):
        proposal.refresh_from_db()
        if proposal.status != Proposal.Status.WAITING:
            break
        approver = _who_may(proposal)
        browser = stage.browser_of(approver)
        browser.open(reverse("console:proposal", args=[proposal.reference]))
        browser.submit({"comment": "Evidence looked at."}, has="fingerprint", press=("kind", "approve"))
        stage.say(f"         {approver} approves {proposal.reference}")

    def look() -> Proposal | None:
        proposal.refresh_from_db()
        if proposal.status in (Proposal.Status.WAITING, Proposal.Status.FAILED, Proposal.Status.RETURNED):
            raise StoryStuck(f"{proposal.reference} came back: {proposal.get_status_display()}")
        return proposal if proposal.status == Proposal.Status.CARRIED_OUT else None

    stage.until(f"{proposal.reference} is carried out", look)


def _who_may(proposal: Proposal) -> str:
    for member in CAST:
        person = Person.objects.get(username=member.username)
        if approval_queries.may_decide(person, proposal)[0]:
            return member.username
    raise StoryStuck(f"nobody of the cast may decide on {proposal.reference}")


def _confirmed(stage: Stage, requisition: Requisition) -> Order:
    def look() -> Order | None:
        order = requisition.orders.select_related("tracking").order_by("-pk").first()
        if order is None or order.tracking.erp_status != OrderTracking.Status.CONFIRMED:
            return None
        return order

    return stage.until("the ERP has confirmed the order", look)


def _undo(stage: Stage, proposal: Proposal, order: Order) -> Proposal:
    """An approver undoes the award: its compensations are proposed, judged, and carried out in the ERP too."""
    browser = stage.browser_of(_undoer(proposal))
    browser.open(reverse("console:proposal", args=[proposal.reference]))
    browser.submit({"reason": "The story ends here."}, to="/undo/")
    undone = Proposal.objects.exclude(pk=proposal.pk).order_by("-pk")[0]
    if undone.status == Proposal.Status.WAITING:
        _approve(stage, undone)

    def look() -> bool:
        tracking = OrderTracking.objects.get(order=order)
        return tracking.erp_status == OrderTracking.Status.CANCELLED

    stage.until("the order is cancelled in the ERP", look)
    undone.refresh_from_db()
    return undone


def _undoer(proposal: Proposal) -> str:
    """Somebody who decided on it."""
    decider = proposal.decisions.exclude(actor_kind="system").order_by("pk").first()
    return Person.objects.get(pk=decider.actor_id).username if decider else "ada"
