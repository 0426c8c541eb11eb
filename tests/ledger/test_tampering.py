"""An attacker with the rights of the database's owner, found by the stand-alone verifier and by the product."""

from collections import Counter
from random import Random

import pytest

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
