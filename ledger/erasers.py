"""What the ground floor keeps of a person: the account, sessions, sources they wrote, and what others typed of them."""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db.models import Model, Q

from ledger.erasure import Erasing, Found
from ledger.models import (
    Entry,
    EntryObject,
    GrantedAuthority,
    LedgerHead,
    Person,
    PersonalValue,
    Source,
    SubjectKey,
)
from ledger.redaction import MARK

#: Of what the chain is made: numbers, digests and sealed values only.
UNTOUCHED = (Entry, EntryObject, GrantedAuthority, LedgerHead, PersonalValue, SubjectKey)
#: Tables of libraries that keep texts of ours.
BORROWED = ("admin", "account", "django_q")


def find(subject: str) -> Found:
    kind, _, key = subject.partition(":")
    person = Person.objects.filter(pk=int(key)).first() if kind == "person" else None
    if person is None:
        return Found()
    rows = 1 + _sources(person.pk).count() + _log_entries(person.pk).count() + len(list(_sessions(person.pk)))
    full_name = person.get_full_name()
    texts = (person.email, full_name if " " in full_name else "", *_mail_addresses(person.pk))
    return Found(rows, tuple(filter(None, texts)))


def erase(erasing: Erasing) -> int:
    done = _erase_person(erasing.person, erasing) if erasing.person is not None else 0
    done += erasing.words.sweep(_own_tables())
    return done + erasing.words.sweep(_borrowed_tables()) + _drop_queue_rows(erasing)


def destroy_sources(digests: list[str], erasing: Erasing) -> int:
    """The content goes; the digest stays as a name that other rows point at."""
    kept = Source.objects.filter(pk__in=digests, erased_at=None)
    return kept.update(content=b"", origin=MARK, erased_at=erasing.at)


def _erase_person(pk: int, erasing: Erasing) -> int:
    done = destroy_sources(list(_sources(pk).values_list("pk", flat=True)), erasing)
    done += _end_sessions(pk) + _forget_sign_in(pk)
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


def _sources(pk: int):
    return Source.objects.filter(origin=f"user:{pk}", erased_at=None)


def _log_entries(pk: int):
    """What the admin logged of their own acts, and of acts on their account."""
    about = Q(content_type=ContentType.objects.get_for_model(Person), object_id=str(pk))
    return LogEntry.objects.filter(Q(user_id=pk) | about)


def _sessions(pk: int) -> Iterator[Session]:
    return (each for each in Session.objects.iterator() if each.get_decoded().get("_auth_user_id") == str(pk))


def _end_sessions(pk: int) -> int:
    keys = [each.pk for each in _sessions(pk)]
    return Session.objects.filter(pk__in=keys).delete()[0]


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
    return [each for label in BORROWED for each in apps.get_app_config(label).get_models()]


def _drop_queue_rows(erasing: Erasing) -> int:
    """A task carries no personal value, but a failed one keeps what its exception said."""
    from django_q.models import OrmQ, Task

    told = [each.pk for each in Task.objects.exclude(result=None) if _holds(str(each.result), erasing)]
    queued = [each.pk for each in OrmQ.objects.all() if _holds(str(each.task), erasing)]
    return Task.objects.filter(pk__in=told).delete()[0] + OrmQ.objects.filter(pk__in=queued).delete()[0]


def _holds(text: str, erasing: Erasing) -> bool:
    return erasing.words.out_of(text) != text
