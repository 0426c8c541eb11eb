"""Where checkpoints are left, what each place is sent, and what is said of it."""

import threading
from datetime import timedelta

import pytest
from django.core import mail

from ledger import anchors, checkpoints, clock, dispatch, file_anchor, files, mail_anchor, notes, switches
from ledger.actors import Actor
from ledger.checkpoints import WORKER
from ledger.errors import InvalidInput
from ledger.models import Anchoring, Checkpoint, Effect, Entry, LedgerHead, Person
from tests.cast import make_person

ORIGIN = "procure.example/hq"


@pytest.fixture(autouse=True)
def folder(tmp_path, settings):
    settings.KEYS_DIR = tmp_path / "keys"
    settings.LEDGER_ANCHOR_DIR = tmp_path / "anchors"
    settings.LEDGER_AUDITOR_MAIL = []
    return settings.LEDGER_ANCHOR_DIR


def make(append, count=1):
    for _ in range(count):
        append()
    return checkpoints.make(actor=WORKER)


def effects(sender):
    return Effect.objects.filter(sender=sender).order_by("pk")


def carry(effect):
    dispatch.carry(effect)
    effect.refresh_from_db()
    return effect


# the file


def test_each_checkpoint_becomes_a_file_and_the_latest_is_pointed_to(append, folder):
    first = make(append)
    assert carry(effects("anchor-file").get()).status == "confirmed"
    second = make(append)
    carry(effects("anchor-file").last())
    stem = "procure.example_hq"
    assert {path.name: path.read_text() for path in folder.iterdir()} == {
        f"{stem}-1.note": first.note,
        f"{stem}-{second.size}.note": second.note,
        f"{stem}-latest.note": second.note,
    }
    assert list(Anchoring.objects.values_list("checkpoint", "anchor", "reference")) == [
        (first.pk, "file", f"{stem}-1.note"),
        (second.pk, "file", f"{stem}-{second.size}.note"),
    ]


def test_a_late_file_does_not_turn_the_latest_back(append, folder):
    make(append)
    late = effects("anchor-file").get()
    newer = make(append)
    carry(effects("anchor-file").last())
    carry(late)
    assert (folder / "procure.example_hq-latest.note").read_text() == newer.note
    assert Anchoring.objects.count() == 2


def test_a_file_with_another_note_is_never_written_over(append, folder):
    made = make(append)
    path = file_anchor.path_of(ORIGIN, made.size)
    files.publish(path, "somebody else's", replace=False)
    effect = carry(effects("anchor-file").get())
    assert (effect.status, path.read_text()) == ("refused", "somebody else's")
    assert "another note" in effect.last_error
    assert not Anchoring.objects.exists()


def test_the_same_file_again_is_confirmed(append, folder):
    made = make(append)
    files.publish(file_anchor.path_of(ORIGIN, made.size), made.note, replace=False)
    assert carry(effects("anchor-file").get()).status == "confirmed"
    assert Anchoring.objects.get().anchor == "file"


def test_a_folder_that_cannot_be_written_is_tried_again(append, folder):
    folder.parent.mkdir(exist_ok=True)
    folder.write_text("not a folder")
    make(append)
    effect = carry(effects("anchor-file").get())
    assert (effect.status, effect.attempts) == ("waiting", 1)
    folder.unlink()
    clock.shift(timedelta(minutes=1))
    assert carry(effect).status == "confirmed"


def test_of_two_first_writers_of_a_file_one_wins(tmp_path):
    gate, path, won = threading.Barrier(4), tmp_path / "a" / "file", []

    def write(text):
        gate.wait(10)
        won.append((files.publish(path, text, replace=False), text))

    writers = [threading.Thread(target=write, args=(str(number),)) for number in range(4)]
    [each.start() for each in writers]
    [each.join(10) for each in writers]
    assert [text for first, text in won if first] == [path.read_text()]
    assert [each.name for each in path.parent.iterdir()] == ["file"]


# the mail


def test_auditors_get_one_mail_a_day(append, ivan):
    first = make(append)
    carry(effects("anchor-mail").get())
    [sent] = mail.outbox
    assert (sent.bcc, sent.to) == (["ivan@hq.example"], [])
    assert first.note in sent.body
    assert notes.open_note(first.note, checkpoints.verifier_key())
    make(append)
    assert effects("anchor-mail").count() == 1
    clock.shift(timedelta(days=1))
    make(append)
    assert effects("anchor-mail").count() == 2
    assert Anchoring.objects.filter(anchor="mail").get().checkpoint == first


def test_the_addresses_stand_in_no_table_of_ours(append, ivan, settings):
    settings.LEDGER_AUDITOR_MAIL = ["books@auditor.example"]
    make(append)
    effect = carry(effects("anchor-mail").get())
    assert mail.outbox[0].bcc == ["books@auditor.example"]
    kept = repr(list(Effect.objects.values())) + repr([bytes(each.bytes) for each in Entry.objects.all()])
    kept += repr(list(Anchoring.objects.values())) + repr(list(effect.tries.values()))
    assert "@" in Anchoring.objects.get().reference
    assert "auditor.example" not in kept
    assert "hq.example" not in kept.replace("procure.example/hq", "")


def test_without_anybody_to_get_it_there_is_no_mail(append, entity, ivan):
    Person.objects.update(email="")
    make_person("iris", entity=entity)
    make(append)
    assert not effects("anchor-mail").exists()


def test_an_auditor_who_left_gets_no_mail(append, ivan):
    Person.objects.filter(pk=ivan.pk).update(is_active=False)
    make(append)
    assert mail_anchor.receivers() == []
    assert not effects("anchor-mail").exists()


def test_a_mail_of_which_nobody_can_tell_whether_it_left_waits_for_a_person(append, ivan, monkeypatch):
    make(append)

    def fail(*args, **more):
        raise TimeoutError("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(mail_anchor, "_message", fail)
        carry(effects("anchor-mail").get())
    clock.shift(timedelta(minutes=1))
    assert carry(effects("anchor-mail").get()).status == "unknown"
    assert mail.outbox == []
    assert not Anchoring.objects.exists()


# switches


@pytest.mark.parametrize(
    ("scope", "sender"),
    [("sender:anchor-file", "anchor-file"), ("sender:anchor-mail", "anchor-mail"), ("all", "anchor-file"),
     ("all", "anchor-mail"), ("sender:mail", "anchor-mail")],
)  # fmt: skip
def test_a_stop_switch_is_respected(append, entity, ivan, olga, folder, scope, sender):
    make(append)
    switches.turn(scope, stop=True, actor=Actor.human(olga), entity=entity)
    effect = carry(effects(sender).get())
    assert effect.status == "waiting"
    assert mail.outbox == []
    assert not folder.exists()
    switches.turn(scope, stop=False, actor=Actor.human(olga), entity=entity)
    clock.shift(timedelta(hours=2))
    assert carry(effect).status == "confirmed"


# what is said of it


def test_a_confirmation_is_kept_once(append, monkeypatch):
    made = make(append)
    one = anchors.confirm(made, anchor="erp", reference="4711")
    assert anchors.confirm(made, anchor="erp", reference="4711") == one
    assert anchors.confirm(made, anchor="erp", reference="4712") != one
    assert Anchoring.objects.count() == 2


def test_an_unknown_anchor_confirms_nothing(append):
    with pytest.raises(InvalidInput, match="no anchor"):
        anchors.confirm(make(append), anchor="moon", reference="x")
    assert not Anchoring.objects.exists()


def test_a_line_leads_back_to_its_checkpoint(append):
    assert anchors.line() == ""
    made = make(append)
    assert anchors.line().startswith(f"Ledger {ORIGIN} size 1 root ")
    assert anchors.of_line(anchors.line()) == made
    assert anchors.of_line(f"Urgent. {anchors.line()}; call first") == made
    make(append)
    assert anchors.of_line(anchors.line_of(made)) == made


@pytest.mark.parametrize(
    "change",
    [
        lambda line: "",
        lambda line: line.replace("size 1", "size 2"),
        lambda line: line.replace("procure", "pr0cure"),
        lambda line: line[:-6] + "AAAAA=",
        lambda line: line.replace("Ledger", "Book"),
        lambda line: line.replace("size 1", "size " + "9" * 30),
        lambda line: line.replace("size 1", "size " + "9" * 19),
    ],
)
def test_another_line_leads_nowhere(append, change):
    make(append)
    assert anchors.of_line(change(anchors.line())) is None


def test_the_state_is_that_of_the_newest_checkpoint_that_some_anchor_has(append):
    assert anchors.state() == anchors.AnchorState(0, "", None, None, 0, overdue=False)
    made = make(append, 3)
    assert (anchors.state().size, anchors.state().uncovered) == (0, LedgerHead.objects.get().seq)
    carry(effects("anchor-file").get())
    state = anchors.state()
    assert (state.size, state.root, state.time) == (3, made.root, made.signed_at)
    assert timedelta(0) <= state.age < timedelta(minutes=1)
    assert state.uncovered == LedgerHead.objects.get().seq - 3
    make(append)
    assert anchors.state().size == 3


def test_it_is_overdue_only_when_something_happened_that_no_anchor_has(append, entity):
    clock.shift(timedelta(0))
    assert not anchors.state().overdue
    append()
    assert not anchors.state().overdue
    clock.shift(timedelta(minutes=16))
    assert anchors.state().overdue
    clock.shift(timedelta(0))
    checkpoints.make(actor=WORKER)
    carry(effects("anchor-file").get())
    clock.shift(timedelta(minutes=16))
    assert LedgerHead.objects.get().seq > Checkpoint.objects.get().size
    assert not anchors.state().overdue
    append()
    assert anchors.state().overdue


def test_a_log_that_is_not_there_has_nothing_to_say(db):
    assert anchors.state("nowhere").uncovered == 0
    assert anchors.line("nowhere") == ""
