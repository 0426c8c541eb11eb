"""What the verification says about a chain that somebody with the rights of the owner has tampered with."""

import json
from io import StringIO

import pytest
import rfc8785
from django.core.management import CommandError, call_command
from django.db import connection

from ledger import chain, triggers, verification
from ledger.models import Entry, EntryObject


@pytest.fixture
def five(append):
    for number in range(1, 6):
        append(key=f"PO-{number}")


@pytest.fixture
def tamper(five):
    """Runs SQL with all triggers gone, as the owner of the tables can."""

    def run(sql, params=None):
        with triggers.lifted(connection), connection.cursor() as cursor:
            cursor.execute(sql, params)

    return run


def found():
    finding = verification.verify()
    return (finding.valid, finding.first_bad)


def rewrite(tamper, seq, change):
    """The bytes of an entry changed, with a fitting hash."""
    entry = Entry.objects.get(seq=seq)
    content = rfc8785.dumps(chain.read(entry) | change)
    tamper("UPDATE ledger_entry SET bytes = %s, hash = %s WHERE seq = %s", [content, chain.leaf_hash(content), seq])


def test_an_untouched_chain_is_valid(five):
    assert verification.verify() == verification.Finding(True, 5)


def test_an_empty_ledger_is_valid(entity):
    assert verification.verify() == verification.Finding(True, 0)


@pytest.mark.parametrize("chunk", [1, 2, 1000])
def test_chunks_change_nothing(five, monkeypatch, chunk):
    monkeypatch.setattr(verification, "CHUNK", chunk)
    assert verification.verify() == verification.Finding(True, 5)


@pytest.mark.parametrize(
    ("sql", "first_bad"),
    [
        ("UPDATE ledger_entry SET kind = 'order.cancelled' WHERE seq = 2", 2),
        ("UPDATE ledger_entry SET actor_id = 'somebody' WHERE seq = 3", 3),
        ("UPDATE ledger_entry SET actor_kind = 'human' WHERE seq = 3", 3),
        ("UPDATE ledger_entry SET time = '2020-01-01 00:00:00' WHERE seq = 4", 4),
        ("UPDATE ledger_entry SET prev = hash WHERE seq = 4", 4),
        ("UPDATE ledger_entry SET hash = 'ff' WHERE seq = 5", 5),
        ("DELETE FROM ledger_entryobject; DELETE FROM ledger_entry", 1),
        ("UPDATE ledger_entry SET seq = 9 WHERE seq = 3", 3),
        ("UPDATE ledger_entry SET seq = 0 WHERE seq = 1", 1),
        ("UPDATE ledger_ledgerhead SET seq = 3", 3),
        ("UPDATE ledger_ledgerhead SET seq = 6", 6),
        ("UPDATE ledger_ledgerhead SET hash = 'ff'", 5),
        ("UPDATE ledger_ledgerhead SET origin = 'elsewhere'", 1),
        ("UPDATE ledger_entryobject SET key = 'PO-9' WHERE key = 'PO-2'", 2),
        ("DELETE FROM ledger_entryobject WHERE key = 'PO-4'", 4),
    ],
)
def test_a_changed_row_is_named(tamper, sql, first_bad):
    for statement in sql.split("; "):
        tamper(statement)
    assert found() == (False, first_bad)


@pytest.mark.parametrize("seq", [1, 3, 5])
def test_a_deleted_entry_is_named(tamper, seq):
    tamper("DELETE FROM ledger_entryobject WHERE entry_id = (SELECT id FROM ledger_entry WHERE seq = %s)", [seq])
    tamper("DELETE FROM ledger_entry WHERE seq = %s", [seq])
    assert found() == (False, seq)


def test_one_flipped_bit_is_named(tamper):
    content = bytearray(Entry.objects.get(seq=2).bytes)
    content[40] ^= 1
    tamper("UPDATE ledger_entry SET bytes = %s WHERE seq = 2", [bytes(content)])
    finding = verification.verify()
    assert (finding.valid, finding.entries, finding.first_bad) == (False, 1, 2)
    assert "hash" in finding.reason


def test_a_rewritten_entry_with_a_fresh_hash_breaks_the_next_link(tamper):
    rewrite(tamper, 3, {"data": {"amount": "1.00"}})
    assert found() == (False, 4)


def test_the_last_entry_rewritten_with_a_fresh_hash_contradicts_the_head(tamper):
    rewrite(tamper, 5, {"data": {"amount": "1.00"}})
    assert found() == (False, 5)


def test_time_that_runs_backwards_is_named_even_in_a_chain_rewritten_to_its_end(tamper):
    entry = Entry.objects.get(seq=5)
    early = "2020-01-01T00:00:00.000000Z"
    content = rfc8785.dumps(chain.read(entry) | {"time": early})
    digest = chain.leaf_hash(content)
    tamper(
        "UPDATE ledger_entry SET bytes = %s, hash = %s, time = '2020-01-01 00:00:00.000000' WHERE seq = 5",
        [content, digest],
    )
    tamper("UPDATE ledger_ledgerhead SET hash = %s", [digest])
    finding = verification.verify()
    assert finding.first_bad == 5
    assert "time" in finding.reason


def test_two_entries_swapped_are_named(tamper):
    tamper("UPDATE ledger_entry SET seq = 99 WHERE seq = 2")
    tamper("UPDATE ledger_entry SET seq = 2 WHERE seq = 3")
    tamper("UPDATE ledger_entry SET seq = 3 WHERE seq = 99")
    assert found() == (False, 2)


@pytest.mark.parametrize("form", [b'{"a": 1}', b"[1]", b"\xff", b"{", b'{"a":1.5}', b'{"a":1,"a":2}', b"[" * 100_000])
def test_bytes_that_are_not_canonical_json_are_named(tamper, form):
    tamper("UPDATE ledger_entry SET bytes = %s, hash = %s WHERE seq = 2", [form, chain.leaf_hash(form)])
    assert found() == (False, 2)


@pytest.mark.parametrize("record", [{}, {"prev": 5}, {"actor": "x"}, {"actor": None}, {"objects": [3]}, {"objects": 3}])
def test_a_record_of_the_wrong_shape_is_named(tamper, record):
    rewrite(tamper, 2, record if record else {"seq": "2"})
    assert found()[0] is False
    assert found()[1] in (2, 3)


def test_a_second_log_is_verified_too(tamper, entity, append):
    entity.log = chain.begin("other", origin="procure.example/other")
    append()
    assert verification.verify() == verification.Finding(True, 6)
    tamper("UPDATE ledger_entry SET kind = 'x.y' WHERE log_id = 'other'")
    finding = verification.verify()
    assert (finding.log, finding.first_bad) == ("other", 1)
    assert verification.verify("main").valid


def test_the_command_prints_one_json_object(five):
    out = StringIO()
    call_command("ledger", "verify", "--json", stdout=out)
    assert json.loads(out.getvalue()) == {"valid": True, "entries": 5, "first_bad": None, "reason": None}


def test_the_command_fails_and_says_where(tamper):
    tamper("UPDATE ledger_entry SET kind = 'order.cancelled' WHERE seq = 2")
    out = StringIO()
    with pytest.raises(CommandError, match="Entry 2 of log main: its columns differ from its record"):
        call_command("ledger", "verify", "--json", stdout=out)
    answer = json.loads(out.getvalue())
    assert (answer["valid"], answer["first_bad"]) == (False, 2)
    assert answer["reason"]


def test_verification_reads_a_bounded_number_of_times(five, django_assert_max_num_queries):
    with django_assert_max_num_queries(8):
        verification.verify()
    assert EntryObject.objects.count() == 5
