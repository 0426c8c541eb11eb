"""One entry in the explorer: what it shows and proves, what auditors take away with them, and nobody else."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import transaction

from ledger import anchors, checkpoints, clock, journal, verifier
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.models import Checkpoint, Entry
from tests.console.conftest import SignIn

LIST = "/ledger/"


@pytest.fixture
def signed(entity) -> Checkpoint:
    """Three entries about one order, of which the second came of the first, and a checkpoint over them."""
    for number, kind in enumerate(("order.issued", "budget.committed", "order.cancelled"), start=1):
        with transaction.atomic():
            journal.record(
                kind,
                actor=Actor.system("t"),
                entity=entity,
                objects=[ObjectRef("drill", "PO-<b>1")],
                data={"reason": "<script>alert(1)</script>"},
                causes=[1] if number == 2 else (),
            )
    return checkpoints.make(actor=checkpoints.WORKER)


def test_an_entry_shows_its_bytes_its_causes_and_what_came_of_it(signed, ivan, sign_in: SignIn):
    first, second = (sign_in(ivan).get(f"/ledger/{seq}/").content.decode() for seq in (1, 2))
    assert 'href="/ledger/2/"' in first.split("What came of it")[1]
    assert 'href="/ledger/1/"' in second.split("Because of")[1].split("What came of it")[0]
    assert Entry.objects.get(seq=1).hash in first
    assert "&quot;kind&quot;:&quot;order.issued&quot;" in first


def test_an_entry_is_proved_under_the_newest_checkpoint(signed, ivan, sign_in: SignIn):
    text = sign_in(ivan).get("/ledger/2/").content.decode()
    assert "holds" in text
    assert "2 hashes lead from this entry" in text
    assert signed.root[:10] in text


def test_without_a_checkpoint_it_says_when_one_comes(entity, ivan, sign_in: SignIn):
    with transaction.atomic():
        journal.record("order.issued", actor=Actor.system("t"), entity=entity)
    assert "No signed checkpoint covers this entry yet" in sign_in(ivan).get("/ledger/1/").content.decode()


def test_what_stands_in_a_record_is_text_never_markup(signed, ivan, sign_in: SignIn):
    for address in ("/ledger/1/", LIST, "/ledger/object/?object=drill:PO-%3Cb%3E1"):
        text = sign_in(ivan).get(address).content.decode()
        assert "<script>alert" not in text
        assert "PO-<b>1" not in text


def run_verifier(path: Path, key: str) -> int:
    return verifier.main([str(path), "--key", key, "--quiet"])


def test_the_auditor_takes_export_and_proof_away_and_checks_them_without_us(signed, ivan, sign_in: SignIn, tmp_path):
    client = sign_in(ivan)
    key = checkpoints.verifier_key()
    assert key in client.get(LIST).content.decode()
    export = client.post("/ledger/export/")
    assert "attachment" in export.headers["Content-Disposition"]
    written = export.getvalue()
    (tmp_path / "export").write_bytes(written)
    (tmp_path / "proof").write_bytes(client.get("/ledger/2/proof/").content)
    assert run_verifier(tmp_path / "export", key) == 0
    assert run_verifier(tmp_path / "proof", key) == 0
    (tmp_path / "export").write_bytes(
        (tmp_path / "export").read_bytes().replace(b"order.cancelled", b"order.cancellex")
    )
    assert run_verifier(tmp_path / "export", key) == 1
    ours = client.get("/ledger/verifier.py")
    assert ours.getvalue() == Path(verifier.__file__).read_bytes()


def test_a_range_that_is_not_there_is_refused_on_a_page(signed, ivan, sign_in: SignIn):
    response = sign_in(ivan).post("/ledger/export/", {"first": "2", "last": "99"})
    assert response.status_code == 422
    assert "There are no entries 2 to 99" in response.content.decode()


@pytest.mark.parametrize("address", ["/ledger/2/proof/", "/ledger/export/", "/ledger/checkpoints/sign/"])
def test_only_auditor_and_administrator_export_and_sign(signed, ben, ada, rita, sign_in: SignIn, address):
    before = Entry.objects.count(), Checkpoint.objects.count()
    for person in (ben, ada, rita):
        client = sign_in(person)
        ask = client.get if address.endswith("proof/") else client.post
        assert ask(address).status_code == 403
    assert before == (Entry.objects.count(), Checkpoint.objects.count())


def test_signing_now_says_what_was_signed_or_that_nothing_is_new(signed, entity, ivan, sign_in: SignIn):
    client = sign_in(ivan)
    with transaction.atomic():
        journal.record("order.issued", actor=Actor.system("t"), entity=entity)
    now = Entry.objects.count()
    assert f"Signed: {now} entries" in client.post("/ledger/checkpoints/sign/", follow=True).content.decode()
    assert Checkpoint.objects.order_by("-size")[0].size == now
    assert signed.root[:16] in client.get("/ledger/checkpoints/").content.decode()


def test_the_portal_turns_red_when_nothing_was_anchored_for_a_quarter_of_an_hour(signed, entity, ivan, sign_in: SignIn):
    client = sign_in(ivan)
    assert "Not anchored yet" in client.get(LIST).content.decode()
    anchors.confirm(signed, anchor="file", reference="outside")
    clock.shift(timedelta(minutes=16))
    assert "anchored under behind" not in client.get(LIST).content.decode(), "nothing happened since"
    clock.shift(timedelta(0))
    with transaction.atomic():
        journal.record("order.issued", actor=Actor.system("t"), entity=entity)
    assert "anchored under behind" not in client.get(LIST).content.decode()
    clock.shift(timedelta(minutes=16))
    text = client.get(LIST).content.decode()
    assert "anchored under behind" in text
    assert "since: the worker should have signed again" in text
    assert "anchored outside up to 3" in client.get("/").content.decode()
