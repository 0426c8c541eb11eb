"""Personal values: committed in the entry, kept beside it, gone without a trace when the subject is erased."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta

import pytest
import rfc8785
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from ledger import chain, clock, keys, personal, verification
from ledger.actors import Actor
from ledger.errors import Erased, InvalidInput
from ledger.keys import CannotOpen
from ledger.models import Entry, LedgerHead, PersonalValue, SubjectKey

ADA = "person:12"


@pytest.fixture
def said(append):
    """An entry that commits to a name and a reason of Ada's, and to a name of a contact's."""
    return append(personal={ADA: {"name": "Ada", "reason": "Zürich is late"}, "contact:7": {"contact": "Bo"}})


def test_the_entry_holds_commitments_and_no_value(said):
    body = chain.read(said)
    assert sorted(body["commitments"]) == ["contact", "name", "reason"]
    assert all(len(each) == 64 for each in body["commitments"].values())
    raw = bytes(said.bytes)
    assert b"Ada" not in raw
    assert b"late" not in raw


def test_what_is_kept_is_read_back_and_stands_nowhere_in_the_clear(said):
    assert personal.value("main", said.seq, "reason") == "Zürich is late"
    assert personal.of([said]) == {("main", said.seq): {"name": "Ada", "reason": "Zürich is late", "contact": "Bo"}}
    for row in PersonalValue.objects.all():
        assert b"Ada" not in bytes(row.sealed)
        assert b"rich" not in bytes(row.sealed)


def test_a_disclosure_opens_its_commitment_by_the_published_formula(said):
    commitments = chain.read(said)["commitments"]
    found = list(personal.disclosures("main", 1, said.seq))
    assert [each.path for each in found] == ["contact", "name", "reason"]
    for each in found:
        content = b"procure-commitment-v1\x00" + bytes.fromhex(each.salt) + rfc8785.dumps(each.value)
        assert hashlib.sha256(content).hexdigest() == commitments[each.path]


def test_disclosures_keep_to_their_range(append, said):
    later = append(personal={ADA: {"name": "Ada"}})
    assert [each.seq for each in personal.disclosures("main", later.seq, later.seq)] == [later.seq]
    assert list(personal.disclosures("main", later.seq + 1, later.seq + 9)) == []
    assert list(personal.disclosures("other", 1, later.seq)) == []


def test_the_same_value_is_salted_anew_each_time(append):
    first, second = (append(personal={ADA: {"name": "Ada"}}) for _ in range(2))
    assert chain.read(first)["commitments"] != chain.read(second)["commitments"]


def test_forgetting_destroys_key_value_and_salt_and_nothing_of_others(said):
    assert personal.forget(ADA) == 2
    for path in ("name", "reason"):
        with pytest.raises(Erased):
            personal.value("main", said.seq, path)
    assert [each.path for each in personal.disclosures("main", 1, said.seq)] == ["contact"]
    key = SubjectKey.objects.get(subject=ADA)
    assert (bytes(key.wrapped_key), key.erased_at is None) == (b"", False)
    assert personal.is_erased(ADA)
    assert not personal.is_erased("contact:7")
    assert verification.verify("main").valid


def test_forgetting_twice_or_somebody_unknown_is_no_mistake(said):
    assert [personal.forget(each) for each in (ADA, ADA, "person:99")] == [2, 0, 0]


def test_of_an_erased_subject_nothing_is_kept_any_more(append):
    personal.forget(ADA)
    entry = append(personal={ADA: {"name": "Ada"}, "contact:7": {"contact": "Bo"}})
    assert sorted(chain.read(entry)["commitments"]) == ["contact", "name"]
    assert list(PersonalValue.objects.values_list("path", flat=True)) == ["contact"]
    with pytest.raises(Erased):
        personal.seal(ADA, {"iban": "x"}, "here")


def test_no_key_can_come_back_to_an_erased_subject(append):
    personal.forget(ADA)
    with pytest.raises(IntegrityError), transaction.atomic():
        SubjectKey.objects.filter(subject=ADA).update(wrapped_key=b"old")


@pytest.mark.parametrize("change", [{"seq": 9}, {"path": "other"}])
def test_a_sealed_value_opens_only_where_it_was_put(said, change):
    PersonalValue.objects.filter(path="name").update(**change)
    moved = {"seq": said.seq, "path": "name"} | change
    with pytest.raises(CannotOpen):
        personal.value("main", moved["seq"], moved["path"])


def test_a_path_stands_once_in_an_entry(append, said):
    with pytest.raises(InvalidInput, match="twice"):
        append(personal={ADA: {"name": "Ada"}, "contact:7": {"name": "Bo"}})
    with pytest.raises(InvalidInput, match="commits twice to name"):
        append(personal={ADA: {"name": "Ada"}}, commitments={"name": "0" * 64})
    row = PersonalValue.objects.first()
    row.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save(force_insert=True)
    assert (Entry.objects.count(), PersonalValue.objects.count()) == (1, 3)


@pytest.mark.parametrize("subject", ["ada", "person:", "person:0", "person:ada@hq.example", "role:x", "vendor:a b"])
def test_a_subject_is_a_number_never_a_name(append, subject):
    with pytest.raises(InvalidInput):
        append(personal={subject: {"name": "Ada"}})
    assert not Entry.objects.exists()
    assert not SubjectKey.objects.exists()


@pytest.mark.parametrize(
    ("path", "value"), [("a path", "x"), ("", "x"), ("name", 2**53), ("name", "\ud800"), ("name", "a\x00b")]
)
def test_what_the_ledger_refuses_is_refused_here_too(append, path, value):
    with pytest.raises(InvalidInput):
        append(personal={ADA: {path: value}})
    assert not Entry.objects.exists()


def test_an_empty_text_is_no_value(append):
    entry = append(personal={ADA: {"reason": "", "note": None, "count": 0, "flag": False}})
    assert sorted(chain.read(entry)["commitments"]) == ["count", "flag"]


def test_a_rolled_back_entry_leaves_no_value_and_no_key(append):
    with transaction.atomic():
        append(personal={ADA: {"name": "Ada"}})
        transaction.set_rollback(True)
    assert not PersonalValue.objects.exists()
    assert not SubjectKey.objects.exists()


def test_words_are_personal_where_a_person_says_them_and_data_where_nobody_does(entity, rita):
    from ledger.journal import record

    with transaction.atomic():
        typed = record("plan.finished", actor=Actor.human(rita), entity=entity, words={"reason": "no more need"})
        made = record("plan.finished", actor=Actor.system("engine"), entity=entity, words={"reason": "a limit"})
        with personal.speaking(personal.person(rita.pk)):
            passed = record("plan.finished", actor=Actor.policy(1), entity=entity, words={"reason": "as proposed"})
    assert [sorted(chain.read(each).get("commitments", {})) for each in (typed, made, passed)] == [
        ["reason"],
        [],
        ["reason"],
    ]
    assert chain.read(made)["data"] == {"reason": "a limit"}
    assert chain.read(passed)["data"] == {}
    assert set(PersonalValue.objects.values_list("subject", flat=True)) == {f"person:{rita.pk}"}


def test_keys_follow_the_ring_when_it_turns(said, settings, tmp_path, append):
    settings.KEYS_DIR = tmp_path
    personal.forget(ADA)
    fresh = append(personal={"person:13": {"name": "Eve"}})
    old = next(iter(keys.ring()))
    keys.rotate()
    SubjectKey.objects.filter(subject="contact:7").delete()
    assert personal.rewrap() == 1
    assert personal.rewrap() == 0
    ring = keys.ring_path()
    ring.write_text("".join(line for line in ring.read_text().splitlines(True) if not line.startswith(old)))
    assert personal.value("main", fresh.seq, "name") == "Eve"


def test_an_append_that_waited_for_an_erasure_keeps_nothing(said, append, monkeypatch):
    """The erasure ends between the commitment and the append, which is where the append waits for the head."""
    original = chain.append

    def late(log, body):
        personal.forget(ADA)
        return original(log, body)

    monkeypatch.setattr("ledger.journal.append", late)
    append(personal={ADA: {"name": "Ada again"}})
    assert list(PersonalValue.objects.values_list("path", flat=True)) == ["contact"]


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(value=json_values, salt=st.binary(min_size=32, max_size=32))
def test_any_json_value_is_committed_to_by_salt_and_content_alone(value, salt):
    made = personal.commitment(salt, value)
    assert made == personal.commitment(salt, json.loads(json.dumps(value)))
    assert made != personal.commitment(bytes([salt[0] ^ 1]) + salt[1:], value)
    assert made != personal.commitment(salt, [value])


def test_the_clock_of_the_database_stamps_the_erasure(said):
    clock.shift(timedelta(days=3))
    personal.forget(ADA)
    assert SubjectKey.objects.get(subject=ADA).erased_at > LedgerHead.objects.get().entries.get().time
