"""What the ground floor keeps of a person: the account, sessions, sources they wrote, and what others typed of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import chain
from typing import Any

from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db.models import Model, Q

from ledger import jobs
from ledger.erasure import Erasing
from ledger.models import (
    ClockJump,
    Entry,
    EntryObject,
    GrantedAuthority,
    Job,
    LedgerHead,
    Person,
    PersonalValue,
    Source,
    SubjectKey,
)
from ledger.redaction import MARK
from ledger.sweeping import Sweep

#: Of what the chain is made: numbers, digests and sealed values only.
UNTOUCHED = (Entry, EntryObject, GrantedAuthority, LedgerHead, PersonalValue, SubjectKey)
#: Tables of libraries that keep texts of ours.
BORROWED = ("admin", "account", "django_q")


def count(subject: str) -> int:
    person = _person(subject)
    if person is None:
        return 0
    return 1 + _sources(person.pk).count() + _log_entries(person.pk).count() + len(list(_sessions({subject})))


def texts(subject: str) -> Iterable[str]:
    if person := _person(subject):
        full_name = person.get_full_name()
        yield from (text for job in Job.objects.filter(person=person.pk) for text in _typed(job) if " " in text)
        yield from filter(None, (person.email, full_name if " " in full_name else "", *_mail_addresses(person.pk)))


def erase(erasing: Erasing) -> int:
    return _erase_person(erasing.person, erasing) if erasing.person is not None else 0


def sweep(sweep: Sweep) -> Counter[str]:
    """Sessions too: whose they are stands inside them, so all are opened once for everybody."""
    rows = sweep.over([*_own_tables(), *_borrowed_tables()]) + _drop_queue_rows(sweep)
    for subject, session in _sessions(sweep.subjects):
        session.delete()
        rows[subject] += 1
    return rows


def destroy_sources(digests: list[str], erasing: Erasing) -> int:
    """The content goes; the digest stays as a name that other rows point at."""
    kept = Source.objects.filter(pk__in=digests, erased_at=None)
    return kept.update(content=b"", origin=MARK, erased_at=erasing.at)


def _erase_person(pk: int, erasing: Erasing) -> int:
    done = destroy_sources(list(_sources(pk).values_list("pk", flat=True)), erasing)
    done += _forget_sign_in(pk)
    done += sum(_erase_job(each, erasing) for each in Job.objects.filter(person=pk))
    done += ClockJump.objects.filter(confirmed_by=pk).exclude(reason="").update(reason=MARK)
    done += _log_entries(pk).update(object_repr=MARK, change_message="")
    person = Person.objects.filter(pk=pk).first()
    if person is None:
        return done
    person.username = f"erased-{pk}"
    person.first_name = person.last_name = person.email = person.job_title = ""
    person.time_zone, person.last_login, person.is_active, person.is_superuser = "UTC", None, False, False
    person.set_unusable_password()
    person.save()
    return done + 1


def _typed(job: Job) -> list[str]:
    return [text for name in jobs.typed_in(job) if isinstance(text := job.arguments.get(name), str)]


def _erase_job(job: Job, erasing: Erasing) -> int:
    """What they typed when they asked for it, and what of it its title and its end repeat."""
    words = erasing.words.and_also(_typed(job))
    changes = {
        "arguments": words.out_of_json(job.arguments, jobs.typed_in(job)),
        "title": words.out_of(job.title),
        "note": words.out_of(job.note),
        "outcome": words.out_of_json(job.outcome),
        "error": words.out_of(job.error),
    }
    if all(getattr(job, name) == value for name, value in changes.items()):
        return 0
    return Job.objects.filter(pk=job.pk).update(**{name: _fitting(name, value) for name, value in changes.items()})


def _fitting(name: str, value: Any) -> Any:
    most = getattr(Job._meta.get_field(name), "max_length", None)
    return value[:most] if most else value


def _person(subject: str) -> Person | None:
    kind, _, key = subject.partition(":")
    return Person.objects.filter(pk=int(key)).first() if kind == "person" else None


def _sources(pk: int):
    return Source.objects.filter(origin=f"user:{pk}", erased_at=None)


def _log_entries(pk: int):
    """What the admin logged of their own acts, and of acts on their account."""
    about = Q(content_type=ContentType.objects.get_for_model(Person), object_id=str(pk))
    return LogEntry.objects.filter(Q(user_id=pk) | about)


def _sessions(subjects: Collection[str]) -> Iterator[tuple[str, Session]]:
    for each in Session.objects.iterator():
        if (subject := f"person:{each.get_decoded().get('_auth_user_id')}") in subjects:
            yield subject, each


def _mail_addresses(pk: int) -> list[str]:
    from allauth.account.models import EmailAddress

    return list(EmailAddress.objects.filter(user_id=pk).values_list("email", flat=True))


def _forget_sign_in(pk: int) -> int:
    from allauth.account.models import EmailAddress
    from allauth.mfa.models import Authenticator

    return sum(rows.filter(user_id=pk).delete()[0] for rows in (EmailAddress.objects, Authenticator.objects))


def _own_tables() -> list[type[Model]]:
    return [each for each in apps.get_app_config("ledger").get_models() if each not in UNTOUCHED]


def _borrowed_tables() -> list[type[Model]]:
    models = (each for label in BORROWED for each in apps.get_app_config(label).get_models())
    return [each for each in models if not each._meta.proxy]


def _drop_queue_rows(sweep: Sweep) -> Counter[str]:
    """A task carries no personal value, but a failed one keeps what its exception said."""
    from django_q.models import OrmQ, Task

    told = ((each, str(each.result)) for each in Task.objects.exclude(result=None).iterator())
    queued = ((each, str(each.task)) for each in OrmQ.objects.iterator())
    found = [(row, whose) for row, text in chain(told, queued) if (whose := sweep.whose(text))]
    for row, _ in found:
        row.delete()
    return Counter(subject for _, whose in found for subject in whose)
