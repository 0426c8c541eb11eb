"""Erasing a subject: who may, what goes, what stays, and that an old backup does not bring it back."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from approvals import bounds, decisions, policies, proposals
from approvals.models import Proposal
from ledger import chain, clock, erasure, personal, redaction, sources, sweeping, verification
from ledger.actors import Actor
from ledger.commands import EraseSubject
from ledger.errors import InvalidInput, NotAllowed
from ledger.importing import importing
from ledger.models import Effect, Entry, Person, PersonalValue, Source, SubjectKey
from ledger.redaction import MARK, Words
from ledger.rights import RIGHTS, Role
from ledger.sweeping import Sweep
from tests.approvals.stage import approve, keys, propose, work

DIGEST = "0" * 64


@pytest.fixture(autouse=True)
def keys_apart(settings, tmp_path):
    settings.KEYS_DIR = tmp_path / "keys"


@pytest.fixture
def policy(entity, ada, amir):
    bounds.set_up_shipped(entity)
    return policies.publish_genesis(entity=entity, by=[ada, amir])


def of(person: Person) -> str:
    return personal.person(person.pk)


def wish(person: Person) -> EraseSubject:
    return EraseSubject(subject=of(person), reason="asked for by letter")


def erase(subject: str, entity) -> dict[str, int]:
    with transaction.atomic(), importing("tests", DIGEST):
        return erasure.erase(subject, actor=Actor.system("tests"), entity=entity)


@pytest.mark.django_db(transaction=True)
def test_two_people_erase_a_third(entity, olga, ada, rita, policy):
    made = propose(wish(rita), by=olga, entity=entity)
    assert (made.status, keys(made)) == ("waiting", ["irreversible"])
    assert made.judgement.facts["two_people"]["value"] is True
    with pytest.raises(NotAllowed):
        approve(made, olga)
    approve(made, ada)
    work()
    made.refresh_from_db()
    rita.refresh_from_db()
    assert made.status == Proposal.Status.CARRIED_OUT
    assert (rita.username, rita.email, rita.first_name, rita.is_active) == (f"erased-{rita.pk}", "", "", False)
    assert not rita.has_usable_password()
    entry = Entry.objects.get(kind="subject.erased")
    body = chain.read(entry)
    assert body["objects"] == [{"kind": "subject", "key": of(rita)}]
    assert set(body["data"]) == {"rows"}
    assert made.carried.get().compensation is None
    assert verification.verify().valid


@pytest.mark.parametrize("who", ["rita", "ben", "ada", "ivan"])
def test_only_an_administrator_may_propose_it(who, request, entity, olga, policy):
    person = request.getfixturevalue(who)
    with pytest.raises(NotAllowed):
        propose(wish(olga), by=person, entity=entity)
    assert not Proposal.objects.exists()
    assert RIGHTS["personal.erase"] == {Role.ADMINISTRATOR}


def test_nobody_proposes_to_erase_themselves(entity, olga, policy):
    with pytest.raises(NotAllowed, match="another administrator"):
        propose(wish(olga), by=olga, entity=entity)
    assert not Proposal.objects.exists()


@pytest.mark.parametrize("subject", ["person:999999", "contact:999999", "vendor:VEN-NONE", "rita", "person:rita"])
def test_what_nobody_keeps_anything_of_is_refused(subject, entity, olga, policy):
    with pytest.raises(InvalidInput):
        propose(EraseSubject(subject=subject, reason="by letter"), by=olga, entity=entity)
    assert not Proposal.objects.exists()


def test_alone_it_waits_three_days(settings, entity, olga, rita, policy):
    settings.SOLO_MODE = True
    olga.groups.add(*olga.groups.model.objects.filter(name="approver"))
    made = propose(wish(rita), by=olga, entity=entity)
    decisions.approve(made, actor=Actor.human(Person.objects.get(pk=olga.pk)), fingerprint=made.fingerprint)
    work()
    made.refresh_from_db()
    assert made.status == Proposal.Status.APPROVED
    assert made.hold_until - clock.now() > timedelta(hours=71)
    assert Person.objects.get(pk=rita.pk).username == "rita"


def test_it_says_before_the_click_what_goes_and_that_it_cannot_be_undone(entity, olga, rita, policy, append):
    append(personal={of(rita): {"name": "Rita"}})
    changes = {each.field: each.before for each in wish(rita).preview()}
    assert changes["ledger values"] == "1 rows"
    assert changes["accounts"] == "1 rows"
    assert not wish(rita).exit().reversible


def test_without_authority_nothing_is_erased(entity, rita, append):
    from ledger.errors import NoAuthority
    from ledger.handlers import erase_subjects

    append(personal={of(rita): {"name": "Rita"}})
    with pytest.raises(NoAuthority):
        erase_subjects([wish(rita)], authority=None, actor=Actor.system("tests"), entity=entity, cause=1)
    assert PersonalValue.objects.count() == 1
    assert Person.objects.get(pk=rita.pk).username == "rita"


def test_a_room_that_fails_leaves_everything_as_it_was(entity, rita, append, monkeypatch):
    append(personal={of(rita): {"name": "Rita"}})
    monkeypatch.setattr("ledger.erasers.erase", broken)
    with pytest.raises(ZeroDivisionError):
        erase(of(rita), entity)
    assert PersonalValue.objects.count() == 1
    assert not personal.is_erased(of(rita))
    assert not erasure.list_path().exists()


def broken(erasing: erasure.Erasing) -> int:
    return 1 // 0


def test_others_with_the_same_words_keep_theirs(entity, rita, ada):
    said = sources.keep("twelve boxes of gloves", origin=f"user:{rita.pk}")
    other = sources.keep("other words", origin=f"user:{ada.pk}")
    erase(of(rita), entity)
    said.refresh_from_db()
    other.refresh_from_db()
    assert (bytes(said.content), said.origin, said.erased_at is None) == (b"", MARK, False)
    assert other.text == "other words"
    again = sources.keep("twelve boxes of gloves", origin=f"user:{ada.pk}")
    assert (again.pk, again.text, again.erased_at) == (said.pk, "twelve boxes of gloves", None)


@pytest.mark.django_db(transaction=True)
class TestAfterARestore:
    """A backup from before an erasure comes back: the row, the key and the value are as they were."""

    @pytest.fixture
    def restored(self, entity, rita, append):
        entry = append(personal={of(rita): {"name": "Rita"}})
        key = SubjectKey.objects.get(subject=of(rita))
        value = PersonalValue.objects.get()
        erase(of(rita), entity)
        SubjectKey.objects.filter(subject=of(rita)).update(wrapped_key=key.wrapped_key, erased_at=None)
        value.save(force_insert=True)
        Person.objects.filter(pk=rita.pk).update(username="rita", email="rita@hq.example", first_name="Rita")
        assert personal.value("main", entry.seq, "name") == "Rita"
        return rita

    def test_the_list_outside_the_database_erases_again(self, restored, monkeypatch):
        monkeypatch.setattr(erasure, "EntryObject", NoEntries)
        assert erasure.reapply() == [of(restored)]
        assert personal.is_erased(of(restored))
        assert not PersonalValue.objects.exists()
        assert Person.objects.get(pk=restored.pk).email == ""
        assert erasure.reapply() == []

    def test_so_does_the_ledger_when_the_list_is_lost(self, restored):
        erasure.list_path().unlink()
        assert erasure.reapply() == [of(restored)]
        assert personal.is_erased(of(restored))

    def test_somebody_who_got_the_number_later_is_left_alone(self, restored):
        at = clock.now() + timedelta(days=1)
        SubjectKey.objects.filter(subject=of(restored)).update(made_at=at)
        assert erasure.reapply() == []
        SubjectKey.objects.filter(subject=of(restored)).delete()
        Person.objects.filter(pk=restored.pk).update(date_joined=at)
        assert erasure.reapply() == []
        assert Person.objects.get(pk=restored.pk).username == "rita"

    def test_a_line_cut_off_by_a_crash_names_nobody(self, restored):
        with erasure.list_path().open("a") as list_:
            list_.write("person:1")
        assert [subject for subject, _ in erasure.listed()] == [of(restored)]

    def test_the_list_holds_numbers_only_and_is_for_us_alone(self, restored):
        assert erasure.list_path().read_text().startswith(f"{of(restored)} 20")
        assert "rita" not in erasure.list_path().read_text().lower()
        assert erasure.list_path().stat().st_mode & 0o777 == 0o600


class NoEntries:
    """A ledger from before the erasure."""

    class objects:
        @staticmethod
        def filter(**_):
            return NoEntries

    @staticmethod
    def select_related(*_):
        return []


@pytest.mark.parametrize(
    ("texts", "text", "left"),
    [
        (["Ada Lovelace"], "said Ada Lovelace, twice", f"said {MARK}, twice"),
        (["Ada Lovelace"], "said ada lovelace", f"said {MARK}"),
        (["Anna"], "Annabel and Anna", f"Annabel and {MARK}"),
        (["ada@hq.example"], "nada@hq.example", "nada@hq.example"),
        (["a.b*c"], "a.b*c axb*c", f"{MARK} axb*c"),
        (["long " * 60], ("long " * 60)[:99], MARK),
        (["NG", "20"], "NG 20", "NG 20"),
        ([], "anything", "anything"),
    ],
)
def test_words_are_taken_out_of_a_text(texts, text, left):
    assert Words.of(texts).out_of(text) == left


def test_words_are_taken_out_of_json_and_the_rest_stays():
    said = {"quantity": "20", "item": "ITM-1", "note": "for Ada Lovelace", "lines": [{"description": "x", "n": 3}]}
    left = {"quantity": "20", "item": "ITM-1", "note": f"for {MARK}", "lines": [{"description": MARK, "n": 3}]}
    assert Words.of(["Ada Lovelace"]).out_of_json(said, ("description",)) == left
    assert redaction.wiped({"a": ["x", 1, {"b": "", "c": None}]}) == {"a": [MARK, 1, {"b": "", "c": None}]}


@pytest.mark.parametrize("name", ["Zoë “Zed” O'Neil", 'a "quoted" name', "back\\slash name", "Ünal Ömer"])
def test_a_sweep_finds_text_and_json_however_it_is_escaped(name, entity, rita):
    at = clock.now()
    effect = Effect.objects.create(
        entity=entity, sender="mail", purpose="x", effect_key=name[:5], object_kind="x", object_key="x",
        request={"to": [f"<{name}>"]}, request_digest="0" * 64, not_before=at, created_at=at, last_error=f"no {name}",
    )  # fmt: skip
    sweep = Sweep({"person:1": Words.of([name]), "person:2": Words.of(["somebody else"])})
    assert sweep.over([Effect]) == {"person:1": 1}
    effect.refresh_from_db()
    assert (effect.request, effect.last_error) == ({"to": [f"<{MARK}>"]}, f"no {MARK}")
    assert sweep.over([Effect]) == {}


def note(entity, said: str) -> Effect:
    at = clock.now()
    return Effect.objects.create(
        entity=entity, sender="mail", purpose="x", effect_key=said[:60], object_kind="x", object_key="x",
        request={}, request_digest="0" * 64, not_before=at, created_at=at, last_error=said,
    )  # fmt: skip


def erase_all(subjects: list[str], entity) -> dict[str, dict[str, int]]:
    with transaction.atomic(), importing("tests", DIGEST):
        return erasure.erase_all(subjects, actor=Actor.system("tests"), entity=entity)


def test_many_at_once_are_counted_each_for_themselves(entity, rita, ben, ada):
    both = note(entity, "from RITA@hq.example to ben@hq.example about ada@hq.example")
    hers, nobodys = note(entity, "rita@hq.example said so"), note(entity, "brita@hq.example said so")
    before = {each: erase_one_and_roll_back(of(each), entity) for each in (rita, ben)}
    together = erase_all([of(rita), of(ben)], entity)
    assert together == {of(rita): before[rita], of(ben): before[ben]}
    assert (before[rita]["accounts"], before[ben]["accounts"]) == (3, 2)
    for each in (both, hers, nobodys):
        each.refresh_from_db()
    assert both.last_error == f"from {MARK} to {MARK} about ada@hq.example"
    assert hers.last_error == f"{MARK} said so"
    assert nobodys.last_error == "brita@hq.example said so"
    assert [chain.read(each)["objects"][0]["key"] for each in Entry.objects.filter(kind="subject.erased")] == [
        of(rita),
        of(ben),
    ]
    assert Person.objects.get(pk=ada.pk).email == "ada@hq.example"


def erase_one_and_roll_back(subject: str, entity) -> dict[str, int]:
    with transaction.atomic():
        counts = erase(subject, entity)
        transaction.set_rollback(True)
    return counts


def test_each_table_is_passed_over_once_however_many_go(entity, rita, ben, ivan):
    def passes(subjects: list[str]) -> list[str]:
        with CaptureQueriesContext(connection) as seen:
            erase_all(subjects, entity)
        told = [each["sql"].split(" WHERE ")[0] for each in seen if "COALESCE(CAST(" in each["sql"]]
        return [each for each in told if each.startswith("SELECT")]

    alone, together = passes([of(rita)]), passes([of(ben), of(ivan)])
    assert len(alone) == len(set(alone)) > 50
    assert together == alone


def test_who_speaks_of_another_that_goes_too_is_found_as_it_reads_without_them(entity, rita, ben, append):
    said = "a wish of ben@hq.example for the ward of Trillian"
    append(personal={of(rita): {"words": said}})
    words = erasure._words_of([of(ben), of(rita)])
    assert words[of(rita)].out_of(f"“{said.replace('ben@hq.example', MARK)}”") == f"“{MARK}”"
    assert words[of(ben)].out_of("for the ward of Trillian") == "for the ward of Trillian"


@given(
    texts=st.lists(st.text("aAbB.*[é“\\", min_size=1, max_size=5), min_size=1, max_size=8),
    within=st.text("aAbB.*[é“\\c", max_size=30),
)
def test_the_folded_pattern_finds_just_what_each_text_would(texts, within):
    found = re.search(sweeping._folded(texts), within, re.IGNORECASE)
    assert bool(found) == any(each.lower() in within.lower() for each in texts)


def test_every_floor_erases_from_the_top_down():
    assert erasure.rooms() == ["agents", "approvals", "procure", "vendors", "accounts"]


def test_every_way_to_propose_leaves_erased_people_out(entity, olga, rita, policy):
    erase(of(rita), entity)
    with pytest.raises(NotAllowed):
        proposals.propose(commands=[wish(olga)], actor=Actor.human(rita), entity=entity, rationale="no")
    with pytest.raises(InvalidInput, match="erased already"):
        propose(wish(rita), by=olga, entity=entity)
    assert Source.objects.filter(origin=f"user:{rita.pk}").count() == 0
