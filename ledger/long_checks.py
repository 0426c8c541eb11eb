"""The long looks at a log as background work: the whole chain, and the rows against what the journal says."""

from __future__ import annotations

from dataclasses import asdict
from itertools import islice

from ledger import replay, rights, verification
from ledger.actors import Actor
from ledger.gauges import Gauge
from ledger.jobs import Ended
from ledger.models import Job

#: More differences than this are counted, not listed.
MOST_LISTED = 200
RIGHT = "ledger.view"


def verify(job: Job, gauge: Gauge) -> Ended:
    rights.require(Actor.human(job.person), RIGHT)
    return Ended(asdict(verification.verify(job.entity.log_id, gauge=gauge)))


def compare(job: Job, gauge: Gauge) -> Ended:
    rights.require(Actor.human(job.person), RIGHT)
    found = replay.differences(job.entity.log_id, gauge=gauge)
    listed = [asdict(each) for each in islice(found, MOST_LISTED)]
    more = sum(1 for _ in found)
    return Ended({"differences": listed, "count": len(listed) + more})
