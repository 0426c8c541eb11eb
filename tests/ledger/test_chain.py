"""Bytes, hash and links, on whatever database the tests run."""

import hashlib
import json

import pytest
import rfc8785
from django.db import DatabaseError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import chain, databases, journal
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.errors import InvalidInput, LedgerUnavailable
from ledger.models import CostCentre, Entry, EntryObject, LedgerHead

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


def test_entries_are_numbered_and_linked_from_one(append, entity):
    first, second = append(), append(key="PO-00002")
    assert (first.seq, first.prev) == (1, "0" * 64)
    assert (second.seq, second.prev) == (2, first.hash)
    head = LedgerHead.objects.get()
    assert (head.seq, head.hash) == (2, second.hash)


def test_the_hash_is_that_of_a_merkle_leaf_over_the_bytes(append):
    entry = append()
    assert entry.hash == hashlib.sha256(b"\x00" + bytes(entry.bytes)).hexdigest()


def test_the_entry_returned_is_the_row_stored(append):
    entry = append()
    stored = Entry.objects.get()
    for name in chain.COLUMNS:
        left, right = getattr(entry, name), getattr(stored, name)
        assert (bytes(left), name) == (bytes(right), name) if name == "bytes" else left == right


def test_the_record_names_everything_that_its_columns_repeat(append, entity):
    entry = append(policy="abc", causes=[4], effect_key="k", on_behalf_of=Actor.supplier("VEN-1"))
    record = chain.read(entry)
    assert record == {
        "actor": {"id": "tests", "kind": "system"},
        "causes": [4],
        "data": {},
        "effect_key": "k",
        "entity": "HQ",
        "kind": "order.issued",
        "objects": [{"key": "PO-00001", "kind": "order"}],
        "on_behalf_of": {"id": "VEN-1", "kind": "supplier"},
        "origin": "procure.example/hq",
        "policy": "abc",
        "prev": "0" * 64,
        "seq": 1,
        "time": entry.time.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "v": 1,
    }


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.dictionaries(TEXT, PLAIN, max_size=5), plan=st.dictionaries(TEXT, PLAIN, max_size=2), policy=TEXT)
def test_what_the_database_composes_is_canonical_json(append, data, plan, policy):
    content = bytes(append(data=data, plan=plan, policy=policy).bytes)
    record = json.loads(content)
    assert rfc8785.dumps(record) == content
    assert record["data"] == data
    assert record.get("plan", {}) == plan


def test_every_key_a_body_may_have_sorts_before_what_the_database_adds():
    assert all(key < "prev" for key in chain.BODY_KEYS)
    assert "origin" not in chain.BODY_KEYS


@pytest.mark.parametrize(
    "value",
    [1.5, float("nan"), 2**53, -(2**53), "a\x00b", "\ud800", b"bytes", {1: "number as name"}, {"set"}],
    ids=repr,
)
def test_what_has_no_single_canonical_form_is_refused(value):
    actor = {"id": "x", "kind": "system"}
    body = {"actor": actor, "data": {"deep": [value]}, "entity": "HQ", "kind": "a.b", "objects": []}
    with pytest.raises(InvalidInput):
        chain.halves(body)


@pytest.mark.parametrize(
    ("kind", "key"), [("", "PO-1"), ("k" * 61, "PO-1"), ("order.issued", ""), ("order.issued", "P" * 81)]
)
def test_names_that_do_not_fit_their_columns_are_refused(append, kind, key):
    with pytest.raises(InvalidInput):
        append(kind, key)
    assert LedgerHead.objects.get().seq == 0


def test_a_field_the_format_does_not_know_is_refused(append):
    with pytest.raises(InvalidInput, match="zebra"):
        chain.append("main", {"zebra": 1})


def test_an_object_named_twice_is_found_once(append, entity):
    with transaction.atomic():
        entry = journal.record(
            "order.changed",
            actor=Actor.system("tests"),
            entity=entity,
            objects=[ObjectRef("order", "PO-1", "1"), ObjectRef("order", "PO-1", "2"), ObjectRef("vendor", "VEN-1")],
        )
    assert list(EntryObject.objects.values_list("kind", "key").order_by("kind")) == [
        ("order", "PO-1"), ("vendor", "VEN-1"),
    ]  # fmt: skip
    assert list(journal.history_of(ObjectRef("vendor", "VEN-1"), ObjectRef("order", "PO-1"))) == [entry]


def test_a_rolled_back_change_leaves_no_entry_and_no_gap(append, entity):
    append()
    with transaction.atomic():
        append(key="PO-00002")
        transaction.set_rollback(True)
    assert append(key="PO-00003").seq == 2
    assert Entry.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_fact_outside_any_transaction_is_refused(entity):
    with pytest.raises(RuntimeError, match="in the transaction"):
        journal.record("order.issued", actor=Actor.system("tests"), entity=entity)


def test_when_the_ledger_cannot_be_written_the_change_is_lost_even_if_the_error_is_swallowed(
    entity, append, monkeypatch
):
    def broken(*args, **kwargs):
        raise DatabaseError("disk full")

    monkeypatch.setattr(databases.of(transaction.get_connection()), "send", broken)
    with transaction.atomic():
        CostCentre.objects.create(entity=entity, code="X", name="X")
        try:
            journal.record("order.issued", actor=Actor.system("tests"), entity=entity)
        except LedgerUnavailable as error:
            swallowed = error
    assert "nothing was changed" in swallowed.message
    assert not CostCentre.objects.exists()


def test_without_its_log_nothing_is_changed(entity):
    entity.log_id = "elsewhere"
    with pytest.raises(LedgerUnavailable, match="elsewhere"), transaction.atomic():
        journal.record("order.issued", actor=Actor.system("tests"), entity=entity)


def test_each_log_counts_for_itself(append, entity):
    append()
    other = chain.begin("other", origin="procure.example/other")
    entity.log = other
    with transaction.atomic():
        entry = journal.record("order.issued", actor=Actor.system("tests"), entity=entity)
    assert (entry.seq, entry.prev) == (1, "0" * 64)
    assert LedgerHead.objects.get(log="main").seq == 1


def test_time_never_runs_backwards_in_the_chain(append):
    times = [append().time for _ in range(5)]
    assert times == sorted(times)
