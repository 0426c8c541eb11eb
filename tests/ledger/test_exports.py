"""What leaves the house for a check elsewhere, checked by the stand-alone verifier."""

import io
import json
from types import SimpleNamespace

import pytest
import rfc8785
from django.db import connection

from ledger import anchors, checkpoints, exports, triggers, verifier
from ledger.actors import Actor
from ledger.checkpoints import WORKER
from ledger.errors import InvalidInput, NotAllowed, NotFound
from ledger.models import Checkpoint, Entry, LedgerHead


@pytest.fixture(autouse=True)
def _keys_and_anchors_of_its_own(tmp_path, settings, monkeypatch):
    settings.KEYS_DIR = tmp_path / "keys"
    monkeypatch.delenv("PROCURE_LEDGER_KEY", raising=False)
    monkeypatch.setattr(anchors, "_anchors", {})


@pytest.fixture
def auditor(ivan):
    return Actor.human(ivan)


@pytest.fixture
def log(append):
    """Twelve entries; checkpoints of 4, 8 and 10."""
    for number in range(1, 13):
        append(key=f"PO-{number % 3}", data={"status": "issued", "total": f"{number}.50", "note": "é😀"})
        if number in (4, 8, 10):
            checkpoints.make(actor=WORKER)


def written(actor, **more) -> bytes:
    stream = io.BytesIO()
    exports.write("main", stream, actor=actor, **more)
    return stream.getvalue()


def check(content, *notes, subject=None):
    key = verifier.Key.parse(checkpoints.verifier_key())
    if isinstance(content, str):
        content = content.encode()
    anchored = [verifier.open_checkpoint(each, key) for each in notes]
    return verifier.check(io.BytesIO(content), key, anchored, subject)


def notes():
    return list(Checkpoint.objects.values_list("note", flat=True))


def test_an_export_of_the_whole_log_verifies(log, auditor):
    answer = check(written(auditor), *notes())
    assert (answer.valid, answer.valid_up_to, answer.covered, answer.uncovered) == (True, 12, 10, 2)


def test_entries_are_written_byte_for_byte(log, auditor):
    lines = written(auditor).split(b"\n")
    assert lines[1:13] == [bytes(each) for each in Entry.objects.order_by("seq").values_list("bytes", flat=True)]


@pytest.mark.parametrize(
    ("first", "last"), [(1, 1), (1, 4), (1, 9), (2, 3), (4, 7), (5, 8), (8, 8), (9, 9), (9, 12), (6, 11)]
)
def test_an_export_of_a_range_is_tied_to_every_checkpoint_after_it(log, auditor, first, last):
    answer = check(written(auditor, first=first, last=last), *notes())
    assert (answer.valid, answer.valid_up_to) == (True, last)
    assert (answer.covered, answer.uncovered) == (10, max(0, last - 10))


def test_chunks_change_nothing(log, auditor, monkeypatch):
    whole = written(auditor)
    monkeypatch.setattr(exports, "CHUNK", 5)
    assert written(auditor) == whole


def test_an_empty_log_is_exported_too(entity, auditor):
    assert check(written(auditor)).valid


def test_a_log_without_checkpoints_is_not_covered(append, auditor):
    append()
    answer = check(written(auditor))
    assert (answer.valid, answer.first_bad) == (False, None)
    assert "not covered" in answer.reason


@pytest.mark.parametrize(("first", "last"), [(0, 3), (5, 3), (1, 13), (14, 14), (-1, None)])
def test_a_range_that_there_is_not_is_refused(log, auditor, first, last):
    with pytest.raises(InvalidInput, match="1 to 12"):
        written(auditor, first=first, last=last)


def test_the_history_of_an_object_can_be_told_from_an_export(log, auditor):
    answer = check(written(auditor), subject=("order", "PO-1"))
    assert [each["seq"] for each in answer.history] == [1, 4, 7, 10]
    assert answer.as_json()["object"]["status"] == "issued"


def test_what_is_appended_or_signed_while_it_is_written_is_left_out(log, append, auditor):
    class Appending(io.BytesIO):
        """Between the head and the entries somebody goes on working."""

        def write(self, content):
            if not self.tell():
                append()
                checkpoints.make(actor=WORKER)
            return super().write(content)

    stream = Appending()
    assert exports.write("main", stream, actor=auditor) == exports.Export(1, 12, 12)
    answer = check(stream.getvalue())
    assert (answer.valid, answer.valid_up_to, answer.covered) == (True, 12, 10)
    assert LedgerHead.objects.get().seq == 13


def test_the_number_of_queries_and_the_memory_do_not_grow_with_the_log(
    log, auditor, monkeypatch, django_assert_max_num_queries
):
    monkeypatch.setattr(exports, "CHUNK", 4)
    with django_assert_max_num_queries(9):
        written(auditor)


@pytest.mark.parametrize("seq", [1, 4, 5, 10])
def test_the_proof_of_one_entry_verifies(log, auditor, seq):
    answer = check(exports.proof_of("main", seq, actor=auditor))
    assert (answer.valid, answer.first, answer.covered) == (True, seq, 10)


def test_what_no_checkpoint_covers_has_no_proof_yet(log, auditor):
    with pytest.raises(NotFound, match="entry 11"):
        exports.proof_of("main", 11, actor=auditor)
    with pytest.raises(NotFound, match="no entry 13"):
        exports.proof_of("main", 13, actor=auditor)


@pytest.mark.parametrize(("old", "new"), [(4, 8), (4, 10), (8, 10), (8, 8)])
def test_the_proof_between_two_checkpoints_verifies(log, auditor, old, new):
    answer = check(exports.consistency_of("main", old, new, actor=auditor))
    assert (answer.valid, answer.covered) == (True, new)


def test_there_is_no_proof_between_sizes_that_were_not_signed(log, auditor):
    with pytest.raises(NotFound, match="5"):
        exports.consistency_of("main", 5, 10, actor=auditor)


@pytest.mark.parametrize("who", ["rita", "ben", "ada"])
def test_only_auditor_and_administrator_may_have_it(log, request, who):
    actor, stream = Actor.human(request.getfixturevalue(who)), io.BytesIO()
    for act in (
        lambda: exports.write("main", stream, actor=actor, personal=True),
        lambda: exports.proof_of("main", 1, actor=actor),
        lambda: exports.consistency_of("main", 4, 8, actor=actor),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert stream.getvalue() == b""
    assert LedgerHead.objects.get().seq == 12


def test_the_administrator_may_have_it(log, olga):
    assert check(written(Actor.human(olga))).valid


@pytest.mark.parametrize("act", [lambda actor: exports.proof_of("other", 1, actor=actor),
                                 lambda actor: exports.consistency_of("other", 1, 1, actor=actor),
                                 lambda actor: exports.write("other", io.BytesIO(), actor=actor)])  # fmt: skip
def test_a_log_that_there_is_not_is_refused(log, auditor, act):
    with pytest.raises(NotFound):
        act(auditor)


def test_reading_leaves_no_entry(log, auditor):
    written(auditor)
    exports.proof_of("main", 1, actor=auditor)
    assert LedgerHead.objects.get().seq == 12


# Personal values

SALT = "5a" * 32


def disclosures(log, first, last):
    """Stands in for the table of personal values: of entry 13, in no order."""
    told = [("mail", "ada@hq.example"), ("actor_name", "Ada é😀")]
    return [SimpleNamespace(seq=13, path=path, salt=SALT, value=value) for path, value in told if first <= 13 <= last]


def commitment(value):
    return verifier.hashlib.sha256(
        b"procure-commitment-v1\x00" + bytes.fromhex(SALT) + rfc8785.dumps(value)
    ).hexdigest()


@pytest.fixture
def committed(log, append, monkeypatch):
    values = {"actor_name": "Ada é😀", "mail": "ada@hq.example", "phone": "1"}
    append(commitments={name: commitment(value) for name, value in values.items()})
    checkpoints.make(actor=WORKER)
    monkeypatch.setattr(exports, "DISCLOSURES", f"{__name__}.disclosures")


def test_a_personal_export_tells_what_is_not_erased_and_is_recorded(committed, auditor):
    answer = check(written(auditor, first=11, personal=True))
    assert (answer.valid, answer.disclosed, answer.redacted) == (True, 2, [(13, "phone")])
    entry = Entry.objects.get(seq=14)
    record = json.loads(bytes(entry.bytes))
    assert (entry.kind, record["actor"]) == ("ledger.exported", auditor.as_json())
    assert record["data"] == {"first": 11, "last": 13, "personal": True}


def test_another_export_tells_no_personal_value(committed, auditor):
    content = written(auditor)
    assert b"ada@" not in content
    answer = check(content)
    assert (answer.valid, answer.redacted_count) == (True, 3)


# A log that is not what it was


def test_rows_are_written_as_they_stand(log, auditor):
    with triggers.lifted(connection), connection.cursor() as cursor:
        cursor.execute("DELETE FROM ledger_entryobject WHERE entry_id = (SELECT id FROM ledger_entry WHERE seq = 6)")
        cursor.execute("DELETE FROM ledger_entry WHERE seq = 6")
    answer = check(written(auditor))
    assert (answer.valid, answer.first_bad) == (False, 6)


def test_checkpoints_beyond_a_head_that_was_moved_back_are_written(log, auditor):
    with triggers.lifted(connection), connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_ledgerhead SET seq = 9, hash = (SELECT hash FROM ledger_entry WHERE seq = 9)")
    answer = check(written(auditor))
    assert (answer.valid, answer.first_bad, answer.between) == (False, 10, (8, 10))
