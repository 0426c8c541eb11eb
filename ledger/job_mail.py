"""Tells whoever asked for long work, by mail, that it has ended. The address is looked up when the mail leaves."""

from __future__ import annotations

from datetime import timedelta
from smtplib import SMTPRecipientsRefused

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils import translation
from django.utils.translation import gettext as _

from ledger import outbox, switches
from ledger.command import ObjectRef, digest
from ledger.models import Effect, Job
from ledger.senders import Ambiguous, Outcome

SENDER = "job-mail"
STOPPED_FOR = timedelta(hours=1)


def put(job: Job) -> None:
    """In the transaction that ends it; nothing when the person wants none, has no address or cancelled it."""
    if not job.mail or not job.person.email or job.status == Job.Status.CANCELLED:
        return
    outbox.put(
        entity=job.entity,
        sender=SENDER,
        purpose="job.mail",
        effect_key=digest({"job": job.reference, "origin": job.entity.log.origin}),
        object=ObjectRef("job", job.reference),
        request={"job": job.reference},
    )


class MailSender:
    """The outbox's sender “job-mail”. A mail server cannot be asked what it has taken."""

    def send(self, effect: Effect) -> Outcome:
        if switches.stopped("sender:mail"):
            return Outcome("retry", detail="Mail is stopped by a switch.", retry_after=STOPPED_FOR)
        job = Job.objects.select_related("person").get(reference=effect.object_key)
        if not (job.person.is_active and job.person.email):
            return Outcome("refused", detail="The person has no address any more.")
        server = get_connection()
        try:
            server.open()
        except OSError as error:
            return Outcome("retry", detail=f"The mail server could not be reached: {error}")
        try:
            _message(job, server).send()
        except SMTPRecipientsRefused:
            return Outcome("refused", detail="The mail server refuses the person's address.")
        finally:
            server.close()
        return Outcome("confirmed", external_id=job.reference)

    def find(self, effect: Effect) -> Outcome | None:
        raise Ambiguous("Whether this mail left cannot be told. The job's own page says how it ended.")

    def settle(self, effect: Effect, outcome: Outcome) -> None:
        """Nothing further follows from it."""


sender = MailSender()


def _message(job: Job, server) -> EmailMessage:
    with translation.override(settings.LANGUAGE_CODE):
        ended = {Job.Status.DONE: _("is done"), Job.Status.FAILED: _("has failed")}[Job.Status(job.status)]
        body = _("%(title)s %(ended)s.\n\n%(error)s\n\nSee %(address)s for all of it.\n") % {
            "title": job.title,
            "ended": ended,
            "error": job.error,
            "address": f"{settings.BASE_URL}/jobs/{job.reference}/",
        }
    subject = f"{job.reference} {ended}: {' '.join(job.title.split())}"
    return EmailMessage(subject, body, settings.DEFAULT_FROM_EMAIL, [job.person.email], connection=server)
