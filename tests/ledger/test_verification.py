"""What the verification says about a chain that somebody with the rights of the owner has tampered with."""

import json
from dataclasses import replace
from io import StringIO

import pytest
import rfc8785
from django.core.management import CommandError, call_command
from django.db import connection

from ledger import anchors, audit, chain, checkpoints, file_anchor, merkle, notes, signing, triggers, verification
from ledger.checkpoints import WORKER
from ledger.models import Checkpoint, Entry, EntryObject, TreeNode
from ledger.notes import CheckpointText, SigningKey
from tests.ledger import tampered_rows
from tests.ledger.tampered_rows import Tables
from tests.ledger.tampering import changed

ORIGIN = "procure.example/hq"


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
    assert verification.verify() == verification.Finding(True, 5, uncovered=5)


def test_an_empty_ledger_is_valid(entity):
    assert verification.verify() == verification.Finding(True, 0)


@pytest.mark.parametrize("chunk", [1, 2, 1000])
def test_chunks_change_nothing(five, monkeypatch, chunk):
    monkeypatch.setattr(verification, "CHUNK", chunk)
    assert verification.verify() == verification.Finding(True, 5, uncovered=5)


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


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="only SQLite keeps any text in a column of times")
@pytest.mark.parametrize("time", ["no time", "2026-13-01 00:00:00", ""])
def test_a_time_that_is_none_is_named(tamper, time):
    tamper("UPDATE ledger_entry SET time = %s WHERE seq = 3", [time])
    assert found() == (False, 3)


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


def test_a_rewritten_entry_with_a_fresh_hash_is_named_since_the_next_ones_still_link(tamper):
    rewrite(tamper, 3, {"data": {"amount": "1.00"}})
    assert found() == (False, 3)


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
    assert verification.verify() == verification.Finding(True, 6, uncovered=6)
    tamper("UPDATE ledger_entry SET kind = 'x.y' WHERE log_id = 'other'")
    finding = verification.verify()
    assert (finding.log, finding.first_bad) == ("other", 1)
    assert verification.verify("main").valid


def test_the_command_prints_one_json_object(five):
    out = StringIO()
    call_command("ledger", "verify", "--json", stdout=out)
    assert json.loads(out.getvalue()) == {
        "valid": True, "entries": 5, "first_bad": None, "reason": None, "checkpoints": 0, "uncovered": 5,
        "between": None, "log": None,
    }  # fmt: skip


def test_the_command_fails_and_says_where(tamper):
    tamper("UPDATE ledger_entry SET kind = 'order.cancelled' WHERE seq = 2")
    out = StringIO()
    with pytest.raises(CommandError, match="Entry 2 of log main: its columns differ from its record"):
        call_command("ledger", "verify", "--json", stdout=out)
    answer = json.loads(out.getvalue())
    assert (answer["valid"], answer["first_bad"]) == (False, 2)
    assert answer["reason"]


def test_verification_reads_a_bounded_number_of_times(five, django_assert_max_num_queries):
    with django_assert_max_num_queries(11):
        verification.verify()
    assert EntryObject.objects.count() == 5


# what was signed


@pytest.fixture
def signed(append, monkeypatch, tmp_path, settings):
    """Nine entries with checkpoints at 3, 5 and 8, the one at 5 in the anchor folder; tiles of four."""
    settings.KEYS_DIR, settings.LEDGER_ANCHOR_DIR = tmp_path / "keys", tmp_path / "anchors"
    monkeypatch.setattr(merkle, "TILE_LEVELS", 2)
    monkeypatch.setattr(anchors, "_anchors", {"file": ""})
    for number in range(1, 10):
        append(key=f"PO-{number}")
        if number in (3, 5, 8):
            made = checkpoints.make(actor=WORKER)
            if number == 5:
                drop(made.note, 5)
                anchors.confirm(made, anchor="file", reference="here")
    assert TreeNode.objects.count() == 2


def drop(note, size):
    path = file_anchor.path_of(ORIGIN, size)
    path.parent.mkdir(exist_ok=True)
    path.write_text(note, encoding="utf-8")


def run(*statements):
    with triggers.lifted(connection), connection.cursor() as cursor:
        for each in statements:
            cursor.execute(*each) if isinstance(each, tuple) else cursor.execute(each)


def rewrite_from(first, upto=99):
    """The forger who owns the database: entries from `first` on with other data and fresh, fitting hashes."""
    statements, prev = [], Entry.objects.filter(seq=first - 1).values_list("hash", flat=True).first() or "0" * 64
    for entry in Entry.objects.filter(seq__gte=first, seq__lte=upto).order_by("seq"):
        content = rfc8785.dumps(chain.read(entry) | {"data": {"amount": "1.00"}, "prev": prev})
        digest = chain.leaf_hash(content)
        sql = "UPDATE ledger_entry SET bytes = %s, prev = %s, hash = %s WHERE seq = %s"
        statements.append((sql, [content, prev, digest, entry.seq]))
        prev = digest
    run(*statements, ("UPDATE ledger_ledgerhead SET hash = %s", [prev]))


def cut_to(size):
    run(
        f"DELETE FROM ledger_entryobject WHERE entry_id IN (SELECT id FROM ledger_entry WHERE seq > {size})",
        f"DELETE FROM ledger_entry WHERE seq > {size}",
        f"UPDATE ledger_ledgerhead SET seq = {size}, hash = (SELECT hash FROM ledger_entry WHERE seq = {size})",
    )


def test_checkpoints_that_hold_are_counted_and_what_follows_the_last_anchor_is_said(signed):
    assert verification.verify() == verification.Finding(True, 9, checkpoints=3, uncovered=4)


@pytest.mark.parametrize("flush", [1, 2, 3, 1000])
def test_reading_in_other_steps_changes_nothing(signed, monkeypatch, flush):
    monkeypatch.setattr(audit, "FLUSH", flush)
    assert verification.verify() == verification.Finding(True, 9, checkpoints=3, uncovered=4)


@pytest.mark.parametrize(
    ("first", "between"), [(1, (0, 3)), (3, (0, 3)), (4, (3, 5)), (5, (3, 5)), (6, (5, 8)), (8, (5, 8))]
)
def test_a_suffix_rewritten_with_fresh_hashes_is_placed_between_two_checkpoints(signed, first, between):
    rewrite_from(first)
    finding = verification.verify()
    assert (finding.valid, finding.first_bad, finding.between) == (False, None, between)
    assert "another root" in finding.reason


def test_what_no_checkpoint_covers_yet_can_still_be_rewritten_and_is_said_to_be_uncovered(signed):
    rewrite_from(9)
    assert verification.verify() == verification.Finding(True, 9, checkpoints=3, uncovered=4)


def test_a_cut_tail_is_told_by_the_checkpoint_beyond_it(signed):
    cut_to(6)
    finding = verification.verify()
    assert (finding.valid, finding.between) == (False, (5, 8))
    assert "tail was cut" in finding.reason


def test_an_old_backup_put_back_is_told_by_what_lies_outside(signed):
    """The database of size 4 with its checkpoint of 3 knows nothing of what came later."""
    run("DELETE FROM ledger_anchoring", "DELETE FROM ledger_treenode WHERE \"index\" = 1",
        "DELETE FROM ledger_checkpoint WHERE size > 3")  # fmt: skip
    cut_to(4)
    finding = verification.verify()
    assert (finding.valid, finding.between) == (False, (3, 5))
    assert "anchored note" in finding.reason
    for path in file_anchor.kept(ORIGIN):
        path.unlink()
    assert verification.verify().between == (3, 8)
    signing.note_path(ORIGIN).unlink()
    assert verification.verify() == verification.Finding(True, 4, checkpoints=1, uncovered=4)


def test_a_forger_of_rows_and_tail_is_told_by_the_anchor_folder_alone(signed):
    rewrite_from(2)
    signing.note_path(ORIGIN).unlink()
    run("DELETE FROM ledger_anchoring", "DELETE FROM ledger_checkpoint", "DELETE FROM ledger_treenode")
    finding = verification.verify()
    assert (finding.valid, finding.between) == (False, (0, 5))
    assert "procure.example_hq-5.note" in finding.reason


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        (f"UPDATE ledger_checkpoint SET root = '{'f' * 64}' WHERE size = 5", "differs from its own note"),
        ("UPDATE ledger_checkpoint SET size = 4 WHERE size = 5", "differs from its own note"),
        (f"UPDATE ledger_checkpoint SET head_hash = '{'f' * 64}' WHERE size = 5", "another hash"),
        ("UPDATE ledger_checkpoint SET range = '[]' WHERE size = 5", "another range"),
        ("UPDATE ledger_checkpoint SET note = replace(note, '5', '6') WHERE size = 5", "cannot be trusted"),
        ("UPDATE ledger_checkpoint SET note = '' WHERE size = 5", "cannot be trusted"),
        ("DELETE FROM ledger_anchoring; DELETE FROM ledger_checkpoint WHERE size = 5", "no checkpoint of that size"),
        (f"UPDATE ledger_treenode SET hash = '{'f' * 64}' WHERE \"index\" = 1", "level 2, place 1: changed"),
        ('DELETE FROM ledger_treenode WHERE "index" = 0', "level 2, place 0: missing"),
        ('UPDATE ledger_treenode SET "index" = 9 WHERE "index" = 1', "level 2, place 1: missing"),
        ("INSERT INTO ledger_treenode (log_id, level, \"index\", hash) VALUES ('main', 2, 9, 'ff')", "no entries give"),
    ],
)
def test_a_changed_checkpoint_or_tree_is_told(signed, sql, says):
    run(*sql.split("; "))
    finding = verification.verify()
    assert (finding.valid, finding.first_bad) == (False, None)
    assert says in finding.reason


def by(key, size=5, root=bytes(32), origin=ORIGIN):
    return notes.sign(CheckpointText(origin, size, root).text(), key)


@pytest.mark.parametrize(
    ("forge", "says"),
    [
        (lambda: drop("rubbish", 5), "cannot be trusted"),
        (lambda: drop(by(SigningKey.generate(ORIGIN)), 5), "cannot be trusted"),
        (lambda: drop(by(signing.key(ORIGIN)), 5), "another root"),
        (lambda: drop(by(signing.key(ORIGIN), 12), 12), "tail was cut"),
        (lambda: signing.remember(ORIGIN, by(signing.key(ORIGIN), 8)), "differs from the stored"),
        (lambda: signing.remember(ORIGIN, by(signing.key(ORIGIN), 7)), "another root"),
        (lambda: signing.remember(ORIGIN, by(signing.key(ORIGIN), 9)), "another root"),
        (lambda: signing.remember(ORIGIN, by(signing.key(ORIGIN), 12)), "tail was cut"),
        (lambda: signing.remember(ORIGIN, "rubbish"), "cannot be trusted"),
        (lambda: signing.key_path(ORIGIN).unlink(), "is missing"),
    ],
)
def test_what_lies_outside_and_does_not_fit_is_told(signed, forge, says):
    forge()
    finding = verification.verify()
    assert (finding.valid, finding.first_bad) == (False, None)
    assert says in finding.reason


def test_the_notes_of_a_log_whose_name_begins_alike_are_let_be(signed):
    other = SigningKey.generate(f"{ORIGIN}-2")
    drop(by(other, origin=other.name), "2-5")
    assert verification.verify().valid


def test_a_changed_entry_is_named_before_any_checkpoint(signed):
    run("UPDATE ledger_entry SET kind = 'order.cancelled' WHERE seq = 2", "UPDATE ledger_checkpoint SET root = 'ff'")
    assert verification.verify().first_bad == 2


def test_the_command_says_between_which_checkpoints_it_begins(signed):
    rewrite_from(6)
    out = StringIO()
    with pytest.raises(CommandError, match="between the checkpoint of 5 and the checkpoint of 8"):
        call_command("ledger", "verify", "--json", stdout=out)
    assert json.loads(out.getvalue())["between"] == [5, 8]


def test_a_signed_log_is_read_once_however_many_checkpoints_it_has(signed, django_assert_max_num_queries):
    with django_assert_max_num_queries(12):
        verification.verify()
    assert Checkpoint.objects.count() == 3


def test_what_is_signed_while_it_reads_raises_no_alarm(signed, append, monkeypatch):
    real = verification.Audit

    def meanwhile(head, key):
        monkeypatch.setattr(verification, "Audit", real)
        append()
        checkpoints.make(actor=WORKER)
        return real(head, key)

    monkeypatch.setattr(verification, "Audit", meanwhile)
    assert verification.verify().valid


def put_between(at, content):
    """One row more, in place `at`; the head keeps its hash and counts it."""
    tables = Tables()
    contents = tables.store.entries
    contents.insert(at - 1, content)
    tampered_rows.lift()
    tables.put(replace(tables.store, rows=tuple(enumerate(contents, 1)), head=(len(contents), tables.store.head[1])))


@pytest.mark.parametrize("at", [1, 3, 5])
def test_an_entry_put_between_is_named_and_not_the_one_it_pushed_on(five, at):
    put_between(at, changed(bytes(Entry.objects.get(seq=at).bytes), data={"status": "added"}))
    finding = verification.verify()
    assert (finding.valid, finding.first_bad, finding.reason) == (False, at, verification.ADDED)


def test_a_rival_of_a_signed_entry_is_named_itself(five, settings, tmp_path):
    settings.KEYS_DIR = tmp_path
    checkpoints.make(actor=WORKER)
    put_between(6, changed(bytes(Entry.objects.get(seq=5).bytes), data={"status": "rival"}))
    assert (found(), verification.verify().reason) == ((False, 6), verification.UNLINKED)


# with an auditor's own key


@pytest.fixture
def own_key(signed):
    """What the auditor was given; the host has no signing key any more, and no note."""
    key = checkpoints.verifier_key()
    for path in (signing.key_path(ORIGIN), signing.note_path(ORIGIN)):
        path.unlink()
    return key


def verify(*arguments):
    out = StringIO()
    call_command("ledger", "verify", *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_a_host_without_a_key_verifies_with_the_auditors_own(own_key):
    with pytest.raises(CommandError, match="cannot be trusted"):
        verify()
    told = verify("--key", own_key)
    assert (told["valid"], told["entries"], told["checkpoints"], told["uncovered"]) == (True, 9, 3, 4)
    assert verify("--key", own_key, "--origin", ORIGIN) == told


def test_the_owner_of_the_host_cannot_vouch_for_himself(own_key):
    """History forged, signed anew with a key of his, which lies where the portal looks for it."""
    forger = SigningKey.generate(ORIGIN)
    signing.key_path(ORIGIN).write_text(forger.to_text())
    rewrite_from(1)
    leaves = [bytes.fromhex(each) for each in Entry.objects.order_by("seq").values_list("hash", flat=True)]
    for each in Checkpoint.objects.all():
        grown = merkle.CompactRange().extend(leaves[: each.size], {})
        note = notes.sign(CheckpointText(ORIGIN, each.size, grown.root()).text(), forger)
        ranged = json.dumps([one.hex() for one in grown.hashes])
        head = leaves[each.size - 1].hex()
        sql = "UPDATE ledger_checkpoint SET root = %s, note = %s, head_hash = %s, range = %s WHERE id = %s"
        run((sql, [grown.root().hex(), note, head, ranged, each.pk]))
    tiles = {}
    merkle.CompactRange().extend(leaves, tiles)
    sql = 'UPDATE ledger_treenode SET hash = %s WHERE level = %s AND "index" = %s'
    run(*((sql, [root.hex(), *place]) for place, root in tiles.items()))
    for path in file_anchor.kept(ORIGIN):
        path.unlink()
    assert verify()["valid"]
    with pytest.raises(CommandError, match="is not signed by"):
        verify("--key", own_key)


@pytest.mark.parametrize("origin", ["procure.example/hq-2", "procure.example"])
def test_a_database_of_another_origin_is_not_the_one_the_key_is_of(own_key, origin):
    another = SigningKey.generate(origin).verifier_key
    with pytest.raises(CommandError, match=f"no log of the origin {origin} here.*Origins here: {ORIGIN}") as refused:
        verify("--key", another)
    assert refused.value.returncode == 1
    with pytest.raises(CommandError, match="no log of the origin"):
        verify("--key", own_key, "--origin", origin)
    with pytest.raises(CommandError, match="is not signed by"):
        verify("--key", another, "--origin", ORIGIN)


def test_wrong_use_is_told_apart(own_key):
    with pytest.raises(CommandError, match="--key"):
        verify("--key", own_key[:-4])
    with pytest.raises(CommandError, match="give both") as refused:
        verify("--origin", ORIGIN)
    assert refused.value.returncode == 2
