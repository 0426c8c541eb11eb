"""The anchor “mail”: once a day, the checkpoint made then goes to the auditors, who keep it in their own mailboxes.

Addresses stand in no effect and no entry: they are looked up when the mail leaves.
"""

from __future__ import annotations

from datetime import timedelta
from smtplib import SMTPRecipientsRefused

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from ledger import anchors, clock, outbox, switches
from ledger.command import ObjectRef, digest
from ledger.models import Checkpoint, Effect, Person
from ledger.rights import Role
from ledger.senders import Ambiguous, Outcome

SENDER, ANCHOR = "anchor-mail", "mail"
STOPPED_FOR = timedelta(hours=1)


def spread(checkpoint: Checkpoint) -> None:
    """Puts today's mail, unless it was put already or nobody would get it."""
    entity = checkpoint.log.entities.order_by("pk").first()
    key = digest({"anchor": ANCHOR, "origin": checkpoint.log.origin, "day": clock.now().date().isoformat()})
    if entity is None or not receivers() or Effect.objects.filter(effect_key=key).exists():
        return
    outbox.put(
        entity=entity,
        sender=SENDER,
        purpose="checkpoint.mail",
        effect_key=key,
        object=ObjectRef(anchors.OBJECT, f"{checkpoint.log_id}/{checkpoint.size}"),
        request={"origin": checkpoint.log.origin, "size": checkpoint.size, "note": checkpoint.note},
    )


def receivers() -> list[str]:
    """LEDGER_AUDITOR_MAIL, else everybody who is an auditor and has an address."""
    if settings.LEDGER_AUDITOR_MAIL:
        return list(settings.LEDGER_AUDITOR_MAIL)
    auditors = Person.objects.filter(groups__name=str(Role.AUDITOR), is_active=True).exclude(email="")
    return sorted(set(auditors.values_list("email", flat=True)))


class MailSender:
    """The outbox's sender “anchor-mail”. A mail server cannot be asked what it has taken."""

    def send(self, effect: Effect) -> Outcome:
        if switches.stopped("sender:mail"):
            return Outcome("retry", detail="Mail is stopped by a switch.", retry_after=STOPPED_FOR)
        addresses = receivers()
        if not addresses:
            return Outcome("refused", detail="No auditor has an address. Give one, or set LEDGER_AUDITOR_MAIL.")
        server = get_connection()
        try:
            server.open()
        except OSError as error:
            return Outcome("retry", detail=f"The mail server could not be reached: {error}")
        try:
            _message(effect, addresses, server).send()
        except SMTPRecipientsRefused:
            return Outcome("refused", detail="The mail server refuses the auditors' addresses.")
        finally:
            server.close()
        return Outcome("confirmed", external_id=_id(effect))

    def find(self, effect: Effect) -> Outcome | None:
        raise Ambiguous("Whether this mail left cannot be told. Ask an auditor; tomorrow's follows in any case.")

    def settle(self, effect: Effect, outcome: Outcome) -> None:
        if outcome.kind == "confirmed":
            anchors.confirm(anchors.of_effect(effect), anchor=ANCHOR, reference=_id(effect))


sender = MailSender()


def _id(effect: Effect) -> str:
    return f"<{effect.effect_key}@procure>"


def _message(effect: Effect, addresses: list[str], server: BaseEmailBackend) -> EmailMessage:
    origin, size, note = (effect.request[name] for name in ("origin", "size", "note"))
    body = (
        f"This is what the first {size} entries of the ledger {origin} were when it was signed.\n"
        "Keep this mail. Whoever changes or removes one of these entries later cannot make it agree with it again.\n"
        "To check an export against it, save the lines between the rules as a file and give it to the verifier.\n\n"
        f"----\n{note}----\n"
    )
    subject = f"Ledger checkpoint: {origin}, {size} entries"
    headers = {"Message-ID": _id(effect)}
    return EmailMessage(subject, body, bcc=addresses, headers=headers, connection=server)
