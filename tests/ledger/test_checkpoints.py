"""What is signed, when, and above all what is not."""

import fcntl
import logging
import stat
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from ledger import (
    anchors,
    chain,
    checkpoints,
    clock,
    doorbell,
    merkle,
    notes,
    owner,
    signing,
    soundness,
    tree,
    triggers,
)
from ledger.actors import Actor
from ledger.checkpoints import WORKER, CannotSign
from ledger.errors import Misconfigured, NotAllowed, NotFound
from ledger.models import Anchoring, Checkpoint, Effect, Entry, LedgerHead, TreeNode
from ledger.notes import CheckpointText, SigningKey

ORIGIN = "procure.example/hq"


@pytest.fixture(autouse=True)
def keys(tmp_path, settings, monkeypatch):
    settings.KEYS_DIR = tmp_path / "keys"
    settings.LEDGER_ANCHOR_DIR = tmp_path / "anchors"
    monkeypatch.delenv("PROCURE_LEDGER_KEY", raising=False)
    return settings.KEYS_DIR


@pytest.fixture
def nowhere(monkeypatch):
    """No anchor sends anything, so that the log grows by what a test appends alone."""
    monkeypatch.setattr(anchors, "_anchors", {})


@pytest.fixture
def five(append, nowhere):
    for number in range(5):
        append(key=f"PO-{number}")


def make():
    return checkpoints.make(actor=WORKER)


def tamper(sql, params=None):
    with triggers.lifted(connection), connection.cursor() as cursor:
        cursor.execute(sql, params)


def leaves():
    return [bytes.fromhex(each) for each in Entry.objects.order_by("seq").values_list("hash", flat=True)]


# what a checkpoint is


def test_a_checkpoint_says_what_the_log_is_in_a_note_that_its_key_opens(five):
    made = make()
    said = CheckpointText.parse(notes.open_note(made.note, checkpoints.verifier_key()))
    assert said == CheckpointText(ORIGIN, 5, merkle.root_of(leaves()))
    assert (made.size, made.root, made.head_hash) == (5, said.root.hex(), LedgerHead.objects.get().hash)
    assert checkpoints.latest() == made
    assert signing.last_note(ORIGIN) == made.note


def test_the_next_checkpoint_continues_the_last(five, append):
    old = make()
    append(), append()
    new = make()
    proof = tree.consistency("main", old.size, new.size)
    roots = [bytes.fromhex(each.root) for each in (old, new)]
    assert merkle.verify_consistency(5, 7, *roots, proof)


def test_only_new_entries_are_read(five, append, monkeypatch):
    make()
    append()
    read = []
    real = checkpoints._linked
    monkeypatch.setattr(
        checkpoints, "_linked", lambda *args, **more: (read.append(each) or each for each in real(*args, **more))
    )
    make()
    assert len(read) == 1


def test_nothing_new_makes_no_checkpoint(five):
    made = make()
    assert make() is None
    assert list(Checkpoint.objects.all()) == [made]


def test_an_empty_log_makes_no_checkpoint(entity):
    assert make() is None
    assert signing.last_note(ORIGIN) is None


def test_full_tiles_are_kept_when_they_are_covered(entity, append, nowhere, monkeypatch):
    monkeypatch.setattr(merkle, "TILE_LEVELS", 2)
    for _ in range(9):
        append()
    make()
    for _ in range(8):
        append()
    make()
    kept = {(node.level, node.index): bytes.fromhex(node.hash) for node in TreeNode.objects.all()}
    assert sorted(kept) == [(2, 0), (2, 1), (2, 2), (2, 3), (4, 0)]
    assert kept[2, 2] == merkle.root_of(leaves()[8:12])
    assert kept[4, 0] == merkle.root_of(leaves()[:16])


def test_a_second_log_has_a_key_and_checkpoints_of_its_own(five, entity, append):
    entity.log = chain.begin("other", origin="procure.example/other")
    append()
    assert make().size == 5
    made = checkpoints.make("other", actor=WORKER)
    assert notes.open_note(made.note, checkpoints.verifier_key("other")).startswith("procure.example/other\n1\n")
    assert checkpoints.verifier_key("other") != checkpoints.verifier_key("main")


# who and when


def test_auditors_and_administrators_may_ask_for_one(five, ivan, olga, append):
    assert checkpoints.make(actor=Actor.human(ivan)).size == 5
    append()
    assert checkpoints.make(actor=Actor.human(olga)).size == 6


def test_nobody_else_may(five, ben, ada, rita):
    for actor in (*map(Actor.human, (ben, ada, rita)), Actor.agent("sourcing"), Actor.system("outbox")):
        with pytest.raises(NotAllowed):
            checkpoints.make(actor=actor)
    assert not Checkpoint.objects.exists()
    assert signing.last_note(ORIGIN) is None


def test_a_log_that_is_not_there_has_no_checkpoint(db):
    with pytest.raises(NotFound):
        checkpoints.make("nowhere", actor=WORKER)


@pytest.mark.django_db(transaction=True)
def test_what_may_yet_be_rolled_back_is_not_signed(entity, append):
    append()
    with transaction.atomic(), pytest.raises(RuntimeError):
        make()
    assert not Checkpoint.objects.exists()
    assert signing.last_note(ORIGIN) is None


def test_one_is_due_five_minutes_after_the_oldest_entry_without(five, append):
    assert not checkpoints.due()
    clock.shift(timedelta(minutes=4, seconds=50))
    assert not checkpoints.due()
    clock.shift(timedelta(minutes=5, seconds=10))
    assert checkpoints.due()
    assert checkpoints.answer() == 1
    assert not checkpoints.due()
    assert checkpoints.answer() == 0


def test_one_is_due_after_a_thousand_entries(five, append, monkeypatch):
    monkeypatch.setattr(checkpoints, "EVERY", 6)
    assert not checkpoints.due()
    append()
    assert checkpoints.due()


def test_the_entries_of_anchoring_make_no_further_one_due(entity, append, ivan):
    append()
    make()
    assert Effect.objects.filter(sender="anchor-file").exists()
    assert LedgerHead.objects.get().seq > 1
    clock.shift(timedelta(hours=1))
    assert not checkpoints.due()
    append()
    clock.shift(timedelta(hours=2))
    assert checkpoints.due()


def test_the_worker_makes_what_is_due(five):
    clock.shift(timedelta(minutes=6))
    assert "checkpoints" in doorbell.due()
    doorbell.answer()
    assert checkpoints.latest().size == 5


# the key


def test_the_key_is_made_once_for_its_owner_alone_and_said_aloud(five, caplog):
    with caplog.at_level(logging.WARNING):
        key = checkpoints.verifier_key()
    assert key in caplog.text
    assert "PRIVATE" not in caplog.text
    assert checkpoints.verifier_key() == key
    assert stat.S_IMODE(signing.key_path(ORIGIN).stat().st_mode) == 0o600


def test_the_key_of_the_environment_goes_before_the_file(five, monkeypatch):
    given = SigningKey.generate(ORIGIN)
    monkeypatch.setenv("PROCURE_LEDGER_KEY", f"{SigningKey.generate('other').to_text()},{given.to_text()}")
    assert notes.open_note(make().note, given.verifier_key)
    assert not signing.key_path(ORIGIN).exists()


def test_a_key_of_another_name_is_refused(five, monkeypatch):
    monkeypatch.setenv("PROCURE_LEDGER_KEY", SigningKey.generate("other").to_text())
    with pytest.raises(Misconfigured, match="bears the origin"):
        make()
    monkeypatch.delenv("PROCURE_LEDGER_KEY")
    checkpoints.verifier_key()
    signing.key_path(ORIGIN).write_text(SigningKey.generate("other").to_text())
    with pytest.raises(Misconfigured, match="named other"):
        make()
    assert not Checkpoint.objects.exists()


def test_a_lost_key_is_not_replaced_in_silence(five, append):
    make()
    append()
    signing.key_path(ORIGIN).unlink()
    with pytest.raises(Misconfigured, match="missing"):
        make()
    assert [each.id for each in soundness.problems()] == ["ledger.E006"]
    assert checkpoints.latest().size == 5


def test_a_key_that_others_can_read_is_a_problem(five):
    make()
    signing.key_path(ORIGIN).chmod(0o640)
    assert [each.id for each in soundness.problems()] == ["ledger.E005"]


# what is not signed


def the_last_note_of_another_key():
    signing.remember(ORIGIN, notes.sign(CheckpointText(ORIGIN, 5, bytes(32)).text(), SigningKey.generate(ORIGIN)))


def another_tree_of_the_same_size():
    signing.remember(ORIGIN, notes.sign(CheckpointText(ORIGIN, 5, bytes(32)).text(), signing.key(ORIGIN)))


def more_than_there_is():
    signing.remember(ORIGIN, notes.sign(CheckpointText(ORIGIN, 99, bytes(32)).text(), signing.key(ORIGIN)))


def a_size_between_with_another_root():
    signing.remember(ORIGIN, notes.sign(CheckpointText(ORIGIN, 3, bytes(32)).text(), signing.key(ORIGIN)))


FAULTS = [
    ("DELETE FROM ledger_entryobject; DELETE FROM ledger_entry WHERE seq > 4; UPDATE ledger_ledgerhead SET seq = 4, "
     "hash = (SELECT hash FROM ledger_entry WHERE seq = 4)", "tail was cut"),
    (f"UPDATE ledger_entry SET hash = '{'f' * 64}' WHERE seq = 5", "not the one that was signed"),
    (f"UPDATE ledger_checkpoint SET head_hash = '{'f' * 64}'", "not the one that was signed"),
    (f"UPDATE ledger_checkpoint SET range = '[\"{'f' * 64}\", \"{'f' * 64}\"]'", "does not give its root"),
    ("UPDATE ledger_checkpoint SET range = '[]'", "does not give its root"),
    (f"UPDATE ledger_checkpoint SET root = '{'f' * 64}'", "differs from its own note"),
    ("UPDATE ledger_checkpoint SET size = 4", "differs from its own note"),
    ("UPDATE ledger_checkpoint SET note = replace(note, 'procure', 'pr0cure')", "cannot be trusted"),
    (the_last_note_of_another_key, "cannot be trusted"),
    (another_tree_of_the_same_size, "not the one that was signed here"),
    (more_than_there_is, "tail was cut"),
]  # fmt: skip


@pytest.mark.parametrize(("how", "says"), FAULTS)
def test_nothing_is_signed_that_does_not_continue_what_was_signed(five, append, caplog, how, says):
    make()
    append()
    if callable(how):
        how()
    else:
        for sql in how.split("; "):
            tamper(sql)
    before = list(Checkpoint.objects.values()), signing.last_note(ORIGIN)
    with pytest.raises(CannotSign, match=says):
        make()
    assert (list(Checkpoint.objects.values()), signing.last_note(ORIGIN)) == before
    assert says in caplog.text
    assert "ledger.E006" in [each.id for each in soundness.problems()]
    assert any(says in each.message for each in soundness.problems())


NEW_FAULTS = [
    (f"UPDATE ledger_entry SET hash = '{'f' * 64}' WHERE seq = 6", "bytes of entry 6"),
    (f"UPDATE ledger_entry SET prev = '{'f' * 64}' WHERE seq = 7", "entry 7|Entry 7"),
    ("DELETE FROM ledger_entryobject; DELETE FROM ledger_entry WHERE seq = 6", "Entry 6 is missing"),
    ("UPDATE ledger_ledgerhead SET seq = 8", "Entry 8 is missing"),
    (f"UPDATE ledger_ledgerhead SET hash = '{'f' * 64}'", "the head keeps"),
    ("UPDATE ledger_entry SET bytes = (SELECT bytes FROM ledger_entry WHERE seq = 5) WHERE seq = 6", "Entry 6"),
]


@pytest.mark.parametrize(("sql", "says"), NEW_FAULTS)
def test_new_entries_that_do_not_follow_each_other_are_not_signed(five, append, sql, says):
    old = make()
    append(), append()
    for each in sql.split("; "):
        tamper(each)
    with pytest.raises(CannotSign, match=says):
        make()
    assert list(Checkpoint.objects.all()) == [old]
    assert signing.last_note(ORIGIN) == old.note


def test_a_note_of_a_size_between_that_the_entries_do_not_give_is_refused(five):
    make()
    a_size_between_with_another_root()
    with pytest.raises(CannotSign, match="do not give the root"):
        make()


def test_a_refused_log_is_left_alone_for_a_while(five, append, caplog):
    make()
    more_than_there_is()
    append()
    clock.shift(timedelta(minutes=6))
    assert checkpoints.due()
    assert checkpoints.answer() == 0
    assert not checkpoints.due()
    assert caplog.text.count("tail was cut") == 1


def test_a_sound_ledger_stays_sound(five, append):
    assert soundness.problems() == []
    make()
    append()
    assert soundness.problems() == []


# crashes and rivals


class Killed(BaseException):
    pass


def die(*args, **more):
    raise Killed


@pytest.mark.parametrize("point", ["before the note", "after the note", "after the row"])
def test_a_crash_at_any_point_leaves_one_tree_of_each_size(five, append, monkeypatch, point):
    make()
    append()
    with monkeypatch.context() as patch:
        if point == "before the note":
            patch.setattr(signing, "remember", die)
        elif point == "after the note":
            patch.setattr(checkpoints, "_store", die)
        else:
            real = checkpoints._store
            patch.setattr(checkpoints, "_store", lambda *args: (real(*args), die()))
        with pytest.raises(Killed):
            make()
    noted = signing.last_note(ORIGIN)
    append()
    made = make()
    stored = dict(Checkpoint.objects.values_list("size", "note"))
    assert made.size == 7
    assert sorted(stored) == ([5, 7] if point == "before the note" else [5, 6, 7])
    assert noted in stored.values()
    assert soundness.problems() == []


def test_after_a_crash_the_same_size_gets_the_row_that_was_signed(five, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "_store", die)
        with pytest.raises(Killed):
            make()
    assert make().note == signing.last_note(ORIGIN)
    assert make() is None


def test_after_a_crash_a_log_that_was_changed_meanwhile_is_not_signed(five, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "_store", die)
        with pytest.raises(Killed):
            make()
    with triggers.lifted(connection), connection.cursor() as cursor:
        cursor.execute("DELETE FROM ledger_entryobject")
        cursor.execute("DELETE FROM ledger_entry WHERE seq = 5")
        cursor.execute("UPDATE ledger_ledgerhead SET seq = 4, hash = (SELECT hash FROM ledger_entry WHERE seq = 4)")
    with pytest.raises(CannotSign, match="tail was cut"):
        make()
    assert not Checkpoint.objects.exists()


def test_of_two_workers_at_once_the_second_finds_nothing_due(append, monkeypatch, entity):
    """The rival is done just before ours gets the lock."""
    real, theirs = signing.held, []

    def held(origin):
        monkeypatch.setattr(signing, "held", real)
        theirs.append(checkpoints.answer())
        return real(origin)

    append()  # its anchors make entries of their own, so there is something to sign again
    clock.shift(timedelta(minutes=6))
    monkeypatch.setattr(signing, "held", held)
    assert (checkpoints.answer(), theirs) == (0, [1])
    assert Checkpoint.objects.count() == 1


def test_two_signers_of_one_log_wait_for_each_other(keys):
    with signing.held(ORIGIN), (keys / "checkpoints" / "procure.example%2Fhq.lock").open() as same:
        with pytest.raises(BlockingIOError):
            fcntl.flock(same, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with signing.held("procure.example/other"):
            pass
    with (keys / "checkpoints" / "procure.example%2Fhq.lock").open() as same:
        fcntl.flock(same, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.fixture
def other_host(tmp_path, settings, monkeypatch):
    """Runs something on another host: the same database and key, notes of its own."""
    monkeypatch.setenv("PROCURE_LEDGER_KEY", SigningKey.generate(ORIGIN).to_text())

    def run(act):
        here = settings.KEYS_DIR
        settings.KEYS_DIR = tmp_path / "elsewhere"
        try:
            return act()
        finally:
            settings.KEYS_DIR = here

    return run


def test_two_hosts_at_once_make_one_checkpoint(five, other_host, monkeypatch):
    theirs, real = [], signing.remember

    def remember(origin, note):
        monkeypatch.setattr(signing, "remember", real)
        theirs.append(other_host(make))
        real(origin, note)

    monkeypatch.setattr(signing, "remember", remember)
    assert make() == theirs[0]
    assert Checkpoint.objects.count() == 1


def test_a_host_that_was_overtaken_at_another_size_goes_on(five, append, other_host, monkeypatch):
    monkeypatch.setattr(merkle, "TILE_LEVELS", 2)
    real = signing.remember

    def remember(origin, note):
        monkeypatch.setattr(signing, "remember", real)
        append()
        other_host(make)
        real(origin, note)

    monkeypatch.setattr(signing, "remember", remember)
    make()
    assert list(Checkpoint.objects.values_list("size", flat=True)) == [5, 6]
    append()
    assert (make().size, other_host(make)) == (7, None)
    assert soundness.problems() == []


def test_a_host_without_a_note_goes_by_what_the_key_has_signed(five, append, keys):
    make()
    signing.note_path(ORIGIN).unlink()
    append()
    assert make().size == 6


# what the database refuses


@pytest.mark.parametrize(
    "sql",
    [
        f"UPDATE {table} SET {change}"
        for table, change in (
            ("ledger_checkpoint", "size = 9"),
            ("ledger_checkpoint", "note = note"),
            ("ledger_treenode", "hash = 'ff'"),
            ("ledger_anchoring", "reference = 'x'"),
        )
    ]
    + [f"DELETE FROM {table}" for table in ("ledger_checkpoint", "ledger_treenode", "ledger_anchoring")],
)
def test_the_database_refuses(entity, append, nowhere, monkeypatch, sql):
    assert refused(append, monkeypatch, sql)


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="a way that only SQLite has")
@pytest.mark.parametrize("pragma", ["ON", "OFF"])
@pytest.mark.parametrize(
    "sql",
    [
        "REPLACE INTO ledger_checkpoint SELECT * FROM ledger_checkpoint",
        "INSERT OR REPLACE INTO ledger_checkpoint (log_id, size, root, note, head_hash, range, signed_at)"
        " SELECT log_id, size, 'ff', note, head_hash, range, signed_at FROM ledger_checkpoint",
        "REPLACE INTO ledger_treenode (log_id, level, \"index\", hash) VALUES ('main', 2, 0, 'ff')",
        "REPLACE INTO ledger_anchoring (checkpoint_id, anchor, reference, confirmed_at)"
        " SELECT checkpoint_id, anchor, reference, '2020-01-01' FROM ledger_anchoring",
        "UPDATE OR REPLACE ledger_checkpoint SET id = 99",
    ],
)
def test_sqlite_refuses_to_replace(entity, append, nowhere, monkeypatch, sql, pragma):
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA recursive_triggers = {pragma}")
    try:
        assert refused(append, monkeypatch, sql)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA recursive_triggers = ON")


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="a way that only PostgreSQL has")
@pytest.mark.parametrize("table", ["ledger_checkpoint", "ledger_treenode", "ledger_anchoring"])
def test_postgresql_refuses_to_truncate(entity, append, nowhere, monkeypatch, table):
    assert refused(append, monkeypatch, f"TRUNCATE {table} CASCADE")


def refused(append, monkeypatch, sql):
    monkeypatch.setattr(merkle, "TILE_LEVELS", 2)
    for _ in range(4):
        append()
    monkeypatch.setitem(anchors._anchors, "test", "")
    anchors.confirm(make(), anchor="test", reference="here")
    before = [list(model.objects.values()) for model in (Checkpoint, TreeNode, Anchoring)]
    assert all(before)
    connection.check_constraints()  # PostgreSQL truncates nothing that has checks pending
    with (
        owner.acting(connection),
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)
    return before == [list(model.objects.values()) for model in (Checkpoint, TreeNode, Anchoring)]


def test_a_missing_trigger_of_a_checkpoint_is_a_problem(five):
    with owner.acting(connection), connection.cursor() as cursor:
        suffix = " ON ledger_checkpoint" if connection.vendor == "postgresql" else ""
        name = "ledger_checkpoint_frozen" if connection.vendor == "postgresql" else "ledger_checkpoint_no_update"
        cursor.execute(f"DROP TRIGGER {name}{suffix}")
    assert [each.id for each in soundness.problems()] == ["ledger.E002"]
    with owner.acting(connection):
        triggers.restore(connection)
    assert soundness.problems() == []
