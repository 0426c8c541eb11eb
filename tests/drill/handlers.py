from ledger import outbox
from ledger.authority import check
from ledger.command import Carried, ObjectRef, digest


def ring_bell(command, *, authority, actor, entity, cause):
    check(authority)
    outbox.put(
        entity=entity,
        sender="drill",
        purpose="bell.ring",
        effect_key=digest({"bell": command.plan}),
        object=ObjectRef("bell", command.plan),
        request={"plan": command.plan},
        cause_seq=cause,
    )
    return Carried(objects=(ObjectRef("bell", command.plan),))
