"""An attacker with the rights of the database's owner, case after case in one real log, each rolled back.

The product, as the role that runs it, exports and verifies what it finds; the stand-alone verifier reads the export
with the notes of the anchor.
"""

import io
from collections import Counter
from functools import lru_cache
from random import Random

import pytest
from django.db import connection, transaction

from ledger import anchors, checkpoints, dispatch, exports, file_anchor, signing, verification, verifier
from ledger.checkpoints import WORKER
from ledger.models import Anchoring, Effect
from ledger.rights import OPERATOR
from tests.ledger import tampered_rows, tampering
from tests.ledger.tampered_rows import LOG, Tables
from tests.ledger.tampering import EDITS, HISTORIES, Found
from tests.ledger.test_tampering import judge

pytestmark = pytest.mark.django_db
KINDS = [*EDITS, "column", *HISTORIES]
NAMED, BETWEEN, BOTH = "the first bad entry", "the two checkpoints", "both"
WHOLE, UNCOVERED = "valid as exported, named by the portal", "not yet covered"


@pytest.fixture
def house(tmp_path, settings, monkeypatch, append):
    """A log of some 70 entries with six checkpoints, of which the file anchor has three and the newest is another."""

    class House:
        origin = "procure.example/hq"

        def check(self, content):
            return verifier.check(io.BytesIO(content), self.key, self.notes)

    settings.KEYS_DIR, settings.LEDGER_ANCHOR_DIR = tmp_path / "keys", tmp_path / "anchors"
    monkeypatch.delenv("PROCURE_LEDGER_KEY", raising=False)
    monkeypatch.setattr(anchors, "_anchors", {"file": "ledger.file_anchor.spread"})
    # Of the same note the same answer: the signatures are few, the cases many.
    monkeypatch.setattr(verifier, "ed25519_verifies", lru_cache(verifier.ed25519_verifies))
    for number in range(1, 61):
        append(key=f"PO-{number % 4}", data={"status": "issued", "total": f"{number}.00", "note": "as agreed"})
        if number in (9, 16, 25, 33, 41, 52):
            checkpoints.make(actor=WORKER)
            if number in (9, 25, 41):
                dispatch.carry(Effect.objects.latest("pk"))
    house = House()
    house.key = verifier.Key.parse(checkpoints.verifier_key())
    house.anchored = set(Anchoring.objects.values_list("checkpoint__size", flat=True))
    paths = [file_anchor.path_of(house.origin, size) for size in house.anchored]
    house.notes = [verifier.open_checkpoint(path.read_text(), house.key) for path in paths]
    house.last_note = signing.last_note(house.origin)
    house.tables = Tables()
    tampered_rows.lift()
    return house


def answers(house):
    """What the verifier says of the product's export, and what the product says."""
    stream = io.BytesIO()
    exports.write(LOG, stream, actor=OPERATOR)
    return house.check(stream.getvalue()), verification.verify(LOG)


def edit(house, kind, random):
    """A record, a place or a column is wrong: both name the entry."""
    if kind == "column":
        at = house.tables.flip_column(random)
        answer, finding = answers(house)
        assert (answer.valid, answer.covered) == (True, max(house.tables.store.notes))
    else:
        attacked, found = tampering.attack(kind, house.tables.store, random, house.anchored)
        if attacked == house.tables.store:
            return None
        house.tables.put(attacked, stale=random.random() < 0.5)
        at = found.first_bad
        answer, finding = answers(house)
        judge(answer, found)
    assert (finding.valid, finding.first_bad) == (False, at), finding
    return WHOLE if kind == "column" else NAMED


def history(house, kind, random):
    """Another past that holds together: both name the checkpoints, or say what nothing outside covers."""
    base = house.tables.store
    if kind == "back up":
        attacked, found = tampering.back_up(base, random, house.anchored, house.tables.sign)
    else:
        attacked, found = tampering.attack(kind, base, random, house.anchored)
    if attacked == base:
        return None
    house.tables.put(attacked)
    last = max(base.notes)
    if anew := [size for size, note in attacked.notes.items() if note != base.notes.get(size)]:
        # The keys were put back as well, else the signer would refuse.
        last = max(anew)
        signing.remember(house.origin, attacked.notes[last])
    try:
        answer, finding = answers(house)
    finally:
        signing.remember(house.origin, house.last_note)
    judge(answer, found)
    wanted = tampered_rows.expected(base, attacked, house.anchored, last)
    assert (finding.valid, finding.between) == (wanted.between is None, wanted.between), (finding, wanted)
    if finding.valid:
        assert finding.uncovered == finding.entries - wanted.covered
    return told(found)


def told(found: Found) -> str:
    if found.between:
        return BOTH if found.first_bad else BETWEEN
    return UNCOVERED


def tamper(house, cases: int, seed: int) -> Counter:
    random, tally = Random(seed), Counter()
    for number in range(cases):
        kind = KINDS[number % len(KINDS)]
        try:
            with transaction.atomic():
                how = (edit if kind in EDITS or kind == "column" else history)(house, kind, random)
                transaction.set_rollback(True)
        except AssertionError as error:
            raise AssertionError(f"case {number} of seed {seed}: {kind}") from error
        if how:
            tally[kind, how] += 1
    answer, finding = answers(house)
    assert (answer.valid, answer.covered, finding.valid) == (True, max(house.tables.store.notes), True)
    return tally


def test_the_owner_of_the_database_is_answered_in_every_kind_of_case(house):
    assert len(house.tables.rows) > 60
    assert len(house.anchored) == 3
    assert max(house.tables.store.notes) > max(house.anchored)
    tally = tamper(house, 48, 3)
    assert all(tally[kind, NAMED] == 6 for kind in EDITS)
    assert tally["column", WHOLE] == 6
    assert all(tally[kind, BETWEEN] + tally[kind, BOTH] for kind in HISTORIES), tally
    assert sum(tally[kind, UNCOVERED] for kind in HISTORIES), tally


@pytest.mark.long
def test_thousands_of_cases_in_the_database_are_answered(house, capsys):
    """Fewer on PostgreSQL, which keeps every row that was rolled back until the test ends."""
    tally = tamper(house, 10_000 if connection.vendor == "sqlite" else 2_500, 12)
    with capsys.disabled():
        print(f"\n{connection.vendor}")
        for (kind, how), count in sorted(tally.items()):
            print(f"{kind:<10}{how:<42}{count:>6}")
        print(f"{'together':<52}{tally.total():>6}")
    assert not any(tally[kind, UNCOVERED] for kind in EDITS)
