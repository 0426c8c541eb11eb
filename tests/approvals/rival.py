"""Several processes that decide on the same proposals at the same time.

python -m tests.approvals.rival VERB:USERNAME …: forks a process for each, lets them go together when each has read the
fingerprints, and prints as JSON the references where each one's verb went through, and what the database says then.
"""

import json
import os
import sys
from importlib import import_module
from multiprocessing import get_context

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "procure.settings")
FORKED = get_context("fork")


def rival(verb, username, together, told):
    """One process, with a connection of its own."""
    from approvals import clerk, decisions, proposals
    from approvals.models import Proposal
    from ledger.actors import Actor
    from ledger.errors import DomainError
    from ledger.models import Person
    from tests.approvals.stage import block

    actor = Actor.human(Person.objects.get(username=username))
    known = list(Proposal.objects.order_by("pk"))
    together.wait(60)
    went_through = []
    for each in known:
        try:
            if verb == "approve":
                decisions.approve(each, actor=actor, fingerprint=each.fingerprint)
            elif verb == "reject":
                decisions.reject(each, actor=actor, fingerprint=each.fingerprint, reason="no")
            elif verb == "revise":
                proposals.revise(each, commands=[block(reason="Edited meanwhile")], actor=actor)
            elif not clerk.answer():
                continue
        except DomainError:
            continue
        went_through.append(each.reference)
    told.send(went_through)


def report():
    from approvals.models import Proposal
    from ledger.models import Entry, GrantedAuthority

    rows = {
        each.reference: {
            "status": each.status,
            "revision": each.revision,
            "final": [[d.kind, d.revision, d.actor_name] for d in each.decisions.filter(final=True)],
            "authorities": GrantedAuthority.objects.filter(reference__startswith=f"{each.reference}/").count(),
            "spent": GrantedAuthority.objects.filter(
                reference__startswith=f"{each.reference}/", spent_at__isnull=False
            ).count(),
        }
        for each in Proposal.objects.order_by("pk")
    }
    carried = Entry.objects.filter(kind="proposal.carried_out").count()
    return {"proposals": rows, "carried_out": carried}


def main(*wanted):
    django.setup()
    # Imported once, before the forks.
    import_module("tests.approvals.stage")
    together = FORKED.Barrier(len(wanted))
    started = []
    for each in wanted:
        ours, theirs = FORKED.Pipe(duplex=False)
        process = FORKED.Process(target=rival, args=(*each.split(":"), together, theirs))
        process.start()
        theirs.close()
        started.append((process, ours))
    through = [ours.recv() for _, ours in started]
    for process, _ in started:
        process.join()
    print(json.dumps({"through": through, "after": report()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
