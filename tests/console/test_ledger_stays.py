"""No request of anybody, superuser included, changes or removes an entry."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import cycle

import pytest
from django.contrib.admin import site
from django.db import transaction
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from ledger import journal, verification
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.models import Entry, EntryObject, LedgerHead, LegalEntity, Person
from ledger.rights import Role
from tests.cast import make_person
from tests.console.conftest import SignIn, Story

LEDGER = (Entry, LedgerHead, EntryObject)
METHODS = ("post", "put", "patch", "delete")
#: What a hostile form sends: every field of an entry, and every verb that an admin page understands.
FORM = {
    "seq": "1", "kind": "forged", "bytes": "{}", "prev": "0" * 64, "hash": "f" * 64, "actor_id": "x", "log": "main",
    "action": "delete_selected", "_selected_action": "1", "select_across": "1", "post": "yes", "_save": "Save",
    "origin": "forged", "entry": "1", "key": "x", "form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "1",
    "form-0-id": "1", "form-0-kind": "forged",
}  # fmt: skip


def kept() -> list[list[tuple]]:
    """Every column of what the ledger has."""
    return [list(model.objects.order_by("pk").values_list()) for model in LEDGER]


def admin_pages(model: type) -> list[str]:
    """Every address that the admin has for a model and its first row."""
    row = model._default_manager.first()
    name = f"{model._meta.app_label}_{model._meta.model_name}"
    found = []
    for pattern in site._registry[model].get_urls():
        for arguments in ([], [row.pk if row else 1]):
            try:
                found.append(reverse(f"admin:{pattern.name or name}", args=arguments))
            except NoReverseMatch:
                continue
    return found


def addresses(namespace: str) -> list[str]:
    """Every page of the console or the API, with arguments that name something or nothing."""
    values = {"reference": "PR-00001", "digest": "0" * 64, "kind": "Entry", "pk": 1, "position": 1, "key": "intake"}
    found = []

    def collect(patterns: list, names: list[str]) -> None:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                inner = [*names, pattern.namespace] if pattern.namespace else names
                collect(pattern.url_patterns, inner)
            elif isinstance(pattern, URLPattern) and pattern.name and names[:1] == [namespace]:
                named = pattern.pattern.converters or pattern.pattern.regex.groupindex
                wanted = {key: values[key] for key in named if key in values}
                try:
                    found.append(reverse(":".join([*names, pattern.name]), kwargs=wanted))
                except NoReverseMatch:
                    continue

    collect(get_resolver().url_patterns, [])
    return sorted(set(found))


def root_of(entity: LegalEntity) -> Person:
    """Superuser, and every role besides."""
    root = make_person("walker-root", *Role, entity=entity)
    root.is_superuser = True
    root.save()
    return root


def walk(client: Client, pages: Iterable[str], methods: Iterable[str] = METHODS) -> int:
    """Sends the form to each page by each method; how many times."""
    return send(client, ((page, method) for page in pages for method in methods))


def stroll(client: Client, pages: Iterable[str]) -> int:
    """Each page by one of the methods, in turn; the long form walks them all."""
    return send(client, zip(pages, cycle(METHODS), strict=False))


def send(client: Client, requests: Iterable[tuple[str, str]]) -> int:
    tried = 0
    for page, method in requests:
        if method == "post":
            answer = client.post(page, FORM)
        else:
            answer = getattr(client, method)(page, json.dumps(FORM), content_type="application/json")
        assert answer.status_code < 500, (method, page, answer.status_code)
        tried += 1
    return tried


def assert_kept(before: list[list[tuple]]) -> None:
    """What was there is there, byte for byte; requests that do something may have added to it."""
    for model, rows_before, rows_after in zip(LEDGER, before, kept(), strict=True):
        if model is not LedgerHead:
            assert rows_after[: len(rows_before)] == rows_before
    assert [head.origin for head in LedgerHead.objects.all()] == ["procure.example/hq"]
    assert verification.verify().valid


OF_THE_CHAIN = [Entry, LedgerHead, EntryObject]
OF_THIS_FLOOR = [model for model in site._registry if model._meta.app_label == "ledger"]


def test_no_request_of_anybody_changes_or_removes_an_entry(entity, sign_in: SignIn, client: Client):
    for number in range(3):
        with transaction.atomic():
            journal.record(
                "order.issued", actor=Actor.system("t"), entity=entity, objects=[ObjectRef("order", f"PO-{number}")]
            )
    before, guarded = kept(), [page for model in OF_THE_CHAIN for page in admin_pages(model)]
    assert len(guarded) >= 15
    root = sign_in(root_of(entity))
    assert walk(root, guarded) >= 60
    assert stroll(root, addresses("console") + addresses("api")) > 80
    for each in (client, *(sign_in(make_person(f"walker-{role}", role, entity=entity)) for role in Role)):
        stroll(each, guarded)
    assert_kept(before)
    # Signing is asked for on a page: it puts the anchors' effects behind what was there, and takes nothing away.
    added = Entry.objects.filter(seq__gt=3).values_list("kind", flat=True)
    assert set(added) <= {"effect.intended"}


@pytest.mark.long
def test_no_request_in_the_middle_of_a_story_changes_or_removes_an_entry(story: Story, sign_in: SignIn, client: Client):
    before = kept()
    pages = [page for model in OF_THIS_FLOOR for page in admin_pages(model)]
    pages += addresses("console") + addresses("api")
    people = [*(make_person(f"walker-{role}", role, entity=story.entity) for role in Role), root_of(story.entity)]
    assert sum(walk(each, pages) for each in (client, *map(sign_in, people))) > 2000
    assert_kept(before)
