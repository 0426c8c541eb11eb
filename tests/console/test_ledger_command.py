"""`manage.py ledger`: each verb does its work, answers in JSON when asked, and fails with what to do about it."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from ledger import checkpoints, switches, verifier
from ledger.actors import Actor
from ledger.models import Checkpoint, Entry, Person, PersonalValue
from procure.models import Order
from tests.console.conftest import Story


def ledger(*arguments: str) -> str:
    out = StringIO()
    call_command("ledger", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def answer(*arguments: str) -> Any:
    return json.loads(ledger(*arguments, "--json"))


def test_a_checkpoint_is_signed_once_and_then_told_again(story: Story):
    switches.turn("role:risk", stop=True, actor=Actor.human(story.cast["ben"]), entity=story.entity, reason="A drill.")
    first, again = answer("checkpoint"), answer("checkpoint")
    assert (first["signed"], again["signed"]) == (True, False)
    assert first["note"] == again["note"] == Checkpoint.objects.get(size=first["size"]).note
    assert answer("key")["key"] == ledger("key").strip() == checkpoints.verifier_key()


def test_what_is_exported_and_proved_satisfies_the_stand_alone_verifier(story: Story, tmp_path):
    size, key = answer("checkpoint")["size"], ledger("key").strip()
    for name, arguments in {
        "all": ("export", "--output"),
        "part": ("export", "--from", "5", "--to", "20", "--output"),
        "proof": ("prove", "7", "--output"),
        "between": ("consistency", str(size), str(size), "--output"),
    }.items():
        ledger(*arguments, str(tmp_path / name))
        assert verifier.main([str(tmp_path / name), "--key", key, "--quiet"]) == 0, name
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all", "between", "part", "proof"]


def test_a_file_that_cannot_be_written_is_said(story: Story, tmp_path):
    answer("checkpoint")
    with pytest.raises(CommandError, match="cannot be written"):
        ledger("export", "--output", str(tmp_path / "nowhere" / "file"))


def differences() -> list[tuple[str, str, str]]:
    """Without budgets and vendors: the cast's were put in place without an entry."""
    out = StringIO()
    with pytest.raises(CommandError, match="differ from what the ledger says"):
        call_command("ledger", "replay", "--json", stdout=out, stderr=StringIO())
    told = json.loads(out.getvalue())
    assert told["entries"] == Entry.objects.count()
    found = [(each["kind"], each["key"], each["field"]) for each in told["differences"]]
    return [each for each in found if each[0] not in ("budget", "vendor")]


def test_state_is_replayed_and_a_changed_row_is_named(story: Story):
    assert differences() == []
    story.requisition.status = "closed"
    story.requisition.save(update_fields=["status"])
    assert differences() == [("requisition", story.requisition.reference, "status")]


def test_the_state_as_of_an_entry_and_of_an_instant(story: Story):
    order = Order.objects.get()
    issued = Entry.objects.get(kind="order.issued")
    state = answer("replay", "--until", str(issued.seq), "--object", f"order:{order.reference}")
    assert (state["entry"], state["state"]["status"]) == (issued.seq, "issued")
    then = (issued.time - timedelta(microseconds=1)).isoformat()
    with pytest.raises(CommandError, match=r"knows no order:.* then"):
        ledger("replay", "--until", then, "--object", f"order:{order.reference}")
    assert order.reference not in answer("replay", "--until", then).get("order", {})


def test_a_decision_is_judged_again_by_number_by_reference_and_by_another_policy(story: Story, tmp_path):
    told = answer("rejudge", story.award.reference)
    assert told["same"] is True
    assert told["proposal"] == story.award.reference
    assert answer("rejudge", str(told["seq"]))["seq"] == told["seq"]
    draft = json.loads(json.dumps(told))  # a file that is no policy
    (tmp_path / "draft.json").write_text(json.dumps(draft))
    with pytest.raises(CommandError):
        ledger("rejudge", story.award.reference, "--policy", str(tmp_path / "draft.json"))
    with pytest.raises(CommandError, match="no policy version 99"):
        ledger("rejudge", story.award.reference, "--policy", "99")


def test_a_draft_that_judges_otherwise_is_told_as_a_difference_and_exits_with_1(story: Story, tmp_path):
    from approvals.rulebook import shipped

    draft = shipped()
    for rule in draft["rules"]:
        if rule["key"] == "order-value":
            rule["when"] = ["amount >= 1000000.0"]
    (tmp_path / "draft.json").write_text(json.dumps(draft))
    out = StringIO()
    with pytest.raises(CommandError, match="comes out differently"):
        call_command(
            "ledger", "rejudge", story.award.reference, "--policy", str(tmp_path / "draft.json"), "--json", stdout=out
        )
    told = json.loads(out.getvalue())
    assert told["same"] is False
    assert "order-value" in {each["name"] for each in told["differences"] if each["what"] == "fired"}


def test_erasing_waits_for_a_second_person_and_is_done_when_one_approves(story: Story):
    rita = story.cast["rita"]
    subject = f"person:{rita.pk}"
    with pytest.raises(CommandError, match=r"Not erased yet.*waits for one of: .*ada"):
        ledger("erase", subject, "--by", "olga")
    assert PersonalValue.objects.filter(subject=subject).exists()
    told = answer("erase", subject, "--by", "olga", "--approved-by", "ada")
    # On PostgreSQL, and inside this test's transaction, it cannot be done yet, and the command says so.
    assert (told["erased"], told["scrubbed"]) == (True, False)
    assert not PersonalValue.objects.filter(subject=subject).exists()
    assert Person.objects.get(pk=rita.pk).first_name == ""
    assert differences() == []
    assert answer("verify")["valid"] is True


def test_nobody_erases_alone(story: Story):
    with pytest.raises(CommandError):
        ledger("erase", f"person:{story.cast['rita'].pk}", "--by", "ada", "--approved-by", "ada")
    assert Person.objects.get(pk=story.cast["rita"].pk).first_name == "Rita"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("erase", "person:999999", "--by", "olga"), "Nothing is kept|no such|There is"),
        (("erase", "rita", "--by", "olga"), "person:"),
        (("prove", "999999"), "no entry|There"),
        (("checkpoint", "--log", "other"), "other"),
        (("rejudge", "2"), "judges nothing"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_reason(story: Story, arguments, said):
    entries = Entry.objects.count()
    with pytest.raises(CommandError, match=said):
        ledger(*arguments)
    assert Entry.objects.count() == entries
