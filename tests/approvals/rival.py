"""One of several processes that decide on the same proposals at the same time.

python -m tests.approvals.rival VERB USERNAME: reads the fingerprints, says "ready", waits for a line, then goes through
all proposals and prints the references where its verb went through.
"""

import json
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "procure.settings")


def main(verb: str, username: str) -> None:
    django.setup()
    from approvals import clerk, decisions, proposals
    from approvals.models import Proposal
    from ledger.actors import Actor
    from ledger.errors import DomainError
    from ledger.models import Person
    from tests.approvals.stage import block

    actor = Actor.human(Person.objects.get(username=username))
    known = list(Proposal.objects.order_by("pk"))
    print("ready", flush=True)
    sys.stdin.readline()
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
    print(json.dumps(went_through), flush=True)


def report() -> None:
    django.setup()
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
    print(json.dumps({"proposals": rows, "carried_out": carried}))


if __name__ == "__main__":
    report() if sys.argv[1] == "report" else main(*sys.argv[1:])
