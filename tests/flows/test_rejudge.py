"""The whole story with its undo, judged again from the ledger after rows were altered past every trigger.

What was forged is in the tables only, so nothing of it shows: a judgement is made again from entries alone.
"""

import pytest

from agents.reexamining import reexamine
from approvals.models import Judgement, PolicyVersion, Proposal, ProposalRevision
from approvals.rejudging import rejudge, rejudge_all
from ledger.models import Entry, LegalEntity
from procure.demo import intake_to_order
from tests.forging import alter

pytestmark = pytest.mark.usefixtures("demo")


def judged() -> list[int]:
    return list(Entry.objects.filter(kind="proposal.judged").order_by("seq").values_list("seq", flat=True))


def forge_rows() -> None:
    alter("approvals_judgement", "verdict = 'pass', facts = '{}', fired = '[]', levels = '[]'")
    alter("approvals_policyversion", "document = '{}', digest = %s", ["0" * 64])
    alter("approvals_proposal", "commands = '[]', fingerprint = %s", ["0" * 64])
    alter("approvals_proposalrevision", "commands = '[]'")


def test_every_judgement_of_the_story_comes_out_as_it_was_whatever_its_rows_say_now():
    told = intake_to_order.play(
        erp="sandbox", words=None, prices={}, inline=True, patience=30, undo=True, say=lambda text: None
    )
    entity = LegalEntity.objects.get()
    before = {seq: rejudge(entity, seq).as_json() for seq in judged()}
    assert len(before) >= 8
    assert {each["stage"] for each in before.values()} == {"propose", "execute"}
    assert {each["recorded"]["verdict"] for each in before.values()} == {"pass", "ask"}
    assert [each["sentences"] for each in before.values() if not each["same"]] == []
    forge_rows()
    assert {row.verdict for row in Judgement.objects.all()} == {"pass"}
    assert not any(row.document for row in PolicyVersion.objects.all())
    assert not any(row.commands for row in (*Proposal.objects.all(), *ProposalRevision.objects.all()))
    assert {seq: rejudge(entity, seq).as_json() for seq in judged()} == before
    award = next(each for each in told["proposals"] if "IssueOrder" in str(each["commands"]))
    told = reexamine(entity, award["reference"])
    assert (told["same"], told["plan"]["same"], told["differences"]) == (True, True, [])
    assert "understand" in {each["step"] for each in told["steps"]}
    assert [each["reading"]["same"] for each in told["steps"] if each["reading"]] == [True]
    assert all(each["kept"] for each in told["steps"])
    amount = next(each for each in told["facts"] if each["name"] == "amount")
    assert (amount["from"], amount["same"]) == ("commands", True)
    assert len(rejudge_all(entity, award["reference"])) == 2
