"""After a whole story the journal alone gives the state of every row; a row changed behind its back is named."""

import pytest

from ledger import replay
from ledger.models import LedgerHead
from procure.demo import intake_to_order

pytestmark = pytest.mark.usefixtures("demo")


def test_x():
    snapshots = []

    def say(text):
        snapshots.append((LedgerHead.objects.get().seq, text, dict(replay.live())))

    import time

    t = time.time()
    told = intake_to_order.play(erp="sandbox", words=None, prices={}, inline=True, patience=30, undo=True, say=say)
    print(time.time() - t)
    assert told["problems"] == []
    for each in replay.differences():
        print(each)
    t = time.time()
    assert list(replay.differences()) == []
    print(time.time() - t)
    for seq, text, live in snapshots:
        print(seq, text)
        assert replay.states(until=seq) == live
