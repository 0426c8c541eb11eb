"""An attacker with the rights of the database's owner, found by the stand-alone verifier and by the product."""

import io
import shutil
import sqlite3
from collections import Counter
from contextlib import closing, contextmanager
from random import Random

import pytest
from django.db import connection

from ledger import anchors, checkpoints, exports, signing, verification, verifier
from ledger.actors import Actor
from ledger.checkpoints import WORKER
from ledger.databases.sqlite import prepare
from ledger.models import Checkpoint
from tests.ledger import paper, tampering
from tests.ledger.paper import Log
from tests.ledger.tampering import EDITS, HISTORIES, Found, Store

KINDS = [*EDITS, *HISTORIES]


def logs(random: Random, count: int) -> list[tuple[Store, dict[int, str]]]:
    """Logs of many sizes, with the notes that went to anchors: every second of those stored, and the last."""
    made = []
    for _ in range(count):
        size = random.randint(5, 80)
        sizes = sorted(random.sample(range(1, size + 1), min(size, random.randint(1, 6))))
        log = Log.of(size, *sizes)
        anchored = {each: log.notes[each] for each in {*sizes[::2], sizes[-1]}}
        made.append((Store.of(log), anchored))
    return made


def judge(answer, found: Found) -> None:
    """The answer names just what it must."""
    if found.first_bad is None and found.between is None:
        assert (answer.valid, answer.covered) == (True, found.covered)
        assert answer.uncovered == answer.valid_up_to - answer.covered
        return
    assert not answer.valid
    assert answer.first_bad == found.first_bad
    if found.between:
        assert answer.between == found.between


def tamper(cases: int, seed: int) -> Counter[str]:
    """Attacks in turn on logs on paper, each judged; returns how many of each kind were found or lie uncovered."""
    random, tally = Random(seed), Counter()
    bases = logs(random, max(6, cases // 50))
    for number in range(cases):
        kind = KINDS[number % len(KINDS)]
        store, anchored = random.choice(bases)
        attacked, found = tampering.attack(kind, store, random, set(anchored))
        if attacked == store:
            continue
        try:
            judge(paper.check(attacked.lines(), *anchored.values()), found)
        except AssertionError as error:
            raise AssertionError(f"case {number} of seed {seed}: {kind}, {found}") from error
        tally[kind, "found" if found.first_bad or found.between else "not yet covered"] += 1
    return tally


def test_every_kind_of_tampering_is_found_and_named():
    tally = tamper(140, 7)
    assert all(tally[kind, "found"] >= 10 for kind in KINDS)
    assert not any(tally[kind, "not yet covered"] for kind in EDITS)


@pytest.mark.long
def test_ten_thousand_cases_of_tampering_are_found_and_named(capsys):
    tally = tamper(10_000, 11)
    with capsys.disabled():
        print()
        for (kind, how), count in sorted(tally.items()):
            print(f"{kind:<10}{how:<18}{count:>6}")
    assert not any(tally[kind, "not yet covered"] for kind in EDITS)


# The product's own database file, export and verification

only_sqlite = pytest.mark.skipif("connection.vendor != 'sqlite'", reason="the file of a database is a thing of SQLite")


@contextmanager
def standing_on(path):
    """The product works on this file."""
    mine = connection.connection
    connection.connection = connection.get_new_connection({**connection.get_connection_params(), "database": path})
    prepare(connection)
    try:
        yield
    finally:
        connection.connection.close()
        connection.connection = mine
        prepare(connection)


@pytest.fixture
def house(tmp_path, settings, monkeypatch, append, ivan):
    """A log of 40 entries with checkpoints of 9, 16, 25 and 33; the first, third and last are anchored."""

    class House:
        auditor = Actor.human(ivan)

        def copy(self, name="copy"):
            path = tmp_path / f"{name}.sqlite3"
            shutil.copyfile(tmp_path / "real.sqlite3", path)
            return path

        def backup(self, name):
            with closing(sqlite3.connect(tmp_path / f"{name}.sqlite3")) as target:
                connection.connection.backup(target)
            return tmp_path / f"{name}.sqlite3"

        def exported(self, path):
            stream = io.BytesIO()
            with standing_on(path):
                exports.write("main", stream, actor=self.auditor)
                return stream.getvalue(), verification.verify("main")

        def check(self, content):
            key = verifier.Key.parse(self.key)
            return verifier.check(
                io.BytesIO(content), key, [verifier.open_checkpoint(each, key) for each in self.anchored.values()]
            )

    settings.KEYS_DIR = tmp_path / "keys"
    monkeypatch.delenv("PROCURE_LEDGER_KEY", raising=False)
    monkeypatch.setattr(anchors, "_anchors", {})
    house = House()
    for number in range(1, 41):
        append(key=f"PO-{number % 4}", data={"status": "issued", "total": f"{number}.00", "note": "as agreed"})
        if number in (9, 16, 25, 33):
            checkpoints.make(actor=WORKER)
        if number == 20:
            house.old = house.backup("old")
            house.old_note = signing.last_note("procure.example/hq")
    house.backup("real")
    house.key = checkpoints.verifier_key()
    house.anchored = dict(Checkpoint.objects.filter(size__in=(9, 25, 33)).values_list("size", "note"))
    return house


def tamper_with(house, cases: int, seed: int) -> Counter[str]:
    random, tally = Random(seed), Counter()
    kinds = [kind for kind in KINDS if kind != "back up"]
    for number in range(cases):
        kind = kinds[number % len(kinds)]
        path = house.copy()
        attacked, found = tampering.attack(kind, tampering.load(path), random, set(house.anchored))
        stale = kind in EDITS and random.random() < 0.5
        tampering.save(path, attacked, stale=stale)
        content, finding = house.exported(path)
        try:
            judge(house.check(content), found)
            if kind in EDITS:
                # The product names the same one, whether the hash column was kept or made to fit.
                assert (finding.valid, finding.first_bad) == (False, found.first_bad)
            elif found.between:
                # It knows the stored checkpoints and the last note signed here, not what anchors have elsewhere.
                assert not finding.valid
                assert finding.between[0] < found.between[1]
                assert found.between[0] < finding.between[1]
        except AssertionError as error:
            raise AssertionError(f"case {number} of seed {seed}: {kind}, {found}, {finding}") from error
        tally[kind, "found" if found.first_bad or found.between else "not yet covered"] += 1
    return tally


@only_sqlite
@pytest.mark.django_db(transaction=True)
def test_the_owner_of_the_database_is_found_in_the_export_of_the_product(house):
    content, finding = house.exported(house.copy())
    assert (house.check(content).covered, finding.valid) == (33, True)
    tally = tamper_with(house, 18, 4)
    assert all(tally[kind, "found"] == 3 for kind in EDITS)
    assert all(tally[kind, "found"] for kind in ("rewrite", "cut")), tally


@only_sqlite
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("more", "first_bad", "between"), [(0, 21, (9, 25)), (3, 24, (9, 25)), (5, None, (9, 25)), (20, None, (9, 25))]
)
def test_an_old_backup_put_back_is_found_though_its_signer_goes_on(house, append, more, first_bad, between):
    """The last note that was signed was put back as well, else the signer would refuse."""
    with standing_on(house.old):
        for number in range(more):
            append(key=f"PO-{number}", data={"status": "another"})
        if more:
            with pytest.raises(checkpoints.CannotSign):
                checkpoints.make(actor=WORKER)
            signing.remember("procure.example/hq", house.old_note)
            assert checkpoints.make(actor=WORKER).size == 20 + more
    content, _ = house.exported(house.old)
    answer = house.check(content)
    assert (answer.valid, answer.first_bad, answer.between) == (False, first_bad, between)


@pytest.mark.long
@only_sqlite
@pytest.mark.django_db(transaction=True)
def test_a_thousand_cases_on_the_database_file_are_found(house, capsys):
    tally = tamper_with(house, 1000, 5)
    with capsys.disabled():
        print()
        for (kind, how), count in sorted(tally.items()):
            print(f"database: {kind:<10}{how:<18}{count:>6}")
