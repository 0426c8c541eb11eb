"""Set-up of a company, its people and roles; switches; numbers; sources; signs of life."""

from datetime import timedelta

import pytest
from django.db import transaction

from ledger import clock, heartbeat, numbering, organisation, rights, sources, switches
from ledger.actors import Actor
from ledger.errors import InvalidInput, NotAllowed, Stopped
from ledger.models import CostCentre, Entry, LedgerHead, LegalEntity, Person, Source, Switch
from ledger.rights import Role


@pytest.fixture
def company(db):
    return organisation.found(
        code="ACME", name="Acme", base_currency="EUR", origin="acme.example/main", actor=organisation.SET_UP
    )


def kinds():
    return list(Entry.objects.values_list("kind", flat=True))


def test_the_first_company_founds_the_log_it_writes_in(company):
    assert LedgerHead.objects.get().origin == "acme.example/main"
    assert kinds() == ["entity.added"]


def test_a_second_company_may_share_the_log(company):
    organisation.found(code="ACME2", name="Acme 2", base_currency="USD", origin="ignored", actor=organisation.SET_UP)
    assert LedgerHead.objects.count() == 1


@pytest.mark.parametrize(
    "change", [{"origin": 'has "quotes"'}, {"origin": ""}, {"code": ""}, {"base_currency": "EURO"}, {"country": "DEU"}]
)
def test_a_company_that_cannot_be_is_refused_whole(db, change):
    good = {"code": "ACME", "name": "Acme", "base_currency": "EUR", "origin": "acme.example/main"}
    with pytest.raises(InvalidInput):
        organisation.found(**good | change, actor=organisation.SET_UP)
    assert not LegalEntity.objects.exists()
    assert not LedgerHead.objects.exists()


def test_people_are_hired_with_roles_and_the_ledger_keeps_no_name(company):
    person = organisation.hire(
        username="nora", first_name="Nora", roles=[Role.BUYER, Role.APPROVER], entity=company, actor=organisation.SET_UP
    )
    assert person.role_names == {"buyer", "approver"}
    assert not person.has_usable_password()
    entry = Entry.objects.get(kind="person.added")
    assert b"Nora" not in bytes(entry.bytes)
    with pytest.raises(InvalidInput, match="already"):
        organisation.hire(username="NORA", roles=[], entity=company, actor=organisation.SET_UP)


def test_only_administrators_add_to_the_organisation(entity, olga, ben):
    for actor in (Actor.human(ben), Actor.agent("intake"), Actor.system("clerk")):
        with pytest.raises(NotAllowed):
            organisation.hire(username="x", roles=[], entity=entity, actor=actor)
        with pytest.raises(NotAllowed):
            organisation.open_cost_centre(entity=entity, code="X", name="X", actor=actor)
    organisation.open_cost_centre(entity=entity, code="X", name="X", actor=Actor.human(olga), owner=ben)
    assert CostCentre.objects.get().owner == ben
    assert Person.objects.count() == 2


# rights


def test_a_superuser_without_a_role_has_no_right(entity):
    root = Person.objects.create_superuser("root", entity=entity)
    assert not any(rights.person_may(root, right) for right in rights.RIGHTS)


def test_who_has_left_has_no_right(olga):
    assert rights.may(Actor.human(olga), "people.manage")
    Person.objects.filter(pk=olga.pk).update(is_active=False)
    assert not rights.may(Actor.human(olga), "people.manage")


def test_nobody_but_people_holds_rights(db):
    for actor in (Actor.agent("sourcing"), Actor.supplier("VEN-1"), Actor.system("clerk"), Actor.policy(1)):
        assert not any(rights.may(actor, right) for right in rights.RIGHTS)


# switches


def test_a_switch_stops_its_scope_and_everything_stops_all(entity, ben, olga):
    switches.turn("role:sourcing", stop=True, actor=Actor.human(ben), entity=entity, reason="odd shortlist")
    assert switches.stopped("role:sourcing")
    assert not switches.stopped("sender:erp")
    with pytest.raises(Stopped, match="odd shortlist"):
        switches.check("sender:erp", "role:sourcing")
    switches.turn("all", stop=True, actor=Actor.human(ben), entity=entity)
    assert switches.stopped("sender:erp")
    assert kinds() == ["switch.stopped", "switch.stopped"]


def test_whoever_may_stop_may_not_always_start_again(entity, ben):
    switches.turn("all", stop=True, actor=Actor.human(ben), entity=entity)
    with pytest.raises(NotAllowed):
        switches.turn("all", stop=False, actor=Actor.human(ben), entity=entity)
    assert Switch.objects.get().stopped


# numbers


def test_each_prefix_counts_for_itself(db):
    assert [numbering.take(prefix) for prefix in ("PR", "PR", "PO", "PR")] == [
        "PR-00001", "PR-00002", "PO-00001", "PR-00003",
    ]  # fmt: skip


def test_a_number_is_not_given_twice_after_a_rollback_of_something_else(db):
    first = numbering.take("PR")
    with transaction.atomic():
        lost = numbering.take("PR")
        transaction.set_rollback(True)
    assert lost != first
    assert numbering.take("PR") != first


# sources, clock, heartbeat


def test_the_same_text_is_kept_once(db):
    kept = sources.keep("Zwei Paletten, bitte. 🙂", origin="user:1")
    assert sources.keep("Zwei Paletten, bitte. 🙂", origin="user:2") == kept
    assert Source.objects.get().text == "Zwei Paletten, bitte. 🙂"


def test_the_business_date_is_the_entitys_today_or_frozen(entity):
    entity.time_zone = "Pacific/Kiritimati"
    assert clock.business_date(entity) == (clock.now() + timedelta(hours=14)).date()
    entity.frozen_date = clock.now().date() - timedelta(days=4000)
    assert clock.business_date(entity) == entity.frozen_date


def test_a_heartbeat_has_an_age(db):
    assert heartbeat.age("sweeper") is None
    heartbeat.beat("sweeper")
    clock.shift(timedelta(seconds=90))
    assert timedelta(seconds=89) < heartbeat.age("sweeper") < timedelta(seconds=120)
